/* segment.h - the segments of a store and the groups in them: a map of what is there.
 *
 * One thread owns a map. Loading reads headers and descriptions only, never rows. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "base/disk.h"
#include "base/limits.h"
#include "store/group.h"
#include "store/note.h"

struct segment {
    char name[64];        /* of the file in DIR/segments */
    struct disk_file *file;
    uint64_t first_seq, size;
    uint64_t end;         /* behind the last good group */
    uint64_t rows;
    size_t first_group, groups;
    uint32_t chain;       /* CRC of the last group's header */
    bool sealed;          /* named .seg */
    bool footed;          /* has its footer */
};

struct segment_group {
    size_t segment;
    uint64_t at;          /* in its file */
    struct group head;    /* header fields only */
};

struct segment_map {
    char dir[LIMIT_PATH_BYTES];
    struct segment *segment;
    struct segment_group *group;
    size_t segments, groups, groups_cap;
    uint64_t rows;        /* in whole groups, above the checkpoint too */
    uint64_t torn;        /* bytes behind `end` of the last segment that are no group */
    bool has_checkpoint;
    struct checkpoint head;
    struct buf note;
};

/* DIR/segments/<name> or another path below DIR into out. */
int segment_path(char out[LIMIT_PATH_BYTES], const char *dir, const char *below,
                 struct err *err);

/* ERR_MISSING: no store there. ERR_CORRUPT: damage below the checkpoint; the text names
 * file and byte. Opens files for reading, or the growing one for writing too. */
int segment_map_load(struct segment_map *m, const char *dir, bool write, struct err *err);
void segment_map_release(struct segment_map *m);

/* The last group that begins at seq or before it; the map has at least one. */
size_t segment_group_of(const struct segment_map *m, uint64_t seq);

/* Description of a group, with all its lists in the arena. Checks its CRC. */
int segment_group_read(struct segment_map *m, size_t group, struct group *out,
                       struct arena *arena, struct err *err);
/* Append extent i of a group that segment_group_read() gave. Checks its CRC. */
int segment_extent_read(struct segment_map *m, size_t group, const struct group *g, size_t i,
                        struct buf *out, struct err *err);

/* Cut the torn tail off the last segment; a file that has not even a header goes. */
int segment_cut(struct segment_map *m, struct err *err);

/* Begin a segment at first_seq: a new file, header synced, name durable. */
int segment_create(struct segment_map *m, uint64_t first_seq, struct err *err);
/* Append bytes of one encoded group and sync: after this it is committed. */
int segment_append(struct segment_map *m, const struct group *g, struct str bytes,
                   struct err *err);
/* Footer, sync, rename to .seg, sync directory. Idempotent. */
int segment_seal(struct segment_map *m, struct err *err);
/* The bytes that the footer of segment s must have, without its last 12. */
void segment_footer(const struct segment_map *m, const struct segment *s, struct buf *out);

#endif
