/* fathom.h: the public interface of libfathom.
 *
 * What it is: the one header a program includes to load a model of the DeepSeek family and talk to it.
 * Everything else under src/ is private and may change. Types are opaque; every function says who owns what.
 *
 * Thread safety: an fm_engine is read-only after fm_engine_open and may be shared; an fm_session belongs to
 * one thread at a time.
 *
 * It refuses: exiting the process, printing, and reading the environment. Failures come back as fm_status
 * with a message that names the file, field, value and limit.
 */
#ifndef FATHOM_H
#define FATHOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, coarsely; the message of fm_error says the rest. */
typedef enum fm_status {
    FM_OK = 0,
    FM_ERR_ARG,         /* the caller's arguments or flags are wrong */
    FM_ERR_IO,          /* the operating system refused: open, read, write, space */
    FM_ERR_FORMAT,      /* bytes from outside do not follow their format */
    FM_ERR_LIMIT,       /* a stated limit was exceeded: length, depth, context, memory budget */
    FM_ERR_MEMORY,      /* the allocator had nothing left */
    FM_ERR_UNSUPPORTED, /* well-formed, but something this build does not do */
    FM_ERR_NUMERIC,     /* NaN or infinity where a finite number must be */
    FM_ERR_INTERRUPTED, /* stopped by the user; what was done so far is kept */
    FM_ERR_STATE        /* called in the wrong order or on a released object */
} fm_status;

/* One failure, in words. Caller's storage; zero-initialise it. `message` is one line without a final
 * newline and always NUL-terminated; a longer text is cut, never overrun. */
typedef struct fm_error {
    fm_status status;
    char message[768];
} fm_error;

/* The library's version, "major.minor.patch"; static storage. */
const char *fm_version(void);

#ifdef __cplusplus
}
#endif
#endif /* FATHOM_H */
