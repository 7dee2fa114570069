/* test_model.c: what must hold of the model whatever its numbers: on tiny random models over all switches.
 *
 * Losses and gradients: micro-batches that add up to one batch, packed samples that do not see each other, any number
 * of threads, derivatives by finite differences. Inference: any chunking and any company give the same bits, prompts and
 * generated positions agree, a saved model reads back. No allocation inside a step.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/model.h"
#include "support/support.h"

/* ---- allocations ------------------------------------------------------------------------------------------------ */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)
#define COUNTS_ALLOCATIONS 1
static long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size) {
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_realloc(old, size);
}
#endif

/* ---- tiny models ------------------------------------------------------------------------------------------------ */

/* Odd on purpose: no dimension is a multiple of a vector. */
static fm_config tiny(void) {
    fm_config c = {.vocab_size = 37,
                   .hidden_size = 22,
                   .num_hidden_layers = 3,
                   .num_attention_heads = 3,
                   .q_lora_rank = 9,
                   .kv_lora_rank = 11,
                   .qk_nope_head_dim = 5,
                   .qk_rope_head_dim = 6,
                   .v_head_dim = 7,
                   .intermediate_size = 19,
                   .moe_intermediate_size = 13,
                   .n_routed_experts = 8,
                   .n_shared_experts = 1,
                   .num_experts_per_tok = 3,
                   .n_group = 4,
                   .topk_group = 2,
                   .first_k_dense_replace = 1,
                   .moe_layer_freq = 1,
                   .scoring = FM_SCORING_SIGMOID,
                   .topk_method = FM_TOPK_NOAUX_TC,
                   .norm_topk_prob = true,
                   .routed_scaling_factor = 2.5f,
                   .rms_norm_eps = 1e-6f,
                   .rope_theta = 10000.0f,
                   .rope_interleave = true,
                   .max_position_embeddings = 256,
                   .num_nextn_predict_layers = 1,
                   .initializer_range = 0.3f,
                   .bos_token_id = 0,
                   .eos_token_id = 1};
    snprintf(c.model_type, sizeof c.model_type, "deepseek_v3");
    return c;
}

enum { VARIANTS = 12 };

/* Each switch turned at least once. */
static fm_config variant(int index, const char **name) {
    fm_config c = tiny();
    static const char *const names[VARIANTS] = {
        "V3 with MTP",   "no q_lora_rank",      "YaRN",      "all dense", "no shared expert",
        "tied head",     "two MTP modules",     "V2 greedy", "V2 groups", "no group",
        "half rotation", "16 experts, 4 layers"};
    *name = names[index];
    switch (index) {
    case 1: c.q_lora_rank = 0; break;
    case 2: c.rope_scaling = (fm_rope_scaling){40.0f, 32.0f, 1.0f, 0.707f, 0.707f, 64}; break;
    case 3: c.first_k_dense_replace = 8; break;
    case 4: c.n_shared_experts = 0; break;
    case 5: c.tie_word_embeddings = true; break;
    case 6: c.num_nextn_predict_layers = 2; break;
    case 7:
        snprintf(c.model_type, sizeof c.model_type, "deepseek_v2");
        c.scoring = FM_SCORING_SOFTMAX;
        c.topk_method = FM_TOPK_GREEDY;
        c.norm_topk_prob = false;
        c.num_nextn_predict_layers = 0;
        c.n_shared_experts = 2;
        c.routed_scaling_factor = 1.0f;
        break;
    case 8:
        snprintf(c.model_type, sizeof c.model_type, "deepseek_v2");
        c.scoring = FM_SCORING_SOFTMAX;
        c.topk_method = FM_TOPK_GROUP_LIMITED_GREEDY;
        c.norm_topk_prob = false;
        c.num_nextn_predict_layers = 0;
        c.routed_scaling_factor = 16.0f;
        break;
    case 9:
        c.n_group = c.topk_group = 1;
        c.norm_topk_prob = false;
        break;
    case 10: c.rope_interleave = false; break;
    case 11:
        c.n_routed_experts = 16;
        c.num_hidden_layers = 4;
        c.first_k_dense_replace = 0;
        c.num_attention_heads = 5;
        break;
    default: break;
    }
    return c;
}

