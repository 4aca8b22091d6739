/* complain.c - see complain.h. */
#include "analyzer/complain.h"

#include "record/mask.h"

int complain(const char *text)
{
    struct buf masked = {0};

    mask_text(&masked, str_of(text));
    fprintf(stderr, "analyzer: %.*s\n", STR_ARG(buf_str(&masked)));
    buf_release(&masked);
    return 1;
}
