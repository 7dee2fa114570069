/* recipe.c: from the recipe's keys to checked settings: defaults, ranges, paths, combinations. Every refusal
 * names the recipe, the key, its value and what is possible. See recipe.h. */
#include "train/recipe.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "text/tokenizer.h"
#include "train/recipe_yaml.h"
#include "train/shard.h"

/* Reading one list of keys; `status` sticks at the first failure, so that a key is one line. `where` is what
 * stands before the key in messages: "recipes/x.yaml: stages[2]." */
typedef struct reader {
    char where[FM_RECIPE_PATH + 64];
    fm_error *err;
    fm_status status;
} reader;

#define REFUSE(r, ...)                                                                                       \
    do {                                                                                                     \
        if ((r)->status == FM_OK) (r)->status = fm_error_set((r)->err, FM_ERR_FORMAT, __VA_ARGS__);          \
    } while (0)

static int64_t whole(reader *r, const char *key, const int64_t *value, int64_t low, int64_t high,
                     int64_t absent) {
    if (value == NULL) return absent;
    if (*value >= low && *value <= high) return *value;
    REFUSE(r, "%s%s is %lld, must be %lld to %lld", r->where, key, (long long)*value, (long long)low,
           (long long)high);
    return absent;
}

static double number(reader *r, const char *key, const double *value, double low, double high,
                     double absent) {
    if (value == NULL) return absent;
    if (*value >= low && *value <= high) return *value; /* a NaN is refused here */
    REFUSE(r, "%s%s is %g, must be %g to %g", r->where, key, *value, low, high);
    return absent;
}

/* A path relative to the recipe's folder, made absolute; the file must be there. */
static void take_path(reader *r, const char *recipe, const char *key, const char *value,
                      char out[FM_RECIPE_PATH]) {
    const char *slash = strrchr(recipe, '/');
    int folder = value[0] == '/' || slash == NULL ? 0 : (int)(slash - recipe) + 1;
    char joined[2 * FM_RECIPE_PATH], *full;
    snprintf(joined, sizeof joined, "%.*s%s", folder, recipe, value);
    full = realpath(joined, NULL);
    if (full == NULL)
        REFUSE(r, "%s%s is \"%s\": no such file or folder (looked for %s)", r->where, key, value, joined);
    else if (strlen(full) >= FM_RECIPE_PATH)
        REFUSE(r, "%s%s: path longer than %d bytes", r->where, key, FM_RECIPE_PATH - 1);
    else
        strcpy(out, full);
    free(full);
}

/* "all", or names with commas between them. */
static uint32_t read_families(reader *r, const char *list) {
    if (strcmp(list, "all") == 0) return (1u << FM_TASK_FAMILIES) - 1;
    uint32_t mask = 0;
    while (*list) {
        size_t size = strcspn(list, ", ");
        char one[32] = "";
        if (size < sizeof one) memcpy(one, list, size);
        fm_task_family family;
        if (size > 0 && fm_task_find(one, &family))
            mask |= 1u << family;
        else if (size > 0)
            REFUSE(r, "%stask: \"%.*s\" is no family (fathom task lists them; \"all\" takes every one)",
                   r->where, (int)size, list);
        list += size + strspn(list + size, ", ");
    }
    if (mask == 0) REFUSE(r, "%stask names no family", r->where);
    return mask;
}

static void name_source(fm_source_spec *out, const yaml_source *in) {
    const char *from = in->name ? in->name : in->task ? "task" : in->file;
    if (in->name == NULL && in->gen) from = *in->gen == FM_GEN_PROSE ? "prose" : "dialogue";
    if (in->name == NULL && in->file)
        from = strrchr(out->path, '/') ? strrchr(out->path, '/') + 1 : out->path;
    snprintf(out->name, sizeof out->name, "%.*s", FM_RECIPE_NAME - 1, from);
    if (in->name == NULL && in->file) out->name[strcspn(out->name, ".")] = '\0';
    if (in->name == NULL && in->task && strcmp(in->task, "all") != 0 && strlen(in->task) < 40)
        snprintf(out->name, sizeof out->name, "task-%s", in->task);
}