enum { ROWS = 64 };

/* Samples of 1 (nothing to learn), 13, 30, 20 rows, as they lie in one packed batch. */
static const int sample_rows[] = {13, 1, 30, 20};
enum { SAMPLES = 4 };

typedef struct rows {
    int32_t tokens[ROWS], positions[ROWS], first[ROWS], targets[ROWS];
} rows;

static void make_rows(rows *r, int vocab) {
    fm_rng rng = fm_rng_init(7, "test rows");
    for (int s = 0, at = 0; s < SAMPLES; s++) {
        int begin = at;
        for (int i = 0; i < sample_rows[s]; i++, at++) {
            r->tokens[at] = (int32_t)fm_rng_below(&rng, (uint32_t)vocab);
            r->positions[at] = i;
            r->first[at] = begin;
        }
        for (int i = begin; i < at; i++)
            r->targets[i] = i + 1 < at && i % 5 ? r->tokens[i + 1] : -1; /* some masked */
    }
}

typedef struct rig {
    fm_dev dev;
    fm_weights *weights;
    fm_pass *pass;
    fm_pass_options options;
} rig;

static fm_batch slice(const rows *r, int begin, int count, int32_t *first) {
    for (int i = 0; i < count; i++) first[i] = r->first[begin + i] - begin;
    return (fm_batch){count, r->tokens + begin, r->positions + begin, first, r->targets + begin};
}

static void rig_open(rig *r, const fm_config *config, int threads) {
    fm_error err = {0};
    *r = (rig){0};
    fm_test_ok(fm_dev_open(&r->dev, threads, 0, &err), &err);
    fm_kern_attach(&r->dev);
    fm_test_ok(fm_weights_create(&r->weights, config, true, &err), &err);
    fm_weights_init(r->weights, 42);
    fm_rng rng = fm_rng_init(3, "norms and biases"); /* off their starting values, so that their use shows */
    for (size_t i = r->weights->decay_count; i < r->weights->total_count; i++)
        r->weights->w[i] += 0.1f * fm_rng_normal(&rng);
    fm_test_ok(fm_pass_create(&r->pass, r->weights, &r->dev, ROWS, 0, true, &err), &err);
    r->options = (fm_pass_options){.backward = true, .mtp_lambda = 0.3f, .balance_alpha = 0.2f};
}

static void rig_close(rig *r) {
    fm_pass_free(r->pass);
    fm_weights_free(r->weights);
    fm_dev_close(&r->dev);
}

static void count_step(rig *r, const rows *data) {
    int32_t first[ROWS];
    fm_batch all = slice(data, 0, ROWS, first);
    r->options.step = (fm_counts){0};
    fm_counts_add(&r->options.step, &r->weights->config, &all);
}

/* Clears gradients and runs rows [begin, begin + count) of the step as one micro-batch. */
static void run(rig *r, const rows *data, int begin, int count, fm_losses *losses) {
    fm_error err = {0};
    int32_t first[ROWS];
    fm_batch batch = slice(data, begin, count, first);
    fm_test_ok(fm_batch_check(r->pass, &batch, &err), &err);
    fm_pass_run(r->pass, &batch, &r->options, losses);
}

static void clear_gradients(rig *r) { memset(r->weights->g, 0, r->weights->total_count * sizeof(float)); }

static float *copy_gradients(const rig *r) {
    float *copy = malloc(r->weights->total_count * sizeof *copy);
    memcpy(copy, r->weights->g, r->weights->total_count * sizeof *copy);
    return copy;
}

static double total(const rig *r, const fm_losses *losses) {
    return fm_losses_total(losses, &r->weights->config, r->options.mtp_lambda, r->options.balance_alpha);
}

/* ---- losses and gradients --------------------------------------------------------------------------------------- */

