/* alert.c - see alert.h. */
#include "analyzer/alert.h"

#include "analyzer/sentence.h"
#include "base/mem.h"
#include "base/order.h"
#include "record/mask.h"
#include "record/nhs_number.h"
#include "record/print.h"
#include "record/shown.h"
#include "record/timestamp.h"

enum { RECORDS_SHOWN = 10000, REASONS_MAX = 16, VALUES_SHOWN = FINDING_VALUES - 1 };

void alert_release(struct alert *a)
{
    buf_release(&a->body);
    buf_release(&a->revealed);
}

void alert_maker_release(struct alert_maker *m)
{
    record_fields_release(&m->fields);
    free(m->met);
    numbering_release(&m->patients);
    numbering_release(&m->practices);
    arena_release(&m->arena);
}

/* What is gathered over the records behind an alert. */
struct behind {
    struct record record; /* that opened it */
    struct arena arena;   /* of it */
    size_t patients, practices;
    uint32_t patient, practice; /* the last of them */
    const struct record *with[VALUES_SHOWN]; /* the first with different values */
    size_t withs;
};

static uint32_t keep_text(struct alert_maker *m, struct numbering *n, const struct value *v)
{
    uint32_t known = numbering_known(n, v->same), number;
    struct str text = v->text;

    if (v->kind != VALUE_TEXT || text.len == 0)
        return DICTIONARY_NONE;
    if (known != DICTIONARY_NONE)
        return known;
    arena_reset(&m->arena);
    if (n == &m->patients)
        text = nhs_number_plain(text, &m->arena);
    if (text.len == 0)
        return DICTIONARY_NONE;
    if (str_equal(text, v->text))
        return numbering_put(n, v->same, text);
    number = numbering_put(n, 0, text);
    numbering_alias(n, v->same, number);
    return number;
}

uint32_t alert_put(struct alert_maker *m, const struct met_record *met)
{
    if (m->mets == m->met_cap) {
        m->met_cap = m->met_cap ? m->met_cap * 2 : 1024;
        m->met = xrealloc(m->met, m->met_cap * sizeof *m->met);
    }
    m->met[m->mets] = *met;
    return (uint32_t)m->mets++;
}

struct met_record alert_meet(struct alert_maker *m, uint64_t seq, const struct value *patient,
                             const struct value *practice)
{
    return (struct met_record){seq, keep_text(m, &m->patients, patient),
                               keep_text(m, &m->practices, practice)};
}

uint32_t alert_keep(struct alert_maker *m, const struct record *r)
{
    const struct met_record met = alert_meet(m, (uint64_t)r->column[COLUMN_SEQ].integer,
                                             &r->column[COLUMN_PATIENT_NHS_NUMBER],
                                             &r->column[COLUMN_PRACTICE_ODS]);

    return alert_put(m, &met);
}

bool alert_known(struct met_record *out, struct alert_maker *m, uint64_t seq, uint32_t patient,
                 uint32_t practice)
{
    *out = (struct met_record){seq, numbering_known(&m->patients, patient),
                               numbering_known(&m->practices, practice)};
    return (patient == 0 || out->patient != DICTIONARY_NONE) &&
           (practice == 0 || out->practice != DICTIONARY_NONE);
}

/* How many different ones there are; *last is one of them. */
static size_t distinct(uint32_t *list, size_t n, uint32_t *last)
{
    size_t count = 0;

    if (n > 0)
        qsort(list, n, sizeof *list, order_u32);
    for (size_t i = 0; i < n; i++)
        if (list[i] != DICTIONARY_NONE && (i == 0 || list[i] != list[i - 1])) {
            *last = list[i];
            count++;
        }
    return count;
}

static void count_behind(struct alert_maker *m, const struct finding *f, struct behind *b)
{
    uint32_t *list = xcalloc(f->records + 1, sizeof *list);

    for (size_t i = 0; i < f->records; i++)
        list[i] = m->met[f->at[i].record].patient;
    b->patients = distinct(list, f->records, &b->patient);
    for (size_t i = 0; i < f->records; i++)
        list[i] = m->met[f->at[i].record].practice;
    b->practices = distinct(list, f->records, &b->practice);
    free(list);
}

/* sha NULL: its hash is not asked for. */
static int read_record(struct alert_maker *m, uint32_t record, struct arena *arena,
                       struct record *out, uint8_t *sha, struct err *err)
{
    struct trail_row row;
    struct record_input in;
    int rc = trail_row(m->trail, m->met[record].seq, &row, err);