static void read_source(reader *r, const char *recipe, const yaml_source *in, fm_source_spec *out) {
    int kinds = (in->file != NULL) + (in->task != NULL) + (in->gen != NULL);
    if (kinds != 1)
        REFUSE(r, "%s has %d of the keys file, task and gen; it needs exactly one", r->where, kinds);
    if (r->status != FM_OK) return;
    *out = (fm_source_spec){.kind = in->file ? FM_SOURCE_FILE : in->task ? FM_SOURCE_TASK : FM_SOURCE_GEN};
    out->weight = number(r, "weight", in->weight, 1e-9, 1e9, 1);
    out->holdout = (int)whole(r, "holdout", in->holdout, 2, 1 << 20, 0);
    if (out->holdout && !in->file)
        REFUSE(r, "%sholdout is for files; generated text never repeats", r->where);
    if (in->levels_count && !in->task) REFUSE(r, "%slevels is for tasks", r->where);
    if (in->langs_count && in->file) REFUSE(r, "%slangs is for tasks and generators", r->where);
    out->langs = in->langs_count ? 0 : (1u << FM_LANGS) - 1;
    for (unsigned i = 0; i < in->langs_count; i++) out->langs |= 1u << in->langs[i];
    out->levels = in->levels_count ? 0 : (1u << FM_TASK_LEVELS) - 1;
    for (unsigned i = 0; i < in->levels_count; i++) {
        int64_t level = whole(r, "levels", &in->levels[i], 1, FM_TASK_LEVELS, 1);
        out->levels |= 1u << (level - 1);
    }
    if (in->task) out->families = read_families(r, in->task);
    if (in->gen) out->gen = (fm_gen_kind)*in->gen;
    if (in->file) {
        take_path(r, recipe, "file", in->file, out->path);
        if (r->status == FM_OK && !fm_path_is_dir(out->path) && !fm_shard_name_known(out->path))
            REFUSE(r, "%sfile is \"%s\": the name must end in .txt, .md or .jsonl, or one of them and .zst",
                   r->where, in->file);
    }
    name_source(out, in);
}

/* Reads a list of sources; `where` of *r is that of the list ("...: stages[1].") and stays so. */
static void read_sources(reader *r, const char *recipe, const yaml_source *in, unsigned count,
                         fm_source_spec **out, int *out_count) {
    *out = calloc(count ? count : 1, sizeof **out);
    if (*out == NULL) {
        r->status = fm_error_set(r->err, FM_ERR_MEMORY, "%ssources: no memory for %u", r->where, count);
        return;
    }
    *out_count = (int)count;
    size_t outer = strlen(r->where);
    for (unsigned i = 0; i < count && r->status == FM_OK; i++) {
        snprintf(r->where + outer, sizeof r->where - outer, "sources[%u].", i + 1);
        read_source(r, recipe, &in[i], &(*out)[i]);
        for (unsigned j = 0; j < i; j++)
            if (strcmp((*out)[j].name, (*out)[i].name) == 0)
                REFUSE(r, "%sname is \"%s\", which sources[%u] has; name them apart", r->where,
                       (*out)[i].name, j + 1);
    }
    r->where[outer] = '\0';
}

static void read_schedule(reader *r, const yaml_lr *in, fm_schedule *out, int64_t steps) {
    static const yaml_lr none;
    if (in == NULL) in = &none;
    out->steps = steps;
    out->shape = in->shape ? (fm_lr_shape)*in->shape : FM_LR_COSINE;
    out->peak = number(r, "lr.peak", in->peak, 1e-12, 10, 1e-3);
    out->final = number(r, "lr.final", in->final, 0, 1, 0.1);
    out->decay = number(r, "lr.decay", in->decay, 1e-6, 1, 0.2);
    int64_t usual = steps / 20 < 100 ? steps / 20 : 100;
    out->warmup = whole(r, "lr.warmup", in->warmup, 0, steps - 1, usual);
}

