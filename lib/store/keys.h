/* keys.h - the secrets and the name of one store, in DIR/keys (0700, files 0600). */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "store/note.h"

enum { KEYS_COMMITMENT_ID = 1 };

struct keys {
    struct note_key verifier; /* its name is the origin of the log */
    uint8_t signing[SIGN_SEED_BYTES];
    struct hash_key commitment;
    uint8_t content[HASH_BYTES]; /* for the MAC by which content is known again */
};

/* Make all of them; only for a store that is new. */
int keys_create(struct keys *out, const char *dir, struct err *err);
/* ERR_MISSING or ERR_IO where they cannot be read; ERR_INVALID where one is not a key. */
int keys_load(struct keys *out, const char *dir, struct err *err);

#endif
