/* test_train.c: the promises of a step and of its data: micro-batches change nothing, packed samples give
 * what they give apart, SFT learns answers only, sources keep their shares, NaN stops the run before it
 * spoils the weights. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "support/recipes.h"
#include "train/checkpoint.h"

/* A trainer's parts without a run: recipe, weights, pass, stepper. */
typedef struct bench {
    fm_recipe recipe;
    fm_dev dev;
    fm_weights *weights;
    fm_pass *pass;
    fm_stepper stepper;
} bench;

enum { ROWS = 512 };

static void open_bench_tied(bench *b, int threads, bool tied) {
    fm_error err = {0};
    fm_test_corpus(60);
    fm_test_ok(fm_recipe_load(&b->recipe, fm_test_recipe("train", fm_test_stage), &err), &err);
    b->recipe.config.tie_word_embeddings = tied;
    fm_test_ok(fm_dev_open(&b->dev, threads, 0, &err), &err);
    fm_kern_attach(&b->dev);
    fm_test_ok(fm_weights_create(&b->weights, &b->recipe.config, true, &err), &err);
    fm_weights_init(b->weights, 5);
    fm_test_ok(fm_pass_create(&b->pass, b->weights, &b->dev, ROWS, 256, true, &err), &err);
    fm_test_ok(fm_stepper_init(&b->stepper, b->weights, b->pass, &b->dev, ROWS, &err), &err);
}

static void open_bench(bench *b, int threads) { open_bench_tied(b, threads, true); }

static void close_bench(bench *b) {
    fm_stepper_release(&b->stepper);
    fm_pass_free(b->pass);
    fm_weights_free(b->weights);
    fm_dev_close(&b->dev);
    fm_recipe_release(&b->recipe);
}

/* Rows of the given sizes, each one sample of its own tokens; `sample` of a row restarts where `cut` says. */
static void make_step(fm_data_step *step, const int *sizes, int rows) {
    *step = (fm_data_step){.rows = rows};
    for (int r = 0; r < rows; r++) step->tokens += sizes[r];
    step->ids = calloc((size_t)step->tokens * 4, sizeof *step->ids);
    step->row_begin = calloc((size_t)rows + 1, sizeof *step->row_begin);
    step->positions = step->ids + step->tokens;
    step->first = step->ids + 2 * step->tokens;
    step->target = step->ids + 3 * step->tokens;
    for (int r = 0, at = 0; r < rows; r++) {
        step->row_begin[r] = at;
        for (int i = 0; i < sizes[r]; i++, at++) {
            step->ids[at] = (r * 31 + i * 17 + i * i % 7) % 256;
            step->target[at] = i % 5 == 3 ? -1 : (r * 31 + (i + 1) * 17 + (i + 1) * (i + 1) % 7) % 256;
            step->positions[at] = i;
            step->first[at] = at - i;
            step->targets += step->target[at] >= 0;
        }
        step->row_begin[r + 1] = at;
    }
}

static void free_step(fm_data_step *step) {
    free(step->ids);
    free(step->row_begin);
}

static fm_step_options options_of(int micro_rows) {
    return (fm_step_options){.precision = FM_PRECISION_F32,
                             .micro_rows = micro_rows,
                             .mtp_lambda = 0.3f,
                             .balance_alpha = 0.01f,
                             .bias_gamma = 0.001f,
                             .lr = 1e-2f,
                             .beta1 = 0.9f,
                             .beta2 = 0.95f,
                             .eps = 1e-8f,
                             .weight_decay = 0.1f,
                             .clip = 1};
}

/* What a few steps with a given micro-batch leave. */
typedef struct outcome {
    fm_step_result result;
    float *w, *g;
} outcome;

static outcome run_steps(int micro_rows, float mtp_lambda, bool tied, int threads, int steps) {
    static const int sizes[] = {40, 64, 17, 64, 33, 1, 64, 50};
    outcome out;
    bench b;
    fm_data_step step;
    fm_error err = {0};
    open_bench_tied(&b, threads, tied);
    make_step(&step, sizes, 8);
    for (int i = 0; i < steps; i++) {
        fm_step_options o = options_of(micro_rows);
        o.mtp_lambda = mtp_lambda;
        o.step = i;
        fm_test_ok(fm_stepper_run(&b.stepper, &step, &o, &out.result, &err), &err);
    }
    size_t bytes = b.weights->total_count * sizeof(float);
    out.w = malloc(bytes);
    out.g = malloc(bytes);
    memcpy(out.w, b.weights->w, bytes);
    memcpy(out.g, b.weights->g, bytes);
    free_step(&step);
    close_bench(&b);
    return out;
}

static void free_outcome(outcome *o) {
    free(o->w);
    free(o->g);
}