static void read_stage(reader *r, const yaml_recipe *all, const yaml_stage *in, int index, fm_recipe *out) {
    fm_stage *stage = &out->stage[index];
    snprintf(stage->name, sizeof stage->name, "%s", in->name ? in->name : "");
    if (in->name == NULL) snprintf(stage->name, sizeof stage->name, "stage%d", index + 1);
    stage->kind = in->kind ? (fm_stage_kind)*in->kind : FM_STAGE_PRETRAIN;
    stage->sequence = (int)whole(r, "sequence", in->sequence, 8, 1 << 20, 512);
    int64_t tokens =
        whole(r, "batch_tokens", in->batch_tokens, stage->sequence, 1 << 28, 8 * stage->sequence);
    if (tokens % stage->sequence != 0)
        REFUSE(r, "%sbatch_tokens is %lld, must be a multiple of sequence %d", r->where, (long long)tokens,
               stage->sequence);
    stage->batch_rows = (int)(tokens / stage->sequence);
    stage->micro_rows =
        (int)whole(r, "micro_batch", in->micro_batch, 1, stage->batch_rows, stage->batch_rows);
    if (stage->batch_rows % stage->micro_rows != 0)
        REFUSE(r, "%smicro_batch is %d rows, must divide the %d rows of a step (batch_tokens / sequence)",
               r->where, stage->micro_rows, stage->batch_rows);
    stage->sample_mask = in->mask == NULL || *in->mask == 1;
    if (!stage->sample_mask && stage->kind == FM_STAGE_SFT)
        REFUSE(r, "%smask is none: samples of an sft stage must not see each other", r->where);
    if ((in->steps != NULL) == (in->tokens != NULL))
        REFUSE(r, "%shas %s of steps and tokens; it needs one", r->where, in->steps ? "both" : "none");
    int64_t budget = whole(r, "tokens", in->tokens, 1, (int64_t)1 << 50, 0);
    stage->steps = whole(r, "steps", in->steps, 1, (int64_t)1 << 40, (budget + tokens - 1) / tokens);
    if (stage->steps < 1) stage->steps = 1;
    read_schedule(r, in->lr, &stage->lr, stage->steps);
    const double *lambda = in->mtp_lambda ? in->mtp_lambda : all->mtp_lambda;
    const double *alpha = in->balance_alpha ? in->balance_alpha : all->balance_alpha;
    const double *gamma = in->bias_gamma ? in->bias_gamma : all->bias_gamma;
    stage->mtp_lambda = (float)number(r, "mtp_lambda", lambda, 0, 100, 0.3);
    stage->balance_alpha = (float)number(r, "balance_alpha", alpha, 0, 100, 1e-4);
    stage->bias_gamma = (float)number(r, "bias_gamma", gamma, 0, 1, 1e-3);
    if (in->sources_count == 0) REFUSE(r, "%ssources is missing", r->where);
    read_sources(r, out->path, in->sources, in->sources_count, &stage->sources, &stage->source_count);
}

/* The vocabulary a model needs for the tokenizer: its ids, rounded up to a multiple of 64 for the kernels. */
static void vocabulary(reader *r, const fm_recipe *recipe, int64_t *out) {
    fm_tokenizer *tokenizer = NULL;
    if (r->status == FM_OK) r->status = fm_tokenizer_open(&tokenizer, recipe->tokenizer, NULL, r->err);
    if (r->status == FM_OK) *out = (fm_tokenizer_vocab_size(tokenizer) + 63) / 64 * 64;
    fm_tokenizer_close(tokenizer);
}

static void read_config(reader *r, const yaml_model *in, fm_recipe *out) {
    fm_buf json = {0};
    char path[FM_RECIPE_PATH + 32];
    snprintf(path, sizeof path, "%s: model.inline", out->path);
    if (in->inline_config) {
        yaml_inline fields = *in->inline_config;
        char usual[] = "deepseek_v3";
        int64_t vocab = 0;
        if (fields.model_type == NULL) fields.model_type = usual;
        if (fields.vocab_size == NULL) {
            vocabulary(r, out, &vocab);
            fields.vocab_size = &vocab;
        }
        yaml_inline_json(&fields, &json);
    } else {
        take_path(r, out->path, "config", in->config, path);
        if (r->status == FM_OK && fm_path_is_dir(path))
            strncat(path, "/config.json", sizeof path - strlen(path) - 1);
        if (r->status == FM_OK) r->status = fm_file_read(path, FM_RECIPE_FILE_BYTES, &json, r->err);
    }
    if (r->status == FM_OK) r->status = fm_config_parse(&out->config, json.data, json.size, path, r->err);
    fm_buf_release(&json);
}

static void read_model(reader *r, const yaml_recipe *in, fm_recipe *out) {
    const yaml_model *model = in->model;
    if ((model->config != NULL) == (model->inline_config != NULL))
        REFUSE(r, "%smodel has %s of config and inline; it needs one", r->where,
               model->config ? "both" : "none");
    take_path(r, out->path, "tokenizer", in->tokenizer, out->tokenizer);
    out->init_seed =
        (uint64_t)whole(r, "model.init_seed", model->init_seed, 0, INT64_MAX, (int64_t)out->seed);
    if (model->weights) take_path(r, out->path, "model.weights", model->weights, out->weights);
    if (r->status == FM_OK) read_config(r, model, out);
    for (int i = 0; i < out->stage_count; i++)
        if (out->stage[i].sequence > out->config.max_position_embeddings)
            REFUSE(r, "%sstages[%d].sequence is %d, the model has max_position_embeddings %d", r->where,
                   i + 1, out->stage[i].sequence, out->config.max_position_embeddings);
}

