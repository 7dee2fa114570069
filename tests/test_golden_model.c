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
#include "base/rng.h"
#include "file/safetensors.h"
#include "kern/adamw/adamw.h"
#include "kern/gemm/gemm_serial.h"
#include "kern/kern_table.h"
#include "model/model.h"
#include "support/support.h"

enum { MAX_FOLDERS = 128 };
static const double TOLERANCE = 1e-4;

/* One golden folder, opened. */
typedef struct golden {
    const char *name;
    char folder[1024],
        model[1024]; /* model: where the weights are (another folder for deepseek_v3-balance) */
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

static const fm_tensor *expected(const golden *g, const char *name) {
    return fm_safetensors_find(g->expected, name);
}
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
    if (other)
        snprintf(g->model, sizeof g->model, "%.*s/%s", (int)(g->name - g->folder - 1), g->folder, other);

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
        same_number(g, "loss_main", losses.main / (double)losses.counts.targets,
                    expected_f32(g, "loss_main")[0]);
    if (expected(g, "loss_mtp"))
        same_number(g, "loss_mtp", losses.mtp[0] / (double)losses.counts.mtp_targets[0],
                    expected_f32(g, "loss_mtp")[0]);
    rig_close(&r);
}

/* ---- gradients -------------------------------------------------------------------------------------------------- */

/* A golden gradient by HF name: one of our parameters, or nothing (a failure). */
static void check_gradients(const golden *g) {
    if (!expected(g, "loss")) return;
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

/* ---- bf16 ------------------------------------------------------------------------------------------------------- */

/* Where the processor has no bf16 instruction its arithmetic is imitated: operands rounded as they are packed, sums in
 * f32. So the bounds below are checked everywhere. */
static void round_panel(float *panel, size_t n) {
    for (size_t i = 0; i < n; i++) panel[i] = fm_bf16_to_f32(fm_f32_to_bf16(panel[i]));
}
static void rounded_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    fm_gemm_scalar.pack_a(to, from, stride, k_stride, count, k);
    round_panel(to, (size_t)fm_gemm_scalar.mr * (size_t)k);
}
static void rounded_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    fm_gemm_scalar.pack_b(to, from, stride, k_stride, count, k);
    round_panel(to, (size_t)fm_gemm_scalar.nr * (size_t)k);
}

static fm_gemm_kernels imitation;
static fm_kern table;

static void give_bf16(fm_dev *dev) {
    if (dev->kern->gemm_bf16 != dev->kern->gemm && !planted("imitate")) return;
    imitation = fm_gemm_scalar;
    imitation.pack_a = rounded_a;
    imitation.pack_b = rounded_b;
    table = *dev->kern;
    table.gemm_bf16 = &imitation;
    dev->kern = &table;
}

/* Each weight as a product on the same random input, in both precisions: the error of rounding, and not less. */
static void check_products(const golden *g, rig *r) {
    enum { M = 16 };
    for (int i = 0; i < r->weights->param_count; i++) {
        const fm_param *p = &r->weights->params[i];
        if (p->dims != 2 || strstr(p->name, "experts.1")) continue;
        int n = (int)p->size[0], k = (int)p->size[1];
        float *x = malloc((size_t)M * (size_t)k * sizeof *x),
              *y = malloc(2 * (size_t)M * (size_t)n * sizeof *y);
        fm_rng rng = fm_rng_init(5, p->name);
        for (int j = 0; j < M * k; j++) x[j] = fm_rng_normal(&rng);
        const float *w = r->weights->w + p->offset;
        fm_gemm_forward(&r->dev, y, x, w, M, n, k, FM_PRECISION_F32);
        fm_gemm_forward(&r->dev, y + (size_t)M * n, x, w, M, n, k, FM_PRECISION_BF16);
        double error = fm_test_relative_error(y + (size_t)M * n, y, (size_t)M * (size_t)n);
        if (!(error <= 4e-3 && error >= 2e-4))
            fail_msg("%s: %s in bf16: error %.3g", g->name, p->name, error);
        free(x);
        free(y);
    }
}

