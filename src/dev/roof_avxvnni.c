/* roof_avxvnni.c: twelve chains of vpdpbusd on 256 bits: 32 products of bytes each. See roof.h. */
#include "dev/roof.h"

#include <immintrin.h>

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define START(i)       __m256i c##i = _mm256_set1_epi32(i);
#define STEP(i)        c##i = _mm256_dpbusd_avx_epi32(c##i, x, y);
#define KEEP(i)        __asm__ volatile("" : "+x"(c##i));

double fm_roof_int8_avxvnni(int steps) {
    __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(-2);
    EACH_CHAIN(START)
    for (int i = 0; i < steps; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    return 2.0 * 32 * 12 * steps;
}
