/* op_check.c: the harness of op_check.h. */
#include "support/op_check.h"

#include <math.h>
#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fmath.h"
#include "kern/gemm/gemm.h"
#include "kern/kern_table.h"

enum { GUARD = 64 /* words on each side */, FILL_NORMAL = 0, FILL_EXTREME = 1, FILL_SPOILED = 2, FILLS = 8 };
static const uint32_t GUARD_WORD = 0x7fa5a5a5u, GARBAGE = 0xffc0dead; /* both NaN: reading them shows */

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

static fm_dev *device(int threads, uint32_t mask) {
    fm_dev *dev = malloc(sizeof *dev);
    fm_error err;
    fm_opcheck_require(dev && fm_dev_open(dev, threads, 0, &err) == FM_OK, "no device");
    dev->isa_mask = mask;
    fm_kern_attach(dev);
    return dev;
}

static void device_free(fm_dev *dev) {
    fm_dev_close(dev);
    free(dev);
}

fm_dev *fm_opcheck_reference_dev(void) {
    static fm_dev *dev;
    if (!dev) dev = device(1, 1u << FM_ISA_SCALAR);
    return dev;
}

fm_dev *fm_opcheck_native_dev(void) {
    static fm_dev *dev;
    if (!dev) dev = device(0, fm_cpu_isa_mask());
    return dev;
}

/* ---- buffers ---- */

static uint32_t extreme(fm_rng *rng) {
    static const float some[] = {0.0f, -0.0f, 1e-40f, -3e-45f, 1e19f, -2e19f, 3e38f, -3e38f, 1.0f, -1.0f, 88.0f, -104.0f};
    return fm_f32_bits(some[fm_rng_below(rng, sizeof some / sizeof some[0])]);
}

static fm_opcheck_buffer *add_buffer(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride) {
    fm_opcheck_require(c->buffers < FM_OPCHECK_BUFFERS, "too many buffers");
    fm_opcheck_buffer *b = &c->buffer[c->buffers++];
    *b = (fm_opcheck_buffer){.name = name, .role = role, .rows = rows, .columns = columns, .stride = stride};
    b->words = rows > 0 ? (size_t)(rows - 1) * (size_t)stride + (size_t)columns : 0;
    size_t bytes = ((b->words + 2 * GUARD + 16) * 4 + 63) / 64 * 64;
    b->block = aligned_alloc(64, bytes);
    b->initial = malloc(b->words * 4 + 4);
    b->expected = malloc(b->words * 4 + 4);
    b->clean = malloc(b->words * 4 + 4);
    fm_opcheck_require(b->block && b->initial && b->expected && b->clean, "out of memory");
    for (size_t i = 0; i < bytes / 4; i++) ((uint32_t *)b->block)[i] = GUARD_WORD;
    b->data = (uint32_t *)b->block + GUARD + c->offset;
    for (size_t i = 0; i < b->words; i++)
        b->data[i] = !(role & FM_OPCHECK_IN) ? GARBAGE
                     : c->fill == FILL_EXTREME && fm_rng_below(&c->rng, 4) == 0
                         ? extreme(&c->rng)
                         : fm_f32_bits(fm_rng_normal(&c->rng));
    return b;
}

float *fm_opcheck_floats(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride) {
    return (float *)(void *)add_buffer(c, name, role, rows, columns, stride)->data;
}

int32_t *fm_opcheck_integers(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride) {
    fm_opcheck_buffer *b = add_buffer(c, name, role, rows, columns, stride);
    b->integers = true;
    for (size_t i = 0; i < b->words; i++) b->data[i] = 0;
    return (int32_t *)(void *)b->data;
}

static fm_opcheck_buffer *find(const fm_opcheck *c, const char *name) {
    for (int i = 0; i < c->buffers; i++)
        if (strcmp(c->buffer[i].name, name) == 0) return (fm_opcheck_buffer *)&c->buffer[i];
    fm_opcheck_require(false, "no buffer %s", name);
    return NULL;
}

float *fm_opcheck_get(const fm_opcheck *c, const char *name) { return (float *)(void *)find(c, name)->data; }
int32_t *fm_opcheck_get_integers(const fm_opcheck *c, const char *name) { return (int32_t *)(void *)find(c, name)->data; }

static void release(fm_opcheck *c) {
    for (int i = 0; i < c->buffers; i++) {
        free(c->buffer[i].block);
        free(c->buffer[i].initial);
        free(c->buffer[i].expected);
        free(c->buffer[i].clean);
    }
    c->buffers = 0;
}

