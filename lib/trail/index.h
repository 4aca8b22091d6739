/* index.h - what is asked for most of each row of a group, found by patient, user,
 * organisation and practice. It lies beside its segment, is no evidence, and can be left away:
 * groups that it does not name are read whole. What it says is what the records say: `verify`
 * makes it anew of them and compares.
 *
 *   DIR/segments/<first seq, 12 digits>.idx    an entry for each group, in order:
 *
 *   0 "GPCI"   4 u16 version   6 u16 derivation (of the code that made it)
 *   8 u64 first seq   16 u32 rows   20 u32 CRC of the group's header
 *  24 i64 least time in us   32 i64 greatest time   (INT64_MAX, INT64_MIN: no row has one)
 *  40 u32 unit of the times of rows, in us
 *  44 for users, organisations, practices: u32 texts in the entries before, u32 new ones in
 *     this, u32 how many are met in it
 *  80 16 * u16 distinct patients, by the high bits of their numbers
 * 112 12 * u32 length of each list   160 u32 CRC of the lists   164 u32 CRC of bytes 0-163
 * 168 the lists, behind each its CRC; deflated ones behind their length inflated (varint)
 *
 *   patients        16 sets (base/sparse.h) of numbers of 30 bits, behind each its CRC; sets
 *                   and numbers in order are the ten digits, scattered (index_scatter())
 *   users, organisations, practices     sets of the numbers met
 *   the same three  deflated: texts that are new; lengths, then the bytes of all. Texts are
 *                   numbered through the file
 *   untied rows     varint n, the first, then distances: they open patient data and carry no
 *                   NHS number
 *   odd rows        likewise: their columns are in the record only
 *   small columns   deflated: varint n, n times a length (varint) and the bytes of one
 *                   combination: varint status + 1 or 0, then for each column of
 *                   judge_small() varint length + 1 or 0, and its text
 *   directory       for each page u16 the place of its first patient, u16 its length
 *   pages           of postings (postings.h), behind each its CRC */
#ifndef TRAIL_INDEX_H
#define TRAIL_INDEX_H

#include "base/cursor.h"
#include "store/segment.h"
#include "trail/judge.h"
#include "trail/postings.h"

enum index_key { INDEX_PATIENT, INDEX_USER, INDEX_ORG, INDEX_PRACTICE, INDEX_KEYS };
enum { INDEX_PARTS = 16, INDEX_PART_BITS = 30, INDEX_DIRECTORY = 4 /* bytes a page */ };
enum index_list {
    LIST_PATIENTS,
    LIST_SETS, /* of three names */
    LIST_TEXTS = LIST_SETS + POSTINGS_NAMES,
    LIST_UNTIED = LIST_TEXTS + POSTINGS_NAMES,
    LIST_ODD,
    LIST_SMALL,
    LIST_DIRECTORY,
    LIST_PAGES,
    INDEX_LISTS
};

/* Can that column be had of the index? */
bool index_has(enum column c);

/* Ten digits as a number of 34 bits, spread so that parts are of one size, and back. False: it
 * is none. */
bool index_scatter(struct str digits, uint64_t *number);
void index_gather(uint64_t number, char digits[10]);

struct index_entry {
    uint64_t first_seq, at; /* at: of the entry in its file */
    uint32_t rows, chain;
    int64_t time_min, time_max;
    uint32_t unit;
    struct index_names {
        uint32_t before, fresh, met;
    } name[POSTINGS_NAMES];
    uint16_t part[INDEX_PARTS];
    uint32_t len[INDEX_LISTS];
    uint32_t crc;
    uint8_t texts[POSTINGS_NAMES]; /* of the reader: are they in the file's lists? */
};
/* Bits that hold each of n numbers from 0 on. */
unsigned index_bits(uint64_t n);
/* What times of rows are told from: the least of the group in its units. */
int64_t index_least(const struct index_entry *e);
/* Append the head of an entry, but for what only a file has. */
void index_put_head(struct buf *out, const struct index_entry *e);

struct index_file {
    struct disk_file *file;
    struct index_entry *entry;
    size_t entries, cap;
    uint64_t end; /* behind the last good entry */
    bool other;   /* what stands there was made by another version of this code */
    uint64_t size;
    struct str *text[POSTINGS_NAMES]; /* by number; at NULL: not read yet */
    struct arena arena;
};
/* The entries whose heads are good, up to the first that is not. A file that is not there
 * has none, and so has one that could not be opened, after the error. */
int index_open(struct index_file *f, const char *dir, uint64_t segment_first_seq, bool write,
               struct err *err);
void index_close(struct index_file *f);
/* The entry of the at-th group of the segment, which must be of that very group; NULL. */
const struct index_entry *index_entry_of(const struct index_file *f, size_t at,
                                         const struct group *g);
/* How many texts of users, organisations or practices the file knows. */
uint32_t index_texts(const struct index_file *f, enum index_key key);
/* The text with that number, valid as long as f. */
int index_text(struct index_file *f, enum index_key key, uint32_t number, struct str *out,
               struct err *err);

/* Distinct patients of the group. */
size_t index_patients_count(const struct index_entry *e);

/* ---- lists, for answers.c ---- */

/* len bytes of the file, the last four of which are the CRC of the others, which go to out. */
int index_read(const struct index_file *f, uint64_t at, size_t len, struct buf *out,
               struct err *err);
/* Where a list begins; its bytes; those that it inflates to, in the arena. */
uint64_t index_place(const struct index_entry *e, enum index_list list);
int index_list(const struct index_file *f, const struct index_entry *e, enum index_list list,
               struct buf *out, struct err *err);
int index_inflate(const struct index_file *f, const struct index_entry *e,
                  enum index_list list, struct cursor *out, struct arena *arena,
                  struct err *err);
/* The texts that are new in an entry of f, into f->text. */
int index_read_texts(struct index_file *f, struct index_entry *e, int k, struct err *err);
int index_damaged(struct err *err); /* ERR_CORRUPT */

/* ---- proving ---- */

/* Read and check everything; the first byte that is damaged goes to *at. What another version
 * made, which the next ingest makes anew, is not looked at. */
int index_verify(const struct index_file *f, uint64_t *at, struct err *err);
/* Does the entry say what these bytes of one say? They may be deflated otherwise. */
int index_equal(struct index_file *f, const struct index_entry *e, struct str bytes,
                bool *equal, struct err *err);

#endif