    if (rc < 0)
        return rc;
    in = record_input_copy(&row.input, arena);
    if (sha)
        hash_sha256(sha, &in.bytes, 1);
    record_read(out, &in, m->zone, arena);
    return 0;
}

/* "": none is. */
static struct str field_counted(const struct alert_maker *m, const struct rule *r)
{
    return r->kind == RULE_CORRELATION && r->correlation.type == CORRELATION_VALUE_COUNT
               ? m->set->fields.entry[r->correlation.field] : STR("");
}

/* Where the sentence names the values that were counted: records that have them. */
static int read_values(struct alert_maker *m, const struct finding *f, struct behind *b,
                       struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < f->withs && i < VALUES_SHOWN; i++) {
        struct record *r = arena_alloc(&b->arena, sizeof *r);

        rc = read_record(m, f->with[i].record, &b->arena, r, NULL, err);
        b->with[i] = r;
        b->withs = i + 1;
    }
    return rc;
}

static void name_alert(struct alert *a, struct alert_maker *m, const struct finding *f,
                       const struct behind *b, const uint8_t sha[HASH_BYTES])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const struct rule *r = f->rule;
    struct buf text = {0};
    uint8_t hash[HASH_BYTES];
    struct str part;

    buf_printf(&text, "%.*s\n", STR_ARG(rule_id(r)));
    buf_put(&text, r->digest, HASH_BYTES);
    for (size_t i = 0; r->kind == RULE_CORRELATION && i < r->correlation.group_bys; i++) {
        struct str key = correlator_group(m->correlator, f, i);

        buf_printf(&text, "\n%zu:%.*s", key.len, STR_ARG(key));
    }
    buf_printf(&text, "\n%lld\n%.*s\n%llu\n", (long long)f->opened.us,
               STR_ARG(record_text(&b->record, COLUMN_SOURCE_NAME)),
               (unsigned long long)f->opened.source_seq);
    buf_put(&text, sha, HASH_BYTES);
    part = buf_str(&text);
    hash_sha256(hash, &part, 1);
    memcpy(a->id, "A-", 2);
    for (unsigned i = 0; i < 16; i++) {
        unsigned at = i * 5;
        unsigned two = (unsigned)hash[at / 8] << 8 | hash[at / 8 + 1];

        a->id[2 + i] = digits[two >> (11 - at % 8) & 31];
    }
    a->id[ALERT_ID - 1] = '\0';
    buf_release(&text);
}

/* ---- members ---- */

static void put_member(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, ",\"%s\":", name);
    print_json_text(out, text);
}

static void begin_member(struct buf *out, const char *name)
{
    buf_printf(out, "%s\"%s\":", out->at[out->len - 1] == '{' ? "" : ",", name);
}

static void put_shown(struct buf *out, const char *name, const struct record *r, enum column c,
                      bool reveal)
{
    struct buf text = {0};

    begin_member(out, name);
    if (r->column[c].kind == VALUE_MISSING) {
        buf_put_text(out, "null");
        return;
    }
    shown_value(&text, r, c, reveal);
    if (r->column[c].kind == VALUE_INTEGER)
        buf_put_str(out, buf_str(&text));
    else
        print_json_text(out, buf_str(&text));
    buf_release(&text);
}

static void put_time(struct buf *out, const char *name, int64_t us)
{
    char text[TIMESTAMP_BYTES + 8];

    if (us == INT64_MIN) {
        buf_printf(out, ",\"%s\":null", name);
        return;
    }
    timestamp_print(text, us);
    put_member(out, name, str_of(text));
}

static void put_rule(struct buf *out, const struct rule *r)
{
    char digest[RULE_DIGEST];

    buf_put_text(out, "\"rule\":{\"id\":");
    print_json_text(out, r->id);
    put_member(out, "name", r->name);
    put_member(out, "title", r->title);
    put_member(out, "level", str_of(rule_levels[r->level]));
    put_member(out, "digest", rule_digest(r, digest));
    buf_put_text(out, ",\"tags\":[");
    for (size_t i = 0; r->tags && i < r->tags->items; i++) {
        buf_put_text(out, i ? "," : "");
        print_json_text(out, r->tags->item[i]->text);
    }
    buf_put_text(out, "]}");
}