/* One batch, the same rows in three micro-batches cut between samples, every sample alone: one loss, one gradient. */
static void test_micro_batches(void **state) {
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const char *name;
        fm_config config = variant(v, &name);
        rig r;
        rows data;
        rig_open(&r, &config, 2);
        make_rows(&data, config.vocab_size);
        count_step(&r, &data);
        fm_losses one = {0}, parts = {0};
        clear_gradients(&r);
        run(&r, &data, 0, ROWS, &one);
        float *whole = copy_gradients(&r);
        clear_gradients(&r);
        for (int s = 0, at = 0; s < SAMPLES; at += sample_rows[s++])
            run(&r, &data, at, sample_rows[s], &parts);
        if (!(fabs(total(&r, &one) - total(&r, &parts)) <= 1e-6 * fabs(total(&r, &one))))
            fail_msg("%s: loss %.9g in one batch, %.9g in parts", name, total(&r, &one), total(&r, &parts));
        assert_memory_equal(&one.counts, &parts.counts, sizeof one.counts);
        double error = fm_test_relative_error(r.weights->g, whole, r.weights->trained_count);
        if (!(error <= 2e-6)) fail_msg("%s: gradients of parts differ from the batch's by %.3g", name, error);
        free(whole);
        rig_close(&r);
    }
}

static void test_threads(void **state) {
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const char *name;
        fm_config config = variant(v, &name);
        float *gradients[2];
        double losses[2];
        size_t count = 0;
        for (int k = 0; k < 2; k++) {
            rig r;
            rows data;
            fm_losses sums = {0};
            rig_open(&r, &config, k ? 3 : 1);
            make_rows(&data, config.vocab_size);
            count_step(&r, &data);
            run(&r, &data, 0, ROWS, &sums);
            gradients[k] = copy_gradients(&r);
            losses[k] = total(&r, &sums);
            count = r.weights->total_count;
            rig_close(&r);
        }
        if (losses[0] != losses[1] || memcmp(gradients[0], gradients[1], count * sizeof(float)))
            fail_msg("%s: one thread and three give different bits", name);
        free(gradients[0]);
        free(gradients[1]);
    }
}

static void force_choices(rig *r, int32_t *kept) {
    size_t size = (size_t)ROWS * (size_t)r->weights->config.num_experts_per_tok;
    for (int b = 0; b < r->weights->blocks; b++) {
        const int32_t *chosen = fm_pass_chosen(r->pass, b);
        if (!chosen) continue;
        memcpy(kept + (size_t)b * size, chosen, size * sizeof *kept);
        fm_pass_force_choice(r->pass, b, kept + (size_t)b * size);
    }
}

static double loss_at(rig *r, const rows *data, float *w, const float *from, const float *g, size_t n,
                      double step) {
    fm_losses losses = {0};
    for (size_t i = 0; i < n; i++) w[i] = (float)(from[i] + step * g[i]);
    run(r, data, 0, ROWS, &losses);
    return total(r, &losses);
}

/* Along each tensor's own gradient the loss must rise at the rate of its length; the choice of experts is held, as
 * the gradient holds it. */
static void check_tensor(rig *r, const rows *data, const fm_param *p, const float *g, const char *name) {
    float *w = r->weights->w + p->offset, *from = malloc(p->count * sizeof *from);
    double square = 0.0, size = 0.0;
    memcpy(from, w, p->count * sizeof *from);
    for (size_t i = 0; i < p->count; i++) {
        square += (double)g[i] * g[i];
        size += (double)w[i] * w[i];
    }
    double step = 4e-3 / square,
           longest = 0.02 * sqrt(size / square); /* a rise of 0.4 %, a move of 2 % at most */
    if (square > 1e-9 && step > longest) step = longest;
    if (square > 1e-9) {
        double rise =
            loss_at(r, data, w, from, g, p->count, step) - loss_at(r, data, w, from, g, p->count, -step);
        double slope = rise / (2.0 * step * square), noise = 3e-6 / (2.0 * step * square);
        if (!(fabs(slope - 1.0) <= 0.01 + noise))
            fail_msg("%s: %s: the loss rises %.4f times as fast as the gradient says", name, p->name, slope);
    }
    memcpy(w, from, p->count * sizeof *w);
    free(from);
}

