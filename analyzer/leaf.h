/* leaf.h - a record as a leaf of the tree: entries and level-0 hashes are not stored, but
 * made of the records when they are asked for. */
#ifndef ANALYZER_LEAF_H
#define ANALYZER_LEAF_H

#include "trail/trail.h"

/* Row, nonce, entry and leaf hash of a record. ERR_MISSING without the keys. */
int leaf_read(struct trail *t, uint64_t seq, struct trail_row *row,
              uint8_t nonce[TREE_NONCE_BYTES], uint8_t entry[TREE_ENTRY_BYTES],
              uint8_t leaf[HASH_BYTES], struct err *err);

/* What a proof of a record holds beside the checkpoint: the first bytes of the entry and the
 * nonce, and the sibling hashes, appended to *siblings. ERR_CORRUPT where they do not lead to
 * the root of the checkpoint. */
enum { LEAF_EXTRA = 32 + TREE_NONCE_BYTES };
int leaf_proof(struct trail *t, uint64_t seq, uint8_t extra[LEAF_EXTRA], struct buf *siblings,
               struct err *err);

#endif
