/* tree.c - RFC 6962 section 2.1. Splits at the largest power of two below the size, so the
 * recursions are at most 64 deep. */
#include "store/tree.h"

#include <assert.h>

#include "base/bytes.h"

void entry_encode(uint8_t out[TREE_ENTRY_BYTES], const struct entry *e)
{
    memcpy(out, "GPCA\1", 5);
    out[5] = e->kind;
    put_be16(out + 6, e->class);
    put_be64(out + 8, e->index);
    put_be64(out + 16, e->received_ms);
    put_be32(out + 24, e->destruction_day);
    put_be32(out + 28, e->source);
    memcpy(out + 32, e->commitment, HASH_BYTES);
}

enum { INFO_BYTES = 21 };

static void nonce_info(uint8_t out[INFO_BYTES], uint64_t index)
{
    memcpy(out, "gpca-nonce-v1", 13);
    put_be64(out + 13, index);
}

void entry_nonce(uint8_t out[TREE_NONCE_BYTES], const struct hash_key *key, uint64_t index)
{
    uint8_t info[INFO_BYTES];

    nonce_info(info, index);
    hash_hkdf_expand(out, key, (struct str){(char *)info, sizeof info});
}

static void nonces(uint8_t (*out)[TREE_NONCE_BYTES], const struct hash_key *key,
                   const struct entry *e, size_t count)
{
    uint8_t bytes[TREE_BATCH][INFO_BYTES];
    struct str info[TREE_BATCH] = {{NULL, 0}};

    for (size_t i = 0; i < count; i++) {
        nonce_info(bytes[i], e[i].index);
        info[i] = (struct str){(char *)bytes[i], sizeof bytes[i]};
    }
    hash_hkdf_expand_many(out, key, info, count);
}

static const struct str commit_label = {"gpca-commit-v1", 15}; /* with its NUL */

void entry_commit(uint8_t out[HASH_BYTES], const uint8_t nonce[TREE_NONCE_BYTES],
                  const struct str *part, size_t count)
{
    struct str all[5] = {commit_label, {(const char *)nonce, TREE_NONCE_BYTES}};

    assert(count <= 3);
    for (size_t i = 0; i < count; i++)
        all[2 + i] = part[i];
    hash_sha256(out, all, 2 + count);
}

void entries_hash(struct entry *e, struct hash_message *m, uint8_t (*leaf)[HASH_BYTES],
                  size_t count, const struct hash_key *key)
{
    uint8_t nonce[TREE_BATCH][TREE_NONCE_BYTES];
    uint8_t bytes[TREE_BATCH][TREE_ENTRY_BYTES];

    assert(count <= TREE_BATCH);
    nonces(nonce, key, e, count);
    for (size_t i = 0; i < count; i++) {
        assert(m[i].parts <= HASH_PARTS - 2);
        memmove(m[i].part + 2, m[i].part, m[i].parts * sizeof m[i].part[0]);
        m[i].part[0] = commit_label;
        m[i].part[1] = (struct str){(const char *)nonce[i], TREE_NONCE_BYTES};
        m[i].parts += 2;
        m[i].out = e[i].commitment;
    }
    hash_sha256_many(m, count);
    for (size_t i = 0; i < count; i++) {
        entry_encode(bytes[i], &e[i]);
        m[i] = (struct hash_message){
            {{"\0", 1}, {(const char *)bytes[i], TREE_ENTRY_BYTES}}, 2, leaf[i]};
    }
    hash_sha256_many(m, count);
}

void tree_leaf(uint8_t out[HASH_BYTES], struct str entry)
{
    struct str part[2] = {{"\0", 1}, entry};

    hash_sha256(out, part, 2);
}

void tree_node(uint8_t out[HASH_BYTES], const uint8_t left[HASH_BYTES],
               const uint8_t right[HASH_BYTES])
{
    struct str part[3] = {{"\1", 1},
                          {(const char *)left, HASH_BYTES},
                          {(const char *)right, HASH_BYTES}};

    hash_sha256(out, part, 3);
}

/* Append the root of 2^level leaves, a multiple of which is there. */
static void append_root(struct tree_edge *t, int level, const uint8_t root[HASH_BYTES],
                        uint8_t tile[HASH_BYTES])
{
    uint64_t leaves = (uint64_t)1 << level;
    size_t n = (size_t)__builtin_popcountll(t->size);

    memcpy(t->hash[n], root, HASH_BYTES);
    if (level == TREE_TILE_HEIGHT && tile)
        memcpy(tile, root, HASH_BYTES);
    for (uint64_t size = t->size >> level; size & 1; size >>= 1, n--) {
        tree_node(t->hash[n - 1], t->hash[n - 1], t->hash[n]);
        if (++level == TREE_TILE_HEIGHT && tile)
            memcpy(tile, t->hash[n - 1], HASH_BYTES);
    }
    t->size += leaves;
}

