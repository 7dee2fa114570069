/* machine.h: what this machine is made of, as the operating system tells it. For `fathom doctor` and the ledger.
 *
 * Linux's /proc and /sys; a figure that cannot be read is 0 (or -1 where 0 would be an answer). Nothing is measured
 * here: roof.h measures.
 */
#ifndef FM_DEV_MACHINE_H
#define FM_DEV_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum { FM_MACHINE_CACHES = 8 };

typedef struct fm_cache {
    int level;          /* 1, 2, 3 */
    char type;          /* 'd' data, 'i' instructions, 'u' both */
    int64_t size_bytes; /* of one instance */
    int line_bytes;
    int shared_by; /* logical processors that share one instance */
} fm_cache;

typedef struct fm_machine {
    int processors; /* logical, online */
    int available;  /* of those, allowed to this process (affinity) */
    double quota;   /* processors' worth of time that the control group grants; 0: no limit */
    fm_cache cache[FM_MACHINE_CACHES]; /* of processor 0 */
    int caches;
    int64_t memory_bytes, memory_available_bytes;
    int64_t memory_limit_bytes; /* of the control group; 0: none */
    char huge_pages[16];        /* transparent huge pages: "always", "madvise", "never", or "" */
    bool rapl;                  /* the energy counter is readable */
    char rapl_path[128];        /* where it is, or "" */
    char system[96];            /* "Linux 6.1.0 x86_64" */
} fm_machine;

void fm_machine_read(fm_machine *machine);

#endif
