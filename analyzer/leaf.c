/* leaf.c - see leaf.h. */
#include "analyzer/leaf.h"

int leaf_read(struct trail *t, uint64_t seq, struct trail_row *row,
              uint8_t nonce[TREE_NONCE_BYTES], uint8_t entry[TREE_ENTRY_BYTES],
              uint8_t leaf[HASH_BYTES], struct err *err)
{
    int rc;

    if ((rc = trail_row(t, seq, row, err)) < 0 || (rc = trail_nonce(t, seq, nonce, err)) < 0)
        return rc;
    trail_commit(row->entry.commitment, row, nonce);
    entry_encode(entry, &row->entry);
    tree_leaf(leaf, (struct str){(char *)entry, TREE_ENTRY_BYTES});
    return 0;
}
