/* hash.c - OpenSSL's digests behind plain functions.
 *
 * SHA-256 is fetched once per thread: looking the algorithm up in every call costs more
 * than hashing a short message. CRC-32C uses the instruction of SSE4.2 where the machine
 * has it, else a table of 256 words that is computed by the compiler. */
#include "base/hash.h"

#include <assert.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/sha256.h"

/* A failure of these calls means no memory or a broken library: there is no going on. */
static void must(int ok)
{
    if (ok != 1) {
        fputs("gpca: the cryptographic library failed\n", stderr);
        abort();
    }
}

/* What the machine can do, asked once a thread: neither it nor the environment is to be
 * asked for every hash. */
struct machine {
    bool known, sha256, crc32;
};

static const struct machine *machine(void)
{
    static __thread struct machine known;

    if (!known.known) {
        known.sha256 = sha256_available();
#if defined(__x86_64__)
        known.crc32 = __builtin_cpu_supports("sse4.2") && !getenv("GPCA_PORTABLE");
#endif
        known.known = true;
    }
    return &known;
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

/* Parts through a block of 64 bytes; the state is that of `done` bytes already hashed. */
static void sha256_fast(uint8_t out[HASH_BYTES], uint32_t state[8], uint64_t done,
                        const struct str *part, size_t count)
{
    uint8_t block[128];
    size_t held = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = (const uint8_t *)part[i].at;
        size_t left = part[i].len;

        done += left;
        if (held > 0 && left > 0) {
            size_t n = 64 - held < left ? 64 - held : left;

            memcpy(block + held, p, n);
            held += n;
            p += n;
            left -= n;
            if (held == 64) {
                sha256_blocks(state, block, 1);
                held = 0;
            }
        }
        if (left >= 64) {
            sha256_blocks(state, p, left / 64);
            p += left & ~(size_t)63;
            left &= 63;
        }
        if (left > 0) {
            memcpy(block, p, left);
            held = left;
        }
    }
    memset(block + held, 0, sizeof block - held);
    block[held] = 0x80;
    put_be64(block + (held < 56 ? 56 : 120), done * 8);
    sha256_blocks(state, block, held < 56 ? 1 : 2);
    for (int i = 0; i < 8; i++)
        put_be32(out + 4 * i, state[i]);
}

void hash_hex(char *out, const uint8_t *digest, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * bytes] = '\0';
}

void hash_sha256(uint8_t out[HASH_BYTES], const struct str *part, size_t count)
{
    uint32_t state[8];
    EVP_MD_CTX *context;

    if (machine()->sha256) {
        memcpy(state, sha256_start, sizeof state);
        sha256_fast(out, state, 0, part, count);
        return;
    }
    context = begin();
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, part[i].at, part[i].len));
    must(EVP_DigestFinal_ex(context, out, NULL));
}

/* ---- many at once ---- */

/* A message on its way through one lane: whole blocks of its parts where they lie, and what
 * stands across parts or at the end from `block`. */
struct lane {
    const struct hash_message *message; /* NULL: idle */
    size_t part, at;
    uint64_t done;
    bool padded, ended; /* the mark behind the last byte, the length: are in a block */
    uint32_t state[8];
    const uint8_t *run; /* next blocks */
    size_t blocks;
    uint8_t block[64];
};

/* Fill l->block with what is left, or find a run of whole blocks. */
static void next_run(struct lane *l)
{
    const struct hash_message *m = l->message;
    size_t held = 0;

    l->run = l->block;
    l->blocks = 1;
    for (; l->part < m->parts && held < sizeof l->block;) {
        struct str p = m->part[l->part];
        size_t left = p.len - l->at;
        size_t n = sizeof l->block - held < left ? sizeof l->block - held : left;

        if (held == 0 && left >= sizeof l->block) {
            l->run = (const uint8_t *)p.at + l->at;
            l->blocks = left / sizeof l->block;
            l->at += l->blocks * sizeof l->block;
            l->done += l->blocks * sizeof l->block;
            return;
        }
        if (n > 0)
            memcpy(l->block + held, p.at + l->at, n);
        held += n;
        l->at += n;
        l->done += n;
        if (l->at == p.len) {
            l->part++;
            l->at = 0;
        }
    }
    if (held == sizeof l->block)
        return;
    memset(l->block + held, 0, sizeof l->block - held);
    if (!l->padded)
        l->block[held] = 0x80;
    if (held < 56) {
        put_be64(l->block + 56, l->done * 8);
        l->ended = true;
    }
    l->padded = true;
}

/* Go on to the next blocks, of the next message where one is finished. False: none left. */
static bool feed_lane(struct lane *l, const struct hash_message **next,
                      const struct hash_message *end)
{
    if (l->message && l->ended) {
        for (int i = 0; i < 8; i++)
            put_be32(l->message->out + 4 * i, l->state[i]);
        l->message = NULL;
    }
    if (!l->message) {
        if (*next == end)
            return false;
        l->message = (*next)++;
        l->part = l->at = 0;
        l->done = 0;
        l->padded = l->ended = false;
        memcpy(l->state, sha256_start, sizeof l->state);
    }
    next_run(l);
    return true;
}