/* Is the rule about a person: is its group one, or has it none? */
static bool about_person(const struct alert_maker *m, const struct rule *r)
{
    const struct correlation *c = &r->correlation;

    if (r->kind != RULE_CORRELATION)
        return true;
    for (size_t i = 0; i < c->group_bys; i++)
        for (size_t of = 0; of < c->count; of++)
            if (str_starts(m->set->fields.entry[correlation_fields(c, of)[i]], STR("user.")))
                return true;
    return false;
}

/* A text of the organisation: null where neither the token nor a list has it. */
static void put_told(struct buf *out, const char *name, const struct record *r, enum column c,
                     struct str listed, bool reveal)
{
    struct buf text = {0};

    begin_member(out, name);
    organisation_shown(&text, r, c, listed, reveal);
    if (text.len > 0)
        print_json_text(out, buf_str(&text));
    else
        buf_put_text(out, "null");
    buf_release(&text);
}

static void put_organisation(struct buf *out, const struct alert_maker *m,
                             const struct record *r, bool reveal)
{
    struct organisation o = reference_organisation(m->reference, r);

    buf_put_text(out, ",\"organisation\":{");
    put_told(out, "ods", r, COLUMN_ORG_ODS, o.ods, reveal);
    put_told(out, "name", r, COLUMN_ORG_NAME, o.name, reveal);
    put_shown(out, "asid", r, COLUMN_SSP_FROM, reveal);
    buf_put_text(out, "}");
}

static void put_user(struct buf *out, struct alert_maker *m, const struct rule *rule,
                     const struct record *r, bool reveal)
{
    struct buf name = {0};

    if (!about_person(m, rule) || record_text(r, COLUMN_USER_KEY).len == 0) {
        buf_put_text(out, ",\"user\":null");
    } else {
        buf_put_text(out, ",\"user\":{");
        put_shown(out, "key", r, COLUMN_USER_KEY, reveal);
        put_shown(out, "level", r, COLUMN_USER_LEVEL, reveal);
        shown_user_name(&name, r, reveal);
        put_member(out, "name", buf_str(&name));
        put_shown(out, "ods", r, COLUMN_ORG_ODS, reveal);
        buf_put_text(out, "}");
    }
    buf_release(&name);
    put_organisation(out, m, r, reveal);
}

static void put_patient(struct buf *out, const struct alert_maker *m, const struct behind *b,
                        bool reveal)
{
    struct buf text = {0};

    buf_put_text(out, ",\"practice\":");
    if (b->practices == 1)
        print_json_text(out, m->practices.texts.entry[b->practice]);
    else
        buf_put_text(out, "null");
    buf_printf(out, ",\"patients\":%zu,\"patient\":", b->patients);
    if (b->patients != 1) {
        buf_put_text(out, "null");
        return;
    }
    if (reveal)
        buf_put_str(&text, m->patients.texts.entry[b->patient]);
    else
        mask_number(&text, m->patients.texts.entry[b->patient]);
    print_json_text(out, buf_str(&text));
    buf_release(&text);
}

/* Is the k-th part of the group, under whatever name, that field? */
static bool group_is(const struct alert_maker *m, const struct correlation *c, size_t k,
                     struct str name)
{
    uint32_t field = dictionary_find(&m->set->fields, name);

    return field != DICTIONARY_NONE && correlation_groups_by(c, k, field);
}

static void put_group(struct buf *out, struct alert_maker *m, const struct finding *f,
                      bool reveal)
{
    const struct correlation *c = &f->rule->correlation;

    buf_put_text(out, ",\"group\":{");
    for (size_t i = 0; f->rule->kind == RULE_CORRELATION && i < c->group_bys; i++) {
        struct str name = m->set->fields.entry[c->group_by[i]];
        struct str key = correlator_group(m->correlator, f, i);
        struct buf text = {0};

        if (reveal || group_is(m, c, i, STR("jwt.hash"))) /* whose digits are nobody's number */
            buf_put_str(&text, key);
        else if (group_is(m, c, i, STR("patient.nhs_number")))
            mask_number(&text, key);
        else
            mask_text(&text, key);
        buf_put_text(out, i ? "," : "");
        print_json_text(out, name);
        buf_put_text(out, ":");
        print_json_text(out, buf_str(&text));
        buf_release(&text);
    }
    buf_put_text(out, "}");
}

