/* v16.h: sixteen floats at a time, the one place where a kernel meets the instruction set.
 *
 * fm_v16 is one AVX-512 register, two AVX2 registers or an array, by the flags that the file's suffix set.
 * Every function does the same IEEE operations on each lane, and sums lanes in the written tree (l + 8, + 4,
 * + 2, + 1), so a kernel written with it gives the reference's bits. `part` functions touch only the first n
 * lanes in memory, 0 <= n <= 16.
 */
#ifndef FM_KERN_V16_H
#define FM_KERN_V16_H

#include <stddef.h>
#include <stdint.h>

#include "base/fmath.h"

#define FM_V16_INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512F__) || defined(FM_EMULATE_AVX512)

#include <immintrin.h>

/* Rows of a register tile (panel_v16.h): 12 accumulators cover the latency of two FMA units. */
enum { FM_V16_ROWS = 12 };

typedef struct fm_v16 {
    __m512 x;
} fm_v16;

FM_V16_INLINE fm_v16 fm_v16_set1(float f) { return (fm_v16){_mm512_set1_ps(f)}; }
FM_V16_INLINE fm_v16 fm_v16_load(const float *p) { return (fm_v16){_mm512_loadu_ps(p)}; }
FM_V16_INLINE void fm_v16_store(float *p, fm_v16 a) { _mm512_storeu_ps(p, a.x); }
FM_V16_INLINE fm_v16 fm_v16_load_part(const float *p, int n) {
    return (fm_v16){_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p)};
}
FM_V16_INLINE void fm_v16_store_part(float *p, fm_v16 a, int n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), a.x);
}
FM_V16_INLINE fm_v16 fm_v16_add(fm_v16 a, fm_v16 b) { return (fm_v16){_mm512_add_ps(a.x, b.x)}; }
FM_V16_INLINE fm_v16 fm_v16_sub(fm_v16 a, fm_v16 b) { return (fm_v16){_mm512_sub_ps(a.x, b.x)}; }
FM_V16_INLINE fm_v16 fm_v16_mul(fm_v16 a, fm_v16 b) { return (fm_v16){_mm512_mul_ps(a.x, b.x)}; }
FM_V16_INLINE fm_v16 fm_v16_div(fm_v16 a, fm_v16 b) { return (fm_v16){_mm512_div_ps(a.x, b.x)}; }
FM_V16_INLINE fm_v16 fm_v16_sqrt(fm_v16 a) { return (fm_v16){_mm512_sqrt_ps(a.x)}; }
FM_V16_INLINE fm_v16 fm_v16_neg(fm_v16 a) {
    return (fm_v16){
        _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a.x), _mm512_set1_epi32(INT32_MIN)))};
}
/* a b + c, rounded once. */
FM_V16_INLINE fm_v16 fm_v16_fma(fm_v16 a, fm_v16 b, fm_v16 c) {
    return (fm_v16){_mm512_fmadd_ps(a.x, b.x, c.x)};
}
/* a > b ? a : b in each lane: b where either is NaN. */
FM_V16_INLINE fm_v16 fm_v16_max(fm_v16 a, fm_v16 b) { return (fm_v16){_mm512_max_ps(a.x, b.x)}; }
/* Lanes below n (any integer) keep a, the others take b. */
FM_V16_INLINE fm_v16 fm_v16_first(int n, fm_v16 a, fm_v16 b) {
    unsigned mask = n >= 16 ? 0xffffu : n <= 0 ? 0 : (1u << n) - 1;
    return (fm_v16){_mm512_mask_blend_ps((__mmask16)mask, b.x, a.x)};
}
FM_V16_INLINE __m256 fm_v16_high(fm_v16 a) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.x), 1));
}
FM_V16_INLINE __m256 fm_v16_low(fm_v16 a) { return _mm512_castps512_ps256(a.x); }
/* Neighbours: (a0 a1 a2 a3 ..) -> (a1 a0 a3 a2 ..), (a0 a0 a2 a2 ..), (a1 a1 a3 a3 ..). */
FM_V16_INLINE fm_v16 fm_v16_swap(fm_v16 a) { return (fm_v16){_mm512_permute_ps(a.x, 0xb1)}; }
FM_V16_INLINE fm_v16 fm_v16_even(fm_v16 a) { return (fm_v16){_mm512_moveldup_ps(a.x)}; }
FM_V16_INLINE fm_v16 fm_v16_odd(fm_v16 a) { return (fm_v16){_mm512_movehdup_ps(a.x)}; }

