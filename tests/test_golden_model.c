/* test_golden_model.c: the model against what independent implementations say of it.
 *
 * Every folder deepseek_v2-* and deepseek_v3-* below the golden root ($FM_GOLDEN, else ../shared/data/golden) and below
 * tests/golden of this tree is run; each check looks at the tensors that a folder's expected.safetensors holds.
 * f32: relative error ||a-b||/||b|| of a tensor at most 1e-4; losses10 to 1e-4 per step; greedy tokens exact where
 * the reference's margin is above 1e-3. FM_PLANT=name plants one error, to see that a comparison can fail.
 */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "file/safetensors.h"
#include "kern/adamw/adamw.h"
#include "model/model.h"
#include "support/support.h"

enum { MAX_FOLDERS = 128 };
static const double TOLERANCE = 1e-4;

/* One golden folder, opened. */
typedef struct golden {
    const char *name;
    char folder[1024], model[1024]; /* model: where the weights are (another folder for deepseek_v3-balance) */
    fm_safetensors *expected;
    json_t *meta;
    int sequences, length; /* input_ids [B, T] */
    int32_t *tokens, *positions, *first, *targets;
} golden;

static char folders[MAX_FOLDERS][1024];
static int folder_count;

static bool planted(const char *name) {
    const char *plant = getenv("FM_PLANT");
    return plant && !strcmp(plant, name);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static void list_folders(const char *root) {
    DIR *dir = opendir(root);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir)) && folder_count < MAX_FOLDERS;) {
        if (strncmp(e->d_name, "deepseek_v2-", 12) && strncmp(e->d_name, "deepseek_v3-", 12)) continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s/expected.safetensors", root, e->d_name);
        if (!fm_path_exists(path)) continue;
        snprintf(folders[folder_count++], sizeof *folders, "%s/%s", root, e->d_name);
    }
    closedir(dir);
    qsort(folders, (size_t)folder_count, sizeof *folders, by_text);
}

static const fm_tensor *expected(const golden *g, const char *name) { return fm_safetensors_find(g->expected, name); }
static const float *expected_f32(const golden *g, const char *name) {
    const fm_tensor *t = expected(g, name);
    assert_non_null(t);
    assert_int_equal(t->dtype, FM_F32);
    return t->data;
}

static void golden_open(golden *g, const char *folder) {
    fm_error err = {0};
    char path[2048];
    *g = (golden){0};
    snprintf(g->folder, sizeof g->folder, "%s", folder);
    snprintf(g->model, sizeof g->model, "%s", folder);
    g->name = strrchr(g->folder, '/') + 1;
    snprintf(path, sizeof path, "%s/expected.safetensors", folder);
    fm_test_ok(fm_safetensors_open(&g->expected, path, &err), &err);
    snprintf(path, sizeof path, "%s/meta.json", folder);
    g->meta = json_load_file(path, 0, NULL);
    assert_non_null(g->meta);
    const char *other = json_string_value(json_object_get(g->meta, "model"));
    if (other) snprintf(g->model, sizeof g->model, "%.*s/%s", (int)(g->name - g->folder - 1), g->folder, other);

    const fm_tensor *ids = expected(g, "input_ids");
    assert_non_null(ids);
    assert_int_equal(ids->dtype, FM_I64);
    g->sequences = (int)ids->size[0];
    g->length = (int)ids->size[1];
    int rows = g->sequences * g->length;
    g->tokens = malloc((size_t)rows * 4 * sizeof(int32_t));
    g->positions = g->tokens + rows;
    g->first = g->positions + rows;
    g->targets = g->first + rows;
    for (int i = 0; i < rows; i++) {
        int at = i % g->length;
        g->tokens[i] = (int32_t)((const int64_t *)ids->data)[i];
        g->positions[i] = at;
        g->first[i] = i - at;
        g->targets[i] = at + 1 < g->length ? (int32_t)((const int64_t *)ids->data)[i + 1] : -1;
    }
}

