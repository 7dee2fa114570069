/* cmd_doctor.c: `fathom doctor`: what this machine can do, what is built in and what is missing.
 *
 * Where it stands: beside the paths; the first thing to ask for when an answer is slow, and what a bug report should
 * hold. It refuses nothing: a figure that cannot be had is shown as unknown.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/build.h"
#include "base/cpu.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "dev/dev.h"
#include "dev/machine.h"
#include "dev/roof.h"
#include "kern/kern.h"

enum { MAX_KINDS = 16, MAX_ROWS = 32 };

/* Everything the doctor knows; printed as text or as JSON. */
typedef struct findings {
    fm_machine machine;
    const fm_build *build;
    uint32_t isa_mask;
    int threads;
    fm_kern_row row[MAX_ROWS];
    int rows;
    struct {
        const char *name;
        double one, all; /* operations per second */
    } peak[MAX_KINDS];
    int peaks;
    double read[2]; /* bytes per second, 1 thread and all; 0: not measured */
    int64_t read_bytes;
} findings;

/* Four times the last cache, so that little of it survives a pass; a quarter of free memory at most. */
static int64_t buffer_bytes(const fm_machine *m) {
    int64_t last = 0, bytes = 256ll << 20;
    for (int i = 0; i < m->caches; i++)
        if (m->cache[i].type != 'i' && m->cache[i].size_bytes > last) last = m->cache[i].size_bytes;
    if (bytes < 4 * last) bytes = 4 * last;
    if (bytes > 1ll << 30) bytes = 1ll << 30;
    if (m->memory_available_bytes > 0 && bytes > m->memory_available_bytes / 4)
        bytes = m->memory_available_bytes / 4;
    return bytes >> 20 << 20;
}

static fm_status examine(findings *f, int threads, bool measure, fm_error *err) {
    fm_dev dev;
    fm_status status = fm_dev_open(&dev, threads, 0, err);
    if (status != FM_OK) return status;
    fm_kern_attach(&dev);
    fm_machine_read(&f->machine);
    f->build = fm_build_get();
    f->isa_mask = dev.isa_mask;
    f->threads = dev.threads;
    f->rows = fm_kern_rows(&dev, f->row, MAX_ROWS);
    if (f->rows > MAX_ROWS) f->rows = MAX_ROWS;
    fm_dev_close(&dev);
    if (!measure) return FM_OK;
    int count;
    const fm_roof_kind *kinds = fm_roof_kinds(&count);
    for (int i = 0; i < count && f->peaks < MAX_KINDS; i++) {
        if (!(f->isa_mask & 1u << kinds[i].isa)) continue;
        f->peak[f->peaks].name = kinds[i].name;
        f->peak[f->peaks].one = fm_roof_measure(&kinds[i], 1, 0.08);
        f->peak[f->peaks++].all = f->threads > 1 ? fm_roof_measure(&kinds[i], f->threads, 0.08) : 0;
    }
    const int both[2] = {1, f->threads};
    f->read_bytes = buffer_bytes(&f->machine);
    return fm_roof_read(f->read, both, f->threads > 1 ? 2 : 1, f->read_bytes, 0.3, err);
}

/* The one or two figures of a row, in units of 1e9. */
static void print_pair(const char *name, double one, double all, int threads, const char *unit) {
    printf("  %-28s %9.1f %s with 1 thread", name, one * 1e-9, unit);
    if (all > 0) printf(", %9.1f with %d (%.2fx)", all * 1e-9, threads, one > 0 ? all / one : 0);
    printf("\n");
}

static void print_machine(const findings *f) {
    const fm_machine *m = &f->machine;
    printf("machine\n  processor    %s, %d logical processors, %d for this process", fm_cpu_name(),
           m->processors, m->available);
    if (m->quota > 0) printf(", time for %.2g of them", m->quota);
    printf("\n  system       %s\n  caches      ", m->system);
    for (int i = 0; i < m->caches; i++)
        printf("%s L%d%s %lld KiB (shared by %d)", i ? "," : "", m->cache[i].level,
               m->cache[i].type == 'd'   ? "d"
               : m->cache[i].type == 'i' ? "i"
                                         : "",
               (long long)(m->cache[i].size_bytes >> 10), m->cache[i].shared_by);
    printf("%s\n  memory       %.1f GiB, %.1f GiB available", m->caches ? "" : " unknown",
           (double)m->memory_bytes / (1 << 30), (double)m->memory_available_bytes / (1 << 30));
    if (m->memory_limit_bytes > 0) printf(", limited to %.1f GiB", (double)m->memory_limit_bytes / (1 << 30));
    printf(", huge pages: %s\n", m->huge_pages[0] ? m->huge_pages : "unknown");
    printf("  energy       %s\n", m->rapl           ? m->rapl_path
                                  : m->rapl_path[0] ? "RAPL is there but not readable (needs root)"
                                                    : "no RAPL counter: energy is not reported");
}