static void read_rest(reader *r, const yaml_recipe *in, fm_recipe *out) {
    static const yaml_optimizer no_optimizer;
    static const yaml_validation no_validation;
    static const yaml_checkpoint no_checkpoint;
    const yaml_optimizer *o = in->optimizer ? in->optimizer : &no_optimizer;
    const yaml_validation *v = in->validation ? in->validation : &no_validation;
    const yaml_checkpoint *c = in->checkpoint ? in->checkpoint : &no_checkpoint;
    out->precision = in->precision ? (fm_precision)*in->precision : FM_PRECISION_BF16;
    out->beta1 = (float)number(r, "optimizer.beta1", o->beta1, 0, 0.99999, 0.9);
    out->beta2 = (float)number(r, "optimizer.beta2", o->beta2, 0, 0.999999, 0.95);
    out->eps = (float)number(r, "optimizer.eps", o->eps, 1e-20, 1, 1e-8);
    out->weight_decay = (float)number(r, "optimizer.weight_decay", o->weight_decay, 0, 10, 0.1);
    out->clip = (float)number(r, "optimizer.clip", o->clip, 0, 1e9, 1);
    out->validate_every = whole(r, "validation.every", v->every, 0, INT64_MAX, in->validation ? 500 : 0);
    out->validation_tokens = whole(r, "validation.tokens", v->tokens, 64, 1 << 28, 32768);
    snprintf(r->where, sizeof r->where, "%.900s: validation.", out->path);
    read_sources(r, out->path, v->sources, v->sources_count, &out->validation, &out->validation_count);
    snprintf(r->where, sizeof r->where, "%.900s: ", out->path);
    out->checkpoint_steps = whole(r, "checkpoint.steps", c->steps, 0, INT64_MAX, 0);
    out->checkpoint_seconds = 60 * number(r, "checkpoint.minutes", c->minutes, 0, 1e6, c->steps ? 0 : 10);
    out->keep = (int)whole(r, "checkpoint.keep", c->keep, 1, 1000, 2);
    out->decontaminate = (uint64_t)whole(r, "decontaminate", in->decontaminate, 0, 100000, 100);
    out->load_every = whole(r, "expert_load_every", in->expert_load_every, 0, INT64_MAX, 50);
}

static void read_recipe(reader *r, const yaml_recipe *in, fm_recipe *out) {
    snprintf(r->where, sizeof r->where, "%.900s: ", out->path);
    const char *base = strrchr(out->path, '/') ? strrchr(out->path, '/') + 1 : out->path;
    snprintf(out->name, sizeof out->name, "%.*s", FM_RECIPE_NAME - 1, in->name ? in->name : base);
    if (in->name == NULL) out->name[strcspn(out->name, ".")] = '\0';
    if (out->name[0] == '\0' || out->name[0] == '.' || strchr(out->name, '/'))
        REFUSE(r, "%sname is \"%s\", must be usable as a folder's name", r->where, out->name);
    out->seed = (uint64_t)whole(r, "seed", in->seed, 0, INT64_MAX, 1);
    for (unsigned i = 0; i < in->stages_count && r->status == FM_OK; i++) {
        snprintf(r->where, sizeof r->where, "%.900s: stages[%u].", out->path, i + 1);
        out->stage_count = (int)i + 1;
        read_stage(r, in, &in->stages[i], (int)i, out);
        out->total_steps += out->stage[i].steps;
    }
    snprintf(r->where, sizeof r->where, "%.900s: ", out->path);
    if (r->status == FM_OK) read_rest(r, in, out);
    if (r->status == FM_OK) read_model(r, in, out);
}

fm_status fm_recipe_load(fm_recipe *recipe, const char *path, fm_error *err) {
    *recipe = (fm_recipe){0};
    fm_buf text = {0};
    yaml_recipe *yaml = NULL;
    reader r = {.err = err};
    fm_status status;
    FM_TRY(fm_file_read(path, FM_RECIPE_FILE_BYTES, &text, err));
    if (strlen(path) >= sizeof recipe->path) {
        status = fm_error_set(err, FM_ERR_LIMIT, "recipe: path longer than %d bytes", FM_RECIPE_PATH - 1);
        goto fail;
    }
    strcpy(recipe->path, path);
    fm_sha256_bytes(text.data, text.size, recipe->sha256);
    FM_TRY(yaml_recipe_parse(&yaml, text.data, text.size, path, err));
    read_recipe(&r, yaml, recipe);
    status = r.status;
fail:
    yaml_recipe_free(yaml);
    fm_buf_release(&text);
    return status;
}

void fm_recipe_release(fm_recipe *recipe) {
    for (int i = 0; i < FM_RECIPE_STAGES; i++) free(recipe->stage[i].sources);
    free(recipe->validation);
    *recipe = (fm_recipe){0};
}

int fm_recipe_stage(const fm_recipe *recipe, int64_t step, int64_t *inside) {
    int stage = 0;
    while (stage + 1 < recipe->stage_count && step >= recipe->stage[stage].steps)
        step -= recipe->stage[stage++].steps;
    if (inside) *inside = step;
    return stage;
}
