/* note.c - C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof. Parsing follows
 * the rules of the spec for what comes from outside: no control bytes but line feeds, the
 * text ends at the last blank line, unknown keys are passed over, and a known key whose
 * signature is wrong refuses the whole note. */
#include "store/note.h"

#include "base/base64.h"
#include "base/limits.h"

#define DASH "\xe2\x80\x94 "

int note_key_init(struct note_key *out, struct str name,
                  const uint8_t public[SIGN_PUBLIC_BYTES], struct err *err)
{
    uint8_t hash[HASH_BYTES];
    uint8_t type = NOTE_LOG_KEY;
    struct str part[4] = {name,
                          {"\n", 1},
                          {(char *)&type, 1},
                          {(const char *)public, SIGN_PUBLIC_BYTES}};

    if (name.len == 0 || name.len >= NOTE_NAME_MAX)
        return err_set(err, ERR_INVALID, "the name of the key is empty or too long");
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] <= 0x20 || name.at[i] == '+' || name.at[i] == 0x7f)
            return err_set(err, ERR_INVALID, "the name of the key holds white space or +");
    memcpy(out->name, name.at, name.len);
    out->name[name.len] = '\0';
    memcpy(out->public, public, SIGN_PUBLIC_BYTES);
    hash_sha256(hash, part, 4);
    memcpy(out->id, hash, sizeof out->id);
    return 0;
}

int note_key_parse(struct note_key *out, struct str vkey, struct err *err)
{
    size_t name = str_index(vkey, '+');
    struct str rest = name < vkey.len ? str_part(vkey, name + 1, vkey.len) : STR("");
    struct buf bytes = {0};
    char id[9];
    int rc;

    if (rest.len < 10 || rest.at[8] != '+' ||
        !base64_decode(&bytes, str_part(rest, 9, rest.len)) ||
        bytes.len != 1 + SIGN_PUBLIC_BYTES || bytes.at[0] != NOTE_LOG_KEY) {
        rc = err_set(err, ERR_INVALID, "this is not a verifier key (NAME+ID+KEY)");
        goto out;
    }
    if ((rc = note_key_init(out, str_part(vkey, 0, name), (uint8_t *)bytes.at + 1, err)) < 0)
        goto out;
    snprintf(id, sizeof id, "%02x%02x%02x%02x", out->id[0], out->id[1], out->id[2],
             out->id[3]);
    if (memcmp(id, rest.at, 8) != 0)
        rc = err_set(err, ERR_INVALID, "the id in the verifier key is not that of its key:"
                     " was it copied whole?");
out:
    buf_release(&bytes);
    return rc;
}

void note_key_print(struct buf *out, const struct note_key *key)
{
    uint8_t bytes[1 + SIGN_PUBLIC_BYTES] = {NOTE_LOG_KEY};

    memcpy(bytes + 1, key->public, SIGN_PUBLIC_BYTES);
    buf_printf(out, "%s+%02x%02x%02x%02x+", key->name, key->id[0], key->id[1], key->id[2],
               key->id[3]);
    base64_encode(out, (struct str){(char *)bytes, sizeof bytes});
}

