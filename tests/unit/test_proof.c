/* The Merkle tree, keys and heads against the published vectors and the fixed one. */
#include "base/base64.h"
#include "store/note.h"
#include "tests/test.h"

static void hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool is(const uint8_t *bytes, const char *want)
{
    char text[2 * 64 + 1];

    hex(text, bytes, strlen(want) / 2);
    return strcmp(text, want) == 0;
}

/* SHA-256 over "<n> <root>\n" for the trees of the leaves 0..n-1, n = 1 to 130. */
static void grows_as_rfc6962(void)
{
    static uint8_t leaves[130 * HASH_BYTES];
    struct tree_edge edge = {0};
    struct buf lines = {0};
    uint8_t root[HASH_BYTES];
    struct str all;

    for (unsigned i = 0; i < 130; i++) {
        char c = (char)i;
        char text[65];
        uint8_t other[HASH_BYTES];

        tree_leaf(leaves + i * HASH_BYTES, (struct str){&c, 1});
        tree_edge_append(&edge, leaves + i * HASH_BYTES, NULL);
        tree_edge_root(&edge, root);
        tree_root(other, leaves, i + 1);
        CHECK(memcmp(root, other, HASH_BYTES) == 0);
        hex(text, root, HASH_BYTES);
        buf_printf(&lines, "%u %s\n", i + 1, text);
    }
    all = buf_str(&lines);
    hash_sha256(root, &all, 1);
    CHECK(is(root, "d35ccec0cee406fa63d1597891bb2d66df747b4e8817cd6e010a2d58fffb1fcb"));
    buf_release(&lines);
}

/* Many leaves at once give the edge and the tiles that they give one by one, wherever the
 * tree ended before. */
static void grows_by_many(void)
{
    enum { MOST = 700 };
    static uint8_t leaves[MOST * HASH_BYTES];

    for (size_t i = 0; i < sizeof leaves; i++)
        leaves[i] = (uint8_t)(i * 7 + i / 32);
    for (size_t before = 0; before < 300; before += 37)
        for (size_t count = 0; count <= MOST - before; count += 11) {
            struct tree_edge all = {0}, one = {0};
            struct buf tiles = {0}, expected = {0};
            uint8_t tile[HASH_BYTES];

            for (size_t i = 0; i < before + count; i++) {
                tree_edge_append(&one, leaves + i * HASH_BYTES, tile);
                if (one.size % TREE_TILE == 0)
                    buf_put(&expected, tile, sizeof tile);
            }
            tree_edge_append_all(&all, leaves, before, &tiles);
            tree_edge_append_all(&all, leaves + before * HASH_BYTES, count, &tiles);
            CHECK(all.size == one.size && str_equal(buf_str(&tiles), buf_str(&expected)));
            CHECK(memcmp(all.hash, one.hash,
                         (size_t)__builtin_popcountll(one.size) * HASH_BYTES) == 0);
            buf_release(&tiles);
            buf_release(&expected);
        }
}

