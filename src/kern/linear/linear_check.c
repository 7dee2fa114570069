/* linear_check.c: every level of the packed linear map against the plain product (gemm's reference) bit for bit, and
 * the benchmark; see kern_check.h.
 *
 * The expected y comes from the unpacked weight, so packing is checked with it; bf16 weights are rounded by the
 * scalar conversion first. Cases: rows x outputs x inputs x F32, BF16, F16 source; strides, alignment, NaN and
 * infinity follow from the case's number.
 */
#include <math.h>
#include <string.h>

#include "kern/gemm/gemm_serial.h"
#include "kern/linear/linear_serial.h"
#include "support/kern_check.h"

typedef struct shape {
    int m, n, k;
} shape;

static const shape shapes[] = {
    {0, 20, 5},   {1, 1, 1},     {1, 16, 0},   {1, 15, 7},    {1, 17, 64},   {1, 63, 33},  {1, 64, 48},
    {1, 65, 100}, {1, 130, 513}, {1, 272, 40}, {2, 33, 20},   {2, 160, 31},  {3, 47, 65},  {3, 96, 512},
    {4, 64, 10},  {4, 130, 77},  {5, 48, 129}, {6, 80, 60},   {7, 16, 1030}, {8, 100, 24}, {9, 64, 513},
    {13, 33, 70}, {24, 49, 600}, {96, 20, 31}, {97, 129, 16}, {200, 40, 50},
};
enum {
    SHAPES = sizeof shapes / sizeof shapes[0],
    TYPES = 4,
    LISTS = 4,
    CASES = SHAPES * TYPES + LISTS,
    LIST = 8
};

/* What a weight is stored as and packed to. */
static const struct {
    fm_dtype from, to;
} types[TYPES] = {{FM_F32, FM_F32}, {FM_F32, FM_BF16}, {FM_BF16, FM_BF16}, {FM_F16, FM_F32}};

typedef struct instance {
    fm_linear w;
    fm_linear_job job;
    float *expected;
    size_t y_floats;
} instance;

static size_t floats_of(int rows, int columns, int stride) {
    return rows > 0 ? (size_t)(rows - 1) * (size_t)stride + (size_t)columns : 0;
}

/* Makes weight, input and output, packs the weight, and computes the expected output with fm_gemm_ref. */
static void make(fm_check *c, instance *in, shape s, int type) {
    fm_dtype from = types[type].from, to = types[type].to;
    int ldw = s.k + (int)fm_rng_below(&c->rng, 5), ldx = s.k + (int)fm_rng_below(&c->rng, 9);
    int ldy = s.n + (int)fm_rng_below(&c->rng, 9);
    size_t w_floats = floats_of(s.n, s.k, ldw), x_floats = floats_of(s.m, s.k, ldx);
    in->y_floats = floats_of(s.m, s.n, ldy);
    float *values = fm_check_floats(c, w_floats, 0);
    if (w_floats > 0 && fm_rng_below(&c->rng, 4) == 0)
        values[fm_rng_below(&c->rng, (uint32_t)w_floats)] = fm_rng_below(&c->rng, 2) ? NAN : INFINITY;
    void *stored =
        fm_check_bytes(c, w_floats * fm_dtype_size(from), fm_rng_below(&c->rng, 32) * fm_dtype_size(from));
    fm_convert_from_f32(stored, values, from, w_floats);
    fm_convert_to_f32(values, stored, from, w_floats);
    void *packed = fm_check_bytes(c, fm_linear_bytes(s.n, s.k, to), 0);
    fm_linear_pack(packed, to, stored, from, s.n, s.k, ldw);
    if (to == FM_BF16)
        for (size_t i = 0; i < w_floats; i++) values[i] = fm_bf16_to_f32(fm_f32_to_bf16(values[i]));

    float *x = fm_check_floats(c, x_floats, fm_rng_below(&c->rng, 16));
    if (x_floats > 0 && fm_rng_below(&c->rng, 4) == 0)
        x[fm_rng_below(&c->rng, (uint32_t)x_floats)] = fm_rng_below(&c->rng, 2) ? NAN : -INFINITY;
    float *y = fm_check_floats(c, in->y_floats, fm_rng_below(&c->rng, 16));
    in->expected = fm_check_copy(c, y, in->y_floats, 0);
    in->w = (fm_linear){.n = s.n, .k = s.k, .dtype = to, .packed = packed};
    in->job = (fm_linear_job){.w = &in->w, .x = x, .ldx = ldx, .m = s.m, .y = y, .ldy = ldy};
    fm_gemm_ref(&(fm_gemm){.m = s.m,
                           .n = s.n,
                           .k = s.k,
                           .a = x,
                           .lda = ldx,
                           .b = values,
                           .ldb = ldw,
                           .transpose_b = true,
                           .c = in->expected,
                           .ldc = ldy});
}

