/* verify.c - `analyzer verify`: the store's proof in words or as one JSON object. */
#include "analyzer/commands.h"
#include "base/zone.h"
#include "record/print.h"
#include "trail/trail.h"

struct telling {
    bool json;
    struct buf faults; /* JSON */
    uint64_t count;
};

static void found(void *ctx, const struct trail_fault *f)
{
    struct telling *t = ctx;
    struct buf *b = &t->faults;

    t->count++;
    if (!t->json) {
        printf("fault in %s, byte %llu", f->file, (unsigned long long)f->offset);
        if (f->has_seq)
            printf(" (records %llu to %llu)", (unsigned long long)f->first_seq,
                   (unsigned long long)f->last_seq);
        printf(": %s\n", f->text);
        return;
    }
    buf_put_text(b, t->count > 1 ? ",{\"file\":" : "{\"file\":");
    print_json_text(b, str_of(f->file));
    buf_printf(b, ",\"offset\":%llu,", (unsigned long long)f->offset);
    if (f->has_seq)
        buf_printf(b, "\"first_seq\":%llu,\"last_seq\":%llu,",
                   (unsigned long long)f->first_seq, (unsigned long long)f->last_seq);
    else
        buf_put_text(b, "\"first_seq\":null,\"last_seq\":null,");
    buf_put_text(b, "\"text\":");
    print_json_text(b, str_of(f->text));
    buf_put_text(b, "}");
}

static void print_json(const struct telling *t, const struct trail_verdict *v, bool vkey,
                       struct str notes)
{
    char root[2 * HASH_BYTES + 1];

    hash_hex(root, v->root, HASH_BYTES);
    printf("{\"ok\":%s,\"records\":%llu,\"root\":\"%s\",\"vkey_given\":%s,"
           "\"notes\":[%.*s],\"faults\":[%.*s]}\n",
           v->faults ? "false" : "true", (unsigned long long)v->records, root,
           vkey ? "true" : "false", STR_ARG(notes), STR_ARG(buf_str(&t->faults)));
}

/* A line of its own, or a text of the JSON array of notes. */
static void put_note(struct buf *notes, bool json, const char *text)
{
    if (!json) {
        buf_printf(notes, "note: %s\n", text);
        return;
    }
    buf_put_text(notes, notes->len ? "," : "");
    print_json_text(notes, str_of(text));
}

static void say(const struct options *o, const struct telling *t, const struct trail_verdict *v,
                const char *no_zone)
{
    struct buf notes = {0};

    if (!v->tree_checked && v->faults == 0)
        put_note(&notes, o->json, "the keys of the store cannot be read, so checksums and"
                 " stored nodes were checked, but the tree was not computed from the records");
    else if (!o->vkey)
        put_note(&notes, o->json, "the verifier key came from the store itself, so this shows"
                 " damage, but not that nobody rewrote the whole log: give --vkey");
    if (no_zone) {
        char text[640];

        snprintf(text, sizeof text, "the index was not compared with the records: %s", no_zone);
        put_note(&notes, o->json, text);
    }
    if (o->json)
        print_json(t, v, o->vkey != NULL, buf_str(&notes));
    else if (v->faults == 0)
        printf("%llu records are as they were received\n", (unsigned long long)v->records);
    else
        printf("%llu faults: this store is damaged or was changed\n",
               (unsigned long long)v->faults);
    if (!o->json)
        printf("%.*s", STR_ARG(buf_str(&notes)));
    buf_release(&notes);
}

int verify_run(const struct options *o)
{
    struct telling t = {.json = o->json};
    struct trail_verdict v;
    struct note_key key;
    struct zone *zone = NULL;
    struct err err, no_zone;
    int rc;

    if (o->vkey && note_key_parse(&key, str_of(o->vkey), &err) < 0)
        return complain(err.text);
    zone_load(&zone, "Europe/London", &no_zone);
    rc = trail_verify(o->store, o->vkey ? &key : NULL, zone, found, &t, &v, &err);
    if (rc == 0)
        say(o, &t, &v, zone ? NULL : no_zone.text);
    zone_free(zone);
    buf_release(&t.faults);
    return rc < 0 ? complain(err.text) : v.faults ? 1 : 0;
}