/* The whole pass with the experts of the f32 run: routing flips are not arithmetic. Only products are rounded. */
static void check_bf16(const golden *g) {
    if (!expected(g, "loss") || !expected(g, "logits")) return;
    rig r;
    rig_open(&r, g);
    give_bf16(&r.dev);
    check_products(g, &r);
    size_t logits_size = (size_t)rows_of(g) * (size_t)r.weights->config.vocab_size,
           n = r.weights->trained_count;
    float *logits = malloc(2 * logits_size * sizeof *logits), *gradients = malloc(n * sizeof *gradients);
    size_t slots = (size_t)rows_of(g) * (size_t)r.weights->config.num_experts_per_tok;
    int32_t *kept = malloc((size_t)r.weights->blocks * slots * sizeof *kept);
    double loss[2];
    for (int k = 0; k < 2; k++) {
        fm_losses losses = {0};
        r.options.precision = k ? FM_PRECISION_BF16 : FM_PRECISION_F32;
        memset(r.weights->g, 0, r.weights->total_count * sizeof(float));
        fm_pass_run(r.pass, &r.batch, &r.options, &losses);
        loss[k] = fm_losses_total(&losses, &r.weights->config, r.options.mtp_lambda, 0.0f);
        fm_pass_logits(r.pass, 0, rows_of(g), logits + (size_t)k * logits_size, r.options.precision);
        if (k) continue;
        memcpy(gradients, r.weights->g, n * sizeof *gradients);
        for (int b = 0; b < r.weights->blocks; b++) {
            if (!fm_pass_chosen(r.pass, b)) continue;
            memcpy(kept + (size_t)b * slots, fm_pass_chosen(r.pass, b), slots * sizeof *kept);
            if (!planted("choice")) fm_pass_force_choice(r.pass, b, kept + (size_t)b * slots);
        }
    }
    double error = fm_test_relative_error(logits + logits_size, logits, logits_size);
    double slope = fm_test_relative_error(r.weights->g, gradients, n);
    print_message("%s: bf16 against f32: logits %.2g, gradients %.2g, loss %.2g\n", g->name, error, slope,
                  fabs(loss[1] - loss[0]) / loss[0]);
    if (!(error <= 0.03 && error >= 1e-3)) fail_msg("%s: logits in bf16: error %.3g", g->name, error);
    if (!(slope <= 0.05)) fail_msg("%s: gradients in bf16: error %.3g", g->name, slope);
    if (!(fabs(loss[1] - loss[0]) <= 5e-3 * loss[0]))
        fail_msg("%s: loss %.6g in bf16, %.6g in f32", g->name, loss[1], loss[0]);
    free(kept);
    free(logits);
    free(gradients);
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
            fm_decode_row row = {
                .cache = &r->cache, .token = tokens[t], .logits = r->logits + (size_t)t * (size_t)r->vocab};
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
        fm_prefill job = {
            .cache = &r->cache, .tokens = g->tokens + b * g->length, .count = 17, .logits = r->logits};
        fm_test_ok(fm_decoder_prefill(r->decoder, &job, &err), &err);
        for (int i = 0; i < steps; i++) {
            int got = best_of(r->logits, r->vocab);
            if (planted("greedy") && i == 5) got++;
            if (got != want[i] && margin[i] > 1e-3f)
                fail_msg("%s: greedy[%d][%d]: token %d, expected %d (margin %.3g)", g->name, b, i, got,
                         (int)want[i], margin[i]);
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
static void test_bf16(void **state) {
    (void)state;
    each(check_bf16);
}
static void test_balance(void **state) {
    (void)state;
    each(check_balance);
}

int main(void) {
    list_folders(fm_test_golden(""));
    list_folders(FM_SOURCE_DIR "/tests/golden");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward), cmocka_unit_test(test_gradients), cmocka_unit_test(test_ten_steps),
        cmocka_unit_test(test_balance), cmocka_unit_test(test_decoder),   cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
