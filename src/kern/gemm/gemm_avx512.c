/* gemm_avx512.c: the 14 x 32 micro-kernel for AVX-512F, and its packing.
 *
 * 28 registers of C, two of B, A as the broadcast operand of the fma: 30 of 32. Per k: 28 fma (14 cycles on two units)
 * against 2 loads and 14 broadcasts, and 28 chains cover any latency. No element of C meets another lane, so the
 * order is gemm.h's by construction.
 */
#include <immintrin.h>

#include "kern/gemm/gemm_serial.h"
#include "kern/gemm/gemm_transpose.h"

enum { MR = 14, NR = 32 };

static __mmask16 first_lanes(int count) {
    return count >= 16 ? (__mmask16)0xffff : count <= 0 ? (__mmask16)0 : (__mmask16)((1u << count) - 1);
}

/* Panels are written with stores wider than the panel where it is 14, in rising k: what spills over is overwritten by
 * the next store, and gemm.c leaves a cache line after the last panel. */
static inline __attribute__((always_inline)) void pack(const int width, float *out, const float *from,
                                                       ptrdiff_t stride, ptrdiff_t k_stride, int count,
                                                       int k) {
    int p = 0;
    if (k_stride != 1) {
        for (; p < k; p++, out += width, from += k_stride)
            for (int i = 0; i < width; i += 16)
                _mm512_storeu_ps(out + i, _mm512_maskz_loadu_ps(first_lanes(count - i), from + i));
        return;
    }
    for (; p + 8 <= k; p += 8, out += 8 * width)
        for (int i = 0; i < width; i += 16) {
            __m256 low[8], high[8];
            load_transposed(low, from + i * stride + p, stride, count - i);
            load_transposed(high, from + (i + 8) * stride + p, stride, count - i - 8);
            for (int q = 0; q < 8; q++) {
                _mm256_storeu_ps(out + q * width + i, low[q]);
                _mm256_storeu_ps(out + q * width + i + 8, high[q]);
            }
        }
    for (; p < k; p++, out += width)
        for (int i = 0; i < width; i++) out[i] = i < count ? from[i * stride + p] : 0.0f;
}

static void pack_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack(MR, to, from, stride, k_stride, count, k);
}

static void pack_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack(NR, to, from, stride, k_stride, count, k);
}

/* Named variables, not an array: compilers leave an array of accumulators in memory. `rows` is a constant wherever
 * this is inlined, so the rows that do not exist cost nothing. */
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
#define DECLARE(i)   __m512 low##i = _mm512_setzero_ps(), high##i = _mm512_setzero_ps();
#define LOAD(i)                                                                                              \
    if (rows > i) {                                                                                          \
        low##i = _mm512_loadu_ps(c + i * ldc);                                                               \
        high##i = _mm512_loadu_ps(c + i * ldc + 16);                                                         \
    }
/* The next tile is the one below; its rows of C are far apart and come from L2 or beyond. */
#define PREFETCH(i)                                                                                          \
    if (rows > i) {                                                                                          \
        __builtin_prefetch(c + (MR + i) * ldc, 1);                                                           \
        __builtin_prefetch(c + (MR + i) * ldc + 16, 1);                                                      \
    }
#define MULTIPLY_ADD(i)                                                                                      \
    if (rows > i) {                                                                                          \
        __m512 ai = _mm512_set1_ps(a[i]);                                                                    \
        low##i = _mm512_fmadd_ps(ai, b_low, low##i);                                                         \
        high##i = _mm512_fmadd_ps(ai, b_high, high##i);                                                      \
    }
#define STORE(i)                                                                                             \
    if (rows > i) {                                                                                          \
        _mm512_storeu_ps(c + i * ldc, low##i);                                                               \
        _mm512_storeu_ps(c + i * ldc + 16, high##i);                                                         \
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
        __m512 b_low = _mm512_load_ps(b), b_high = _mm512_load_ps(b + 16);
        EACH_ROW(MULTIPLY_ADD)
    }
    EACH_ROW(STORE)
}

#define CASE(i)                                                                                              \
    case i + 1: tile_rows(i + 1, k, a, b, c, ldc, load); break;

static void tile(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc, bool load) {
    switch (rows) { EACH_ROW(CASE) }
}

const fm_gemm_kernels fm_gemm_avx512 = {.mr = MR,
                                        .nr = NR,
                                        .k_step = 1,
                                        .packed_bytes = sizeof(float),
                                        .pack_a = pack_a,
                                        .pack_b = pack_b,
                                        .tile = tile};
