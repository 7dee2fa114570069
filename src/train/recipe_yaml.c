/* recipe_yaml.c: the recipe's keys as a libcyaml schema, and libcyaml's complaints as one line. Refuses
 * unknown, repeated and mistyped keys; what the values mean is recipe.c's business. */
#include "train/recipe_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "kern/gemm/gemm.h"
#include "task/task.h"
#include "train/recipe.h"

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define STRICT   (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)

static const cyaml_strval_t shapes[] = {
    {"constant", FM_LR_CONSTANT}, {"cosine", FM_LR_COSINE}, {"wsd", FM_LR_WSD}, {"v3", FM_LR_V3}};
static const cyaml_strval_t kinds[] = {{"pretrain", FM_STAGE_PRETRAIN}, {"sft", FM_STAGE_SFT}};
static const cyaml_strval_t masks[] = {{"none", 0}, {"sample", 1}};
static const cyaml_strval_t precisions[] = {{"f32", FM_PRECISION_F32}, {"bf16", FM_PRECISION_BF16}};
static const cyaml_strval_t generators[] = {{"prose", FM_GEN_PROSE}, {"dialogue", FM_GEN_DIALOGUE}};
static const cyaml_strval_t langs[] = {{"en", FM_LANG_EN}, {"zh", FM_LANG_ZH}};

static const cyaml_schema_field_t lr_fields[] = {
    CYAML_FIELD_ENUM_PTR("shape", STRICT, yaml_lr, shape, shapes, CYAML_ARRAY_LEN(shapes)),
    CYAML_FIELD_FLOAT_PTR("peak", OPTIONAL, yaml_lr, peak),
    CYAML_FIELD_FLOAT_PTR("final", OPTIONAL, yaml_lr, final),
    CYAML_FIELD_FLOAT_PTR("decay", OPTIONAL, yaml_lr, decay),
    CYAML_FIELD_INT_PTR("warmup", OPTIONAL, yaml_lr, warmup),
    CYAML_FIELD_END};

static const cyaml_schema_value_t level_value = {CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int64_t)};
static const cyaml_schema_value_t lang_value = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, int, langs, CYAML_ARRAY_LEN(langs))};

static const cyaml_schema_field_t source_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, yaml_source, name, 1, FM_RECIPE_NAME - 1),
    CYAML_FIELD_STRING_PTR("file", OPTIONAL, yaml_source, file, 1, FM_RECIPE_PATH - 1),
    CYAML_FIELD_STRING_PTR("task", OPTIONAL, yaml_source, task, 1, FM_RECIPE_PATH - 1),
    CYAML_FIELD_ENUM_PTR("gen", STRICT, yaml_source, gen, generators, CYAML_ARRAY_LEN(generators)),
    CYAML_FIELD_FLOAT_PTR("weight", OPTIONAL, yaml_source, weight),
    CYAML_FIELD_SEQUENCE("levels", OPTIONAL, yaml_source, levels, &level_value, 1, FM_TASK_LEVELS),
    CYAML_FIELD_SEQUENCE("langs", OPTIONAL, yaml_source, langs, &lang_value, 1, FM_LANGS),
    CYAML_FIELD_INT_PTR("holdout", OPTIONAL, yaml_source, holdout),
    CYAML_FIELD_END};
static const cyaml_schema_value_t source_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, yaml_source, source_fields)};

