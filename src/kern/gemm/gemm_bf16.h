/* gemm_bf16.h: packing f32 into pairs of bf16 for the instructions that multiply pairs (vdpbf16ps, tdpbf16ps):
 * packed[k/2][width][2], the k of a pair side by side. Rounds to nearest even with integer operations, so that the
 * packed values are those of fm_f32_to_bf16 (the conversion instruction would flush subnormals). Included only by
 * files compiled for AVX-512.
 */
#ifndef FM_KERN_GEMM_BF16_H
#define FM_KERN_GEMM_BF16_H

#include <stdint.h>

#include "kern/gemm/gemm_transpose.h"
#include "tensor/dtype.h"

static inline __mmask16 first_lanes(int count) {
    return count >= 16 ? (__mmask16)0xffff : count <= 0 ? (__mmask16)0 : (__mmask16)((1u << count) - 1);
}

/* The bf16 of each lane, in its low 16 bits. */
static inline __m512i round_bf16(__m512 x) {
    __m512i u = _mm512_castps_si512(x);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    __m512i rounded =
        _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd), 16);
    __m512i quiet = _mm512_or_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(0x40));
    __m512i magnitude = _mm512_and_si512(u, _mm512_set1_epi32(0x7fffffff));
    __mmask16 nan = _mm512_cmpgt_epu32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
    return _mm512_mask_mov_epi32(rounded, nan, quiet);
}

/* Lane i: the bf16 of first[i] below, of second[i] above. */
static inline __m512i pair_bf16(__m512 first, __m512 second) {
    return _mm512_or_si512(round_bf16(first), _mm512_slli_epi32(round_bf16(second), 16));
}

/* 16 consecutive floats as 8 pairs. */
static inline __m256 pairs_of_row(const float *from) {
    return _mm256_castsi256_ps(_mm512_cvtepi32_epi16(round_bf16(_mm512_loadu_ps(from))));
}

/* 16 k of `count` of eight rows: afterwards r[q] holds the pair of k 2q, 2q + 1 of each row. */
static inline void load_pairs_transposed(__m256 r[8], const float *from, ptrdiff_t stride, int count) {
    for (int i = 0; i < 8; i++) r[i] = i < count ? pairs_of_row(from + i * stride) : _mm256_setzero_ps();
    transpose8(r);
}

static inline uint32_t one_pair(const float *from, ptrdiff_t k_stride, int have) {
    uint32_t low = have > 0 ? fm_f32_to_bf16(from[0]) : 0,
             high = have > 1 ? fm_f32_to_bf16(from[k_stride]) : 0;
    return low | high << 16;
}

/* One panel, `width` wide, k filled up with zeros to a multiple of k_step. Stores may write past a panel's row where
 * width is no multiple of 16, in rising k, as in gemm_avx512.c. */
static inline __attribute__((always_inline)) void pack_pairs(const int width, const int k_step, uint32_t *out,
                                                             const float *from, ptrdiff_t stride,
                                                             ptrdiff_t k_stride, int count, int k) {
    int p = 0, end = (k + k_step - 1) / k_step * k_step;
    if (k_stride != 1) {
        for (; p < end; p += 2, out += width)
            for (int i = 0; i < width; i += 16) {
                const float *at = from + p * k_stride + i;
                __m512 first = _mm512_maskz_loadu_ps(p < k ? first_lanes(count - i) : 0, at);
                __m512 second = _mm512_maskz_loadu_ps(p + 1 < k ? first_lanes(count - i) : 0, at + k_stride);
                _mm512_storeu_si512(out + i, pair_bf16(first, second));
            }
        return;
    }
    for (; p + 16 <= k; p += 16, out += 8 * width)
        for (int i = 0; i < width; i += 16) {
            __m256 low[8], high[8];
            load_pairs_transposed(low, from + i * stride + p, stride, count - i);
            load_pairs_transposed(high, from + (i + 8) * stride + p, stride, count - i - 8);
            for (int q = 0; q < 8; q++) {
                _mm256_storeu_ps((float *)(out + q * width + i), low[q]);
                _mm256_storeu_ps((float *)(out + q * width + i + 8), high[q]);
            }
        }
    for (; p < end; p += 2, out += width)
        for (int i = 0; i < width; i++) out[i] = i < count ? one_pair(from + i * stride + p, 1, k - p) : 0;
}

#endif
