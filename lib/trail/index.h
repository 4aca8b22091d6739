/* index.h - which rows of a group may be of a patient, a user, an organisation, a practice;
 * in which period they lie; and which open patient data without a number. It lies beside
 * its segment, is no evidence, and can be left away: rows found by it are read and judged
 * as all others, and groups that it does not name are read whole.
 *
 *   DIR/segments/<first seq, 12 digits>.idx    an entry for each group, in order:
 *
 *   0 "GPCI"   4 u16 version   6 u16 derivation (of the code that made it)
 *   8 u64 first seq   16 u32 rows   20 u32 CRC of the group's header
 *  24 i64 least time in us   32 i64 greatest time   (INT64_MAX, INT64_MIN: no row has one)
 *  40 6 * u32 length of each list   64 u32 CRC of the lists   68 u32 CRC of bytes 0-67
 *  72 the lists; but for the sets of hashes each is a raw deflate behind its length inflated
 *     (varint), so that a key that is not there is known without inflating anything; behind
 *     each its CRC
 *
 *   list of a key   varint n, n hashes as a set (base/sparse.h), then deflated: n varint
 *                   counts, then for each hash its rows: the first, then distances
 *   untied rows     varint n, the first, then distances
 *   small columns   varint unit of times in us; varint n, n times a length (varint) and the
 *                   bytes of one combination: varint status + 1 or 0, then for each column
 *                   of judge_small() varint length + 1 or 0, and its text; for each row u16
 *                   its combination; for each row a varint: 0 without a time, else the
 *                   zigzag distance from the time before, in units, + 1 */
#ifndef TRAIL_INDEX_H
#define TRAIL_INDEX_H

#include "store/segment.h"
#include "trail/judge.h"

enum index_key { INDEX_PATIENT, INDEX_USER, INDEX_ORG, INDEX_PRACTICE, INDEX_KEYS };

/* What stands for a key in the lists; 0 where it is empty. Organisations and practices are
 * equal but for case. */
uint32_t index_hash(enum index_key key, struct str text);

/* ---- writing: one group at a time ---- */
struct index_row {
    uint32_t key[INDEX_KEYS];
    bool has_time, untied;
    uint16_t small; /* number of its combination of small columns */
    int64_t time_us;
};
/* The rows of a group on their way into an entry. Zero-initialise. */
struct index_group {
    struct index_row *row; /* room for LIMIT_GROUP_ROWS */
    struct dictionary small; /* their combinations of small columns */
    struct arena texts;
};
/* Row `at` of the group, from 0 on, in order. */
void index_group_row(struct index_group *x, size_t at, const struct judgement *j);
/* Forget the rows of a group that is not encoded. */
void index_group_restart(struct index_group *x);
/* Append the entry of the group to out; the next group can begin. */
void index_group_encode(struct buf *out, struct index_group *x, const struct group *g);
void index_group_release(struct index_group *x);

/* ---- reading ---- */
struct index_entry {
    uint64_t first_seq, at; /* at: of the entry in its file */
    uint32_t rows, chain;
    int64_t time_min, time_max;
    uint32_t len[INDEX_KEYS + 2];
    uint32_t crc;
};
struct index_file {
    struct disk_file *file;
    struct index_entry *entry;
    size_t entries;
    uint64_t end; /* behind the last good entry */
    bool other;   /* what stands there was made by another version of this code */
    uint64_t size;
};
/* The entries whose heads are good, up to the first that is not. A file that is not there
 * has none, and so has one that could not be opened, after the error. */
int index_open(struct index_file *f, const char *dir, uint64_t segment_first_seq, bool write,
               struct err *err);
void index_close(struct index_file *f);
/* The entry of the at-th group of the segment, which must be of that very group; NULL. */
const struct index_entry *index_entry_of(const struct index_file *f, size_t at,
                                         const struct group *g);
/* Rows (of the group) in the list of that key, appended to *row; or with key INDEX_KEYS the
 * untied ones. ERR_CORRUPT: use the group whole. */
int index_rows(const struct index_file *f, const struct index_entry *e, enum index_key key,
               uint32_t hash, uint32_t *row, size_t *rows, size_t room, struct err *err);
/* The small columns of all rows of a group. */
struct index_small {
    bool has_status;
    int64_t status;
    struct value value[JUDGE_SMALL]; /* texts in the arena */
};
struct index_columns {
    const struct index_small *small;
    size_t smalls;
    const uint16_t *which;  /* by row */
    const int64_t *time_us; /* by row; INT64_MIN: none */
};
int index_columns(const struct index_file *f, const struct index_entry *e,
                  struct index_columns *out, struct arena *arena, struct err *err);
/* Are the bytes of the entry these? */
int index_equal(const struct index_file *f, const struct index_entry *e, struct str bytes,
                bool *equal, struct err *err);
/* Read and check everything; the first byte that is damaged goes to *at. What another version
 * made, which the next ingest makes anew, is not looked at. */
int index_verify(const struct index_file *f, uint64_t *at, struct err *err);

#endif
