/* fmath.h: our own elementary functions, so that a result does not depend on the machine's libm.
 *
 * The f32 functions are written as one fixed sequence of IEEE operations, every fma explicit; kern/v16.h
 * repeats the sequence lane by lane, so scalar and vector code agree bit for bit. The double functions serve
 * tables and initialisation, never inner loops.
 *
 * Bounds (checked against long double over the stated ranges by tests/test_fmath.c):
 *   fm_expf   2 ulp for x in [-87.3, 88.7]; 0 below -103.97 (gradual underflow is flushed under -87.33),
 *             +inf above 88.72; NaN gives NaN.
 *   fm_logf   3 ulp on normal positive numbers.
 *   fm_exp, fm_log, fm_sincos: 1e-15 relative (absolute for sin/cos, |x| <= 1e6).
 */
#ifndef FM_BASE_FMATH_H
#define FM_BASE_FMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float fm_fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

static inline uint32_t fm_f32_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float fm_f32_from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* The constants of exp, shared with the vector version in kern/v16.h: x = n ln 2 + r, |r| <= ln 2 / 2, and a
 * degree-6 polynomial for exp(r) (minimax on that interval; our own Remez fit, 1.1e-8 before rounding). */
#define FM_EXP_HI     88.7228394f
#define FM_EXP_LO     -87.3365448f
#define FM_EXP_LOG2E  1.44269504f
#define FM_EXP_LN2_HI 0.693359375f
#define FM_EXP_LN2_LO -2.12194440e-4f
#define FM_EXP_C2     0.5f
#define FM_EXP_C3     0.166666546f
#define FM_EXP_C4     0.0416665463f
#define FM_EXP_C5     0.00836596117f
#define FM_EXP_C6     0.00139365922f

/* e^x. Round-to-nearest-even of x/ln2 comes from adding and subtracting 1.5 * 2^23. */
static inline float fm_expf(float x) {
    if (!(x == x)) return x;
    if (x > FM_EXP_HI) return INFINITY;
    if (x < FM_EXP_LO) return 0.0f;
    float n = fm_fmaf(x, FM_EXP_LOG2E, 12582912.0f) - 12582912.0f;
    float r = fm_fmaf(n, -FM_EXP_LN2_HI, x);
    r = fm_fmaf(n, -FM_EXP_LN2_LO, r);
    float p = FM_EXP_C6;
    p = fm_fmaf(p, r, FM_EXP_C5);
    p = fm_fmaf(p, r, FM_EXP_C4);
    p = fm_fmaf(p, r, FM_EXP_C3);
    p = fm_fmaf(p, r, FM_EXP_C2);
    p = fm_fmaf(p, r, 1.0f);
    p = fm_fmaf(p, r, 1.0f);
    /* 2^n in two halves: n reaches 128, where a single exponent would overflow too early. */
    int32_t i = (int32_t)n, half = i >> 1;
    return p * fm_f32_from_bits((uint32_t)(half + 127) << 23) *
           fm_f32_from_bits((uint32_t)(i - half + 127) << 23);
}

/* 1 / (1 + e^-x) and x * sigmoid(x) (SiLU, the gate of SwiGLU). */
static inline float fm_sigmoidf(float x) { return 1.0f / (1.0f + fm_expf(-x)); }
static inline float fm_siluf(float x) { return x / (1.0f + fm_expf(-x)); }

/* Square root is correctly rounded by IEEE 754, so the machine's is ours. */
static inline float fm_sqrtf(float x) { return __builtin_sqrtf(x); }
static inline double fm_sqrt(double x) { return __builtin_sqrt(x); }
static inline float fm_rsqrtf(float x) { return 1.0f / __builtin_sqrtf(x); }

float fm_logf(float x);
double fm_exp(double x);
double fm_log(double x);
double fm_pow(double base, double exponent); /* base > 0; exp(exponent * log(base)), 1e-14 relative */
void fm_sincos(double x, double *sine, double *cosine);

#endif
