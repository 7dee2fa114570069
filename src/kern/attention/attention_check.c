/* attention_check.c: attention on every level against the reference, the reference against the equations. */
#include <math.h>

#include "kern/attention/attention_serial.h"
#include "support/op_check.h"

/* PACK: rows per sample, 0: one sample. OFFSET: cached rows before the queries; forward only when above 0. */
enum { ROWS, HEADS, KV_HEADS, QK, V, PACK, OFFSET, PAD };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1, 1, 1, 0, 0, 0}, false},
    {"small", {5, 2, 2, 3, 2, 0, 0, 1}, false},
    {"one tile", {64, 1, 1, 16, 16, 0, 0, 0}, false},
    {"tile and one", {65, 2, 1, 24, 17, 0, 0, 3}, false},
    {"three tiles", {150, 3, 3, 20, 33, 0, 0, 0}, false},
    {"packed", {100, 2, 2, 16, 8, 23, 0, 0}, false},
    {"packed long", {260, 2, 1, 32, 16, 90, 0, 5}, false},
    {"chunk", {37, 2, 2, 16, 16, 0, 91, 0}, false},
    {"chunk off the grid", {100, 2, 2, 16, 24, 0, 91, 0}, false},
    {"chunk of one", {1, 4, 2, 48, 32, 0, 130, 0}, false},
    {"16 x 256, 4 x 48/32", {4096, 4, 4, 48, 32, 256, 0, 0}, true},
    {"8 x 512, 4 x 96/64", {4096, 4, 4, 96, 64, 512, 0, 0}, true},
    {"4 x 1024, 8 x 64/48", {4096, 8, 8, 64, 48, 1024, 0, 0}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    int kv_rows = s[ROWS] + s[OFFSET], nq = s[HEADS] * s[QK], nk = s[KV_HEADS] * s[QK],
        nv = s[KV_HEADS] * s[V];
    int no = s[HEADS] * s[V];
    bool forward = s[OFFSET] > 0;
    fm_opcheck_floats(c, "q", FM_OPCHECK_IN | (forward ? FM_OPCHECK_ROWS : 0), s[ROWS], nq, nq + s[PAD]);
    fm_opcheck_floats(c, "k", FM_OPCHECK_IN, kv_rows, nk, nk + s[PAD]);
    fm_opcheck_floats(c, "v", FM_OPCHECK_IN, kv_rows, nv, nv + s[PAD]);
    int32_t *first = fm_opcheck_integers(c, "first", FM_OPCHECK_IN, 1, s[ROWS], s[ROWS]);
    for (int i = 0; i < s[ROWS]; i++) first[i] = s[PACK] ? i / s[PACK] * s[PACK] : 0;
    fm_opcheck_floats(c, "o", FM_OPCHECK_OUT | (forward ? FM_OPCHECK_ROWS : 0), s[ROWS], no, no + s[PAD]);
    fm_opcheck_floats(c, "lse", FM_OPCHECK_OUT, s[HEADS], s[ROWS], s[ROWS]);
    if (forward) return;
    fm_opcheck_floats(c, "do", FM_OPCHECK_IN, s[ROWS], no, no + s[PAD]);
    fm_opcheck_floats(c, "delta", FM_OPCHECK_OUT, s[HEADS], s[ROWS], s[ROWS]);
    fm_opcheck_floats(c, "dq", FM_OPCHECK_OUT, s[ROWS], nq, nq + s[PAD]);
    fm_opcheck_floats(c, "dk", FM_OPCHECK_OUT, kv_rows, nk, nk + s[PAD]);
    fm_opcheck_floats(c, "dv", FM_OPCHECK_OUT, kv_rows, nv, nv + s[PAD]);
}

static fm_attention describe(fm_opcheck *c) {
    const int *s = c->shape;
    return (fm_attention){.q_rows = s[ROWS],
                          .kv_rows = s[ROWS] + s[OFFSET],
                          .q_offset = s[OFFSET],
                          .heads = s[HEADS],
                          .kv_heads = s[KV_HEADS],
                          .dim_qk = s[QK],
                          .dim_v = s[V],
                          .scale = 1.0f / fm_sqrtf((float)s[QK]),
                          .q = fm_opcheck_get(c, "q"),
                          .k = fm_opcheck_get(c, "k"),
                          .v = fm_opcheck_get(c, "v"),
                          .ldq = s[HEADS] * s[QK] + s[PAD],
                          .ldk = s[KV_HEADS] * s[QK] + s[PAD],
                          .ldv = s[KV_HEADS] * s[V] + s[PAD],
                          .first = fm_opcheck_get_integers(c, "first"),
                          .o = fm_opcheck_get(c, "o"),
                          .ldo = s[HEADS] * s[V] + s[PAD],
                          .lse = fm_opcheck_get(c, "lse")};
}

static void run_op(fm_opcheck *c, fm_dev *dev, fm_attention op) {
    fm_attention_forward(dev, &op);
    if (c->shape[OFFSET] > 0) return;
    fm_attention_grad grad = {.forward = op,
                              .d_o = fm_opcheck_get(c, "do"),
                              .dq = fm_opcheck_get(c, "dq"),
                              .dk = fm_opcheck_get(c, "dk"),
                              .dv = fm_opcheck_get(c, "dv"),
                              .delta = fm_opcheck_get(c, "delta")};
    fm_attention_backward(dev, &grad);
}

static void run(fm_opcheck *c, fm_dev *dev) { run_op(c, dev, describe(c)); }

/* ---- planted errors ---- */

static void plant_scale(fm_opcheck *c, fm_dev *dev) {
    fm_attention op = describe(c);
    op.scale *= 1.0001f;
    run_op(c, dev, op);
}

