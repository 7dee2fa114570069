/* roof.h: what this machine's arithmetic and memory can do at most, measured: the roofline that speeds are held against.
 *
 * Each kind of arithmetic is a loop of independent multiply-adds that never leave the registers, in a file of its
 * instruction set (roof_<isa>.c). A multiply-add counts as two operations. Measuring takes about 0.1 s a figure.
 */
#ifndef FM_DEV_ROOF_H
#define FM_DEV_ROOF_H

#include "base/cpu.h"
#include "base/status.h"

typedef struct fm_roof_kind {
    const char *name;          /* "f32 fma, avx2" */
    fm_isa isa;                /* runs where this bit of fm_cpu_isa_mask is set */
    double (*loop)(int steps); /* does the work and returns how many operations it was */
} fm_roof_kind;

/* All kinds in rising order of level; *count of them. Static storage. */
const fm_roof_kind *fm_roof_kinds(int *count);

/* Operations per second with `threads` threads, the best of several runs in about `seconds`. The level must be
 * present. */
double fm_roof_measure(const fm_roof_kind *kind, int threads, double seconds);

/* Bytes per second that `threads` threads read from a buffer of `bytes` (choose several times the last cache), best of
 * several runs in about `seconds` each; out[i] for threads[i], `count` of them. Huge pages where the system allows.
 * FM_ERR_MEMORY when the buffer cannot be had. */
fm_status fm_roof_read(double *out, const int *threads, int count, int64_t bytes, double seconds,
                       fm_error *err);

/* The loops, one file per instruction set. */
double fm_roof_f32_scalar(int steps);
double fm_roof_f32_avx2(int steps);
double fm_roof_int8_avxvnni(int steps);
double fm_roof_f32_avx512(int steps);
double fm_roof_int8_avx512vnni(int steps);
double fm_roof_bf16_avx512bf16(int steps);
double fm_roof_bf16_amx(int steps);
double fm_roof_int8_amx(int steps);

#endif
