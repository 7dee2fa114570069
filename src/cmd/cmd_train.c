/* cmd_train.c: `fathom train`: trains by a recipe, resumes, verifies a ledger, exports a model. The training
 * itself is train/trainer's; here are flags, signals and the progress line. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "train/bench.h"
#include "train/ledger.h"
#include "train/trainer.h"

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number) {
    (void)signal_number;
    if (stop_asked)
        _exit(FM_EXIT_INTERRUPTED); /* twice: now, as a kill would; the last checkpoint is whole */
    stop_asked = 1;
}

/* The progress line: rewritten in place on a terminal, a new line now and then elsewhere. */
typedef struct progress {
    bool terminal, open; /* open: the terminal's line is not ended yet */
    double printed;      /* seconds of the last line */
} progress;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void end_line(progress *p) {
    if (p->open) fputc('\n', stderr);
    p->open = false;
}

static void format_time(char *out, size_t room, double seconds) {
    long s = (long)seconds;
    if (s < 3600)
        snprintf(out, room, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(out, room, "%ldh%02ldm", s / 3600, s / 60 % 60);
}

static void show_step(progress *p, const fm_train_event *e) {
    double at = now();
    bool last = e->step == e->total_steps;
    if (!last && at - p->printed < (p->terminal ? 0.2 : 10)) return;
    p->printed = at;
    char left[32];
    format_time(left, sizeof left, e->seconds_left);
    fprintf(
        stderr,
        "%s%5.1f%% step %lld %s | loss %.4f mtp %.4f | norm %.2f lr %.2e | %.0f tok/s MFU %.1f%% | %s left%s",
        p->terminal ? "\r\033[K" : "", 100.0 * (double)e->step / (double)e->total_steps, (long long)e->step,
        e->stage, e->result->loss, e->result->loss_mtp, e->result->grad_norm, e->lr, e->tokens_per_second,
        100 * e->mfu, left, p->terminal ? "" : "\n");
    p->open = p->terminal;
}

static void on_event(void *context, const fm_train_event *e) {
    progress *p = context;
    if (e->kind == FM_TRAIN_STEP) {
        show_step(p, e);
        return;
    }
    end_line(p);
    if (e->kind == FM_TRAIN_VALIDATION)
        fprintf(stderr, "       step %lld: %s %.4f bits per byte (%.4f nats per token, %lld tokens)\n",
                (long long)e->step, e->name, e->score.bits_per_byte, e->score.nats_per_token,
                (long long)e->score.tokens);
    else
        fprintf(stderr, "       step %lld: checkpoint %s\n", (long long)e->step, e->name);
}

/* What the flags ask for. */
typedef struct request {
    const char *run, *verify, *export_to;
    bool resume, bench, plan;
    double stop_after;
    int64_t steps;
} request;

static int verify(const char *run) {
    fm_error err = {0};
    fm_ledger_facts facts;
    char path[1024];
    snprintf(path, sizeof path, "%s%s", run, strstr(run, ".jsonl") ? "" : "/run.jsonl");
    if (fm_ledger_verify(path, &facts, &err) != FM_OK) return fm_cmd_fail("train", &err);
    printf("%s: %lld lines, %lld segments, %lld steps: every line follows from the one before it; last %s\n",
           path, (long long)facts.lines, (long long)facts.segments, (long long)facts.steps, facts.last);
    if (facts.torn_bytes > 0)
        printf("the last %llu bytes are an incomplete line (a kill); --resume cuts them off\n",
               (unsigned long long)facts.torn_bytes);
    return FM_EXIT_OK;
}

static void greet(const fm_trainer *trainer) {
    const fm_recipe *recipe = fm_trainer_recipe(trainer);
    fm_param_count count = fm_config_count(&recipe->config);
    fprintf(stderr, "%s: %.2fM parameters (%.2fM active, %.2fM MTP), %lld of %lld steps done, in %s\n",
            recipe->name, 1e-6 * (double)(count.total + count.mtp), 1e-6 * (double)count.active,
            1e-6 * (double)count.mtp, (long long)fm_trainer_step(trainer), (long long)recipe->total_steps,
            fm_trainer_folder(trainer));
    fprintf(stderr, "peak of a 1024^3 product here: %.0f GFLOP/s (%s)\n", 1e-9 * fm_trainer_peak(trainer),
            recipe->precision == FM_PRECISION_BF16 ? "bf16 where the processor has it" : "f32");
}

static int train(const fm_train_options *options, const char *recipe) {
    fm_error err = {0};
    fm_trainer *trainer;
    fm_train_end end;
    if (fm_trainer_open(&trainer, options, &err) != FM_OK) return fm_cmd_fail("train", &err);
    greet(trainer);
    fm_status status = fm_trainer_run(trainer, &end, &err);
    end_line(options->context);
    int code = FM_EXIT_OK;
    if (status != FM_OK)
        code = fm_cmd_fail("train", &err);
    else if (end == FM_TRAIN_DONE)
        fprintf(stderr, "done: %s\n", fm_trainer_folder(trainer));
    else {
        fprintf(stderr, "stopped after step %lld; go on with: fathom train %s --resume%s%s\n",
                (long long)fm_trainer_step(trainer), recipe, options->run ? " --run " : "",
                options->run ? options->run : "");
        if (stop_asked) code = FM_EXIT_INTERRUPTED;
    }
    fm_trainer_close(trainer);
    return code;
}

static int export_model(const char *recipe_path, const request *ask, const char *cache) {
    fm_error err = {0};
    fm_recipe recipe;
    char run[1024];
    fm_status status = fm_recipe_load(&recipe, recipe_path, &err);
    if (status == FM_OK) {
        if (ask->run)
            snprintf(run, sizeof run, "%s", ask->run);
        else
            snprintf(run, sizeof run, "%.900s/runs/%s", cache, recipe.name);
        status = fm_train_export(run, recipe.tokenizer, ask->export_to, &err);
    }
    fm_recipe_release(&recipe);
    if (status != FM_OK) return fm_cmd_fail("train", &err);
    fprintf(stderr, "exported %s\n", ask->export_to);
    return FM_EXIT_OK;
}

static int bench(const char *recipe, int threads) {
    fm_error err = {0};
    fm_train_bench result;
    if (fm_train_bench_run(&result, recipe, threads, 0, &err) != FM_OK) return fm_cmd_fail("train", &err);
    fm_train_bench_print(&result, stdout);
    return FM_EXIT_OK;
}

/* ~/.cache/fathom, or $XDG_CACHE_HOME/fathom. */
static const char *cache_folder(char *out, size_t room) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0])
        snprintf(out, room, "%s/fathom", xdg);
    else
        snprintf(out, room, "%s/.cache/fathom", home && home[0] ? home : "/tmp");
    return out;
}

