/* gemm_transpose.h: an 8 x 8 transpose in AVX2 registers, shared by the packing of all x86 levels. Included only by
 * files compiled for AVX2 or above. */
#ifndef FM_KERN_GEMM_TRANSPOSE_H
#define FM_KERN_GEMM_TRANSPOSE_H

#include <immintrin.h>
#include <stddef.h>

/* In place: afterwards r[p] holds element p of each of the eight rows. */
static inline void transpose8(__m256 r[8]) {
    __m256 t[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    for (int i = 0; i < 8; i++) r[i] = t[i];
}

/* Eight k of `count` of eight rows, transposed; the rows that do not exist are zeros. */
static inline void load_transposed(__m256 r[8], const float *from, ptrdiff_t stride, int count) {
    if (count >= 8)
        for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(from + i * stride);
    else
        for (int i = 0; i < 8; i++)
            r[i] = i < count ? _mm256_loadu_ps(from + i * stride) : _mm256_setzero_ps();
    transpose8(r);
}

#endif
