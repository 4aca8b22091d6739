/* Lines of any bytes as the rows of two groups: they are shredded, and a reader with only
 * the extents gives them back. Then the extents with one byte changed: any answer but a
 * crash. The last four bytes of the input say where. */
#include "base/deflate.h"
#include "tests/test.h"
#include "trail/shred.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 48 };

static size_t split(struct block_row *row, struct str text)
{
    size_t rows = 0;

    while (text.len > 0 && rows < ROWS) {
        size_t end = str_index(text, '\n');

        memset(&row[rows], 0, sizeof row[rows]);
        row[rows].bytes = str_part(text, 0, end);
        row[rows].full_len = end;
        row[rows].has_position = end % 3 != 0;
        row[rows].position = row[rows].has_position ? end * 7 : 0;
        rows++;
        text = str_part(text, end + (end < text.len), text.len);
    }
    return rows;
}

static int take(struct model *m, struct str definitions, struct str texts)
{
    struct str told, said = STR("");
    struct definitions d;
    struct err err;

    if (definitions_open(&d, definitions, &err) < 0 ||
        definitions_inflate(&d, &told, &m->texts, &err) < 0 ||
        model_take(m, told, d.inline_texts, &err) < 0)
        return -1;
    if (texts.len > 0 && texts_read(texts, &said, &m->texts, &err) < 0)
        return -1;
    return model_texts(m, said, &err);
}

static int read_back(struct model *m, struct str definitions, struct str texts,
                     struct str block, size_t rows, struct block_row *back,
                     struct arena *arena)
{
    struct err err;

    if (take(m, definitions, texts) < 0)
        return -1;
    return block_decode(back, rows, NULL, block, m, arena, &err);
}

static void damage(struct buf *b, uint32_t where)
{
    if (b->len > 0)
        b->at[where % b->len] = (char)(b->at[where % b->len] ^ (1 << where % 8));
}

static struct str changed(struct str s, uint32_t where, struct arena *arena)
{
    char *bytes = arena_alloc(arena, s.len);

    if (s.len > 0) {
        memcpy(bytes, s.at, s.len);
        bytes[where % s.len] = (char)(bytes[where % s.len] ^ (1 << where % 7));
    }
    return (struct str){bytes, s.len};
}

/* The definitions again with a byte of their inflated form changed, or of their texts; in
 * format 1 too, where the texts are looked for among the definitions. */
static void damage_inside(struct str definitions, struct str texts, uint32_t where)
{
    struct str told, said = STR("");
    struct arena arena = {0};
    struct definitions d;
    struct model m;
    struct err err;

    if (definitions_open(&d, definitions, &err) < 0 ||
        definitions_inflate(&d, &told, &arena, &err) < 0 ||
        (texts.len > 0 && texts_read(texts, &said, &arena, &err) < 0))
        return;
    for (int form = 0; form < 3; form++) {
        model_init(&m);
        if (model_take(&m, form == 0 ? told : changed(told, where, &arena), form == 2, &err) ==
            0)
            model_texts(&m, form == 0 ? changed(said, where, &arena) : said, &err);
        model_release(&m);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block_row row[ROWS], back[ROWS];
    struct buf block = {0}, definitions = {0}, texts = {0};
    struct arena arena = {0};
    struct model m, hurt;
    struct shredder *s;
    uint32_t where;
    struct err err;
    size_t rows;

    if (size < 5)
        return 0;
    memcpy(&where, data + size - 4, 4);
    rows = split(row, (struct str){(const char *)data, size - 4});
    s = shredder_new();
    model_init(&m);
    for (int group = 0; group < 2; group++) {
        buf_clear(&block);
        buf_clear(&definitions);
        buf_clear(&texts);
        for (size_t i = 0; i < rows; i++)
            shred_row(s, &row[i], true);
        shred_block(s, &block);
        CHECK(shred_definitions(s, &definitions, &texts, &err) == 0);
        CHECK(shred_check(s, buf_str(&block), row, rows, &err) == 0);
        CHECK(read_back(&m, buf_str(&definitions), buf_str(&texts), buf_str(&block), rows,
                        back, &arena) == 0);
        for (size_t i = 0; i < rows; i++)
            CHECK(block_row_equal(&row[i], &back[i]));
        model_init(&hurt);
        damage_inside(buf_str(&definitions), buf_str(&texts), where);
        damage(where & 1 ? &block : where & 2 ? &definitions : &texts, where >> 2);
        read_back(&hurt, buf_str(&definitions), buf_str(&texts), buf_str(&block), rows, back,
                  &arena);
        model_release(&hurt);
    }
    model_release(&m);
    shredder_free(s);
    buf_release(&block);
    buf_release(&definitions);
    buf_release(&texts);
    arena_release(&arena);
    return 0;
}
