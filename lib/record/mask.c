/* mask.c - see mask.h. */
#include "record/mask.h"

#include "record/nhs_number.h"

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

/* Is text[at] the first digit of its run? Behind %20 the 0 is no digit of the number. */
static bool begins(struct str text, size_t at)
{
    if (at == 0 || !digit(text.at[at - 1]))
        return true;
    return at >= 3 && memcmp(text.at + at - 3, "%20", 3) == 0;
}

void mask_number(struct buf *out, struct str number)
{
    size_t keep = number.len < 3 ? 0 : 3;

    for (int i = 0; i < 7; i++)
        buf_put_text(out, "\xe2\x80\xa2");
    buf_put_str(out, str_part(number, number.len - keep, number.len));
}

void mask_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len;) {
        char ten[10];
        size_t n = digit(text.at[i]) && begins(text, i) ? run_at(text, i, ten) : 0;

        if (n > 0) {
            mask_number(out, (struct str){ten, 10});
            i += n;
        } else {
            buf_put_u8(out, (uint8_t)text.at[i++]);
        }
    }
}

void mask_known(struct buf *out, struct str text, struct str number)
{
    char plain[64];
    size_t want = 0;

    for (size_t i = 0; i < number.len && want < sizeof plain; i++)
        if (!separator(str_part(number, i, i + 1)))
            plain[want++] = number.at[i];
    for (size_t i = 0; i < text.len;) {
        const char *next = want > 0 ? memchr(text.at + i, plain[0], text.len - i) : NULL;
        size_t run = next ? (size_t)(next - text.at) - i : text.len - i;
        size_t j = i + run;
        size_t n = 0;

        buf_put(out, text.at + i, run);
        i = j;
        while (n < want && j < text.len) {
            if (text.at[j] == plain[n]) {
                n++;
                j++;
            } else {
                size_t gap = n > 0 ? separator(str_part(text, j, text.len)) : 0;

                if (gap == 0)
                    break;
                j += gap;
            }
        }
        if (want > 0 && n == want) {
            mask_number(out, (struct str){plain, want});
            i = j;
        } else if (i < text.len) {
            buf_put_u8(out, (uint8_t)text.at[i++]);
        }
    }
}