void tree_edge_append(struct tree_edge *t, const uint8_t leaf[HASH_BYTES],
                      uint8_t tile[HASH_BYTES])
{
    append_root(t, 0, leaf, tile);
}

/* The nodes of the level above count nodes, all at once. */
static void nodes_above(uint8_t *out, const uint8_t *nodes, size_t count)
{
    struct hash_message m[TREE_TILE / 2];

    for (size_t i = 0; i < count / 2; i++) {
        const char *two = (const char *)nodes + 2 * i * HASH_BYTES;

        m[i] = (struct hash_message){
            {{"\1", 1}, {two, 2 * HASH_BYTES}}, 2, out + i * HASH_BYTES};
    }
    hash_sha256_many(m, count / 2);
}

/* The root of 2^level leaves, at most a tile of them. */
static void root_of(uint8_t out[HASH_BYTES], const uint8_t *leaves, int level)
{
    uint8_t nodes[2][TREE_TILE / 2 * HASH_BYTES];

    for (; level > 0; level--) {
        nodes_above(nodes[level & 1], leaves, (size_t)1 << level);
        leaves = nodes[level & 1];
    }
    memcpy(out, leaves, HASH_BYTES);
}

/* By the largest perfect subtrees that begin where the tree ends. */
void tree_edge_append_all(struct tree_edge *t, const uint8_t *leaves, uint64_t count,
                          struct buf *tiles)
{
    while (count > 0) {
        uint8_t root[HASH_BYTES], tile[HASH_BYTES];
        int level = 0;

        while (level < TREE_TILE_HEIGHT && !(t->size >> level & 1) && count >> (level + 1))
            level++;
        root_of(root, leaves, level);
        append_root(t, level, root, tile);
        if (tiles && t->size % TREE_TILE == 0)
            buf_put(tiles, tile, HASH_BYTES);
        leaves += HASH_BYTES << level;
        count -= (uint64_t)1 << level;
    }
}

void tree_edge_root(const struct tree_edge *t, uint8_t out[HASH_BYTES])
{
    size_t n = (size_t)__builtin_popcountll(t->size);

    if (n == 0) {
        hash_sha256(out, NULL, 0);
        return;
    }
    memcpy(out, t->hash[n - 1], HASH_BYTES);
    for (size_t i = n - 1; i > 0; i--)
        tree_node(out, t->hash[i - 1], out);
}

static uint64_t split(uint64_t count)
{
    return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

void tree_root(uint8_t out[HASH_BYTES], const uint8_t *leaves, uint64_t count)
{
    struct tree_edge edge;

    edge.size = 0;
    tree_edge_append_all(&edge, leaves, count, NULL);
    tree_edge_root(&edge, out);
}

void tree_inclusion(struct buf *out, const uint8_t *leaves, uint64_t count, uint64_t index)
{
    uint8_t other[HASH_BYTES];
    uint64_t k;

    assert(index < count);
    if (count == 1)
        return;
    k = split(count);
    if (index < k) {
        tree_inclusion(out, leaves, k, index);
        tree_root(other, leaves + k * HASH_BYTES, count - k);
    } else {
        tree_inclusion(out, leaves + k * HASH_BYTES, count - k, index - k);
        tree_root(other, leaves, k);
    }
    buf_put(out, other, HASH_BYTES);
}

static void subproof(struct buf *out, const uint8_t *leaves, uint64_t count, uint64_t old,
                     bool whole)
{
    uint8_t hash[HASH_BYTES];
    uint64_t k;

    if (old == count) {
        if (!whole) {
            tree_root(hash, leaves, count);
            buf_put(out, hash, HASH_BYTES);
        }
        return;
    }
    k = split(count);
    if (old <= k) {
        subproof(out, leaves, k, old, whole);
        tree_root(hash, leaves + k * HASH_BYTES, count - k);
    } else {
        subproof(out, leaves + k * HASH_BYTES, count - k, old - k, false);
        tree_root(hash, leaves, k);
    }
    buf_put(out, hash, HASH_BYTES);
}

void tree_consistency(struct buf *out, const uint8_t *leaves, uint64_t count, uint64_t old)
{
    assert(old <= count);
    if (old > 0)
        subproof(out, leaves, count, old, true);
}
