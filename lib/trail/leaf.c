/* leaf.c - see leaf.h. */
#include "trail/leaf.h"

#include "base/zone.h"

enum { DIGITS_MAX = 18, SECONDS_TEXT = 19 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool leaf_integer_read(struct str s, int64_t *v)
{
    bool minus = s.len > 0 && s.at[0] == '-';
    size_t at = minus;
    int64_t n = 0;

    if (s.len == at || s.len - at > DIGITS_MAX ||
        (s.at[at] == '0' && (s.len - at > 1 || minus)))
        return false;
    for (; at < s.len; at++) {
        if (!is_digit(s.at[at]))
            return false;
        n = n * 10 + (s.at[at] - '0');
    }
    *v = minus ? -n : n;
    return true;
}

size_t leaf_integer_print(char out[LEAF_INTEGER_MAX], int64_t v)
{
    char digits[LEAF_INTEGER_MAX];
    uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    size_t len = 0;
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0 && count < DIGITS_MAX + 1);
    if (v < 0)
        out[len++] = '-';
    while (count > 0)
        out[len++] = digits[--count];
    return len;
}

static int two(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static void put_two(char *p, int v)
{
    p[0] = (char)('0' + v / 10);
    p[1] = (char)('0' + v % 10);
}

static const char *const zones[] = {"Z", "+00:00", "+01:00"};

uint8_t leaf_moment_style(struct str s)
{
    size_t digits = 0;
    struct str zone;

    if (s.len < SECONDS_TEXT + 1)
        return LEAF_NO_STYLE;
    zone = str_part(s, SECONDS_TEXT, s.len);
    if (zone.at[0] == '.') {
        while (digits + 1 < zone.len && is_digit(zone.at[digits + 1]))
            digits++;
        if (digits == 0 || digits > 6)
            return LEAF_NO_STYLE;
        zone = str_part(zone, digits + 1, zone.len);
    }
    for (uint8_t i = 0; i < 3; i++)
        if (str_equal(zone, str_of(zones[i])))
            return (uint8_t)(digits | (size_t)i << 3);
    return LEAF_NO_STYLE;
}

int64_t leaf_moment_unit(uint8_t style)
{
    int64_t unit = 1;

    for (int i = 0; i < (style & 7); i++)
        unit *= 10;
    return unit;
}

static bool all_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(p[i]))
            return false;
    return true;
}

bool leaf_moment_read(struct str s, uint8_t style, int64_t *v)
{
    size_t digits = style & 7U;
    struct str zone = str_of(zones[style >> 3]);
    size_t fraction = digits ? digits + 1 : 0;
    const char *p = s.at;
    char again[LEAF_MOMENT_MAX];
    int64_t part = 0;
    int64_t seconds;

    if (s.len != SECONDS_TEXT + fraction + zone.len || !all_digits(p, 4) ||
        !all_digits(p + 5, 2) || !all_digits(p + 8, 2) || !all_digits(p + 11, 2) ||
        !all_digits(p + 14, 2) || !all_digits(p + 17, 2) ||
        (digits && !all_digits(p + SECONDS_TEXT + 1, digits)) || two(p + 5) < 1 ||
        two(p + 5) > 12 || two(p) < 1)
        return false;
    seconds = civil_to_days(two(p) * 100 + two(p + 2), two(p + 5), two(p + 8)) * 86400 +
              two(p + 11) * 3600 + two(p + 14) * 60 + two(p + 17);
    for (size_t i = 0; i < digits; i++)
        part = part * 10 + (p[SECONDS_TEXT + 1 + i] - '0');
    *v = seconds * leaf_moment_unit(style) + part;
    return leaf_moment_print(again, style, *v) == s.len && memcmp(again, p, s.len) == 0;
}

size_t leaf_moment_print(char out[LEAF_MOMENT_MAX], uint8_t style, int64_t v)
{
    size_t digits = style & 7U;
    struct str zone = str_of(zones[(style >> 3) % 3]);
    int64_t unit = leaf_moment_unit(style);
    int64_t seconds = v / unit - (v % unit < 0);
    int64_t part = v - seconds * unit;
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    size_t len = SECONDS_TEXT;
    struct civil c;

    if (days < -354285 || days > 2932896) /* years 1000 to 9999 */
        return 0;
    civil_from_seconds(&c, seconds);
    put_two(out, c.year / 100);
    put_two(out + 2, c.year % 100);
    out[4] = out[7] = '-';
    put_two(out + 5, c.month);
    put_two(out + 8, c.day);
    out[10] = 'T';
    put_two(out + 11, c.hour);
    put_two(out + 14, c.minute);
    put_two(out + 17, c.second);
    out[13] = out[16] = ':';
    if (digits) {
        out[len] = '.';
        for (size_t i = digits; i > 0; i--, part /= 10)
            out[len + i] = (char)('0' + part % 10);
        len += digits + 1;
    }
    memcpy(out + len, zone.at, zone.len);
    return len + zone.len;
}

/* Where the sixteen pairs of digits stand. */
static const uint8_t pair_at[LEAF_UUID_BYTES] = {0,  2,  4,  6,  9,  11, 14, 16,
                                                 19, 21, 24, 26, 28, 30, 32, 34};

/* 16 and 0 to 15 of a hexadecimal digit; letters are of one case. */
#define HEX_DIGITS                                                                             \
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22,        \
    ['7'] = 23, ['8'] = 24, ['9'] = 25
static const uint8_t hex_lower[256] = {HEX_DIGITS,  ['a'] = 26, ['b'] = 27, ['c'] = 28,
                                       ['d'] = 29, ['e'] = 30, ['f'] = 31};
static const uint8_t hex_upper[256] = {HEX_DIGITS,  ['A'] = 26, ['B'] = 27, ['C'] = 28,
                                       ['D'] = 29, ['E'] = 30, ['F'] = 31};

bool leaf_uuid_read(struct str s, bool upper, uint8_t out[LEAF_UUID_BYTES])
{
    const uint8_t *hex = upper ? hex_upper : hex_lower;
    uint8_t all = 16;

    if (s.len != LEAF_UUID_TEXT || s.at[8] != '-' || s.at[13] != '-' || s.at[18] != '-' ||
        s.at[23] != '-')
        return false;
    for (int i = 0; i < LEAF_UUID_BYTES; i++) {
        uint8_t high = hex[(uint8_t)s.at[pair_at[i]]];
        uint8_t low = hex[(uint8_t)s.at[pair_at[i] + 1]];

        all &= high & low;
        out[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return all;
}

void leaf_uuid_print(char out[LEAF_UUID_TEXT], bool upper, const uint8_t in[LEAF_UUID_BYTES])
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    out[8] = out[13] = out[18] = out[23] = '-';
    for (int i = 0; i < LEAF_UUID_BYTES; i++) {
        out[pair_at[i]] = digits[in[i] >> 4];
        out[pair_at[i] + 1] = digits[in[i] & 15];
    }
}
