/* err.c - see err.h. A text that does not fit is cut; the code never is. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

int err_errno(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    int n;

    err->code = ERR_IO;
    va_start(ap, fmt);
    n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror(saved));
    return ERR_IO;
}
