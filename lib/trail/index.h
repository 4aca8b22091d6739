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
 *  40 5 * u32 length of each list   60 u32 CRC of the lists   64 u32 CRC of bytes 0-63
 *  68 the lists, each a raw deflate behind its length inflated (varint)
 *
 *   list of a key   varint n, n * 3 bytes of hash ascending, n varint counts, then for each
 *                   its rows: the first, then distances
 *   untied rows     varint n, the first, then distances */
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
    int64_t time_us;
};
void index_row_of(struct index_row *out, const struct judgement *j);
/* Append the entry of the group to out. */
void index_encode(struct buf *out, const struct group *g, const struct index_row *row);

/* ---- reading ---- */
struct index_entry {
    uint64_t first_seq, at; /* at: of the entry in its file */
    uint32_t rows, chain;
    int64_t time_min, time_max;
    uint32_t len[INDEX_KEYS + 1];
    uint32_t crc;
};
struct index_file {
    struct disk_file *file;
    struct index_entry *entry;
    size_t entries;
    uint64_t end; /* behind the last good entry */
    uint64_t size;
};
/* The entries whose heads are good, up to the first that is not. A file that is not there
 * has none. */
int index_open(struct index_file *f, const char *dir, uint64_t segment_first_seq, bool write,
               struct err *err);
void index_close(struct index_file *f);
/* Rows (of the group) in the list of that key, appended to *row; or with key INDEX_KEYS the
 * untied ones. ERR_CORRUPT: use the group whole. */
int index_rows(const struct index_file *f, const struct index_entry *e, enum index_key key,
               uint32_t hash, uint32_t *row, size_t *rows, size_t room, struct err *err);
/* Read and check everything; the first byte that is damaged goes to *at. */
int index_verify(const struct index_file *f, uint64_t *at, struct err *err);

#endif
