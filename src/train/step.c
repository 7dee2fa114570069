/* step.c: see step.h; the order written there is fm_stepper_run's. */
#include "train/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kern/adamw/adamw.h"

fm_status fm_stepper_init(fm_stepper *stepper, fm_weights *weights, fm_pass *pass, fm_dev *dev, int max_rows,
                          fm_error *err) {
    int blocks = weights->blocks, experts = weights->config.n_routed_experts;
    *stepper = (fm_stepper){.weights = weights, .pass = pass, .dev = dev, .scratch_rows = max_rows};
    stepper->scratch = calloc((size_t)max_rows, sizeof *stepper->scratch);
    stepper->load = calloc((size_t)blocks, sizeof *stepper->load);
    stepper->full_load = calloc((size_t)blocks * (size_t)experts, sizeof *stepper->full_load);
    if (stepper->scratch && stepper->load && stepper->full_load) return FM_OK;
    fm_stepper_release(stepper);
    return fm_error_set(err, FM_ERR_MEMORY, "step: no memory for %d rows", max_rows);
}

void fm_stepper_release(fm_stepper *stepper) {
    free(stepper->scratch);
    free(stepper->load);
    free(stepper->full_load);
    *stepper = (fm_stepper){0};
}

fm_load_summary fm_load_summarise(const int64_t *load, int experts) {
    fm_load_summary out = {0};
    int64_t sum = 0, most = 0;
    for (int e = 0; e < experts; e++) {
        sum += load[e];
        if (load[e] > most) most = load[e];
        out.unused += load[e] == 0;
    }
    if (sum == 0) return out;
    out.max_over_mean = (double)most * experts / (double)sum;
    for (int e = 0; e < experts; e++) {
        double share = (double)load[e] / (double)sum;
        if (share > 0) out.entropy -= share * log(share);
    }
    out.entropy = experts > 1 ? out.entropy / log(experts) : 1;
    return out;
}

static void take_load(fm_stepper *stepper) {
    int experts = stepper->weights->config.n_routed_experts;
    for (int b = 0; b < stepper->weights->blocks; b++) {
        const int64_t *load = fm_pass_load(stepper->pass, b);
        int64_t *copy = stepper->full_load + (size_t)b * (size_t)experts;
        if (load == NULL) continue;
        memcpy(copy, load, (size_t)experts * sizeof *load);
        stepper->load[b] = fm_load_summarise(copy, experts);
    }
}

/* Micro-batch number i of the step, checked. */
static fm_status micro_batch(const fm_stepper *stepper, const fm_data_step *data, int rows, int micro_rows,
                             int i, fm_batch *out, fm_error *err) {
    int begin = i * micro_rows, end = begin + micro_rows < rows ? begin + micro_rows : rows;
    if (data->row_begin[end] - data->row_begin[begin] > stepper->scratch_rows)
        return fm_error_set(err, FM_ERR_LIMIT, "micro-batch of %d tokens, planned for %d",
                            data->row_begin[end] - data->row_begin[begin], stepper->scratch_rows);
    *out = fm_data_micro(data, begin, end, stepper->scratch);
    return fm_batch_check(stepper->pass, out, err);
}

/* The first trained tensor with a gradient that is not finite, and where. */
static fm_status blame(const fm_weights *weights, int64_t step, double norm, fm_error *err) {
    for (int p = 0; p < weights->param_count; p++) {
        const fm_param *param = &weights->params[p];
        if (!param->trained) continue;
        for (size_t i = 0; i < param->count; i++)
            if (!isfinite(weights->g[param->offset + i]))
                return fm_error_set(err, FM_ERR_NUMERIC,
                                    "step %lld: gradient of %s is %g at element %zu; the update was "
                                    "not applied",
                                    (long long)step, param->name, (double)weights->g[param->offset + i], i);
    }
    return fm_error_set(err, FM_ERR_NUMERIC, "step %lld: gradient norm is %g; the update was not applied",
                        (long long)step, norm);
}

