/* roofline.c: the two limits that every benchmark line is held against, measured in the same run: f32 multiply-adds
 * that never leave the registers, and a buffer far larger than the caches read once. */
#define _GNU_SOURCE
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/kern_check.h"

enum { RUNS = 8, STEPS = 1 << 19, CHAINS = 12, READ_BYTES = 256 << 20 };

double fm_roofline_clock(int threads) {
    struct timespec t;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve chains: more than latency times throughput of the fma units of any processor of these levels. The barrier
 * keeps the compiler from folding steps. Named variables, because an array would live in memory. */
#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define DECLARE(i) vector sum##i = x * (float)i;
#define KEEP(i) __asm__ volatile("" : "+x"(sum##i));
#define ADD(i) total += sum##i[0];

#if defined(FM_X86)
#include <immintrin.h>

#define STEP(i) sum##i = _mm256_fmadd_ps(sum##i, x, y);
__attribute__((target("avx2,fma"))) static float chains_avx2(float start) {
    typedef __m256 vector;
    vector x = _mm256_set1_ps(start), y = _mm256_set1_ps(1e-3f);
    EACH_CHAIN(DECLARE)
    for (int i = 0; i < STEPS; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    float total = 0;
    EACH_CHAIN(ADD)
    return total;
}
#undef STEP

#define STEP(i) sum##i = _mm512_fmadd_ps(sum##i, x, y);
#undef KEEP
#define KEEP(i) __asm__ volatile("" : "+v"(sum##i));
__attribute__((target("avx512f"))) static float chains_avx512(float start) {
    typedef __m512 vector;
    vector x = _mm512_set1_ps(start), y = _mm512_set1_ps(1e-3f);
    EACH_CHAIN(DECLARE)
    for (int i = 0; i < STEPS; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    float total = 0;
    EACH_CHAIN(ADD)
    return total;
}
#endif

static float chains_scalar(float start) {
    float sum[CHAINS];
    for (int i = 0; i < CHAINS; i++) sum[i] = start * (float)i;
    for (int i = 0; i < STEPS; i++)
        for (int j = 0; j < CHAINS; j++) sum[j] = sum[j] * start + 1e-3f;
    float total = 0;
    for (int i = 0; i < CHAINS; i++) total += sum[i];
    return total;
}

double fm_roofline_gflops(int threads, uint32_t isa_mask) {
    float (*chains)(float) = chains_scalar;
    int lanes = 1;
#if defined(FM_X86)
    if (isa_mask & 1u << FM_ISA_AVX2) chains = chains_avx2, lanes = 8;
    if (isa_mask & 1u << FM_ISA_AVX512) chains = chains_avx512, lanes = 16;
#else
    (void)isa_mask;
#endif
    double best = 0;
    volatile float sink = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = fm_roofline_clock(threads);
#pragma omp parallel num_threads(threads)
        sink = chains(0.5f + 0.01f * (float)omp_get_thread_num());
        double rate = 2.0 * CHAINS * lanes * STEPS * threads / (fm_roofline_clock(threads) - start);
        if (rate > best) best = rate;
    }
    (void)sink;
    return best * 1e-9;
}

double fm_roofline_gbps(int threads) {
    uint64_t *data = aligned_alloc(4096, READ_BYTES);
    if (data == NULL) return 0;
    memset(data, 1, READ_BYTES);
    size_t count = READ_BYTES / sizeof *data;
    double best = 0;
    volatile uint64_t sink = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = fm_roofline_clock(threads);
        uint64_t total = 0;
#pragma omp parallel for simd num_threads(threads) reduction(+ : total)
        for (size_t i = 0; i < count; i++) total += data[i];
        sink += total;
        double rate = READ_BYTES / (fm_roofline_clock(threads) - start);
        if (rate > best) best = rate;
    }
    (void)sink;
    free(data);
    return best * 1e-9;
}