static void known_digests(void)
{
    uint8_t out[HASH_BYTES];
    struct str abc = STR("abc");
    struct str what = STR("what do ya want for nothing?");

    hash_sha256(out, &abc, 1);
    CHECK(is(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    hash_sha256(out, NULL, 0);
    CHECK(is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    hash_hmac(out, STR("Jefe"), &what, 1);
    CHECK(is(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    CHECK(hash_crc32c(0, STR("123456789")) == 0xe3069283);
    setenv("GPCA_PORTABLE", "1", 1);
    CHECK(hash_crc32c(0, STR("123456789")) == 0xe3069283);
    unsetenv("GPCA_PORTABLE");
}

static void leaf_of(uint8_t leaf[HASH_BYTES], uint8_t entry[TREE_ENTRY_BYTES], unsigned i)
{
    struct entry e = {.kind = ENTRY_RECORD, .class = 1, .index = i,
                      .received_ms = 1700000000000ULL + i, .destruction_day = 22000,
                      .source = 1};
    uint8_t nonce[TREE_NONCE_BYTES];
    char text[16];
    struct str record;

    memset(nonce, (int)i, sizeof nonce);
    snprintf(text, sizeof text, "{\"n\":%u}", i);
    record = str_of(text);
    entry_commit(e.commitment, nonce, &record, 1);
    entry_encode(entry, &e);
    tree_leaf(leaf, (struct str){(char *)entry, TREE_ENTRY_BYTES});
}

static void witness_line(struct buf *out, struct str text)
{
    uint8_t seed[SIGN_SEED_BYTES];
    uint8_t raw[4 + 8 + SIGN_BYTES] = {0xe2, 0x74, 0xa0, 0xbd};
    uint64_t at = 1700000100;
    struct buf message = {0};

    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(32 + i);
    for (int i = 0; i < 8; i++)
        raw[4 + i] = (uint8_t)(at >> (56 - 8 * i));
    buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)at);
    buf_put_str(&message, text);
    sign_message(raw + 12, seed, buf_str(&message));
    buf_put_text(out, "\xe2\x80\x94 witness.example.nhs.uk/w1 ");
    base64_encode(out, (struct str){(char *)raw, sizeof raw});
    buf_put_text(out, "\n");
    buf_release(&message);
}

static void fixed_vector(void)
{
    static uint8_t leaves[5 * HASH_BYTES];
    uint8_t entry[5][TREE_ENTRY_BYTES];
    uint8_t seed[SIGN_SEED_BYTES];
    uint8_t public[SIGN_PUBLIC_BYTES];
    uint8_t out[HASH_BYTES];
    uint8_t extra[64];
    struct checkpoint c = {.origin = "audit.example.nhs.uk/gpconnect/log1", .size = 5};
    struct checkpoint back;
    struct note_key key;
    struct note_key parsed;
    struct buf text = {0}, note = {0}, proof = {0}, siblings = {0};
    struct str all;
    struct err err;

    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    sign_public(public, seed);
    CHECK(note_key_init(&key, str_of(c.origin), public, &err) == 0);
    note_key_print(&text, &key);
    CHECK(str_equal(buf_str(&text), STR("audit.example.nhs.uk/gpconnect/log1+9e539ef5+"
                                        "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4")));
    CHECK(note_key_parse(&parsed, buf_str(&text), &err) == 0);
    CHECK(memcmp(parsed.public, public, sizeof public) == 0);
    for (unsigned i = 0; i < 5; i++)
        leaf_of(leaves + i * HASH_BYTES, entry[i], i);
    CHECK(is(entry[3], "475043410101000100000000000000030000018bcfe56803000055f000000001a6e5"
                       "ce7acffa46139f751afa1cef55000f059478340aa85657032e359d34bfe6"));
    CHECK(is(leaves, "f50c5041a5892018d7f14a35d896d2cac4a2f1d7d743ebe5e853e59b5287b2cf"));
    tree_root(c.root, leaves, 5);
    CHECK(is(c.root, "c4ab53c7b37d4683835463470ec6ddc872edc43e5e2a145425b23bd7199e958e"));
    checkpoint_sign(&note, &c, &key, seed);
    all = buf_str(&note);
    all.len = (size_t)((const char *)memmem(all.at, all.len, "\n\n", 2) - all.at) + 1;
    witness_line(&note, all);
    all = buf_str(&note);
    CHECK(checkpoint_open(&back, all, &key, &err) == 0 && back.size == 5);
    hash_sha256(out, &all, 1);
    CHECK(is(out, "0f5b587b69c5be90fcbe8bd86a82c921feea0b96478126fbaa632ee2af49ffdd"));
    tree_inclusion(&siblings, leaves, 5, 3);
    memcpy(extra, entry[3], 32);
    memset(extra + 32, 3, 32);
    proof_print(&proof, (struct str){(char *)extra, sizeof extra}, 3, buf_str(&siblings), all);
    all = buf_str(&proof);
    hash_sha256(out, &all, 1);
    CHECK(is(out, "d09c5f0bb4d42cc843c298662d9f883bc699cdf89db293ae27a3375af1c97ae7"));
    note.at[0] ^= 1; /* the origin */
    CHECK(checkpoint_open(&back, buf_str(&note), &key, &err) < 0);
    buf_release(&text);
    buf_release(&note);
    buf_release(&proof);
    buf_release(&siblings);
}

static void tile_paths(void)
{
    struct buf path = {0};

    tile_path(&path, 0, 1234067, 256);
    CHECK(str_equal(buf_str(&path), STR("tile/0/x001/x234/067")));
    buf_clear(&path);
    tile_path(&path, -1, 273, 112);
    CHECK(str_equal(buf_str(&path), STR("tile/entries/273.p/112")));
    buf_release(&path);
}

int main(void)
{
    known_digests();
    grows_as_rfc6962();
    grows_by_many();
    fixed_vector();
    tile_paths();
    return 0;
}
