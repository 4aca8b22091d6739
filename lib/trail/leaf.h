/* leaf.h - texts that are another value written down: integers, moments, UUIDs. Each
 * reader accepts a text only if the printer gives the same bytes back. Pure. */
#ifndef TRAIL_LEAF_H
#define TRAIL_LEAF_H

#include <stdint.h>

#include "base/str.h"

enum { LEAF_INTEGER_MAX = 20, LEAF_MOMENT_MAX = 40, LEAF_UUID_TEXT = 36, LEAF_UUID_BYTES = 16,
       LEAF_UUID_EITHER = 2 };

/* Has a JSON string no escapes, so that it is what it says? */
static inline bool leaf_plain(struct str s)
{
    return s.len == 0 || !memchr(s.at, '\\', s.len);
}

/* Decimal, at most 18 digits, no leading zero, no minus zero. */
bool leaf_integer_read(struct str s, int64_t *v);
size_t leaf_integer_print(char out[LEAF_INTEGER_MAX], int64_t v);

/* YYYY-MM-DDThh:mm:ss, then `style & 7` digits of fraction (0 to 6), then the zone:
 * style >> 3 is 0 for Z, 1 for +00:00, 2 for +01:00. The value counts units of
 * 10^-(style & 7) seconds from 1970, of the clock as written. */
enum { LEAF_STYLES = 24, LEAF_NO_STYLE = 255 };
bool leaf_moment_read(struct str s, uint8_t style, int64_t *v);
size_t leaf_moment_print(char out[LEAF_MOMENT_MAX], uint8_t style, int64_t v);
uint8_t leaf_moment_style(struct str s); /* LEAF_NO_STYLE: not a moment of these */
int64_t leaf_moment_unit(uint8_t style); /* units in a second */

/* RFC 9562 text of one case. What is of both cases (no letters) is lower case too. */
bool leaf_uuid_read(struct str s, bool upper, uint8_t out[LEAF_UUID_BYTES]);
void leaf_uuid_print(char out[LEAF_UUID_TEXT], bool upper, const uint8_t in[LEAF_UUID_BYTES]);

#endif
