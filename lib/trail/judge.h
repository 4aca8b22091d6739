/* judge.h - is a record malformed, and by which keys is it found? What only hangs on the
 * shape is found out once a shape, what hangs on the token's identities once for each of
 * these; the few values that matter beside are looked at in each record, and whatever is
 * not plainly good is read in full. The answers are those of record_read(). One thread. */
#ifndef TRAIL_JUDGE_H
#define TRAIL_JUDGE_H

#include "record/record.h"
#include "trail/model.h"

struct judge;

/* Columns of few distinct values that the index holds for each row. */
enum { JUDGE_SMALL = 6 };
enum column judge_small(int i);
bool judge_is_small(enum column c);

struct judgement {
    enum reject reject;
    bool untied;     /* opens patient data and carries no NHS number */
    bool odd;        /* its keys are not the texts of their columns, or are too long */
    bool has_time;
    int64_t time_us;
    struct str patient, user, org, practice; /* "" where missing; valid until the next */
    bool has_status;
    int64_t status;
    struct value small[JUDGE_SMALL]; /* of the columns judge_small() */
};

struct judge *judge_new(const struct zone *zone); /* NULL: everything is good */
void judge_free(struct judge *j);
void judge_restart(struct judge *j); /* shapes are numbered anew */

/* A record taken apart: the numbers of its shapes, SHAPE_NONE where there is none, and
 * their leaves. */
struct parted {
    uint32_t shape[SHAPE_KINDS];
    const struct leaf *leaf[SHAPE_KINDS];
    struct str payload; /* the text of that shape */
};
/* The same of a record that was read in full. */
void judge_full(struct judgement *out, const struct record *r, struct arena *arena);
void judge_record(struct judge *j, const struct record_input *in, const struct model *m,
                  const struct parted *parts, struct judgement *out);

#endif
