/* kern_check.c: the frame of the kernel checks; see kern_check.h. */
#define _GNU_SOURCE
#include "support/kern_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fmath.h"

enum { GUARD = FM_CHECK_GUARD_BYTES, GUARD_BYTE = 0xb7, TIMED_RUNS = 9 };

typedef struct options {
    uint64_t seed;
    int only_case; /* -1 all */
    const char *only_level, *only_operation;
    bool bench;
    int threads;
} options;

void fm_check_describe(fm_check *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->text, sizeof c->text, format, args);
    va_end(args);
}

void fm_check_fail(fm_check *c, const char *format, ...) {
    bool first = !c->failed;
    c->failed = true;
    if (c->planted || !first) return;
    va_list args;
    va_start(args, format);
    printf("FAILED %s %s, case %d (%s): ", c->operation, c->level, c->index, c->text);
    vprintf(format, args);
    printf("\n  replay: %s --op %s --seed %llu --case %d --level %s\n", c->program, c->operation,
           (unsigned long long)c->seed, c->index, c->level);
    va_end(args);
}

static void *out_of_memory(size_t bytes) {
    fprintf(stderr, "the check needs %zu bytes more than there are\n", bytes);
    exit(2);
}

void *fm_check_bytes(fm_check *c, size_t bytes, size_t off) {
    if (c->buffer_count == FM_CHECK_BUFFERS) {
        fprintf(stderr, "a check case uses over %d buffers\n", FM_CHECK_BUFFERS);
        exit(2);
    }
    off %= 64;
    size_t all = (GUARD + off + bytes + GUARD + 63) / 64 * 64;
    unsigned char *base = aligned_alloc(64, all);
    if (base == NULL) return out_of_memory(all);
    /* The bytes before and after the data are the guard; the data itself starts as noise. */
    memset(base, GUARD_BYTE, all);
    for (size_t i = 0; i < bytes; i++) base[GUARD + off + i] = (unsigned char)(i * 37 + 11);
    c->buffers[c->buffer_count].base = base;
    c->buffers[c->buffer_count++].bytes = off | bytes << 6;
    return base + GUARD + off;
}

float *fm_check_floats(fm_check *c, size_t n, size_t off) {
    float *data = fm_check_bytes(c, n * sizeof(float), off * sizeof(float));
    for (size_t i = 0; i < n; i++) data[i] = 2.0f * fm_rng_f32(&c->rng) - 1.0f;
    return data;
}

float *fm_check_copy(fm_check *c, const float *from, size_t n, size_t off) {
    float *data = fm_check_bytes(c, n * sizeof(float), off * sizeof(float));
    if (n > 0) memcpy(data, from, n * sizeof(float));
    return data;
}

bool fm_check_same(fm_check *c, const char *what, const float *expected, const float *got, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (fm_f32_bits(expected[i]) == fm_f32_bits(got[i])) continue;
        if (expected[i] != expected[i] && got[i] != got[i]) continue;
        fm_check_fail(c, "%s[%zu] is %a (%g), not %a (%g)", what, i, (double)got[i], (double)got[i],
                      (double)expected[i], (double)expected[i]);
        return false;
    }
    return true;
}

/* Guards of all buffers of the case, which are then freed. */
static void close_buffers(fm_check *c) {
    for (int b = 0; b < c->buffer_count; b++) {
        unsigned char *base = c->buffers[b].base;
        size_t off = c->buffers[b].bytes & 63, bytes = c->buffers[b].bytes >> 6;
        for (size_t i = 0; i < GUARD + off; i++)
            if (base[i] != GUARD_BYTE) {
                fm_check_fail(c, "buffer %d: a write %zu bytes before its start", b, GUARD + off - i);
                break;
            }
        for (size_t i = 0; i < GUARD; i++)
            if (base[GUARD + off + bytes + i] != GUARD_BYTE) {
                fm_check_fail(c, "buffer %d: a write %zu bytes past its end", b, i + 1);
                break;
            }
        free(base);
    }
    c->buffer_count = 0;
}