static void keep(fm_opcheck *c, size_t member) {
    for (int i = 0; i < c->buffers; i++) {
        uint32_t *to;
        memcpy(&to, (char *)&c->buffer[i] + member, sizeof to);
        memcpy(to, c->buffer[i].data, c->buffer[i].words * 4);
    }
}

static void restore(fm_opcheck *c) {
    for (int i = 0; i < c->buffers; i++) memcpy(c->buffer[i].data, c->buffer[i].initial, c->buffer[i].words * 4);
}

/* ---- comparing ---- */

static bool same(uint32_t a, uint32_t b, bool integers) {
    if (a == b) return true;
    float x = fm_f32_from_bits(a), y = fm_f32_from_bits(b);
    return !integers && (x == y || (x != x && y != y));
}

static bool guards_hold(const fm_opcheck_buffer *b, char *why, size_t room) {
    const uint32_t *first = (const uint32_t *)b->block;
    for (const uint32_t *p = first; p < b->data + b->words + GUARD; p++) {
        if (p == b->data) p += b->words;
        if (*p == GUARD_WORD) continue;
        snprintf(why, room, "%s: wrote at element %td of %zu", b->name, p - b->data, b->words);
        return false;
    }
    return true;
}

/* Whether a run left what it should; else *why says where it did not. */
static bool holds(const fm_opcheck *c, char *why, size_t room) {
    for (int i = 0; i < c->buffers; i++) {
        const fm_opcheck_buffer *b = &c->buffer[i];
        if (!guards_hold(b, why, room)) return false;
        for (size_t j = 0; j < b->words; j++) {
            if (same(b->data[j], b->expected[j], b->integers)) continue;
            snprintf(why, room, "%s[%zu, %zu]: %.9g, the reference has %.9g", b->name, j / (size_t)b->stride,
                     j % (size_t)b->stride, (double)fm_f32_from_bits(b->data[j]),
                     (double)fm_f32_from_bits(b->expected[j]));
            return false;
        }
    }
    return true;
}

/* The reference's own result: garbage is gone from every output, and a spoiled row spoils no other. */
static bool reference_holds(const fm_opcheck *c, int spoiled, char *why, size_t room) {
    for (int i = 0; i < c->buffers; i++) {
        const fm_opcheck_buffer *b = &c->buffer[i];
        if (!guards_hold(b, why, room)) return false;
        if (!(b->role & FM_OPCHECK_OUT)) continue;
        for (int r = 0; r < b->rows; r++)
            for (int k = 0; k < b->columns; k++) {
                size_t j = (size_t)r * (size_t)b->stride + (size_t)k;
                bool untouched = b->data[j] == GARBAGE;
                bool leaked = spoiled >= 0 && (b->role & FM_OPCHECK_ROWS) && r != spoiled &&
                              !same(b->data[j], b->clean[j], b->integers);
                if (!untouched && !leaked) continue;
                snprintf(why, room, "reference: %s[%d, %d] %s", b->name, r, k,
                         untouched ? "was not written" : "was spoiled by another row");
                return false;
            }
    }
    return true;
}

/* ---- one case ---- */

/* Puts one NaN or infinity into row first, middle or last of each row-wise input; returns the row, or -1. */
static int spoil(fm_opcheck *c, int fill) {
    static const float poison[] = {NAN, INFINITY, -INFINITY};
    int row = -1;
    for (int i = 0; i < c->buffers; i++) {
        fm_opcheck_buffer *b = &c->buffer[i];
        if (!(b->role & FM_OPCHECK_IN) || !(b->role & FM_OPCHECK_ROWS) || b->rows == 0 || b->integers) continue;
        row = fill % 3 == 0 ? 0 : fill % 3 == 1 ? b->rows / 2 : b->rows - 1;
        size_t at = (size_t)row * (size_t)b->stride + fm_rng_below(&c->rng, (uint32_t)b->columns);
        b->data[at] = fm_f32_bits(poison[fm_rng_below(&c->rng, 3)]);
    }
    return row;
}

static void prepare(const fm_opcheck_spec *op, fm_opcheck *c, const fm_opcheck_case *k, uint64_t seed, int fill, int offset) {
    *c = (fm_opcheck){.shape = k->shape, .rng = fm_rng_init(seed, k->name), .fill = fill, .offset = offset};
    op->setup(c);
    keep(c, offsetof(fm_opcheck_buffer, initial));
}

