/* yaml.h - the door to libyaml: documents as trees that know where each part stands.
 *
 * Scalars stay text, with how they were written; what type they have is for the reader to
 * say. Aliases, duplicate keys and what is beyond the limits are faults. All faults of a
 * text are reported but those of syntax, of which there is only a first. Pure. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>

#include "base/arena.h"

enum { YAML_BYTES_MAX = 1 << 20, YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 10000 };

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };
enum yaml_style { YAML_PLAIN, YAML_QUOTED, YAML_BLOCK };

/* Lines and columns count from 1, columns in characters. */
struct yaml_mark {
    unsigned line, column;
};

struct yaml_node {
    enum yaml_kind kind;
    enum yaml_style style; /* of a scalar */
    struct yaml_mark at;
    struct str text;       /* of a scalar, NUL behind it */
    struct yaml_node **key;   /* of a map: scalars, as many as items */
    struct yaml_node **item;  /* of a map or list */
    size_t items;
};

/* Told of each fault. */
typedef void yaml_fault(void *ctx, struct yaml_mark at, const char *code, const char *text);

/* The documents of a text, *count of them, in the arena; NULL when its syntax is wrong. */
struct yaml_node **yaml_read(struct str text, size_t *count, struct arena *arena,
                             yaml_fault *fault, void *ctx);

/* The value of a map's key; NULL: there is none, or the node is no map. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Scalars by the core schema of YAML 1.2, where they are plain. */
enum yaml_type { YAML_TEXT, YAML_NULL, YAML_TRUTH, YAML_INTEGER, YAML_FLOAT };
enum yaml_type yaml_type(const struct yaml_node *scalar);
/* Does a plain scalar mean something else to readers of YAML 1.1? */
bool yaml_ambiguous(const struct yaml_node *scalar);

#endif