static void golden_close(golden *g) {
    fm_safetensors_close(g->expected);
    json_decref(g->meta);
    free(g->tokens);
}

static int rows_of(const golden *g) { return g->sequences * g->length; }
static fm_batch batch_of(const golden *g) {
    return (fm_batch){rows_of(g), g->tokens, g->positions, g->first, g->targets};
}

/* The model of a folder, ready to run its whole batch. */
typedef struct rig {
    fm_dev dev;
    fm_weights *weights;
    fm_pass *pass;
    fm_batch batch;
    fm_pass_options options;
} rig;

static void rig_open(rig *r, const golden *g) {
    fm_error err = {0};
    *r = (rig){0};
    fm_test_ok(fm_dev_open(&r->dev, 2, 0, &err), &err);
    fm_kern_attach(&r->dev);
    fm_test_ok(fm_weights_open(&r->weights, g->model, true, &err), &err);
    fm_test_ok(fm_pass_create(&r->pass, r->weights, &r->dev, rows_of(g), 0, true, &err), &err);
    r->batch = batch_of(g);
    fm_test_ok(fm_batch_check(r->pass, &r->batch, &err), &err);
    r->options = (fm_pass_options){.precision = FM_PRECISION_F32, .backward = true};
    fm_counts_add(&r->options.step, &r->weights->config, &r->batch);
    if (r->weights->config.num_nextn_predict_layers) r->options.mtp_lambda = 0.3f;
    json_t *alpha = json_object_get(g->meta, "alpha");
    if (alpha) r->options.balance_alpha = (float)json_real_value(alpha);
}

static void rig_close(rig *r) {
    fm_pass_free(r->pass);
    fm_weights_free(r->weights);
    fm_dev_close(&r->dev);
}

static void same(const golden *g, const char *name, const float *ours, const float *theirs, size_t n) {
    double error = fm_test_relative_error(ours, theirs, n);
    if (!(error <= TOLERANCE))
        fail_msg("%s: %s: relative error %.3g, at most %.0g is allowed", g->name, name, error, TOLERANCE);
}

static void same_number(const golden *g, const char *name, double ours, double theirs) {
    if (!(fabs(ours - theirs) <= TOLERANCE * fabs(theirs)))
        fail_msg("%s: %s: %.7g, expected %.7g", g->name, name, ours, theirs);
}

/* ---- forward ---------------------------------------------------------------------------------------------------- */

static void check_forward(const golden *g) {
    rig r;
    rig_open(&r, g);
    r.options.backward = false;
    if (planted("norm")) r.weights->w[r.weights->final_norm] *= 1.01f;
    fm_losses losses = {0};
    fm_pass_run(r.pass, &r.batch, &r.options, &losses);
    const fm_config *c = &r.weights->config;
    size_t rows = (size_t)rows_of(g), vocab = (size_t)c->vocab_size, hidden = (size_t)c->hidden_size;
    for (int i = 0; i <= c->num_hidden_layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden.%d", i);
        if (expected(g, name)) same(g, name, fm_pass_hidden(r.pass, i), expected_f32(g, name), rows * hidden);
    }
    float *logits = malloc(rows * vocab * sizeof *logits);
    if (expected(g, "logits")) {
        fm_pass_logits(r.pass, 0, (int)rows, logits, FM_PRECISION_F32);
        same(g, "logits", logits, expected_f32(g, "logits"), rows * vocab);
    }
    if (expected(g, "mtp_logits")) {
        int count = fm_pass_mtp_rows(r.pass, 0, NULL);
        assert_int_equal(count, g->sequences * (g->length - 1));
        fm_pass_mtp_logits(r.pass, 0, 0, count, logits, FM_PRECISION_F32);
        same(g, "mtp_logits", logits, expected_f32(g, "mtp_logits"), (size_t)count * vocab);
    }
    free(logits);
    if (expected(g, "loss")) {
        double total = fm_losses_total(&losses, c, r.options.mtp_lambda, r.options.balance_alpha);
        same_number(g, "loss", total, expected_f32(g, "loss")[0]);
    }
    if (expected(g, "loss_main"))
        same_number(g, "loss_main", losses.main / (double)losses.counts.targets, expected_f32(g, "loss_main")[0]);
    if (expected(g, "loss_mtp"))
        same_number(g, "loss_mtp", losses.mtp[0] / (double)losses.counts.mtp_targets[0],
                    expected_f32(g, "loss_mtp")[0]);
    rig_close(&r);
}

