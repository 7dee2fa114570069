/* build.h: what this program was built from and with, for the ledger, `fathom doctor` and bug reports.
 *
 * The values are generated at build time (tools/build_info.cmake). Static storage; "unknown" where there was nothing
 * to ask, such as the commit of a source archive.
 */
#ifndef FM_BASE_BUILD_H
#define FM_BASE_BUILD_H

typedef struct fm_build {
    const char *version;   /* as fm_version() */
    const char *commit;    /* 40 hexadecimal digits, "+" at the end when the tree had changes, or "unknown" */
    const char *compiler;  /* "GNU 12.2.0" */
    const char *type;      /* "Release" ... */
    const char *flags;     /* the compiler flags that all files share */
    const char *libraries; /* "jansson 2.14, libcyaml 1.3.1 ..." */
    const char *model;     /* the embedded model, "mini", or "" in a build without one */
} fm_build;

const fm_build *fm_build_get(void);

#endif
