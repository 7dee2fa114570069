/* fmath.c: the out-of-line functions of fmath.h: logarithm, double exp, sine and cosine.
 * Refuses nothing; domain errors give NaN or infinity as IEEE 754 has them. */
#include "base/fmath.h"

double fm_exp(double x) {
    if (!(x == x)) return x;
    if (x > 709.78) return INFINITY;
    if (x < -745.2) return 0.0;
    double n = __builtin_floor(x * 1.4426950408889634 + 0.5);
    double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double term = 1.0, sum = 1.0;
    for (int i = 1; i < 18; i++) { /* |r| < 0.347: the 18th Taylor term is below 1e-24 */
        term = term * r / i;
        sum += term;
    }
    return __builtin_ldexp(sum, (int)n);
}

double fm_log(double x) {
    if (!(x == x) || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (x == INFINITY) return x;
    int e;
    double m = __builtin_frexp(x, &e); /* m in [0.5, 1) */
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    /* log m = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.172: odd powers to s^27 leave 1e-22. */
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int i = 27; i >= 1; i -= 2) sum = sum * s2 + 1.0 / i;
    return e * 6.93147180369123816490e-01 + (e * 1.90821492927058770002e-10 + 2 * s * sum);
}

float fm_logf(float x) { return (float)fm_log((double)x); }

double fm_pow(double base, double exponent) { return fm_exp(exponent * fm_log(base)); }

void fm_sincos(double x, double *sine, double *cosine) {
    if (!(x - x == 0)) { /* NaN or infinity */
        *sine = *cosine = NAN;
        return;
    }
    /* x = n pi/2 + r with pi/2 in three parts (33 + 33 + 53 bits): exact products for |n| < 2^20. */
    double n = __builtin_floor(x * 0.63661977236758134308 + 0.5);
    double r = x - n * 1.57079632673412561417e+00;
    r -= n * 6.07710050630396597660e-11;
    r -= n * 2.02226624879595063154e-21;
    double r2 = r * r, s = 0, c = 0;
    /* Taylor, Horner form: sin r = r (1 - r2/6 (1 - r2/20 (...))), |r| <= pi/4 */
    for (int i = 20; i >= 2; i -= 2) {
        s = (1 + s) * -r2 / (i * (i + 1.0));
        c = (1 + c) * -r2 / (i * (i - 1.0));
    }
    s = r + r * s;
    c = 1 + c;
    long quadrant = (long)__builtin_fmod(n, 4.0);
    switch (quadrant & 3) {
    case 0: *sine = s, *cosine = c; break;
    case 1: *sine = c, *cosine = -s; break;
    case 2: *sine = -s, *cosine = -c; break;
    default: *sine = -c, *cosine = s; break;
    }
}
