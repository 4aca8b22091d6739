/* note.h - keys, checkpoints and proof files in the C2SP formats: vkeys, signed notes,
 * tlog-checkpoint, tlog-tiles paths, tlog-proof. Pure. */
#ifndef STORE_NOTE_H
#define STORE_NOTE_H

#include "base/err.h"
#include "base/sign.h"
#include "store/tree.h"

enum { NOTE_NAME_MAX = 256, NOTE_LOG_KEY = 1 };

/* A key that verifies. */
struct note_key {
    char name[NOTE_NAME_MAX];
    uint8_t id[4];
    uint8_t public[SIGN_PUBLIC_BYTES];
};

/* Name the public key; ERR_INVALID where the name has white space, `+` or is too long. */
int note_key_init(struct note_key *out, struct str name,
                  const uint8_t public[SIGN_PUBLIC_BYTES], struct err *err);
/* Read a vkey, split at the first two `+` only. */
int note_key_parse(struct note_key *out, struct str vkey, struct err *err);
void note_key_print(struct buf *out, const struct note_key *key);

struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    uint8_t root[HASH_BYTES];
};

/* Append the signed note. */
void checkpoint_sign(struct buf *out, const struct checkpoint *c, const struct note_key *key,
                     const uint8_t seed[SIGN_SEED_BYTES]);
/* Parse and verify: the note must carry a good signature by key. ERR_INVALID says what
 * is wrong with it. key may be NULL: then nothing is verified. */
int checkpoint_open(struct checkpoint *out, struct str note, const struct note_key *key,
                    struct err *err);

/* "tile/<level>/<N>[.p/<width>]"; level -1 is "entries"; width 256 or 0 is a full tile. */
void tile_path(struct buf *out, int level, uint64_t index, unsigned width);

/* A c2sp.org/tlog-proof@v1 file: extra = entry[0..31] || nonce. */
void proof_print(struct buf *out, struct str extra, uint64_t index, struct str siblings,
                 struct str checkpoint);

#endif
