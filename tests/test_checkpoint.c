/* test_checkpoint.c: a run stopped anywhere goes on with the same bits; damaged checkpoints are refused by
 * file and field; a full disk and a kill leave the checkpoint before. */
#define _GNU_SOURCE
#include "support/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "support/recipes.h"
#include "train/checkpoint.h"
#include "train/ledger.h"

static const char *recipe;
static char straight[FM_SHA256_HEX]; /* of the run that was never stopped */

static int train_straight(void **state) {
    (void)state;
    static char path[512];
    fm_test_corpus(60);
    strcpy(path, fm_test_recipe("recipe", fm_test_stage));
    recipe = path;
    fm_test_train(recipe, "straight", 0, false, 1);
    fm_test_run_hash("straight", straight);
    return 0;
}

static void same_run(const char *run) {
    char hex[FM_SHA256_HEX];
    fm_test_run_hash(run, hex);
    assert_string_equal(hex, straight);
}

static void resumes_at_any_step(void **state) {
    (void)state;
    char run[32];
    for (int stop = 1; stop < 12; stop += 2) { /* inside both stages and, at 7, between them */
        snprintf(run, sizeof run, "stop%d", stop);
        fm_test_train(recipe, run, stop, false, 1);
        fm_test_train(recipe, run, 0, true, 2); /* and with another number of threads */
        same_run(run);
    }
    fm_test_train(recipe, "often", 1, false, 2);
    for (int i = 0; i < 10; i++) fm_test_train(recipe, "often", 1, true, 1);
    fm_test_train(recipe, "often", 0, true, 2);
    same_run("often");
    fm_ledger_facts facts;
    fm_error err = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/run.jsonl", fm_test_run("often"));
    fm_test_ok(fm_ledger_verify(path, &facts, &err), &err);
    assert_int_equal(facts.segments, 12);
    assert_int_equal(facts.steps, 12);
}

static void one_thread_and_two_agree(void **state) {
    (void)state;
    fm_test_train(recipe, "threads", 0, false, 2);
    same_run("threads");
}

/* A child trains and checkpoints every step until it is killed; what it left must go on to the same
 * weights. */
static void survives_sigkill(void **state) {
    (void)state;
    char path[512];
    strcpy(path, fm_test_recipe("kill", fm_test_stage));
    fm_buf file = {0};
    fm_error err = {0};
    fm_test_ok(fm_file_read(path, 1 << 20, &file, &err), &err);
    char *at = strstr(file.data, "checkpoint: {steps: 1000, keep: 2}\n");
    assert_non_null(at);
    memmove(at, "checkpoint: {steps:    1, keep: 2}\n", strlen("checkpoint: {steps: 1000, keep: 2}\n"));
    fm_test_ok(fm_file_write(path, file.data, file.size, &err), &err);
    fm_buf_release(&file);
    for (int round = 0; round < 6; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            fm_trainer *trainer;
            fm_train_end end;
            fm_train_options options = {.recipe = path,
                                        .run = fm_test_run("killed"),
                                        .cache = fm_test_temp_dir(),
                                        .resume = true,
                                        .threads = 1};
            if (fm_trainer_open(&trainer, &options, &err) == FM_OK) fm_trainer_run(trainer, &end, &err);
            _exit(0);
        }
        usleep((useconds_t)(150000 + round * 170000)); /* moments spread over start, steps and saves */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    fm_test_train(path, "killed", 0, true, 1);
    same_run("killed");
}

/* Copies the newest checkpoint's file `name` of run "straight" back after a test damaged it. */
static char folder[1024], target[1200];
static fm_buf original;

static void damage(const char *name) {
    bool found;
    fm_error err = {0};
    fm_test_ok(fm_checkpoint_latest(fm_test_run("straight"), folder, &found, &err), &err);
    snprintf(target, sizeof target, "%s/%s", folder, name);
    fm_buf_clear(&original);
    fm_test_ok(fm_file_read(target, 1 << 26, &original, &err), &err);
}

static void write_target(const void *bytes, size_t size) {
    fm_error err = {0};
    fm_test_ok(fm_file_write(target, bytes, size, &err), &err);
}

static fm_status load(fm_error *err) {
    fm_run_state *state = calloc(1, sizeof *state);
    fm_weights *weights = NULL;
    fm_status status = fm_weights_open(&weights, folder, true, err);
    if (status == FM_OK) status = fm_checkpoint_load(folder, weights, state, err);
    fm_weights_free(weights);
    free(state);
    return status;
}

static fm_status resume(fm_error *err) {
    fm_trainer *trainer;
    fm_train_options options = {.recipe = recipe,
                                .run = fm_test_run("straight"),
                                .cache = fm_test_temp_dir(),
                                .resume = true,
                                .threads = 1};
    fm_status status = fm_trainer_open(&trainer, &options, err);
    if (status == FM_OK) fm_trainer_close(trainer);
    return status;
}

static void refuses_damage(void **state) {
    (void)state;
    static const char *const files[] = {"model.safetensors", "optimizer.safetensors", "config.json"};
    for (int i = 0; i < 3; i++) {
        fm_error err = {0};
        damage(files[i]);
        write_target(original.data, original.size - 9);
        fm_test_refused(resume(&err), &err, FM_ERR_FORMAT, files[i], "bytes", "truncated", NULL);
        original.data[original.size / 2] ^= 4;
        write_target(original.data, original.size);
        fm_test_refused(resume(&err), &err, FM_ERR_FORMAT, files[i], "sha256", "damaged", NULL);
        original.data[original.size / 2] ^= 4;
        write_target(original.data, original.size);
        err = (fm_error){0};
        fm_test_ok(resume(&err), &err);
    }
}

