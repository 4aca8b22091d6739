/* intake.c - see intake.h.
 *
 * An input is read twice. The first pass runs a keyed MAC over the content and looks, at
 * every length that the store has committed for some content, whether the MAC is the same:
 * the longest match is what is already there. The second pass skips that much and takes
 * the rest. Each group carries the length and MAC of what is taken so far, so a run that is
 * cut short is resumed by the same command. Memory is bounded by the window: at most one
 * record of the largest size and one chunk. */
#include "collector/intake.h"

#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "collector/feed.h"
#include "collector/reference.h"
#include "record/csv.h"

enum { LOW_DISK_BYTES = 256 << 20 };

struct taking {
    struct intake *in;
    struct feed *feed;
    const char *path;
    enum record_format format;
    struct buf header;     /* CSV: the header row, without line end */
    struct buf window;     /* content from `base` on, not yet framed */
    size_t at;             /* in the window: behind the last record */
    size_t hashed;         /* in the window: behind what the MAC has seen */
    uint64_t base;         /* offset of the window in the content */
    uint64_t line;         /* number of the line that begins at `at` */
    struct hash_stream *mac;
    struct trail_prefix prefix;
    struct hash_sum *sum;  /* of a record that is too large, being read */
    uint64_t large_len;    /* of which so far; 0: none */
    bool large_blank;      /* it is nothing but white space so far */
    uint64_t open_end;     /* CSV: up to where a row without an end was looked through */
    struct csv_state open; /* which then was in that state */
    struct buf large;      /* its first bytes */
    int64_t received_us;
    bool end;
};

/* ---- what is known already ---- */

static int find_prefix(struct taking *t, struct err *err)
{
    const struct trail_prefix *known;
    size_t count = trail_writer_prefixes(t->in->writer, &known);
    struct hash_stream *mac = hash_stream_new(trail_writer_mac_key(t->in->writer));
    struct buf chunk = {0};
    uint64_t done = 0;
    int rc = 1;

    for (size_t i = 0; rc > 0 && i < count;) {
        size_t use;
        uint8_t now[HASH_BYTES];

        if (chunk.len == 0 && (rc = feed_next(t->feed, &chunk, err)) <= 0)
            break;
        use = known[i].len - done < chunk.len ? (size_t)(known[i].len - done) : chunk.len;
        hash_stream_update(mac, (struct str){chunk.at, use});
        done += use;
        memmove(chunk.at, chunk.at + use, chunk.len - use);
        chunk.len -= use;
        for (; i < count && known[i].len == done; i++) {
            hash_stream_peek(mac, now);
            if (memcmp(now, known[i].mac, HASH_BYTES) == 0)
                t->prefix = known[i];
        }
    }
    hash_stream_free(mac);
    buf_release(&chunk);
    if (rc < 0 && t->prefix.len == 0)
        return rc;
    return feed_rewind(t->feed, err);
}

/* ---- window ---- */

/* Forget what is taken and hashed, then read on. 0 at the end of the input. */
static int more(struct taking *t, struct err *err)
{
    int rc;

    if (t->at > 0) {
        hash_stream_update(t->mac, str_part(buf_str(&t->window), t->hashed, t->at));
        memmove(t->window.at, t->window.at + t->at, t->window.len - t->at);
        t->window.len -= t->at;
        t->base += t->at;
        t->at = t->hashed = 0;
    }
    rc = feed_next(t->feed, &t->window, err);
    t->end = rc == 0;
    return rc;
}

static int commit(struct taking *t, struct err *err)
{
    uint64_t left;
    struct err ignored;
    int rc;

    hash_stream_update(t->mac, str_part(buf_str(&t->window), t->hashed, t->at));
    t->hashed = t->at;
    t->prefix.len = t->base + t->at;
    hash_stream_peek(t->mac, t->prefix.mac);
    trail_writer_position(t->in->writer, &t->prefix);
    if (!t->in->warned_disk && disk_free(t->in->options->store, &left, &ignored) == 0 &&
        left < LOW_DISK_BYTES) {
        talk("the disk of the store has only %llu MiB left; ingest stops when it is full,"
             " and loses nothing", (unsigned long long)(left >> 20));
        t->in->warned_disk = true;
    }
    rc = trail_writer_commit(t->in->writer, err);
    t->received_us = disk_now_us();
    return rc;
}

static int take(struct taking *t, struct str bytes, uint64_t position, uint64_t full_len,
                const uint8_t *full_sha, struct err *err)
{
    struct trail_new_row row = {.bytes = bytes, .has_position = true, .position = position,
                                .full_len = full_len, .received_us = t->received_us,
                                .full_sha = full_sha};
    struct trail_taken taken;
    int rc;

    if ((rc = trail_writer_add(t->in->writer, &row, &taken, err)) < 0)
        return rc;
    tally_record(t->in->tally, &taken.judgement, t->path, t->line);
    t->prefix.rows++;
    return taken.full ? 1 : 0;
}

/* ---- lines and rows ---- */

static bool blank(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
            return false;
    return true;
}

