/* dev.h: where memory lives and work is queued. Today: the CPU, its threads, kernels and scratch.
 *
 * An fm_dev is made once per process part (engine, trainer) and passed to every operation in kern/. It knows how
 * many OpenMP threads to use, which kernel table to call, and holds one scratch area per thread, so that no
 * operation allocates. Results never depend on `threads`: every operation splits outputs, never sums.
 *
 * It refuses: thread counts outside 1..FM_DEV_MAX_THREADS. Not shared between callers that run at the same time.
 */
#ifndef FM_DEV_DEV_H
#define FM_DEV_DEV_H

#include "base/status.h"

enum {
    FM_DEV_MAX_THREADS = 256,
    FM_DEV_MIN_SCRATCH = 1 << 20, /* bytes per thread that operations may count on (gemm.c packs into them) */
};

struct fm_kern; /* kern/kern.h: the table of serial kernels for one set of instruction sets */

typedef struct fm_dev {
    int threads;
    uint32_t isa_mask;          /* as fm_cpu_isa_mask at creation; the table may use these levels */
    const struct fm_kern *kern; /* set by fm_kern_attach */
    char *scratch;              /* threads x scratch_bytes, 64-byte aligned */
    size_t scratch_bytes;       /* per thread */
} fm_dev;

/* threads 0: one per available core. scratch_bytes 0: the default of 4 MiB per thread; less than
 * FM_DEV_MIN_SCRATCH is raised to it. */
fm_status fm_dev_open(fm_dev *dev, int threads, size_t scratch_bytes, fm_error *err);
void fm_dev_close(fm_dev *dev);

/* This thread's scratch (thread = omp_get_thread_num(), below dev->threads); contents are garbage. */
static inline void *fm_dev_scratch(const fm_dev *dev, int thread) {
    return dev->scratch + (size_t)thread * dev->scratch_bytes;
}

#endif
