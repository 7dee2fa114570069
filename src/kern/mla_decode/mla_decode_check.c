/* mla_decode_check.c: absorbed decode on every level against the reference and the equations. */
#include <math.h>

#include "kern/mla_decode/mla_decode_serial.h"
#include "support/op_check.h"

enum {
    HEADS,
    LATENT,
    ROPE,
    LENGTH,
    SECOND,
    PAD
}; /* SECOND: length of a second sequence in the list, 0: none */

static const fm_opcheck_case cases[] = {
    {"one", {1, 1, 1, 1, 0, 0}, false},
    {"lanes", {2, 16, 16, 16, 0, 0}, false},
    {"tails", {3, 19, 6, 67, 0, 3}, false},
    {"a tile", {4, 32, 8, 64, 0, 0}, false},
    {"two sequences", {5, 48, 16, 70, 3, 1}, false},
    {"twelve heads", {13, 40, 10, 130, 65, 0}, false},
    {"threads", {8, 128, 32, 700, 100, 0}, false},
    {"8 x 64+32, 1024", {8, 64, 32, 1024, 0, 0}, true},
    {"16 x 512+64, 4096", {16, 512, 64, 4096, 0, 0}, true},
};

static void setup_one(fm_opcheck *c, const char *const *names, int length) {
    const int *s = c->shape;
    fm_opcheck_floats(c, names[0], FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[HEADS], s[LATENT], s[LATENT]);
    fm_opcheck_floats(c, names[1], FM_OPCHECK_IN | FM_OPCHECK_ROWS, s[HEADS], s[ROPE], s[ROPE]);
    fm_opcheck_floats(c, names[2], FM_OPCHECK_IN, length, s[LATENT] + s[ROPE], s[LATENT] + s[ROPE] + s[PAD]);
    fm_opcheck_floats(c, names[3], FM_OPCHECK_OUT | FM_OPCHECK_ROWS, s[HEADS], s[LATENT], s[LATENT]);
    fm_opcheck_floats(c, names[4], 0, s[HEADS], (length + 63) / 64 * 64, (length + 63) / 64 * 64);
}

static const char *const first[] = {"q_latent", "q_rope", "cache", "out", "scores"};
static const char *const second[] = {"q_latent 2", "q_rope 2", "cache 2", "out 2", "scores 2"};

static void setup(fm_opcheck *c) {
    setup_one(c, first, c->shape[LENGTH]);
    if (c->shape[SECOND]) setup_one(c, second, c->shape[SECOND]);
}

static fm_mla_decode describe(fm_opcheck *c, const char *const *names, int length) {
    const int *s = c->shape;
    return (fm_mla_decode){.heads = s[HEADS],
                           .latent = s[LATENT],
                           .rope = s[ROPE],
                           .scale = 0.3f,
                           .q_latent = fm_opcheck_get(c, names[0]),
                           .q_rope = fm_opcheck_get(c, names[1]),
                           .length = length,
                           .cache = fm_opcheck_get(c, names[2]),
                           .stride = s[LATENT] + s[ROPE] + s[PAD],
                           .out = fm_opcheck_get(c, names[3]),
                           .scores = fm_opcheck_get(c, names[4])};
}

static void run_with(fm_opcheck *c, fm_dev *dev, float scale, int shorter) {
    const int *s = c->shape;
    fm_mla_decode list[2] = {describe(c, first, s[LENGTH] - (s[LENGTH] > 1 ? shorter : 0))};
    if (s[SECOND]) list[1] = describe(c, second, s[SECOND]);
    list[0].scale = scale;
    fm_mla_decode_run(dev, list, s[SECOND] ? 2 : 1);
    for (int i = 0; i < s[HEADS] * ((s[LENGTH] + 63) / 64 * 64); i++) list[0].scores[i] = 0; /* nobody's */
    if (s[SECOND])
        for (int i = 0; i < s[HEADS] * ((s[SECOND] + 63) / 64 * 64); i++) list[1].scores[i] = 0;
}

static void run(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0.3f, 0); }

/* ---- planted errors ---- */

static void plant_scale(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0.3001f, 0); }
static void plant_last_position(fm_opcheck *c, fm_dev *dev) { run_with(c, dev, 0.3f, 1); }

static const fm_opcheck_plant plants[] = {{"scale", plant_scale},
                                          {"last position skipped", plant_last_position}};

/* ---- the reference against the equations ---- */

static void equations(void) {
    enum { H = 3, L = 21, R = 6, T = 70, S = L + R };
    static float q[H * L], qr[H * R], cache[T * S], out[H * L], scores[H * 128];
    static double want[H * L];
    fm_rng rng = fm_rng_init(1, "mla_decode");
    for (int i = 0; i < H * L; i++) q[i] = fm_rng_normal(&rng);
    for (int i = 0; i < H * R; i++) qr[i] = fm_rng_normal(&rng);
    for (int i = 0; i < T * S; i++) cache[i] = fm_rng_normal(&rng);
    for (int h = 0; h < H; h++) {
        double below = 0;
        for (int j = 0; j < T; j++) {
            double s = 0;
            for (int d = 0; d < L; d++) s += (double)q[h * L + d] * (double)cache[j * S + d];
            for (int d = 0; d < R; d++) s += (double)qr[h * R + d] * (double)cache[j * S + L + d];
            double p = exp(0.3 * s);
            below += p;
            for (int d = 0; d < L; d++) want[h * L + d] += p * (double)cache[j * S + d];
        }
        for (int d = 0; d < L; d++) want[h * L + d] /= below;
    }
    fm_mla_decode op = {H, L, R, 0.3f, q, qr, T, cache, S, out, scores};
    fm_mla_decode_run(fm_opcheck_reference_dev(), &op, 1);
    fm_opcheck_close("mla_decode", out, want, H * L, 2e-6);
}

static double flops(const fm_opcheck *c) {
    const int *s = c->shape;
    return 2.0 * s[HEADS] * s[LENGTH] * (2 * s[LATENT] + s[ROPE]);
}

static double bytes(const fm_opcheck *c) {
    return 4.0 * c->shape[LENGTH] * (c->shape[LATENT] + c->shape[ROPE]);
}

#if defined(FM_EMULATED)
extern const fm_mla_decode_kernels fm_mla_decode_avx512_emulated;
#define EMULATED &fm_mla_decode_avx512_emulated
#else
#define EMULATED NULL
#endif

int main(int argc, char **argv) {
    static const fm_opcheck_spec op = {.operation = "mla_decode",
                                       .cases = cases,
                                       .count = sizeof cases / sizeof cases[0],
                                       .setup = setup,
                                       .run = run,
                                       .plants = plants,
                                       .plant_count = sizeof plants / sizeof plants[0],
                                       .equations = equations,
                                       .avx512_emulated = EMULATED,
                                       .flops = flops,
                                       .bytes = bytes};
    return fm_opcheck_main(argc, argv, &op);
}
