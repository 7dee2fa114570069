/* gemm_check.c: every level of gemm against the references, bit for bit, and the benchmark; see kern_check.h.
 *
 * Cases: shapes x the four transpose forms x overwrite or accumulate; strides, alignment and NaN, infinity, -0 follow
 * from the case's number. After them lists of products as training has them (experts with 0 to 100 rows, heads).
 * Each case runs on 1, 2 and 3 threads. bf16 has one reference per instruction, written from its definition.
 */
#include <math.h>
#include <string.h>

#include "kern/gemm/gemm_serial.h"
#include "support/kern_check.h"
#include "tensor/dtype.h"

typedef struct shape {
    int m, n, k;
} shape;

static const shape shapes[] = {
    {0, 5, 3},    {5, 0, 3},     {5, 3, 0},      {1, 1, 1},      {1, 16, 16},    {1, 17, 5},    {2, 15, 9},
    {3, 31, 8},   {4, 33, 7},    {5, 16, 17},    {6, 16, 1},     {6, 48, 33},    {7, 1, 64},    {8, 24, 31},
    {12, 64, 48}, {13, 47, 40},  {14, 32, 32},   {15, 33, 63},   {16, 16, 64},   {27, 95, 65},  {28, 64, 2},
    {31, 31, 31}, {32, 32, 96},  {33, 65, 97},   {48, 64, 64},   {64, 48, 64},   {64, 64, 48},  {97, 33, 100},
    {100, 40, 5}, {130, 70, 20}, {3, 7, 319},    {9, 40, 320},   {5, 33, 321},   {17, 50, 641}, {2, 300, 20},
    {300, 2, 20}, {1, 520, 33},  {200, 129, 37}, {20, 18, 1500}, {257, 260, 70},
};
enum {
    SHAPES = sizeof shapes / sizeof shapes[0],
    FORMS = 8,
    LISTS = 8,
    CASES = SHAPES * FORMS + LISTS,
    LIST = 16
};

/* The definition of VDPBF16PS and of TDPBF16PS (Intel SDM), one element of C over the padded k; a, b: bf16 values
 * widened to f32, subnormals absent (the instructions take them as zero). */
static float pairs_order(const float *a, const float *b, int k, float c) {
    for (int p = 0; p < k; p += 2) {
        c = fm_fmaf(p + 1 < k ? a[p + 1] : 0.0f, p + 1 < k ? b[p + 1] : 0.0f, c);
        c = fm_fmaf(a[p], b[p], c);
    }
    return c;
}

static float amx_order(const float *a, const float *b, int k, float c) {
    for (int p = 0; p < k; p += 32) {
        float even = 0, odd = 0;
        for (int q = p; q < p + 32; q += 2) {
            even = fm_fmaf(q < k ? a[q] : 0.0f, q < k ? b[q] : 0.0f, even);
            odd = fm_fmaf(q + 1 < k ? a[q + 1] : 0.0f, q + 1 < k ? b[q + 1] : 0.0f, odd);
        }
        c = c + (even + odd);
    }
    return c;
}

static void reference_bf16(const fm_gemm *g, float (*order)(const float *, const float *, int, float)) {
    enum { MOST_K = 2048 };
    float a[MOST_K], b[MOST_K];
    for (int i = 0; i < g->m; i++)
        for (int j = 0; j < g->n; j++) {
            for (int p = 0; p < g->k; p++) {
                float x = g->transpose_a ? g->a[p * g->lda + i] : g->a[i * g->lda + p];
                float y = g->transpose_b ? g->b[j * g->ldb + p] : g->b[p * g->ldb + j];
                a[p] = fm_bf16_to_f32(fm_f32_to_bf16(x));
                b[p] = fm_bf16_to_f32(fm_f32_to_bf16(y));
            }
            float *c = g->c + i * g->ldc + j;
            *c = order(a, b, g->k, g->accumulate ? *c : 0.0f);
        }
}

static void reference(const fm_check *c, const fm_gemm *g) {
    if (strncmp(c->level, "avx512bf16", 10) == 0)
        reference_bf16(g, pairs_order);
    else if (strncmp(c->level, "amx", 3) == 0)
        reference_bf16(g, amx_order);
    else
        fm_gemm_ref(g);
}

/* A value that must spoil its row or column only, at a place that moves with the case. */
static void plant_special(fm_check *c, float *data, size_t n) {
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.0f, 0x1p100f};
    size_t at[] = {0, n / 2, n - 1};
    if (n > 0) data[at[fm_rng_below(&c->rng, 3)]] = values[fm_rng_below(&c->rng, 5)];
}

