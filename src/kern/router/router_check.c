/* router_check.c: the router on every level against the reference; the reference against a plain sort and the
 * equations of weights and balance loss. */
#include <math.h>

#include "kern/router/router.h"
#include "support/op_check.h"

enum { ROWS, EXPERTS, TOP_K, GROUPS, TOP_GROUPS, SIGMOID, NORMALISE, ALPHA };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1, 1, 1, 1, 1, 0}, false},
    {"V3 small", {7, 16, 4, 4, 2, 1, 1, 1}, false},
    {"V3 tail", {9, 24, 3, 3, 2, 1, 1, 1}, false},
    {"V2 greedy", {6, 17, 5, 1, 1, 0, 0, 1}, false},
    {"V2 groups", {11, 20, 4, 5, 3, 0, 0, 0}, false},
    {"V2 normalised", {5, 31, 6, 1, 1, 0, 1, 1}, false},
    {"all groups", {5, 32, 2, 8, 8, 1, 0, 0}, false},
    {"none", {0, 8, 2, 1, 1, 1, 1, 1}, false},
    {"threads", {300, 32, 4, 1, 1, 1, 1, 1}, false},
    {"8192 x 24, top 4", {8192, 24, 4, 1, 1, 1, 1, 1}, true},
    {"1024 x 256, 8 groups", {1024, 256, 8, 8, 4, 1, 1, 1}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    fm_opcheck_floats(c, "logits", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[EXPERTS], s[EXPERTS]);
    float *bias = fm_opcheck_floats(c, "bias", FM_OPCHECK_IN, 1, s[EXPERTS], s[EXPERTS]);
    for (int e = 0; e < s[EXPERTS]; e++) bias[e] = s[SIGMOID] ? -0.2f + 0.1f * fm_rng_normal(&c->rng) : 0;
    /* begin: 0, the first third, everything */
    int32_t *begin = fm_opcheck_integers(c, "begin", FM_OPCHECK_IN, 1, 3, 3);
    begin[1] = s[ROWS] / 3;
    begin[2] = s[ROWS];
    fm_opcheck_floats(c, "d_weights", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[TOP_K], s[TOP_K]);
    fm_opcheck_floats(c, "scores", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[EXPERTS], s[EXPERTS]);
    fm_opcheck_integers(c, "chosen", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[TOP_K], s[TOP_K]);
    fm_opcheck_floats(c, "weights", FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[ROWS], s[TOP_K], s[TOP_K]);
    fm_opcheck_floats(c, "balance", FM_OPCHECK_OUT, 1, 3, 3);
    fm_opcheck_floats(c, "d_logits", FM_OPCHECK_OUT | (s[ALPHA] ? 0 : FM_OPCHECK_ROWS), s[ROWS], s[EXPERTS],
                      s[EXPERTS]);
}

static fm_router describe(fm_opcheck *c) {
    const int *s = c->shape;
    return (fm_router){.rows = s[ROWS],
                       .experts = s[EXPERTS],
                       .top_k = s[TOP_K],
                       .groups = s[GROUPS],
                       .top_groups = s[TOP_GROUPS],
                       .sigmoid = s[SIGMOID],
                       .group_by_max = !s[SIGMOID],
                       .normalise = s[NORMALISE],
                       .scaling = 2.5f,
                       .bias = s[SIGMOID] ? fm_opcheck_get(c, "bias") : NULL,
                       .logits = fm_opcheck_get(c, "logits"),
                       .scores = fm_opcheck_get(c, "scores"),
                       .chosen = fm_opcheck_get_integers(c, "chosen"),
                       .weights = fm_opcheck_get(c, "weights")};
}

