/* err.h - how every fallible function in this project reports failure.
 *
 * Return 0 (or a count) on success, a negative enum err_code on failure, and put one
 * sentence that an operator can act on into the caller's struct err. Library code never
 * logs and never exits: it reports, and main() decides. No sentence holds the content of
 * a record.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
    ERR_IO = -1,      /* the operating system said no; its reason is in the text */
    ERR_CORRUPT = -2, /* bytes on disk contradict their checksum or layout */
    ERR_INVALID = -3, /* input from outside is malformed */
    ERR_LIMIT = -4,   /* a limit of limits.h would be exceeded */
    ERR_NEWER = -5,   /* written by a newer version than this one */
    ERR_BUSY = -6,    /* somebody else holds the lock */
    ERR_MISSING = -7, /* the thing asked for is not there */
};

struct err {
    int code;
    char text[504];
};

/* Fill *err and return code, so that `return err_set(...)` reads well. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set() with ERR_IO, and the text of errno behind ": ". */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
