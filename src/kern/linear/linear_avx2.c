/* linear_avx2.c: tiles of the packed linear map for AVX2 and FMA.
 *
 * A group of 16 outputs is two chains of 8 lanes. Two fma per cycle with a latency of four need eight chains: one row
 * takes four groups at once, two or three rows take two, more take one. One row is bound by reading W once, 4 or 2
 * bytes per multiply-add: four streams, each asked for a kilobyte ahead. Six rows read W from L1 (linear.c blocks k)
 * and are bound by the fma units, as the GEMM.
 */
#include <immintrin.h>

#include "kern/linear/linear_serial.h"

enum { GROUP = FM_LINEAR_GROUP, ROWS = 6, AHEAD_BYTES = 1024 };

static inline __m256 load8(const void *w, size_t at, bool bf16) {
    if (!bf16) return _mm256_load_ps((const float *)w + at);
    __m128i half = _mm_load_si128((const __m128i *)((const uint16_t *)w + at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}

static __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* A unit is one row of one group; those of a group stand together, so that its weights are loaded (and widened) once.
 * Named variables, because an array of accumulators would live in memory; rows, groups and bf16 are constants wherever
 * this is inlined. */
#define EACH_UNIT(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define ROW(u)        ((u) % rows)
#define GROUP_OF(u)   ((u) / rows)
#define DECLARE(u)    __m256 low##u = _mm256_setzero_ps(), high##u = _mm256_setzero_ps();
#define LOAD(u)                                                                                              \
    if (u < rows * groups) {                                                                                 \
        const float *y = t->y + ROW(u) * t->ldy + GROUP_OF(u) * GROUP;                                       \
        int left = t->outputs - GROUP_OF(u) * GROUP;                                                         \
        low##u = _mm256_maskload_ps(y, first_lanes(left));                                                   \
        high##u = _mm256_maskload_ps(y + 8, first_lanes(left - 8));                                          \
    }
#define ASK(u)                                                                                               \
    if (rows < ROWS && u < rows * groups && ROW(u) == 0)                                                     \
        _mm_prefetch((const char *)t->w + (GROUP_OF(u) * stride + at) * bytes + AHEAD_BYTES, _MM_HINT_T0);
#define MULTIPLY_ADD(u)                                                                                      \
    if (u < rows * groups) {                                                                                 \
        __m256 x = _mm256_broadcast_ss(t->x + ROW(u) * t->ldx + p);                                          \
        low##u = _mm256_fmadd_ps(x, load8(t->w, GROUP_OF(u) * stride + at, bf16), low##u);                   \
        high##u = _mm256_fmadd_ps(x, load8(t->w, GROUP_OF(u) * stride + at + 8, bf16), high##u);             \
    }
#define STORE(u)                                                                                             \
    if (u < rows * groups) {                                                                                 \
        float *y = t->y + ROW(u) * t->ldy + GROUP_OF(u) * GROUP;                                             \
        int left = t->outputs - GROUP_OF(u) * GROUP;                                                         \
        _mm256_maskstore_ps(y, first_lanes(left), low##u);                                                   \
        _mm256_maskstore_ps(y + 8, first_lanes(left - 8), high##u);                                          \
    }

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
    case 14: units(t, 1, 4, bf16); break;
    case 22: units(t, 2, 2, bf16); break;
    case 32: units(t, 3, 2, bf16); break;
    case 11: units(t, 1, 1, bf16); break;
    case 21: units(t, 2, 1, bf16); break;
    case 31: units(t, 3, 1, bf16); break;
    case 41: units(t, 4, 1, bf16); break;
    case 51: units(t, 5, 1, bf16); break;
    default: units(t, 6, 1, bf16); break;
    }
}

static void tile(const fm_linear_tile *t) {
    if (t->dtype == FM_BF16)
        by_shape(t, true);
    else
        by_shape(t, false);
}

const fm_linear_kernels fm_linear_avx2 = {.rows = ROWS, .groups = {0, 4, 2, 2, 1, 1, 1}, .tile = tile};