void checkpoint_sign(struct buf *out, const struct checkpoint *c, const struct note_key *key,
                     const uint8_t seed[SIGN_SEED_BYTES])
{
    uint8_t signature[4 + SIGN_BYTES];
    size_t from = out->len;

    buf_printf(out, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
    base64_encode(out, (struct str){(const char *)c->root, HASH_BYTES});
    buf_put_text(out, "\n");
    memcpy(signature, key->id, 4);
    sign_message(signature + 4, seed, (struct str){out->at + from, out->len - from});
    buf_printf(out, "\n" DASH "%s ", key->name);
    base64_encode(out, (struct str){(char *)signature, sizeof signature});
    buf_put_text(out, "\n");
}

/* 1: a good signature by key, 0: of another key, -1: wrong. *line is without its LF. */
static int check_signature(struct str line, struct str text, const struct note_key *key)
{
    struct str name = str_of(key->name);
    struct buf raw = {0};
    int rc = 0;

    if (!str_starts(line, STR(DASH)))
        return -1;
    line = str_part(line, 4, line.len);
    if (!str_starts(line, name) || line.len <= name.len || line.at[name.len] != ' ')
        return 0;
    if (!base64_decode(&raw, str_part(line, name.len + 1, line.len)) || raw.len < 5)
        rc = -1;
    else if (memcmp(raw.at, key->id, 4) == 0)
        rc = raw.len == 4 + SIGN_BYTES &&
                     sign_verify(key->public, (uint8_t *)raw.at + 4, text)
                 ? 1
                 : -1;
    buf_release(&raw);
    return rc;
}

static int check_signatures(struct str text, struct str signatures,
                            const struct note_key *key, struct err *err)
{
    bool good = false;

    while (signatures.len > 0) {
        size_t end = str_index(signatures, '\n');
        int rc = check_signature(str_part(signatures, 0, end), text, key);

        if (rc < 0)
            return err_set(err, ERR_INVALID, "a signature of the head is wrong: the head was"
                           " changed, or the log rewritten");
        good = good || rc > 0;
        signatures = str_part(signatures, end + 1, signatures.len);
    }
    if (!good)
        return err_set(err, ERR_INVALID, "the head is not signed with the key %s", key->name);
    return 0;
}

static int parse_text(struct checkpoint *out, struct str text, struct err *err)
{
    size_t origin = str_index(text, '\n');
    struct str rest = origin < text.len ? str_part(text, origin + 1, text.len) : STR("");
    size_t size = str_index(rest, '\n');
    struct buf root = {0};
    bool good = origin > 0 && origin < NOTE_NAME_MAX && size > 0 && size < 20 &&
                size < rest.len && !(rest.at[0] == '0' && size > 1);

    out->size = 0;
    for (size_t i = 0; good && i < size; i++) {
        good = rest.at[i] >= '0' && rest.at[i] <= '9';
        out->size = out->size * 10 + (uint64_t)(rest.at[i] - '0');
    }
    good = good && out->size <= INT64_MAX;
    if (good) {
        rest = str_part(rest, size + 1, rest.len);
        good = rest.len > 0 && str_index(rest, '\n') == rest.len - 1 &&
               base64_decode(&root, str_part(rest, 0, rest.len - 1)) &&
               root.len == HASH_BYTES;
    }
    if (good) {
        memcpy(out->origin, text.at, origin);
        out->origin[origin] = '\0';
        memcpy(out->root, root.at, HASH_BYTES);
    }
    buf_release(&root);
    return good ? 0 : err_set(err, ERR_INVALID, "the text of the head is not a checkpoint");
}

int checkpoint_open(struct checkpoint *out, struct str note, const struct note_key *key,
                    struct err *err)
{
    size_t blank = 0;
    int rc;

    if (note.len > LIMIT_NOTE_BYTES)
        return err_set(err, ERR_INVALID, "the head is larger than %d bytes",
                       LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < note.len; i++) {
        if ((unsigned char)note.at[i] < 0x20 && note.at[i] != '\n')
            return err_set(err, ERR_INVALID, "the head holds a control byte");
        if (i > 0 && note.at[i] == '\n' && note.at[i - 1] == '\n')
            blank = i;
    }
    if (blank == 0 || blank + 1 >= note.len || note.at[note.len - 1] != '\n')
        return err_set(err, ERR_INVALID, "the head is not a signed note");
    if ((rc = parse_text(out, str_part(note, 0, blank), err)) < 0 || !key)
        return rc;
    if (strcmp(out->origin, key->name) != 0)
        return err_set(err, ERR_INVALID, "the head is of another log than the key");
    return check_signatures(str_part(note, 0, blank), str_part(note, blank + 1, note.len), key,
                            err);
}

void tile_path(struct buf *out, int level, uint64_t index, unsigned width)
{
    char group[8][8];
    size_t n = 0;

    if (level < 0)
        buf_put_text(out, "tile/entries/");
    else
        buf_printf(out, "tile/%d/", level);
    do {
        snprintf(group[n], sizeof group[n], "%s%03u", n > 0 ? "x" : "",
                 (unsigned)(index % 1000));
        n++;
        index /= 1000;
    } while (index > 0 && n < 8);
    while (n-- > 0)
        buf_printf(out, "%s%s", group[n], n > 0 ? "/" : "");
    if (width > 0 && width < 256)
        buf_printf(out, ".p/%u", width);
}

void proof_print(struct buf *out, struct str extra, uint64_t index, struct str siblings,
                 struct str checkpoint)
{
    buf_put_text(out, "c2sp.org/tlog-proof@v1\nextra ");
    base64_encode(out, extra);
    buf_printf(out, "\nindex %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < siblings.len; i += HASH_BYTES) {
        base64_encode(out, str_part(siblings, i, i + HASH_BYTES));
        buf_put_text(out, "\n");
    }
    buf_put_text(out, "\n");
    buf_put_str(out, checkpoint);
}
