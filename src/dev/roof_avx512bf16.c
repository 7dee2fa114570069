/* roof_avx512bf16.c: twelve chains of vdpbf16ps on 512 bits: 32 products of bf16 each. See roof.h. */
#include "dev/roof.h"

#include <immintrin.h>

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define START(i)       __m512 c##i = _mm512_set1_ps(0.1f * (i));
#define STEP(i)        c##i = _mm512_dpbf16_ps(c##i, x, y);
#define KEEP(i)        __asm__ volatile("" : "+v"(c##i));

double fm_roof_bf16_avx512bf16(int steps) {
    __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f)), y = x;
    EACH_CHAIN(START)
    for (int i = 0; i < steps; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    return 2.0 * 32 * 12 * steps;
}