static void put_records(struct buf *out, const struct alert_maker *m, const struct finding *f)
{
    size_t shown = f->records < RECORDS_SHOWN ? f->records : RECORDS_SHOWN;

    buf_put_text(out, ",\"records\":[");
    for (size_t i = 0; i < shown; i++)
        buf_printf(out, "%s%llu", i ? "," : "",
                   (unsigned long long)m->met[f->at[i].record].seq);
    buf_printf(out, "],\"records_left_out\":%zu", f->records - shown);
}

static void put_reason(struct buf *out, struct str field, struct str value, struct str expected,
                       const char *form, bool first)
{
    struct buf text = {0};

    buf_printf(out, "%s{\"field\":", first ? "" : ",");
    print_json_text(out, field);
    put_member(out, "value", value);
    put_member(out, "expected", expected);
    if (*form)
        buf_printf(&text, "%.*s %s", STR_ARG(value), form);
    else
        buf_printf(&text, "%.*s is %.*s", STR_ARG(field), STR_ARG(value));
    buf_printf(&text, "; expected: %.*s", STR_ARG(expected));
    put_member(out, "text", buf_str(&text));
    buf_put_text(out, "}");
    buf_release(&text);
}

/* The conditions of a detection that held, with the values of the record. */
static void put_held(struct buf *out, struct alert_maker *m, const struct rule *r,
                     const struct behind *b, bool reveal)
{
    const struct predicate *why[REASONS_MAX];
    struct event event;
    size_t n;

    m->fields.record = &b->record;
    event = record_event(&m->fields);
    evaluator_event(m->evaluator, &event);
    n = evaluator_why(m->evaluator, r, why, REASONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct str field = why[i]->op == OP_KEYWORD ? STR("any text")
                                                    : m->set->fields.entry[why[i]->field];
        struct buf value = {0}, expected = {0};
        enum column c;
        enum joined j;

        if (column_find(&c, field) && b->record.column[c].kind != VALUE_MISSING)
            shown_value(&value, &b->record, c, reveal);
        else if (joined_find(&j, field))
            joined_shown(&value, j, m->reference, m->zone, &b->record, reveal);
        if (value.len == 0)
            buf_put_text(&value, "missing");
        buf_printf(&expected, "anything but %.*s", STR_ARG(why[i]->said));
        put_reason(out, field, buf_str(&value), buf_str(&expected), "", i == 0);
        buf_release(&value);
        buf_release(&expected);
    }
}

static void put_reasons(struct buf *out, struct alert_maker *m, const struct finding *f,
                        const struct behind *b, struct str expected, bool reveal)
{
    const struct correlation *c = &f->rule->correlation;
    char value[32];

    buf_put_text(out, ",\"reasons\":[");
    if (f->rule->kind != RULE_CORRELATION) {
        put_held(out, m, f->rule, b, reveal);
    } else if (correlation_measures(c)) {
        struct buf form = {0};

        buf_put_text(&form, "is ");
        sentence_measure(&form, m->set, c);
        buf_put_u8(&form, '\0');
        snprintf(value, sizeof value, "%.15g", f->measured);
        put_reason(out, m->set->fields.entry[c->field], str_of(value), expected,
                   form.at, true);
        buf_release(&form);
    } else if (c->type == CORRELATION_VALUE_COUNT) {
        struct str field = m->set->fields.entry[c->field];

        snprintf(value, sizeof value, "%zu",
                 str_equal(field, STR("patient.nhs_number")) ? b->patients : f->records);
        put_reason(out, field, str_of(value), expected,
                   str_equal(field, STR("patient.nhs_number")) ? "different patients"
                                                               : "requests",
                   true);
    } else {
        snprintf(value, sizeof value, "%zu", f->records);
        put_reason(out, STR("requests"), str_of(value), expected,
                   f->records == 1 ? "request" : "requests", true);
    }
    buf_put_text(out, "]");
}

static const char log_member[] = ",\"log\":{\"origin\":";

static void put_log(struct buf *out, const struct alert_maker *m)
{
    buf_put_text(out, log_member);
    print_json_text(out, m->origin);
    buf_printf(out, ",\"size\":%llu,\"root\":\"%s\"}", (unsigned long long)m->size,
               m->root);
}

