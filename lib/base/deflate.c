/* deflate.c - the one place that knows zlib, and libdeflate where the build found it. The
 * streams kept per thread live as long as it. Failures other than bad input mean no memory,
 * and abort. */
#include "base/deflate.h"

#define ZLIB_CONST /* its input is const, as ours is */
#include <zlib.h>
#ifdef GPCA_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "base/mem.h"

static void must(int rc)
{
    if (rc != Z_OK) {
        fputs("gpca: out of memory\n", stderr);
        abort();
    }
}

#ifdef GPCA_LIBDEFLATE

/* One of each per thread: making one costs more than most of our streams. */
static struct libdeflate_compressor *compressor_of(int level)
{
    static __thread struct libdeflate_compressor *fast, *small;
    struct libdeflate_compressor **c = level == DEFLATE_FAST ? &fast : &small;

    if (!*c)
        *c = libdeflate_alloc_compressor(level);
    must(*c ? Z_OK : Z_MEM_ERROR);
    return *c;
}

void deflate_block(struct buf *out, struct str bytes, int level)
{
    struct libdeflate_compressor *c = compressor_of(level);
    size_t bound = libdeflate_deflate_compress_bound(c, bytes.len);
    char *to = buf_reserve(out, bound);
    size_t n = libdeflate_deflate_compress(c, bytes.at, bytes.len, to, bound);

    must(n ? Z_OK : Z_MEM_ERROR);
    out->len += n;
}

static __thread struct libdeflate_decompressor *inflater;

int inflate_block(char *out, size_t size, struct str packed, struct err *err)
{
    char nothing[1];
    size_t used, got;

    if (!inflater)
        inflater = libdeflate_alloc_decompressor();
    must(inflater ? Z_OK : Z_MEM_ERROR);
    if (libdeflate_deflate_decompress_ex(inflater, packed.at, packed.len,
                                         size ? out : nothing, size, &used,
                                         &got) != LIBDEFLATE_SUCCESS ||
        used != packed.len || got != size)
        return err_set(err, ERR_CORRUPT, "the compressed bytes do not inflate");
    return 0;
}

void inflate_thread_end(void)
{
    libdeflate_free_decompressor(inflater);
    inflater = NULL;
}

#else

void deflate_block(struct buf *out, struct str bytes, int level)
{
    static __thread z_stream fast, small;
    z_stream *z = level == DEFLATE_FAST ? &fast : &small;
    uLong bound;

    if (!z->state)
        must(deflateInit2(z, level, Z_DEFLATED, -15, 7, Z_DEFAULT_STRATEGY));
    must(deflateReset(z));
    bound = deflateBound(z, (uLong)bytes.len);
    z->next_in = (const Bytef *)bytes.at;
    z->avail_in = (uInt)bytes.len;
    z->next_out = (Bytef *)buf_reserve(out, bound);
    z->avail_out = (uInt)bound;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        must(Z_MEM_ERROR);
    out->len += z->total_out;
}

static __thread z_stream inflater;

int inflate_block(char *out, size_t size, struct str packed, struct err *err)
{
    z_stream *z = &inflater;
    char nothing[1];

    if (!z->state)
        must(inflateInit2(z, -15));
    must(inflateReset(z));
    z->next_in = (const Bytef *)packed.at;
    z->avail_in = (uInt)packed.len;
    z->next_out = (Bytef *)(size ? out : nothing);
    z->avail_out = (uInt)(size ? size : 1);
    if (inflate(z, Z_FINISH) != Z_STREAM_END || z->total_out != size || z->avail_in != 0)
        return err_set(err, ERR_CORRUPT, "the compressed bytes do not inflate");
    return 0;
}

void inflate_thread_end(void)
{
    if (inflater.state)
        inflateEnd(&inflater);
    memset(&inflater, 0, sizeof inflater);
}

#endif

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
