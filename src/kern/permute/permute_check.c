/* permute_check.c: the plan and the movement of rows on every level against the reference and the equations.
 */
#include "kern/permute/permute.h"
#include "support/op_check.h"

enum { ROWS, TOP_K, EXPERTS, SIZE, UNWEIGHTED };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1, 1, 0}, false},          {"lanes", {5, 2, 4, 16, 0}, false},
    {"tail 1", {9, 3, 5, 17, 1}, false},      {"tail 15", {7, 4, 4, 47, 0}, false},
    {"none", {0, 2, 3, 16, 0}, false},        {"crowded", {40, 1, 2, 30, 0}, false},
    {"threads", {200, 4, 16, 100, 0}, false}, {"8192 x 4 x 256", {8192, 4, 24, 256, 0}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    int slots = s[ROWS] * s[TOP_K];
    fm_opcheck_floats(c, "x", FM_OPCHECK_IN, s[ROWS], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "in", FM_OPCHECK_IN, slots, s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "weights", FM_OPCHECK_IN, s[ROWS], s[TOP_K], s[TOP_K]);
    fm_opcheck_floats(c, "dy", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], s[SIZE]);
    int32_t *chosen = fm_opcheck_integers(c, "chosen", FM_OPCHECK_IN, s[ROWS], s[TOP_K], s[TOP_K]);
    for (int t = 0; t < s[ROWS]; t++) { /* distinct experts, the first one favoured */
        int start = fm_rng_below(&c->rng, 2) ? 0 : (int)fm_rng_below(&c->rng, (uint32_t)s[EXPERTS]);
        for (int j = 0; j < s[TOP_K]; j++) chosen[t * s[TOP_K] + j] = (start + j) % s[EXPERTS];
    }
    fm_opcheck_integers(c, "begin", FM_OPCHECK_OUT, 1, s[EXPERTS] + 1, s[EXPERTS] + 1);
    fm_opcheck_integers(c, "source", FM_OPCHECK_OUT, 1, slots, slots);
    fm_opcheck_integers(c, "slot_of", FM_OPCHECK_OUT, s[ROWS], s[TOP_K], s[TOP_K]);
    fm_opcheck_floats(c, "out", FM_OPCHECK_OUT, slots, s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "y", FM_OPCHECK_INOUT, s[ROWS], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "d_in", FM_OPCHECK_OUT, slots, s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "d_weights", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[TOP_K], s[TOP_K]);
}

static fm_permute plan_of(fm_opcheck *c) {
    const int *s = c->shape;
    return (fm_permute){s[ROWS],
                        s[TOP_K],
                        s[EXPERTS],
                        fm_opcheck_get_integers(c, "begin"),
                        fm_opcheck_get_integers(c, "source"),
                        fm_opcheck_get_integers(c, "slot_of")};
}

static void run_with(fm_opcheck *c, fm_dev *dev, const float *weights) {
    const int *s = c->shape;
    fm_permute plan = plan_of(c);
    fm_permute_plan(&plan, fm_opcheck_get_integers(c, "chosen"));
    fm_permute_gather(dev, &plan, fm_opcheck_get(c, "out"), fm_opcheck_get(c, "x"), s[SIZE]);
    fm_permute_combine(dev, &plan, fm_opcheck_get(c, "y"), fm_opcheck_get(c, "in"), weights, s[SIZE]);
    fm_permute_combine_backward(dev, &plan, fm_opcheck_get(c, "d_in"), fm_opcheck_get(c, "d_weights"),
                                fm_opcheck_get(c, "dy"), fm_opcheck_get(c, "in"),
                                fm_opcheck_get(c, "weights"), s[SIZE]);
}

static void run(fm_opcheck *c, fm_dev *dev) {
    run_with(c, dev, c->shape[UNWEIGHTED] ? NULL : fm_opcheck_get(c, "weights"));
}

/* ---- planted errors ---- */

static void plant_weights(fm_opcheck *c, fm_dev *dev) {
    run_with(c, dev, c->shape[UNWEIGHTED] ? fm_opcheck_get(c, "weights") : NULL);
}

