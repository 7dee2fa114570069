/* kern_check.h: the frame of every kern/<op>/<op>_check.c: one list of cases checks each level and is the benchmark.
 *
 * A check program hands over its cases (a number) and a function that runs one of them against the reference. The
 * frame walks every level that the machine has, then sets of kernels given besides (levels emulated in plain C), and
 * then kernels with planted errors, each of which some case must catch: a check that cannot fail is a defect.
 * Buffers stand between guard bytes, which are looked at after every case.
 *
 *   gemm_check                                all levels, all cases, all planted errors; exit 1 if anything is wrong
 *   gemm_check --seed 7 --case 12 --level avx2    replays one case, as the message of a failure says
 *   gemm_check --bench [--threads 2] [--level avx2]
 */
#ifndef FM_TESTS_KERN_CHECK_H
#define FM_TESTS_KERN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "kern/kern_table.h"

enum { FM_CHECK_BUFFERS = 128, FM_CHECK_GUARD_BYTES = 256, FM_CHECK_THREADS = 3 };

/* The state of the running case. */
typedef struct fm_check {
    const char *program;   /* for the replay line */
    const char *operation; /* the row of the kernel table under test */
    const char *level;     /* the level, emulated set or planted error that runs */
    const void *kernels;   /* the set itself; dev.kern has it under `operation` */
    bool planted;          /* an error is expected: nothing is printed */
    bool failed;
    uint64_t seed;
    int index;
    char text[160]; /* the case in words: fm_check_describe */
    fm_rng rng;     /* of (seed, operation, case) */
    fm_dev dev;     /* FM_CHECK_THREADS threads; lower dev.threads at will */
    fm_kern table;
    struct {
        unsigned char *base;
        size_t bytes;
    } buffers[FM_CHECK_BUFFERS];
    int buffer_count;
} fm_check;

typedef struct fm_check_set {
    const char *name;
    const void *kernels; /* a const struct fm_<op>_kernels */
} fm_check_set;

typedef struct fm_check_op {
    const char *operation;
    int cases;
    void (*run)(fm_check *c, int index);
    const fm_check_set
        *emulated; /* sets that run besides the machine's levels; a level in both runs natively only */
    int emulated_count;
    const fm_check_set *plants;
    int plant_count;
    int bench_cases;
    void (*bench)(fm_check *c, int index); /* calls fm_check_time; NULL: nothing to time */
} fm_check_op;

/* The whole of main(). */
int fm_check_main(int argc, char **argv, const fm_check_op *ops, int count);

/* Only the planted errors of one operation, for checks that plant elsewhere than in the kernels; how many of them no case
 * noticed. */
int fm_check_plants(const fm_check_op *op);

/* Says what the case is, for messages; printf style. */
void fm_check_describe(fm_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A guarded buffer for the running case, freed after it. It starts `off` bytes past a multiple of 64; random bytes. */
void *fm_check_bytes(fm_check *c, size_t bytes, size_t off);

/* n floats of a guarded buffer, `off` floats past a multiple of 64 bytes, uniform in [-1, 1). */
float *fm_check_floats(fm_check *c, size_t n, size_t off);

/* A copy of n floats in a guarded buffer of its own. */
float *fm_check_copy(fm_check *c, const float *from, size_t n, size_t off);

/* Bits must be equal; any NaN equals any NaN (which payload survives an fma is the processor's choice). Reports the
 * first difference; false when there is one. */
bool fm_check_same(fm_check *c, const char *what, const float *expected, const float *got, size_t n);

/* Fails the case with a message. */
void fm_check_fail(fm_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of the benchmark. flops, bytes: per run, 0 if the figure means nothing for the operation. */
typedef struct fm_check_timing {
    double flops, bytes;
    void (*run)(void *arg);
    void (*reference)(void *arg); /* NULL: too slow to time */
    void *arg;
} fm_check_timing;

void fm_check_time(fm_check *c, const fm_check_timing *t);

/* What the machine can do, measured now: f32 multiply-adds in registers (GFLOP/s) at the best level of `isa_mask`,
 * and reading 256 MiB (GB/s), each by `threads` threads; best of a few short runs. */
double fm_roofline_gflops(int threads, uint32_t isa_mask);
double fm_roofline_gbps(int threads);

/* Seconds: the thread's own processor time for one thread, which other programs on the machine disturb least, the
 * wall clock for more. All timings of a line use the same one. */
double fm_roofline_clock(int threads);

#endif