static void run_case(fm_check *c, const fm_check_op *op, int index, void (*run)(fm_check *, int)) {
    fm_rng stream = fm_rng_init(c->seed, op->operation);
    c->rng = fm_rng_child(&stream, (uint64_t)index);
    c->index = index;
    c->text[0] = '\0';
    run(c, index);
    close_buffers(c);
}

/* Points the table at `kernels` for this operation; all others as the machine has them. */
static void select_kernels(fm_check *c, const char *operation, const char *name, const void *kernels) {
    fm_kern_attach(&c->dev);
    c->table = *c->dev.kern;
    fm_kern_override(&c->table, operation, kernels);
    c->dev.kern = &c->table;
    c->operation = operation;
    c->level = name;
    c->kernels = kernels;
}

static int check_set(fm_check *c, const fm_check_op *op, const fm_check_set *set, const options *o) {
    int failures = 0, ran = 0;
    select_kernels(c, op->operation, set->name, set->kernels);
    for (int i = 0; i < op->cases; i++) {
        if (o->only_case >= 0 && i != o->only_case) continue;
        c->failed = false;
        run_case(c, op, i, op->run);
        failures += c->failed;
        ran++;
    }
    printf("%-10s %-22s %d cases, %d failed\n", op->operation, set->name, ran, failures);
    return failures;
}

/* Some case must fail; 1 when none does. */
static int check_plant(fm_check *c, const fm_check_op *op, const fm_check_set *plant) {
    select_kernels(c, op->operation, plant->name, plant->kernels);
    c->planted = true;
    c->failed = false;
    int tried = 0;
    while (tried < op->cases && !c->failed) run_case(c, op, tried++, op->run);
    c->planted = false;
    if (c->failed)
        printf("%-10s planted: %-32s caught by case %d\n", op->operation, plant->name, tried - 1);
    else
        printf("FAILED %s: no case notices the planted error \"%s\"\n", op->operation, plant->name);
    return !c->failed;
}

int fm_check_plants(const fm_check_op *op) {
    fm_check c = {.program = "", .seed = 1};
    fm_error err;
    if (fm_dev_open(&c.dev, FM_CHECK_THREADS, 0, &err) != FM_OK) return op->plant_count;
    int missed = 0;
    for (int i = 0; i < op->plant_count; i++) missed += check_plant(&c, op, &op->plants[i]);
    fm_dev_close(&c.dev);
    return missed;
}

static bool wanted(const options *o, const char *name) {
    return o->only_level == NULL || strcmp(o->only_level, name) == 0;
}

static int check_op(fm_check *c, const fm_check_op *op, const options *o) {
    int failures = 0;
    for (int level = 0; level < FM_ISA_COUNT; level++) {
        fm_check_set set = {fm_cpu_isa_name((fm_isa)level), fm_kern_level(op->operation, (fm_isa)level)};
        if (set.kernels == NULL || !wanted(o, set.name)) continue;
        if (c->dev.isa_mask & 1u << level)
            failures += check_set(c, op, &set, o);
        else
            printf("%-10s %-22s skipped: this processor does not have it\n", op->operation, set.name);
    }
    for (int i = 0; i < op->emulated_count; i++)
        if (wanted(o, op->emulated[i].name)) failures += check_set(c, op, &op->emulated[i], o);
    if (o->only_level == NULL && o->only_case < 0)
        for (int i = 0; i < op->plant_count; i++) failures += check_plant(c, op, &op->plants[i]);
    return failures;
}