void hash_sha256_many(const struct hash_message *m, size_t count)
{
    const struct hash_message *next = m;
    struct lane lane[SHA256_LANES];
    size_t busy = SHA256_LANES;

    for (; count > 0 && !machine()->sha256; m++, count--)
        hash_sha256(m->out, m->part, m->parts);
    if (count == 0)
        return;
    for (size_t i = 0; i < SHA256_LANES; i++)
        lane[i].message = NULL;
    for (size_t i = 0; i < SHA256_LANES; i++)
        busy -= !feed_lane(&lane[i], &next, m + count);
    while (busy == SHA256_LANES) {
        uint32_t *state[SHA256_LANES];
        const uint8_t *run[SHA256_LANES];
        size_t blocks = SIZE_MAX;

        for (size_t i = 0; i < SHA256_LANES; i++) {
            state[i] = lane[i].state;
            run[i] = lane[i].run;
            blocks = lane[i].blocks < blocks ? lane[i].blocks : blocks;
        }
        sha256_lanes(state, run, blocks);
        for (size_t i = 0; i < SHA256_LANES; i++) {
            lane[i].run += blocks * 64;
            lane[i].blocks -= blocks;
            if (lane[i].blocks == 0)
                busy -= !feed_lane(&lane[i], &next, m + count);
        }
    }
    for (size_t i = 0; i < SHA256_LANES; i++)
        while (lane[i].message) {
            sha256_blocks(lane[i].state, lane[i].run, lane[i].blocks);
            feed_lane(&lane[i], &next, m + count);
        }
}

void hash_hmac(uint8_t out[HASH_BYTES], struct str key, const struct str *part, size_t count)
{
    uint8_t pad[64] = {0};
    uint8_t inner[HASH_BYTES];
    struct str all[6];

    assert(count <= 5);
    if (key.len > sizeof pad) {
        hash_sha256(inner, &key, 1);
        key = (struct str){(char *)inner, HASH_BYTES};
    }
    if (key.len)
        memcpy(pad, key.at, key.len);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    all[0] = (struct str){(char *)pad, sizeof pad};
    for (size_t i = 0; i < count; i++)
        all[i + 1] = part[i];
    hash_sha256(inner, all, count + 1);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    all[1] = (struct str){(char *)inner, HASH_BYTES};
    hash_sha256(out, all, 2);
}

void hash_key_init(struct hash_key *k, const uint8_t key[HASH_BYTES])
{
    uint8_t pad[64] = {0};

    memcpy(k->key, key, HASH_BYTES);
    k->ready = machine()->sha256;
    if (!k->ready)
        return;
    memcpy(pad, key, HASH_BYTES);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    memcpy(k->inner, sha256_start, sizeof k->inner);
    sha256_blocks(k->inner, pad, 1);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    memcpy(k->outer, sha256_start, sizeof k->outer);
    sha256_blocks(k->outer, pad, 1);
}

void hash_hkdf_expand(uint8_t out[HASH_BYTES], const struct hash_key *key, struct str info)
{
    uint8_t inner[HASH_BYTES];
    struct str part[2] = {info, STR("\1")};
    struct str second = {(char *)inner, HASH_BYTES};
    uint32_t state[8];

    if (!key->ready) {
        hash_hmac(out, (struct str){(const char *)key->key, HASH_BYTES}, part, 2);
        return;
    }
    memcpy(state, key->inner, sizeof state);
    sha256_fast(inner, state, 64, part, 2);
    memcpy(state, key->outer, sizeof state);
    sha256_fast(out, state, 64, &second, 1);
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
    if (machine()->crc32)
        return ~crc_sse42(~crc, p, bytes.len);
#endif
    return ~crc_portable(~crc, p, bytes.len);
}

struct hash_stream {
    EVP_MAC *method;
    EVP_MAC_CTX *context;
};

struct hash_stream *hash_stream_new(struct str key)
{
    struct hash_stream *h = xmalloc(sizeof *h);
    struct str purpose = STR("gpca-content-v1");
    uint8_t made[HASH_BYTES];
    char cipher[] = "AES-128-GCM";
    OSSL_PARAM param[3];

    hash_hmac(made, key, &purpose, 1);
    param[0] = OSSL_PARAM_construct_utf8_string("cipher", cipher, 0);
    param[1] = OSSL_PARAM_construct_octet_string("iv", made + 16, 12);
    param[2] = OSSL_PARAM_construct_end();
    h->method = EVP_MAC_fetch(NULL, "GMAC", NULL);
    must(h->method != NULL);
    h->context = EVP_MAC_CTX_new(h->method);
    must(h->context && EVP_MAC_init(h->context, made, 16, param) == 1);
    return h;
}

void hash_stream_update(struct hash_stream *h, struct str bytes)
{
    if (bytes.len > 0)
        must(EVP_MAC_update(h->context, (const unsigned char *)bytes.at, bytes.len));
}

void hash_stream_peek(const struct hash_stream *h, uint8_t out[HASH_BYTES])
{
    EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(h->context);
    size_t len;

    memset(out, 0, HASH_BYTES);
    must(copy && EVP_MAC_final(copy, out, &len, HASH_BYTES) == 1);
    EVP_MAC_CTX_free(copy);
}

void hash_stream_free(struct hash_stream *h)
{
    if (!h)
        return;
    EVP_MAC_CTX_free(h->context);
    EVP_MAC_free(h->method);
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
