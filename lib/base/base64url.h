/* base64url.h - RFC 4648 section 5 without padding, as JWTs use it. Decoding is canonical:
 * what is accepted, encoding gives back byte for byte. Pure. */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include "base/str.h"

static inline size_t base64url_length(size_t bytes)
{
    return bytes / 3 * 4 + (bytes % 3 ? bytes % 3 + 1 : 0);
}

/* Bytes that decoding a text of that length may write. */
static inline size_t base64url_room(size_t text)
{
    return text / 4 * 3 + 3;
}

/* Writes base64url_length() characters; returns their number. */
size_t base64url_encode(char *out, struct str bytes);
/* False where text is not canonical; out and *len are then without meaning. */
bool base64url_decode(char *out, size_t *len, struct str text);

#endif