static void run_op(fm_opcheck *c, fm_dev *dev, fm_router op) {
    fm_router_forward(dev, &op);
    float *balance = fm_opcheck_get(c, "balance");
    const int32_t *begin = fm_opcheck_get_integers(c, "begin");
    balance[2] = (float)fm_router_balance(&op, begin, 2, balance);
    fm_router_grad grad = {.forward = &op,
                           .d_weights = fm_opcheck_get(c, "d_weights"),
                           .d_logits = fm_opcheck_get(c, "d_logits"),
                           .alpha = c->shape[ALPHA] ? 0.5f : 0,
                           .begin = begin,
                           .sequences = 2};
    fm_router_backward(dev, &grad);
}

static void run(fm_opcheck *c, fm_dev *dev) { run_op(c, dev, describe(c)); }

/* ---- planted errors ---- */

static void plant_no_bias(fm_opcheck *c, fm_dev *dev) {
    fm_router op = describe(c);
    op.bias = NULL;
    run_op(c, dev, op);
}

static void plant_group_score(fm_opcheck *c, fm_dev *dev) {
    fm_router op = describe(c);
    op.group_by_max = !op.group_by_max;
    run_op(c, dev, op);
}

static void plant_not_normalised(fm_opcheck *c, fm_dev *dev) {
    fm_router op = describe(c);
    op.normalise = false;
    run_op(c, dev, op);
}

static void plant_no_scaling(fm_opcheck *c, fm_dev *dev) {
    fm_router op = describe(c);
    op.scaling = 1;
    run_op(c, dev, op);
}

static const fm_opcheck_plant plants[] = {{"bias forgotten", plant_no_bias},
                                          {"V2's group score for V3's", plant_group_score},
                                          {"not normalised", plant_not_normalised},
                                          {"scaling forgotten", plant_no_scaling}};

/* ---- the reference against the equations ---- */

enum { T = 5, E = 12, K = 3, G = 4, TG = 2 };
typedef struct numbers {
    double x[T * E], d_weights[T * K], alpha;
    const int32_t *chosen; /* fixed: the choice has no gradient */
    bool sigmoid, normalise;
} numbers;
static const int32_t begin[3] = {0, 2, T};

static double loss(void *context) {
    const numbers *n = context;
    double sum = 0, scores[T][E];
    for (int t = 0; t < T; t++) {
        double below = 0, chosen = 0;
        for (int e = 0; e < E; e++) below += exp(n->x[t * E + e]);
        for (int e = 0; e < E; e++)
            scores[t][e] = n->sigmoid ? 1 / (1 + exp(-n->x[t * E + e])) : exp(n->x[t * E + e]) / below;
        for (int j = 0; j < K; j++) chosen += scores[t][n->chosen[t * K + j]];
        for (int j = 0; j < K; j++)
            sum +=
                n->d_weights[t * K + j] * 2.5 * scores[t][n->chosen[t * K + j]] / (n->normalise ? chosen : 1);
    }
    for (int s = 0; s < 2; s++)
        for (int e = 0; e < E; e++) {
            double f = 0, p = 0;
            for (int t = begin[s]; t < begin[s + 1]; t++) {
                double all = 0;
                for (int i = 0; i < E; i++) all += scores[t][i];
                for (int j = 0; j < K; j++) f += n->chosen[t * K + j] == e;
                p += scores[t][e] / all / (begin[s + 1] - begin[s]);
            }
            sum += n->alpha / 2 * f * p * E / K / (begin[s + 1] - begin[s]);
        }
    return sum;
}

/* The same choice by sorting everything: groups by score, then experts of the groups that stay. */
static void sorted_choice(const float *scores, const float *bias, bool by_max, int32_t *chosen) {
    double best[G];
    bool stays[G] = {false};
    for (int g = 0; g < G; g++) {
        double a = -1e9, b = -1e9;
        for (int e = g * (E / G); e < (g + 1) * (E / G); e++) {
            double s = (double)scores[e] + (double)bias[e];
            b = s > a ? a : s > b ? s : b;
            a = s > a ? s : a;
        }
        best[g] = by_max ? a : a + b;
    }
    for (int n = 0; n < TG; n++) {
        int top = -1;
        for (int g = 0; g < G; g++)
            if (!stays[g] && (top < 0 || best[g] > best[top])) top = g;
        stays[top] = true;
    }
    bool taken[E] = {false};
    for (int j = 0; j < K; j++) {
        int top = -1;
        for (int e = 0; e < E; e++)
            if (stays[e / (E / G)] && !taken[e] && (top < 0 || scores[e] + bias[e] > scores[top] + bias[top]))
                top = e;
        taken[top] = true;
        chosen[j] = top;
    }
}

