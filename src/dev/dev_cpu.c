/* dev_cpu.c: the CPU behind dev.h: counts cores, allocates scratch. See dev.h for what it refuses. */
#define _GNU_SOURCE
#include "dev/dev.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cpu.h"

static int available_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

fm_status fm_dev_open(fm_dev *dev, int threads, size_t scratch_bytes, fm_error *err) {
    *dev = (fm_dev){0};
    if (threads == 0) threads = available_cores();
    if (threads < 1 || threads > FM_DEV_MAX_THREADS)
        return fm_error_set(err, FM_ERR_ARG, "--threads %d: 1 to %d are possible (0: one per core)", threads,
                            FM_DEV_MAX_THREADS);
    if (scratch_bytes == 0) scratch_bytes = 4 << 20;
    if (scratch_bytes < FM_DEV_MIN_SCRATCH) scratch_bytes = FM_DEV_MIN_SCRATCH;
    scratch_bytes = (scratch_bytes + 4095) / 4096 * 4096;
    dev->scratch = aligned_alloc(4096, scratch_bytes * (size_t)threads);
    if (dev->scratch == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "scratch of %zu bytes for each of %d threads", scratch_bytes,
                            threads);
    dev->threads = threads;
    dev->scratch_bytes = scratch_bytes;
    dev->isa_mask = fm_cpu_isa_mask();
    return FM_OK;
}

void fm_dev_close(fm_dev *dev) {
    free(dev->scratch);
    *dev = (fm_dev){0};
}
