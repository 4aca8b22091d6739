/* jwt.h - reads and judges the token inside a record (the normative text is the token
 * judging, version 1). The token is evidence: decoded, never trusted. Pure. */
#ifndef RECORD_JWT_H
#define RECORD_JWT_H

#include "record/record.h"

struct jwt_input {
    bool present;             /* there is an Authorization header */
    struct str authorization; /* its value, unescaped */
    bool old;                 /* generation 0.x: gpc.profile is ssp-0x */
    bool migrate;             /* the interaction, sent or inferred, is a migrate one */
    struct str scope;         /* of the catalogue row; empty where there is none */
    bool has_time;
    int64_t time_us;
    struct str practice;      /* provider.ods, else the request URL's; empty: unknown */
};

struct jwt_found {
    struct str aud_ods;        /* service root of `aud`; empty where there is none */
    struct str requested_nhs;  /* 0.x: number of requested_record, else requesting_record */
};

/* Fill jwt.*, org.*, user.* and device.* of *out, and *found. */
void jwt_judge(struct record *out, struct jwt_found *found, const struct jwt_input *in,
               struct arena *arena);

/* user.key and org.ods of a token whose payload, decoded, is this: what jwt_judge() finds, and
 * nothing else of it. old: as in jwt_input. */
void jwt_identity(struct record *out, struct str payload, bool old, struct arena *arena);

#endif
