/* rmsnorm_check.c: RMSNorm on every level against the reference, the reference against the equations. */
#include <math.h>

#include "kern/rmsnorm/rmsnorm.h"
#include "support/op_check.h"

enum { ROWS, SIZE, PAD, ACCUMULATE, IN_PLACE };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 0, 0, 0}, false},
    {"lanes", {3, 16, 0, 1, 0}, false},
    {"tail 1", {5, 17, 3, 0, 0}, false},
    {"tail 15", {7, 31, 1, 1, 0}, false},
    {"in place", {4, 40, 0, 0, 1}, false},
    {"none", {0, 8, 0, 0, 0}, false},
    {"threads", {70, 300, 4, 0, 0}, false},
    {"threads in place", {90, 256, 0, 0, 1}, false},
    {"hidden 256", {8192, 256, 0, 0, 0}, true},
    {"hidden 320", {4096, 320, 0, 1, 0}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    int ld = s[SIZE] + s[PAD];
    fm_opcheck_floats(c, "x", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], ld);
    fm_opcheck_floats(c, "w", FM_OPCHECK_IN, 1, s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "dy", (s[IN_PLACE] ? FM_OPCHECK_INOUT : FM_OPCHECK_IN) | FM_OPCHECK_ROWS, s[ROWS],
                      s[SIZE], ld);
    fm_opcheck_floats(c, "y", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], ld);
    fm_opcheck_floats(c, "r", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], 1, 1);
    fm_opcheck_floats(c, "dw", FM_OPCHECK_INOUT, 1, s[SIZE], s[SIZE]);
    if (!s[IN_PLACE])
        fm_opcheck_floats(c, "dx", (s[ACCUMULATE] ? FM_OPCHECK_INOUT : FM_OPCHECK_OUT) | FM_OPCHECK_ROWS,
                          s[ROWS], s[SIZE], ld);
}

static void run_with(fm_opcheck *c, fm_dev *dev, float eps) {
    const int *s = c->shape;
    int ld = s[SIZE] + s[PAD];
    float *x = fm_opcheck_get(c, "x"), *w = fm_opcheck_get(c, "w"), *dy = fm_opcheck_get(c, "dy");
    fm_rmsnorm_forward(dev, &(fm_rmsnorm){.rows = s[ROWS],
                                          .size = s[SIZE],
                                          .eps = eps,
                                          .x = x,
                                          .ldx = ld,
                                          .w = w,
                                          .y = fm_opcheck_get(c, "y"),
                                          .ldy = ld,
                                          .r = fm_opcheck_get(c, "r")});
    fm_rmsnorm_backward(dev, &(fm_rmsnorm_grad){.rows = s[ROWS],
                                                .size = s[SIZE],
                                                .x = x,
                                                .ldx = ld,
                                                .w = w,
                                                .r = fm_opcheck_get(c, "r"),
                                                .dy = dy,
                                                .lddy = ld,
                                                .dx = s[IN_PLACE] ? dy : fm_opcheck_get(c, "dx"),
                                                .lddx = ld,
                                                .accumulate = s[ACCUMULATE],
                                                .dw = fm_opcheck_get(c, "dw")});
}

static void run(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 1e-6f); }

/* ---- planted errors ---- */

static void plant_no_eps(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0); }

static void plant_dw_overwritten(fm_opcheck *c, fm_dev *dev) {
    float *dw = fm_opcheck_get(c, "dw");
    for (int i = 0; i < c->shape[SIZE]; i++) dw[i] = 0;
    run(c, dev);
}

/* The same sum, lanes joined in index order. */
static void plant_lane_order(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    int ld = s[SIZE] + s[PAD];
    run(c, dev);
    float *x = fm_opcheck_get(c, "x"), *r = fm_opcheck_get(c, "r");
    for (int t = 0; t < s[ROWS]; t++) {
        float sum = 0;
        for (int i = 0; i < s[SIZE]; i++) sum = fm_fmaf(x[t * ld + i], x[t * ld + i], sum);
        r[t] = fm_rsqrtf(sum / (float)s[SIZE] + 1e-6f);
    }
}

static const fm_opcheck_plant plants[] = {{"eps forgotten", plant_no_eps},
                                          {"dw overwritten", plant_dw_overwritten},
                                          {"another order of lanes", plant_lane_order}};

/* ---- the reference against the equations ---- */

enum { T = 3, H = 21 };
typedef struct numbers {
    double x[T * H], w[H], dy[T * H];
} numbers;

static double loss(void *context) {
    const numbers *n = context;
    double sum = 0;
    for (int t = 0; t < T; t++) {
        double square = 0;
        for (int i = 0; i < H; i++) square += n->x[t * H + i] * n->x[t * H + i];
        for (int i = 0; i < H; i++)
            sum += n->dy[t * H + i] * n->x[t * H + i] * n->w[i] / sqrt(square / H + 1e-3);
    }
    return sum;
}

static void equations(void) {
    numbers n;
    float x[T * H], w[H], dy[T * H], y[T * H], r[T], dx[T * H], dw[H] = {0};
    double grad[T * H], value = 0;
    fm_rng rng = fm_rng_init(1, "rmsnorm");
    for (int i = 0; i < T * H; i++) {
        n.x[i] = x[i] = fm_rng_normal(&rng);
        n.dy[i] = dy[i] = fm_rng_normal(&rng);
    }
    for (int i = 0; i < H; i++) n.w[i] = w[i] = fm_rng_normal(&rng);
    fm_dev *dev = fm_opcheck_reference_dev();
    fm_rmsnorm_forward(dev, &(fm_rmsnorm){T, H, 1e-3f, x, H, w, y, H, r});
    fm_rmsnorm_backward(dev, &(fm_rmsnorm_grad){T, H, x, H, w, r, dy, H, dx, H, false, dw});
    for (int i = 0; i < T * H; i++) value += (double)y[i] * n.dy[i];
    fm_opcheck_require(fabs(value - loss(&n)) < 1e-5 * (1 + fabs(value)), "rmsnorm forward: %g, equation %g",
                       value, loss(&n));
    fm_opcheck_differences(grad, n.x, T * H, loss, &n);
    fm_opcheck_close("rmsnorm dx", dx, grad, T * H, 1e-5);
    fm_opcheck_differences(grad, n.w, H, loss, &n);
    fm_opcheck_close("rmsnorm dw", dw, grad, H, 1e-5);
}

static double bytes(const fm_opcheck *c) {
    /* forward reads x, writes y; dw reads x, dy; dx reads x, dy, (dx,) writes dx */
    return 4.0 * c->shape[ROWS] * c->shape[SIZE] * (7 + c->shape[ACCUMULATE]);
}

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "rmsnorm",
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
