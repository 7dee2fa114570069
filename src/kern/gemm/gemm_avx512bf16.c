/* gemm_avx512bf16.c: the 14 x 32 micro-kernel of vdpbf16ps: two k per instruction, twice the f32 rate.
 *
 * Order per element of C, from the instruction's definition (Intel SDM, VDPBF16PS): for each pair of k, first
 * c = fma(a[2q+1], b[2q+1], c), then c = fma(a[2q], b[2q], c), subnormals taken and given as zero; an odd k is filled
 * up with zeros. The check holds the kernel against exactly this.
 */
#include <immintrin.h>
#include <string.h>

#include "kern/gemm/gemm_bf16.h"
#include "kern/gemm/gemm_serial.h"

enum { MR = 14, NR = 32, K_STEP = 2 };

static void pack_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack_pairs(MR, K_STEP, to, from, stride, k_stride, count, k);
}

static void pack_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack_pairs(NR, K_STEP, to, from, stride, k_stride, count, k);
}

/* As in gemm_avx512.c, with pairs in the place of floats. */
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
#define DECLARE(i)   __m512 low##i = _mm512_setzero_ps(), high##i = _mm512_setzero_ps();
#define LOAD(i)                                                                                              \
    if (rows > i) {                                                                                          \
        low##i = _mm512_loadu_ps(c + i * ldc);                                                               \
        high##i = _mm512_loadu_ps(c + i * ldc + 16);                                                         \
    }
#define PREFETCH(i)                                                                                          \
    if (rows > i) {                                                                                          \
        __builtin_prefetch(c + (MR + i) * ldc, 1);                                                           \
        __builtin_prefetch(c + (MR + i) * ldc + 16, 1);                                                      \
    }
#define MULTIPLY_ADD(i)                                                                                      \
    if (rows > i) {                                                                                          \
        __m512bh ai = (__m512bh)_mm512_set1_epi32(a[i]);                                                     \
        low##i = _mm512_dpbf16_ps(low##i, ai, b_low);                                                        \
        high##i = _mm512_dpbf16_ps(high##i, ai, b_high);                                                     \
    }
#define STORE(i)                                                                                             \
    if (rows > i) {                                                                                          \
        _mm512_storeu_ps(c + i * ldc, low##i);                                                               \
        _mm512_storeu_ps(c + i * ldc + 16, high##i);                                                         \
    }

static inline __attribute__((always_inline)) void tile_rows(const int rows, int k, const int32_t *a,
                                                            const int32_t *b, float *c, ptrdiff_t ldc,
                                                            bool load) {
    EACH_ROW(DECLARE)
    if (load) {
        EACH_ROW(LOAD)
    }
    EACH_ROW(PREFETCH)
    for (int p = 0; p < k; p += 2, a += MR, b += NR) {
        __m512bh b_low = (__m512bh)_mm512_load_si512(b), b_high = (__m512bh)_mm512_load_si512(b + 16);
        EACH_ROW(MULTIPLY_ADD)
    }
    EACH_ROW(STORE)
}

#define CASE(i)                                                                                              \
    case i + 1: tile_rows(i + 1, k, a, b, c, ldc, load); break;

static void tile(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc, bool load) {
    switch (rows) { EACH_ROW(CASE) }
}

const fm_gemm_kernels fm_gemm_avx512bf16 = {.mr = MR,
                                            .nr = NR,
                                            .k_step = K_STEP,
                                            .packed_bytes = sizeof(uint16_t),
                                            .pack_a = pack_a,
                                            .pack_b = pack_b,
                                            .tile = tile};