/* All instances as one list, on 1, 2 and 3 threads. What lies between y's rows must stay as it was. */
static void compare(fm_check *c, instance *in, int count) {
    fm_linear_job jobs[LIST];
    for (int threads = 1; threads <= FM_CHECK_THREADS && !c->failed; threads++) {
        for (int i = 0; i < count; i++) {
            jobs[i] = in[i].job;
            for (int row = 0; row < jobs[i].m; row++)
                memset(jobs[i].y + (ptrdiff_t)row * jobs[i].ldy, 0x5a, (size_t)jobs[i].w->n * sizeof(float));
        }
        c->dev.threads = threads;
        fm_linear_run(&c->dev, jobs, count);
        for (int i = 0; i < count; i++)
            if (!fm_check_same(c, "y", in[i].expected, in[i].job.y, in[i].y_floats)) break;
    }
}

static void run(fm_check *c, int index) {
    instance in[LIST];
    if (index < SHAPES * TYPES) {
        shape s = shapes[index / TYPES];
        int type = index % TYPES;
        fm_check_describe(c, "m %d n %d k %d, %s packed as %s", s.m, s.n, s.k,
                          fm_dtype_name(types[type].from), fm_dtype_name(types[type].to));
        make(c, &in[0], s, type);
        compare(c, in, 1);
        return;
    }
    fm_check_describe(c, "a list of %d jobs", LIST);
    for (int i = 0; i < LIST; i++) {
        shape s = {(int)fm_rng_below(&c->rng, 9), 1 + (int)fm_rng_below(&c->rng, 200),
                   (int)fm_rng_below(&c->rng, 80)};
        make(c, &in[i], s, (int)fm_rng_below(&c->rng, TYPES));
    }
    compare(c, in, LIST);
}

/* Planted errors: the reference with one thing wrong. */
static void tile_skips_last(const fm_linear_tile *t) {
    fm_linear_tile wrong = *t;
    if (wrong.k > 0) wrong.k--;
    fm_linear_ref.tile(&wrong);
}

static void tile_forgets_block(const fm_linear_tile *t) {
    fm_linear_tile wrong = *t;
    wrong.load = false;
    fm_linear_ref.tile(&wrong);
}

static void tile_writes_past(const fm_linear_tile *t) {
    fm_linear_ref.tile(t);
    t->y[(t->rows - 1) * t->ldy + t->outputs] = 0.0f;
}

static void tile_backwards(const fm_linear_tile *t) {
    fm_linear_tile step = *t;
    step.k = 1;
    size_t element = fm_dtype_size(t->dtype);
    for (int p = t->k - 1; p >= 0; p--) {
        step.w = (const char *)t->w + (size_t)p * FM_LINEAR_GROUP * element;
        step.x = t->x + p;
        fm_linear_ref.tile(&step);
        step.load = true;
    }
    if (t->k == 0) fm_linear_ref.tile(t);
}

