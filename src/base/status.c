/* status.c: filling fm_error. See status.h. Refuses nothing; a message that is too long is cut. */
#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

fm_status fm_error_set(fm_error *err, fm_status status, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

fm_status fm_error_prefix(fm_error *err, const char *format, ...) {
    if (err == NULL) return FM_ERR_STATE;
    char old[sizeof err->message];
    memcpy(old, err->message, sizeof old);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof err->message)
        snprintf(err->message + used, sizeof err->message - (size_t)used, ": %s", old);
    return err->status;
}

fm_status fm_error_errno(fm_error *err, const char *format, ...) {
    int code = errno;
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->status = FM_ERR_IO;
        int used = vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        if (used >= 0 && (size_t)used < sizeof err->message)
            snprintf(err->message + used, sizeof err->message - (size_t)used, ": %s", strerror(code));
    }
    return FM_ERR_IO;
}

const char *fm_status_name(fm_status status) {
    static const char *const names[] = {"ok",     "argument",    "io",      "format",      "limit",
                                        "memory", "unsupported", "numeric", "interrupted", "state"};
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
