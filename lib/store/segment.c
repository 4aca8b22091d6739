/* segment.c - finding, reading and growing segments.
 *
 * Recovery works from checksums, never from file lengths: groups are walked by their
 * headers; the first place that is no good group is damage below DIR/checkpoint and a torn
 * tail above it. A group above it counts only if every byte of it has its checksum.
 * Sealing adds a footer, syncs, and only then renames, so a crash leaves either a growing
 * segment, or a growing one with a footer (sealed again on the next start), or a sealed. */
#include "store/segment.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "base/mem.h"
#include "store/format.h"

int segment_path(char out[LIMIT_PATH_BYTES], const char *dir, const char *below,
                 struct err *err)
{
    if (snprintf(out, LIMIT_PATH_BYTES, "%s/%s", dir, below) >= LIMIT_PATH_BYTES - 8)
        return err_set(err, ERR_LIMIT, "the path of the store is too long");
    return 0;
}

/* Put the place before the sentence that says what is wrong there. */
static int place(struct err *err, const struct segment *s, uint64_t at)
{
    struct err inner = *err;

    return err_set(err, (enum err_code)inner.code, "segments/%s, byte %llu: %s", s->name,
                   (unsigned long long)at, inner.text);
}

static int read_header(struct segment *s, struct err *err)
{
    uint8_t h[FORMAT_SEGMENT_HEADER];
    int rc;

    if ((rc = disk_read(s->file, h, sizeof h, 0, err)) < 0)
        return rc;
    if (memcmp(h, "GPCASEGM", 8) != 0 ||
        get_le32(h + FORMAT_CRC_AT) != hash_crc32c(0, (struct str){(char *)h, FORMAT_CRC_AT}))
        return err_set(err, ERR_CORRUPT, "the header of the segment is damaged");
    if (get_le32(h + 8) != FORMAT_VERSION)
        return err_set(err, ERR_NEWER, "the segment has format %u; this version reads %d:"
                       " use a newer gpca", get_le32(h + 8), FORMAT_VERSION);
    s->first_seq = get_le64(h + 16);
    return 0;
}

static void keep_group(struct segment_map *m, struct segment *s, uint64_t at,
                       const struct group *g)
{
    if (m->groups == m->groups_cap) {
        m->groups_cap = m->groups_cap ? m->groups_cap * 2 : 64;
        m->group = xrealloc(m->group, m->groups_cap * sizeof *m->group);
    }
    m->group[m->groups].segment = (size_t)(s - m->segment);
    m->group[m->groups].at = at;
    m->group[m->groups++].head = *g;
    s->groups++;
    s->rows += g->rows;
    s->end = at + g->len;
    s->chain = g->header_crc;
    m->rows += g->rows;
}

/* Header of the group at that place, if it follows on what came before. */
static int group_at(struct segment_map *m, struct segment *s, uint64_t at, struct group *g,
                    struct err *err)
{
    uint8_t h[FORMAT_GROUP_HEADER];
    int rc;

    if ((rc = disk_read(s->file, h, sizeof h, at, err)) < 0 ||
        (rc = group_decode_header(g, h, err)) < 0)
        return rc;
    if (g->first_seq != m->rows || g->chain != s->chain || g->rows == 0)
        return err_set(err, ERR_CORRUPT, "the row group does not follow on the one before");
    if (g->len > s->size - at)
        return err_set(err, ERR_CORRUPT, "the file ends within a row group");
    return 0;
}

/* Is every byte of the group just kept as it was written? */
static int group_whole(struct segment_map *m, struct err *err)
{
    struct arena arena = {0};
    struct buf bytes = {0};
    struct group g;
    int rc = segment_group_read(m, m->groups - 1, &g, &arena, err);

    for (size_t i = 0; rc == 0 && i < g.extents; i++) {
        buf_clear(&bytes);
        rc = segment_extent_read(m, m->groups - 1, &g, i, &bytes, err);
    }
    buf_release(&bytes);
    arena_release(&arena);
    return rc;
}

static void forget_group(struct segment_map *m, struct segment *s, uint32_t chain)
{
    const struct segment_group *g = &m->group[--m->groups];

    s->groups--;
    s->rows -= g->head.rows;
    m->rows -= g->head.rows;
    s->end = g->at;
    s->chain = chain;
}

static bool at_footer(struct segment *s, uint64_t at)
{
    char magic[4];
    struct err ignored;

    return at + FORMAT_FOOTER_TAIL <= s->size &&
           disk_read(s->file, magic, sizeof magic, at, &ignored) == 0 &&
           memcmp(magic, "GPCF", 4) == 0;
}

