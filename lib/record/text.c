/* text.c - see text.h. */
#include "record/text.h"

#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"

static int hex_digit(char c)
{
    c = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static unsigned hex4(const char *p)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++)
        v = v * 16 + (unsigned)hex_digit(p[i]);
    return v;
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

struct str text_unescape(struct str raw, bool escaped, struct arena *arena)
{
    static const char from[] = "bfnrt";
    static const char to_char[] = "\b\f\n\r\t";
    char *begin;
    char *to;

    if (!escaped)
        return raw;
    begin = to = arena_alloc(arena, raw.len);
    for (size_t i = 0; i < raw.len; i++) {
        const char *p;
        unsigned c;

        if (raw.at[i] != '\\') {
            *to++ = raw.at[i];
            continue;
        }
        i++;
        if (raw.at[i] != 'u') {
            p = strchr(from, raw.at[i]);
            *to++ = p ? to_char[p - from] : raw.at[i];
            continue;
        }
        c = hex4(raw.at + i + 1);
        i += 4;
        if (c >= 0xd800 && c < 0xdc00) {
            c = 0x10000 + ((c - 0xd800) << 10) + (hex4(raw.at + i + 3) - 0xdc00);
            i += 6;
        }
        to = put_utf8(to, c);
    }
    return (struct str){begin, (size_t)(to - begin)};
}

static bool scheme_byte(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    return letter || (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

bool text_number(struct str s, double *out, struct arena *arena)
{
    char *copy = arena_alloc(arena, s.len + 1);

    memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    *out = strtod(copy, NULL);
    return isfinite(*out) != 0;
}

void url_split(struct url *out, struct str url)
{
    size_t i = 0;
    size_t end;

    while (i < url.len && scheme_byte(url.at[i], i == 0))
        i++;
    if (i > 0 && url.len - i >= 3 && memcmp(url.at + i, "://", 3) == 0) {
        i += 3;
        while (i < url.len && url.at[i] != '/' && url.at[i] != '?' && url.at[i] != '#')
            i++;
        url = str_part(url, i, url.len);
    }
    end = str_index(url, '#');
    i = str_index(str_part(url, 0, end), '?');
    out->path = str_part(url, 0, i);
    out->has_query = i < end;
    out->query = out->has_query ? str_part(url, i + 1, end) : STR("");
}

bool url_root_ods(struct str *out, struct str path)
{
    struct str segment[2];
    bool digit = false;

    if (path.len > 0 && path.at[0] == '/')
        path = str_part(path, 1, path.len);
    for (int i = 0; i < 2; i++) {
        size_t end = str_index(path, '/');

        segment[i] = str_part(path, 0, end);
        path = end < path.len ? str_part(path, end + 1, path.len) : STR("");
    }
    if (segment[0].len < 3 || segment[0].len > 10 ||
        (!str_equal_nocase(segment[1], STR("DSTU2")) &&
         !str_equal_nocase(segment[1], STR("STU3"))))
        return false;
    for (size_t i = 0; i < segment[0].len; i++) {
        char c = ascii_lower(segment[0].at[i]);

        digit = digit || (c >= '0' && c <= '9');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
            return false;
    }
    *out = segment[0];
    return digit;
}

size_t url_byte(struct str s, size_t at, char *byte)
{
    int high = s.at[at] == '%' && at + 2 < s.len ? hex_digit(s.at[at + 1]) : -1;
    int low = high >= 0 ? hex_digit(s.at[at + 2]) : -1;

    *byte = low >= 0 ? (char)(high * 16 + low) : s.at[at];
    return low >= 0 ? 3 : 1;
}

struct str url_decode(struct str s, struct arena *arena)
{
    char *bytes = arena_alloc(arena, s.len);
    char *text = arena_alloc(arena, 3 * s.len);
    char *to = text;
    size_t len = 0;

    for (size_t i = 0; i < s.len;)
        i += url_byte(s, i, &bytes[len++]);
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length((unsigned char *)bytes + i, len - i);

        if (n == 0) {
            memcpy(to, "\xef\xbf\xbd", 3);
            to += 3;
            i += utf8_broken(bytes + i, len - i);
        } else {
            memcpy(to, bytes + i, n);
            to += n;
            i += n;
        }
    }
    return (struct str){text, (size_t)(to - text)};
}
