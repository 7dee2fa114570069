/* trainer_open.c: a trainer from its recipe: every file is read and every buffer made before the first step,
 * so that a run fails in its first seconds or not at all. See trainer.h. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "train/trainer_impl.h"

static fm_status open_tokenizer(fm_trainer *t, fm_error *err) {
    fm_buf json = {0};
    fm_status status;
    FM_TRY(fm_tokenizer_open(&t->tokenizer, t->recipe.tokenizer, NULL, err));
    FM_TRY(fm_tokenizer_to_json(t->tokenizer, &json, err));
    fm_sha256_bytes(json.data, json.size, t->state.tokenizer_sha256);
    status = fm_template_init(&t->tpl, t->tokenizer, err);
    if (status != FM_OK) {
        fm_error_prefix(err, "%s", t->recipe.tokenizer);
        goto fail;
    }
    int vocab = fm_tokenizer_vocab_size(t->tokenizer);
    if (vocab > t->recipe.config.vocab_size) {
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: vocab_size is %d, the tokenizer %s has %d ids",
                              t->recipe.path, t->recipe.config.vocab_size, t->recipe.tokenizer, vocab);
        goto fail;
    }
    t->recipe.config.bos_token_id = t->tpl.mark[FM_MARK_BOS];
    t->recipe.config.eos_token_id = t->tpl.mark[FM_MARK_EOS];
fail:
    fm_buf_release(&json);
    return status;
}

static fm_status hash_config(fm_trainer *t, fm_error *err) {
    fm_buf json = {0};
    fm_status status = fm_config_write(&t->recipe.config, "float32", &json, err);
    if (status == FM_OK) fm_sha256_bytes(json.data, json.size, t->state.config_sha256);
    fm_buf_release(&json);
    return status;
}

/* Fresh weights: from the seed, or from a folder's. */
static fm_status make_weights(fm_trainer *t, fm_error *err) {
    fm_status status = fm_weights_create(&t->weights, &t->recipe.config, true, err);
    if (status != FM_OK) return status;
    if (t->recipe.weights[0] == '\0')
        fm_weights_init(t->weights, t->recipe.init_seed);
    else
        status = fm_weights_load(t->weights, t->recipe.weights, err);
    return status;
}

