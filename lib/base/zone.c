/* zone.c - TZif (RFC 8536), version 2 or later: the 64-bit block, then the footer, a POSIX
 * TZ string of which the form with M rules is read (it is the only one in use). */
#include "base/zone.h"

#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"

enum { ZONE_BYTES_MAX = 1 << 20 };

struct rule {
    int month, week, day;
    int32_t at_s; /* local seconds after midnight */
};

struct zone {
    size_t count;
    int64_t *when;   /* ascending, UTC */
    int32_t *offset; /* from when[i] on */
    int32_t before;  /* before the first */
    bool footer, summer;
    int32_t standard_s, summer_s;
    struct rule begin, end;
    uint8_t digest[HASH_BYTES];
};

int64_t civil_to_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void civil_from_seconds(struct civil *out, int64_t s)
{
    int64_t days = s / 86400 - (s % 86400 < 0);
    int64_t rest = s - days * 86400;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    out->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    out->month = (int)(month < 10 ? month + 3 : month - 9);
    out->year = (int)(year + era * 400 + (out->month <= 2));
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->weekday = (int)(((days + 3) % 7 + 7) % 7) + 1;
}

static uint32_t be32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool number(const char **p, int *out)
{
    char *end;
    long v = strtol(*p, &end, 10);

    if (end == *p || v < -100000 || v > 100000)
        return false;
    *p = end;
    *out = (int)v;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool clock_text(const char **p, int32_t *out)
{
    int part[3] = {0, 0, 0};
    bool minus = **p == '-';

    if (**p == '-' || **p == '+')
        (*p)++;
    if (!number(p, &part[0]))
        return false;
    for (int i = 1; i < 3 && **p == ':'; i++) {
        (*p)++;
        if (!number(p, &part[i]))
            return false;
    }
    *out = part[0] * 3600 + part[1] * 60 + part[2];
    if (minus)
        *out = -*out;
    return true;
}

static bool name_text(const char **p)
{
    const char *from = *p;

    if (**p == '<') {
        while (**p && **p != '>')
            (*p)++;
        return *(*p)++ == '>';
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p > from;
}

static bool rule_text(const char **p, struct rule *r)
{
    r->at_s = 7200;
    if (*(*p)++ != ',' || *(*p)++ != 'M' || !number(p, &r->month) || *(*p)++ != '.' ||
        !number(p, &r->week) || *(*p)++ != '.' || !number(p, &r->day))
        return false;
    if (**p == '/') {
        (*p)++;
        return clock_text(p, &r->at_s);
    }
    return r->month >= 1 && r->month <= 12;
}

static bool read_footer(struct zone *z, const char *p)
{
    if (!name_text(&p) || !clock_text(&p, &z->standard_s))
        return false;
    z->standard_s = -z->standard_s;
    z->footer = true;
    if (*p == '\0')
        return true;
    if (!name_text(&p))
        return false;
    z->summer_s = z->standard_s + 3600;
    if (*p != ',') {
        if (!clock_text(&p, &z->summer_s))
            return false;
        z->summer_s = -z->summer_s;
    }
    z->summer = true;
    return rule_text(&p, &z->begin) && rule_text(&p, &z->end) && *p == '\0';
}

/* Bytes of a block whose six counts stand at p + 20, with times of `wide` bytes. */
static size_t block_bytes(const char *p, size_t wide)
{
    return be32(p + 32) * (wide + 1) + be32(p + 36) * 6 + be32(p + 40) +
           be32(p + 28) * (wide + 4) + be32(p + 24) + be32(p + 20);
}

static bool read_tzif(struct zone *z, struct str file)
{
    const char *p = file.at;
    const char *end = file.at + file.len;
    const char *index;
    const char *type;
    char footer[128];
    size_t types;
    size_t len;

    if (file.len < 88 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    len = 44 + block_bytes(p, 4);
    if (len + 44 > file.len)
        return false;
    p += len;
    len = block_bytes(p, 8);
    if (memcmp(p, "TZif", 4) != 0 || len > (size_t)(end - p) - 44)
        return false;
    z->count = be32(p + 32);
    types = be32(p + 36);
    z->when = xcalloc(z->count, sizeof *z->when);
    z->offset = xcalloc(z->count, sizeof *z->offset);
    index = p + 44 + z->count * 8;
    type = index + z->count;
    for (size_t i = 0; i < z->count; i++) {
        if ((uint8_t)index[i] >= types)
            return false;
        z->when[i] = be64(p + 44 + i * 8);
        z->offset[i] = (int32_t)be32(type + 6 * (size_t)(uint8_t)index[i]);
    }
    if (types == 0)
        return false;
    z->before = (int32_t)be32(type);
    p += 44 + len;
    if (end - p < 2 || *p != '\n' || (size_t)(end - p) - 2 >= sizeof footer)
        return true;
    memcpy(footer, p + 1, (size_t)(end - p) - 2);
    footer[end - p - 2] = '\0';
    return read_footer(z, footer);
}

int zone_load(struct zone **out, const char *name, struct err *err)
{
    const char *dir = getenv("TZDIR");
    char path[LIMIT_PATH_BYTES];
    struct buf file = {0};
    struct zone *z = xcalloc(1, sizeof *z);
    int rc;

    if (!dir || !*dir)
        dir = "/usr/share/zoneinfo";
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        rc = err_set(err, ERR_LIMIT, "the path of the time zone is too long");
    else if ((rc = disk_read_all(path, ZONE_BYTES_MAX, &file, err)) == ERR_MISSING)
        err_set(err, rc, "there is no time zone %s in %s: install the package tzdata", name,
                dir);
    else if (rc == 0 && !read_tzif(z, buf_str(&file)))
        rc = err_set(err, ERR_INVALID, "%s is not a time zone file: install the package"
                     " tzdata again", path);
    if (rc == 0) {
        struct str bytes = buf_str(&file);

        hash_sha256(z->digest, &bytes, 1);
        *out = z;
    } else {
        zone_free(z);
    }
    buf_release(&file);
    return rc;
}

void zone_digest(const struct zone *z, uint8_t out[HASH_BYTES])
{
    memcpy(out, z->digest, HASH_BYTES);
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->when);
    free(z->offset);
    free(z);
}

/* The rule's moment in that year, as local seconds since 1970. */
static int64_t rule_moment(const struct rule *r, int year)
{
    int64_t first = civil_to_days(year, r->month, 1);
    int64_t next = r->month == 12 ? civil_to_days(year + 1, 1, 1)
                                  : civil_to_days(year, r->month + 1, 1);
    int64_t weekday = (first + 4) % 7; /* 0 Sunday; years from 1970 on only */
    int64_t day = first + (r->day - weekday + 7) % 7 + 7 * (r->week - 1);

    while (day >= next)
        day -= 7;
    return day * 86400 + r->at_s;
}

static int32_t by_footer(const struct zone *z, int64_t utc_s)
{
    struct civil c;
    int64_t begin;
    int64_t end;

    if (!z->summer)
        return z->standard_s;
    civil_from_seconds(&c, utc_s + z->standard_s);
    begin = rule_moment(&z->begin, c.year) - z->standard_s;
    end = rule_moment(&z->end, c.year) - z->summer_s;
    if (begin < end)
        return utc_s >= begin && utc_s < end ? z->summer_s : z->standard_s;
    return utc_s >= end && utc_s < begin ? z->standard_s : z->summer_s;
}

int32_t zone_offset(const struct zone *z, int64_t utc_s)
{
    size_t low = 0;
    size_t high = z->count;

    if (z->count == 0 || utc_s < z->when[0])
        return z->count == 0 && z->footer ? by_footer(z, utc_s) : z->before;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (z->when[mid] <= utc_s)
            low = mid;
        else
            high = mid;
    }
    if (low + 1 == z->count && z->footer)
        return by_footer(z, utc_s);
    return z->offset[low];
}

void civil_local(struct civil *out, const struct zone *z, int64_t utc_us)
{
    int64_t s = utc_us / 1000000 - (utc_us % 1000000 < 0);

    civil_from_seconds(out, s + zone_offset(z, s));
}

const char *month_name(int month)
{
    static const char *const names[] = {"January", "February", "March", "April", "May", "June",
                                        "July", "August", "September", "October", "November",
                                        "December"};

    return names[(month - 1) % 12];
}