/* 2^n for whole numbers n, -126 <= n <= 127; or 2^n as two factors, for n to 128. */
FM_V16_INLINE fm_v16 fm_v16_exp2i(fm_v16 n) {
    __m512i i = _mm512_cvtps_epi32(n.x);
    return (fm_v16){_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(i, _mm512_set1_epi32(127)), 23))};
}
FM_V16_INLINE void fm_v16_exp2i_halves(fm_v16 n, fm_v16 *first, fm_v16 *second) {
    __m512i i = _mm512_cvtps_epi32(n.x), half = _mm512_srai_epi32(i, 1), bias = _mm512_set1_epi32(127);
    first->x = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(half, bias), 23));
    second->x = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_sub_epi32(i, half), bias), 23));
}
/* `y`, but `other` where x > limit; `y`, but 0 where x < limit. NaN keeps y. */
FM_V16_INLINE fm_v16 fm_v16_above(fm_v16 x, float limit, float other, fm_v16 y) {
    return (fm_v16){_mm512_mask_mov_ps(y.x, _mm512_cmp_ps_mask(x.x, _mm512_set1_ps(limit), _CMP_GT_OQ),
                                       _mm512_set1_ps(other))};
}
FM_V16_INLINE fm_v16 fm_v16_below_zero(fm_v16 x, float limit, fm_v16 y) {
    return (fm_v16){_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x.x, _mm512_set1_ps(limit), _CMP_NLT_UQ), y.x)};
}

#elif defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

enum { FM_V16_ROWS = 6 };

typedef struct fm_v16 {
    __m256 low, high;
} fm_v16;