/* Every tensor to which one place of the model adds: the same bits. The embedding, and a head that MTP
 * shares, take sums from several places, whose order is that of the micro-batches: 1e-6. */
static void micro_batches_give_one_batch(void **state) {
    (void)state;
    static const int micros[] = {4, 3, 1};
    bench names;
    open_bench(&names, 1);
    outcome whole = run_steps(8, 0.3f, true, 1, 1);
    assert_true(whole.result.grad_norm > 0.01);
    for (int m = 0; m < 3; m++) {
        outcome parts = run_steps(micros[m], 0.3f, true, 1 + m % 2, 1);
        assert_true(parts.result.loss == whole.result.loss);
        assert_true(parts.result.loss_mtp == whole.result.loss_mtp);
        assert_true(fabs(parts.result.balance - whole.result.balance) < 1e-12);
        for (int p = 0; p < names.weights->param_count; p++) {
            const fm_param *param = &names.weights->params[p];
            const float *a = parts.g + param->offset, *b = whole.g + param->offset;
            bool shared = param->offset == names.weights->embed || param->offset == names.weights->head;
            if (shared)
                assert_true(fm_test_relative_error(a, b, param->count) < 1e-6);
            else if (memcmp(a, b, param->count * sizeof *a) != 0)
                fail_msg("gradient of %s differs", param->name);
        }
        free_outcome(&parts);
    }
    free_outcome(&whole);
    close_bench(&names);
}

/* Without shared tensors three whole steps are the same to the bit: losses, norm, weights. */
static void micro_batches_change_no_bit(void **state) {
    (void)state;
    static const int micros[] = {4, 3, 1};
    bench sizes;
    open_bench_tied(&sizes, 1, false);
    size_t bytes = sizes.weights->total_count * sizeof(float);
    close_bench(&sizes);
    outcome whole = run_steps(8, 0, false, 1, 3);
    for (int m = 0; m < 3; m++) {
        outcome parts = run_steps(micros[m], 0, false, 1 + m % 2, 3);
        assert_true(parts.result.loss == whole.result.loss);
        assert_true(parts.result.grad_norm == whole.result.grad_norm);
        assert_memory_equal(parts.g, whole.g, bytes);
        assert_memory_equal(parts.w, whole.w, bytes);
        free_outcome(&parts);
    }
    free_outcome(&whole);
}

/* Samples packed into two rows against each sample in a row of its own: the same tokens, the same
 * gradients. */
static void packed_equals_apart(void **state) {
    (void)state;
    static const int sizes[] = {20, 31, 9, 40, 22};
    bench b;
    fm_data_step apart, packed;
    fm_step_result one, two;
    fm_error err = {0};
    open_bench_tied(&b, 2, false);
    make_step(&apart, sizes, 5);
    make_step(&packed, sizes, 5);
    static const int two_rows[] = {0, 3, 5};
    packed.rows = 2; /* rows only say where micro-batches end; samples are told apart by `first` */
    for (int r = 1; r <= 2; r++) packed.row_begin[r] = apart.row_begin[two_rows[r]];
    size_t count = b.weights->total_count;
    float *start = malloc(count * sizeof *start), *gradient = malloc(count * sizeof *gradient);
    memcpy(start, b.weights->w, count * sizeof *start);
    fm_step_options o = options_of(1);
    o.mtp_lambda = 0; /* so that no tensor is shared and every bit must agree */
    fm_test_ok(fm_stepper_run(&b.stepper, &apart, &o, &one, &err), &err);
    memcpy(gradient, b.weights->g, count * sizeof *gradient);
    memcpy(b.weights->w, start, count * sizeof *start);
    fm_test_ok(fm_stepper_run(&b.stepper, &packed, &o, &two, &err), &err);
    assert_true(one.loss == two.loss);
    assert_memory_equal(gradient, b.weights->g, count * sizeof *gradient);
    /* and a sample that could look at its neighbour would differ */
    memcpy(b.weights->w, start, count * sizeof *start);
    for (int i = sizes[0]; i < sizes[0] + sizes[1]; i++) {
        packed.first[i] = 0;
        packed.positions[i] = i;
    }
    fm_test_ok(fm_stepper_run(&b.stepper, &packed, &o, &two, &err), &err);
    assert_true(one.loss != two.loss);
    free(start);
    free(gradient);
    free_step(&apart);
    free_step(&packed);
    close_bench(&b);
}

