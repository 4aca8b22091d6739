/* block.c - the reader's side of a block: values back into records. A row is written down
 * piece by piece, and a token's parts are encoded as they were. */
#include "trail/block.h"

#include "base/base64url.h"
#include "base/cursor.h"
#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"

/* ---- rows ---- */

/* Bytes of known size being written; `bad` when more come. */
struct sink {
    char *at;
    size_t len, cap;
    bool bad;
};

/* Copy at most 32 bytes, which most pieces and texts are: a call costs more than this. Loads
 * and stores of fixed size, which overlap. */
static inline void copy_short(char *to, const char *from, size_t n)
{
    char head[16], tail[16];

    if (n >= 16) {
        memcpy(head, from, 16);
        memcpy(tail, from + n - 16, 16);
        memcpy(to, head, 16);
        memcpy(to + n - 16, tail, 16);
    } else if (n >= 8) {
        memcpy(head, from, 8);
        memcpy(tail, from + n - 8, 8);
        memcpy(to, head, 8);
        memcpy(to + n - 8, tail, 8);
    } else if (n >= 4) {
        memcpy(head, from, 4);
        memcpy(tail, from + n - 4, 4);
        memcpy(to, head, 4);
        memcpy(to + n - 4, tail, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
    }
}

static inline void emit(struct sink *k, struct str s)
{
    if (k->cap - k->len < s.len) {
        k->bad = true;
        return;
    }
    if (s.len <= 32)
        copy_short(k->at + k->len, s.at, s.len);
    else
        memcpy(k->at + k->len, s.at, s.len);
    k->len += s.len;
}

static void emit_shape(struct decoder *d, struct sink *out, const struct shape *s)
{
    const struct str *piece = d->model->shapes.pieces.entry;

    for (size_t i = 0; i < s->leaves; i++) {
        emit(out, piece[s->piece[i]]);
        emit(out, decoder_text(d, s->label[i]));
    }
    emit(out, piece[s->piece[s->leaves]]);
}

static void emit_base64url(struct sink *out, struct str bytes)
{
    if (out->cap - out->len < base64url_length(bytes.len))
        out->bad = true;
    else
        out->len += base64url_encode(out->at + out->len, bytes);
}

static void emit_part(struct block_reader *b, struct sink *out, const struct shape *shape)
{
    struct sink part = {b->part, 0, LIMIT_RECORD_BYTES, false};

    emit_shape(&b->decoder, &part, shape);
    emit_base64url(out, (struct str){part.at, part.len});
    out->bad |= part.bad;
}

static bool emit_token(struct block_reader *b, struct sink *out)
{
    const struct shape *header = decoder_shape(&b->decoder, SHAPE_HEADER);
    const struct shape *payload = decoder_shape(&b->decoder, SHAPE_PAYLOAD);

    if (!header || !payload)
        return false;
    emit(out, STR("Bearer "));
    emit_part(b, out, header);
    emit(out, STR("."));
    emit_part(b, out, payload);
    emit(out, STR("."));
    emit_base64url(out, decoder_text(&b->decoder, LABEL_SIGNATURE));
    return true;
}

static bool emit_url(struct block_reader *b, struct sink *out)
{
    const struct shape *url = decoder_shape(&b->decoder, SHAPE_URL);

    if (url)
        emit_shape(&b->decoder, out, url);
    return url;
}

static void emit_record(struct block_reader *b, struct sink *out, const struct shape *s)
{
    const struct str *piece = b->decoder.model->shapes.pieces.entry;

    for (int i = 0; i < s->leaves; i++) {
        emit(out, piece[s->piece[i]]);
        if ((i != s->token || !emit_token(b, out)) && (i != s->url || !emit_url(b, out)))
            emit(out, decoder_text(&b->decoder, s->label[i]));
    }
    emit(out, piece[s->piece[s->leaves]]);
}

/* What rows have beside their bytes: lengths and places, and how a longer one went on. */
static int read_frame(struct block_reader *b, struct arena *arena, struct err *err)
{
    const struct streams *s = &b->decoder.streams;
    uint64_t *len = arena_alloc(arena, b->rows * sizeof *len);
    struct cursor c = {.bad = false};
    uint64_t expected = 0;
    struct str flags;
    int rc = streams_get(s, LABEL_FRAME, PART_FRAME, &c.rest, arena, err);

    if (rc < 0 ||
        (rc = streams_get_planes(s, LABEL_FRAME, len, b->rows, arena, err)) < 0)
        return rc;
    memset(b->row, 0, b->rows * sizeof *b->row);
    flags = cursor_bytes(&c, b->rows);
    for (size_t i = 0; i < b->rows && !c.bad; i++) {
        struct block_row *row = &b->row[i];
        uint8_t f = (uint8_t)flags.at[i];
        struct str sha;

        c.bad |= len[i] > LIMIT_RECORD_BYTES;
        row->bytes.len = row->full_len = len[i];
        row->has_position = f & FRAME_POSITION;
        row->too_large = f & FRAME_TOO_LARGE;
        if (row->has_position)
            row->position = f & FRAME_JUMP ? cursor_varint(&c) : expected;
        if (row->too_large) {
            row->full_len = cursor_varint(&c);
            sha = cursor_bytes(&c, HASH_BYTES);
            if (sha.len == HASH_BYTES)
                memcpy(row->full_sha, sha.at, HASH_BYTES);
        }
        expected = row->position + row->full_len + 1;
    }
    return c.bad || c.rest.len ? decoder_error(&b->decoder, err) : 0;
}

int block_open(struct block_reader *b, struct block_row *rows, size_t count, struct str bytes,
               const struct model *model, struct arena *arena, struct err *err)
{
    uint8_t codec = bytes.len ? (uint8_t)bytes.at[0] : 0;
    size_t there;
    int rc;

    *b = (struct block_reader){.row = rows, .rows = count};
    if (bytes.len && codec != BLOCK_CODEC)
        return err_set(err, ERR_NEWER, "a block has codec %u, which this version does not"
                       " know: use a newer gpca", codec);
    if (bytes.len == 0 || count > LIMIT_BLOCK_ROWS)
        return err_set(err, ERR_CORRUPT, "a block is empty or too large");
    rc = decoder_begin(&b->decoder, str_part(bytes, 1, bytes.len), model, &there, arena, err);
    if (rc < 0)
        return rc;
    if (there != count)
        return err_set(err, ERR_CORRUPT, "a block has another number of rows than its group"
                       " says");
    b->part = arena_alloc(arena, LIMIT_RECORD_BYTES);
    return read_frame(b, arena, err);
}

void block_step(struct block_reader *b)
{
    b->at++;
    decoder_row(&b->decoder);
}

int block_write(struct block_reader *b, char *to, struct err *err)
{
    struct block_row *row = &b->row[b->at - 1];
    struct sink out = {to, 0, row->bytes.len, false};
    const struct shape *record = decoder_shape(&b->decoder, SHAPE_RECORD);

    if (record)
        emit_record(b, &out, record);
    else
        emit(&out, decoder_text(&b->decoder, LABEL_VERBATIM));
    row->bytes.at = to;
    return b->decoder.bad || out.bad || out.len != out.cap ? decoder_error(&b->decoder, err)
                                                           : 0;
}

void block_pass(struct block_reader *b)
{
    decoder_pass(&b->decoder);
}

int block_end(const struct block_reader *b, struct err *err)
{
    return decoder_end(&b->decoder) ? 0 : decoder_error(&b->decoder, err);
}

int block_room(const struct block_reader *b, size_t end, const bool *wanted, char **to,
               struct arena *arena, struct err *err)
{
    size_t room = 0;

    for (size_t i = 0; i < end; i++)
        room += !wanted || wanted[i] ? b->row[i].bytes.len : 0;
    if (room > LIMIT_BLOCK_BYTES)
        return decoder_error(&b->decoder, err);
    *to = arena_alloc(arena, room);
    return 0;
}

int block_decode(struct block_row *rows, size_t count, const bool *wanted, struct str bytes,
                 const struct model *model, struct arena *arena, struct err *err)
{
    struct block_reader b;
    int rc = block_open(&b, rows, count, bytes, model, arena, err);
    size_t end = count;
    char *to;

    while (wanted && end > 0 && !wanted[end - 1])
        end--;
    if (rc < 0 || (rc = block_room(&b, end, wanted, &to, arena, err)) < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < end; i++) {
        block_step(&b);
        if (wanted && !wanted[i]) {
            block_pass(&b);
            continue;
        }
        rc = block_write(&b, to, err);
        to += rows[i].bytes.len;
    }
    return rc == 0 && !wanted ? block_end(&b, err) : rc;
}

int block_sizes(struct str block, const struct model *model, double *bytes,
                struct arena *arena, struct err *err)
{
    struct streams s;
    double left = (double)block.len;
    double front = 0;
    size_t rows;
    int rc = block.len ? streams_open(&s, str_part(block, 1, block.len), model->labels, &rows,
                                      arena, err)
                       : err_set(err, ERR_CORRUPT, "a block is empty");

    for (size_t i = 0; rc == 0 && i < s.count; i++) {
        if (s.entry[i].in_front) {
            front += 6 + s.entry[i].len;
        } else {
            bytes[s.entry[i].label] += (double)s.entry[i].stored.len;
            left -= (double)s.entry[i].stored.len;
            front += 6;
        }
    }
    for (size_t i = 0; rc == 0 && i < s.count; i++) {
        double part = 6 + (s.entry[i].in_front ? s.entry[i].len : 0);

        bytes[s.entry[i].label] += left * part / front;
    }
    return rc;
}

bool block_row_equal(const struct block_row *a, const struct block_row *b)
{
    return str_equal(a->bytes, b->bytes) && a->has_position == b->has_position &&
           a->position == b->position && a->too_large == b->too_large &&
           (!a->too_large || (a->full_len == b->full_len &&
                              memcmp(a->full_sha, b->full_sha, HASH_BYTES) == 0));
}

int definitions_open(struct definitions *d, struct str bytes, struct err *err)
{
    struct cursor c = {bytes, false};
    uint8_t codec = cursor_u8(&c);

    if (!c.bad && codec != DEFINITIONS_CODEC && codec != DEFINITIONS_CODEC_1)
        return err_set(err, ERR_NEWER, "definitions have codec %u, which this version does"
                       " not know: use a newer gpca", codec);
    d->inline_texts = codec == DEFINITIONS_CODEC_1;
    d->generation = cursor_u64(&c);
    d->groups_before = cursor_varint(&c);
    d->len = cursor_varint(&c);
    d->packed = c.rest;
    if (c.bad || d->len > LIMIT_DEFINITIONS_BYTES)
        return err_set(err, ERR_CORRUPT, "the definitions of a row group are damaged");
    return 0;
}

/* Raw deflate of len bytes, into the arena. */
static int inflate(struct str packed, size_t len, struct str *out, struct arena *arena,
                   struct err *err)
{
    char *bytes = arena_alloc(arena, len);

    *out = (struct str){bytes, len};
    return inflate_block(bytes, len, packed, err);
}

int definitions_inflate(const struct definitions *d, struct str *out, struct arena *arena,
                        struct err *err)
{
    return inflate(d->packed, d->len, out, arena, err);
}

void texts_write(struct buf *out, struct str texts)
{
    struct buf packed = {0};

    deflate_block(&packed, texts, DEFLATE_SMALL);
    buf_put_u8(out, TEXTS_CODEC);
    buf_put_varint(out, texts.len);
    buf_put_str(out, buf_str(&packed));
    buf_release(&packed);
}

int texts_read(struct str bytes, struct str *texts, struct arena *arena, struct err *err)
{
    struct cursor c = {bytes, false};
    uint8_t codec = cursor_u8(&c);
    uint64_t len = cursor_varint(&c);

    if (!c.bad && codec != TEXTS_CODEC)
        return err_set(err, ERR_NEWER, "texts have codec %u, which this version does not"
                       " know: use a newer gpca", codec);
    if (c.bad || len > LIMIT_DEFINITIONS_BYTES)
        return err_set(err, ERR_CORRUPT, "the texts of a row group are damaged");
    return inflate(c.rest, (size_t)len, texts, arena, err);
}