static void check_form(fm_rng *rng, bool sigmoid, bool normalise) {
    numbers n = {.sigmoid = sigmoid, .normalise = normalise, .alpha = 0.7};
    float x[T * E], bias[E], scores[T * E], weights[T * K], d_weights[T * K], d_logits[T * E], each[2];
    int32_t chosen[T * K], want[K];
    double grad[T * E], value = 0;
    for (int i = 0; i < T * E; i++) n.x[i] = x[i] = fm_rng_normal(rng);
    for (int i = 0; i < T * K; i++) n.d_weights[i] = d_weights[i] = fm_rng_normal(rng);
    for (int e = 0; e < E; e++)
        bias[e] = sigmoid ? -1.5f + 0.3f * fm_rng_normal(rng) : 0; /* all biased below 0 */
    fm_router op = {.rows = T,
                    .experts = E,
                    .top_k = K,
                    .groups = G,
                    .top_groups = TG,
                    .sigmoid = sigmoid,
                    .group_by_max = !sigmoid,
                    .normalise = normalise,
                    .scaling = 2.5f,
                    .bias = bias,
                    .logits = x,
                    .scores = scores,
                    .chosen = chosen,
                    .weights = weights};
    fm_router_forward(fm_opcheck_reference_dev(), &op);
    for (int t = 0; t < T; t++) {
        sorted_choice(scores + t * E, bias, !sigmoid, want);
        for (int j = 0; j < K; j++)
            fm_opcheck_require(chosen[t * K + j] == want[j], "router: row %d chose %d as %d, sorting says %d",
                               t, chosen[t * K + j], j, want[j]);
    }
    n.chosen = chosen;
    fm_router_grad g = {&op, d_weights, d_logits, 0.7f, begin, 2};
    fm_router_backward(fm_opcheck_reference_dev(), &g);
    for (int i = 0; i < T * K; i++) value += (double)weights[i] * n.d_weights[i];
    value += 0.7 * fm_router_balance(&op, begin, 2, each);
    fm_opcheck_require(fabs(value - loss(&n)) < 1e-5 * (1 + fabs(value)), "router forward: %g, equation %g",
                       value, loss(&n));
    fm_opcheck_differences(grad, n.x, T * E, loss, &n);
    fm_opcheck_close("router d_logits", d_logits, grad, T * E, 1e-5);
}

static void equations(void) {
    fm_rng rng = fm_rng_init(1, "router");
    for (int form = 0; form < 4; form++) check_form(&rng, form & 1, form & 2);
    /* Ties go to the lower index. */
    const float zeros[E] = {0};
    float scores[E], weights[K];
    int32_t chosen[K];
    fm_router op = {.rows = 1,
                    .experts = E,
                    .top_k = K,
                    .groups = G,
                    .top_groups = TG,
                    .sigmoid = true,
                    .scaling = 1,
                    .logits = zeros,
                    .scores = scores,
                    .chosen = chosen,
                    .weights = weights};
    fm_router_forward(fm_opcheck_reference_dev(), &op);
    for (int j = 0; j < K; j++) fm_opcheck_require(chosen[j] == j, "router: tie %d went to %d", j, chosen[j]);
    int64_t load[E] = {0};
    fm_router_load(load, chosen, 1, K, E);
    fm_opcheck_require(load[0] == 1 && load[2] == 1 && load[3] == 0, "router: load");
}

static double bytes(const fm_opcheck *c) {
    return 4.0 * c->shape[ROWS] * (4 * c->shape[EXPERTS] + 4 * c->shape[TOP_K]);
}

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "router",
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
