/* deflate.h - the door to zlib: raw deflate (RFC 1951) of one block of bytes, and gzip
 * (RFC 1952) as a stream. */
#ifndef BASE_DEFLATE_H
#define BASE_DEFLATE_H

#include "base/buf.h"
#include "base/err.h"

/* Append the raw deflate of bytes to out; level is zlib's, 1 to 9. The same bytes may be
 * packed otherwise where libdeflate is there; any inflate reads both. */
enum { DEFLATE_FAST = 1, DEFLATE_SMALL = 6 };
void deflate_block(struct buf *out, struct str bytes, int level);

/* Inflate into exactly size bytes at out. ERR_CORRUPT where it does not fit. */
int inflate_block(char *out, size_t size, struct str packed, struct err *err);

/* A thread that inflated ends: free what it kept for that. */
void inflate_thread_end(void);

/* A gzip stream, members behind members. One thread owns it. */
struct gunzip;

struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *z);
/* Read from *in (advanced), append at most room bytes to out. 1 while the stream goes on,
 * 0 at the end of the last member that *in holds, ERR_INVALID where it is no gzip. */
int gunzip_next(struct gunzip *z, struct str *in, struct buf *out, size_t room,
                struct err *err);

#endif