static const fm_linear_kernels skips_last = {.rows = 1, .groups = {0, 1}, .tile = tile_skips_last};
static const fm_linear_kernels forgets_block = {.rows = 1, .groups = {0, 1}, .tile = tile_forgets_block};
static const fm_linear_kernels writes_past = {.rows = 1, .groups = {0, 1}, .tile = tile_writes_past};
static const fm_linear_kernels backwards = {.rows = 1, .groups = {0, 1}, .tile = tile_backwards};
static const fm_check_set plants[] = {{"last input skipped", &skips_last},
                                      {"k-block forgotten", &forgets_block},
                                      {"one write past the end", &writes_past},
                                      {"k in reverse", &backwards}};

/* Benchmark: decode (one row) is held against the read bandwidth, more rows against the fma peak. */
typedef struct timed {
    fm_dev *dev;
    fm_linear_job *jobs;
    int count;
} timed;

static void timed_run(void *arg) {
    timed *t = arg;
    fm_linear_run(t->dev, t->jobs, t->count);
}

static const struct {
    shape s;
    fm_dtype dtype;
    int copies; /* weights in a row, so that decode reads memory and not the caches */
} timings[] = {
    {{1, 2048, 2048}, FM_F32, 16},  {{1, 2048, 2048}, FM_BF16, 32}, {{1, 512, 512}, FM_F32, 256},
    {{1, 512, 512}, FM_BF16, 512},  {{1, 512, 512}, FM_BF16, 1},    {{2, 2048, 2048}, FM_BF16, 32},
    {{4, 2048, 2048}, FM_BF16, 32}, {{8, 2048, 2048}, FM_BF16, 8},  {{64, 2048, 2048}, FM_BF16, 1},
    {{512, 768, 512}, FM_F32, 1},   {{512, 768, 512}, FM_BF16, 1},
};
enum { BENCH_CASES = sizeof timings / sizeof timings[0], MOST_COPIES = 512 };

static void bench(fm_check *c, int index) {
    shape s = timings[index].s;
    int copies = timings[index].copies;
    fm_linear w[MOST_COPIES];
    fm_linear_job jobs[MOST_COPIES];
    size_t bytes = fm_linear_bytes(s.n, s.k, timings[index].dtype);
    char *packed = fm_check_bytes(c, bytes * (size_t)copies, 0);
    memset(packed, 0, bytes * (size_t)copies);
    float *x = fm_check_floats(c, (size_t)s.m * (size_t)s.k, 0);
    float *y = fm_check_floats(c, (size_t)copies * (size_t)(s.m * s.n), 0);
    for (int i = 0; i < copies; i++) {
        w[i] = (fm_linear){
            .n = s.n, .k = s.k, .dtype = timings[index].dtype, .packed = packed + bytes * (size_t)i};
        jobs[i] = (fm_linear_job){.w = &w[i], .x = x, .ldx = s.k, .m = s.m, .ldy = s.n};
        jobs[i].y = y + (size_t)i * (size_t)(s.m * s.n);
    }
    fm_check_describe(c, "%d x %d x %d %s, %d weights", s.m, s.n, s.k, fm_dtype_name(timings[index].dtype),
                      copies);
    double flops = 2.0 * s.m * s.n * s.k * copies;
    timed t = {&c->dev, jobs, copies};
    fm_check_time(c, &(fm_check_timing){.flops = s.m > 4 ? flops : 0,
                                        .bytes = s.m > 4 ? 0 : (double)bytes * copies,
                                        .run = timed_run,
                                        .arg = &t});
}

#if defined(FM_EMULATED)
extern const fm_linear_kernels fm_linear_avx512_emulated;
static const fm_check_set emulated[] = {{"avx512 (emulated)", &fm_linear_avx512_emulated}};
enum { EMULATED = 1 };
#else
static const fm_check_set *const emulated = NULL;
enum { EMULATED = 0 };
#endif

int main(int argc, char **argv) {
    const fm_check_op op = {.operation = "linear",
                            .cases = CASES,
                            .run = run,
                            .emulated = emulated,
                            .emulated_count = EMULATED,
                            .plants = plants,
                            .plant_count = sizeof plants / sizeof plants[0],
                            .bench_cases = BENCH_CASES,
                            .bench = bench};
    return fm_check_main(argc, argv, &op, 1);
}