static const cyaml_schema_field_t stage_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, yaml_stage, name, 1, FM_RECIPE_NAME - 1),
    CYAML_FIELD_ENUM_PTR("kind", STRICT, yaml_stage, kind, kinds, CYAML_ARRAY_LEN(kinds)),
    CYAML_FIELD_INT_PTR("steps", OPTIONAL, yaml_stage, steps),
    CYAML_FIELD_INT_PTR("tokens", OPTIONAL, yaml_stage, tokens),
    CYAML_FIELD_INT_PTR("batch_tokens", OPTIONAL, yaml_stage, batch_tokens),
    CYAML_FIELD_INT_PTR("micro_batch", OPTIONAL, yaml_stage, micro_batch),
    CYAML_FIELD_INT_PTR("sequence", OPTIONAL, yaml_stage, sequence),
    CYAML_FIELD_ENUM_PTR("mask", STRICT, yaml_stage, mask, masks, CYAML_ARRAY_LEN(masks)),
    CYAML_FIELD_MAPPING_PTR("lr", OPTIONAL, yaml_stage, lr, lr_fields),
    CYAML_FIELD_FLOAT_PTR("mtp_lambda", OPTIONAL, yaml_stage, mtp_lambda),
    CYAML_FIELD_FLOAT_PTR("balance_alpha", OPTIONAL, yaml_stage, balance_alpha),
    CYAML_FIELD_FLOAT_PTR("bias_gamma", OPTIONAL, yaml_stage, bias_gamma),
    CYAML_FIELD_SEQUENCE("sources", OPTIONAL, yaml_stage, sources, &source_value, 1, FM_RECIPE_SOURCES),
    CYAML_FIELD_END};
static const cyaml_schema_value_t stage_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, yaml_stage, stage_fields)};

static const cyaml_schema_field_t inline_fields[] = {
    CYAML_FIELD_STRING_PTR("model_type", OPTIONAL, yaml_inline, model_type, 1, 31),
    CYAML_FIELD_STRING_PTR("scoring_func", OPTIONAL, yaml_inline, scoring_func, 1, 31),
    CYAML_FIELD_STRING_PTR("topk_method", OPTIONAL, yaml_inline, topk_method, 1, 31),
    CYAML_FIELD_INT_PTR("vocab_size", OPTIONAL, yaml_inline, vocab_size),
    CYAML_FIELD_INT_PTR("hidden_size", OPTIONAL, yaml_inline, hidden_size),
    CYAML_FIELD_INT_PTR("num_hidden_layers", OPTIONAL, yaml_inline, num_hidden_layers),
    CYAML_FIELD_INT_PTR("num_attention_heads", OPTIONAL, yaml_inline, num_attention_heads),
    CYAML_FIELD_INT_PTR("q_lora_rank", OPTIONAL, yaml_inline, q_lora_rank),
    CYAML_FIELD_INT_PTR("kv_lora_rank", OPTIONAL, yaml_inline, kv_lora_rank),
    CYAML_FIELD_INT_PTR("qk_nope_head_dim", OPTIONAL, yaml_inline, qk_nope_head_dim),
    CYAML_FIELD_INT_PTR("qk_rope_head_dim", OPTIONAL, yaml_inline, qk_rope_head_dim),
    CYAML_FIELD_INT_PTR("v_head_dim", OPTIONAL, yaml_inline, v_head_dim),
    CYAML_FIELD_INT_PTR("intermediate_size", OPTIONAL, yaml_inline, intermediate_size),
    CYAML_FIELD_INT_PTR("moe_intermediate_size", OPTIONAL, yaml_inline, moe_intermediate_size),
    CYAML_FIELD_INT_PTR("n_routed_experts", OPTIONAL, yaml_inline, n_routed_experts),
    CYAML_FIELD_INT_PTR("n_shared_experts", OPTIONAL, yaml_inline, n_shared_experts),
    CYAML_FIELD_INT_PTR("num_experts_per_tok", OPTIONAL, yaml_inline, num_experts_per_tok),
    CYAML_FIELD_INT_PTR("n_group", OPTIONAL, yaml_inline, n_group),
    CYAML_FIELD_INT_PTR("topk_group", OPTIONAL, yaml_inline, topk_group),
    CYAML_FIELD_INT_PTR("first_k_dense_replace", OPTIONAL, yaml_inline, first_k_dense_replace),
    CYAML_FIELD_INT_PTR("moe_layer_freq", OPTIONAL, yaml_inline, moe_layer_freq),
    CYAML_FIELD_INT_PTR("max_position_embeddings", OPTIONAL, yaml_inline, max_position_embeddings),
    CYAML_FIELD_INT_PTR("num_nextn_predict_layers", OPTIONAL, yaml_inline, num_nextn_predict_layers),
    CYAML_FIELD_FLOAT_PTR("routed_scaling_factor", OPTIONAL, yaml_inline, routed_scaling_factor),
    CYAML_FIELD_FLOAT_PTR("rms_norm_eps", OPTIONAL, yaml_inline, rms_norm_eps),
    CYAML_FIELD_FLOAT_PTR("rope_theta", OPTIONAL, yaml_inline, rope_theta),
    CYAML_FIELD_FLOAT_PTR("initializer_range", OPTIONAL, yaml_inline, initializer_range),
    CYAML_FIELD_FLOAT_PTR("aux_loss_alpha", OPTIONAL, yaml_inline, aux_loss_alpha),
    CYAML_FIELD_BOOL_PTR("norm_topk_prob", OPTIONAL, yaml_inline, norm_topk_prob),
    CYAML_FIELD_BOOL_PTR("tie_word_embeddings", OPTIONAL, yaml_inline, tie_word_embeddings),
    CYAML_FIELD_END};