/* ---- gradients -------------------------------------------------------------------------------------------------- */

/* A golden gradient by HF name: one of our parameters, or nothing (a failure). */
static void check_gradients(const golden *g) {
    rig r;
    rig_open(&r, g);
    fm_losses losses = {0};
    fm_pass_run(r.pass, &r.batch, &r.options, &losses);
    if (planted("gradient")) r.weights->g[r.weights->block[0].o] *= 2.0f;
    int compared = 0;
    for (int i = 0; i < fm_safetensors_count(g->expected); i++) {
        const char *name = fm_safetensors_name(g->expected, i);
        if (strncmp(name, "grad.", 5)) continue;
        const fm_param *p = fm_weights_find(r.weights, name + 5);
        if (!p) fail_msg("%s: %s is not a parameter of ours", g->name, name);
        const fm_tensor *t = fm_safetensors_at(g->expected, i);
        assert_int_equal(fm_tensor_count(t), p->count);
        same(g, name, r.weights->g + p->offset, t->data, p->count);
        compared++;
    }
    int trained = 0;
    for (int i = 0; i < r.weights->param_count; i++) trained += r.weights->params[i].trained;
    if (compared) assert_int_equal(compared, trained); /* nobody's gradient is left out */
    rig_close(&r);
}

/* ---- ten steps -------------------------------------------------------------------------------------------------- */

static void adamw_step(rig *r, const golden *g, int step) {
    json_t *a = json_object_get(g->meta, "adamw");
    fm_weights *w = r->weights;
    double norm = sqrt(fm_sum_squares(&r->dev, w->g, w->trained_count));
    double clip = json_number_value(json_object_get(a, "clip_global_norm")) / (norm + 1e-6);
    fm_adamw op = {.lr = (float)json_number_value(json_object_get(a, "lr")),
                   .beta1 = (float)json_number_value(json_array_get(json_object_get(a, "betas"), 0)),
                   .beta2 = (float)json_number_value(json_array_get(json_object_get(a, "betas"), 1)),
                   .eps = (float)json_number_value(json_object_get(a, "eps")),
                   .decay = 0.1f,
                   .grad_scale = clip < 1.0 ? (float)clip : 1.0f,
                   .step = step};
    if (planted("adamw")) op.eps = 1e-4f;
    size_t d = w->decay_count;
    fm_adamw_update(&r->dev, &op, w->w, w->m, w->v, w->g, d);
    op.decay = 0.0f;
    fm_adamw_update(&r->dev, &op, w->w + d, w->m + d, w->v + d, w->g + d, w->trained_count - d);
}

static void check_ten_steps(const golden *g) {
    if (!expected(g, "losses10")) return;
    rig r;
    rig_open(&r, g);
    for (int step = 0; step < 10; step++) {
        fm_losses losses = {0};
        memset(r.weights->g, 0, r.weights->total_count * sizeof(float));
        fm_pass_run(r.pass, &r.batch, &r.options, &losses);
        char name[32];
        snprintf(name, sizeof name, "losses10[%d]", step);
        same_number(g, name, fm_losses_total(&losses, &r.weights->config, r.options.mtp_lambda, 0.0f),
                    expected_f32(g, "losses10")[step]);
        adamw_step(&r, g, step + 1);
    }
    rig_close(&r);
}

/* ---- balance ---------------------------------------------------------------------------------------------------- */

