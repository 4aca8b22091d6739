/* deflate.c - the one place that knows zlib. Failures other than bad input mean no memory,
 * and abort. */
#include "base/deflate.h"

#define ZLIB_CONST /* its input is const, as ours is */
#include <zlib.h>

#include "base/mem.h"

static void must(int rc)
{
    if (rc != Z_OK) {
        fputs("gpca: out of memory\n", stderr);
        abort();
    }
}

void deflate_block(struct buf *out, struct str bytes, int level)
{
    z_stream z = {0};
    uLong bound;

    must(deflateInit2(&z, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY));
    bound = deflateBound(&z, (uLong)bytes.len);
    z.next_in = (const Bytef *)bytes.at;
    z.avail_in = (uInt)bytes.len;
    z.next_out = (Bytef *)buf_reserve(out, bound);
    z.avail_out = (uInt)bound;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        must(Z_MEM_ERROR);
    out->len += z.total_out;
    deflateEnd(&z);
}

int inflate_block(char *out, size_t size, struct str packed, struct err *err)
{
    z_stream z = {0};
    char nothing[1];
    bool good;

    must(inflateInit2(&z, -15));
    z.next_in = (const Bytef *)packed.at;
    z.avail_in = (uInt)packed.len;
    z.next_out = (Bytef *)(size ? out : nothing);
    z.avail_out = (uInt)(size ? size : 1);
    good = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == size && z.avail_in == 0;
    inflateEnd(&z);
    return good ? 0 : err_set(err, ERR_CORRUPT, "the compressed bytes do not inflate");
}

struct gunzip {
    z_stream z;
    bool within;
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = xcalloc(1, sizeof *g);

    must(inflateInit2(&g->z, 15 + 16));
    return g;
}

void gunzip_free(struct gunzip *g)
{
    if (!g)
        return;
    inflateEnd(&g->z);
    free(g);
}

int gunzip_next(struct gunzip *g, struct str *in, struct buf *out, size_t room,
                struct err *err)
{
    int rc;

    if (!g->within && in->len > 0) {
        must(inflateReset(&g->z));
        g->within = true;
    }
    g->z.next_in = (const Bytef *)in->at;
    g->z.avail_in = (uInt)in->len;
    g->z.next_out = (Bytef *)buf_reserve(out, room);
    g->z.avail_out = (uInt)room;
    rc = inflate(&g->z, Z_NO_FLUSH);
    *in = str_part(*in, in->len - g->z.avail_in, in->len);
    out->len += room - g->z.avail_out;
    if (rc == Z_STREAM_END)
        g->within = false;
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return err_set(err, ERR_INVALID, "the gzip data are damaged");
    return g->within ? 1 : 0;
}
