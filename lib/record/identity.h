/* identity.h - who asked: the columns org.*, user.* and device.* from the three objects of
 * a token's payload (format 4.13, 4.14). Pure. */
#ifndef RECORD_IDENTITY_H
#define RECORD_IDENTITY_H

#include "record/lookup.h"

struct identity {
    struct str sds_id, sds_role, local_value, local_system, family, given, ods;
    bool any_identifier; /* of the organisation: one with a non-empty value */
    bool own_system;     /* one of them under the generation's ODS system */
};

/* `what` may be NULL (missing or wrong-typed). old: generation 0.x. */
void identity_organization(struct identity *id, struct record *out, const struct document *d,
                           const struct token *what, bool old);
void identity_practitioner(struct identity *id, struct record *out, const struct document *d,
                           const struct token *what);
void identity_device(struct record *out, const struct document *d, const struct token *what);

/* user.key and user.level; sub may be empty. */
void identity_key(const struct identity *id, struct record *out, struct str sub,
                  struct arena *arena);

bool identity_twelve_digits(struct str s);

#endif
