/* status.h: how functions inside Fathom report failure.
 *
 * A function that can fail returns fm_status and fills the caller's fm_error (which may be NULL when the
 * caller does not care). The message names the file, the field, the value and the limit, so that a user can
 * act on it. The first error wins: wrapping adds context in front, never replaces.
 */
#ifndef FM_BASE_STATUS_H
#define FM_BASE_STATUS_H

#include "fathom.h"

/* Fills *err (if not NULL) with status and the formatted message; returns status, so that a failing function
 * can `return fm_error_set(err, FM_ERR_FORMAT, "%s: ...", path);`. */
fm_status fm_error_set(fm_error *err, fm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the message already in *err; returns its status. For callers that know more
 * (which file, which tensor) than the function that failed. */
fm_status fm_error_prefix(fm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fm_error_set with FM_ERR_IO, and the text of errno at the end: "what: No space left on device". */
fm_status fm_error_errno(fm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A lower-case word for the status, for logs and JSON: "format", "io" ... Static storage. */
const char *fm_status_name(fm_status status);

/* Leaves through the function's one `fail:` label when a call failed. */
#define FM_TRY(call)                                                                                         \
    do {                                                                                                     \
        if ((status = (call)) != FM_OK) goto fail;                                                           \
    } while (0)

#endif
