/* op_check.c: checks described by their buffers; see op_check.h. */
#include "support/op_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILL_NORMAL, FILL_EXTREME, FILL_SPOILED /* and more of these */, FILLS = 8 };
static const uint32_t GARBAGE = 0xffc0dead; /* a NaN: reading it shows */

void fm_opcheck_require(bool ok, const char *format, ...) {
    if (ok) return;
    va_list args;
    va_start(args, format);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

fm_dev *fm_opcheck_reference_dev(void) {
    static fm_dev dev;
    if (dev.threads == 0) {
        fm_error err;
        fm_opcheck_require(fm_dev_open(&dev, 1, 0, &err) == FM_OK, "no device");
        dev.isa_mask = 1u << FM_ISA_SCALAR;
        fm_kern_attach(&dev);
    }
    return &dev;
}

/* ---- buffers ---- */

static uint32_t number(fm_opcheck *c) {
    static const float extremes[] = {0.0f,  -0.0f,  1e-40f, -3e-45f, 1e19f, -2e19f,
                                     3e38f, -3e38f, 1.0f,   -1.0f,   88.0f, -104.0f};
    if (c->fill == FILL_EXTREME && fm_rng_below(&c->rng, 4) == 0)
        return fm_f32_bits(extremes[fm_rng_below(&c->rng, sizeof extremes / sizeof extremes[0])]);
    /* The sum of two: bell-shaped enough, and quick for the large shapes of the benchmark. */
    return fm_f32_bits(2.4f * (fm_rng_f32(&c->rng) + fm_rng_f32(&c->rng) - 1.0f));
}

static uint32_t *words(size_t n) {
    uint32_t *p = malloc(n * sizeof *p + 1);
    fm_opcheck_require(p != NULL, "out of memory");
    return p;
}

static fm_opcheck_buffer *add_buffer(fm_opcheck *c, const char *name, int role, int rows, int columns,
                                     int stride) {
    fm_opcheck_require(c->buffers < FM_OPCHECK_BUFFERS, "too many buffers");
    fm_opcheck_buffer *b = &c->buffer[c->buffers++];
    *b = (fm_opcheck_buffer){.name = name, .role = role, .rows = rows, .columns = columns, .stride = stride};
    b->words = rows > 0 ? (size_t)(rows - 1) * (size_t)stride + (size_t)columns : 0;
    b->data = fm_check_bytes(c->frame, b->words * 4, (size_t)c->offset * 4);
    b->initial = words(b->words);
    b->expected = words(b->words);
    b->clean = words(b->words);
    for (size_t i = 0; i < b->words; i++) b->data[i] = role & FM_OPCHECK_IN ? number(c) : GARBAGE;
    return b;
}

float *fm_opcheck_floats(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride) {
    return (float *)(void *)add_buffer(c, name, role, rows, columns, stride)->data;
}

int32_t *fm_opcheck_integers(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride) {
    fm_opcheck_buffer *b = add_buffer(c, name, role, rows, columns, stride);
    b->integers = true;
    for (size_t i = 0; i < b->words && (role & FM_OPCHECK_IN); i++) b->data[i] = 0;
    return (int32_t *)(void *)b->data;
}

static const fm_opcheck_buffer *find(const fm_opcheck *c, const char *name) {
    for (int i = 0; i < c->buffers; i++)
        if (strcmp(c->buffer[i].name, name) == 0) return &c->buffer[i];
    fm_opcheck_require(false, "no buffer %s", name);
    return NULL;
}

float *fm_opcheck_get(const fm_opcheck *c, const char *name) { return (float *)(void *)find(c, name)->data; }
int32_t *fm_opcheck_get_integers(const fm_opcheck *c, const char *name) {
    return (int32_t *)(void *)find(c, name)->data;
}

static void release(fm_opcheck *c) { /* the data itself is the frame's, which looks at its guards first */
    for (int i = 0; i < c->buffers; i++) {
        free(c->buffer[i].initial);
        free(c->buffer[i].expected);
        free(c->buffer[i].clean);
    }
}

typedef enum place { INITIAL, EXPECTED, CLEAN } place;

static void keep(fm_opcheck *c, place where) {
    for (int i = 0; i < c->buffers; i++) {
        fm_opcheck_buffer *b = &c->buffer[i];
        memcpy(where == INITIAL    ? b->initial
               : where == EXPECTED ? b->expected
                                   : b->clean,
               b->data, b->words * 4);
    }
}

static void restore(fm_opcheck *c) {
    for (int i = 0; i < c->buffers; i++)
        memcpy(c->buffer[i].data, c->buffer[i].initial, c->buffer[i].words * 4);
}

/* ---- comparing ---- */

static bool same(uint32_t a, uint32_t b, bool integers) {
    if (a == b) return true;
    float x = fm_f32_from_bits(a), y = fm_f32_from_bits(b);
    return !integers && (x == y || (x != x && y != y));
}

static void compare(fm_opcheck *c, int threads) {
    for (int i = 0; i < c->buffers; i++) {
        const fm_opcheck_buffer *b = &c->buffer[i];
        for (size_t j = 0; j < b->words; j++) {
            if (same(b->data[j], b->expected[j], b->integers)) continue;
            fm_check_fail(c->frame, "%d threads: %s[%zu, %zu] is %a, the reference has %a", threads, b->name,
                          j / (size_t)b->stride, j % (size_t)b->stride, (double)fm_f32_from_bits(b->data[j]),
                          (double)fm_f32_from_bits(b->expected[j]));
            return;
        }
    }
}

/* The reference's own result: no garbage is left in any output, and a spoiled row spoils no other. */
static void judge_reference(fm_opcheck *c, int spoiled) {
    for (int i = 0; i < c->buffers; i++) {
        const fm_opcheck_buffer *b = &c->buffer[i];
        for (size_t j = 0; j < b->words && (b->role & FM_OPCHECK_OUT); j++) {
            int row = (int)(j / (size_t)b->stride);
            if ((int)(j % (size_t)b->stride) >= b->columns) continue;
            if (b->data[j] == GARBAGE) {
                fm_check_fail(c->frame, "the reference leaves %s[%zu] unwritten", b->name, j);
                return;
            }
            if (spoiled < 0 || row == spoiled || !(b->role & FM_OPCHECK_ROWS)) continue;
            if (same(b->data[j], b->clean[j], b->integers)) continue;
            fm_check_fail(c->frame, "the reference lets row %d spoil row %d of %s", spoiled, row, b->name);
            return;
        }
    }
}

/* Puts one NaN or infinity into the first, middle or last row of each row-wise input; returns the row, or -1.
 */
static int spoil(fm_opcheck *c) {
    static const float poison[] = {NAN, INFINITY, -INFINITY};
    int spoiled = -1;
    for (int i = 0; i < c->buffers; i++) {
        fm_opcheck_buffer *b = &c->buffer[i];
        if (!(b->role & FM_OPCHECK_IN) || !(b->role & FM_OPCHECK_ROWS) || b->rows == 0 || b->integers)
            continue;
        spoiled = c->fill % 3 == 0 ? 0 : c->fill % 3 == 1 ? b->rows / 2 : b->rows - 1;
        size_t at = (size_t)spoiled * (size_t)b->stride + fm_rng_below(&c->rng, (uint32_t)b->columns);
        b->data[at] = fm_f32_bits(poison[fm_rng_below(&c->rng, 3)]);
    }
    return spoiled;
}

/* ---- one case ---- */

static const fm_opcheck_spec *spec; /* of this program */

/* Case `index` of the list, counting checked or measured ones only. */
static const fm_opcheck_case *nth(int index, bool bench) {
    for (int i = 0; i < spec->count; i++)
        if (spec->cases[i].bench == bench && index-- == 0) return &spec->cases[i];
    return NULL;
}

static int number_of(bool bench) {
    int n = 0;
    while (nth(n, bench)) n++;
    return n;
}

static void prepare(fm_opcheck *c, fm_check *frame, const fm_opcheck_case *k, int fill) {
    *c = (fm_opcheck){
        .frame = frame, .shape = k->shape, .rng = frame->rng, .fill = fill, .offset = fill * 5 % 16};
    fm_check_describe(frame, "%s, numbers %d", k->name, fill);
    spec->setup(c);
    keep(c, INITIAL);
}

/* Leaves the reference's result in `expected`. */
static void reference(fm_opcheck *c) {
    int spoiled = -1;
    spec->run(c, fm_opcheck_reference_dev());
    keep(c, CLEAN);
    if (c->fill >= FILL_SPOILED) {
        restore(c);
        spoiled = spoil(c);
        keep(c, INITIAL);
        spec->run(c, fm_opcheck_reference_dev());
    }
    judge_reference(c, spoiled);
    keep(c, EXPECTED);
}

static void run_case(fm_check *frame, int index) {
    fm_opcheck c;
    prepare(&c, frame, nth(index / FILLS, false), index % FILLS);
    reference(&c);
    for (int threads = 1; threads <= FM_CHECK_THREADS && !frame->failed; threads++) {
        frame->dev.threads = threads;
        restore(&c);
        spec->run(&c, &frame->dev);
        compare(&c, threads);
    }
    frame->dev.threads = FM_CHECK_THREADS;
    release(&c);
}

/* ---- planted errors ---- */

static void (*planted)(fm_opcheck *c, fm_dev *dev); /* the wrong run under test */

static void run_planted(fm_check *frame, int index) {
    fm_opcheck c;
    prepare(&c, frame, nth(index, false), FILL_NORMAL);
    reference(&c);
    restore(&c);
    planted(&c, &frame->dev);
    compare(&c, FM_CHECK_THREADS);
    release(&c);
}

/* Errors that any operation can have, made after a right run in its last output. */
static fm_opcheck_buffer *ran(fm_opcheck *c, fm_dev *dev) {
    static fm_opcheck_buffer none;
    static uint32_t nowhere[2];
    spec->run(c, dev);
    for (int i = c->buffers - 1; i >= 0; i--)
        if ((c->buffer[i].role & FM_OPCHECK_OUT) && c->buffer[i].words) return &c->buffer[i];
    none = (fm_opcheck_buffer){.words = 1, .data = nowhere, .initial = nowhere};
    return &none;
}

static void plant_last_skipped(fm_opcheck *c, fm_dev *dev) {
    fm_opcheck_buffer *b = ran(c, dev);
    b->data[b->words - 1] = b->initial[b->words - 1];
}

static void plant_one_bit(fm_opcheck *c, fm_dev *dev) {
    fm_opcheck_buffer *b = ran(c, dev);
    b->data[b->words / 2] ^= 1;
}

static void plant_past_end(fm_opcheck *c, fm_dev *dev) {
    fm_opcheck_buffer *b = ran(c, dev);
    b->data[b->words] ^= 1;
}

/* On the frame that the frame's own planted errors use: some case must fail. */
static void check_plants(void) {
    static const fm_opcheck_plant common[] = {{"last element skipped", plant_last_skipped},
                                              {"one bit of one element", plant_one_bit},
                                              {"one write past the end", plant_past_end}};
    int own = (int)(sizeof common / sizeof common[0]);
    for (int i = 0; i < own + spec->plant_count; i++) {
        const fm_opcheck_plant *p = i < own ? &common[i] : &spec->plants[i - own];
        planted = p->run;
        fm_check_set set = {p->name, fm_kern_level(spec->operation, FM_ISA_SCALAR)};
        fm_check_op op = {.operation = spec->operation,
                          .cases = number_of(false),
                          .run = run_planted,
                          .plants = &set,
                          .plant_count = 1};
        fm_opcheck_require(fm_check_plants(&op) == 0, "%s: %s", spec->operation, p->name);
    }
}

/* ---- for equations ---- */

void fm_opcheck_close(const char *what, const float *a, const double *b, size_t n, double limit) {
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        size += b[i] * b[i];
    }
    fm_opcheck_require(sqrt(off) <= limit * sqrt(size), "%s: relative error %.3g, limit %.3g", what,
                       sqrt(off / size), limit);
}