/* One product with its own buffers; strides and alignment vary with the stream. */
static fm_gemm product(fm_check *c, shape s, bool transpose_a, bool transpose_b, bool accumulate,
                       size_t *c_floats) {
    fm_gemm g = {.m = s.m,
                 .n = s.n,
                 .k = s.k,
                 .transpose_a = transpose_a,
                 .transpose_b = transpose_b,
                 .accumulate = accumulate};
    int pad[3];
    for (int i = 0; i < 3; i++) pad[i] = fm_rng_below(&c->rng, 2) ? 0 : (int)fm_rng_below(&c->rng, 20);
    int a_rows = transpose_a ? s.k : s.m, b_rows = transpose_b ? s.n : s.k;
    g.lda = (transpose_a ? s.m : s.k) + pad[0];
    g.ldb = (transpose_b ? s.k : s.n) + pad[1];
    g.ldc = s.n + pad[2];
    /* The last row has no padding behind it: reading or writing on would meet the guard. */
    size_t a_floats = a_rows > 0 ? (size_t)a_rows * (size_t)g.lda - (size_t)pad[0] : 0;
    size_t b_floats = b_rows > 0 ? (size_t)b_rows * (size_t)g.ldb - (size_t)pad[1] : 0;
    *c_floats = s.m > 0 ? (size_t)s.m * (size_t)g.ldc - (size_t)pad[2] : 0;
    float *a = fm_check_floats(c, a_floats, fm_rng_below(&c->rng, 16));
    float *b = fm_check_floats(c, b_floats, fm_rng_below(&c->rng, 16));
    g.c = fm_check_floats(c, *c_floats, fm_rng_below(&c->rng, 16));
    if (fm_rng_below(&c->rng, 4) == 0) plant_special(c, a, a_floats);
    if (fm_rng_below(&c->rng, 4) == 0) plant_special(c, b, b_floats);
    g.a = a;
    g.b = b;
    return g;
}

/* `count` products together, on 1, 2 and 3 threads, against one by one with the reference. */
static void compare(fm_check *c, fm_gemm *list, const size_t *c_floats, int count, fm_precision precision) {
    float *start[LIST], *expected[LIST], *got[LIST];
    for (int i = 0; i < count; i++) {
        start[i] = list[i].c;
        expected[i] = fm_check_copy(c, start[i], c_floats[i], 0);
        got[i] = fm_check_bytes(c, c_floats[i] * sizeof(float), fm_rng_below(&c->rng, 64) & ~3u);
        list[i].c = expected[i];
        reference(c, &list[i]);
    }
    for (int threads = 1; threads <= FM_CHECK_THREADS && !c->failed; threads++) {
        for (int i = 0; i < count; i++) {
            if (c_floats[i] > 0) memcpy(got[i], start[i], c_floats[i] * sizeof(float));
            list[i].c = got[i];
        }
        c->dev.threads = threads;
        fm_gemm_run(&c->dev, list, count, precision);
        for (int i = 0; i < count; i++)
            if (!fm_check_same(c, "c", expected[i], got[i], c_floats[i])) break;
    }
}

static void run(fm_check *c, int index, fm_precision precision) {
    fm_gemm list[LIST];
    size_t c_floats[LIST];
    if (index < SHAPES * FORMS) {
        shape s = shapes[index / FORMS];
        int form = index % FORMS;
        fm_check_describe(c, "m %d n %d k %d%s%s%s", s.m, s.n, s.k, form & 1 ? " A^T" : "",
                          form & 2 ? " B^T" : "", form & 4 ? " accumulate" : "");
        list[0] = product(c, s, form & 1, form & 2, form & 4, c_floats);
        compare(c, list, c_floats, 1, precision);
        return;
    }
    int form = index - SHAPES * FORMS, count = 1 + form * (LIST - 1) / (LISTS - 1);
    fm_check_describe(c, "a list of %d products, form %d", count, form);
    for (int i = 0; i < count; i++) {
        shape s = {fm_rng_below(&c->rng, 4) == 0 ? 0 : (int)fm_rng_below(&c->rng, 100), 40, 56};
        list[i] = product(c, s, form & 1, form & 2, form & 4, &c_floats[i]);
    }
    compare(c, list, c_floats, count, precision);
}

static void run_f32(fm_check *c, int index) { run(c, index, FM_PRECISION_F32); }
static void run_bf16(fm_check *c, int index) { run(c, index, FM_PRECISION_BF16); }

