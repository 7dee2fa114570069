/* roofline.c: the two limits that every benchmark line is held against, measured in the same run and by the same clock:
 * f32 multiply-adds that never leave the registers (dev/roof.h's loops), and a buffer far larger than the caches read
 * once. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "dev/roof.h"
#include "support/kern_check.h"

enum { RUNS = 8, STEPS = 1 << 19, READ_BYTES = 256 << 20, STREAMS = 4, LINE_WORDS = 8, AHEAD_WORDS = 128 };

double fm_roofline_clock(int threads) {
    struct timespec t;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double fm_roofline_gflops(int threads, uint32_t isa_mask) {
    double (*loop)(int) = fm_roof_f32_scalar;
#if defined(FM_X86)
    if (isa_mask & 1u << FM_ISA_AVX2) loop = fm_roof_f32_avx2;
    if (isa_mask & 1u << FM_ISA_AVX512) loop = fm_roof_f32_avx512;
#else
    (void)isa_mask;
#endif
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double operations = 0, start = fm_roofline_clock(threads);
#pragma omp parallel num_threads(threads) reduction(+ : operations)
        operations += loop(STEPS);
        double rate = operations / (fm_roofline_clock(threads) - start);
        if (rate > best) best = rate;
    }
    return best * 1e-9;
}

/* One thread's part in a few streams, asked for ahead: one stream alone leaves bandwidth unused. */
static uint64_t read_part(const uint64_t *data, size_t words) {
    uint64_t sum[STREAMS][LINE_WORDS] = {{0}}, total = 0;
    size_t part = words / STREAMS;
    for (size_t i = 0; i < part; i += LINE_WORDS)
        for (int s = 0; s < STREAMS; s++) {
            const uint64_t *line = data + (size_t)s * part + i;
            __builtin_prefetch(line + AHEAD_WORDS);
            for (int j = 0; j < LINE_WORDS; j++) sum[s][j] += line[j];
        }
    for (int s = 0; s < STREAMS; s++)
        for (int j = 0; j < LINE_WORDS; j++) total += sum[s][j];
    return total;
}

double fm_roofline_gbps(int threads) {
    uint64_t *data = mmap(NULL, READ_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return 0;
    madvise(data, READ_BYTES, MADV_HUGEPAGE);
    size_t words = READ_BYTES / sizeof *data, part = words / (size_t)threads / 64 * 64;
    for (size_t i = 0; i < words; i += 64) data[i] = i; /* so that every page exists */
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        uint64_t total = 0;
        double start = fm_roofline_clock(threads);
#pragma omp parallel for num_threads(threads) reduction(+ : total)
        for (int t = 0; t < threads; t++) total += read_part(data + (size_t)t * part, part);
        __asm__ volatile("" : : "r"(total));
        double rate = (double)(part * sizeof *data) * threads / (fm_roofline_clock(threads) - start);
        if (rate > best) best = rate;
    }
    munmap(data, READ_BYTES);
    return best * 1e-9;
}
