/* trail.h - the log of audit records as a reader sees it: rows by seq.
 *
 * A struct trail is a view of a store at the moment it was opened: it never shows more
 * than the durable length of DIR/checkpoint. One thread owns it. It opens files of the
 * store for reading only. */
#ifndef TRAIL_TRAIL_H
#define TRAIL_TRAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"
#include "store/note.h"
#include "store/segment.h"

struct trail;
struct columns; /* trail/columns.h */

struct trail_row {
    struct record_input input; /* bytes, format, seq, receipt, origin, position: all of it */
    uint64_t full_len;         /* of a too-large record: its length, else bytes.len */
    uint8_t full_sha[HASH_BYTES]; /* of a too-large record: SHA-256 of the whole */
    struct entry entry;        /* without the commitment */
};

int trail_open(struct trail **out, const char *dir, struct err *err);
void trail_close(struct trail *t); /* NULL is allowed */

uint64_t trail_count(const struct trail *t); /* rows: seq 0 to count - 1 */

/* The groups of the view; those at or above trail_count() are not part of it. */
const struct segment_map *trail_map(const struct trail *t);

/* What the reader noticed that a person should be told, e.g. a torn tail; "" if nothing. */
const char *trail_remark(const struct trail *t);

/* From now on these rows (ranges ascending, kept until the next call or NULL) are those that
 * will be asked for: of a block that has few of them only those are written down. Any row
 * can still be asked for. */
struct trail_range {
    uint64_t first, count;
};
void trail_expect(struct trail *t, const struct trail_range *range, size_t ranges);
/* Rows all over the log will be asked for: what reading them needs may be loaded already. */
void trail_start(struct trail *t);

/* The row with that seq. Valid until the next call. Rows in ascending order are cheap.
 * Damage gives ERR_CORRUPT with file and offset in the text. */
int trail_row(struct trail *t, uint64_t seq, struct trail_row *out, struct err *err);

/* The columns of that row, as record_read() gives them; valid until the next call and as long
 * as the arena. How many rows in ascending order cost little is told in columns.h. */
int trail_record(struct trail *t, uint64_t seq, struct columns *c, struct record *out,
                 struct arena *arena, struct err *err);

/* Append the nodes of level 1 of the tree (HASH_BYTES each, over TREE_TILE records), which the
 * row groups hold: all that the durable rows complete. They are as the store says: compare
 * the root that they lead to. */
int trail_nodes(struct trail *t, struct buf *out, struct err *err);
/* The nonce of that row from DIR/keys. ERR_MISSING where the keys are not readable. */
int trail_nonce(struct trail *t, uint64_t seq, uint8_t out[TREE_NONCE_BYTES],
                struct err *err);

/* The commitment of a row under a nonce: what its entry in the tree holds. */
void trail_commit(uint8_t out[HASH_BYTES], const struct trail_row *row,
                  const uint8_t nonce[TREE_NONCE_BYTES]);

/* The name of the log, from the checkpoint; "" where there is none. */
struct str trail_checkpoint_origin(const struct trail *t);
/* The signed note in DIR/checkpoint, and the verifier key kept with the store
 * (ERR_MISSING where DIR/keys is not readable). */
struct str trail_checkpoint(const struct trail *t);
int trail_key(struct trail *t, struct note_key *out, struct err *err);

/* Sizes for `stats`. */
struct trail_sizes {
    uint64_t rows, malformed, bytes_in, seg, idx, other, segments, groups;
};
int trail_sizes(struct trail *t, struct trail_sizes *out, struct err *err);

/* Bytes by column of the evidence, found by walking the blocks: each() is called for every
 * name, the largest first. Names are paths in the record, in the token's parts
 * (token.header, token.payload) and in the URL; "(definitions)", "(groups)" are the rest. */
int trail_sizes_by_column(const char *dir,
                          void (*each)(void *ctx, struct str name, double bytes), void *ctx,
                          struct err *err);

/* Walk every byte: checksums, heads in the groups, right edge, tree, checkpoint. found()
 * is called for each fault, with the file's name in the store; *faults counts them. key
 * may be NULL. Without DIR/keys the tree is not recomputed and *tree_checked is false;
 * without a zone (Europe/London) the index is not compared with the rows. */
struct trail_fault {
    const char *file;
    uint64_t offset;
    bool has_seq;
    uint64_t first_seq, last_seq;
    const char *text;
};
struct trail_verdict {
    uint64_t records, faults;
    uint8_t root[HASH_BYTES];
    bool tree_checked;
};
int trail_verify(const char *dir, const struct note_key *key, const struct zone *zone,
                 void (*found)(void *ctx, const struct trail_fault *f), void *ctx,
                 struct trail_verdict *out, struct err *err);

#endif