static void print_levels(const findings *f) {
    printf("instruction sets\n  present     ");
    for (int i = 0; i < FM_ISA_COUNT; i++)
        if (f->isa_mask & 1u << i) printf(" %s", fm_cpu_isa_name((fm_isa)i));
    printf("\n  missing     ");
    for (int i = 0; i < FM_ISA_COUNT; i++)
        if (!(f->isa_mask & 1u << i)) printf(" %s", fm_cpu_isa_name((fm_isa)i));
    printf("\n  taken       ");
    for (int i = 0; i < f->rows; i++)
        printf("%s %s %s",
               i == 0       ? ""
               : i % 5 == 0 ? ",\n              "
                            : ",",
               f->row[i].operation, fm_cpu_isa_name(f->row[i].taken));
    printf("\n");
}

static void print_text(const findings *f, bool measured) {
    print_machine(f);
    print_levels(f);
    if (measured) {
        printf("measured (best of some runs; other load on the machine lowers it)\n");
        for (int i = 0; i < f->peaks; i++)
            print_pair(f->peak[i].name, f->peak[i].one, f->peak[i].all, f->threads, "GOP/s");
        char name[48];
        snprintf(name, sizeof name, "memory read (%lld MiB)", (long long)(f->read_bytes >> 20));
        print_pair(name, f->read[0], f->read[1], f->threads, "GB/s ");
    }
    const fm_build *b = f->build;
    printf("built\n  program      fathom %s, commit %s\n  compiler     %s, %s, %s\n  libraries    %s\n",
           b->version, b->commit, b->compiler, b->type, b->flags, b->libraries);
    printf("  model        %s\n", b->model[0] ? b->model : "none linked in: name a model's folder");
    printf("  missing      GPU (CUDA), several machines (MPI)\n");
}

static json_t *pair(double one, double all) {
    return json_pack("{s:f, s:f}", "one_thread_per_second", one, "all_threads_per_second",
                     all > 0 ? all : one);
}

static json_t *machine_json(const fm_machine *m) {
    json_t *caches = json_array();
    for (int i = 0; i < m->caches; i++)
        json_array_append_new(caches,
                              json_pack("{s:i, s:s, s:I, s:i, s:i}", "level", m->cache[i].level, "type",
                                        m->cache[i].type == 'd'   ? "data"
                                        : m->cache[i].type == 'i' ? "instructions"
                                                                  : "unified",
                                        "size_bytes", (json_int_t)m->cache[i].size_bytes, "line_bytes",
                                        m->cache[i].line_bytes, "shared_by", m->cache[i].shared_by));
    return json_pack("{s:s, s:s, s:i, s:i, s:f, s:o, s:I, s:I, s:I, s:s, s:b}", "processor", fm_cpu_name(),
                     "system", m->system, "processors", m->processors, "available", m->available, "quota",
                     m->quota, "caches", caches, "memory_bytes", (json_int_t)m->memory_bytes,
                     "memory_available_bytes", (json_int_t)m->memory_available_bytes, "memory_limit_bytes",
                     (json_int_t)m->memory_limit_bytes, "huge_pages", m->huge_pages, "rapl", (int)m->rapl);
}

static void print_json(const findings *f) {
    json_t *levels = json_array(), *taken = json_object(), *peaks = json_object();
    for (int i = 0; i < FM_ISA_COUNT; i++)
        if (f->isa_mask & 1u << i) json_array_append_new(levels, json_string(fm_cpu_isa_name((fm_isa)i)));
    for (int i = 0; i < f->rows; i++)
        json_object_set_new(taken, f->row[i].operation, json_string(fm_cpu_isa_name(f->row[i].taken)));
    for (int i = 0; i < f->peaks; i++)
        json_object_set_new(peaks, f->peak[i].name, pair(f->peak[i].one, f->peak[i].all));
    const fm_build *b = f->build;
    json_t *build = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "version", b->version, "commit",
                              b->commit, "compiler", b->compiler, "type", b->type, "flags", b->flags,
                              "libraries", b->libraries, "model", b->model);
    json_t *root = json_pack("{s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "machine", machine_json(&f->machine),
                             "levels", levels, "kernels", taken, "operations", peaks, "threads", f->threads,
                             "read_bytes", pair(f->read[0], f->read[1]), "build", build);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    printf("%s\n", text ? text : "{}");
    free(text);
    json_decref(root);
}

int fm_cmd_doctor(int argc, char **argv) {
    bool json = false, quick = false;
    const fm_flag flags[] = {{"json", FM_FLAG_SWITCH, &json, .help = "print one JSON object"},
                             {"quick", FM_FLAG_SWITCH, &quick, .help = "leave out the measurements"}};
    const fm_usage usage = {
        .verb = "doctor",
        .arguments = "",
        .summary = "Shows what this machine can do, measured, what is built in and what is missing.",
        .flags = flags,
        .flag_count = 2,
    };
    fm_args args;
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    findings f = {0};
    fm_error err = {0};
    if (examine(&f, args.threads, !quick, &err) != FM_OK) return fm_cmd_fail("doctor", &err);
    if (json)
        print_json(&f);
    else
        print_text(&f, !quick);
    return FM_EXIT_OK;
}
