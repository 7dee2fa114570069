/* roof_avx2.c: twelve chains of 8-lane fma: more than latency (4-5) times the two units. See roof.h. */
#include "dev/roof.h"

#include <immintrin.h>

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define START(i)       __m256 c##i = _mm256_set1_ps(0.1f * (i));
#define STEP(i)        c##i = _mm256_fmadd_ps(c##i, x, y);
#define KEEP(i)        __asm__ volatile("" : "+x"(c##i)); /* in a register, and not folded into the next step */

double fm_roof_f32_avx2(int steps) {
    __m256 x = _mm256_set1_ps(0.99f), y = _mm256_set1_ps(1e-3f);
    EACH_CHAIN(START)
    for (int i = 0; i < steps; i++) {
        EACH_CHAIN(STEP)
        EACH_CHAIN(KEEP)
    }
    return 2.0 * 8 * 12 * steps;
}
