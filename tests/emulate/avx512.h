/* avx512.h: the AVX-512 intrinsics that Fathom's kernels use, in plain C; included in front of a kernel file (-include)
 * when it is built a second time for the checks of a machine without AVX-512. AMX is amx.h.
 *
 * This checks a kernel's logic: layouts, tails, masks, order. What a real processor does with an instruction is
 * checked where one runs, by the same cases. Functions are not inlined: a kernel's register blocks would otherwise
 * take a compiler minutes. A kernel that uses another intrinsic does not compile until that one is added here.
 */
#ifndef FM_TESTS_EMULATE_AVX512_H
#define FM_TESTS_EMULATE_AVX512_H

#define FM_EMULATE_AVX512 1 /* kern/v16.h takes its AVX-512 form */

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct emulated_lanes {
    union {
        float f[16];
        int32_t i[16];
        uint32_t u[16];
        uint16_t h[32];
    };
} emulated_lanes;

#define EMULATED  static __attribute__((noinline, unused))
#define EACH_LANE for (int i = 0; i < 16; i++)

/* Every 512-bit type travels as its bits. */
#define EMULATED_IN(type)                                                                                    \
    static inline emulated_lanes emulated_in_##type(type x) {                                                \
        emulated_lanes lanes;                                                                                \
        memcpy(&lanes, &x, sizeof lanes);                                                                    \
        return lanes;                                                                                        \
    }                                                                                                        \
    static inline type emulated_out_##type(emulated_lanes lanes) {                                           \
        type x;                                                                                              \
        memcpy(&x, &lanes, sizeof lanes);                                                                    \
        return x;                                                                                            \
    }
EMULATED_IN(__m512)
EMULATED_IN(__m512i)

/* name(a, b) lane by lane; x, y: the lanes of a and b, r: the result's. */
#define BINARY(name, type, statement)                                                                        \
    EMULATED type name(type a, type b) {                                                                     \
        emulated_lanes x = emulated_in_##type(a), y = emulated_in_##type(b), r;                              \
        EACH_LANE statement;                                                                                 \
        return emulated_out_##type(r);                                                                       \
    }
#define SHIFT(name, statement)                                                                               \
    EMULATED __m512i name(__m512i a, unsigned n) {                                                           \
        emulated_lanes x = emulated_in___m512i(a), r;                                                        \
        EACH_LANE statement;                                                                                 \
        return emulated_out___m512i(r);                                                                      \
    }

BINARY(emulated_and, __m512i, r.u[i] = x.u[i] & y.u[i])
BINARY(emulated_or, __m512i, r.u[i] = x.u[i] | y.u[i])
BINARY(emulated_add_epi32, __m512i, r.u[i] = x.u[i] + y.u[i])
BINARY(emulated_mullo, __m512i, r.u[i] = x.u[i] * y.u[i])
SHIFT(emulated_slli, r.u[i] = x.u[i] << n)
SHIFT(emulated_srli, r.u[i] = x.u[i] >> n)

BINARY(emulated_xor, __m512i, r.u[i] = x.u[i] ^ y.u[i])
BINARY(emulated_sub_epi32, __m512i, r.u[i] = x.u[i] - y.u[i])
SHIFT(emulated_srai, r.i[i] = x.i[i] >> n)
BINARY(emulated_add_ps, __m512, r.f[i] = x.f[i] + y.f[i])
BINARY(emulated_sub_ps, __m512, r.f[i] = x.f[i] - y.f[i])
BINARY(emulated_mul_ps, __m512, r.f[i] = x.f[i] * y.f[i])
BINARY(emulated_div_ps, __m512, r.f[i] = x.f[i] / y.f[i])
BINARY(emulated_max_ps, __m512, r.f[i] = x.f[i] > y.f[i] ? x.f[i] : y.f[i])

/* The form with one operand. */
#define UNARY(name, statement)                                                                               \
    EMULATED __m512 name(__m512 a) {                                                                         \
        emulated_lanes x = emulated_in___m512(a), r;                                                         \
        EACH_LANE statement;                                                                                 \
        return emulated_out___m512(r);                                                                       \
    }
UNARY(emulated_sqrt_ps, r.f[i] = __builtin_sqrtf(x.f[i]))
UNARY(emulated_moveldup, r.f[i] = x.f[i & ~1])
UNARY(emulated_movehdup, r.f[i] = x.f[i | 1])

EMULATED __m512 emulated_permute(__m512 a, unsigned order) {
    emulated_lanes x = emulated_in___m512(a), r;
    EACH_LANE r.f[i] = x.f[(i & ~3) + (int)(order >> 2 * (i & 3) & 3)];
    return emulated_out___m512(r);
}

/* Out of range, and NaN: the "integer indefinite" of the instruction. */
EMULATED __m512i emulated_cvtps_epi32(__m512 a) {
    emulated_lanes x = emulated_in___m512(a), r;
    EACH_LANE r.i[i] = x.f[i] >= -0x1p31f && x.f[i] < 0x1p31f ? (int32_t)__builtin_rintf(x.f[i]) : INT32_MIN;
    return emulated_out___m512i(r);
}