static bool footer_good(struct segment_map *m, struct segment *s)
{
    struct buf want = {0};
    struct buf have = {0};
    struct err ignored;
    bool good = false;

    segment_footer(m, s, &want);
    if (s->size == s->end + want.len + FORMAT_FOOTER_TAIL &&
        disk_read(s->file, buf_reserve(&have, want.len), want.len, s->end, &ignored) == 0) {
        uint8_t tail[FORMAT_FOOTER_TAIL];

        have.len = want.len;
        good = str_equal(buf_str(&want), buf_str(&have)) &&
               disk_read(s->file, tail, sizeof tail, s->end + want.len, &ignored) == 0 &&
               get_le64(tail) == s->end && memcmp(tail + 8, "GPCZ", 4) == 0;
    }
    buf_release(&want);
    buf_release(&have);
    return good;
}

static int scan(struct segment_map *m, struct segment *s, bool last, struct err *err)
{
    int rc = 0;

    s->end = FORMAT_SEGMENT_HEADER;
    s->first_group = m->groups;
    if (s->first_seq != m->rows)
        return err_set(err, ERR_CORRUPT, "segments/%s begins with row %llu where %llu is"
                       " due: a segment is missing or twice there", s->name,
                       (unsigned long long)s->first_seq, (unsigned long long)m->rows);
    while (s->end < s->size && !at_footer(s, s->end)) {
        bool above = m->rows >= (m->has_checkpoint ? m->head.size : 0);
        uint32_t chain = s->chain;
        struct group g;

        rc = group_at(m, s, s->end, &g, err);
        if (rc == 0) {
            keep_group(m, s, s->end, &g);
            if (above && (rc = group_whole(m, err)) < 0)
                forget_group(m, s, chain);
        }
        if (rc < 0 && above && last && !s->sealed && rc != ERR_NEWER && rc != ERR_IO) {
            m->torn = s->size - s->end;
            return 0;
        }
        if (rc < 0)
            return place(err, s, s->end);
    }
    s->footed = s->end < s->size && footer_good(m, s);
    if (s->footed || (s->end == s->size && !s->sealed))
        return 0;
    if (last && !s->sealed && m->rows >= (m->has_checkpoint ? m->head.size : 0)) {
        m->torn = s->size - s->end;
        return 0;
    }
    err_set(err, ERR_CORRUPT, "the footer of the segment is damaged or missing");
    return place(err, s, s->end);
}

static int open_segment(struct segment_map *m, const char *name, bool write, struct err *err)
{
    char below[64];
    char path[LIMIT_PATH_BYTES];
    struct segment *s;
    size_t len = strlen(name);
    int rc;

    if (len < 16 || len >= sizeof s->name || strspn(name, "0123456789") != 12)
        return 0;
    m->segment = xrealloc(m->segment, (m->segments + 1) * sizeof *m->segment);
    s = &m->segment[m->segments];
    memset(s, 0, sizeof *s);
    memcpy(s->name, name, len + 1);
    s->sealed = strcmp(name + 12, ".seg") == 0;
    if (!s->sealed && strcmp(name + 12, ".open") != 0)
        return 0;
    snprintf(below, sizeof below, "segments/%s", name);
    if ((rc = segment_path(path, m->dir, below, err)) < 0 ||
        (rc = disk_open(&s->file, path, write && !s->sealed ? DISK_WRITE : DISK_READ, err)) < 0)
        return rc;
    m->segments++;
    if ((rc = disk_size(s->file, &s->size, err)) < 0)
        return rc;
    return 0;
}

static int read_head(struct segment_map *m, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf text = {0};
    int rc;

    if ((rc = segment_path(path, m->dir, "format", err)) < 0)
        return rc;
    rc = disk_read_all(path, 256, &text, err);
    if (rc == ERR_MISSING)
        err_set(err, rc, "%s is no gpca store (it has no file named format): check --store",
                m->dir);
    else if (rc == 0 && !str_equal(buf_str(&text), STR(FORMAT_STORE_TEXT)))
        rc = str_starts(buf_str(&text), STR("gpca store "))
                 ? err_set(err, ERR_NEWER, "%s was written by another version of gpca (its"
                           " file format says so): use that version", m->dir)
                 : err_set(err, ERR_CORRUPT, "format, byte 0: the file is damaged");
    buf_release(&text);
    if (rc < 0 || (rc = segment_path(path, m->dir, "checkpoint", err)) < 0)
        return rc;
    rc = disk_read_all(path, LIMIT_NOTE_BYTES, &m->note, err);
    if (rc == ERR_MISSING)
        return 0;
    if (rc < 0)
        return rc;
    m->has_checkpoint = true;
    if ((rc = checkpoint_open(&m->head, buf_str(&m->note), NULL, err)) < 0) {
        struct err inner = *err;

        return err_set(err, ERR_CORRUPT, "checkpoint, byte 0: %s", inner.text);
    }
    return 0;
}