/* A mask of n leading lanes is read from here at offset 16 - n. */
static const int32_t fm_v16_masks[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

FM_V16_INLINE __m256i fm_v16_mask(int n, int half) {
    return _mm256_loadu_si256((const __m256i *)(fm_v16_masks + 16 - n + 8 * half));
}
FM_V16_INLINE fm_v16 fm_v16_set1(float f) {
    __m256 x = _mm256_set1_ps(f);
    return (fm_v16){x, x};
}
FM_V16_INLINE fm_v16 fm_v16_load(const float *p) {
    return (fm_v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
FM_V16_INLINE void fm_v16_store(float *p, fm_v16 a) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
}
/* All sixteen go the short way: masked stores are slow on AMD. */
FM_V16_INLINE fm_v16 fm_v16_load_part(const float *p, int n) {
    if (n == 16) return fm_v16_load(p);
    return (fm_v16){_mm256_maskload_ps(p, fm_v16_mask(n, 0)), _mm256_maskload_ps(p + 8, fm_v16_mask(n, 1))};
}
FM_V16_INLINE void fm_v16_store_part(float *p, fm_v16 a, int n) {
    if (n == 16) {
        fm_v16_store(p, a);
        return;
    }
    _mm256_maskstore_ps(p, fm_v16_mask(n, 0), a.low);
    _mm256_maskstore_ps(p + 8, fm_v16_mask(n, 1), a.high);
}
FM_V16_INLINE fm_v16 fm_v16_add(fm_v16 a, fm_v16 b) {
    return (fm_v16){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
FM_V16_INLINE fm_v16 fm_v16_sub(fm_v16 a, fm_v16 b) {
    return (fm_v16){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
FM_V16_INLINE fm_v16 fm_v16_mul(fm_v16 a, fm_v16 b) {
    return (fm_v16){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
FM_V16_INLINE fm_v16 fm_v16_div(fm_v16 a, fm_v16 b) {
    return (fm_v16){_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
FM_V16_INLINE fm_v16 fm_v16_sqrt(fm_v16 a) { return (fm_v16){_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)}; }
FM_V16_INLINE fm_v16 fm_v16_neg(fm_v16 a) {
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (fm_v16){_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign)};
}
/* a b + c, rounded once. */
FM_V16_INLINE fm_v16 fm_v16_fma(fm_v16 a, fm_v16 b, fm_v16 c) {
    return (fm_v16){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
/* a > b ? a : b in each lane: b where either is NaN. */
FM_V16_INLINE fm_v16 fm_v16_max(fm_v16 a, fm_v16 b) {
    return (fm_v16){_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
/* Lanes below n (any integer) keep a, the others take b. */
FM_V16_INLINE fm_v16 fm_v16_first(int n, fm_v16 a, fm_v16 b) {
    n = n < 0 ? 0 : n > 16 ? 16 : n;
    return (fm_v16){_mm256_blendv_ps(b.low, a.low, _mm256_castsi256_ps(fm_v16_mask(n, 0))),
                    _mm256_blendv_ps(b.high, a.high, _mm256_castsi256_ps(fm_v16_mask(n, 1)))};
}
FM_V16_INLINE __m256 fm_v16_high(fm_v16 a) { return a.high; }
FM_V16_INLINE __m256 fm_v16_low(fm_v16 a) { return a.low; }
/* Neighbours: (a0 a1 a2 a3 ..) -> (a1 a0 a3 a2 ..), (a0 a0 a2 a2 ..), (a1 a1 a3 a3 ..). */
FM_V16_INLINE fm_v16 fm_v16_swap(fm_v16 a) {
    return (fm_v16){_mm256_permute_ps(a.low, 0xb1), _mm256_permute_ps(a.high, 0xb1)};
}
FM_V16_INLINE fm_v16 fm_v16_even(fm_v16 a) {
    return (fm_v16){_mm256_moveldup_ps(a.low), _mm256_moveldup_ps(a.high)};
}
FM_V16_INLINE fm_v16 fm_v16_odd(fm_v16 a) {
    return (fm_v16){_mm256_movehdup_ps(a.low), _mm256_movehdup_ps(a.high)};
}

/* 2^n for whole numbers n, -126 <= n <= 127; or 2^n as two factors, for n to 128. */
FM_V16_INLINE __m256 fm_v16_exp2i_8(__m256i i) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(i, _mm256_set1_epi32(127)), 23));
}
FM_V16_INLINE fm_v16 fm_v16_exp2i(fm_v16 n) {
    return (fm_v16){fm_v16_exp2i_8(_mm256_cvtps_epi32(n.low)), fm_v16_exp2i_8(_mm256_cvtps_epi32(n.high))};
}
FM_V16_INLINE void fm_v16_exp2i_halves(fm_v16 n, fm_v16 *first, fm_v16 *second) {
    __m256i l = _mm256_cvtps_epi32(n.low), h = _mm256_cvtps_epi32(n.high);
    __m256i half_l = _mm256_srai_epi32(l, 1), half_h = _mm256_srai_epi32(h, 1);
    *first = (fm_v16){fm_v16_exp2i_8(half_l), fm_v16_exp2i_8(half_h)};
    *second =
        (fm_v16){fm_v16_exp2i_8(_mm256_sub_epi32(l, half_l)), fm_v16_exp2i_8(_mm256_sub_epi32(h, half_h))};
}
/* `y`, but `other` where x > limit; `y`, but 0 where x < limit. NaN keeps y. */
FM_V16_INLINE fm_v16 fm_v16_above(fm_v16 x, float limit, float other, fm_v16 y) {
    __m256 l = _mm256_set1_ps(limit), o = _mm256_set1_ps(other);
    return (fm_v16){_mm256_blendv_ps(y.low, o, _mm256_cmp_ps(x.low, l, _CMP_GT_OQ)),
                    _mm256_blendv_ps(y.high, o, _mm256_cmp_ps(x.high, l, _CMP_GT_OQ))};
}
FM_V16_INLINE fm_v16 fm_v16_below_zero(fm_v16 x, float limit, fm_v16 y) {
    __m256 l = _mm256_set1_ps(limit);
    return (fm_v16){_mm256_and_ps(y.low, _mm256_cmp_ps(x.low, l, _CMP_NLT_UQ)),
                    _mm256_and_ps(y.high, _mm256_cmp_ps(x.high, l, _CMP_NLT_UQ))};
}

#else
#error "v16.h is for files with a vector suffix; portable builds take the references"
#endif

FM_V16_INLINE fm_v16 fm_v16_zero(void) { return fm_v16_set1(0.0f); }

/* to[d * ld_to + i] = from[i * ld + d] for i, d in 0..3. */
FM_V16_INLINE void fm_v16_transpose4(float *to, ptrdiff_t ld_to, const float *from, ptrdiff_t ld) {
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + ld);
    __m128 c = _mm_loadu_ps(from + 2 * ld), d = _mm_loadu_ps(from + 3 * ld);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to + ld_to, b);
    _mm_storeu_ps(to + 2 * ld_to, c);
    _mm_storeu_ps(to + 3 * ld_to, d);
}

/* The eight lanes l + (l + 8) have been joined; + 4, + 2, + 1. */
FM_V16_INLINE float fm_v16_sum(fm_v16 a) {
    __m256 eight = _mm256_add_ps(fm_v16_low(a), fm_v16_high(a));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The largest lane; no lane is NaN, because fm_v16_max(x, running) never lets one into `running`. */
FM_V16_INLINE float fm_v16_highest(fm_v16 a) {
    __m256 eight = _mm256_max_ps(fm_v16_low(a), fm_v16_high(a));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* fm_expf's reduction and polynomial: n in whole numbers and the factor of 2^n. NaN stays NaN. */
FM_V16_INLINE fm_v16 fm_v16_exp_poly(fm_v16 x, fm_v16 *n_out) {
    fm_v16 magic = fm_v16_set1(12582912.0f);
    fm_v16 n = fm_v16_sub(fm_v16_fma(x, fm_v16_set1(FM_EXP_LOG2E), magic), magic);
    fm_v16 r = fm_v16_fma(n, fm_v16_set1(-FM_EXP_LN2_HI), x);
    r = fm_v16_fma(n, fm_v16_set1(-FM_EXP_LN2_LO), r);
    fm_v16 p = fm_v16_fma(fm_v16_set1(FM_EXP_C6), r, fm_v16_set1(FM_EXP_C5));
    p = fm_v16_fma(p, r, fm_v16_set1(FM_EXP_C4));
    p = fm_v16_fma(p, r, fm_v16_set1(FM_EXP_C3));
    p = fm_v16_fma(p, r, fm_v16_set1(FM_EXP_C2));
    p = fm_v16_fma(p, r, fm_v16_set1(1.0f));
    *n_out = n;
    return fm_v16_fma(p, r, fm_v16_set1(1.0f));
}

/* fm_expf on sixteen lanes, bit for bit (any NaN for NaN). */
FM_V16_INLINE fm_v16 fm_v16_exp(fm_v16 x) {
    fm_v16 n, first, second, p = fm_v16_exp_poly(x, &n);
    fm_v16_exp2i_halves(n, &first, &second);
    p = fm_v16_mul(fm_v16_mul(p, first), second);
    return fm_v16_above(x, FM_EXP_HI, INFINITY, fm_v16_below_zero(x, FM_EXP_LO, p));
}

/* The same for x <= 0 or NaN, where 2^n needs no halves and nothing overflows: softmax after its maximum. */
FM_V16_INLINE fm_v16 fm_v16_exp_nonpositive(fm_v16 x) {
    fm_v16 n, p = fm_v16_exp_poly(x, &n);
    return fm_v16_below_zero(x, FM_EXP_LO, fm_v16_mul(p, fm_v16_exp2i(n)));
}

/* 1 + e^-x: what sigmoid and silu divide by. */
FM_V16_INLINE fm_v16 fm_v16_one_exp_neg(fm_v16 x) {
    return fm_v16_add(fm_v16_set1(1.0f), fm_v16_exp(fm_v16_neg(x)));
}

#endif
