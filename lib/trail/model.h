/* model.h - what the blocks of one dictionary generation have in common: the shapes, the
 * names of their leaves (labels), the distinct values of each label, which value follows
 * from which, and how the values of each label are written (its plan).
 *
 * A model only grows, and a group holds what it grew by (its definitions), so that a
 * reader who takes the definitions of a generation in order, up to a group, can read that
 * group. Two things change, between groups only: a plan, and where one value no longer
 * follows from another. One thread. */
#ifndef TRAIL_MODEL_H
#define TRAIL_MODEL_H

#include "base/buf.h"
#include "base/err.h"
#include "trail/values.h"
#include "trail/shape.h"

/* Labels that every model has; all others are names of leaves. */
enum {
    LABEL_RECORD,    /* shape of a record + 1; 0: it is kept verbatim */
    LABEL_HEADER,    /* of the token's first part + 1; 0: the token is kept as text */
    LABEL_PAYLOAD,   /* of its second part */
    LABEL_URL,       /* of the URL + 1; 0: kept as text */
    LABEL_SIGNATURE, /* the token's third part, decoded */
    LABEL_VERBATIM,  /* a record that has no shape */
    LABEL_FRAME,     /* not a value: what rows have beside their bytes */
    LABEL_FIRST_NAMED,
    LABEL_NONE = 0xffff
};

enum value_type {
    TYPE_TEXT,     /* each for itself */
    TYPE_ENTRY,    /* number of a distinct value */
    TYPE_SHAPE,    /* number of a shape + 1, or 0 */
    TYPE_INTEGER,  /* leaf_integer */
    TYPE_MOMENT,   /* leaf_moment of plan.style */
    TYPE_UUID,     /* leaf_uuid; plan.style: 0 lower case, 1 upper case, 2 either */
    TYPES
};

/* What a value is guessed to be; only what differs is written. `parent` is another label
 * of the same row. */
enum guess {
    GUESS_NOTHING,
    GUESS_EQUAL,     /* texts: the parent's text */
    GUESS_FOLLOWS,   /* entries, shapes: what was seen first with the parent's entry, or
                        with LABEL_NONE as parent: what was seen first */
    GUESS_PREVIOUS,  /* numbers: that of the row before, in the block */
    GUESS_SUCCESSOR, /* numbers: one more than that of the last row with the parent's entry */
    GUESS_PARENT,    /* numbers: the parent's number; where that is a moment, its seconds */
    GUESS_SUM,       /* moments: such that moment + parent (in ms) is as in the row before */
    GUESSES
};

struct plan {
    uint8_t type, guess, style;
    uint16_t parent;
};

struct pair {
    uint32_t parent, value;
};

/* What follows from one entry of a label stands together, a place for each label that is
 * guessed from it: a value of the parent brings the others near. */
enum { KIN_PLACES = 128, KIN_PAGE = 512 /* entries */ };

/* What every value needs stands first, in one line of the cache. */
struct label {
    uint32_t **kin;    /* pages of kin_stride numbers an entry; NULL: all unknown */
    uint32_t kin_pages;
    uint16_t kin_stride;
    uint16_t place;    /* among the kin of plan.parent */
    struct dictionary values; /* writer: a reader has the entries of the model */
    struct plan plan;
    uint8_t kind;      /* enum shape_kind of the texts it stands in */
    bool number;       /* of JSON numbers */
    bool token, url;   /* the leaf that may hold a token, a URL */
    bool planned, provisional;
    struct str name;
    uint32_t constant; /* what follows where there is no parent */
    struct pair *pair; /* writer: that the next definitions tell */
    uint32_t pairs, pairs_cap, values_told;
    char spare[20];
};
_Static_assert(sizeof(struct label) == 128, "two lines of the cache a label");

struct model {
    struct shapes shapes;
    struct dictionary names; /* kind, number or not, name -> label */
    struct label *label;
    size_t labels, labels_cap;
    struct arena texts;
    size_t text_bytes;       /* of values */
    uint32_t labels_told, shapes_told, pieces_told;
    uint16_t *behind; /* by piece: the label that stood behind it last, in what was told */
    uint32_t behind_cap;
    struct values *values; /* reader */
    struct buf plans, moved; /* writer: changes not yet told, encoded */
    uint32_t plans_changed, pairs_moved;
};

void model_init(struct model *m);
void model_release(struct model *m);

/* The label of that name, added where it is new. False at LIMIT_LABELS. */
bool model_label(struct model *m, enum shape_kind kind, struct str name, bool number,
                 uint16_t *out);
/* Fill token and url of a shape from its labels. */
void model_place(const struct model *m, struct shape *shape);

/* The label of shapes that says in which rows this one, not LABEL_RECORD, stands. */
uint16_t model_shapes_label(const struct model *m, uint16_t number);

/* Writer: the entry of a value, DICTIONARY_NONE where it is not admitted. */
uint32_t model_entry(struct model *m, uint16_t label, struct str value);
void model_set_follows(struct model *m, uint16_t label, uint32_t parent, uint32_t value);
/* What follows from entry `from` of the parent, LABEL_NONE for none, at that place, or for a
 * label without a parent from nothing. DICTIONARY_NONE: it is unknown. */
static inline uint32_t model_kin(const struct model *m, uint16_t label, uint16_t parent,
                                 uint16_t place, uint32_t from)
{
    const struct label *p;
    const uint32_t *page;

    if (parent == LABEL_NONE)
        return m->label[label].constant;
    p = &m->label[parent];
    page = from / KIN_PAGE < p->kin_pages ? p->kin[from / KIN_PAGE] : NULL;
    return page && place < p->kin_stride ? page[from % KIN_PAGE * p->kin_stride + place]
                                         : DICTIONARY_NONE;
}
/* Let what follows from an entry of the label come into the cache. */
static inline void model_expect_kin(const struct model *m, uint16_t label, uint32_t entry)
{
    const struct label *l = &m->label[label];

    if (entry / KIN_PAGE < l->kin_pages && l->kin[entry / KIN_PAGE])
        __builtin_prefetch(l->kin[entry / KIN_PAGE] + entry % KIN_PAGE * l->kin_stride);
}
/* Is there a place for one more label that follows from `parent`? */
bool model_has_place(const struct model *m, uint16_t label, uint16_t parent);
/* Writer: change a plan, or what follows from an entry; told with the next definitions. */
void model_set_plan(struct model *m, uint16_t label, struct plan plan);
void model_move(struct model *m, uint16_t label, uint32_t parent, uint32_t value);
bool model_plan_valid(const struct model *m, uint16_t label, struct plan plan);

/* Append all that is new since the last time; the texts of new values to texts. */
void model_tell(struct model *m, struct buf *out, struct buf *texts);
/* Reader: who gives the texts of the values of a group, when they are asked for. Without one
 * they are given to model_texts(). */
void model_fetch(struct model *m, values_fetch *fetch, void *ctx);
/* Take what model_tell() wrote; its bytes outlive the model. inline_texts: in format 1 the
 * texts stood among them. */
int model_take(struct model *m, struct str told, bool inline_texts, struct err *err);
/* The texts of what was taken last; they outlive the model. */
int model_texts(struct model *m, struct str texts, struct err *err);
/* The text of an entry of a label, which model_take() has told of. */
static inline int model_text(const struct model *m, uint16_t label, uint32_t entry,
                             struct str *out, struct err *err)
{
    return values_text(m->values, label, entry, out, err);
}
static inline uint32_t model_entries(const struct model *m, uint16_t label)
{
    return m->values ? values_count(m->values, label) : 0;
}

#endif
