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

/* Many rows, at most TREE_BATCH, behind the others of the tree: e[i] says of row[i] all but
 * its commitment. The hashes of tiles that become full are put behind *tiles. */
void commit_rows(struct tree_edge *edge, struct buf *tiles, struct entry *e,
                 const struct block_row *const *row, size_t count, const struct hash_key *key);

#endif