/* Leaves the reference's result in `expected`. */
static void reference(const fm_opcheck_spec *op, fm_opcheck *c, const fm_opcheck_case *k, uint64_t seed) {
    char why[200];
    int spoiled = -1;
    op->run(c, fm_opcheck_reference_dev());
    keep(c, offsetof(fm_opcheck_buffer, clean));
    if (c->fill >= FILL_SPOILED) {
        restore(c);
        spoiled = spoil(c, c->fill);
        keep(c, offsetof(fm_opcheck_buffer, initial));
        op->run(c, fm_opcheck_reference_dev());
    }
    fm_opcheck_require(reference_holds(c, spoiled, why, sizeof why), "%s %s fill %d seed %llu: %s", op->operation,
                     k->name, c->fill, (unsigned long long)seed, why);
    keep(c, offsetof(fm_opcheck_buffer, expected));
}

static void check_case(const fm_opcheck_spec *op, const fm_opcheck_case *k, uint64_t seed) {
    char why[200];
    for (int fill = 0; fill < FILLS; fill++) {
        fm_opcheck c;
        prepare(op, &c, k, seed, fill, fill * 5 % 16);
        reference(op, &c, k, seed);
        for (int level = 0; level < FM_ISA_COUNT; level++) {
            if (!(fm_cpu_isa_mask() & 1u << level) || !fm_kern_level(op->operation, (fm_isa)level)) continue;
            for (int threads = 1; threads <= 3; threads++) {
                fm_dev *dev = device(threads, 1u << FM_ISA_SCALAR | 1u << level);
                restore(&c);
                op->run(&c, dev);
                fm_opcheck_require(holds(&c, why, sizeof why),
                                 "%s --case %s --seed %llu: fill %d, level %s, %d threads: %s", op->operation, k->name,
                                 (unsigned long long)seed, fill, fm_cpu_isa_name((fm_isa)level), threads, why);
                device_free(dev);
            }
        }
        release(&c);
    }
}

/* ---- planted errors ---- */

static bool caught(const fm_opcheck_spec *op, void (*run)(fm_opcheck *, fm_dev *), uint64_t seed) {
    char why[200];
    for (int i = 0; i < op->count; i++) {
        if (op->cases[i].bench) continue;
        fm_opcheck c;
        prepare(op, &c, &op->cases[i], seed, FILL_NORMAL, 3);
        reference(op, &c, &op->cases[i], seed);
        restore(&c);
        run(&c, fm_opcheck_native_dev());
        bool ok = holds(&c, why, sizeof why);
        release(&c);
        if (!ok) return true;
    }
    return false;
}

/* Errors that any operation can have, made after a right run. */
static const fm_opcheck_spec *planted_op;

static fm_opcheck_buffer *last_output(fm_opcheck *c) {
    for (int i = c->buffers - 1; i >= 0; i--)
        if ((c->buffer[i].role & FM_OPCHECK_OUT) && c->buffer[i].words) return &c->buffer[i];
    return NULL;
}

static void plant_last_skipped(fm_opcheck *c, fm_dev *dev) {
    planted_op->run(c, dev);
    fm_opcheck_buffer *b = last_output(c);
    if (b) b->data[b->words - 1] = b->initial[b->words - 1];
}

static void plant_one_bit(fm_opcheck *c, fm_dev *dev) {
    planted_op->run(c, dev);
    fm_opcheck_buffer *b = last_output(c);
    if (b) b->data[b->words / 2] ^= 1;
}

static void plant_past_end(fm_opcheck *c, fm_dev *dev) {
    planted_op->run(c, dev);
    fm_opcheck_buffer *b = last_output(c);
    if (b) b->data[b->words] = 0;
}

static void plant_twice(fm_opcheck *c, fm_dev *dev) {
    planted_op->run(c, dev);
    fm_opcheck_buffer *b = last_output(c);
    for (size_t i = 0; b && i < b->words; i++)
        b->data[i] = b->integers ? b->data[i] * 2 + 1 : fm_f32_bits(fm_f32_from_bits(b->data[i]) * 1.0000002f);
}

static void check_plants(const fm_opcheck_spec *op, uint64_t seed) {
    static const fm_opcheck_plant common[] = {{"last element skipped", plant_last_skipped},
                                            {"one bit of one element", plant_one_bit},
                                            {"one write past the end", plant_past_end},
                                            {"everything two ulp off", plant_twice}};
    planted_op = op;
    for (int i = 0; i < (int)(sizeof common / sizeof common[0]); i++)
        fm_opcheck_require(caught(op, common[i].run, seed), "%s: planted error not caught: %s", op->operation,
                         common[i].name);
    for (int i = 0; i < op->plant_count; i++)
        fm_opcheck_require(caught(op, op->plants[i].run, seed), "%s: planted error not caught: %s", op->operation,
                         op->plants[i].name);
}

/* ---- for equations ---- */

