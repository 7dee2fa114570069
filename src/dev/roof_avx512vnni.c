/* roof_avx512vnni.c: twelve chains of vpdpbusd on 512 bits: 64 products of bytes each. See roof.h. */
#include "dev/roof.h"

#include <immintrin.h>

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define START(i)       __m512i c##i = _mm512_set1_epi32(i);
#define STEP(i)        c##i = _mm512_dpbusd_epi32(c##i, x, y);
#define KEEP(i)        __asm__ volatile("" : "+v"(c##i));

double fm_roof_int8_avx512vnni(int steps) {
    __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(-2);
    EACH_CHAIN(START)
    for (int i = 0; i < steps; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    return 2.0 * 64 * 12 * steps;
}
