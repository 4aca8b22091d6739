/* tree.h - the Merkle tree of RFC 6962 section 2.1, its entries, and proofs. Pure. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

enum { TREE_ENTRY_BYTES = 64, TREE_EDGE_MAX = 64, TREE_NONCE_BYTES = 32,
       TREE_TILE_HEIGHT = 8, TREE_TILE = 256 };
enum { ENTRY_RECORD = 1, ENTRY_EVENT = 2 };

struct entry {
    uint8_t kind;
    uint16_t class;
    uint64_t index;
    uint64_t received_ms;
    uint32_t destruction_day;
    uint32_t source;
    uint8_t commitment[HASH_BYTES];
};

/* The 64 bytes of an entry, big-endian, version 1. */
void entry_encode(uint8_t out[TREE_ENTRY_BYTES], const struct entry *e);

/* HKDF-Expand(key, "gpca-nonce-v1" || index, 8 bytes big-endian). */
void entry_nonce(uint8_t out[TREE_NONCE_BYTES], const struct hash_key *key, uint64_t index);

/* SHA-256("gpca-commit-v1" 0x00 || nonce || the parts of the record, one behind another). */
void entry_commit(uint8_t out[HASH_BYTES], const uint8_t nonce[TREE_NONCE_BYTES],
                  const struct str *part, size_t count);

/* Commitments and leaf hashes of many entries: m[i] holds the parts of the record and their
 * number; the commitment goes into e[i], the hash of the leaf to leaf[i]. At most
 * TREE_BATCH of them. */
enum { TREE_BATCH = 256 };
void entries_hash(struct entry *e, struct hash_message *m, uint8_t (*leaf)[HASH_BYTES],
                  size_t count, const struct hash_key *key);

void tree_leaf(uint8_t out[HASH_BYTES], struct str entry);
void tree_node(uint8_t out[HASH_BYTES], const uint8_t left[HASH_BYTES],
               const uint8_t right[HASH_BYTES]);

/* The right edge: roots of the perfect subtrees of a tree of `size` leaves, largest
 * first. Enough to append and to give the root. Zero-initialise for the empty tree. */
struct tree_edge {
    uint64_t size;
    uint8_t hash[TREE_EDGE_MAX][HASH_BYTES];
};

/* When the leaf completes a node of level 1 (TREE_TILE leaves), that goes to tile, which
 * may be NULL. */
void tree_edge_append(struct tree_edge *t, const uint8_t leaf[HASH_BYTES],
                      uint8_t tile[HASH_BYTES]);
/* The same for many, count * HASH_BYTES bytes at leaves, much faster; the tiles are appended
 * to that buffer, which may be NULL. */
void tree_edge_append_all(struct tree_edge *t, const uint8_t *leaves, uint64_t count,
                          struct buf *tiles);
void tree_edge_root(const struct tree_edge *t, uint8_t out[HASH_BYTES]);

/* Over all leaf hashes, count * HASH_BYTES bytes at leaves. */
void tree_root(uint8_t out[HASH_BYTES], const uint8_t *leaves, uint64_t count);
/* Append the sibling hashes of leaf `index`, bottom-up (RFC 6962 2.1.1). */
void tree_inclusion(struct buf *out, const uint8_t *leaves, uint64_t count, uint64_t index);
/* Append the consistency proof old -> count (RFC 6962 2.1.2). */
void tree_consistency(struct buf *out, const uint8_t *leaves, uint64_t count, uint64_t old);

#endif