/* The members; *content gets the hash of those that late records could change. */
static void put_body(struct buf *out, struct alert_maker *m, const struct finding *f,
                     const struct behind *b, bool reveal, uint8_t content[HASH_BYTES])
{
    struct buf text = {0}, expected = {0};
    struct sentence s;
    struct str part;

    sentence_expected(&expected, m->set, f->rule);
    s = (struct sentence){.rule = f->rule, .record = &b->record, .zone = m->zone,
                          .count = f->records, .patients = b->patients,
                          .first_us = f->at[0].us, .last_us = f->at[f->records - 1].us,
                          .reference = m->reference, .expected = buf_str(&expected),
                          .reveal = reveal, .with = b->with, .withs = b->withs,
                          .more = f->withs > VALUES_SHOWN, .measured = f->measured};
    s.field = field_counted(m, f->rule);
    put_rule(out, f->rule);
    put_time(out, "first", s.first_us);
    put_time(out, "last", s.last_us);
    put_user(out, m, f->rule, &b->record, reveal);
    put_patient(out, m, b, reveal);
    put_group(out, m, f, reveal);
    buf_printf(out, ",\"count\":%zu", f->records);
    sentence_print(&text, &s);
    put_member(out, "text", buf_str(&text));
    put_reasons(out, m, f, b, buf_str(&expected), reveal);
    buf_put_text(out, ",\"explanations\":[],\"score\":null");
    part = buf_str(out);
    hash_sha256(content, &part, 1);
    put_records(out, m, f);
    put_log(out, m);
    buf_release(&text);
    buf_release(&expected);
}

int alert_make(struct alert *out, struct alert_maker *m, const struct finding *f, bool reveal,
               struct err *err)
{
    struct behind b = {.patients = 0};
    uint8_t sha[HASH_BYTES], ignored[HASH_BYTES];
    int rc;

    memset(out, 0, sizeof *out);
    rc = read_record(m, f->opened.record, &b.arena, &b.record, sha, err);
    if (rc == 0 &&
        str_last(f->rule->sentence, STR(SENTENCE_VALUES)) < f->rule->sentence.len)
        rc = read_values(m, f, &b, err);
    if (rc == 0) {
        count_behind(m, f, &b);
        name_alert(out, m, f, &b, sha);
        out->opened_us = f->opened.us;
        out->first_us = f->at[0].us;
        out->last_us = f->at[f->records - 1].us;
        put_body(&out->body, m, f, &b, false, out->content);
        if (reveal)
            put_body(&out->revealed, m, f, &b, true, ignored);
    }
    arena_release(&b.arena);
    return rc;
}

/* ---- alerts that another run made ---- */

void alert_sight(char out[ALERT_SIGHT], const struct alert_maker *m, const struct finding *f)
{
    uint8_t hash[HASH_BYTES];
    const struct segment_map *map = trail_map(m->trail);
    const struct group *g;
    struct buf text = {0};
    struct str part;
    uint64_t last = m->met[f->opened.record].seq;

    buf_put(&text, m->made_by, HASH_BYTES);
    buf_put(&text, f->rule->digest, HASH_BYTES);
    for (size_t i = 0; f->rule->kind == RULE_CORRELATION &&
                       i < f->rule->correlation.group_bys; i++) {
        struct str key = correlator_group(m->correlator, f, i);

        buf_put_varint(&text, key.len);
        buf_put_str(&text, key);
    }
    buf_put_u64(&text, (uint64_t)f->opened.us);
    buf_put_u64(&text, m->met[f->opened.record].seq);
    for (size_t i = 0; i < f->records; i++) {
        buf_put_u64(&text, (uint64_t)f->at[i].us);
        buf_put_u64(&text, m->met[f->at[i].record].seq);
        if (m->met[f->at[i].record].seq > last)
            last = m->met[f->at[i].record].seq;
    }
    /* The header covers by its sums the signed head in the group, and that all before. */
    g = &map->group[segment_group_of(map, last)].head;
    buf_put_u64(&text, g->first_seq);
    buf_put_u32(&text, g->header_crc);
    buf_put_u32(&text, g->chain);
    part = buf_str(&text);
    hash_sha256(hash, &part, 1);
    hash_hex(out, hash, HASH_BYTES);
    buf_release(&text);
}

void alert_renew_log(struct buf *out, const struct alert_maker *m, struct str body)
{
    buf_put_str(out, str_part(body, 0, str_last(body, str_of(log_member)))); /* in no text */
    put_log(out, m);
}

void alert_renew(struct alert *out, const struct alert_maker *m, const struct finding *f,
                 struct str id, struct str body)
{
    *out = (struct alert){.opened_us = f->opened.us, .first_us = f->at[0].us,
                          .last_us = f->at[f->records - 1].us};
    snprintf(out->id, sizeof out->id, "%.*s", STR_ARG(id));
    alert_renew_log(&out->body, m, body);
}
