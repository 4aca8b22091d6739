/* sign.h - the door to OpenSSL's Ed25519 (RFC 8032). Safe on any thread. */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { SIGN_SEED_BYTES = 32, SIGN_PUBLIC_BYTES = 32, SIGN_BYTES = 64 };

void sign_public(uint8_t out[SIGN_PUBLIC_BYTES], const uint8_t seed[SIGN_SEED_BYTES]);
void sign_message(uint8_t out[SIGN_BYTES], const uint8_t seed[SIGN_SEED_BYTES],
                  struct str message);
bool sign_verify(const uint8_t public[SIGN_PUBLIC_BYTES], const uint8_t signature[SIGN_BYTES],
                 struct str message);

#endif
