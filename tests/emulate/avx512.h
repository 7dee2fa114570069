/* avx512.h: AVX-512 on a machine that has AVX2: included in front of a kernel file (-include) when it is built a
 * second time for the checks. SIMDe gives most intrinsics; those it lacks, and the one whose order it does not keep,
 * are here in plain C. AMX is amx.h, ours.
 *
 * This checks a kernel's logic: layouts, tails, masks, order. What a real processor does with an instruction is
 * checked where one runs, by the same cases.
 */
#ifndef FM_TESTS_EMULATE_AVX512_H
#define FM_TESTS_EMULATE_AVX512_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>
#include <simde/x86/f16c.h>

#include <stdint.h>
#include <string.h>

/* Subnormals are zero to the bf16 instructions, going in and coming out. */
static inline float emulate_flush(float x) {
    float size = x < 0 ? -x : x;
    return size < 0x1p-126f ? x * 0.0f : x;
}

static inline float emulate_fma_flushed(uint16_t a, uint16_t b, float c) {
    uint32_t wide[2] = {(uint32_t)a << 16, (uint32_t)b << 16};
    float x[2];
    memcpy(x, wide, sizeof x);
    return emulate_flush(__builtin_fmaf(emulate_flush(x[0]), emulate_flush(x[1]), emulate_flush(c)));
}

/* SIMDe sums the even product first; the instruction's definition (Intel SDM, VDPBF16PS) starts with the odd one. */
static inline simde__m512 emulate_dpbf16(simde__m512 c, simde__m512bh a, simde__m512bh b) {
    float sum[16];
    uint16_t x[32], y[32];
    memcpy(sum, &c, sizeof sum);
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < 16; i++) {
        sum[i] = emulate_fma_flushed(x[2 * i + 1], y[2 * i + 1], sum[i]);
        sum[i] = emulate_fma_flushed(x[2 * i], y[2 * i], sum[i]);
    }
    memcpy(&c, sum, sizeof sum);
    return c;
}
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(c, a, b) emulate_dpbf16(c, a, b)

static inline simde__m512 emulate_maskz_loadu(uint16_t mask, const void *from) {
    float lanes[16] = {0};
    for (int i = 0; i < 16; i++)
        if (mask & 1u << i) memcpy(lanes + i, (const char *)from + 4 * i, 4); /* only the lanes named are read */
    simde__m512 x;
    memcpy(&x, lanes, sizeof x);
    return x;
}
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, from) emulate_maskz_loadu(mask, from)

static inline uint16_t emulate_cmpgt_epu32(simde__m512i a, simde__m512i b) {
    uint32_t x[16], y[16];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    uint16_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint16_t)((x[i] > y[i]) << i);
    return mask;
}
#undef _mm512_cmpgt_epu32_mask
#define _mm512_cmpgt_epu32_mask(a, b) emulate_cmpgt_epu32(a, b)

static inline void emulate_scatter32(void *base, simde__m512i index, simde__m512i value, int scale) {
    int32_t at[16], lanes[16];
    memcpy(at, &index, sizeof at);
    memcpy(lanes, &value, sizeof lanes);
    for (int i = 0; i < 16; i++) memcpy((char *)base + (ptrdiff_t)at[i] * scale, lanes + i, 4);
}
#undef _mm512_i32scatter_epi32
#define _mm512_i32scatter_epi32(base, index, value, scale) emulate_scatter32(base, index, value, scale)

static inline simde__m256i emulate_cvtepi32_epi16(simde__m512i a) {
    uint32_t x[16];
    uint16_t y[16];
    memcpy(x, &a, sizeof x);
    for (int i = 0; i < 16; i++) y[i] = (uint16_t)x[i];
    simde__m256i out;
    memcpy(&out, y, sizeof out);
    return out;
}
#undef _mm512_cvtepi32_epi16
#define _mm512_cvtepi32_epi16(a) emulate_cvtepi32_epi16(a)

static inline simde__m512i emulate_cvtepu16_epi32(simde__m256i a) {
    uint16_t x[16];
    uint32_t y[16];
    memcpy(x, &a, sizeof x);
    for (int i = 0; i < 16; i++) y[i] = x[i];
    simde__m512i out;
    memcpy(&out, y, sizeof out);
    return out;
}
#undef _mm512_cvtepu16_epi32
#define _mm512_cvtepu16_epi32(a) emulate_cvtepu16_epi32(a)

static inline void emulate_mask_storeu(void *to, uint16_t mask, simde__m512 x) {
    float lanes[16];
    memcpy(lanes, &x, sizeof lanes);
    for (int i = 0; i < 16; i++)
        if (mask & 1u << i) memcpy((char *)to + 4 * i, lanes + i, 4);
}
#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps(to, mask, x) emulate_mask_storeu(to, mask, x)

#endif