EMULATED uint16_t emulated_cmp_ps(__m512 a, __m512 b, int predicate) {
    emulated_lanes x = emulated_in___m512(a), y = emulated_in___m512(b);
    unsigned mask = 0;
    if (predicate != _CMP_GT_OQ && predicate != _CMP_NLT_UQ) __builtin_trap();
    EACH_LANE mask |= (unsigned)(predicate == _CMP_GT_OQ ? x.f[i] > y.f[i] : !(x.f[i] < y.f[i])) << i;
    return (uint16_t)mask;
}

EMULATED __m512 emulated_mask_mov_ps(__m512 from, uint16_t mask, __m512 a) {
    emulated_lanes r = emulated_in___m512(from), x = emulated_in___m512(a);
    EACH_LANE if (mask & 1u << i) r.f[i] = x.f[i];
    return emulated_out___m512(r);
}

EMULATED __m256 emulated_half(__m512 a, int which) {
    __m256 r;
    memcpy(&r, (const char *)&a + 32 * which, sizeof r);
    return r;
}

EMULATED __m512 emulated_set1_ps(float f) {
    emulated_lanes r;
    EACH_LANE r.f[i] = f;
    return emulated_out___m512(r);
}

EMULATED __m512i emulated_set1_epi32(int32_t v) {
    emulated_lanes r;
    EACH_LANE r.i[i] = v;
    return emulated_out___m512i(r);
}

EMULATED __m512 emulated_load(const void *from) {
    emulated_lanes r;
    memcpy(&r, from, sizeof r);
    return emulated_out___m512(r);
}

/* The aligned forms fault on a real processor. */
static inline const void *emulated_aligned(const void *p) {
    if ((uintptr_t)p % 64 != 0) __builtin_trap();
    return p;
}

EMULATED __m512 emulated_maskz_loadu(uint16_t mask, const void *from) {
    emulated_lanes r = {0};
    EACH_LANE if (mask & 1u << i)
        memcpy(r.f + i, (const char *)from + 4 * i, 4); /* reads the named lanes only */
    return emulated_out___m512(r);
}

EMULATED void emulated_store(void *to, __m512 a) { memcpy(to, &a, sizeof a); }

EMULATED void emulated_mask_storeu(void *to, uint16_t mask, __m512 a) {
    emulated_lanes x = emulated_in___m512(a);
    EACH_LANE if (mask & 1u << i) memcpy((char *)to + 4 * i, x.f + i, 4);
}

EMULATED __m512 emulated_fmadd(__m512 a, __m512 b, __m512 c) {
    emulated_lanes x = emulated_in___m512(a), y = emulated_in___m512(b), r = emulated_in___m512(c);
    EACH_LANE r.f[i] = __builtin_fmaf(x.f[i], y.f[i], r.f[i]);
    return emulated_out___m512(r);
}

EMULATED uint16_t emulated_cmpgt_epu32(__m512i a, __m512i b) {
    emulated_lanes x = emulated_in___m512i(a), y = emulated_in___m512i(b);
    unsigned mask = 0;
    EACH_LANE mask |= (unsigned)(x.u[i] > y.u[i]) << i;
    return (uint16_t)mask;
}

EMULATED __m512i emulated_mask_mov(__m512i from, uint16_t mask, __m512i a) {
    emulated_lanes r = emulated_in___m512i(from), x = emulated_in___m512i(a);
    EACH_LANE if (mask & 1u << i) r.u[i] = x.u[i];
    return emulated_out___m512i(r);
}

EMULATED __m256i emulated_narrow(__m512i a) {
    emulated_lanes x = emulated_in___m512i(a);
    uint16_t half[16];
    EACH_LANE half[i] = (uint16_t)x.u[i];
    __m256i r;
    memcpy(&r, half, sizeof r);
    return r;
}

EMULATED __m512i emulated_widen(__m256i a) {
    uint16_t half[16];
    memcpy(half, &a, sizeof half);
    emulated_lanes r;
    EACH_LANE r.u[i] = half[i];
    return emulated_out___m512i(r);
}

EMULATED void emulated_scatter32(void *base, __m512i index, __m512i value, int scale) {
    emulated_lanes at = emulated_in___m512i(index), x = emulated_in___m512i(value);
    EACH_LANE memcpy((char *)base + (ptrdiff_t)at.i[i] * scale, x.u + i, 4);
}

EMULATED __m512i emulated_setr(const int32_t *v) {
    emulated_lanes r;
    memcpy(r.i, v, sizeof r.i);
    return emulated_out___m512i(r);
}

/* Subnormals are zero to the bf16 instructions, going in and coming out. */
static inline float emulated_flush(float x) {
    float size = x < 0 ? -x : x;
    return size < 0x1p-126f ? x * 0.0f : x;
}

static inline float emulated_fma_flushed(uint16_t a, uint16_t b, float c) {
    uint32_t wide[2] = {(uint32_t)a << 16, (uint32_t)b << 16};
    float x[2];
    memcpy(x, wide, sizeof x);
    return emulated_flush(__builtin_fmaf(emulated_flush(x[0]), emulated_flush(x[1]), emulated_flush(c)));
}

