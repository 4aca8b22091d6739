/* format.h - the bytes of a store; the only description of them. Integers are
 * little-endian. Every byte is covered by a CRC-32C or by the signature of a note.
 *
 *   DIR/format                 "gpca store 1\n"
 *   DIR/lock                   flock'd by the writer
 *   DIR/checkpoint             signed note: the durable length for readers
 *   DIR/keys/origin|signing|commitment|content   0600; origin is text, the others 32 bytes
 *   DIR/segments/<first seq, 12 digits>.open     the segment that grows
 *   DIR/segments/<first seq, 12 digits>.seg      sealed: immutable
 *
 * Segment: header, groups one behind another, and when sealed a footer.
 *
 *   header    0 "GPCASEGM"   8 u32 version   12 u32 generation   16 u64 first seq
 *            24 u64 replaces (count of files that a merge replaced; 0)   32 16 bytes id
 *            48 12 bytes 0   60 u32 CRC of bytes 0-59
 *
 *   group     0 "GPCG"   4 u16 version   6 u16 0   8 u64 first seq   16 u32 rows
 *            20 u32 extents   24 u32 meta length   28 u32 CRC of meta   32 u64 group length
 *            40 u64 bytes of input   48 u32 malformed   52 u32 CRC of the previous group's
 *            header (0 for the first of a segment)   56 u32 0   60 u32 CRC of bytes 0-59
 *            64 meta, then the extents
 *
 *   meta      extents   each: u32 tag, u32 length, u32 CRC
 *             key range u32 key id, u64 first seq, u64 count
 *             sources   u32 n, each: u32 number, u8 format, then via, origin, header as
 *                       u32 length + bytes
 *             runs      u32 n, each: u32 rows, u8 kind, u32 source, u16 class,
 *                       u32 destruction day, u64 receipt in us
 *             positions u32 n, each: u8 type, u32 length, bytes.
 *                       Type 1, content: u64 id, u64 length, u64 rows, 32 bytes MAC
 *             tiles     u32 n, each: 32 bytes, a full node of level 1 (256 leaves)
 *             edge      u64 tree size, then one hash a set bit of it, largest first
 *             head      u32 length, the signed note of the tree with this group
 *
 *   footer    0 "GPCF"   4 u32 groups   each: u64 offset, u64 first seq, u32 rows; then
 *             u32 CRC of all before; then the last 12 bytes: u64 offset of the footer,
 *             "GPCZ"
 *
 * What the extents hold is the business of lib/trail (trail/block.h). */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H

enum {
    FORMAT_VERSION = 1,
    FORMAT_SEGMENT_HEADER = 64,
    FORMAT_GROUP_HEADER = 64,
    FORMAT_CRC_AT = 60,
    FORMAT_FOOTER_GROUP = 20,
    FORMAT_FOOTER_TAIL = 12,
    FORMAT_META_MAX = 64 << 20,
};

enum { POSITION_CONTENT = 1 };

#define FORMAT_STORE_TEXT "gpca store 1\n"

#endif
