/* split.h - a text into constant pieces and named leaves, when no known shape fits it.
 * The slow path: once a shape. Pure but for the labels it asks for. */
#ifndef TRAIL_SPLIT_H
#define TRAIL_SPLIT_H

#include "trail/shape.h"

/* Gives the label of a leaf by its name: for JSON its path, for a URL the end of the piece
 * before it. false: there can be no more labels. */
typedef bool split_label(void *ctx, enum shape_kind kind, struct str name, bool number,
                         uint16_t *label);

/* Leaves of a text of that kind into leaf[SHAPE_LEAVES], every label once. False: the text
 * is not of that kind, has too many leaves, or there are no labels left. */
bool split_text(enum shape_kind kind, struct str text, struct leaf *leaf, size_t *leaves,
                split_label *label, void *ctx);

#endif