static void test_finite_differences(void **state) {
    (void)state;
    bool plant = getenv("FM_PLANT") != NULL;
    for (int v = 0; v < VARIANTS; v++) {
        const char *name;
        fm_config config = variant(v, &name);
        rig r;
        rows data;
        fm_losses losses = {0};
        rig_open(&r, &config, 1);
        make_rows(&data, config.vocab_size);
        count_step(&r, &data);
        run(&r, &data, 0, ROWS, &losses);
        float *g = copy_gradients(&r);
        if (plant) g[r.weights->block[0].o] += 1.0f;
        int32_t *kept =
            malloc((size_t)r.weights->blocks * ROWS * (size_t)config.num_experts_per_tok * sizeof *kept);
        force_choices(&r, kept);
        r.options.backward = false;
        for (int i = 0; i < r.weights->param_count; i++) {
            const fm_param *p = &r.weights->params[i];
            bool expert = strstr(p->name, ".experts.") && !strstr(p->name, ".experts.1.");
            if (p->trained && !expert) check_tensor(&r, &data, p, g + p->offset, name);
        }
        free(kept);
        free(g);
        rig_close(&r);
    }
}

static void test_no_allocation(void **state) {
    (void)state;
#ifdef COUNTS_ALLOCATIONS
    const char *name;
    fm_config config = variant(6, &name);
    rig r;
    rows data;
    fm_losses losses = {0};
    rig_open(&r, &config, 2);
    make_rows(&data, config.vocab_size);
    count_step(&r, &data);
    run(&r, &data, 0, ROWS, &losses); /* OpenMP starts its threads */
    long before = allocations;
    free(malloc(1));
    assert_int_equal(allocations, before + 1); /* the count works */
    before = allocations;
    run(&r, &data, 0, ROWS, &losses);
    fm_pass_bias_update(r.pass, 0.001f);
    assert_int_equal(allocations, before);
    rig_close(&r);
#else
    print_message("allocations cannot be counted under a sanitizer or without glibc\n");
    skip();
#endif
}

static void test_bad_batches(void **state) {
    (void)state;
    fm_error err = {0};
    const char *name;
    fm_config config = variant(0, &name);
    rig r;
    rows data;
    int32_t first[ROWS];
    rig_open(&r, &config, 1);
    make_rows(&data, config.vocab_size);
    fm_batch batch = slice(&data, 0, ROWS, first);
    data.tokens[3] = 37;
    fm_test_refused(fm_batch_check(r.pass, &batch, &err), &err, FM_ERR_ARG, "row 3", "37", NULL);
    data.tokens[3] = 0;
    data.targets[9] = -2;
    fm_test_refused(fm_batch_check(r.pass, &batch, &err), &err, FM_ERR_ARG, "row 9", "target -2", NULL);
    data.targets[9] = -1;
    data.positions[5] = 256;
    fm_test_refused(fm_batch_check(r.pass, &batch, &err), &err, FM_ERR_LIMIT, "row 5", "256", "255", NULL);
    data.positions[5] = 5;
    first[20] = 4;
    fm_test_refused(fm_batch_check(r.pass, &batch, &err), &err, FM_ERR_ARG, "row 20", "first", NULL);
    first[20] = data.first[20];
    batch.rows = ROWS + 1;
    fm_test_refused(fm_batch_check(r.pass, &batch, &err), &err, FM_ERR_ARG, "65", "64", NULL);
    rig_close(&r);
}

/* ---- inference -------------------------------------------------------------------------------------------------- */

enum { LENGTH = 130 };

static fm_decoder *decoder_of(rig *r, fm_dtype dtype, int max_rows) {
    fm_error err = {0};
    fm_decoder *d;
    fm_decoder_options options = {.dtype = dtype, .max_rows = max_rows, .max_context = LENGTH};
    fm_test_ok(fm_decoder_pack(&d, r->weights, &r->dev, &options, &err), &err);
    return d;
}

/* All logits of `tokens`, handed in `chunk` at a time (0: at once). */
static void prefill_all(fm_decoder *d, const int32_t *tokens, int chunk, float *logits) {
    fm_error err = {0};
    fm_cache cache;
    int vocab = fm_decoder_config(d)->vocab_size;
    fm_test_ok(fm_cache_open(&cache, d, LENGTH, &err), &err);
    for (int at = 0; at < LENGTH; at += chunk ? chunk : LENGTH) {
        int count = chunk && chunk < LENGTH - at ? chunk : LENGTH - at;
        fm_prefill job = {.cache = &cache,
                          .tokens = tokens + at,
                          .count = count,
                          .all_logits = logits + (size_t)at * (size_t)vocab};
        fm_test_ok(fm_decoder_prefill(d, &job, &err), &err);
    }
    fm_cache_close(&cache);
}

