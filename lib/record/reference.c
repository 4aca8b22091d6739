/* reference.c - see reference.h. */
#include "record/reference.h"

#include "record/nhs_number.h"

enum { REFERENCE_DIGITS = 12, REFERENCE_LEN = 2 + REFERENCE_DIGITS };

struct str reference_of(const uint8_t key[HASH_BYTES], struct str number, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct str plain = nhs_number_plain(number, arena);
    uint8_t mac[HASH_BYTES];
    char *out = arena_alloc(arena, REFERENCE_LEN);
    uint64_t bits = 0;

    hash_hmac(mac, (struct str){(const char *)key, HASH_BYTES}, &plain, 1);
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | mac[i];
    memcpy(out, "P-", 2);
    for (int i = 0; i < REFERENCE_DIGITS; i++)
        out[2 + i] = digits[bits >> (59 - 5 * i) & 31];
    return (struct str){out, REFERENCE_LEN};
}