/* What a checkpoint must share with the recipe to be gone on with. */
static fm_status take_checkpoint(fm_trainer *t, const char *folder, fm_error *err) {
    fm_run_state *loaded = malloc(sizeof *loaded);
    if (loaded == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", folder);
    fm_status status;
    FM_TRY(fm_checkpoint_load(folder, t->weights, loaded, err));
    if (strcmp(loaded->config_sha256, t->state.config_sha256) != 0) {
        status = fm_error_set(err, FM_ERR_FORMAT,
                              "%s/state.json: config_sha256 is %.16s..., the recipe's model has "
                              "%.16s...",
                              folder, loaded->config_sha256, t->state.config_sha256);
        goto fail;
    }
    if (strcmp(loaded->tokenizer_sha256, t->state.tokenizer_sha256) != 0) {
        status = fm_error_set(err, FM_ERR_FORMAT,
                              "%s/state.json: tokenizer_sha256 is %.16s..., the recipe's tokenizer "
                              "has %.16s...",
                              folder, loaded->tokenizer_sha256, t->state.tokenizer_sha256);
        goto fail;
    }
    t->recipe_changed = strcmp(loaded->recipe_sha256, t->recipe.sha256) != 0;
    if (t->recipe_changed)
        fm_log_put(FM_LOG_WARN, "%s: the recipe has changed since this checkpoint; the ledger will say so",
                   folder);
    t->state = *loaded;
    t->resumed_from = loaded->step;
fail:
    free(loaded);
    return status;
}

static fm_status open_run(fm_trainer *t, fm_error *err) {
    char path[1024];
    bool found;
    fm_status status;
    FM_TRY(fm_dir_make(t->folder, err));
    FM_TRY(fm_checkpoint_latest(t->folder, path, &found, err));
    if (found && !t->options.resume) {
        status = fm_error_set(err, FM_ERR_ARG,
                              "%s: this run has checkpoints; --resume goes on with it, --run DIR begins "
                              "another",
                              t->folder);
        goto fail;
    }
    if (found) FM_TRY(take_checkpoint(t, path, err));
    strcpy(t->state.recipe_sha256, t->recipe.sha256);
    FM_TRY(fm_path_join(path, sizeof path, t->folder, "run.jsonl", err));
    FM_TRY(fm_ledger_open(&t->ledger, path, err));
    t->ledger_open = true;
    if (t->ledger.torn_bytes > 0)
        fm_log_put(FM_LOG_WARN, "%s: cut off an incomplete last line of %llu bytes", path,
                   (unsigned long long)t->ledger.torn_bytes);
fail:
    return status;
}

static fm_status open_pass(fm_trainer *t, fm_error *err) {
    int most = 1, longest = 1;
    for (int i = 0; i < t->recipe.stage_count; i++) {
        const fm_stage *stage = &t->recipe.stage[i];
        if (stage->micro_rows * stage->sequence > most) most = stage->micro_rows * stage->sequence;
        if (stage->sequence > longest) longest = stage->sequence;
    }
    t->validation_rows = most / longest;
    fm_status status = fm_pass_create(&t->pass, t->weights, &t->dev, most, longest, true, err);
    if (status == FM_OK) status = fm_stepper_init(&t->stepper, t->weights, t->pass, &t->dev, most, err);
    return status;
}

static fm_status set_folders(fm_trainer *t, fm_error *err) {
    fm_status status;
    char runs[1024];
    if (t->options.cache == NULL || strlen(t->options.cache) >= sizeof t->cache)
        return fm_error_set(err, FM_ERR_ARG, "cache folder: none, or its path is longer than %zu bytes",
                            sizeof t->cache - 1);
    strcpy(t->cache, t->options.cache);
    if (t->options.run) {
        if (strlen(t->options.run) >= sizeof t->folder - 64)
            return fm_error_set(err, FM_ERR_LIMIT, "run folder: path longer than %zu bytes",
                                sizeof t->folder - 65);
        strcpy(t->folder, t->options.run);
        return FM_OK;
    }
    FM_TRY(fm_path_join(runs, sizeof runs, t->cache, "runs", err));
    FM_TRY(fm_path_join(t->folder, sizeof t->folder, runs, t->recipe.name, err));
fail:
    return status;
}

fm_status fm_trainer_open(fm_trainer **out, const fm_train_options *options, fm_error *err) {
    fm_trainer *t = calloc(1, sizeof *t);
    *out = NULL;
    if (t == NULL) return fm_error_set(err, FM_ERR_MEMORY, "trainer: no memory");
    t->options = *options;
    t->resumed_from = t->stage = -1;
    t->begun = fm_clock();
    fm_status status;
    FM_TRY(fm_recipe_load(&t->recipe, options->recipe, err));
    FM_TRY(set_folders(t, err));
    FM_TRY(open_tokenizer(t, err));
    FM_TRY(hash_config(t, err));
    FM_TRY(fm_dev_open(&t->dev, options->threads, 0, err));
    fm_kern_attach(&t->dev);
    FM_TRY(make_weights(t, err));
    FM_TRY(open_run(t, err));
    FM_TRY(open_pass(t, err));
    FM_TRY(fm_trainer_encode_files(t, err));
    FM_TRY(fm_trainer_make_validation(t, err));
    FM_TRY(fm_peak_measure(&t->dev, t->recipe.precision, &t->peak, err));
    for (int mtp = 0; mtp < 2; mtp++) t->flops[mtp] = fm_flops_of(&t->recipe.config, mtp);
    fm_energy_open(&t->energy);
    t->first_step = t->state.step;
    t->saved = fm_clock();
    FM_TRY(fm_trainer_log_segment(t, err));
    *out = t;
    return FM_OK;
fail:
    fm_trainer_close(t);
    return status;
}

void fm_trainer_close(fm_trainer *t) {
    if (t == NULL) return;
    fm_data_close(t->data);
    free(t->sources);
    for (int i = 0; i < t->set_count; i++) fm_validation_release(&t->sets[i]);
    free(t->sets);
    for (int i = 0; i < t->file_count; i++) fm_tokens_close(&t->files[i].tokens);
    free(t->files);
    fm_stepper_release(&t->stepper);
    fm_pass_free(t->pass);
    fm_weights_free(t->weights);
    fm_dev_close(&t->dev);
    fm_tokenizer_close(t->tokenizer);
    if (t->ledger_open) fm_ledger_close(&t->ledger);
    fm_recipe_release(&t->recipe);
    free(t);
}

const char *fm_trainer_folder(const fm_trainer *t) { return t->folder; }
int64_t fm_trainer_step(const fm_trainer *t) { return t->state.step; }
const fm_weights *fm_trainer_weights(const fm_trainer *t) { return t->weights; }
const fm_recipe *fm_trainer_recipe(const fm_trainer *t) { return &t->recipe; }
double fm_trainer_peak(const fm_trainer *t) { return t->peak; }