void fm_opcheck_differences(double *grad, double *x, size_t n, double (*loss)(void *context), void *context) {
    for (size_t i = 0; i < n; i++) {
        double old = x[i], h = 1e-5 * (1 + fabs(old));
        x[i] = old + h;
        double up = loss(context);
        x[i] = old - h;
        double down = loss(context);
        x[i] = old;
        grad[i] = (up - down) / (2 * h);
    }
}

/* ---- benchmark ---- */

static void timed(void *arg) {
    fm_opcheck *c = arg;
    spec->run(c, &c->frame->dev);
}

static void bench_case(fm_check *frame, int index) {
    fm_opcheck c;
    const fm_opcheck_case *k = nth(index, true);
    prepare(&c, frame, k, FILL_NORMAL);
    fm_check_describe(frame, "%s", k->name);
    fm_check_time(frame, &(fm_check_timing){.flops = spec->flops ? spec->flops(&c) : 0,
                                            .bytes = spec->bytes ? spec->bytes(&c) : 0,
                                            .run = timed,
                                            .arg = &c});
    release(&c);
}

int fm_opcheck_main(int argc, char **argv, const fm_opcheck_spec *op) {
    spec = op;
    if (argc == 1) {
        if (op->equations) op->equations();
        check_plants();
    }
    fm_check_set emulated = {"avx512 (emulated)", op->avx512_emulated};
    fm_check_op frame = {.operation = op->operation,
                         .cases = number_of(false) * FILLS,
                         .run = run_case,
                         .emulated = &emulated,
                         .emulated_count = op->avx512_emulated != NULL,
                         .bench_cases = number_of(true),
                         .bench = bench_case};
    return fm_check_main(argc, argv, &frame, 1);
}