static void check_balance(const golden *g) {
    if (!expected(g, "balance")) return;
    rig r;
    rig_open(&r, g);
    fm_losses losses = {0};
    fm_pass_load_clear(r.pass);
    fm_pass_run(r.pass, &r.batch, &r.options, &losses);
    const fm_tensor *t = expected(g, "balance");
    double sum = 0.0;
    for (int64_t i = 0; i < fm_tensor_count(t); i++) sum += ((const float *)t->data)[i];
    same_number(g, "balance", losses.balance, sum);
    float gamma = (float)json_number_value(json_object_get(g->meta, "gamma"));
    if (planted("bias")) gamma = -gamma;
    fm_pass_bias_update(r.pass, gamma);
    int experts = r.weights->config.n_routed_experts, layer = 0;
    for (int i = 0; i < r.weights->blocks; i++) {
        const int64_t *load = fm_pass_load(r.pass, i);
        if (!load) continue;
        for (int e = 0; e < experts; e++)
            same_number(g, "load", (double)load[e], expected_f32(g, "load")[layer * experts + e]);
        same(g, "bias_after", r.weights->w + r.weights->block[i].router_bias,
             expected_f32(g, "bias_after") + layer * experts, (size_t)experts);
        layer++;
    }
    assert_int_equal(layer, expected(g, "load")->size[0]);
    rig_close(&r);
}

/* ---- inference -------------------------------------------------------------------------------------------------- */

typedef struct decode_rig {
    fm_dev dev;
    fm_decoder *decoder;
    fm_cache cache;
    int vocab;
    float *logits; /* [length, V] */
} decode_rig;

static void decode_open(decode_rig *r, const golden *g) {
    fm_error err = {0};
    *r = (decode_rig){0};
    fm_test_ok(fm_dev_open(&r->dev, 2, 0, &err), &err);
    fm_kern_attach(&r->dev);
    fm_decoder_options options = {.dtype = FM_F32, .max_context = 256, .max_rows = 48};
    fm_config config;
    fm_test_ok(fm_config_load(&config, g->model, &err), &err);
    options.mtp = config.num_nextn_predict_layers > 0;
    fm_test_ok(fm_decoder_load(&r->decoder, g->model, &r->dev, &options, &err), &err);
    fm_test_ok(fm_cache_open(&r->cache, r->decoder, 256, &err), &err);
    r->vocab = config.vocab_size;
    r->logits = malloc((size_t)g->length * (size_t)r->vocab * sizeof(float));
}

static void decode_close(decode_rig *r) {
    free(r->logits);
    fm_cache_close(&r->cache);
    fm_decoder_free(r->decoder);
    fm_dev_close(&r->dev);
}

/* Every position of every sequence, once as a prompt (unabsorbed) and once generated (absorbed). */
static void check_decoder_logits(const golden *g, decode_rig *r) {
    fm_error err = {0};
    size_t all = (size_t)g->length * (size_t)r->vocab;
    for (int b = 0; b < g->sequences; b++) {
        const int32_t *tokens = g->tokens + b * g->length;
        const float *theirs = expected_f32(g, "logits") + (size_t)b * all;
        fm_cache_truncate(&r->cache, 0);
        fm_prefill job = {.cache = &r->cache, .tokens = tokens, .count = g->length, .all_logits = r->logits};
        fm_test_ok(fm_decoder_prefill(r->decoder, &job, &err), &err);
        if (planted("prefill")) r->logits[0] += 100.0f;
        same(g, "logits (prefill)", r->logits, theirs, all);
        fm_cache_truncate(&r->cache, 0);
        for (int t = 0; t < g->length; t++) {
            fm_decode_row row = {.cache = &r->cache, .token = tokens[t],
                                 .logits = r->logits + (size_t)t * (size_t)r->vocab};
            fm_test_ok(fm_decoder_step(r->decoder, &row, 1, &err), &err);
        }
        same(g, "logits (decode)", r->logits, theirs, all);
    }
}

