/* limits.h - every bound of the project in one place. Each is stated where it is met
 * by an error text, and tested where it is enforced. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    LIMIT_RECORD_BYTES = 262144,      /* of one record, without its line feed */
    LIMIT_JSON_DEPTH = 64,            /* the record's own object is depth 1 */
    LIMIT_JSON_TOKENS = 262144,       /* cannot be exceeded by LIMIT_RECORD_BYTES */
    LIMIT_SNIFF_BYTES = 65536,        /* looked at to recognise a format */
    LIMIT_GROUP_BYTES = 8 << 20,      /* input that one row group may hold */
    LIMIT_GROUP_ROWS = 16384,         /* rows that one row group may hold */
    LIMIT_BLOCK_ROWS = 1024,          /* rows that inflate alone */
    LIMIT_BLOCK_BYTES = 32 << 20,     /* of one stream of a block, inflated */
    LIMIT_SEGMENT_ROWS = 1000000,     /* rows after which a segment is sealed */
    LIMIT_LABELS = 8192,              /* names of leaves in one dictionary generation */
    LIMIT_SHAPES = 131072,            /* in one generation; a record beyond is kept verbatim */
    LIMIT_SHAPE_PIECES = 262144,      /* distinct constant pieces of shapes, likewise */
    LIMIT_SHAPE_EDGES = 524288,       /* of the trie; a shape beyond is not matched again */
    LIMIT_DEFINITIONS_BYTES = 128 << 20, /* of one group, inflated */
    LIMIT_ENTRY_BYTES = 192,          /* a longer text is not put into a dictionary */
    LIMIT_ENTRIES_BYTES = 64 << 20,   /* texts of all dictionaries of one generation */
    LIMIT_SOURCE_BYTES = 64,          /* `source` of a record, after unescaping */
    LIMIT_KEY_BYTES = 255,            /* a longer user, organisation or practice is not in the
                                         index, and found by reading */
    LIMIT_NOTE_BYTES = 65536,         /* a signed note */
    LIMIT_PATH_BYTES = 4096,
};

#endif
