/* judge.h - is a record malformed, and can it be found by its patient? What only hangs on
 * the shape is found out once a shape; the few values that matter beside it are looked at
 * in each record, and whatever is not plainly good is read in full. Thread: the writer's. */
#ifndef TRAIL_JUDGE_H
#define TRAIL_JUDGE_H

#include "record/record.h"
#include "trail/model.h"

struct judge;

struct judgement {
    enum reject reject;
    bool untied; /* opens patient data and carries no NHS number */
};

struct judge *judge_new(const struct zone *zone); /* NULL: everything is good */
void judge_free(struct judge *j);
void judge_restart(struct judge *j); /* shapes are numbered anew */

/* shape: number of the record's shape, or SHAPE_NONE; leaf: its leaves. */
void judge_record(struct judge *j, const struct record_input *in, const struct model *m,
                  uint32_t shape, const struct leaf *leaf, struct judgement *out);

#endif