static int best_of(const float *logits, int vocab) {
    int best = 0;
    for (int i = 1; i < vocab; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

/* The continuation of the first 17 tokens; where the reference itself wavers, its choice is taken. */
static void check_greedy(const golden *g, decode_rig *r) {
    fm_error err = {0};
    const fm_tensor *greedy = expected(g, "greedy");
    if (!greedy) return;
    int steps = (int)greedy->size[1];
    for (int b = 0; b < g->sequences; b++) {
        const int64_t *want = (const int64_t *)greedy->data + b * steps;
        const float *margin = expected_f32(g, "greedy_margin") + b * steps;
        fm_cache_truncate(&r->cache, 0);
        fm_prefill job = {.cache = &r->cache, .tokens = g->tokens + b * g->length, .count = 17, .logits = r->logits};
        fm_test_ok(fm_decoder_prefill(r->decoder, &job, &err), &err);
        for (int i = 0; i < steps; i++) {
            int got = best_of(r->logits, r->vocab);
            if (planted("greedy") && i == 5) got++;
            if (got != want[i] && margin[i] > 1e-3f)
                fail_msg("%s: greedy[%d][%d]: token %d, expected %d (margin %.3g)", g->name, b, i, got, (int)want[i],
                         margin[i]);
            fm_decode_row row = {.cache = &r->cache, .token = (int32_t)want[i], .logits = r->logits};
            fm_test_ok(fm_decoder_step(r->decoder, &row, 1, &err), &err);
        }
    }
}

/* The MTP module over the hidden states of a prompt. */
static void check_decoder_mtp(const golden *g, decode_rig *r) {
    fm_error err = {0};
    if (!expected(g, "mtp_logits")) return;
    size_t hidden = (size_t)fm_decoder_config(r->decoder)->hidden_size, vocab = (size_t)r->vocab;
    float *states = malloc((size_t)g->length * hidden * sizeof *states);
    for (int b = 0; b < g->sequences; b++) {
        const int32_t *tokens = g->tokens + b * g->length;
        fm_cache_truncate(&r->cache, 0);
        fm_prefill job = {.cache = &r->cache, .tokens = tokens, .count = g->length, .hidden = states};
        fm_test_ok(fm_decoder_prefill(r->decoder, &job, &err), &err);
        for (int i = 0; i + 1 < g->length; i += 40) { /* several rows at once, in order */
            fm_mtp_row rows[40];
            int count = 0;
            for (; count < 40 && i + count + 1 < g->length; count++)
                rows[count] = (fm_mtp_row){&r->cache, i + count, tokens[i + count + 1],
                                           states + (size_t)(i + count) * hidden,
                                           r->logits + (size_t)(i + count) * vocab};
            fm_test_ok(fm_decoder_mtp(r->decoder, rows, count, &err), &err);
        }
        size_t all = (size_t)(g->length - 1) * vocab;
        same(g, "mtp_logits (decode)", r->logits, expected_f32(g, "mtp_logits") + (size_t)b * all, all);
    }
    free(states);
}

static void check_decoder(const golden *g) {
    if (!expected(g, "logits")) return;
    decode_rig r;
    decode_open(&r, g);
    check_decoder_logits(g, &r);
    check_greedy(g, &r);
    check_decoder_mtp(g, &r);
    decode_close(&r);
}

/* ---- all folders ------------------------------------------------------------------------------------------------ */

static void each(void (*check)(const golden *g)) {
    if (!folder_count) {
        print_message("no golden folder at %s or in tests/golden\n", fm_test_golden(""));
        skip();
    }
    for (int i = 0; i < folder_count; i++) {
        golden g;
        golden_open(&g, folders[i]);
        check(&g);
        golden_close(&g);
    }
}

static void test_forward(void **state) {
    (void)state;
    each(check_forward);
}
static void test_gradients(void **state) {
    (void)state;
    each(check_gradients);
}
static void test_ten_steps(void **state) {
    (void)state;
    each(check_ten_steps);
}
static void test_decoder(void **state) {
    (void)state;
    each(check_decoder);
}
static void test_balance(void **state) {
    (void)state;
    each(check_balance);
}

int main(void) {
    list_folders(fm_test_golden(""));
    list_folders(FM_SOURCE_DIR "/tests/golden");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_ten_steps),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_decoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