/* VDPBF16PS (Intel SDM): the odd product of each pair first, then the even one. */
EMULATED __m512 emulated_dpbf16(__m512 c, __m512i a, __m512i b) {
    emulated_lanes r = emulated_in___m512(c), x = emulated_in___m512i(a), y = emulated_in___m512i(b);
    EACH_LANE {
        r.f[i] = emulated_fma_flushed(x.h[2 * i + 1], y.h[2 * i + 1], r.f[i]);
        r.f[i] = emulated_fma_flushed(x.h[2 * i], y.h[2 * i], r.f[i]);
    }
    return emulated_out___m512(r);
}

/* Some are macros in some compilers' immintrin.h. */
#undef _mm512_setr_epi32
#undef _mm512_i32scatter_epi32
#undef _mm512_cmpgt_epu32_mask
#undef _mm512_slli_epi32
#undef _mm512_srli_epi32
#define __m512bh                                       __m512i
#define _mm512_setzero_ps()                            emulated_set1_ps(0.0f)
#define _mm512_set1_ps(f)                              emulated_set1_ps(f)
#define _mm512_set1_epi32(v)                           emulated_set1_epi32(v)
#define _mm512_setr_epi32(...)                         emulated_setr((const int32_t[16]){__VA_ARGS__})
#define _mm512_load_ps(p)                              emulated_load(emulated_aligned(p))
#define _mm512_loadu_ps(p)                             emulated_load(p)
#define _mm512_load_si512(p)                           (__m512i) emulated_load(emulated_aligned(p))
#define _mm512_maskz_loadu_ps(mask, p)                 emulated_maskz_loadu(mask, p)
#define _mm512_storeu_ps(p, a)                         emulated_store(p, a)
#define _mm512_storeu_si512(p, a)                      emulated_store(p, (__m512)(a))
#define _mm512_mask_storeu_ps(p, mask, a)              emulated_mask_storeu(p, mask, a)
#define _mm512_i32scatter_epi32(base, index, a, scale) emulated_scatter32(base, index, a, scale)
#define _mm512_fmadd_ps(a, b, c)                       emulated_fmadd(a, b, c)
#define _mm512_dpbf16_ps(c, a, b)                      emulated_dpbf16(c, a, b)
#define _mm512_castps_si512(a)                         ((__m512i)(a))
#define _mm512_castsi512_ps(a)                         ((__m512)(a))
#define _mm512_and_si512(a, b)                         emulated_and(a, b)
#define _mm512_or_si512(a, b)                          emulated_or(a, b)
#define _mm512_add_epi32(a, b)                         emulated_add_epi32(a, b)
#define _mm512_mullo_epi32(a, b)                       emulated_mullo(a, b)
#define _mm512_slli_epi32(a, n)                        emulated_slli(a, n)
#define _mm512_srli_epi32(a, n)                        emulated_srli(a, n)
#define _mm512_cmpgt_epu32_mask(a, b)                  emulated_cmpgt_epu32(a, b)
#define _mm512_mask_mov_epi32(from, mask, a)           emulated_mask_mov(from, mask, a)
#define _mm512_cvtepi32_epi16(a)                       emulated_narrow(a)
#define _mm512_cvtepu16_epi32(a)                       emulated_widen(a)
#define _mm512_xor_si512(a, b)                         emulated_xor(a, b)
#define _mm512_sub_epi32(a, b)                         emulated_sub_epi32(a, b)
#define _mm512_srai_epi32(a, n)                        emulated_srai(a, n)
#define _mm512_add_ps(a, b)                            emulated_add_ps(a, b)
#define _mm512_sub_ps(a, b)                            emulated_sub_ps(a, b)
#define _mm512_mul_ps(a, b)                            emulated_mul_ps(a, b)
#define _mm512_div_ps(a, b)                            emulated_div_ps(a, b)
#define _mm512_max_ps(a, b)                            emulated_max_ps(a, b)
#define _mm512_sqrt_ps(a)                              emulated_sqrt_ps(a)
#define _mm512_moveldup_ps(a)                          emulated_moveldup(a)
#define _mm512_movehdup_ps(a)                          emulated_movehdup(a)
/* Three of them are macros in clang's own header. */
#undef _mm512_permute_ps
#define _mm512_permute_ps(a, order) emulated_permute(a, order)
#define _mm512_cvtps_epi32(a)       emulated_cvtps_epi32(a)
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask(a, b, predicate) emulated_cmp_ps(a, b, predicate)
#define _mm512_mask_mov_ps(from, mask, a)   emulated_mask_mov_ps(from, mask, a)
#define _mm512_maskz_mov_ps(mask, a)        emulated_mask_mov_ps(emulated_set1_ps(0.0f), mask, a)
#define _mm512_mask_blend_ps(mask, a, b)    emulated_mask_mov_ps(a, mask, b)
#define _mm512_castps512_ps256(a)           emulated_half(a, 0)
#define _mm512_castps_pd(a)                 ((__m512d)(a))
#undef _mm512_extractf64x4_pd
#define _mm512_extractf64x4_pd(a, which) _mm256_castps_pd(emulated_half((__m512)(a), which))

#endif
