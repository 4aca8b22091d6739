/* base64.h - RFC 4648. Standard alphabet with padding for our own formats; decoding is
 * strict (padding where due, unused bits zero). Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* Append the encoding to out. */
void base64_encode(struct buf *out, struct str bytes);

/* Append the decoded bytes; false (and out as it was) where text is not canonical. */
bool base64_decode(struct buf *out, struct str text);

#endif
