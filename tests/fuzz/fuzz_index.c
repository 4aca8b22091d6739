/* An entry of the index whose lists hold whatever somebody likes, with good checksums: answers
 * or errors, and nothing read or written beyond them. The first bytes say which list is
 * changed and where; a page is also given as it is inflated. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/deflate.h"
#include "base/hash.h"
#include "tests/test.h"
#include "trail/answers.h"
#include "trail/indexing.h"

enum { ROWS = 600, HEAD = 168, LENGTHS = 112 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], path[128];
static struct buf good;

static void make_entry(void)
{
    static const char *const users[] = {"sds:1", "sds:22", "local:x|y", "sub:z"};
    struct indexed_group rows = {0};
    struct indexed_names names = {0};
    struct group g = {.rows = ROWS};

    for (size_t i = 0; i < ROWS; i++) {
        struct judgement j = {.has_time = i % 7 != 0, .time_us = 1770000000000000 + (int64_t)i * 1000,
                              .has_status = true, .status = i % 5 ? 200 : 404,
                              .odd = i % 97 == 96, .untied = i % 50 == 49,
                              .user = str_of(users[i % 4]), .org = STR("A1"),
                              .practice = STR("Z90001")};
        char number[16];

        snprintf(number, sizeof number, "999%07u", (unsigned)(i * i % 100));
        if (i % 50 != 49)
            j.patient = str_of(number);
        indexed_group_row(&rows, i, &j);
    }
    indexed_group_encode(&good, &rows, &names, &g);
    indexed_group_release(&rows);
    indexed_names_release(&names);
    snprintf(dir, sizeof dir, "/tmp/gpca-fuzz-index-XXXXXX");
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/segments", dir);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/segments/000000000000.idx", dir);
}

/* Put the bytes into a list, which keeps its length, and make the checksums good. */
static void change(struct buf *e, unsigned list, const uint8_t *data, size_t size)
{
    uint8_t *at = (uint8_t *)e->at;
    size_t from = HEAD, len, place;

    for (unsigned i = 0; i < list; i++)
        from += get_le32(at + LENGTHS + 4 * i);
    len = get_le32(at + LENGTHS + 4 * list);
    place = size > 1 && len > 4 ? (data[0] | (size_t)data[1] << 8) % (len - 4) : 0;
    for (size_t i = 2; i < size && place + i - 2 < len - 4; i++)
        at[from + place + i - 2] = data[i];
    put_le32(at + from + len - 4, hash_crc32c(0, (struct str){e->at + from, len - 4}));
    put_le32(at + HEAD - 8, hash_crc32c(0, (struct str){e->at + HEAD, e->len - HEAD}));
    put_le32(at + HEAD - 4, hash_crc32c(0, (struct str){e->at, HEAD - 4}));
}

static void read_all(struct index_file *f)
{
    static struct posting out[LIMIT_GROUP_ROWS];
    static uint32_t row[LIMIT_GROUP_ROWS];
    const struct index_entry *e = &f->entry[0];
    struct arena arena = {0};
    struct answers_small *small;
    uint64_t *patient, at;
    bool equal;
    size_t n;
    struct err err;

    for (int k = 0; k < INDEX_KEYS; k++) {
        struct answers_want want;

        answers_want(&want, f, (enum index_key)k, k == 0 ? STR("9990000004") : STR("A1"), &arena);
        if (answers_find(f, e, &want, out, &n, &err) == 0)
            for (size_t i = 0; i < n; i++)
                CHECK(out[i].row < e->rows);
    }
    answers_all(f, e, out, &err);
    answers_rows(f, e, LIST_UNTIED, row, &n, &err);
    answers_smalls(f, e, &small, &n, &arena, &err);
    answers_patients(f, e, &patient, &arena, &err);
    index_verify(f, &at, &err);
    index_equal(f, e, buf_str(&good), &equal, &err);
    arena_release(&arena);
}

static void read_page(const uint8_t *data, size_t size)
{
    struct posting p[POSTINGS_PAGE];
    struct buf page = {0};

    buf_put_varint(&page, size - 1);
    deflate_block(&page, (struct str){(const char *)data + 1, size - 1}, DEFLATE_FAST);
    postings_get(p, data[0] + 1U, buf_str(&page), 3, -5);
    buf_release(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct index_file f;
    struct buf e = {0};
    struct err err;
    FILE *to;

    if (!good.len)
        make_entry();
    if (size < 4)
        return 0;
    read_page(data, size);
    buf_put_str(&e, buf_str(&good));
    change(&e, data[0] % INDEX_LISTS, data + 1, size - 1);
    CHECK((to = fopen(path, "wb")) && fwrite(e.at, 1, e.len, to) == e.len && fclose(to) == 0);
    if (index_open(&f, dir, 0, false, &err) == 0 && f.entries == 1)
        read_all(&f);
    index_close(&f);
    buf_release(&e);
    return 0;
}