int fm_cmd_train(int argc, char **argv) {
    request ask = {0};
    const fm_flag flags[] = {
        {"run", FM_FLAG_TEXT, &ask.run, .metavar = "DIR",
         .help = "the run's folder (~/.cache/fathom/runs/<name>)"},
        {"resume", FM_FLAG_SWITCH, &ask.resume, .help = "go on from the newest checkpoint"},
        {"steps", FM_FLAG_INT, &ask.steps, 1, 1e15, "N", "stop after N steps of this start"},
        {"stop-after", FM_FLAG_FLOAT, &ask.stop_after, 0.001, 1e9, "SECONDS", "stop after this time"},
        {"bench", FM_FLAG_SWITCH, &ask.bench, .help = "time steps on random tokens and exit"},
        {"export", FM_FLAG_TEXT, &ask.export_to, .metavar = "DIR",
         .help = "write the newest checkpoint as a bf16 model folder and exit"},
        {"verify", FM_FLAG_TEXT, &ask.verify, .metavar = "RUN",
         .help = "check the chain of a run's ledger and exit"}};
    const fm_usage usage = {
        "train",
        "RECIPE.yaml",
        "Trains a model as a recipe says (docs/train.md). Ctrl+C saves a checkpoint and stops.",
        flags,
        sizeof flags / sizeof flags[0],
        0,
        1};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    if (ask.verify) return verify(ask.verify);
    if (args.count != 1) {
        fm_error_set(&err, FM_ERR_ARG, "a recipe is needed, e.g. recipes/smoke.yaml");
        return fm_cmd_fail("train", &err);
    }
    char cache[900];
    cache_folder(cache, sizeof cache);
    if (ask.bench) return bench(args.values[0], args.threads);
    if (ask.export_to) return export_model(args.values[0], &ask, cache);
    progress shown = {.terminal = isatty(STDERR_FILENO)};
    struct sigaction action = {.sa_handler = ask_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    fm_train_options options = {.recipe = args.values[0],
                                .run = ask.run,
                                .cache = cache,
                                .resume = ask.resume,
                                .threads = args.threads,
                                .stop_after = ask.stop_after,
                                .steps = ask.steps,
                                .stop = &stop_asked,
                                .on_event = on_event,
                                .context = &shown};
    return train(&options, args.values[0]);
}
