/* commit.h - from a row to its entry in the Merkle tree. Writer, reader and verifier all
 * come here, so that they cannot differ. Pure. */
#ifndef TRAIL_COMMIT_H
#define TRAIL_COMMIT_H

#include "store/tree.h"
#include "trail/block.h"

/* Everything but the commitment: class 0, no destruction day, kind by format. */
struct entry commit_entry(uint64_t index, int64_t received_us, uint32_t source,
                          uint8_t format);

/* A too-large record commits to its kept bytes, its length (8 bytes, big-endian) and the
 * SHA-256 of the whole; any other to its bytes. */
void commit_row(uint8_t out[HASH_BYTES], const struct block_row *row,
                const uint8_t nonce[TREE_NONCE_BYTES]);

/* Many rows: e[i] says of row[i] all but its commitment; the hash of the leaf goes to
 * leaf[i]. At most TREE_BATCH. */
void commit_rows(struct entry *e, const struct block_row *const *row,
                 uint8_t (*leaf)[HASH_BYTES], size_t count, const struct hash_key *key);

void commit_leaf(uint8_t out[HASH_BYTES], const struct entry *e);

#endif