static const cyaml_schema_field_t model_fields[] = {
    CYAML_FIELD_STRING_PTR("config", OPTIONAL, yaml_model, config, 1, FM_RECIPE_PATH - 1),
    CYAML_FIELD_STRING_PTR("weights", OPTIONAL, yaml_model, weights, 1, FM_RECIPE_PATH - 1),
    CYAML_FIELD_MAPPING_PTR("inline", OPTIONAL, yaml_model, inline_config, inline_fields),
    CYAML_FIELD_INT_PTR("init_seed", OPTIONAL, yaml_model, init_seed), CYAML_FIELD_END};

static const cyaml_schema_field_t optimizer_fields[] = {
    CYAML_FIELD_FLOAT_PTR("beta1", OPTIONAL, yaml_optimizer, beta1),
    CYAML_FIELD_FLOAT_PTR("beta2", OPTIONAL, yaml_optimizer, beta2),
    CYAML_FIELD_FLOAT_PTR("eps", OPTIONAL, yaml_optimizer, eps),
    CYAML_FIELD_FLOAT_PTR("weight_decay", OPTIONAL, yaml_optimizer, weight_decay),
    CYAML_FIELD_FLOAT_PTR("clip", OPTIONAL, yaml_optimizer, clip),
    CYAML_FIELD_END};

static const cyaml_schema_field_t validation_fields[] = {
    CYAML_FIELD_INT_PTR("every", OPTIONAL, yaml_validation, every),
    CYAML_FIELD_INT_PTR("tokens", OPTIONAL, yaml_validation, tokens),
    CYAML_FIELD_SEQUENCE("sources", OPTIONAL, yaml_validation, sources, &source_value, 0, FM_RECIPE_SOURCES),
    CYAML_FIELD_END};

static const cyaml_schema_field_t checkpoint_fields[] = {
    CYAML_FIELD_INT_PTR("steps", OPTIONAL, yaml_checkpoint, steps),
    CYAML_FIELD_FLOAT_PTR("minutes", OPTIONAL, yaml_checkpoint, minutes),
    CYAML_FIELD_INT_PTR("keep", OPTIONAL, yaml_checkpoint, keep), CYAML_FIELD_END};

