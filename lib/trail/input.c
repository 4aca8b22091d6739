/* input.c - see input.h. */
#include "trail/input.h"

const struct group_run *input_run(const struct group *g, size_t row, size_t *left)
{
    size_t i = 0;

    while (row >= g->run[i].rows)
        row -= g->run[i++].rows;
    *left = g->run[i].rows - row;
    return &g->run[i];
}

int input_describe(struct record_input *out, const struct group *g, size_t row,
                   const struct block_row *stored, struct err *err)
{
    size_t left;
    const struct group_run *run = input_run(g, row, &left);

    *out = (struct record_input){.too_large = stored->too_large, .seq = g->first_seq + row,
                                 .received_us = run->received_us,
                                 .has_position = stored->has_position,
                                 .position = stored->position};
    for (size_t i = 0; i < g->sources; i++)
        if (g->source[i].number == run->source) {
            if (g->source[i].format >= FORMAT_COUNT)
                return err_set(err, ERR_NEWER, "a source has a format that this version"
                               " does not know: use a newer gpca");
            out->format = (enum record_format)g->source[i].format;
            out->header = g->source[i].header;
            out->via = g->source[i].via;
            out->origin = g->source[i].origin;
            return 0;
        }
    return err_set(err, ERR_CORRUPT, "a row group does not define source %u that it uses",
                   run->source);
}
