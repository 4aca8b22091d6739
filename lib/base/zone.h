/* zone.h - one time zone of the system's tz database (TZif, RFC 8536), loaded once and
 * passed in, so that everything that uses it is pure. Immutable after loading. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct zone;

struct civil {
    int year, month, day, hour, minute, second;
    int weekday; /* 1 Monday to 7 Sunday */
};

/* Load e.g. "Europe/London" from TZDIR or /usr/share/zoneinfo. Years behind the table
 * follow its POSIX footer. *out is the caller's, to zone_free(). ERR_MISSING names the
 * package to install. */
int zone_load(struct zone **out, const char *name, struct err *err);
void zone_free(struct zone *z); /* NULL is allowed */

/* SHA-256 of the file that it was loaded from. */
void zone_digest(const struct zone *z, uint8_t out[HASH_BYTES]);

/* Offset from UTC in seconds at that second since 1970 (UTC). */
int32_t zone_offset(const struct zone *z, int64_t utc_s);

/* The time of that microsecond since 1970 (UTC) on the zone's clocks. */
void civil_local(struct civil *out, const struct zone *z, int64_t utc_us);
const char *month_name(int month); /* "January" to "December" for 1 to 12 */

/* Proleptic Gregorian calendar; seconds since 1970 without leap seconds. */
void civil_from_seconds(struct civil *out, int64_t s);
int64_t civil_to_days(int year, int month, int day); /* days since 1970-01-01 */

#endif
