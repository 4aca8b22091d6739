/* hash.h - the door to OpenSSL's digests. Every function is safe on any thread. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

enum { HASH_BYTES = 32 };

/* A digest, or the first `bytes` of it, as small hex digits with a NUL behind them. */
void hash_hex(char *out, const uint8_t *digest, size_t bytes);

/* SHA-256 of the concatenation of count parts. */
void hash_sha256(uint8_t out[HASH_BYTES], const struct str *part, size_t count);

/* SHA-256 of many messages, each the concatenation of its parts: much faster than one by
 * one. */
enum { HASH_PARTS = 5 };
struct hash_message {
    struct str part[HASH_PARTS];
    size_t parts;
    uint8_t *out; /* HASH_BYTES */
};
void hash_sha256_many(const struct hash_message *m, size_t count);

/* HMAC-SHA-256 (RFC 2104) of the concatenation. */
void hash_hmac(uint8_t out[HASH_BYTES], struct str key, const struct str *part, size_t count);

/* A key of HMAC-SHA-256 that is used for every record: its first blocks are hashed once. */
struct hash_key {
    uint8_t key[HASH_BYTES];
    uint32_t inner[8], outer[8];
    bool ready; /* the two are filled */
};
void hash_key_init(struct hash_key *k, const uint8_t key[HASH_BYTES]);
/* First 32 bytes of HKDF-Expand (RFC 5869) with SHA-256; info is at most 40 bytes. */
void hash_hkdf_expand(uint8_t out[HASH_BYTES], const struct hash_key *key, struct str info);
/* The same for many infos: much faster than one by one. */
void hash_hkdf_expand_many(uint8_t (*out)[HASH_BYTES], const struct hash_key *key,
                           const struct str *info, size_t count);

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), continued from crc; start with 0. */
uint32_t hash_crc32c(uint32_t crc, struct str bytes);

/* A MAC of a stream whose value can be asked for on the way: GMAC (NIST SP 800-38D) with
 * AES-128 under a key and a nonce that HMAC-SHA-256 makes of the given key, padded with
 * zeros. It recognises content of this store; it protects nothing that is published. One
 * thread owns it. */
struct hash_stream;

struct hash_stream *hash_stream_new(struct str key);
void hash_stream_update(struct hash_stream *h, struct str bytes);
/* The MAC of what was put so far; the stream goes on. */
void hash_stream_peek(const struct hash_stream *h, uint8_t out[HASH_BYTES]);
void hash_stream_free(struct hash_stream *h); /* NULL is allowed */

/* Plain SHA-256 of a stream. One thread owns it. */
struct hash_sum;

struct hash_sum *hash_sum_new(void);
void hash_sum_update(struct hash_sum *h, struct str bytes);
void hash_sum_end(struct hash_sum *h, uint8_t out[HASH_BYTES]); /* and starts afresh */
void hash_sum_free(struct hash_sum *h); /* NULL is allowed */

/* Random bytes for keys and identities; aborts where the system has none. */
void hash_random(void *out, size_t len);

#endif