static void nan_stops_before_the_update(void **state) {
    (void)state;
    static const int sizes[] = {30, 30};
    bench b;
    fm_data_step step;
    fm_step_result result;
    fm_error err = {0};
    open_bench(&b, 1);
    make_step(&step, sizes, 2);
    size_t count = b.weights->total_count;
    b.weights->w[b.weights->embed + 5] = NAN;
    float *before = malloc(count * sizeof *before);
    memcpy(before, b.weights->w, count * sizeof *before);
    step.ids[0] = 0; /* row 0 of the embedding */
    fm_step_options o = options_of(2);
    o.step = 41;
    fm_test_refused(fm_stepper_run(&b.stepper, &step, &o, &result, &err), &err, FM_ERR_NUMERIC, "step 41",
                    "not applied", NULL);
    assert_memory_equal(before, b.weights->w, count * sizeof *before);
    free(before);
    free_step(&step);
    close_bench(&b);
}

/* A rate that blows the weights up: the run ends with FM_ERR_NUMERIC, the ledger says why, no checkpoint
 * holds NaN. */
static void a_diverging_run_stops(void **state) {
    (void)state;
    char text[4096], recipe[512], ledger[600];
    snprintf(text, sizeof text, "%s", fm_test_stage);
    char *at = strstr(text, "peak: 0.01, warmup: 2");
    memcpy(at, "peak: 9.9,  warmup: 0", 21);
    strcpy(recipe, fm_test_recipe("diverge", text));
    fm_error err = {0};
    fm_trainer *trainer;
    fm_train_end end;
    fm_train_options options = {
        .recipe = recipe, .run = fm_test_run("diverge"), .cache = fm_test_temp_dir(), .threads = 1};
    fm_test_corpus(60);
    fm_test_ok(fm_trainer_open(&trainer, &options, &err), &err);
    float *w = fm_trainer_weights(trainer)->w;
    w[fm_trainer_weights(trainer)->final_norm] = INFINITY; /* as after an overflow */
    fm_test_refused(fm_trainer_run(trainer, &end, &err), &err, FM_ERR_NUMERIC, "step 0", NULL);
    fm_trainer_close(trainer);
    fm_buf bytes = {0};
    snprintf(ledger, sizeof ledger, "%s/run.jsonl", fm_test_run("diverge"));
    fm_test_ok(fm_file_read(ledger, 1 << 20, &bytes, &err), &err);
    assert_non_null(strstr(bytes.data, "\"kind\":\"end\""));
    assert_non_null(strstr(bytes.data, "not applied"));
    fm_buf_release(&bytes);
    char folder[1024];
    bool found;
    fm_test_ok(fm_checkpoint_latest(fm_test_run("diverge"), folder, &found, &err), &err);
    assert_false(found);
}

/* Sources from two shards of known content, packed; what comes out is checked token by token. */
static void packing_keeps_its_rules(void **state) {
    (void)state;
    fm_error err = {0};
    fm_tokenizer *tokenizer;
    fm_template tpl;
    fm_tokens tokens;
    fm_recipe recipe;
    fm_test_corpus(60);
    fm_test_ok(fm_recipe_load(&recipe, fm_test_recipe("pack", fm_test_stage), &err), &err);
    fm_test_ok(fm_tokenizer_open(&tokenizer, recipe.tokenizer, NULL, &err), &err);
    fm_test_ok(fm_template_init(&tpl, tokenizer, &err), &err);
    char cache[600];
    snprintf(cache, sizeof cache, "%s/tokens", fm_test_temp_dir());
    fm_tokens_options o = {.path = recipe.stage[0].sources[0].path,
                           .cache = cache,
                           .tpl = &tpl,
                           .tokenizer_sha256 = "x",
                           .decontam_id = ""};
    fm_test_ok(fm_tokens_open(&tokens, &o, &err), &err);
    fm_source sources[2];
    fm_test_ok(fm_source_init(&sources[0], &recipe.stage[0].sources[0], &tpl, &tokens, 3, false, &err), &err);
    fm_test_ok(fm_source_init(&sources[1], &recipe.stage[0].sources[1], &tpl, NULL, 3, false, &err), &err);
    assert_int_equal(sources[0].docs, 48); /* every fifth of 60 is held out */
    for (int sft = 0; sft < 2; sft++) {
        fm_data *data;
        fm_data_step step;
        fm_data_options options = {.sources = sources,
                                   .count = 2,
                                   .rows = 6,
                                   .sequence = 128,
                                   .sample_mask = true,
                                   .answers_only = sft};
        fm_test_ok(fm_data_open(&data, &options, &err), &err);
        int64_t all = 0, learnt = 0;
        for (int n = 0; n < 40; n++) {
            fm_test_ok(fm_data_next(data, &step, &err), &err);
            assert_int_equal(step.row_begin[6], step.tokens);
            assert_true(step.tokens > 6 * 128 * 8 / 10); /* rows are well filled */
            for (int i = 0; i < step.tokens; i++) {
                bool begins = step.first[i] == i;
                assert_int_equal(step.positions[i], i - step.first[i]);
                assert_true(step.first[i] == (begins ? i : step.first[i - 1]));
                if (!begins && step.target[i - 1] >= 0) assert_int_equal(step.target[i - 1], step.ids[i]);
                assert_int_not_equal(step.ids[i], tpl.mark[FM_MARK_EOS]); /* an end is only ever predicted */
            }
            for (int r = 0; r < 6; r++) {
                assert_true(step.row_begin[r + 1] - step.row_begin[r] <= 128);
                assert_int_equal(step.first[step.row_begin[r]],
                                 step.row_begin[r]); /* no sample crosses rows */
            }
            all += step.tokens;
            learnt += step.targets;
        }
        if (sft)
            assert_true(learnt < all * 95 / 100);
        else
            assert_int_equal(learnt, all);
        const fm_source_state *states = fm_data_state(data);
        double share = (double)states[0].tokens / (double)all; /* weights 2 and 1 */
        assert_true(fabs(share - 2.0 / 3) < 0.01);
        fm_data_close(data);
    }
    /* an epoch draws every document once, held-out ones never */
    bool seen[60] = {false};
    fm_sample sample = {0};
    for (int n = 0; n < 48; n++) {
        fm_test_ok(fm_source_draw(&sources[0], (uint64_t)n, &sample, &err), &err);
        int found = -1;
        for (int d = 0; d < 60 && found < 0; d++) {
            size_t begin = d ? tokens.end[d - 1] : 0, size = tokens.end[d] - begin;
            if (size == sample.ids.count && memcmp(tokens.ids + begin, sample.ids.data, size * 4) == 0)
                found = d;
        }
        assert_true(found >= 0 && !seen[found] && found % 5 != 4);
        seen[found] = true;
    }
    fm_sample_release(&sample);
    fm_tokens_close(&tokens);
    /* a damaged cache is made again, not used */
    fm_test_ok(fm_tokens_open(&tokens, &o, &err), &err);
    assert_int_equal(tokens.docs, 60);
    fm_tokens_close(&tokens);
    fm_tokenizer_close(tokenizer);
    fm_recipe_release(&recipe);
}

