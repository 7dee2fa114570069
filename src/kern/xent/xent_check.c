/* xent_check.c: cross-entropy fused with the head on every level against the reference and the equations. */
#include <math.h>

#include "kern/xent/xent_serial.h"
#include "support/op_check.h"

enum { ROWS, SIZE, VOCAB, BLOCK, SKIP, LOSS_ONLY }; /* SKIP: every how many rows lack a target, 0: none */

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1, 1, 0, 0}, false},
    {"lanes", {5, 16, 16, 2, 0, 0}, false},
    {"tail 1", {9, 7, 33, 4, 3, 0}, false},
    {"tail 15", {6, 9, 47, 8, 0, 0}, false},
    {"loss only", {20, 8, 50, 7, 2, 1}, false},
    {"all skipped", {5, 4, 9, 3, 1, 0}, false},
    {"long gap", {90, 5, 20, 16, -1, 0}, false},
    {"none", {0, 4, 9, 3, 0, 0}, false},
    {"threads", {70, 24, 600, 40, 5, 0}, false},
    {"2048 x 256 x 6144", {2048, 256, 6144, 128, 0, 0}, true},
    {"2048 x 320 x 6144", {2048, 320, 6144, 128, 0, 0}, true},
};

static bool skipped(const int *s, int t) {
    if (s[SKIP] < 0) return t > 3 && t < 60; /* a gap longer than a block */
    return s[SKIP] > 0 && t % s[SKIP] == 0;
}

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    fm_opcheck_floats(c, "x", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "w", FM_OPCHECK_IN, s[VOCAB], s[SIZE], s[SIZE]);
    int32_t *targets = fm_opcheck_integers(c, "targets", FM_OPCHECK_IN, 1, s[ROWS], s[ROWS]);
    for (int t = 0; t < s[ROWS]; t++)
        targets[t] = skipped(s, t) ? -1 : (int32_t)fm_rng_below(&c->rng, (uint32_t)s[VOCAB]);
    fm_opcheck_floats(c, "row_loss", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], 1, 1);
    fm_opcheck_floats(c, "loss", FM_OPCHECK_OUT, 1, 2, 2);
    fm_opcheck_floats(c, "workspace", 0, s[BLOCK], s[VOCAB], s[VOCAB]);
    if (s[LOSS_ONLY]) return;
    fm_opcheck_floats(c, "dx", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "dw", FM_OPCHECK_INOUT, s[VOCAB], s[SIZE], s[SIZE]);
}

static void run_with(fm_opcheck *c, fm_dev *dev, float scale, int block) {
    const int *s = c->shape;
    fm_xent op = {.rows = s[ROWS],
                  .size = s[SIZE],
                  .vocab = s[VOCAB],
                  .x = fm_opcheck_get(c, "x"),
                  .w = fm_opcheck_get(c, "w"),
                  .targets = fm_opcheck_get_integers(c, "targets"),
                  .scale = scale,
                  .dx = s[LOSS_ONLY] ? NULL : fm_opcheck_get(c, "dx"),
                  .dw = s[LOSS_ONLY] ? NULL : fm_opcheck_get(c, "dw"),
                  .row_loss = fm_opcheck_get(c, "row_loss"),
                  .workspace = fm_opcheck_get(c, "workspace"),
                  .block_rows = block};
    double loss = fm_xent_run(dev, &op);
    float *out = fm_opcheck_get(c, "loss");
    out[0] = (float)loss; /* the double in two parts, so that all its bits are compared */
    out[1] = loss - loss == 0 ? (float)(loss - (double)out[0]) : 0;
    for (int i = 0; i < s[BLOCK] * s[VOCAB]; i++) op.workspace[i] = 0; /* its contents are nobody's */
}

static void run(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0.25f, c->shape[BLOCK]); }

/* ---- planted errors ---- */

static void plant_scale(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0.26f, c->shape[BLOCK]); }

static void plant_overwritten(fm_opcheck *c, fm_dev *dev) {
    if (!c->shape[LOSS_ONLY])
        for (int i = 0; i < c->shape[VOCAB] * c->shape[SIZE]; i++) fm_opcheck_get(c, "dw")[i] = 0;
    run(c, dev);
}

static void plant_skipped_counted(fm_opcheck *c, fm_dev *dev) {
    int32_t *targets = fm_opcheck_get_integers(c, "targets");
    for (int t = 0; t < c->shape[ROWS]; t++)
        if (targets[t] < 0) targets[t] = 0;
    run(c, dev);
    for (int t = 0; t < c->shape[ROWS]; t++)
        if (skipped(c->shape, t)) targets[t] = -1;
}

static const fm_opcheck_plant plants[] = {{"scale", plant_scale},
                                          {"dw overwritten", plant_overwritten},
                                          {"rows without target counted", plant_skipped_counted}};

/* ---- the reference against the equations ---- */

enum { T = 4, H = 5, N = 19 };
typedef struct numbers {
    double x[T * H], w[N * H];
} numbers;
static const int32_t targets[T] = {3, -1, 18, 0};

static double loss(void *context) {
    const numbers *n = context;
    double sum = 0;
    for (int t = 0; t < T; t++) {
        if (targets[t] < 0) continue;
        double below = 0, hit = 0;
        for (int v = 0; v < N; v++) {
            double logit = 0;
            for (int i = 0; i < H; i++) logit += n->x[t * H + i] * n->w[v * H + i];
            below += exp(logit);
            if (v == targets[t]) hit = logit;
        }
        sum += log(below) - hit;
    }
    return sum;
}

static void equations(void) {
    numbers n;
    float x[T * H], w[N * H], dx[T * H], dw[N * H] = {0}, workspace[2 * N];
    double grad[N * H];
    fm_rng rng = fm_rng_init(1, "xent");
    for (int i = 0; i < T * H; i++) n.x[i] = x[i] = fm_rng_normal(&rng);
    for (int i = 0; i < N * H; i++) n.w[i] = w[i] = fm_rng_normal(&rng);
    fm_xent op = {.rows = T,
                  .size = H,
                  .vocab = N,
                  .x = x,
                  .w = w,
                  .targets = targets,
                  .scale = 1,
                  .dx = dx,
                  .dw = dw,
                  .workspace = workspace,
                  .block_rows = 2};
    double value = fm_xent_run(fm_opcheck_reference_dev(), &op);
    fm_opcheck_require(fabs(value - loss(&n)) < 1e-5 * value, "xent: %g, equation %g", value, loss(&n));
    fm_opcheck_differences(grad, n.x, T * H, loss, &n);
    fm_opcheck_close("xent dx", dx, grad, T * H, 1e-5);
    fm_opcheck_differences(grad, n.w, N * H, loss, &n);
    fm_opcheck_close("xent dw", dw, grad, N * H, 1e-5);
}

static double flops(const fm_opcheck *c) { return 6.0 * c->shape[ROWS] * c->shape[SIZE] * c->shape[VOCAB]; }

#if defined(FM_EMULATED)
extern const fm_xent_kernels fm_xent_avx512_emulated;
#define EMULATED &fm_xent_avx512_emulated
#else
#define EMULATED NULL
#endif

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "xent",
                                       .cases = cases,
                                       .count = sizeof cases / sizeof cases[0],
                                       .setup = setup,
                                       .run = run,
                                       .plants = plants,
                                       .plant_count = sizeof plants / sizeof plants[0],
                                       .equations = equations,
                                       .avx512_emulated = EMULATED,
                                       .flops = flops};
    return fm_opcheck_main(argc, argv, &op);
}