static void bench_op(fm_check *c, const fm_check_op *op, const options *o) {
    fm_isa best = FM_ISA_SCALAR;
    for (int level = 0; level < FM_ISA_COUNT; level++) {
        if (!(c->dev.isa_mask & 1u << level) || fm_kern_level(op->operation, (fm_isa)level) == NULL) continue;
        if (o->only_level == NULL || strcmp(o->only_level, fm_cpu_isa_name((fm_isa)level)) == 0)
            best = (fm_isa)level;
    }
    select_kernels(c, op->operation, fm_cpu_isa_name(best), fm_kern_level(op->operation, best));
    for (int i = 0; op->bench != NULL && i < op->bench_cases; i++)
        if (o->only_case < 0 || i == o->only_case) run_case(c, op, i, op->bench);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds per run of TIMED_RUNS batches, in rising order; a batch lasts at least two milliseconds. */
static void time_runs(double seconds[TIMED_RUNS], void (*run)(void *), void *arg, int runs, int threads) {
    double start = fm_roofline_clock(threads);
    run(arg);
    double once = fm_roofline_clock(threads) - start;
    int batch = once > 2e-3 ? 1 : (int)(2e-3 / (once + 1e-9)) + 1;
    for (int i = 0; i < runs; i++) {
        start = fm_roofline_clock(threads);
        for (int j = 0; j < batch; j++) run(arg);
        seconds[i] = (fm_roofline_clock(threads) - start) / batch;
    }
    qsort(seconds, (size_t)runs, sizeof seconds[0], by_value);
}

void fm_check_time(fm_check *c, const fm_check_timing *t) {
    double seconds[TIMED_RUNS], reference[TIMED_RUNS];
    double peak = t->flops > 0 ? fm_roofline_gflops(c->dev.threads, c->dev.isa_mask) : 0;
    double read = t->bytes > 0 ? fm_roofline_gbps(c->dev.threads) : 0;
    time_runs(seconds, t->run, t->arg, TIMED_RUNS, c->dev.threads);
    double median = seconds[TIMED_RUNS / 2], best = seconds[0];
    printf("%-9s %-7s %dT %-36s %10.1f us (best %.1f, spread %.0f %%)", c->operation, c->level,
           c->dev.threads, c->text, median * 1e6, best * 1e6,
           100 * (seconds[TIMED_RUNS - 2] - seconds[1]) / median);
    if (peak > 0)
        printf("  %6.1f GFLOP/s = %3.0f %% of %.0f (best %.0f %%)", t->flops / median * 1e-9,
               t->flops / median * 1e-7 / peak, peak, t->flops / best * 1e-7 / peak);
    if (read > 0)
        printf("  %5.1f GB/s = %3.0f %% of %.1f (best %.0f %%)", t->bytes / median * 1e-9,
               t->bytes / median * 1e-7 / read, read, t->bytes / best * 1e-7 / read);
    if (t->reference != NULL) {
        time_runs(reference, t->reference, t->arg, 1, c->dev.threads);
        printf("  %.0fx _ref", reference[0] / median);
    }
    printf("\n");
    fflush(stdout);
}

static bool parse(int argc, char **argv, options *o) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--bench") == 0)
            o->bench = true;
        else if (value == NULL)
            return false;
        else if (strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--case") == 0)
            o->only_case = atoi(argv[++i]);
        else if (strcmp(argv[i], "--level") == 0)
            o->only_level = argv[++i];
        else if (strcmp(argv[i], "--op") == 0)
            o->only_operation = argv[++i];
        else if (strcmp(argv[i], "--threads") == 0)
            o->threads = atoi(argv[++i]);
        else
            return false;
    }
    return true;
}

int fm_check_main(int argc, char **argv, const fm_check_op *ops, int count) {
    options o = {.seed = (uint64_t)time(NULL), .only_case = -1};
    if (!parse(argc, argv, &o)) {
        fprintf(stderr,
                "usage: %s [--bench [--threads N]] [--op NAME] [--level NAME] [--seed N] [--case N]\n",
                argv[0]);
        return 2;
    }
    fm_check c = {.program = argv[0], .seed = o.seed};
    fm_error err;
    if (fm_dev_open(&c.dev, o.bench ? o.threads : FM_CHECK_THREADS, 0, &err) != FM_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    if (!o.bench) printf("seed %llu\n", (unsigned long long)o.seed);
    int failures = 0;
    for (int i = 0; i < count; i++) {
        if (o.only_operation != NULL && strcmp(o.only_operation, ops[i].operation) != 0) continue;
        if (o.bench)
            bench_op(&c, &ops[i], &o);
        else
            failures += check_op(&c, &ops[i], &o);
    }
    fm_dev_close(&c.dev);
    return failures > 0;
}
