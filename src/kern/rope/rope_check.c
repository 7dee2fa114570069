/* rope_check.c: the rotation on every level against the reference; the tables against transformers'
 * DeepSeek-V3. */
#include <math.h>
#include <string.h>

#include "kern/rope/rope.h"
#include "support/op_check.h"

enum { ROWS, HEADS, SIZE, HEAD_PAD, INTERLEAVED, INVERSE };
enum { POSITIONS = 50 };

static const fm_opcheck_case cases[] = {
    {"one pair", {1, 1, 2, 0, 1, 0}, false},
    {"lanes", {5, 2, 16, 3, 1, 0}, false},
    {"tail", {7, 3, 22, 0, 1, 1}, false},
    {"halves", {6, 2, 24, 5, 0, 0}, false},
    {"halves back", {9, 1, 34, 0, 0, 1}, false},
    {"none", {0, 2, 8, 0, 1, 0}, false},
    {"threads", {200, 4, 32, 16, 1, 0}, false},
    {"8192 x 8 x 32 of 96", {8192, 8, 32, 64, 1, 0}, true},
    {"halves 8192 x 8 x 64", {8192, 8, 64, 0, 0, 0}, true},
};

static const fm_rope_spec plain = {.size = 8, .theta = 10000};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    int head = s[SIZE] + s[HEAD_PAD];
    fm_rope_spec spec = plain;
    spec.size = s[SIZE];
    fm_opcheck_floats(c, "x", FM_OPCHECK_INOUT | FM_OPCHECK_ROWS, s[ROWS], (s[HEADS] - 1) * head + s[SIZE],
                      s[HEADS] * head);
    int32_t *positions = fm_opcheck_integers(c, "positions", FM_OPCHECK_IN, 1, s[ROWS], s[ROWS]);
    for (int t = 0; t < s[ROWS]; t++) positions[t] = (int32_t)fm_rng_below(&c->rng, POSITIONS);
    fm_rope_table(fm_opcheck_floats(c, "table", FM_OPCHECK_IN, POSITIONS, s[SIZE], s[SIZE]), &spec, 0,
                  POSITIONS);
}

static void run_with(fm_opcheck *c, fm_dev *dev, bool interleaved, bool inverse) {
    const int *s = c->shape;
    int head = s[SIZE] + s[HEAD_PAD];
    fm_rope_apply(dev, &(fm_rope){.rows = s[ROWS],
                                  .heads = s[HEADS],
                                  .size = s[SIZE],
                                  .x = fm_opcheck_get(c, "x"),
                                  .row_stride = s[HEADS] * head,
                                  .head_stride = head,
                                  .positions = fm_opcheck_get_integers(c, "positions"),
                                  .table = fm_opcheck_get(c, "table"),
                                  .interleaved = interleaved,
                                  .inverse = inverse});
}

static void run(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, c->shape[INTERLEAVED], c->shape[INVERSE]); }

/* ---- planted errors ---- */

static void plant_order(fm_opcheck *c, fm_dev *dev) {
    run_with(c, dev, !c->shape[INTERLEAVED], c->shape[INVERSE]);
}
static void plant_direction(fm_opcheck *c, fm_dev *dev) {
    run_with(c, dev, c->shape[INTERLEAVED], !c->shape[INVERSE]);
}

static void plant_position(fm_opcheck *c, fm_dev *dev) {
    int32_t *positions = fm_opcheck_get_integers(c, "positions");
    if (c->shape[ROWS]) positions[0] ^= 1;
    run(c, dev);
    if (c->shape[ROWS]) positions[0] ^= 1;
}

static const fm_opcheck_plant plants[] = {{"halves for pairs", plant_order},
                                          {"the other direction", plant_direction},
                                          {"one position off by one", plant_position}};

/* ---- the reference against the equations ---- */

/* size 16, theta 10000, factor 40, original 4096, beta 32/1: transformers 5.23, _compute_yarn_parameters of
 * DeepseekV3Config, in float. */
static const double yarn_frequencies[8] = {
    1, 0.316227764, 0.100000001, 0.0239147246, 0.00512499968, 0.000849862176, 2.49999994e-05, 7.90569447e-06};
static const double yarn_scale = 0.921042355316; /* the same with mscale 0.707, mscale_all_dim 1 */

static void check_yarn(void) {
    fm_rope_spec spec = {.size = 16,
                         .theta = 10000,
                         .factor = 40,
                         .beta_fast = 32,
                         .beta_slow = 1,
                         .mscale = 1,
                         .mscale_all_dim = 1,
                         .original_positions = 4096};
    float table[16 * 2], scaled[16 * 2];
    fm_rope_table(table, &spec, 0, 2);
    for (int i = 0; i < 8; i++) {
        double angle = atan2((double)table[16 + 2 * i + 1], (double)table[16 + 2 * i]);
        fm_opcheck_require(fabs(angle - yarn_frequencies[i]) < 3e-7 * yarn_frequencies[i] + 1e-11,
                           "YaRN frequency %d: %.9g, transformers has %.9g", i, angle, yarn_frequencies[i]);
    }
    fm_opcheck_require(fabs(fm_rope_softmax_factor(&spec) - pow(0.1 * log(40) + 1, 2)) < 1e-12,
                       "softmax factor");
    spec.mscale = 0.707;
    fm_rope_table(scaled, &spec, 0, 2);
    for (int i = 0; i < 32; i++)
        fm_opcheck_require(fabs((double)scaled[i] - (double)table[i] * yarn_scale) < 2e-7,
                           "YaRN mscale at %d", i);
}

static void equations(void) {
    enum { DIM = 6 };
    fm_rope_spec spec = {.size = DIM, .theta = 500};
    float table[40 * DIM], x[2 * DIM], back[2 * DIM];
    double want[2 * DIM];
    int32_t positions[2] = {39, 7};
    fm_rng rng = fm_rng_init(1, "rope");
    fm_rope_table(table, &spec, 0, 40);
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        for (int i = 0; i < 2 * DIM; i++) back[i] = x[i] = fm_rng_normal(&rng);
        for (int t = 0; t < 2; t++)
            for (int i = 0; i < DIM / 2; i++) {
                int a = t * DIM + (interleaved ? 2 * i : i), b = interleaved ? a + 1 : a + DIM / 2;
                double angle = positions[t] * pow(500, -2.0 * i / DIM);
                want[a] = (double)x[a] * cos(angle) - (double)x[b] * sin(angle);
                want[b] = (double)x[b] * cos(angle) + (double)x[a] * sin(angle);
            }
        fm_rope op = {.rows = 2,
                      .heads = 1,
                      .size = DIM,
                      .x = back,
                      .row_stride = DIM,
                      .head_stride = DIM,
                      .positions = positions,
                      .table = table,
                      .interleaved = interleaved};
        fm_rope_apply(fm_opcheck_reference_dev(), &op);
        fm_opcheck_close("rope", back, want, 2 * DIM, 1e-6);
        op.inverse = true; /* the transposed rotation is both the way back and the gradient */
        fm_rope_apply(fm_opcheck_reference_dev(), &op);
        for (int i = 0; i < 2 * DIM; i++) want[i] = (double)x[i];
        fm_opcheck_close("rope back", back, want, 2 * DIM, 1e-6);
    }
    float later[DIM];
    fm_rope_table(later, &spec, 39, 1);
    fm_opcheck_require(memcmp(later, table + 39 * DIM, sizeof later) == 0,
                       "a table from a later position differs");
    check_yarn();
}

static double bytes(const fm_opcheck *c) { return 8.0 * c->shape[ROWS] * c->shape[HEADS] * c->shape[SIZE]; }

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "rope",
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
