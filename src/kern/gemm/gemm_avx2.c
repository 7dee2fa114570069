/* gemm_avx2.c: the 6 x 16 micro-kernel for AVX2 and FMA, and its packing.
 *
 * Two fma per cycle with a latency of four need eight chains in flight; twelve registers of C give twelve, two hold a
 * row of B, one the broadcast of A: 15 of 16. Per k: 12 fma against 2 loads and 6 broadcasts, so the fma units are the
 * bound while a panel of B (16 KiB at k = 256) stays in L1. No element of C meets another lane, so the order is
 * gemm.h's by construction.
 */
#include <immintrin.h>

#include "kern/gemm/gemm_serial.h"
#include "kern/gemm/gemm_transpose.h"

enum { MR = 6, NR = 16 };

/* All ones in the first `count` lanes. */
static __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Panels of 6 are written with stores of 8, in rising k: what spills over is overwritten by the next store, and
 * gemm.c leaves a cache line after the last panel. */
static void pack_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    float *out = to;
    int p = 0;
    if (k_stride != 1) {
        __m256i rows = first_lanes(count);
        for (; p < k; p++, out += MR) _mm256_storeu_ps(out, _mm256_maskload_ps(from + p * k_stride, rows));
        return;
    }
    for (; p + 8 <= k; p += 8, out += 8 * MR) {
        __m256 column[8];
        load_transposed(column, from + p, stride, count);
        for (int q = 0; q < 8; q++) _mm256_storeu_ps(out + q * MR, column[q]);
    }
    for (; p < k; p++, out += MR)
        for (int i = 0; i < MR; i++) out[i] = i < count ? from[i * stride + p] : 0.0f;
}

static void pack_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    float *out = to;
    int p = 0;
    if (k_stride != 1) {
        __m256i low = first_lanes(count), high = first_lanes(count - 8);
        for (; p < k; p++, out += NR, from += k_stride) {
            _mm256_store_ps(out, _mm256_maskload_ps(from, low));
            _mm256_store_ps(out + 8, _mm256_maskload_ps(from + 8, high));
        }
        return;
    }
    for (; p + 8 <= k; p += 8, out += 8 * NR) {
        __m256 column[8];
        for (int half = 0; half < NR; half += 8) {
            load_transposed(column, from + half * stride + p, stride, count - half);
            for (int q = 0; q < 8; q++) _mm256_store_ps(out + q * NR + half, column[q]);
        }
    }
    for (; p < k; p++, out += NR)
        for (int j = 0; j < NR; j++) out[j] = j < count ? from[j * stride + p] : 0.0f;
}

/* Named variables, not an array: gcc 12 leaves an array of accumulators in memory, at a third of the speed. `rows`
 * is a constant wherever this is inlined, so the rows that do not exist cost nothing. */
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define DECLARE(i)   __m256 low##i = _mm256_setzero_ps(), high##i = _mm256_setzero_ps();
#define LOAD(i)                                                                                              \
    if (rows > i) {                                                                                          \
        low##i = _mm256_loadu_ps(c + i * ldc);                                                               \
        high##i = _mm256_loadu_ps(c + i * ldc + 8);                                                          \
    }
/* The next tile is the one below; its rows of C are far apart and come from L2 or beyond. */
#define PREFETCH(i)                                                                                          \
    if (rows > i) {                                                                                          \
        __builtin_prefetch(c + (MR + i) * ldc, 1);                                                           \
        __builtin_prefetch(c + (MR + i) * ldc + 15, 1);                                                      \
    }
#define MULTIPLY_ADD(i)                                                                                      \
    if (rows > i) {                                                                                          \
        __m256 ai = _mm256_broadcast_ss(a + i);                                                              \
        low##i = _mm256_fmadd_ps(ai, b_low, low##i);                                                         \
        high##i = _mm256_fmadd_ps(ai, b_high, high##i);                                                      \
    }
#define STORE(i)                                                                                             \
    if (rows > i) {                                                                                          \
        _mm256_storeu_ps(c + i * ldc, low##i);                                                               \
        _mm256_storeu_ps(c + i * ldc + 8, high##i);                                                          \
    }

static inline __attribute__((always_inline)) void tile_rows(const int rows, int k, const float *a,
                                                            const float *b, float *c, ptrdiff_t ldc,
                                                            bool load) {
    EACH_ROW(DECLARE)
    if (load) {
        EACH_ROW(LOAD)
    }
    EACH_ROW(PREFETCH)
    for (int p = 0; p < k; p++, a += MR, b += NR) {
        __m256 b_low = _mm256_load_ps(b), b_high = _mm256_load_ps(b + 8);
        EACH_ROW(MULTIPLY_ADD)
    }
    EACH_ROW(STORE)
}

static void tile(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc, bool load) {
    switch (rows) {
    case 6: tile_rows(6, k, a, b, c, ldc, load); break;
    case 5: tile_rows(5, k, a, b, c, ldc, load); break;
    case 4: tile_rows(4, k, a, b, c, ldc, load); break;
    case 3: tile_rows(3, k, a, b, c, ldc, load); break;
    case 2: tile_rows(2, k, a, b, c, ldc, load); break;
    default: tile_rows(1, k, a, b, c, ldc, load); break;
    }
}

const fm_gemm_kernels fm_gemm_avx2 = {.mr = MR,
                                      .nr = NR,
                                      .k_step = 1,
                                      .packed_bytes = sizeof(float),
                                      .pack_a = pack_a,
                                      .pack_b = pack_b,
                                      .tile = tile};
