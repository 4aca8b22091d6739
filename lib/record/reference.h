/* reference.h - the pseudonym of a patient: equal for equal numbers under one key, safe to
 * show and to put into URLs. Pure. */
#ifndef RECORD_REFERENCE_H
#define RECORD_REFERENCE_H

#include "base/arena.h"
#include "base/hash.h"

/* `P-` and twelve characters of Crockford's base32, from HMAC-SHA-256 of the number without
 * spaces and hyphens; in the arena. */
struct str reference_of(const uint8_t key[HASH_BYTES], struct str number, struct arena *arena);

#endif