static void step_all(fm_decoder *d, const int32_t *tokens, float *logits) {
    fm_error err = {0};
    fm_cache cache;
    int vocab = fm_decoder_config(d)->vocab_size;
    fm_test_ok(fm_cache_open(&cache, d, LENGTH, &err), &err);
    for (int t = 0; t < LENGTH; t++) {
        fm_decode_row row = {
            .cache = &cache, .token = tokens[t], .logits = logits + (size_t)t * (size_t)vocab};
        fm_test_ok(fm_decoder_step(d, &row, 1, &err), &err);
    }
    fm_cache_close(&cache);
}

static void random_tokens(int32_t *tokens, int count, int vocab, const char *stream) {
    fm_rng rng = fm_rng_init(11, stream);
    for (int i = 0; i < count; i++) tokens[i] = (int32_t)fm_rng_below(&rng, (uint32_t)vocab);
}

/* Chunks of 1, 7, 64 and all; an internal tile of 256 and of 5; one thread and two: the same bits. */
static void test_chunks(void **state) {
    (void)state;
    static const struct {
        int chunk, rows, threads;
    } cases[] = {{0, 256, 1}, {1, 256, 1}, {7, 256, 2}, {64, 256, 2}, {0, 5, 2}};
    for (int v = 0; v < VARIANTS; v++)
        for (int type = 0; type < 2; type++) {
            const char *name;
            fm_config config = variant(v, &name);
            size_t all = (size_t)LENGTH * (size_t)config.vocab_size;
            float *first = malloc(all * sizeof *first), *other = malloc(all * sizeof *other);
            int32_t tokens[LENGTH];
            random_tokens(tokens, LENGTH, config.vocab_size, "chunks");
            for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
                rig r;
                rig_open(&r, &config, cases[k].threads);
                fm_decoder *d = decoder_of(&r, type ? FM_BF16 : FM_F32, cases[k].rows);
                prefill_all(d, tokens, cases[k].chunk, k ? other : first);
                if (k && memcmp(first, other, all * sizeof *first))
                    fail_msg("%s: chunks of %d (tile %d, %d threads) give other bits", name, cases[k].chunk,
                             cases[k].rows, cases[k].threads);
                fm_decoder_free(d);
                rig_close(&r);
            }
            free(first);
            free(other);
        }
}

/* Prompt arithmetic, generation arithmetic and the training pass: one model. */
static void test_absorbed(void **state) {
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const char *name;
        fm_config config = variant(v, &name);
        size_t all = (size_t)LENGTH * (size_t)config.vocab_size,
               some = (size_t)ROWS * (size_t)config.vocab_size;
        float *prompt = malloc(all * sizeof *prompt), *steps = malloc(all * sizeof *steps);
        int32_t tokens[LENGTH];
        rows data;
        rig r;
        rig_open(&r, &config, 2);
        random_tokens(tokens, LENGTH, config.vocab_size, "absorbed");
        fm_decoder *d = decoder_of(&r, FM_F32, 0);
        prefill_all(d, tokens, 0, prompt);
        step_all(d, tokens, steps);
        double error = fm_test_relative_error(steps, prompt, all);
        if (!(error <= 1e-4)) fail_msg("%s: decode differs from prefill by %.3g", name, error);
        fm_losses losses = {0};
        for (int i = 0; i < ROWS; i++) {
            data.tokens[i] = tokens[i];
            data.positions[i] = i;
            data.first[i] = 0;
            data.targets[i] = -1;
        }
        r.options.backward = false;
        run(&r, &data, 0, ROWS, &losses);
        fm_pass_logits(r.pass, 0, ROWS, steps, FM_PRECISION_F32);
        error = fm_test_relative_error(prompt, steps, some);
        if (!(error <= 1e-4)) fail_msg("%s: prefill differs from the training pass by %.3g", name, error);
        fm_decoder_free(d);
        rig_close(&r);
        free(prompt);
        free(steps);
    }
}