static void plant_overwritten(fm_opcheck *c, fm_dev *dev) {
    float *y = fm_opcheck_get(c, "y");
    for (int i = 0; i < c->shape[ROWS] * c->shape[SIZE]; i++) y[i] = 0;
    run(c, dev);
}

/* The rows of an expert from last to first: a plan that is not stable. */
static void plant_unstable(fm_opcheck *c, fm_dev *dev) {
    run(c, dev);
    fm_permute plan = plan_of(c);
    for (int e = 0; e < plan.experts; e++)
        if (plan.begin[e + 1] - plan.begin[e] > 1) {
            int32_t *a = &plan.source[plan.begin[e]], *b = &plan.source[plan.begin[e + 1] - 1], keep = *a;
            *a = *b;
            *b = keep;
        }
}

static const fm_opcheck_plant plants[] = {{"weights forgotten", plant_weights},
                                          {"y overwritten", plant_overwritten},
                                          {"a plan that is not stable", plant_unstable}};

/* ---- the reference against the equations ---- */

enum { T = 4, K = 2, E = 3, H = 5 };

static void equations(void) {
    int32_t begin[E + 1], source[T * K], slot_of[T * K], chosen[T * K] = {2, 0, 0, 1, 2, 1, 0, 2};
    const int32_t want_begin[E + 1] = {0, 3, 5, 8}, want_source[T * K] = {0, 1, 3, 1, 2, 0, 2, 3};
    fm_permute plan = {T, K, E, begin, source, slot_of};
    fm_permute_plan(&plan, chosen);
    for (int e = 0; e <= E; e++)
        fm_opcheck_require(begin[e] == want_begin[e], "permute: begin[%d] = %d", e, begin[e]);
    for (int i = 0; i < T * K; i++) {
        fm_opcheck_require(source[i] == want_source[i], "permute: source[%d] = %d", i, source[i]);
        fm_opcheck_require(source[slot_of[i]] == i / K && slot_of[i] >= begin[chosen[i]] &&
                               slot_of[i] < begin[chosen[i] + 1],
                           "permute: slot_of[%d] = %d", i, slot_of[i]);
    }
    float in[T * K * H], w[T * K], y[T * H], dy[T * H], d_in[T * K * H], d_w[T * K];
    double want_y[T * H], want_d[T * K * H], want_w[T * K] = {0};
    fm_rng rng = fm_rng_init(1, "permute");
    for (int i = 0; i < T * K * H; i++) in[i] = fm_rng_normal(&rng);
    for (int i = 0; i < T * K; i++) w[i] = fm_rng_normal(&rng);
    for (int i = 0; i < T * H; i++) {
        want_y[i] = y[i] = fm_rng_normal(&rng);
        dy[i] = fm_rng_normal(&rng);
    }
    for (int c = 0; c < T * K; c++)
        for (int i = 0; i < H; i++) {
            int slot = slot_of[c], t = c / K;
            want_y[t * H + i] += (double)w[c] * (double)in[slot * H + i];
            want_d[slot * H + i] = (double)w[c] * (double)dy[t * H + i];
            want_w[c] += (double)dy[t * H + i] * (double)in[slot * H + i];
        }
    fm_permute_combine(fm_opcheck_reference_dev(), &plan, y, in, w, H);
    fm_permute_combine_backward(fm_opcheck_reference_dev(), &plan, d_in, d_w, dy, in, w, H);
    fm_opcheck_close("combine", y, want_y, T * H, 1e-6);
    fm_opcheck_close("combine d_in", d_in, want_d, T * K * H, 1e-6);
    fm_opcheck_close("combine d_weights", d_w, want_w, T * K, 1e-6);
}

static double bytes(const fm_opcheck *c) {
    const int *s = c->shape;
    /* gather 2 k, combine k + 2, backward 2 k + 1 streams of rows x size */
    return 4.0 * s[ROWS] * s[SIZE] * (5 * s[TOP_K] + 3);
}

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "permute",
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
