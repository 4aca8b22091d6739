/* writer.h - appends records to the log. A commit is one row group and one fdatasync;
 * nothing counts as taken before trail_writer_commit() returned 0. One thread owns it.
 * After an error other than ERR_LIMIT of an argument the writer must only be closed. */
#ifndef TRAIL_WRITER_H
#define TRAIL_WRITER_H

#include "base/err.h"
#include "record/record.h"
#include "base/hash.h"
#include "store/note.h"
#include "trail/judge.h"

struct trail_writer;

/* What opening did, for the messages of a first run. */
struct trail_opened {
    bool created;      /* the store is new: origin and keys were made */
    uint64_t rows;     /* that it holds */
    uint64_t cut;      /* bytes of a torn tail given back */
    uint64_t indexed;  /* rows whose index was missing and was made anew */
    struct note_key key;
};

/* Open or create the store in dir and lock it. zone is Europe/London and outlives the
 * writer; NULL: the rows are our own, and not judged. ERR_BUSY: another writer has it.
 * ERR_INVALID: dir is not a store and not empty. */
int trail_writer_open(struct trail_writer **out, const char *dir, const struct zone *zone,
                      struct trail_opened *what, struct err *err);
void trail_writer_close(struct trail_writer *w); /* what was not committed is forgotten */

/* A source of rows of this run; rows added next belong to it. */
struct trail_source {
    struct str via, origin;
    enum record_format format;
    struct str header; /* CSV: its header row */
};
int trail_writer_source(struct trail_writer *w, const struct trail_source *s, struct err *err);

/* Take one row; the bytes are copied. taken->full is set when the group should be committed.
 * full_len > bytes.len: too-large, with the SHA-256 of the whole. */
struct trail_new_row {
    struct str bytes;
    bool has_position;
    uint64_t position, full_len;
    int64_t received_us;
    const uint8_t *full_sha;
};
struct trail_taken {
    bool full;
    struct judgement judgement;
};
int trail_writer_add(struct trail_writer *w, const struct trail_new_row *row,
                     struct trail_taken *taken, struct err *err);

/* The committed prefix of some content: its uncompressed length, the rows in it, and its
 * keyed MAC. `id` names the content; a later prefix of the same id replaces the earlier. */
struct trail_prefix {
    uint64_t id, len, rows;
    uint8_t mac[HASH_BYTES];
};
/* Let the next group say how far the content now being read is taken. */
void trail_writer_position(struct trail_writer *w, const struct trail_prefix *p);
uint64_t trail_writer_content_id(const struct trail_writer *w); /* for new content */
/* Known prefixes by ascending length. Valid until the next commit. */
size_t trail_writer_prefixes(const struct trail_writer *w, const struct trail_prefix **out);
struct str trail_writer_mac_key(const struct trail_writer *w);

/* Encode, check, append, sync, release the head. 0 rows waiting: does nothing. */
int trail_writer_commit(struct trail_writer *w, struct err *err);

uint64_t trail_writer_rows(const struct trail_writer *w); /* committed */
uint64_t trail_writer_bytes(const struct trail_writer *w); /* written by this run */

#endif