/* Three sequences of different lengths, stepped together and each alone: the same bits for each. */
static void test_company(void **state) {
    (void)state;
    enum { SEQUENCES = 3, STEPS = 12 };
    static const int prompts[SEQUENCES] = {1, 40, 100};
    for (int v = 0; v < VARIANTS; v++) {
        const char *name;
        fm_error err = {0};
        fm_config config = variant(v, &name);
        size_t vocab = (size_t)config.vocab_size;
        float *alone = malloc(SEQUENCES * STEPS * vocab * sizeof *alone),
              *together = malloc(SEQUENCES * vocab * sizeof *together);
        int32_t tokens[SEQUENCES][LENGTH];
        fm_cache caches[SEQUENCES];
        rig r;
        rig_open(&r, &config, 2);
        fm_decoder *d = decoder_of(&r, FM_F32, 0);
        for (int s = 0; s < SEQUENCES; s++) {
            random_tokens(tokens[s], LENGTH, config.vocab_size, s == 0 ? "one" : s == 1 ? "two" : "three");
            fm_test_ok(fm_cache_open(&caches[s], d, LENGTH, &err), &err);
            fm_prefill job = {.cache = &caches[s], .tokens = tokens[s], .count = prompts[s]};
            fm_test_ok(fm_decoder_prefill(d, &job, &err), &err);
            for (int t = 0; t < STEPS; t++) {
                fm_decode_row row = {.cache = &caches[s],
                                     .token = tokens[s][prompts[s] + t],
                                     .logits = alone + (size_t)(s * STEPS + t) * vocab};
                fm_test_ok(fm_decoder_step(d, &row, 1, &err), &err);
            }
            fm_cache_truncate(&caches[s], prompts[s]);
        }
        for (int t = 0; t < STEPS; t++) {
            fm_decode_row batch[SEQUENCES];
            for (int s = 0; s < SEQUENCES; s++)
                batch[s] = (fm_decode_row){.cache = &caches[s],
                                           .token = tokens[s][prompts[s] + t],
                                           .logits = together + (size_t)s * vocab};
            fm_test_ok(fm_decoder_step(d, batch, SEQUENCES, &err), &err);
            for (int s = 0; s < SEQUENCES; s++)
                if (memcmp(together + (size_t)s * vocab, alone + (size_t)(s * STEPS + t) * vocab,
                           vocab * sizeof(float)))
                    fail_msg("%s: sequence %d, step %d: company changes the bits", name, s, t);
        }
        /* Several positions of one sequence in one call, as a verifier of speculated tokens asks. */
        fm_cache_truncate(&caches[1], prompts[1]);
        fm_decode_row run_of[3];
        for (int t = 0; t < 3; t++)
            run_of[t] = (fm_decode_row){.cache = &caches[1],
                                        .token = tokens[1][prompts[1] + t],
                                        .logits = together + (size_t)t * vocab};
        fm_test_ok(fm_decoder_step(d, run_of, 3, &err), &err);
        if (memcmp(together, alone + STEPS * vocab, 3 * vocab * sizeof(float)))
            fail_msg("%s: three positions at once change the bits", name);
        for (int s = 0; s < SEQUENCES; s++) fm_cache_close(&caches[s]);
        fm_decoder_free(d);
        rig_close(&r);
        free(alone);
        free(together);
    }
}

