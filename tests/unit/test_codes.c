/* base64url, SHA-256 and the hashes in both forms: the fast ones give what the plain ones
 * give, whatever the length. */
#include "base/base64url.h"
#include "base/hash.h"
#include "base/sha256.h"
#include "tests/test.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* By the definition, one character at a time. */
static size_t encode_plainly(char *out, const uint8_t *p, size_t n)
{
    size_t len = 0;

    for (size_t bit = 0; bit < n * 8; bit += 6) {
        unsigned v = 0;

        for (size_t b = bit; b < bit + 6; b++)
            v = v << 1 | (b < n * 8 ? (unsigned)(p[b / 8] >> (7 - b % 8) & 1) : 0);
        out[len++] = alphabet[v];
    }
    return len;
}

static void base64url(void)
{
    uint8_t bytes[200];
    char text[300], other[300], back[300];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t n = 0; n < sizeof bytes; n++) {
        size_t len = base64url_encode(text, (struct str){(char *)bytes, n});
        size_t got;

        CHECK(len == base64url_length(n) && len == encode_plainly(other, bytes, n));
        CHECK(memcmp(text, other, len) == 0);
        CHECK(base64url_decode(back, &got, (struct str){text, len}));
        CHECK(got == n && memcmp(back, bytes, n) == 0);
        for (size_t at = 0; at < len; at += 5) {
            char kept = text[at];

            for (unsigned c = 0; c < 256; c += 3) {
                if (memchr(alphabet, (int)c, 64))
                    continue;
                text[at] = (char)c;
                CHECK(!base64url_decode(back, &got, (struct str){text, len}));
            }
            text[at] = kept;
        }
    }
    CHECK(!base64url_decode(back, &(size_t){0}, STR("QQ=="))); /* padded */
    CHECK(!base64url_decode(back, &(size_t){0}, STR("QR")));   /* unused bits set */
    CHECK(!base64url_decode(back, &(size_t){0}, STR("Q")));
}

static bool is(const uint8_t *hash, const char *hex)
{
    for (int i = 0; i < HASH_BYTES; i++) {
        char two[3];

        snprintf(two, sizeof two, "%02x", hash[i]);
        if (memcmp(two, hex + 2 * i, 2) != 0)
            return false;
    }
    return true;
}

/* FIPS 180-4's examples; every split of a message into parts gives one hash. */
static void sha256(void)
{
    static char text[1000];
    uint8_t whole[HASH_BYTES], parts[HASH_BYTES];
    struct str s = STR("abc");

    hash_sha256(whole, &s, 1);
    CHECK(is(whole, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    hash_sha256(whole, NULL, 0);
    CHECK(is(whole, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    memset(text, 'a', sizeof text);
    for (size_t n = 0; n < 300; n++) {
        struct hash_sum *sum = hash_sum_new();

        s = (struct str){text, n};
        hash_sha256(whole, &s, 1);
        hash_sum_update(sum, s); /* OpenSSL's */
        hash_sum_end(sum, parts);
        hash_sum_free(sum);
        CHECK(memcmp(whole, parts, HASH_BYTES) == 0);
        for (size_t cut = 0; cut <= n; cut += 13) {
            struct str two[2] = {{text, cut}, {text + cut, n - cut}};

            hash_sha256(parts, two, 2);
            CHECK(memcmp(whole, parts, HASH_BYTES) == 0);
        }
    }
}

/* Many at once are what they are one by one, however many there are and wherever their parts
 * and blocks end. */
static void many(void)
{
    enum { MOST = 70 };
    static char text[MOST * 9];
    static uint8_t out[MOST][HASH_BYTES], one[HASH_BYTES];
    static struct hash_message m[MOST];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + i / 7);
    for (size_t n = 0; n <= MOST; n++) {
        memset(out, 0, sizeof out);
        for (size_t i = 0; i < n; i++)
            m[i] = (struct hash_message){
                {{text, i % 3}, {text + i, i * 7}, {text, i * n % 130}}, 3, out[i]};
        hash_sha256_many(m, n);
        for (size_t i = 0; i < n; i++) {
            hash_sha256(one, m[i].part, m[i].parts);
            CHECK(memcmp(out[i], one, HASH_BYTES) == 0);
        }
    }
}

/* RFC 4231, case 2; RFC 5869's expand is HMAC(key, info 0x01) for one block. */
static void keyed(void)
{
    struct str message = STR("what do ya want for nothing?");
    uint8_t mac[HASH_BYTES], other[HASH_BYTES], key[HASH_BYTES];
    struct str part[2] = {STR("info"), STR("\1")};
    struct hash_key k;

    hash_hmac(mac, STR("Jefe"), &message, 1);
    CHECK(is(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 7, sizeof key);
    hash_key_init(&k, key);
    hash_hkdf_expand(mac, &k, STR("info"));
    hash_hmac(other, (struct str){(char *)key, sizeof key}, part, 2);
    CHECK(memcmp(mac, other, HASH_BYTES) == 0);
    for (size_t n = 0; n < 70; n++) {
        static uint8_t out[70][HASH_BYTES];
        static struct str info[70];

        info[n] = str_part(STR("abcdefghijklmnopqrstuvwxyz0123456789"), 0, n % 37);
        hash_hkdf_expand_many(out, &k, info, n + 1);
        for (size_t i = 0; i <= n; i++) {
            hash_hkdf_expand(mac, &k, info[i]);
            CHECK(memcmp(mac, out[i], HASH_BYTES) == 0);
        }
    }
}

int main(void)
{
    base64url();
    sha256();
    many();
    keyed();
    return 0;
}
