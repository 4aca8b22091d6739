/* ahead.c - see ahead.h. One producer, one consumer; `done` and `taken` are all they share
 * but the groups between them, which the producer no longer touches. */
#include "trail/ahead.h"

#include <pthread.h>

#include "base/deflate.h"
#include "base/mem.h"

enum { AHEAD_MOST = 64 };

struct ahead {
    struct segment_map *map;
    size_t from, count;
    struct loaded *group;
    int *rc;
    struct err *err;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more, room;
    size_t done, taken; /* under lock, as stop */
    bool stop;
};

int ahead_load(struct loaded *out, struct segment_map *map, size_t group,
               const struct group *head, struct err *err)
{
    struct buf packed = {0};
    int rc;

    memset(out, 0, sizeof *out);
    if (head->extents == 0 || head->extent[0].tag != DEFINITIONS_TAG)
        return err_set(err, ERR_CORRUPT, "a row group has no definitions, but a later one"
                       " builds on them");
    if ((rc = segment_extent_read(map, group, head, 0, &packed, err)) == 0 &&
        (rc = definitions_open(&out->head, buf_str(&packed), err)) == 0)
        rc = definitions_inflate(&out->head, &out->bytes, &out->arena, err);
    out->head.packed = STR("");
    buf_release(&packed);
    return rc;
}

static bool publish(struct ahead *a)
{
    bool stop;

    pthread_mutex_lock(&a->lock);
    a->done++;
    pthread_cond_signal(&a->more);
    while (!a->stop && a->done >= a->taken + AHEAD_MOST)
        pthread_cond_wait(&a->room, &a->lock);
    stop = a->stop;
    pthread_mutex_unlock(&a->lock);
    return !stop;
}

static void *run(void *arg)
{
    struct ahead *a = arg;
    struct arena arena = {0};

    for (size_t i = 0; i < a->count; i++) {
        struct group head;

        arena_reset(&arena);
        a->rc[i] = segment_group_read(a->map, a->from + i, &head, &arena, &a->err[i]);
        if (a->rc[i] == 0)
            a->rc[i] = ahead_load(&a->group[i], a->map, a->from + i, &head, &a->err[i]);
        if (!publish(a))
            break;
    }
    arena_release(&arena);
    inflate_thread_end();
    return NULL;
}

static void release(struct ahead *a)
{
    for (size_t i = 0; i < a->count; i++)
        arena_release(&a->group[i].arena);
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->more);
    pthread_cond_destroy(&a->room);
    free(a->group);
    free(a->rc);
    free(a->err);
    free(a);
}

struct ahead *ahead_start(struct segment_map *map, size_t from, size_t to)
{
    struct ahead *a = xcalloc(1, sizeof *a);

    a->map = map;
    a->from = from;
    a->count = to - from;
    a->group = xcalloc(a->count, sizeof *a->group);
    a->rc = xcalloc(a->count, sizeof *a->rc);
    a->err = xcalloc(a->count, sizeof *a->err);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->more, NULL);
    pthread_cond_init(&a->room, NULL);
    if (pthread_create(&a->thread, NULL, run, a) == 0)
        return a;
    release(a);
    return NULL;
}

bool ahead_has(const struct ahead *a, size_t group)
{
    size_t at = a ? a->from + a->taken : 0;

    return a && group >= at && group < a->from + a->count && group - at < AHEAD_MOST;
}

int ahead_next(struct ahead *a, size_t group, struct loaded *out, struct err *err)
{
    for (bool found = false; !found;) {
        size_t i = a->taken;

        found = a->from + i == group;
        pthread_mutex_lock(&a->lock);
        while (a->done <= i)
            pthread_cond_wait(&a->more, &a->lock);
        a->taken++;
        pthread_cond_signal(&a->room);
        pthread_mutex_unlock(&a->lock);
        if (!found)
            arena_release(&a->group[i].arena);
    }
    *out = a->group[group - a->from];
    a->group[group - a->from].arena.chunk = NULL; /* the caller's now */
    *err = a->err[group - a->from];
    return a->rc[group - a->from];
}

void ahead_stop(struct ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->room);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    release(a);
}
