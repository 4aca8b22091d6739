/* sparse.h - ascending numbers of few bits in little more than those bits that chance leaves,
 * searched without being unpacked: of each number the low bits as they are, and for the high
 * ones a bitmap, in which each number is a one and each step of the high bits a zero.
 * Source: Elias, "Efficient storage and retrieval by content and address of static files",
 * JACM 21 (1974); Fano, MIT Project MAC memorandum 61 (1971). Pure. */
#ifndef BASE_SPARSE_H
#define BASE_SPARSE_H

#include <stdbool.h>

#include "base/buf.h"

/* Numbers are below 2^bits; bits <= SPARSE_BITS, and n <= 2^bits of them. */
enum { SPARSE_BITS = 30 };

/* The bytes of n numbers. */
size_t sparse_bytes(size_t n, unsigned bits);
/* Append n numbers, ascending and distinct. */
void sparse_put(struct buf *out, const uint32_t *number, size_t n, unsigned bits);
/* The place of a number among the n that sparse_put() wrote; n: it is none of them. Any bytes
 * of that length give an answer. */
size_t sparse_find(struct str bytes, size_t n, unsigned bits, uint32_t number);
/* All n numbers; false: the bytes are none that sparse_put() wrote. */
bool sparse_all(struct str bytes, size_t n, unsigned bits, uint32_t *number);

#endif
