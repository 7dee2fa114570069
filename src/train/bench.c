/* bench.c: see bench.h. */
#include "train/bench.h"

#include <stdlib.h>

#include "base/rng.h"
#include "train/flops.h"
#include "train/peak.h"
#include "train/step.h"

enum { MAX_STEPS = 400, WARM_STEPS = 2 };

static fm_status random_step(fm_data_step *step, const fm_stage *stage, int vocab, fm_error *err) {
    size_t tokens = (size_t)stage->batch_rows * (size_t)stage->sequence;
    *step = (fm_data_step){.tokens = (int)tokens, .targets = (int)tokens, .rows = stage->batch_rows};
    step->ids = calloc(tokens * 4, sizeof *step->ids);
    step->row_begin = calloc((size_t)stage->batch_rows + 1, sizeof *step->row_begin);
    if (!step->ids || !step->row_begin) return fm_error_set(err, FM_ERR_MEMORY, "bench: no memory");
    step->positions = step->ids + tokens;
    step->first = step->ids + 2 * tokens;
    step->target = step->ids + 3 * tokens;
    fm_rng rng = fm_rng_init(1, "bench");
    for (size_t i = 0; i < tokens; i++) {
        step->ids[i] = (int32_t)fm_rng_below(&rng, (uint32_t)vocab);
        step->target[i] = (int32_t)fm_rng_below(&rng, (uint32_t)vocab);
        step->positions[i] = (int32_t)(i % (size_t)stage->sequence);
        step->first[i] = (int32_t)i - step->positions[i];
    }
    for (int r = 0; r <= stage->batch_rows; r++) step->row_begin[r] = r * stage->sequence;
    return FM_OK;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times steps until there are enough; returns how many in *count. */
static fm_status time_steps(fm_stepper *stepper, const fm_data_step *data, fm_step_options *options,
                            int steps, double *seconds, int *count, fm_error *err) {
    double all = 0;
    *count = 0;
    for (int i = 0; i < MAX_STEPS; i++) {
        fm_step_result result;
        double start = fm_clock();
        fm_status status = fm_stepper_run(stepper, data, options, &result, err);
        if (status != FM_OK) return status;
        options->step++;
        if (i < WARM_STEPS) continue;
        seconds[*count] = fm_clock() - start;
        all += seconds[(*count)++];
        if (steps > 0 ? *count == steps : *count >= 5 && all > 15) break;
    }
    return FM_OK;
}

fm_status fm_train_bench_run(fm_train_bench *out, const char *path, int threads, int steps, fm_error *err) {
    fm_recipe recipe;
    fm_dev dev = {0};
    fm_weights *weights = NULL;
    fm_pass *pass = NULL;
    fm_stepper stepper = {0};
    fm_data_step data = {0};
    double seconds[MAX_STEPS];
    fm_status status;
    *out = (fm_train_bench){0};
    FM_TRY(fm_recipe_load(&recipe, path, err));
    const fm_stage *stage = &recipe.stage[0];
    int most = stage->micro_rows * stage->sequence;
    FM_TRY(fm_dev_open(&dev, threads, 0, err));
    fm_kern_attach(&dev);
    FM_TRY(fm_weights_create(&weights, &recipe.config, true, err));
    fm_weights_init(weights, recipe.init_seed);
    FM_TRY(fm_pass_create(&pass, weights, &dev, most, stage->sequence, true, err));
    FM_TRY(fm_stepper_init(&stepper, weights, pass, &dev, most, err));
    FM_TRY(random_step(&data, stage, recipe.config.vocab_size, err));
    fm_step_options options = {.precision = recipe.precision,
                               .micro_rows = stage->micro_rows,
                               .mtp_lambda = stage->mtp_lambda,
                               .balance_alpha = stage->balance_alpha,
                               .bias_gamma = stage->bias_gamma,
                               .lr = 1e-4f,
                               .beta1 = recipe.beta1,
                               .beta2 = recipe.beta2,
                               .eps = recipe.eps,
                               .weight_decay = recipe.weight_decay,
                               .clip = recipe.clip};
    FM_TRY(fm_peak_measure(&dev, recipe.precision, &out->peak, err));
    FM_TRY(time_steps(&stepper, &data, &options, steps, seconds, &out->steps, err));
    double again;
    FM_TRY(fm_peak_measure(&dev, recipe.precision, &again, err)); /* a neighbour may have been busy before */
    if (again > out->peak) out->peak = again;
    qsort(seconds, (size_t)out->steps, sizeof *seconds, by_value);
    bool mtp = stage->mtp_lambda > 0 && recipe.config.num_nextn_predict_layers > 0;
    fm_flops flops = fm_flops_of(&recipe.config, mtp);
    out->count = fm_config_count(&recipe.config);
    out->rows = stage->batch_rows;
    out->sequence = stage->sequence;
    out->threads = dev.threads;
    out->precision = recipe.precision;
    out->seconds_median = seconds[out->steps / 2];
    out->seconds_best = seconds[0];
    out->tokens_per_second = data.tokens / out->seconds_median;
    out->flops_per_token = flops.per_token + flops.per_pair * (stage->sequence + 1) / 2.0;
    out->share = out->flops_per_token * out->tokens_per_second / out->peak;
fail:
    free(data.ids);
    free(data.row_begin);
    fm_stepper_release(&stepper);
    fm_pass_free(pass);
    fm_weights_free(weights);
    fm_dev_close(&dev);
    fm_recipe_release(&recipe);
    return status;
}

void fm_train_bench_print(const fm_train_bench *r, FILE *out) {
    fprintf(out, "parameters_millions %.2f\nactive_millions %.2f\n",
            1e-6 * (double)(r->count.total + r->count.mtp), 1e-6 * (double)r->count.active);
    fprintf(out, "batch %d x %d\nthreads %d\nprecision %s\nsteps %d\n", r->rows, r->sequence, r->threads,
            r->precision == FM_PRECISION_BF16 ? "bf16" : "f32", r->steps);
    fprintf(out, "seconds_per_step_median %.4f\nseconds_per_step_best %.4f\ntokens_per_second %.1f\n",
            r->seconds_median, r->seconds_best, r->tokens_per_second);
    fprintf(out, "mflop_per_token %.2f\npeak_gflops %.1f\nshare_of_peak %.3f\n", 1e-6 * r->flops_per_token,
            1e-9 * r->peak, r->share);
    fprintf(out, "convention %s\n", FM_FLOPS_CONVENTION);
}