/* Planted errors: the scalar kernels with one thing wrong. */
static void tile_skips_last(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc,
                            bool load) {
    fm_gemm_scalar.tile(rows, k > 0 ? k - 1 : 0, a, b, c, ldc, load);
}

static void tile_ignores_old(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc,
                             bool load) {
    (void)load;
    fm_gemm_scalar.tile(rows, k, a, b, c, ldc, false);
}

static void tile_writes_past(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc,
                             bool load) {
    fm_gemm_scalar.tile(rows, k, a, b, c, ldc, load);
    c[(rows - 1) * ldc + fm_gemm_scalar.nr] = 0.0f;
}

/* One element of the chain rounded twice: a product and a sum in the place of the fma. */
static void tile_unfused(int rows, int k, const void *packed_a, const void *packed_b, float *c, ptrdiff_t ldc,
                         bool load) {
    fm_gemm_scalar.tile(rows, k > 0 ? k - 1 : 0, packed_a, packed_b, c, ldc, load);
    const float *a = (const float *)packed_a + (k - 1) * fm_gemm_scalar.mr;
    const float *b = (const float *)packed_b + (k - 1) * fm_gemm_scalar.nr;
    for (int i = 0; i < rows && k > 0; i++)
        for (int j = 0; j < fm_gemm_scalar.nr; j++) c[i * ldc + j] += a[i] * b[j];
}

static void pack_a_reversed(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count,
                            int k) {
    fm_gemm_scalar.pack_a(to, k > 0 ? from + (k - 1) * k_stride : from, stride, -k_stride, count, k);
}

static void pack_b_reversed(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count,
                            int k) {
    fm_gemm_scalar.pack_b(to, k > 0 ? from + (k - 1) * k_stride : from, stride, -k_stride, count, k);
}

static void pack_a_drops_row(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count,
                             int k) {
    fm_gemm_scalar.pack_a(to, from, stride, k_stride, count > 1 ? count - 1 : count, k);
}

static fm_gemm_kernels planted(fm_gemm_kernels wrong) {
    fm_gemm_kernels k = fm_gemm_scalar;
    if (wrong.tile != NULL) k.tile = wrong.tile;
    if (wrong.pack_a != NULL) k.pack_a = wrong.pack_a;
    if (wrong.pack_b != NULL) k.pack_b = wrong.pack_b;
    return k;
}

/* Benchmark: the shapes of a training step, form as stored. */
typedef struct timed {
    shape s;
    bool transpose_a, transpose_b, accumulate;
    const char *what;
} timed;

static const timed timings[] = {
    {{1024, 1024, 1024}, false, false, false, "square"},
    {{1024, 1024, 1024}, false, true, false, "square, B^T"},
    {{4096, 512, 512}, false, true, false, "forward"},
    {{4096, 768, 256}, false, true, false, "forward"},
    {{4096, 128, 512}, false, true, false, "forward, down"},
    {{4096, 512, 64}, false, true, false, "forward, up from 64"},
    {{4096, 512, 768}, false, false, false, "gradient of x"},
    {{512, 512, 4096}, true, false, true, "gradient of W"},
    {{768, 256, 4096}, true, false, true, "gradient of W"},
    {{128, 512, 4096}, true, false, true, "gradient of W, narrow"},
    {{300, 320, 256}, false, true, false, "one expert"},
    {{512, 6144, 512}, false, true, false, "head"},
    {{64, 64, 48}, false, true, false, "attention scores"},
    {{64, 48, 64}, false, false, false, "attention values"},
    {{1, 512, 512}, false, true, false, "one row"},
    {{6, 512, 512}, false, true, false, "six rows"},
};
enum { TIMINGS = sizeof timings / sizeof timings[0], BENCH_CASES = TIMINGS + 1 };

typedef struct timed_list {
    fm_dev *dev;
    fm_gemm list[LIST];
    int count;
    fm_precision precision;
} timed_list;

static void timed_run(void *arg) {
    timed_list *t = arg;
    fm_gemm_run(t->dev, t->list, t->count, t->precision);
}

static void timed_reference(void *arg) {
    timed_list *t = arg;
    for (int i = 0; i < t->count; i++) fm_gemm_ref(&t->list[i]);
}

static fm_gemm tight(fm_check *c, const timed *t) {
    size_t m = (size_t)t->s.m, n = (size_t)t->s.n, k = (size_t)t->s.k;
    return (fm_gemm){.m = t->s.m,
                     .n = t->s.n,
                     .k = t->s.k,
                     .a = fm_check_floats(c, m * k, 0),
                     .lda = t->transpose_a ? t->s.m : t->s.k,
                     .transpose_a = t->transpose_a,
                     .b = fm_check_floats(c, k * n, 0),
                     .ldb = t->transpose_b ? t->s.k : t->s.n,
                     .transpose_b = t->transpose_b,
                     .c = fm_check_floats(c, m * n, 0),
                     .ldc = t->s.n,
                     .accumulate = t->accumulate};
}

