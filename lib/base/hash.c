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
#include "base/sha256_wide.h"

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
    bool known, sha256, wide, crc32;
};

static const struct machine *machine(void)
{
    static __thread struct machine known;

    if (!known.known) {
        known.sha256 = sha256_available();
        known.wide = known.sha256 && sha256_wide_available();
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
    uint32_t *state;    /* its words, `step` apart */
    size_t step;
    const uint8_t *run; /* next blocks */
    size_t blocks;
    uint8_t block[64];
};

/* The messages that wait for a lane; all go on from the state of `done` bytes. */
struct waiting {
    const struct hash_message *next, *end;
    const uint32_t *start;
    uint64_t done;
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
static bool feed_lane(struct lane *l, struct waiting *w)
{
    if (l->message && l->ended) {
        for (size_t i = 0; i < 8; i++)
            put_be32(l->message->out + 4 * i, l->state[i * l->step]);
        l->message = NULL;
    }
    if (!l->message) {
        if (w->next == w->end)
            return false;
        l->message = w->next++;
        l->part = l->at = 0;
        l->done = w->done;
        l->padded = l->ended = false;
        for (size_t i = 0; i < 8; i++)
            l->state[i * l->step] = w->start[i];
    }
    next_run(l);
    return true;
}

/* What is left in the lanes, one after the other. */
static void finish_lanes(struct lane *lane, size_t lanes, struct waiting *w)
{
    for (size_t i = 0; i < lanes; i++)
        while (lane[i].message) {
            uint32_t state[8];

            for (size_t k = 0; k < 8; k++)
                state[k] = lane[i].state[k * lane[i].step];
            sha256_blocks(state, lane[i].run, lane[i].blocks);
            for (size_t k = 0; k < 8; k++)
                lane[i].state[k * lane[i].step] = state[k];
            feed_lane(&lane[i], w);
        }
}

/* The next blocks of all lanes that have some, as many as the first one to end has; the
 * others point to bytes that can be read as well as theirs. */
static size_t next_blocks(const struct lane *lane, size_t lanes, const uint8_t **run)
{
    const uint8_t *any = NULL;
    size_t blocks = SIZE_MAX;

    for (size_t i = 0; i < lanes; i++) {
        run[i] = lane[i].message ? lane[i].run : NULL;
        if (lane[i].message && lane[i].blocks < blocks)
            blocks = lane[i].blocks;
        any = run[i] ? run[i] : any;
    }
    for (size_t i = 0; i < lanes; i++)
        run[i] = run[i] ? run[i] : any;
    return blocks;
}

/* How many lanes have got nothing more to do. */
static size_t pass_blocks(struct lane *lane, size_t lanes, size_t blocks, struct waiting *w)
{
    size_t ended = 0;

    for (size_t i = 0; i < lanes; i++) {
        if (!lane[i].message)
            continue;
        lane[i].run += blocks * sizeof lane[i].block;
        lane[i].blocks -= blocks;
        if (lane[i].blocks == 0)
            ended += !feed_lane(&lane[i], w);
    }
    return ended;
}

/* Below so many messages those that are left are hashed faster one by one. */
enum { WIDE_LEAST = 7 };

static void hash_wide(struct waiting *w)
{
    _Alignas(64) uint32_t state[8][SHA256_WIDE];
    struct lane lane[SHA256_WIDE];
    const uint8_t *run[SHA256_WIDE];
    size_t busy = 0;

    memset(state, 0, sizeof state);
    for (size_t i = 0; i < SHA256_WIDE; i++) {
        lane[i].message = NULL;
        lane[i].state = &state[0][i];
        lane[i].step = SHA256_WIDE;
        busy += feed_lane(&lane[i], w);
    }
    while (busy >= WIDE_LEAST) {
        size_t blocks = next_blocks(lane, SHA256_WIDE, run);

        sha256_wide(state, run, blocks);
        busy -= pass_blocks(lane, SHA256_WIDE, blocks, w);
    }
    finish_lanes(lane, SHA256_WIDE, w);
}

static void hash_lanes(struct waiting *w)
{
    uint32_t state[SHA256_LANES][8];
    uint32_t *states[SHA256_LANES];
    struct lane lane[SHA256_LANES];
    const uint8_t *run[SHA256_LANES];
    size_t busy = 0;

    for (size_t i = 0; i < SHA256_LANES; i++) {
        lane[i].message = NULL;
        lane[i].state = states[i] = state[i];
        lane[i].step = 1;
        busy += feed_lane(&lane[i], w);
    }
    while (busy == SHA256_LANES) {
        size_t blocks = next_blocks(lane, SHA256_LANES, run);

        sha256_lanes(states, run, blocks);
        busy -= pass_blocks(lane, SHA256_LANES, blocks, w);
    }
    finish_lanes(lane, SHA256_LANES, w);
}

/* All of them go on from the state of `done` bytes; not where there are no instructions. */
static void hash_many(const struct hash_message *m, size_t count, const uint32_t start[8],
                      uint64_t done)
{
    struct waiting w = {m, m + count, start, done};

    if (machine()->wide && count >= WIDE_LEAST)
        hash_wide(&w);
    else
        hash_lanes(&w);
}

void hash_sha256_many(const struct hash_message *m, size_t count)
{
    if (machine()->sha256)
        hash_many(m, count, sha256_start, 0);
    else
        for (; count > 0; m++, count--)
            hash_sha256(m->out, m->part, m->parts);
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

void hash_hkdf_expand_many(uint8_t (*out)[HASH_BYTES], const struct hash_key *key,
                           const struct str *info, size_t count)
{
    enum { AT_ONCE = 64 };
    struct hash_message m[AT_ONCE];

    for (; count > 0 && !key->ready; out++, info++, count--)
        hash_hkdf_expand(*out, key, *info);
    while (count > 0) {
        size_t n = count < AT_ONCE ? count : AT_ONCE;

        for (size_t i = 0; i < n; i++)
            m[i] = (struct hash_message){{info[i], STR("\1")}, 2, out[i]};
        hash_many(m, n, key->inner, 64);
        for (size_t i = 0; i < n; i++)
            m[i] = (struct hash_message){{{(char *)out[i], HASH_BYTES}}, 1, out[i]};
        hash_many(m, n, key->outer, 64);
        out += n;
        info += n;
        count -= n;
    }
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
