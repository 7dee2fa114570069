/* embed_check.c: embedding rows, their gradient and the residual sum on every level against the reference. */
#include "kern/embed/embed.h"
#include "support/op_check.h"

enum { ROWS, SIZE, VOCAB };

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1}, false},
    {"lanes", {9, 16, 4}, false},
    {"tail 1", {20, 17, 3}, false},
    {"tail 15", {7, 47, 30}, false},
    {"none", {0, 16, 2}, false},
    {"threads", {300, 90, 50}, false},
    {"8192 x 256 of 6144", {8192, 256, 6144}, true},
};

static void setup(fm_opcheck *c) {
    const int *s = c->shape;
    fm_opcheck_floats(c, "table", FM_OPCHECK_IN, s[VOCAB], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "d_out", FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], s[SIZE]);
    int32_t *ids = fm_opcheck_integers(c, "ids", FM_OPCHECK_IN, 1, s[ROWS], s[ROWS]);
    for (int t = 0; t < s[ROWS]; t++) ids[t] = (int32_t)fm_rng_below(&c->rng, (uint32_t)s[VOCAB]);
    fm_opcheck_floats(c, "out", FM_OPCHECK_OUT, s[ROWS], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "d_table", FM_OPCHECK_INOUT, s[VOCAB], s[SIZE], s[SIZE]);
    fm_opcheck_floats(c, "y", FM_OPCHECK_INOUT | FM_OPCHECK_ROWS, s[ROWS], s[SIZE], s[SIZE]);
}

static void run(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    const int32_t *ids = fm_opcheck_get_integers(c, "ids");
    float *d_out = fm_opcheck_get(c, "d_out");
    fm_embed_forward(dev, fm_opcheck_get(c, "out"), fm_opcheck_get(c, "table"), ids, s[ROWS], s[SIZE]);
    fm_embed_backward(dev, fm_opcheck_get(c, "d_table"), d_out, ids, s[ROWS], s[SIZE]);
    fm_add_to(dev, fm_opcheck_get(c, "y"), d_out, (size_t)s[ROWS] * (size_t)s[SIZE]);
}

/* ---- planted errors ---- */

static void plant_overwritten(fm_opcheck *c, fm_dev *dev) {
    float *d = fm_opcheck_get(c, "d_table");
    for (int i = 0; i < c->shape[VOCAB] * c->shape[SIZE]; i++) d[i] = 0;
    run(c, dev);
}

/* Rows added last to first: the same numbers in another order. */
static void plant_row_order(fm_opcheck *c, fm_dev *dev) {
    const int *s = c->shape;
    const int32_t *ids = fm_opcheck_get_integers(c, "ids");
    float *table = fm_opcheck_get(c, "d_table"), *d_out = fm_opcheck_get(c, "d_out");
    fm_embed_forward(dev, fm_opcheck_get(c, "out"), fm_opcheck_get(c, "table"), ids, s[ROWS], s[SIZE]);
    for (int t = s[ROWS] - 1; t >= 0; t--)
        fm_embed_backward(dev, table, d_out + (size_t)t * (size_t)s[SIZE], ids + t, 1, s[SIZE]);
    fm_add_to(dev, fm_opcheck_get(c, "y"), d_out, (size_t)s[ROWS] * (size_t)s[SIZE]);
}

static const fm_opcheck_plant plants[] = {{"d_table overwritten", plant_overwritten},
                                          {"rows in another order", plant_row_order}};

/* ---- the reference against the equations ---- */

static void equations(void) {
    const int32_t ids[4] = {2, 0, 2, 1};
    const float table[6] = {1, 2, 3, 4, 5, 6}, d_out[8] = {1, 10, 2, 20, 4, 40, 8, 80};
    const float want[8] = {5, 6, 1, 2, 5, 6, 3, 4}, want_d[6] = {2, 20, 8, 80, 6, 51};
    float out[8], d_table[6] = {0, 0, 0, 0, 1, 1};
    fm_embed_forward(fm_opcheck_reference_dev(), out, table, ids, 4, 2);
    fm_embed_backward(fm_opcheck_reference_dev(), d_table, d_out, ids, 4, 2);
    for (int i = 0; i < 8; i++)
        fm_opcheck_require(out[i] == want[i], "embed forward: out[%d] = %g", i, (double)out[i]);
    for (int i = 0; i < 6; i++)
        fm_opcheck_require(d_table[i] == want_d[i], "embed backward: d_table[%d] = %g", i,
                           (double)d_table[i]);
}

static double bytes(const fm_opcheck *c) {
    /* forward 2, backward 3, residual sum 3 streams */
    return 4.0 * c->shape[ROWS] * c->shape[SIZE] * 8;
}

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "embed",
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
