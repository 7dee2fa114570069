/* adamw_check.c: the AdamW step and the sum of squares on every level against the reference and the
 * equations. */
#include <math.h>
#include <string.h>

#include "kern/adamw/adamw.h"
#include "support/op_check.h"

enum { N, STEP };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1}, false},
    {"lanes", {16, 2}, false},
    {"tail 1", {17, 1}, false},
    {"tail 15", {1055, 9}, false},
    {"none", {0, 1}, false},
    {"block less one", {4095, 3}, false},
    {"block and one", {4097, 3}, false},
    {"threads", {30011, 1000}, false},
    {"14 million", {14000000, 5}, true},
};

static void setup(fm_opcheck *c) {
    int n = c->shape[N], rows = n > 0;
    fm_opcheck_floats(c, "g", FM_OPCHECK_IN, rows, n, n);
    fm_opcheck_floats(c, "m", FM_OPCHECK_INOUT, rows, n, n);
    float *v = fm_opcheck_floats(c, "v", FM_OPCHECK_INOUT, rows, n, n);
    for (int i = 0; i < n; i++)
        v[i] = fm_f32_from_bits(fm_f32_bits(v[i]) & 0x7fffffff); /* a mean of squares */
    fm_opcheck_floats(c, "w", FM_OPCHECK_INOUT, rows, n, n);
    fm_opcheck_floats(c, "squares", FM_OPCHECK_OUT, 1, 2, 2);
}

static const fm_adamw usual = {
    .lr = 3e-3f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .decay = 0.1f, .grad_scale = 0.7f};

static void run_with(fm_opcheck *c, fm_dev *dev, fm_adamw op) {
    size_t n = (size_t)c->shape[N];
    float *g = fm_opcheck_get(c, "g");
    op.step = c->shape[STEP];
    double squares = fm_sum_squares(dev, g, n);
    fm_adamw_update(dev, &op, fm_opcheck_get(c, "w"), fm_opcheck_get(c, "m"), fm_opcheck_get(c, "v"), g, n);
    /* The double's bits as two "floats" that are never NaN patterns of one another: the sum must agree
     * exactly. */
    float *out = fm_opcheck_get(c, "squares");
    out[0] = (float)squares;
    out[1] = squares - squares == 0 ? (float)(squares - (double)out[0]) : 0;
}

static void run(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, usual); }

/* ---- planted errors ---- */

static void plant_eps(fm_opcheck *c, fm_dev *dev) {
    fm_adamw op = usual;
    op.eps = 0;
    run_with(c, dev, op);
}

static void plant_decay(fm_opcheck *c, fm_dev *dev) {
    fm_adamw op = usual;
    op.decay = 0;
    run_with(c, dev, op);
}

static void plant_clip(fm_opcheck *c, fm_dev *dev) {
    fm_adamw op = usual;
    op.grad_scale = 1;
    run_with(c, dev, op);
}

/* One chain instead of blocks and lanes. */
static void plant_sum_order(fm_opcheck *c, fm_dev *dev) {
    run(c, dev);
    double sum = 0;
    float *g = fm_opcheck_get(c, "g"), *out = fm_opcheck_get(c, "squares");
    for (int i = 0; i < c->shape[N]; i++) sum += (double)g[i] * (double)g[i];
    out[0] = (float)sum;
    out[1] = (float)(sum - (double)out[0]);
}

static const fm_opcheck_plant plants[] = {{"eps forgotten", plant_eps},
                                          {"decay forgotten", plant_decay},
                                          {"clip factor forgotten", plant_clip},
                                          {"squares in another order", plant_sum_order}};

/* ---- the reference against the equations: twenty steps in double ---- */

static void equations(void) {
    enum { SIZE = 37 };
    float w[SIZE], m[SIZE] = {0}, v[SIZE] = {0}, g[SIZE];
    double dw[SIZE], dm[SIZE] = {0}, dv[SIZE] = {0};
    fm_rng rng = fm_rng_init(1, "adamw");
    for (int i = 0; i < SIZE; i++) dw[i] = w[i] = fm_rng_normal(&rng);
    double b1 = (double)usual.beta1, b2 = (double)usual.beta2, lr = (double)usual.lr;
    for (int t = 1; t <= 20; t++) {
        fm_adamw op = usual;
        op.step = t;
        for (int i = 0; i < SIZE; i++) {
            g[i] = fm_rng_normal(&rng);
            double d = (double)g[i] * (double)usual.grad_scale;
            dm[i] = b1 * dm[i] + (1 - b1) * d;
            dv[i] = b2 * dv[i] + (1 - b2) * d * d;
            dw[i] -= lr * (double)usual.decay * dw[i];
            dw[i] -= lr * dm[i] / (1 - pow(b1, t)) / (sqrt(dv[i] / (1 - pow(b2, t))) + (double)usual.eps);
        }
        fm_adamw_update(fm_opcheck_reference_dev(), &op, w, m, v, g, SIZE);
    }
    fm_opcheck_close("adamw w after 20 steps", w, dw, SIZE, 1e-6);
    fm_opcheck_close("adamw m", m, dm, SIZE, 1e-6);
    fm_opcheck_close("adamw v", v, dv, SIZE, 1e-6);
    const float some[3] = {3, -4, 12};
    fm_opcheck_require(fm_sum_squares(fm_opcheck_reference_dev(), some, 3) == 169, "sum of squares");
}

static double bytes(const fm_opcheck *c) {
    /* squares read g; the step reads w, m, v, g and writes w, m, v */
    return 4.0 * c->shape[N] * 8;
}

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "adamw",
                                       .cases = cases,
                                       .count = sizeof cases / sizeof cases[0],
                                       .setup = setup,
                                       .run = run,
                                       .plants = plants,
                                       .plant_count = sizeof plants / sizeof plants[0],
                                       .equations = equations,
                                       .bytes = bytes};
    return fm_opcheck_main(argc, argv, &op);
}
