/* show.c - `analyzer show`: the original bytes, a proof, or the columns, masked. */
#include "analyzer/answer.h"
#include "analyzer/commands.h"
#include "analyzer/decoded.h"
#include "analyzer/leaf.h"
#include "analyzer/state.h"
#include "base/zone.h"
#include "trail/trail.h"

static bool parse_range(const char *word, uint64_t *first, uint64_t *last)
{
    char *end;

    if (*word < '0' || *word > '9')
        return false;
    *first = *last = strtoull(word, &end, 10);
    if (end[0] == '.' && end[1] == '.' && end[2] >= '0' && end[2] <= '9')
        *last = strtoull(end + 2, &end, 10);
    return *end == '\0' && *last >= *first;
}

static int show_proof(struct trail *t, uint64_t seq, struct err *err)
{
    struct buf siblings = {0}, proof = {0};
    uint8_t extra[LEAF_EXTRA];
    int rc = leaf_proof(t, seq, extra, &siblings, err);

    if (rc == 0) {
        proof_print(&proof, (struct str){(char *)extra, sizeof extra}, seq,
                    buf_str(&siblings), trail_checkpoint(t));
        fwrite(proof.at, 1, proof.len, stdout);
    }
    buf_release(&siblings);
    buf_release(&proof);
    return rc;
}

static int show_rows(struct trail *t, uint64_t first, uint64_t last, const struct options *o,
                     const struct state *state, const struct zone *zone, struct err *err)
{
    struct arena arena = {0};
    int rc = 0;

    for (uint64_t i = first; rc == 0 && i <= last; i++) {
        struct trail_row row;
        struct record record;

        if ((rc = trail_row(t, i, &row, err)) < 0)
            break;
        if (row.full_len > row.input.bytes.len)
            fprintf(stderr, "analyzer: record %llu was %llu bytes long; the first %zu are"
                    " kept\n", (unsigned long long)i, (unsigned long long)row.full_len,
                    row.input.bytes.len);
        if (o->raw) {
            fwrite(row.input.bytes.at, 1, row.input.bytes.len, stdout);
            putchar('\n');
            continue;
        }
        if (o->decoded) {
            struct buf sheet = {0};

            decoded_sheet(&sheet, row.input.bytes);
            fwrite(sheet.at, 1, sheet.len, stdout);
            buf_release(&sheet);
            continue;
        }
        arena_reset(&arena);
        record_read(&record, &row.input, zone, &arena);
        if (record.column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_TEXT)
            record.column[COLUMN_PATIENT_REF] = (struct value){
                .kind = VALUE_TEXT,
                .text = state_reference(state, record.column[COLUMN_PATIENT_NHS_NUMBER].text,
                                        &arena)};
        answer_sheet(&record, o->reveal);
    }
    arena_release(&arena);
    return rc;
}

/* Say in the own log who asked. What is not masked is refused where that fails. */
static int log_show(const struct options *o, struct state **state, uint64_t rows,
                    struct err *err)
{
    const char *action = o->raw       ? "show --raw"
                         : o->decoded ? "show --decoded"
                         : o->reveal ? "show --reveal"
                         : o->proof  ? "show --proof"
                                     : "show";
    int rc;

    *state = state_new(o);
    rc = state_log(*state, action, str_of(o->word), o->reason, rows, err);
    if (rc == 0 || o->raw || o->decoded || o->reveal)
        return rc;
    complain(err->text);
    return 0;
}

int show_run(const struct options *o)
{
    struct trail *t = NULL;
    struct zone *zone = NULL;
    struct state *state = NULL;
    uint64_t first;
    uint64_t last;
    struct err err;
    int rc;

    if (!parse_range(o->word, &first, &last) || o->raw + o->decoded + o->proof > 1) {
        complain("show takes a record number or FIRST..LAST, and one of --raw, --decoded and"
                 " --proof");
        return 2;
    }
    if ((rc = zone_load(&zone, "Europe/London", &err)) == 0 &&
        (rc = trail_open(&t, o->store, &err)) == 0) {
        if (last >= trail_count(t))
            rc = err_set(&err, ERR_MISSING, "there is no record %llu: the log holds %llu,"
                         " numbered from 0", (unsigned long long)last,
                         (unsigned long long)trail_count(t));
        else if ((rc = log_show(o, &state, last - first + 1, &err)) < 0)
            ;
        else if (o->proof)
            rc = show_proof(t, first, &err);
        else
            rc = show_rows(t, first, last, o, state, zone, &err);
    }
    state_free(state);
    trail_close(t);
    zone_free(zone);
    return rc < 0 ? complain(err.text) : 0;
}