static void bad_corpora_are_named(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } bad[] = {{"", 0, "text.jsonl"},
               {"{\"text\":\"a\x00b\"}\n", 15, "text.jsonl"},
               {"{\"text\":\"\xff\xfe\"}\n", 14, "UTF-8"},
               {"not json\n", 9, ":1:"}};
    char recipe[512], path[600];
    strcpy(recipe, fm_test_recipe("corpus", fm_test_stage));
    snprintf(path, sizeof path, "%s/text.jsonl", fm_test_temp_dir());
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fm_error err = {0};
        fm_trainer *trainer;
        char run[32];
        snprintf(run, sizeof run, "corpus%zu", i);
        fm_test_ok(fm_file_write(path, bad[i].bytes, bad[i].size, &err), &err);
        fm_train_options options = {
            .recipe = recipe, .run = fm_test_run(run), .cache = fm_test_temp_dir(), .threads = 1};
        fm_status status = fm_trainer_open(&trainer, &options, &err);
        assert_int_not_equal(status, FM_OK);
        fm_test_refused(status, &err, status, "text.jsonl", bad[i].word, NULL);
    }
}

static void learns_and_exports(void **state) {
    (void)state;
    fm_error err = {0};
    char recipe[512], folder[600];
    fm_test_corpus(60);
    strcpy(recipe, fm_test_recipe("learn", fm_test_stage));
    fm_test_train(recipe, "learn", 0, false, 2);
    snprintf(folder, sizeof folder, "%s/exported", fm_test_temp_dir());
    fm_test_ok(fm_train_export(fm_test_run("learn"), FM_SOURCE_DIR "/recipes/bytes", folder, &err), &err);
    fm_weights *weights;
    fm_test_ok(fm_weights_open(&weights, folder, false, &err), &err);
    assert_int_equal(weights->config.eos_token_id, 257);
    fm_weights_free(weights);
    static const char *const files[] = {"tokenizer.json", "tokenizer_config.json", "generation_config.json"};
    for (int i = 0; i < 3; i++) {
        char path[700];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        assert_true(fm_path_exists(path));
    }
    fm_test_refused(fm_train_export(fm_test_run("nothing"), FM_SOURCE_DIR "/recipes/bytes", folder, &err),
                    &err, FM_ERR_IO, "nothing", "no checkpoint", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(micro_batches_give_one_batch), cmocka_unit_test(micro_batches_change_no_bit),
        cmocka_unit_test(packed_equals_apart),          cmocka_unit_test(nan_stops_before_the_update),
        cmocka_unit_test(a_diverging_run_stops),        cmocka_unit_test(packing_keeps_its_rules),
        cmocka_unit_test(bad_corpora_are_named),        cmocka_unit_test(learns_and_exports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
