/* twice.h - requests of which two feeds tell: a provider's record and the row of the Spine's
 * transaction log (SSP) are of one request where trace id, interaction and both ASIDs agree.
 * A trace id alone is not enough, since a transfer of records keeps one for all its requests;
 * so many rows are taken for told as there are records. One thread. */
#ifndef ANALYZER_TWICE_H
#define ANALYZER_TWICE_H

#include "record/record.h"

struct twice_row {
    uint64_t key, seq;
    bool told; /* by a provider's record too */
};

struct twice {
    uint64_t *key; /* of records */
    size_t keys, key_cap;
    struct twice_row *row; /* of the Spine's log */
    size_t rows, row_cap;
};

/* True: the record is a row of the Spine's log, and is put off until all have been seen. */
bool twice_add(struct twice *t, const struct record *r);
/* All have been seen: say of each row whether a record tells of it too, in order of seq. */
void twice_settle(struct twice *t);
void twice_release(struct twice *t);

#endif
