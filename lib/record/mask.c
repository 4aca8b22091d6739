/* mask.c - see mask.h. */
#include "record/mask.h"

#include "record/nhs_number.h"
#include "record/text.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of one separator at s, 0 where there is none. */
static size_t separator(struct str s)
{
    if (s.len == 0)
        return 0;
    if (s.at[0] == ' ' || s.at[0] == '-' || s.at[0] == '+')
        return 1;
    return s.len >= 3 && s.at[0] == '%' && s.at[1] == '2' && s.at[2] == '0' ? 3 : 0;
}

static size_t take_digits(struct str s, char *ten, size_t *n, size_t want)
{
    size_t i = 0;

    while (i < want && i < s.len && digit(s.at[i]))
        ten[(*n)++] = s.at[i++];
    return i;
}

/* Bytes of a number that begins at text[at]: 0 where there is none. */
static size_t run_at(struct str text, size_t at, char *ten)
{
    struct str s = str_part(text, at, text.len);
    size_t n = 0;
    size_t i = take_digits(s, ten, &n, 10);

    if (n < 10) {
        size_t gap;

        if (n != 3)
            return 0;
        gap = separator(str_part(s, i, s.len));
        if (gap == 0)
            return 0;
        i += gap;
        i += take_digits(str_part(s, i, s.len), ten, &n, 3);
        gap = n == 6 ? separator(str_part(s, i, s.len)) : 0;
        if (gap == 0)
            return 0;
        i += gap;
        i += take_digits(str_part(s, i, s.len), ten, &n, 4);
    }
    if (n != 10 || (i < s.len && digit(s.at[i])) || !nhs_number_good(ten))
        return 0;
    return i;
}

/* Is text[at] the first digit of its run? Those of %20 and its like are none of the number. */
static bool begins(struct str text, size_t at)
{
    char ignored;

    return at == 0 || !digit(text.at[at - 1]) ||
           (at >= 3 && url_byte(text, at - 3, &ignored) == 3);
}

void mask_number(struct buf *out, struct str number)
{
    size_t keep = 0;

    for (size_t at = number.len; at > 0 && keep < 3;) /* characters, not bytes */
        keep += ((uint8_t)number.at[--at] & 0xc0) != 0x80;
    for (int i = 0; i < 7; i++)
        buf_put_text(out, "\xe2\x80\xa2");
    if (keep < 3)
        return;
    for (size_t at = number.len; at > 0; at--)
        if (((uint8_t)number.at[at - 1] & 0xc0) != 0x80 && --keep == 0) {
            buf_put_str(out, str_part(number, at - 1, number.len));
            return;
        }
}

void mask_each(struct buf *out, struct str text,
               void (*put)(void *ctx, struct buf *out, struct str number), void *ctx)
{
    for (size_t i = 0; i < text.len;) {
        char ten[10];
        size_t n = digit(text.at[i]) && begins(text, i) ? run_at(text, i, ten) : 0;

        if (n > 0) {
            put(ctx, out, (struct str){ten, 10});
            i += n;
        } else {
            buf_put_u8(out, (uint8_t)text.at[i++]);
        }
    }
}

static void put_mask(void *ctx, struct buf *out, struct str number)
{
    (void)ctx;
    mask_number(out, number);
}

void mask_text(struct buf *out, struct str text)
{
    mask_each(out, text, put_mask, NULL);
}

/* Length of a space (of either kind), a hyphen or a plus that stands there; 0: none does. */
static size_t gap_at(struct str text, size_t at)
{
    char c, next;
    size_t n = url_byte(text, at, &c);

    if (c == ' ' || c == '-' || c == '+')
        return n;
    if (c != '\xc2' || at + n >= text.len)
        return 0;
    n += url_byte(text, at + n, &next);
    return next == '\xa0' ? n : 0;
}

/* Where the number that begins at `at` ends, in whatever spelling; 0: none does. */
static size_t end_of_known(struct str text, size_t at, struct str plain)
{
    size_t found = 0;

    while (found < plain.len && at < text.len) {
        char c;
        size_t n = url_byte(text, at, &c);

        if (c == plain.at[found])
            found++;
        else if (found == 0 || (n = gap_at(text, at)) == 0)
            return 0;
        at += n;
    }
    return found == plain.len ? at : 0;
}

void mask_known(struct buf *out, struct str text, struct str number)
{
    char bytes[64];
    struct str plain = {bytes, 0};

    for (size_t i = 0; i < number.len && plain.len < sizeof bytes; i++)
        if (number.at[i] != ' ' && number.at[i] != '-')
            bytes[plain.len++] = number.at[i];
    for (size_t i = 0; i < text.len;) {
        bool maybe = plain.len > 0 && (text.at[i] == bytes[0] || text.at[i] == '%');
        size_t end = maybe ? end_of_known(text, i, plain) : 0;

        if (end > 0) {
            mask_number(out, plain);
            i = end;
        } else {
            buf_put_u8(out, (uint8_t)text.at[i++]);
        }
    }
}