/* Changes one text in state.json. */
static void edit_state(const char *from, const char *to) {
    damage("state.json");
    char *at = strstr(original.data, from);
    if (at == NULL) fail_msg("state.json lacks %s", from);
    fm_buf out = {0};
    fm_buf_append(&out, original.data, (size_t)(at - original.data));
    fm_buf_puts(&out, to);
    fm_buf_puts(&out, at + strlen(from));
    write_target(out.data, out.size);
    fm_buf_release(&out);
}

static void refuses_bad_state(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *word;
    } edits[] = {{"\"step\": 12", "\"step\": -1", "step"},
                 {"\"format\": 1", "\"format\": 9", "format is 9"},
                 {"\"seconds\": ", "\"seconds\": \"x\", \"old\": ", "seconds"},
                 {"\"used\": ", "\"used\": 9000000000000000000, \"old\": ", "used"},
                 {"\"config_sha256\": \"", "\"config_sha256\": \"00", "config_sha256"},
                 {"{", "", "line"}};
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        fm_error err = {0};
        edit_state(edits[i].from, edits[i].to);
        fm_status status = resume(&err);
        write_target(original.data, original.size);
        assert_int_not_equal(status, FM_OK);
        fm_test_refused(status, &err, status, "state.json", edits[i].word, NULL);
    }
}

/* Moments of another shape, with hashes made right: the shape itself must be refused. */
static void refuses_wrong_shape(void **state) {
    (void)state;
    fm_error err = {0};
    char hex[FM_SHA256_HEX], old[FM_SHA256_HEX];
    fm_buf kept = {0};
    damage("optimizer.safetensors");
    fm_sha256_bytes(original.data, original.size, old);
    fm_buf_append(&kept, original.data, original.size);
    char *shape = memmem(kept.data, kept.size, "\"shape\":[48,32]", 15);
    if (shape == NULL) shape = memmem(kept.data, kept.size, "[32,48]", 7);
    assert_non_null(shape);
    char *digits = memchr(shape, '[', 16);
    char swapped[8];
    memcpy(swapped, digits, 7);
    memcpy(digits, memcmp(swapped, "[48,32]", 7) == 0 ? "[32,48]" : "[48,32]", 7);
    write_target(kept.data, kept.size);
    fm_sha256_bytes(kept.data, kept.size, hex);
    edit_state(old, hex);
    fm_test_refused(load(&err), &err, FM_ERR_FORMAT, "optimizer.safetensors", "must be F32", NULL);
    write_target(original.data, original.size); /* state.json */
    memcpy(digits, swapped, 7);
    damage("optimizer.safetensors");
    write_target(kept.data, kept.size);
    err = (fm_error){0};
    fm_test_ok(load(&err), &err);
    fm_buf_release(&kept);
}

/* A file-size limit stands for a disk that is full in the middle of a save. */
static void full_disk_keeps_the_last(void **state) {
    (void)state;
    fm_test_train(recipe, "full", 3, false, 1);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 60000, .rlim_max = 60000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        fm_error err = {0};
        fm_trainer *trainer;
        fm_train_end end;
        fm_train_options options = {.recipe = recipe,
                                    .run = fm_test_run("full"),
                                    .cache = fm_test_temp_dir(),
                                    .resume = true,
                                    .threads = 1,
                                    .steps = 2};
        fm_status status = fm_trainer_open(&trainer, &options, &err);
        if (status == FM_OK) status = fm_trainer_run(trainer, &end, &err);
        _exit(status == FM_ERR_IO && strstr(err.message, "safetensors") != NULL ? 7 : 1);
    }
    int result;
    waitpid(child, &result, 0);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 7);
    char path[1024];
    bool found;
    fm_error err = {0};
    fm_test_ok(fm_checkpoint_latest(fm_test_run("full"), path, &found, &err), &err);
    assert_non_null(strstr(path, "step-000000003"));
    fm_test_train(recipe, "full", 0, true, 1);
    same_run("full");
}

static void keeps_and_refuses_by_default(void **state) {
    (void)state;
    fm_error err = {0};
    fm_trainer *trainer;
    fm_train_options options = {
        .recipe = recipe, .run = fm_test_run("straight"), .cache = fm_test_temp_dir(), .threads = 1};
    fm_test_refused(fm_trainer_open(&trainer, &options, &err), &err, FM_ERR_ARG, "--resume", "straight",
                    NULL);
}

static int release(void **state) {
    (void)state;
    fm_buf_release(&original);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_at_any_step),      cmocka_unit_test(one_thread_and_two_agree),
        cmocka_unit_test(survives_sigkill),         cmocka_unit_test(refuses_damage),
        cmocka_unit_test(refuses_bad_state),        cmocka_unit_test(refuses_wrong_shape),
        cmocka_unit_test(full_disk_keeps_the_last), cmocka_unit_test(keeps_and_refuses_by_default)};
    return cmocka_run_group_tests(tests, train_straight, release);
}
