/* trainer.c: the loop: data, step, ledger, validation, checkpoint; see trainer.h. */
#include <string.h>

#include "train/trainer_impl.h"

static void tell(fm_trainer *t, fm_train_event event) {
    event.step = t->state.step;
    event.total_steps = t->recipe.total_steps;
    event.stage = t->stage >= 0 ? t->recipe.stage[t->stage].name : "";
    if (t->options.on_event) t->options.on_event(t->options.context, &event);
}

static fm_step_options step_options(const fm_trainer *t, const fm_stage *stage, int64_t inside) {
    const fm_recipe *r = &t->recipe;
    return (fm_step_options){.precision = r->precision,
                             .micro_rows = stage->micro_rows,
                             .mtp_lambda = stage->mtp_lambda,
                             .balance_alpha = stage->balance_alpha,
                             .bias_gamma = stage->bias_gamma,
                             .lr = (float)fm_schedule_lr(&stage->lr, inside),
                             .beta1 = r->beta1,
                             .beta2 = r->beta2,
                             .eps = r->eps,
                             .weight_decay = r->weight_decay,
                             .clip = r->clip,
                             .step = t->state.step};
}

static void account(fm_trainer *t, const fm_stage *stage, const fm_step_result *result, double seconds) {
    bool mtp = stage->mtp_lambda > 0 && t->recipe.config.num_nextn_predict_layers > 0;
    double flops = t->flops[mtp].per_token * result->tokens + t->flops[mtp].per_pair * (double)result->pairs;
    t->state.step++;
    t->state.tokens += result->tokens;
    t->state.seconds += seconds;
    t->state.flops += flops;
    double keep = t->speed > 0 ? 0.9 : 0;
    t->speed = keep * t->speed + (1 - keep) * result->tokens / seconds;
    t->speed_flops = keep * t->speed_flops + (1 - keep) * flops / seconds;
}

/* Seconds to the end of the recipe, from the tokens that its remaining steps hold at most. */
static double seconds_left(const fm_trainer *t) {
    double tokens = 0;
    int64_t done = t->state.step;
    for (int i = 0; i < t->recipe.stage_count; i++) {
        const fm_stage *stage = &t->recipe.stage[i];
        int64_t left = stage->steps - done;
        if (left > 0) tokens += (double)left * stage->batch_rows * stage->sequence;
        done = left < 0 ? -left : 0;
    }
    return t->speed > 0 ? tokens / t->speed : 0;
}

static fm_status one_step(fm_trainer *t, fm_error *err) {
    int64_t inside;
    int index = fm_recipe_stage(&t->recipe, t->state.step, &inside);
    const fm_stage *stage = &t->recipe.stage[index];
    fm_data_step data;
    fm_step_result result;
    double start = fm_clock();
    fm_status status;
    if (index != t->stage) {
        fm_trainer_leave_stage(t);
        FM_TRY(fm_trainer_enter_stage(t, index, err));
    }
    FM_TRY(fm_data_next(t->data, &data, err));
    double packed = fm_clock();
    fm_step_options options = step_options(t, stage, inside);
    FM_TRY(fm_stepper_run(&t->stepper, &data, &options, &result, err));
    fm_energy_update(&t->energy);
    fm_step_timing timing = {.seconds = fm_clock() - start, .data_seconds = packed - start};
    account(t, stage, &result, timing.seconds);
    FM_TRY(fm_trainer_log_step(t, &result, &data, (double)options.lr, timing, err));
    tell(t, (fm_train_event){.kind = FM_TRAIN_STEP,
                             .result = &result,
                             .lr = (double)options.lr,
                             .tokens_per_second = t->speed,
                             .mfu = t->speed_flops / t->peak,
                             .seconds_left = seconds_left(t)});
fail:
    return status;
}

static fm_status validate(fm_trainer *t, fm_error *err) {
    fm_validation_score scores[2 * FM_RECIPE_SOURCES];
    int count = t->set_count < 2 * FM_RECIPE_SOURCES ? t->set_count : 2 * FM_RECIPE_SOURCES;
    t->set_count = count;
    for (int i = 0; i < count; i++) {
        fm_status status = fm_validation_run(&t->sets[i], &t->stepper, t->recipe.precision,
                                             t->validation_rows, &scores[i], err);
        if (status != FM_OK) return status;
        tell(t, (fm_train_event){.kind = FM_TRAIN_VALIDATION, .name = t->sets[i].name, .score = scores[i]});
    }
    return count > 0 ? fm_trainer_log_validation(t, scores, err) : FM_OK;
}

static fm_status save(fm_trainer *t, fm_error *err) {
    char folder[1024];
    fm_status status;
    fm_trainer_keep_marks(t);
    FM_TRY(fm_ledger_sync(&t->ledger, err));
    strcpy(t->state.ledger_last, t->ledger.last);
    FM_TRY(fm_checkpoint_save(t->folder, t->weights, &t->state, t->recipe.keep, folder, err));
    FM_TRY(fm_trainer_log_checkpoint(t, folder, err));
    t->saved = fm_clock();
    tell(t, (fm_train_event){.kind = FM_TRAIN_CHECKPOINT, .name = folder});
fail:
    return status;
}

/* Why to stop before the next step; NULL: go on. */
static const char *reason(const fm_trainer *t) {
    if (t->state.step >= t->recipe.total_steps) return "done";
    if (t->options.stop && *t->options.stop) return "interrupted";
    if (t->options.steps > 0 && t->state.step - t->first_step >= t->options.steps) return "steps";
    if (t->options.stop_after > 0 && fm_clock() - t->begun >= t->options.stop_after) return "time";
    return NULL;
}

static bool save_due(const fm_trainer *t) {
    const fm_recipe *r = &t->recipe;
    if (r->checkpoint_steps > 0 && t->state.step % r->checkpoint_steps == 0) return true;
    return r->checkpoint_seconds > 0 && fm_clock() - t->saved >= r->checkpoint_seconds;
}

fm_status fm_trainer_run(fm_trainer *t, fm_train_end *end, fm_error *err) {
    const char *why;
    fm_status status = FM_OK;
    int64_t validated = -1;
    while ((why = reason(t)) == NULL) {
        FM_TRY(one_step(t, err));
        if (t->recipe.validate_every > 0 && t->state.step % t->recipe.validate_every == 0) {
            FM_TRY(validate(t, err));
            validated = t->state.step;
        }
        if (save_due(t) && reason(t) == NULL) FM_TRY(save(t, err));
    }
    *end = strcmp(why, "done") == 0 ? FM_TRAIN_DONE : FM_TRAIN_STOPPED;
    if (t->state.step > t->first_step || t->resumed_from < 0) {
        if (*end == FM_TRAIN_DONE && validated != t->state.step) FM_TRY(validate(t, err));
        FM_TRY(save(t, err));
    }
    FM_TRY(fm_trainer_log_end(t, why, err));
    return fm_ledger_sync(&t->ledger, err);
fail:;
    fm_error second = {0}; /* the first failure is the one to report; the ledger may be what failed */
    fm_trainer_log_end(t, err ? err->message : fm_status_name(status), &second);
    return status;
}
