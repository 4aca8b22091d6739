/* leaf.c - see leaf.h. The tree over n leaves is one over units of TREE_TILE leaves, the last
 * of which may be smaller (RFC 6962 splits at powers of two). A store holds the roots of full
 * units, so that a proof needs the records of one unit and of the smaller one alone. */
#include "analyzer/leaf.h"

#include "store/note.h"

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

/* Append the leaf hashes of a unit; those of the record go to extra, if it is there. */
static int read_unit(struct trail *t, uint64_t unit, uint64_t seq, uint8_t extra[LEAF_EXTRA],
                     struct buf *leaves, struct err *err)
{
    uint64_t end = (unit + 1) * TREE_TILE;
    int rc = 0;

    for (uint64_t i = unit * TREE_TILE; rc == 0 && i < end && i < trail_count(t); i++) {
        uint8_t entry[TREE_ENTRY_BYTES], nonce[TREE_NONCE_BYTES], leaf[HASH_BYTES];
        struct trail_row row;

        if ((rc = leaf_read(t, i, &row, nonce, entry, leaf, err)) < 0)
            break;
        buf_put(leaves, leaf, sizeof leaf);
        if (i == seq) {
            memcpy(extra, entry, 32);
            memcpy(extra + 32, nonce, sizeof nonce);
        }
    }
    return rc;
}

/* Of leaves, or units, HASH_BYTES each. */
static void root_of(uint8_t out[HASH_BYTES], const struct buf *hashes)
{
    tree_root(out, (const uint8_t *)hashes->at, hashes->len / HASH_BYTES);
}

static int check_root(struct trail *t, const struct buf *units, struct err *err)
{
    uint8_t root[HASH_BYTES];
    struct checkpoint c;
    int rc = checkpoint_open(&c, trail_checkpoint(t), NULL, err);

    root_of(root, units);
    return rc < 0 || memcmp(root, c.root, HASH_BYTES) == 0
               ? rc : err_set(err, ERR_CORRUPT, "the tree does not lead to the signed head: run"
                              " verify, which names the place");
}

int leaf_proof(struct trail *t, uint64_t seq, uint8_t extra[LEAF_EXTRA], struct buf *siblings,
               struct err *err)
{
    uint64_t unit = seq / TREE_TILE, full = trail_count(t) / TREE_TILE;
    struct buf leaves = {0}, units = {0}, rest = {0};
    uint8_t root[HASH_BYTES];
    int rc = read_unit(t, unit, seq, extra, &leaves, err);

    if (rc == 0 && (rc = trail_nodes(t, &units, err)) == 0 && trail_count(t) % TREE_TILE != 0 &&
        (rc = read_unit(t, full, seq, extra, &rest, err)) == 0) {
        root_of(root, &rest);
        buf_put(&units, root, sizeof root);
    }
    if (rc == 0)
        rc = check_root(t, &units, err);
    if (rc == 0) {
        root_of(root, &leaves);
        if (memcmp(root, units.at + unit * HASH_BYTES, HASH_BYTES) != 0)
            rc = err_set(err, ERR_CORRUPT, "the records are not those of the tree: run verify,"
                         " which names the place");
    }
    if (rc == 0) {
        tree_inclusion(siblings, (const uint8_t *)leaves.at, leaves.len / HASH_BYTES,
                       seq % TREE_TILE);
        tree_inclusion(siblings, (const uint8_t *)units.at, units.len / HASH_BYTES, unit);
    }
    buf_release(&leaves);
    buf_release(&units);
    buf_release(&rest);
    return rc;
}
