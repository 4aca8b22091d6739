/* sha256_wide.h - the compression function of SHA-256 (FIPS 180-4) for sixteen messages at
 * once, with AVX-512: a vector holds one word of each. It takes half the time of the
 * instructions made for SHA-256 (sha256.h) where there are that many messages. */
#ifndef BASE_SHA256_WIDE_H
#define BASE_SHA256_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Has this machine the instructions, and are they not forbidden by GPCA_PORTABLE? */
bool sha256_wide_available(void);
/* Only where they are available: `blocks` of each message. The states stand word by word,
 * each at a multiple of 64. */
enum { SHA256_WIDE = 16 };
void sha256_wide(uint32_t state[8][SHA256_WIDE], const uint8_t *const bytes[SHA256_WIDE],
                 size_t blocks);

#endif