void fm_opcheck_close(const char *what, const float *a, const double *b, size_t n, double limit) {
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        size += b[i] * b[i];
    }
    fm_opcheck_require(sqrt(off) <= limit * sqrt(size), "%s: relative error %.3g, limit %.3g", what, sqrt(off / size),
                     limit);
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

/* One thread is timed by its own clock, which other programs on the machine do not advance. */
static double now(const fm_dev *dev) {
    struct timespec t;
    clock_gettime(dev->threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of several runs: on a shared machine the least disturbed one. */
static double best_time(const fm_opcheck_spec *op, fm_opcheck *c, fm_dev *dev) {
    double best = 1e9, begin = now(dev);
    for (int i = 0; i < 400 && (i < 3 || now(dev) - begin < 0.4); i++) {
        double t = now(dev);
        op->run(c, dev);
        t = now(dev) - t;
        best = t < best ? t : best;
    }
    return best;
}

/* GFLOP/s of our own product at 512^3, and GB/s of copying 64 MiB (read and written bytes), on this device. */
static void measure_limits(fm_dev *dev, double *gflops, double *gbs) {
    size_t n = 512, words = 16 << 20;
    float *x = calloc(words * 2, sizeof *x);
    fm_opcheck_require(x != NULL, "out of memory");
    double best_product = 1e9, best_copy = 1e9;
    for (int i = 0; i < 6; i++) {
        double t = now(dev);
        fm_gemm_forward(dev, x, x + words, x + words + n * n, (int)n, (int)n, (int)n, FM_PRECISION_F32);
        best_product = fmin(best_product, now(dev) - t);
        t = now(dev);
#pragma omp parallel for num_threads(dev->threads) schedule(static)
        for (size_t at = 0; at < words; at += 4096) memcpy(x + at, x + words + at, 4096 * sizeof *x);
        best_copy = fmin(best_copy, now(dev) - t);
    }
    *gflops = 2e-9 * (double)(n * n * n) / best_product;
    *gbs = 8e-9 * (double)words / best_copy;
    free(x);
}

/* Every vector level; the references are for reading, not for speed. */
static void bench(const fm_opcheck_spec *op, const char *only) {
    for (int level = 1; level < FM_ISA_COUNT; level++) {
        if (!(fm_cpu_isa_mask() & 1u << level) || !fm_kern_level(op->operation, (fm_isa)level)) continue;
        /* One thread, then all: the scaling shows beside the speed. */
        for (int all = 0; all < 2; all++) {
            fm_dev *dev = device(all ? 0 : 1, 1u << FM_ISA_SCALAR | 1u << level);
            double gflops, gbs;
            measure_limits(dev, &gflops, &gbs);
            printf("# %s, %s, %d threads; product 512^3 %.1f GFLOP/s, copy %.1f GB/s\n", fm_cpu_name(),
                   fm_cpu_isa_name((fm_isa)level), dev->threads, gflops, gbs);
            for (int i = 0; i < op->count; i++) {
                const fm_opcheck_case *k = &op->cases[i];
                if (!k->bench || (only && strcmp(only, k->name) != 0)) continue;
                fm_opcheck c;
                prepare(op, &c, k, 1, FILL_NORMAL, 0);
                double t = best_time(op, &c, dev), f = op->flops ? op->flops(&c) * 1e-9 : 0,
                       b = op->bytes ? op->bytes(&c) * 1e-9 : 0;
                printf("%-10s %-24s %-8s %9.3f ms %8.2f GFLOP/s (%3.0f %%) %7.2f GB/s (%3.0f %%)\n", op->operation,
                       k->name, fm_cpu_isa_name((fm_isa)level), t * 1e3, f / t, 100 * f / t / gflops, b / t,
                       100 * b / t / gbs);
                release(&c);
            }
            device_free(dev);
        }
    }
}

int fm_opcheck_main(int argc, char **argv, const fm_opcheck_spec *op) {
    uint64_t seed = (uint64_t)time(NULL);
    const char *only = NULL;
    bool measure = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0)
            measure = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--case") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            return fprintf(stderr, "usage: %s [--seed N] [--case NAME] [--bench]\n", argv[0]), 2;
    }
    if (measure) {
        bench(op, only);
        return 0;
    }
    printf("%s: seed %llu\n", op->operation, (unsigned long long)seed);
    fflush(stdout);
    if (op->equations && !only) op->equations();
    for (int i = 0; i < op->count; i++)
        if (!op->cases[i].bench && (!only || strcmp(only, op->cases[i].name) == 0)) check_case(op, &op->cases[i], seed);
    if (!only) check_plants(op, seed);
    printf("%s: %d cases, every level, 1 to 3 threads, %d planted errors: as the reference\n", op->operation, op->count,
           op->plant_count + 4);
    return 0;
}
