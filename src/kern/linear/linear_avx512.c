/* linear_avx512.c: tiles of the packed linear map for AVX-512F: a group of 16 outputs is one register.
 *
 * Eight chains hide the latency of the fma: one row takes eight groups at once, two to four rows four, more two (16
 * chains at eight rows, two loads of W and eight broadcasts per 16 fma). One row is bound by reading W once.
 */
#include <immintrin.h>

#include "kern/linear/linear_serial.h"

enum { GROUP = FM_LINEAR_GROUP, ROWS = 8, AHEAD_BYTES = 1024 };

static inline __m512 load16(const void *w, size_t at, bool bf16) {
    if (!bf16) return _mm512_load_ps((const float *)w + at);
    __m256i half = _mm256_load_si256((const __m256i *)((const uint16_t *)w + at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

static __mmask16 first_lanes(int count) {
    return count >= 16 ? (__mmask16)0xffff : count <= 0 ? (__mmask16)0 : (__mmask16)((1u << count) - 1);
}

/* Units as in linear_avx2.c. */
#define EACH_UNIT(DO)                                                                                        \
    DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)
#define ROW(u)      ((u) % rows)
#define GROUP_OF(u) ((u) / rows)
#define DECLARE(u)  __m512 sum##u = _mm512_setzero_ps();
#define LOAD(u)                                                                                              \
    if (u < rows * groups)                                                                                   \
        sum##u = _mm512_maskz_loadu_ps(first_lanes(t->outputs - GROUP_OF(u) * GROUP),                        \
                                       t->y + ROW(u) * t->ldy + GROUP_OF(u) * GROUP);
#define ASK(u)                                                                                               \
    if (rows < ROWS && u < rows * groups && ROW(u) == 0)                                                     \
        _mm_prefetch((const char *)t->w + (GROUP_OF(u) * stride + at) * bytes + AHEAD_BYTES, _MM_HINT_T0);
#define MULTIPLY_ADD(u)                                                                                      \
    if (u < rows * groups)                                                                                   \
        sum##u = _mm512_fmadd_ps(_mm512_set1_ps(t->x[ROW(u) * t->ldx + p]),                                  \
                                 load16(t->w, GROUP_OF(u) * stride + at, bf16), sum##u);
#define STORE(u)                                                                                             \
    if (u < rows * groups)                                                                                   \
        _mm512_mask_storeu_ps(t->y + ROW(u) * t->ldy + GROUP_OF(u) * GROUP,                                  \
                              first_lanes(t->outputs - GROUP_OF(u) * GROUP), sum##u);

static inline __attribute__((always_inline)) void units(const fm_linear_tile *t, const int rows,
                                                        const int groups, const bool bf16) {
    const size_t stride = t->group_stride, bytes = bf16 ? 2 : 4;
    EACH_UNIT(DECLARE)
    if (t->load) {
        EACH_UNIT(LOAD)
    }
    for (int p = 0; p < t->k; p++) {
        const size_t at = (size_t)p * GROUP;
        EACH_UNIT(ASK)
        EACH_UNIT(MULTIPLY_ADD)
    }
    EACH_UNIT(STORE)
}

static inline __attribute__((always_inline)) void by_shape(const fm_linear_tile *t, const bool bf16) {
    switch (t->rows * 10 + t->groups) {
    case 18: units(t, 1, 8, bf16); break;
    case 24: units(t, 2, 4, bf16); break;
    case 34: units(t, 3, 4, bf16); break;
    case 44: units(t, 4, 4, bf16); break;
    case 52: units(t, 5, 2, bf16); break;
    case 62: units(t, 6, 2, bf16); break;
    case 72: units(t, 7, 2, bf16); break;
    case 82: units(t, 8, 2, bf16); break;
    case 11: units(t, 1, 1, bf16); break;
    case 21: units(t, 2, 1, bf16); break;
    case 31: units(t, 3, 1, bf16); break;
    case 41: units(t, 4, 1, bf16); break;
    case 51: units(t, 5, 1, bf16); break;
    case 61: units(t, 6, 1, bf16); break;
    case 71: units(t, 7, 1, bf16); break;
    default: units(t, 8, 1, bf16); break;
    }
}

static void tile(const fm_linear_tile *t) {
    if (t->dtype == FM_BF16)
        by_shape(t, true);
    else
        by_shape(t, false);
}

const fm_linear_kernels fm_linear_avx512 = {
    .rows = ROWS, .groups = {0, 8, 4, 4, 4, 2, 2, 2, 2}, .tile = tile};