int segment_map_load(struct segment_map *m, const char *dir, bool write, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf names = {0};
    const char *name;
    size_t count = 0;
    int rc;

    memset(m, 0, sizeof *m);
    if ((rc = segment_path(m->dir, dir, "", err)) < 0)
        return rc;
    m->dir[strlen(m->dir) - 1] = '\0';
    if ((rc = read_head(m, err)) < 0 || (rc = segment_path(path, dir, "segments", err)) < 0 ||
        (rc = disk_list(path, &names, &count, err)) < 0)
        goto out;
    name = names.at;
    for (size_t i = 0; i < count; i++, name += strlen(name) + 1)
        if ((rc = open_segment(m, name, write, err)) < 0)
            goto out;
    for (size_t i = 0; i < m->segments; i++) {
        struct segment *s = &m->segment[i];
        bool last = i + 1 == m->segments;
        uint64_t durable = m->has_checkpoint ? m->head.size : 0;

        rc = read_header(s, err);
        if (rc == ERR_CORRUPT && last && !s->sealed && m->rows >= durable) {
            m->torn = s->size;
            s->end = 0;
            s->first_seq = m->rows;
            rc = 0;
            break;
        }
        if (rc < 0) {
            rc = place(err, s, 0);
            goto out;
        }
        if ((rc = scan(m, s, last, err)) < 0)
            goto out;
    }
    if (m->has_checkpoint && m->rows < m->head.size)
        rc = err_set(err, ERR_CORRUPT, "checkpoint, byte 0: it promises %llu rows but the"
                     " segments hold %llu: rows are missing at the end",
                     (unsigned long long)m->head.size, (unsigned long long)m->rows);
out:
    buf_release(&names);
    return rc;
}

void segment_map_release(struct segment_map *m)
{
    for (size_t i = 0; i < m->segments; i++)
        disk_close(m->segment[i].file);
    free(m->segment);
    free(m->group);
    buf_release(&m->note);
    memset(m, 0, sizeof *m);
}

size_t segment_group_of(const struct segment_map *m, uint64_t seq)
{
    size_t low = 0;
    size_t high = m->groups;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (m->group[mid].head.first_seq <= seq)
            low = mid;
        else
            high = mid;
    }
    return low;
}

int segment_group_read(struct segment_map *m, size_t group, struct group *out,
                       struct arena *arena, struct err *err)
{
    const struct segment_group *sg = &m->group[group];
    struct segment *s = &m->segment[sg->segment];
    char *meta = arena_alloc(arena, sg->head.meta_len);
    int rc;

    *out = sg->head;
    rc = disk_read(s->file, meta, sg->head.meta_len, sg->at + FORMAT_GROUP_HEADER, err);
    if (rc == 0)
        rc = group_decode_meta(out, (struct str){meta, sg->head.meta_len}, arena, err);
    return rc < 0 ? place(err, s, sg->at + FORMAT_GROUP_HEADER) : 0;
}

int segment_extent_read(struct segment_map *m, size_t group, const struct group *g, size_t i,
                        struct buf *out, struct err *err)
{
    const struct segment_group *sg = &m->group[group];
    struct segment *s = &m->segment[sg->segment];
    const struct group_extent *e = &g->extent[i];
    char *to = buf_reserve(out, e->len);
    int rc = disk_read(s->file, to, e->len, sg->at + e->at, err);

    if (rc == 0 && hash_crc32c(0, (struct str){to, e->len}) != e->crc)
        rc = err_set(err, ERR_CORRUPT, "rows %llu to %llu: the bytes are damaged",
                     (unsigned long long)g->first_seq,
                     (unsigned long long)(g->first_seq + g->rows - 1));
    if (rc < 0)
        return place(err, s, sg->at + e->at);
    out->len += e->len;
    return 0;
}

