/* swiglu_check.c: SwiGLU on every level against the reference, the reference against the equations. */
#include <math.h>

#include "kern/swiglu/swiglu_serial.h"
#include "support/op_check.h"

enum { ROWS, SIZE, IN_PLACE, AGAIN };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 0, 1}, false},
    {"lanes", {3, 16, 0, 0}, false},
    {"tail 1", {5, 17, 1, 1}, false},
    {"tail 15", {9, 31, 0, 1}, false},
    {"none", {0, 8, 0, 1}, false},
    {"threads", {80, 100, 1, 1}, false},
    {"4096 x 704", {4096, 704, 0, 1}, true},
    {"16384 x 192", {16384, 192, 0, 1}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    int n = s[SIZE];
    fm_opcheck_floats(c, "gu", (s[IN_PLACE] ? FM_OPCHECK_INOUT : FM_OPCHECK_IN) | FM_OPCHECK_ROWS, s[ROWS],
                      2 * n, 2 * n);
    fm_opcheck_floats(c, "dh", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], n, n);
    fm_opcheck_floats(c, "h", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], n, n);
    if (s[AGAIN]) fm_opcheck_floats(c, "again", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], n, n);
    if (!s[IN_PLACE]) fm_opcheck_floats(c, "d_gu", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], 2 * n, 2 * n);
}

static void run(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    float *gu = fm_opcheck_get(c, "gu");
    fm_swiglu_forward(dev, fm_opcheck_get(c, "h"), gu, s[ROWS], s[SIZE]);
    fm_swiglu_backward(dev, s[IN_PLACE] ? gu : fm_opcheck_get(c, "d_gu"), fm_opcheck_get(c, "dh"), gu,
                       s[AGAIN] ? fm_opcheck_get(c, "again") : NULL, s[ROWS], s[SIZE]);
}

/* ---- planted errors ---- */

static void plant_halves_swapped(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    float *gu = fm_opcheck_get(c, "gu");
    for (int t = 0; t < s[ROWS]; t++)
        for (int i = 0; i < s[SIZE]; i++) {
            float *g = gu + (size_t)t * 2 * (size_t)s[SIZE] + i, keep = g[0];
            g[0] = g[s[SIZE]];
            g[s[SIZE]] = keep;
        }
    run(c, dev);
}

/* The sigmoid by another formula, rounded elsewhere. */
static void plant_other_silu(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    float *gu = fm_opcheck_get(c, "gu"), *h = fm_opcheck_get(c, "h");
    fm_swiglu_forward(dev, h, gu, s[ROWS], s[SIZE]);
    for (int t = 0; t < s[ROWS]; t++)
        for (int i = 0; i < s[SIZE]; i++) {
            const float *g = gu + (size_t)t * 2 * (size_t)s[SIZE] + i;
            h[(size_t)t * (size_t)s[SIZE] + (size_t)i] = g[0] * fm_sigmoidf(g[0]) * g[s[SIZE]];
        }
}

static const fm_opcheck_plant plants[] = {{"gate and up swapped", plant_halves_swapped},
                                          {"silu rounded elsewhere", plant_other_silu}};

/* ---- the reference against the equations ---- */

enum { T = 3, I = 19 };
typedef struct numbers {
    double gu[T * 2 * I], dh[T * I];
} numbers;

static double loss(void *context) {
    const numbers *n = context;
    double sum = 0;
    for (int t = 0; t < T; t++)
        for (int i = 0; i < I; i++) {
            double g = n->gu[t * 2 * I + i], u = n->gu[t * 2 * I + I + i];
            sum += n->dh[t * I + i] * g / (1 + exp(-g)) * u;
        }
    return sum;
}

static void equations(void) {
    numbers n;
    float gu[T * 2 * I], dh[T * I], h[T * I], again[T * I], d_gu[T * 2 * I];
    double grad[T * 2 * I], value = 0;
    fm_rng rng = fm_rng_init(1, "swiglu");
    for (int i = 0; i < T * 2 * I; i++) n.gu[i] = gu[i] = 3 * fm_rng_normal(&rng);
    for (int i = 0; i < T * I; i++) n.dh[i] = dh[i] = fm_rng_normal(&rng);
    fm_swiglu_forward(fm_opcheck_reference_dev(), h, gu, T, I);
    fm_swiglu_backward(fm_opcheck_reference_dev(), d_gu, dh, gu, again, T, I);
    for (int i = 0; i < T * I; i++) value += (double)h[i] * n.dh[i];
    for (int i = 0; i < T * I; i++) fm_opcheck_require(h[i] == again[i], "swiglu: h recomputed differs");
    fm_opcheck_require(fabs(value - loss(&n)) < 1e-5 * (1 + fabs(value)), "swiglu forward: %g, equation %g",
                       value, loss(&n));
    fm_opcheck_differences(grad, n.gu, T * 2 * I, loss, &n);
    fm_opcheck_close("swiglu d_gu", d_gu, grad, T * 2 * I, 1e-5);
}

static double bytes(const fm_opcheck *c) {
    /* forward reads gu, writes h; backward reads gu, dh, writes d_gu, h */
    return 4.0 * c->shape[ROWS] * c->shape[SIZE] * (3 + 6);
}

#if defined(FM_EMULATED)
extern const fm_swiglu_kernels fm_swiglu_avx512_emulated;
#define EMULATED &fm_swiglu_avx512_emulated
#else
#define EMULATED NULL
#endif

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "swiglu",
                                       .cases = cases,
                                       .count = sizeof cases / sizeof cases[0],
                                       .setup = setup,
                                       .run = run,
                                       .plants = plants,
                                       .plant_count = sizeof plants / sizeof plants[0],
                                       .equations = equations,
                                       .avx512_emulated = EMULATED,
                                       .bytes = bytes};
    return fm_opcheck_main(argc, argv, &op);
}
