/* hash.c - OpenSSL's digests behind plain functions.
 *
 * SHA-256 is fetched once per thread: looking the algorithm up in every call costs more
 * than hashing a short message. CRC-32C uses the instruction of SSE4.2 where the machine
 * has it, else a table of 256 words that is computed by the compiler. */
#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/mem.h"

/* A failure of these calls means no memory or a broken library: there is no going on. */
static void must(int ok)
{
    if (ok != 1) {
        fputs("gpca: the cryptographic library failed\n", stderr);
        abort();
    }
}

static EVP_MD_CTX *begin(void)
{
    static __thread EVP_MD_CTX *context;
    static __thread EVP_MD *sha256;

    if (!context) {
        context = EVP_MD_CTX_new();
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        must(context && sha256);
    }
    must(EVP_DigestInit_ex2(context, sha256, NULL));
    return context;
}

void hash_sha256(uint8_t out[HASH_BYTES], const struct str *part, size_t count)
{
    EVP_MD_CTX *context = begin();

    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, part[i].at, part[i].len));
    must(EVP_DigestFinal_ex(context, out, NULL));
}

void hash_hmac(uint8_t out[HASH_BYTES], struct str key, const struct str *part, size_t count)
{
    struct hash_stream *h = hash_stream_new(key);

    for (size_t i = 0; i < count; i++)
        hash_stream_update(h, part[i]);
    hash_stream_peek(h, out);
    hash_stream_free(h);
}

/* HMAC by its definition, over one block: the message is short and the key fixed, and this
 * is called for every record. */
static void hmac_short(uint8_t out[HASH_BYTES], const uint8_t key[HASH_BYTES],
                       struct str message, uint8_t last)
{
    uint8_t pad[64];
    uint8_t inner[HASH_BYTES];
    struct str part[3] = {{(char *)pad, 64}, message, {(char *)&last, 1}};

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < HASH_BYTES; i++)
        pad[i] ^= key[i];
    hash_sha256(inner, part, 3);
    memset(pad, 0x5c, sizeof pad);
    for (size_t i = 0; i < HASH_BYTES; i++)
        pad[i] ^= key[i];
    part[1] = (struct str){(char *)inner, HASH_BYTES};
    hash_sha256(out, part, 2);
}

void hash_hkdf_expand(uint8_t out[HASH_BYTES], const uint8_t key[HASH_BYTES], struct str info)
{
    hmac_short(out, key, info, 1);
}

static uint32_t crc_portable(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *p,
                                                            size_t len)
{
    uint64_t wide = crc;

    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;

        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; len > 0; len--, p++)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}
#endif

uint32_t hash_crc32c(uint32_t crc, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") && !getenv("GPCA_PORTABLE"))
        return ~crc_sse42(~crc, p, bytes.len);
#endif
    return ~crc_portable(~crc, p, bytes.len);
}

struct hash_stream {
    EVP_MD_CTX *inner, *outer, *peek;
};

struct hash_stream *hash_stream_new(struct str key)
{
    struct hash_stream *h = xmalloc(sizeof *h);
    uint8_t pad[64] = {0};
    uint8_t short_key[HASH_BYTES];

    if (key.len > sizeof pad) {
        hash_sha256(short_key, &key, 1);
        key = (struct str){(char *)short_key, HASH_BYTES};
    }
    if (key.len)
        memcpy(pad, key.at, key.len);
    h->inner = EVP_MD_CTX_new();
    h->outer = EVP_MD_CTX_new();
    h->peek = EVP_MD_CTX_new();
    must(h->inner && h->outer && h->peek);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    must(EVP_DigestInit_ex(h->inner, EVP_sha256(), NULL));
    must(EVP_DigestUpdate(h->inner, pad, sizeof pad));
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    must(EVP_DigestInit_ex(h->outer, EVP_sha256(), NULL));
    must(EVP_DigestUpdate(h->outer, pad, sizeof pad));
    return h;
}

void hash_stream_update(struct hash_stream *h, struct str bytes)
{
    must(EVP_DigestUpdate(h->inner, bytes.at, bytes.len));
}

void hash_stream_peek(const struct hash_stream *h, uint8_t out[HASH_BYTES])
{
    must(EVP_MD_CTX_copy_ex(h->peek, h->inner));
    must(EVP_DigestFinal_ex(h->peek, out, NULL));
    must(EVP_MD_CTX_copy_ex(h->peek, h->outer));
    must(EVP_DigestUpdate(h->peek, out, HASH_BYTES));
    must(EVP_DigestFinal_ex(h->peek, out, NULL));
}

void hash_stream_free(struct hash_stream *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->inner);
    EVP_MD_CTX_free(h->outer);
    EVP_MD_CTX_free(h->peek);
    free(h);
}

struct hash_sum {
    EVP_MD_CTX *context;
};

struct hash_sum *hash_sum_new(void)
{
    struct hash_sum *h = xmalloc(sizeof *h);

    h->context = EVP_MD_CTX_new();
    must(h->context && EVP_DigestInit_ex(h->context, EVP_sha256(), NULL));
    return h;
}

void hash_sum_update(struct hash_sum *h, struct str bytes)
{
    must(EVP_DigestUpdate(h->context, bytes.at, bytes.len));
}

void hash_sum_end(struct hash_sum *h, uint8_t out[HASH_BYTES])
{
    must(EVP_DigestFinal_ex(h->context, out, NULL));
    must(EVP_DigestInit_ex(h->context, EVP_sha256(), NULL));
}

void hash_sum_free(struct hash_sum *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    free(h);
}

void hash_random(void *out, size_t len)
{
    must(RAND_bytes(out, (int)len));
}