static void bench(fm_check *c, int index, fm_precision precision) {
    static const int experts[LIST] = {0, 3, 17, 1000, 620, 250, 80, 300, 410, 5, 900, 120, 33, 64, 210, 84};
    timed_list t = {.dev = &c->dev, .count = 1, .precision = precision};
    if (index < TIMINGS) {
        const timed *one = &timings[index];
        fm_check_describe(c, "%d x %d x %d %s", one->s.m, one->s.n, one->s.k, one->what);
        t.list[0] = tight(c, one);
    } else {
        fm_check_describe(c, "16 experts, 0..1000 x 320 x 256");
        t.count = LIST;
        for (int i = 0; i < LIST; i++)
            t.list[i] = tight(c, &(timed){{experts[i], 320, 256}, false, true, false, ""});
    }
    double flops = 0;
    for (int i = 0; i < t.count; i++) flops += 2.0 * t.list[i].m * t.list[i].n * t.list[i].k;
    fm_check_time(c, &(fm_check_timing){.flops = flops,
                                        .run = timed_run,
                                        .arg = &t,
                                        .reference = flops < 2e8 ? timed_reference : NULL});
}

static void bench_f32(fm_check *c, int index) { bench(c, index, FM_PRECISION_F32); }
static void bench_bf16(fm_check *c, int index) { bench(c, index, FM_PRECISION_BF16); }

#if defined(FM_EMULATED)
extern const fm_gemm_kernels fm_gemm_avx512_emulated, fm_gemm_avx512bf16_emulated, fm_gemm_amx_emulated;
static const fm_check_set emulated_f32[] = {{"avx512 (emulated)", &fm_gemm_avx512_emulated}};
static const fm_check_set emulated_bf16[] = {{"avx512bf16 (emulated)", &fm_gemm_avx512bf16_emulated},
                                             {"amx (emulated)", &fm_gemm_amx_emulated}};
/* Each instruction's kernel against the other's order: the references must tell them apart. */
static const fm_check_set plants_bf16[] = {{"amx: sums pairs one by one", &fm_gemm_avx512bf16_emulated},
                                           {"avx512bf16: sums even, odd", &fm_gemm_amx_emulated}};
enum { EMULATED_F32 = 1, EMULATED_BF16 = 2, PLANTS_BF16 = 2 };
#else
static const fm_check_set *const emulated_f32 = NULL, *const emulated_bf16 = NULL, *const plants_bf16 = NULL;
enum { EMULATED_F32 = 0, EMULATED_BF16 = 0, PLANTS_BF16 = 0 };
#endif

int main(int argc, char **argv) {
    const fm_gemm_kernels wrong[] = {
        planted((fm_gemm_kernels){.tile = tile_skips_last}),
        planted((fm_gemm_kernels){.tile = tile_ignores_old}),
        planted((fm_gemm_kernels){.tile = tile_writes_past}),
        planted((fm_gemm_kernels){.tile = tile_unfused}),
        planted((fm_gemm_kernels){.pack_a = pack_a_reversed, .pack_b = pack_b_reversed}),
        planted((fm_gemm_kernels){.pack_a = pack_a_drops_row}),
    };
    const fm_check_set plants[] = {
        {"last k skipped", &wrong[0]},         {"accumulate ignored", &wrong[1]},
        {"one write past the end", &wrong[2]}, {"last step not fused", &wrong[3]},
        {"k in reverse", &wrong[4]},           {"last row dropped", &wrong[5]},
    };
    const fm_check_op ops[] = {
        {.operation = "gemm",
         .cases = CASES,
         .run = run_f32,
         .emulated = emulated_f32,
         .emulated_count = EMULATED_F32,
         .plants = plants,
         .plant_count = sizeof plants / sizeof plants[0],
         .bench_cases = BENCH_CASES,
         .bench = bench_f32},
        {.operation = "gemm_bf16",
         .cases = CASES,
         .run = run_bf16,
         .emulated = emulated_bf16,
         .emulated_count = EMULATED_BF16,
         .plants = plants_bf16,
         .plant_count = PLANTS_BF16,
         .bench_cases = BENCH_CASES,
         .bench = bench_bf16},
    };
    return fm_check_main(argc, argv, ops, sizeof ops / sizeof ops[0]);
}
