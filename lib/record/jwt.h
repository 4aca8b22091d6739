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

/* The codes found so far, a bit each, and whether reading had to stop. */
enum { JWT_CODE_WORDS = 2 };
struct jwt_said {
    uint64_t code[JWT_CODE_WORDS];
    bool stopped;
};

/* Fill jwt.*, org.*, user.* and device.* of *out, and *found. */
void jwt_judge(struct record *out, struct jwt_found *found, const struct jwt_input *in,
               struct arena *arena);

/* The same in two steps, for a token that is "Bearer HEADER.PAYLOAD." and written as RFC 7515
 * says; the parts are decoded. What jwt_read() says hangs on no time, `aud` or practice, so
 * that it holds for all tokens that differ in iat, exp and aud alone; jwt_meet() adds what
 * does, from the columns of these three. jwt.hash stays missing. */
void jwt_read(struct record *out, struct jwt_said *said, struct jwt_found *found,
              const struct jwt_input *in, struct str header, struct str payload,
              struct arena *arena);
void jwt_meet(struct record *out, struct jwt_said *said, struct jwt_found *found,
              const struct jwt_input *in, struct arena *arena);

/* jwt.hash of a token: what stands behind "Bearer ". */
void jwt_hash(struct record *out, struct str token, struct arena *arena);

/* user.key and org.ods of a token whose payload, decoded, is this: what jwt_judge() finds, and
 * nothing else of it. old: as in jwt_input. */
void jwt_identity(struct record *out, struct str payload, bool old, struct arena *arena);

#endif
