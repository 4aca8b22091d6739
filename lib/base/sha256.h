/* sha256.h - the compression function of SHA-256 (FIPS 180-4) with the instructions that
 * x86-64 has for it. The hashes of a record are short, and OpenSSL's calls around them
 * cost more than the hashing; where the instructions are missing, hash.c uses OpenSSL. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Has this machine the instructions, and are they not forbidden by GPCA_PORTABLE? */
bool sha256_available(void);
extern const uint32_t sha256_start[8];
extern const uint32_t sha256_constants[64]; /* of the rounds */
/* Only where they are available. */
void sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t blocks);
/* Of four messages at once: `blocks` of each. */
enum { SHA256_LANES = 4 };
void sha256_lanes(uint32_t *const state[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
                  size_t blocks);

#endif