int segment_cut(struct segment_map *m, struct err *err)
{
    struct segment *s = &m->segment[m->segments - 1];
    char path[LIMIT_PATH_BYTES];
    int rc;

    assert(m->torn > 0 && !s->sealed);
    m->torn = 0;
    if (s->end > 0) {
        s->size = s->end;
        rc = disk_truncate(s->file, s->end, err);
        return rc < 0 ? rc : disk_sync(s->file, err);
    }
    if ((rc = disk_unlink(disk_path(s->file), err)) < 0 ||
        (rc = segment_path(path, m->dir, "segments", err)) < 0)
        return rc;
    disk_close(s->file);
    m->segments--;
    return disk_sync_dir(path, err);
}

int segment_create(struct segment_map *m, uint64_t first_seq, struct err *err)
{
    uint8_t h[FORMAT_SEGMENT_HEADER] = "GPCASEGM";
    char path[LIMIT_PATH_BYTES];
    char below[96];
    struct segment *s;
    int rc;

    m->segment = xrealloc(m->segment, (m->segments + 1) * sizeof *m->segment);
    s = &m->segment[m->segments];
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%012llu.open", (unsigned long long)first_seq);
    snprintf(below, sizeof below, "segments/%s", s->name);
    put_le32(h + 8, FORMAT_VERSION);
    put_le64(h + 16, first_seq);
    hash_random(h + 32, 16);
    put_le32(h + FORMAT_CRC_AT, hash_crc32c(0, (struct str){(char *)h, FORMAT_CRC_AT}));
    if ((rc = segment_path(path, m->dir, below, err)) < 0 ||
        (rc = disk_open(&s->file, path, DISK_CREATE, err)) < 0)
        return rc;
    m->segments++;
    s->first_seq = first_seq;
    s->first_group = m->groups;
    s->end = s->size = FORMAT_SEGMENT_HEADER;
    if ((rc = disk_write(s->file, (struct str){(char *)h, sizeof h}, 0, err)) < 0 ||
        (rc = disk_sync(s->file, err)) < 0 ||
        (rc = segment_path(path, m->dir, "segments", err)) < 0)
        return rc;
    fault_point("segment.created");
    return disk_sync_dir(path, err);
}

int segment_append(struct segment_map *m, const struct group *g, struct str bytes,
                   struct err *err)
{
    struct segment *s = &m->segment[m->segments - 1];
    int rc;

    assert(!s->sealed && !s->footed && g->first_seq == m->rows && g->chain == s->chain);
    assert(bytes.len == g->len);
    if ((rc = disk_write(s->file, bytes, s->end, err)) < 0)
        return rc;
    fault_point("group.written");
    if ((rc = disk_sync(s->file, err)) < 0)
        return rc;
    fault_point("group.synced");
    keep_group(m, s, s->end, g);
    s->size = s->end;
    return 0;
}

void segment_footer(const struct segment_map *m, const struct segment *s, struct buf *out)
{
    size_t from = out->len;

    buf_put(out, "GPCF", 4);
    buf_put_u32(out, (uint32_t)s->groups);
    for (size_t i = 0; i < s->groups; i++) {
        const struct segment_group *g = &m->group[s->first_group + i];

        buf_put_u64(out, g->at);
        buf_put_u64(out, g->head.first_seq);
        buf_put_u32(out, g->head.rows);
    }
    buf_put_u32(out, hash_crc32c(0, (struct str){out->at + from, out->len - from}));
}

int segment_seal(struct segment_map *m, struct err *err)
{
    struct segment *s = &m->segment[m->segments - 1];
    char from[LIMIT_PATH_BYTES];
    char to[LIMIT_PATH_BYTES];
    char below[64];
    int rc = 0;

    assert(!s->sealed && s->rows > 0);
    if (!s->footed) {
        struct buf footer = {0};

        segment_footer(m, s, &footer);
        buf_put_u64(&footer, s->end);
        buf_put(&footer, "GPCZ", 4);
        if ((rc = disk_write(s->file, buf_str(&footer), s->end, err)) == 0)
            rc = disk_sync(s->file, err);
        s->size = s->end + footer.len;
        buf_release(&footer);
        if (rc < 0)
            return rc;
        s->footed = true;
        fault_point("seal.footed");
    }
    snprintf(below, sizeof below, "segments/%012llu.seg", (unsigned long long)s->first_seq);
    snprintf(from, sizeof from, "%s", disk_path(s->file));
    if ((rc = segment_path(to, m->dir, below, err)) < 0 ||
        (rc = disk_rename(from, to, err)) < 0)
        return rc;
    fault_point("seal.renamed");
    snprintf(s->name, sizeof s->name, "%s", below + strlen("segments/"));
    s->sealed = true;
    rc = segment_path(to, m->dir, "segments", err);
    return rc < 0 ? rc : disk_sync_dir(to, err);
}
