/* shown.c - see shown.h. */
#include "record/shown.h"

#include "record/mask.h"
#include "record/print.h"

static bool never_masked(enum column c)
{
    const char *name = column_name(c);
    size_t len = strlen(name);

    return strncmp(name, "ssp.", 4) == 0 || strncmp(name, "source.", 7) == 0 ||
           strncmp(name, "user.sds_", 9) == 0 || c == COLUMN_JWT_HASH ||
           (len > 4 && strcmp(name + len - 4, ".ods") == 0);
}

bool shown_by_patient(enum column c)
{
    static const enum column constant[] = {COLUMN_TIME_LOCAL_DATE, COLUMN_KIND,
                                           COLUMN_GPC_CAPABILITY,  COLUMN_GPC_ACCESS,
                                           COLUMN_GPC_VERSION,     COLUMN_GPC_PROFILE};

    for (size_t i = 0; i < sizeof constant / sizeof constant[0]; i++)
        if (c == constant[i])
            return false;
    return (column_kind(c) == VALUE_TEXT || column_kind(c) == VALUE_LIST) && !never_masked(c);
}

static bool free_text(enum column c)
{
    return c == COLUMN_HTTP_URL || c == COLUMN_HTTP_PATH || c == COLUMN_HTTP_QUERY ||
           c == COLUMN_HTTP_ERROR || c == COLUMN_INGEST_ORIGIN || c == COLUMN_FHIR_DIAGNOSTICS;
}

static void mask(struct buf *out, const struct record *r, enum column c, struct str text)
{
    const struct value *number = &r->column[COLUMN_PATIENT_NHS_NUMBER];
    bool is_known = number->kind == VALUE_TEXT && number->text.len >= 3;
    struct buf known = {0};

    if (c == COLUMN_PATIENT_NHS_NUMBER) {
        mask_number(out, text);
    } else if (is_known && free_text(c)) {
        mask_known(&known, text, number->text);
        mask_text(out, buf_str(&known));
        buf_release(&known);
    } else if (is_known) {
        mask_known(out, text, number->text);
    } else if (free_text(c)) {
        mask_text(out, text);
    } else {
        buf_put_str(out, text);
    }
}

void shown_value(struct buf *out, const struct record *r, enum column c, bool reveal)
{
    const struct value *v = &r->column[c];
    struct buf plain = {0};

    if ((v->kind != VALUE_TEXT && v->kind != VALUE_LIST) || reveal || never_masked(c)) {
        print_plain_value(out, v);
    } else if (v->kind == VALUE_TEXT) {
        mask(out, r, c, v->text);
    } else {
        print_plain_value(&plain, v);
        mask(out, r, c, buf_str(&plain));
        buf_release(&plain);
    }
}

void shown_user_name(struct buf *out, const struct record *r, bool reveal)
{
    static const enum column names[] = {COLUMN_USER_PREFIX, COLUMN_USER_GIVEN,
                                        COLUMN_USER_FAMILY};
    size_t before = out->len;

    for (int i = 0; i < 3; i++)
        if (record_text(r, names[i]).len > 0) {
            buf_put_text(out, out->len > before ? " " : "");
            shown_value(out, r, names[i], reveal);
        }
}