static void test_decoder_refuses(void **state) {
    (void)state;
    const char *name;
    fm_error err = {0};
    fm_config config = variant(0, &name);
    fm_cache cache;
    int32_t tokens[4] = {1, 2, 99, 3};
    rig r;
    rig_open(&r, &config, 1);
    fm_decoder *d = decoder_of(&r, FM_F32, 0);
    fm_test_refused(fm_cache_open(&cache, d, LENGTH + 1, &err), &err, FM_ERR_LIMIT, "131", "130", NULL);
    fm_test_ok(fm_cache_open(&cache, d, 3, &err), &err);
    fm_prefill job = {.cache = &cache, .tokens = tokens, .count = 3};
    fm_test_refused(fm_decoder_prefill(d, &job, &err), &err, FM_ERR_ARG, "99", "37", NULL);
    job.count = 4;
    fm_test_refused(fm_decoder_prefill(d, &job, &err), &err, FM_ERR_LIMIT, "position 3", "3", NULL);
    fm_decode_row pair[2] = {{.cache = &cache, .token = 1}, {.cache = &cache, .token = 99}};
    fm_test_refused(fm_decoder_step(d, pair, 2, &err), &err, FM_ERR_ARG, "99", NULL);
    assert_int_equal(cache.length, 0); /* nothing of it stays */
    fm_cache_close(&cache);
    fm_decoder_free(d);
    rig_close(&r);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* Written and read back: f32 exactly, bf16 to its rounding; the copies of MTP modules are there and checked. */
static void test_save_and_load(void **state) {
    (void)state;
    for (int v = 0; v < VARIANTS; v++)
        for (int type = 0; type < 2; type++) {
            const char *name;
            fm_error err = {0};
            fm_config config = variant(v, &name);
            char folder[1200];
            rig r;
            rig_open(&r, &config, 1);
            snprintf(folder, sizeof folder, "%s/model-%d-%d", fm_test_temp_dir(), v, type);
            const char *const metadata[][2] = {{"format", "pt"}};
            fm_test_ok(fm_weights_save(r.weights, folder, type ? FM_BF16 : FM_F32, metadata, 1, &err), &err);
            fm_weights *back;
            fm_test_ok(fm_weights_open(&back, folder, false, &err), &err);
            assert_int_equal(back->total_count, r.weights->total_count);
            for (size_t i = 0; i < back->total_count; i++) {
                bool narrow = type && i < back->trained_count;
                float want = r.weights->w[i];
                if (narrow) want = fm_bf16_to_f32(fm_f32_to_bf16(want));
                bool gap = want != back->w[i];
                for (int p = 0; gap && p < back->param_count; p++)
                    if (i >= back->params[p].offset && i < back->params[p].offset + back->params[p].count)
                        fail_msg("%s: %s: %g was written, %g read", name, back->params[p].name, want,
                                 back->w[i]);
            }
            fm_weights_free(back);
            rig_close(&r);
        }
}

/* A file of one shape read with the config of another: refused by name, with both shapes. */
static void test_mismatched_files(void **state) {
    (void)state;
    fm_error err = {0};
    const char *name;
    char folder[1200];
    fm_config config = variant(0, &name), other;
    rig r;
    rig_open(&r, &config, 1);
    snprintf(folder, sizeof folder, "%s/mismatch", fm_test_temp_dir());
    fm_test_ok(fm_weights_save(r.weights, folder, FM_F32, NULL, 0, &err), &err);
    rig_close(&r);
    fm_weights *w;
    other = config;
    other.kv_lora_rank = 12;
    fm_test_ok(fm_weights_create(&w, &other, false, &err), &err);
    fm_test_refused(fm_weights_load(w, folder, &err), &err, FM_ERR_FORMAT, "kv_a_proj_with_mqa", "[17, 22]",
                    "[18, 22]", NULL);
    fm_weights_free(w);
    other = config;
    other.n_routed_experts = 12;
    fm_test_ok(fm_weights_create(&w, &other, false, &err), &err);
    fm_test_refused(fm_weights_load(w, folder, &err), &err, FM_ERR_FORMAT, "mlp.gate.weight", "[8, 22]",
                    "[12, 22]", NULL);
    fm_weights_free(w);
    other = config;
    other.num_hidden_layers = 2;
    other.num_nextn_predict_layers = 0;
    fm_test_ok(fm_weights_create(&w, &other, false, &err), &err);
    fm_test_refused(fm_weights_load(w, folder, &err), &err, FM_ERR_FORMAT, "model.layers.2.", "not part",
                    NULL);
    fm_weights_free(w);
    other = config;
    other.num_nextn_predict_layers = 2;
    fm_test_ok(fm_weights_create(&w, &other, false, &err), &err);
    fm_test_refused(fm_weights_load(w, folder, &err), &err, FM_ERR_FORMAT, "model.layers.4.", "missing",
                    NULL);
    fm_weights_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_micro_batches),      cmocka_unit_test(test_threads),
        cmocka_unit_test(test_finite_differences), cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_bad_batches),        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_absorbed),           cmocka_unit_test(test_company),
        cmocka_unit_test(test_decoder_refuses),    cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_mismatched_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