static void update(fm_stepper *stepper, const fm_step_options *o, double norm) {
    fm_weights *w = stepper->weights;
    fm_adamw op = {.lr = o->lr,
                   .beta1 = o->beta1,
                   .beta2 = o->beta2,
                   .eps = o->eps,
                   .decay = o->weight_decay,
                   .grad_scale = 1,
                   .step = o->step + 1};
    if (o->clip > 0 && norm + 1e-6 > o->clip) op.grad_scale = (float)(o->clip / (norm + 1e-6));
    size_t split = w->decay_count;
    fm_adamw_update(stepper->dev, &op, w->w, w->m, w->v, w->g, split);
    op.decay = 0;
    fm_adamw_update(stepper->dev, &op, w->w + split, w->m + split, w->v + split, w->g + split,
                    w->trained_count - split);
}

fm_status fm_stepper_run(fm_stepper *stepper, const fm_data_step *data, const fm_step_options *o,
                         fm_step_result *out, fm_error *err) {
    const fm_config *config = &stepper->weights->config;
    fm_pass_options pass = {.precision = o->precision,
                            .backward = true,
                            .mtp_lambda = o->mtp_lambda,
                            .balance_alpha = o->balance_alpha};
    fm_losses losses = {0};
    fm_batch batch;
    fm_status status;
    int rows = data->rows, micros = (rows + o->micro_rows - 1) / o->micro_rows;
    *out = (fm_step_result){.tokens = data->tokens, .targets = data->targets};
    for (int i = 0; i < micros; i++) {
        if ((status = micro_batch(stepper, data, rows, o->micro_rows, i, &batch, err)) != FM_OK)
            return status;
        fm_counts_add(&pass.step, config, &batch);
    }
    memset(stepper->weights->g, 0, stepper->weights->total_count * sizeof(float));
    fm_pass_load_clear(stepper->pass);
    for (int i = 0; i < micros; i++) {
        if ((status = micro_batch(stepper, data, rows, o->micro_rows, i, &batch, err)) != FM_OK)
            return status;
        if (batch.rows > 0) fm_pass_run(stepper->pass, &batch, &pass, &losses);
    }
    for (int i = 0; i < data->tokens; i++) out->pairs += data->positions[i] + 1;
    take_load(stepper);

    out->total = fm_losses_total(&losses, config, o->mtp_lambda, o->balance_alpha);
    out->loss = losses.counts.targets ? losses.main / (double)losses.counts.targets : 0;
    int depths = o->mtp_lambda > 0 ? config->num_nextn_predict_layers : 0;
    for (int d = 0; d < depths; d++)
        if (losses.counts.mtp_targets[d])
            out->loss_mtp += losses.mtp[d] / (double)losses.counts.mtp_targets[d] / depths;
    out->balance = losses.counts.sequences ? losses.balance / (double)losses.counts.sequences : 0;
    if (!isfinite(out->total))
        return fm_error_set(err, FM_ERR_NUMERIC,
                            "step %lld: loss is %g (main %g, mtp %g, balance %g); the update was not "
                            "applied",
                            (long long)o->step, out->total, out->loss, out->loss_mtp, out->balance);
    out->grad_norm = sqrt(fm_sum_squares(stepper->dev, stepper->weights->g, stepper->weights->trained_count));
    if (!isfinite(out->grad_norm)) return blame(stepper->weights, o->step, out->grad_norm, err);
    update(stepper, o, out->grad_norm);
    if (o->bias_gamma > 0) fm_pass_bias_update(stepper->pass, o->bias_gamma);
    return FM_OK;
}

fm_status fm_stepper_measure(fm_stepper *stepper, const fm_data_step *data, fm_precision precision,
                             int micro_rows, double *nats, int64_t *targets, fm_error *err) {
    fm_pass_options pass = {.precision = precision};
    fm_losses losses = {0};
    int micros = (data->rows + micro_rows - 1) / micro_rows;
    for (int i = 0; i < micros; i++) {
        fm_batch batch;
        fm_status status = micro_batch(stepper, data, data->rows, micro_rows, i, &batch, err);
        if (status != FM_OK) return status;
        if (batch.rows > 0) fm_pass_run(stepper->pass, &batch, &pass, &losses);
    }
    fm_pass_load_clear(stepper->pass);
    *nats += losses.main;
    *targets += losses.counts.targets;
    return FM_OK;
}
