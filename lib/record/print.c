/* print.c - see print.h. */
#include "record/print.h"

#include "base/utf8.h"
#include "record/timestamp.h"

void print_json_text(struct buf *out, struct str text)
{
    buf_put_u8(out, '"');
    for (size_t i = 0; i < text.len;) {
        unsigned char c = (unsigned char)text.at[i];
        size_t n = utf8_length((const unsigned char *)text.at + i, text.len - i);

        if (c == '"' || c == '\\') {
            buf_put_u8(out, '\\');
            buf_put_u8(out, c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_printf(out, "\\u%04x", c);
        } else if (n == 0) {
            buf_put_text(out, "\xef\xbf\xbd");
        } else {
            buf_put(out, text.at + i, n);
        }
        i += n ? n : 1;
    }
    buf_put_u8(out, '"');
}

/* The fewest digits that read back as the same double. */
static void print_number(struct buf *out, double v)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (!(strtod(text, NULL) < v || strtod(text, NULL) > v))
            break;
    }
    if (strchr(text, 'e') && v < 1e15 && v >= 1)
        snprintf(text, sizeof text, "%.0f", v);
    buf_put_text(out, text);
}

void print_plain_value(struct buf *out, const struct value *v)
{
    char time[TIMESTAMP_BYTES + 8];

    switch (v->kind) {
    case VALUE_MISSING:
        break;
    case VALUE_TEXT:
        buf_put_str(out, v->text);
        break;
    case VALUE_INTEGER:
        buf_printf(out, "%lld", (long long)v->integer);
        break;
    case VALUE_NUMBER:
        print_number(out, v->number);
        break;
    case VALUE_TRUTH:
        buf_put_text(out, "true");
        break;
    case VALUE_TIME:
        timestamp_print(time, v->integer);
        buf_put_text(out, time);
        break;
    case VALUE_LIST:
        buf_put_u8(out, '[');
        for (size_t i = 0; i < v->list.count; i++) {
            if (i > 0)
                buf_put_u8(out, ',');
            print_json_text(out, v->list.at[i]);
        }
        buf_put_u8(out, ']');
        break;
    }
}

void print_json_value(struct buf *out, const struct value *v)
{
    if (v->kind == VALUE_TEXT || v->kind == VALUE_TIME) {
        struct buf text = {0};

        print_plain_value(&text, v);
        print_json_text(out, buf_str(&text));
        buf_release(&text);
    } else {
        print_plain_value(out, v);
    }
}