static const cyaml_schema_field_t recipe_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, yaml_recipe, name, 1, FM_RECIPE_NAME - 1),
    CYAML_FIELD_INT_PTR("seed", OPTIONAL, yaml_recipe, seed),
    CYAML_FIELD_MAPPING_PTR("model", CYAML_FLAG_POINTER, yaml_recipe, model, model_fields),
    CYAML_FIELD_STRING_PTR("tokenizer", CYAML_FLAG_POINTER, yaml_recipe, tokenizer, 1, FM_RECIPE_PATH - 1),
    CYAML_FIELD_ENUM_PTR("precision", STRICT, yaml_recipe, precision, precisions,
                         CYAML_ARRAY_LEN(precisions)),
    CYAML_FIELD_FLOAT_PTR("mtp_lambda", OPTIONAL, yaml_recipe, mtp_lambda),
    CYAML_FIELD_FLOAT_PTR("balance_alpha", OPTIONAL, yaml_recipe, balance_alpha),
    CYAML_FIELD_FLOAT_PTR("bias_gamma", OPTIONAL, yaml_recipe, bias_gamma),
    CYAML_FIELD_MAPPING_PTR("optimizer", OPTIONAL, yaml_recipe, optimizer, optimizer_fields),
    CYAML_FIELD_SEQUENCE("stages", CYAML_FLAG_POINTER, yaml_recipe, stages, &stage_value, 1,
                         FM_RECIPE_STAGES),
    CYAML_FIELD_MAPPING_PTR("validation", OPTIONAL, yaml_recipe, validation, validation_fields),
    CYAML_FIELD_MAPPING_PTR("checkpoint", OPTIONAL, yaml_recipe, checkpoint, checkpoint_fields),
    CYAML_FIELD_INT_PTR("decontaminate", OPTIONAL, yaml_recipe, decontaminate),
    CYAML_FIELD_INT_PTR("expert_load_every", OPTIONAL, yaml_recipe, expert_load_every),
    CYAML_FIELD_END};
static const cyaml_schema_value_t recipe_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, yaml_recipe, recipe_fields)};

/* libcyaml reports a failure as several log lines: what, then where, innermost first. They become one
 * line. */
static void collect(cyaml_log_t level, void *context, const char *format, va_list list) {
    (void)level;
    fm_buf *out = context;
    char line[512];
    int length = vsnprintf(line, sizeof line, format, list);
    if (length <= 0 || out->size > 600) return;
    line[strcspn(line, "\n")] = '\0';
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    if (strncmp(text, "Backtrace", 9) == 0) return;
    while (*text == ' ') text++;
    if (out->size > 0) fm_buf_puts(out, ", ");
    fm_buf_puts(out, text);
}

static cyaml_config_t settings(fm_buf *complaints) {
    return (cyaml_config_t){.log_fn = complaints ? collect : NULL,
                            .log_ctx = complaints,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_WARNING,
                            .flags = CYAML_CFG_NO_ALIAS};
}

fm_status yaml_recipe_parse(yaml_recipe **out, const char *text, size_t size, const char *path,
                            fm_error *err) {
    *out = NULL;
    if (size == 0)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: the recipe is empty", path); /* libyaml aborts */
    fm_buf complaints = {0};
    cyaml_config_t config = settings(&complaints);
    cyaml_err_t code =
        cyaml_load_data((const uint8_t *)text, size, &config, &recipe_value, (cyaml_data_t **)out, NULL);
    fm_status status = FM_OK;
    if (code == CYAML_ERR_OOM)
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for the recipe", path);
    else if (code != CYAML_OK)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: %s", path,
                              complaints.size > 0 ? complaints.data : cyaml_strerror(code));
    else if (*out == NULL)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: the recipe is empty", path);
    fm_buf_release(&complaints);
    return status;
}

void yaml_recipe_free(yaml_recipe *recipe) {
    cyaml_config_t config = settings(NULL);
    if (recipe) cyaml_free(&config, &recipe_value, recipe, 0);
}

/* The schema is walked again, so that a field cannot be read here and forgotten there. */
void yaml_inline_json(const yaml_inline *fields, fm_buf *out) {
    fm_buf_putc(out, '{');
    for (const cyaml_schema_field_t *field = inline_fields; field->key; field++) {
        const void *value;
        memcpy(&value, (const char *)fields + field->data_offset, sizeof value);
        if (value == NULL) continue;
        fm_buf_printf(out, "%s\"%s\": ", out->data[out->size - 1] == '{' ? "" : ", ", field->key);
        switch (field->value.type) {
        case CYAML_INT: fm_buf_printf(out, "%lld", (long long)*(const int64_t *)value); break;
        case CYAML_FLOAT: fm_buf_printf(out, "%.17g", *(const double *)value); break;
        case CYAML_BOOL: fm_buf_puts(out, *(const bool *)value ? "true" : "false"); break;
        default: /* a name: config.c refuses those it does not know, so quoting need not escape */
            fm_buf_printf(out, "\"%s\"", (const char *)value);
        }
    }
    fm_buf_putc(out, '}');
}