static void plant_no_sample_mask(fm_opcheck *c, fm_dev *dev) {
    static const int32_t zeros[4096];
    fm_attention op = describe(c);
    op.first = zeros;
    run_op(c, dev, op);
}

/* Every row but the first loses its own key. */
static void plant_strict_causality(fm_opcheck *c, fm_dev *dev) {
    fm_attention op = describe(c), late = op;
    run_op(c, dev, op);
    if (op.q_rows < 2) return;
    late.q_rows--;
    late.q += late.ldq;
    late.o += late.ldo;
    late.lse = NULL;
    fm_attention_forward(dev, &late);
}

static void plant_wrong_kv_head(fm_opcheck *c, fm_dev *dev) {
    fm_attention op = describe(c);
    if (op.kv_heads > 1) op.k += op.dim_qk, op.heads--, op.kv_heads--;
    run_op(c, dev, op);
}

static const fm_opcheck_plant plants[] = {{"scale", plant_scale},
                                          {"samples see each other", plant_no_sample_mask},
                                          {"a row does not see itself", plant_strict_causality},
                                          {"the next head's keys", plant_wrong_kv_head}};

/* ---- the reference against the equations ---- */

enum { T = 11, NH = 4, NKV = 2, DQ = 3, DV = 2, FIRST = 4 };
typedef struct numbers {
    double q[T * NH * DQ], k[T * NKV * DQ], v[T * NKV * DV], d_o[T * NH * DV];
} numbers;

static double loss(void *context) {
    const numbers *n = context;
    double sum = 0;
    for (int h = 0; h < NH; h++)
        for (int i = 0; i < T; i++) {
            double below = 0, o[DV] = {0};
            for (int j = i < FIRST ? 0 : FIRST; j <= i; j++) {
                double s = 0;
                for (int d = 0; d < DQ; d++)
                    s += n->q[(i * NH + h) * DQ + d] * n->k[(j * NKV + h / (NH / NKV)) * DQ + d];
                double p = exp(0.6 * s);
                below += p;
                for (int d = 0; d < DV; d++) o[d] += p * n->v[(j * NKV + h / (NH / NKV)) * DV + d];
            }
            for (int d = 0; d < DV; d++) sum += n->d_o[(i * NH + h) * DV + d] * o[d] / below;
        }
    return sum;
}

static void fill(fm_rng *rng, float *f, double *d, size_t n) {
    for (size_t i = 0; i < n; i++) d[i] = f[i] = fm_rng_normal(rng);
}

static void equations(void) {
    static numbers n;
    static float q[T * NH * DQ], k[T * NKV * DQ], v[T * NKV * DV], d_o[T * NH * DV], o[T * NH * DV],
        lse[NH * T];
    static float dq[T * NH * DQ], dk[T * NKV * DQ], dv[T * NKV * DV], delta[NH * T];
    int32_t first[T];
    double grad[T * NH * DQ], value = 0;
    fm_rng rng = fm_rng_init(1, "attention");
    fill(&rng, q, n.q, T * NH * DQ);
    fill(&rng, k, n.k, T * NKV * DQ);
    fill(&rng, v, n.v, T * NKV * DV);
    fill(&rng, d_o, n.d_o, T * NH * DV);
    for (int i = 0; i < T; i++) first[i] = i < FIRST ? 0 : FIRST;
    fm_attention op = {.q_rows = T,
                       .kv_rows = T,
                       .heads = NH,
                       .kv_heads = NKV,
                       .dim_qk = DQ,
                       .dim_v = DV,
                       .scale = 0.6f,
                       .q = q,
                       .k = k,
                       .v = v,
                       .ldq = NH * DQ,
                       .ldk = NKV * DQ,
                       .ldv = NKV * DV,
                       .first = first,
                       .o = o,
                       .ldo = NH * DV,
                       .lse = lse};
    fm_attention_grad g = {.forward = op, .d_o = d_o, .dq = dq, .dk = dk, .dv = dv, .delta = delta};
    fm_attention_forward(fm_opcheck_reference_dev(), &op);
    fm_attention_backward(fm_opcheck_reference_dev(), &g);
    for (int i = 0; i < T * NH * DV; i++) value += (double)o[i] * n.d_o[i];
    fm_opcheck_require(fabs(value - loss(&n)) < 1e-5 * (1 + fabs(value)),
                       "attention forward: %g, equation %g", value, loss(&n));
    fm_opcheck_differences(grad, n.q, T * NH * DQ, loss, &n);
    fm_opcheck_close("attention dq", dq, grad, T * NH * DQ, 1e-5);
    fm_opcheck_differences(grad, n.k, T * NKV * DQ, loss, &n);
    fm_opcheck_close("attention dk", dk, grad, T * NKV * DQ, 1e-5);
    fm_opcheck_differences(grad, n.v, T * NKV * DV, loss, &n);
    fm_opcheck_close("attention dv", dv, grad, T * NKV * DV, 1e-5);
}

/* Of the causal triangles alone: 2 products forward, 5 backward. */
static double flops(const fm_opcheck *c) {
    const int *s = c->shape;
    double length = s[PACK] ? s[PACK] : s[ROWS], pairs = (double)s[ROWS] * (length + 1) / 2 * s[HEADS];
    return 2 * pairs * (4 * s[QK] + 3 * s[V]);
}

#if defined(FM_EMULATED)
extern const fm_attention_kernels fm_attention_avx512_emulated;
#define EMULATED &fm_attention_avx512_emulated
#else
#define EMULATED NULL
#endif

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "attention",
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