/* A record above the limit: its first bytes are kept, all of it is hashed as it passes. */
static int large_line(struct taking *t, struct str part, bool done, struct err *err)
{
    size_t keep = LIMIT_RECORD_BYTES - t->large.len;
    uint8_t sha[HASH_BYTES];
    uint64_t position = t->base + t->at - t->large_len;
    int rc;

    buf_put_str(&t->large, (struct str){part.at, part.len < keep ? part.len : keep});
    hash_sum_update(t->sum, part);
    t->large_blank = blank(part) && (t->large_len == 0 || t->large_blank);
    t->large_len += part.len;
    t->at += part.len;
    if (!done)
        return 0;
    hash_sum_end(t->sum, sha);
    rc = t->large_blank ? 0 : take(t, buf_str(&t->large), position, t->large_len, sha, err);
    t->large_len = 0;
    buf_clear(&t->large);
    return rc;
}

/* Where the line or row at hand ends: a row at the first line feed outside quotes; where none
 * is within the limit, at the first of all, so that a quote that nobody closes takes no other
 * row with it. SIZE_MAX: that is not known yet.
 *
 * A row that begins where another one, which did not end, was looked through, and whose first
 * line feed lies in quotes too, goes on as that one did: it is looked at from there on only. */
static size_t end_of_line(struct taking *t, struct str rest)
{
    size_t most = LIMIT_RECORD_BYTES + 1, line = str_index(rest, '\n');
    struct str first = str_part(rest, 0, rest.len < most ? rest.len : most);
    struct csv_state s = CSV_BEGIN;
    uint64_t here = t->base + t->at;
    size_t end;

    if (t->format == FORMAT_GPC_AUDIT || t->large_len > 0)
        return line;
    end = csv_look(&s, str_part(first, 0, line < first.len ? line : first.len), 0);
    if (end < first.len && s.quoted) {
        if (here + end < t->open_end) {
            s = t->open;
            end = (size_t)(t->open_end - here);
        }
        end = csv_look(&s, first, end);
    }
    if (end < first.len || (t->end && first.len == rest.len && !s.quoted))
        return end;
    if (!t->end && rest.len <= LIMIT_RECORD_BYTES)
        return SIZE_MAX;
    t->open_end = here + first.len;
    t->open = s;
    return line;
}

static uint64_t lines_in(struct str s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.at[i] == '\n';
    return n;
}

/* Take the next line of the window. 2: needs more bytes; 1: the group is full. */
static int next_line(struct taking *t, struct err *err)
{
    struct str rest = str_part(buf_str(&t->window), t->at, t->window.len);
    size_t len = end_of_line(t, rest);
    bool whole = len < rest.len;
    struct str line = {rest.at, len};
    int rc = 0;

    if (len == SIZE_MAX)
        return 2;
    if (!whole && !t->end && t->large_len == 0 && len <= LIMIT_RECORD_BYTES)
        return 2;
    if (t->large_len > 0 || len > LIMIT_RECORD_BYTES) {
        rc = large_line(t, line, whole || t->end, err);
        if (!whole)
            return rc < 0 ? rc : t->end ? rc : 2;
    } else {
        uint64_t position = t->base + t->at;

        t->at += len;
        if (position == 0 && str_starts(line, STR("\xef\xbb\xbf"))) {
            line = str_part(line, 3, line.len);
            position = 3;
        }
        if (!blank(line))
            rc = take(t, line, position, line.len, NULL, err);
        t->line += t->format == FORMAT_GPC_AUDIT ? 0 : lines_in(line);
    }
    t->at += whole;
    t->line += whole;
    return rc;
}

static int take_all(struct taking *t, bool *store_failed, struct err *err)
{
    int rc;

    for (;;) {
        bool drained = t->at >= t->window.len;

        if (*t->in->options->stop)
            return 0;
        if (drained && t->end && t->large_len == 0)
            return 0;
        rc = drained && !t->end ? 2 : next_line(t, err);
        if (rc < 0)
            goto failed;
        if (rc == 1 && (rc = commit(t, err)) < 0)
            goto failed;
        if (rc == 2 && (rc = more(t, err)) < 0)
            return rc;
        talk_progress(&t->in->progress, feed_done(t->feed), feed_size(t->feed),
                      t->in->tally->records);
    }
failed:
    *store_failed = true;
    return rc;
}

/* ---- recognising ---- */

static int forced_format(const char *name, enum csv_feed *feed)
{
    static const struct {
        const char *name;
        enum csv_feed feed;
    } known[] = {{"gpc-audit", CSV_UNKNOWN}, {"ssp-csv", CSV_SSP}, {"mesh-csv", CSV_MESH},
                 {"asid-csv", CSV_ASID}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) {
            *feed = known[i].feed;
            return 1;
        }
    return 0;
}

static bool has_json_line(struct str head)
{
    bool begin = true;

    if (str_starts(head, STR("\xef\xbb\xbf")))
        head = str_part(head, 3, head.len);
    for (size_t i = 0; i < head.len; i++) {
        if (begin && head.at[i] == '{')
            return true;
        begin = head.at[i] == '\n' ||
                (begin && (head.at[i] == ' ' || head.at[i] == '\t' || head.at[i] == '\r'));
    }
    return false;
}

static int read_header(struct taking *t, struct err *err)
{
    struct str head = csv_text(buf_str(&t->window));
    struct str row;
    size_t used = 0;

    if (!csv_row(&row, &used, head, t->end) || row.len > LIMIT_SNIFF_BYTES / 2)
        return err_set(err, ERR_INVALID, "%s: the header row is not closed or too long",
                       t->path);
    buf_put_str(&t->header, csv_plain(row));
    t->at = used + t->window.len - head.len;
    t->line = 2;
    return 0;
}

/* 1: records follow; 2: reference data; 0: nothing there. */
static int recognise(struct taking *t, struct err *err)
{
    const char *want = t->in->options->format;
    enum csv_feed feed = CSV_UNKNOWN;
    bool forced = forced_format(want, &feed);
    struct str head;
    int rc = 1;

    while (t->window.len < LIMIT_SNIFF_BYTES && (rc = feed_next(t->feed, &t->window, err)) > 0)
        ;
    if (rc < 0 && t->window.len == 0)
        return rc;
    t->end = rc == 0;
    head = buf_str(&t->window);
    if (head.len == 0) {
        talk("%s is empty", t->path);
        return 0;
    }
    if (head.len > LIMIT_SNIFF_BYTES)
        head.len = LIMIT_SNIFF_BYTES;
    if (!forced)
        feed = csv_recognise(head, str_of(t->path));
    if (feed == CSV_ASID)
        return 2;
    if (feed == CSV_UNKNOWN && !forced && !has_json_line(head))
        return err_set(err, ERR_INVALID, "%s is none of the known formats (no line begins"
                       " with { and there is no known CSV header): nothing was taken; if you"
                       " know what it is, give --format", t->path);
    t->format = feed == CSV_SSP ? FORMAT_SSP_CSV
                : feed == CSV_MESH ? FORMAT_MESH_CSV : FORMAT_GPC_AUDIT;
    return t->format != FORMAT_GPC_AUDIT && (rc = read_header(t, err)) < 0 ? rc : 1;
}

/* Pass over what is committed: hashed, not framed. */
static int skip_prefix(struct taking *t, struct err *err)
{
    uint64_t skip = t->prefix.len;
    int rc = 1;

    t->in->tally->duplicates += t->prefix.rows;
    while (t->base + t->window.len < skip && rc > 0) {
        t->at = t->window.len;
        rc = more(t, err);
    }
    if (rc >= 0 && skip > t->base)
        t->line += lines_in(str_part(buf_str(&t->window), 0, (size_t)(skip - t->base)));
    if (rc >= 0)
        t->at = (size_t)(skip - t->base);
    return rc < 0 ? rc : 0;
}

static int take_records(struct taking *t, bool *store_failed, struct err *err)
{
    struct trail_source source = {STR("file"), str_of(t->path), t->format,
                                  buf_str(&t->header)};
    uint64_t before = t->in->tally->records;
    struct err later;
    int rc;

    if ((rc = trail_writer_source(t->in->writer, &source, err)) < 0)
        return rc;
    if (t->prefix.len > 0) {
        if ((rc = skip_prefix(t, err)) < 0)
            return rc;
    } else {
        t->prefix.id = trail_writer_content_id(t->in->writer);
    }
    rc = take_all(t, store_failed, err);
    t->in->tally->bytes_in += t->base + t->at - (before == t->in->tally->records
                                                     ? t->base + t->at : 0);
    if (!*store_failed && commit(t, &later) < 0) {
        *store_failed = true;
        *err = later;
        rc = later.code;
    }
    if (rc >= 0 && t->in->tally->records == before && t->prefix.rows == 0)
        talk("%s holds no record", t->path);
    return rc < 0 ? rc : 0;
}

int intake_file(struct intake *in, const char *path, bool *store_failed, struct err *err)
{
    struct taking t = {.in = in, .path = path, .line = 1, .received_us = disk_now_us()};
    int rc;

    *store_failed = false;
    if ((rc = feed_open(&t.feed, path, in->options->store, err)) < 0)
        return rc;
    t.mac = hash_stream_new(trail_writer_mac_key(in->writer));
    t.sum = hash_sum_new();
    in->progress = (struct progress){.begun = talk_clock()};
    if ((rc = find_prefix(&t, err)) < 0 || (rc = recognise(&t, err)) <= 0)
        goto out;
    if (rc == 2) {
        if ((rc = feed_rewind(t.feed, err)) == 0)
            rc = reference_keep(in->options->store, path, t.feed, &in->tally->reference, err);
    } else {
        rc = take_records(&t, store_failed, err);
    }
    talk_progress_end(&in->progress);
out:
    hash_stream_free(t.mac);
    hash_sum_free(t.sum);
    feed_close(t.feed);
    buf_release(&t.header);
    buf_release(&t.window);
    buf_release(&t.large);
    return rc;
}
