/* recipe_yaml.h: a recipe as it stands in the file, before defaults and checks. Private to recipe*.c.
 *
 * Every optional scalar is a pointer: NULL means that the key is absent, so that 0 can be said. libcyaml owns
 * all of it.
 */
#ifndef FM_TRAIN_RECIPE_YAML_H
#define FM_TRAIN_RECIPE_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

typedef struct yaml_lr {
    int *shape; /* fm_lr_shape */
    double *peak, *final, *decay;
    int64_t *warmup;
} yaml_lr;

typedef struct yaml_source {
    char *name, *file, *task;
    int *gen; /* fm_gen_kind */
    double *weight;
    int64_t *levels;
    unsigned levels_count;
    int *langs; /* fm_lang */
    unsigned langs_count;
    int64_t *holdout;
} yaml_source;

typedef struct yaml_stage {
    char *name;
    int *kind; /* fm_stage_kind */
    int64_t *steps, *tokens, *batch_tokens, *micro_batch, *sequence;
    int *mask; /* 0 none, 1 sample */
    yaml_lr *lr;
    double *mtp_lambda, *balance_alpha, *bias_gamma;
    yaml_source *sources;
    unsigned sources_count;
} yaml_stage;

/* The fields of config.json that a recipe may state itself. */
typedef struct yaml_inline {
    char *model_type, *scoring_func, *topk_method;
    int64_t *vocab_size, *hidden_size, *num_hidden_layers, *num_attention_heads, *q_lora_rank, *kv_lora_rank,
        *qk_nope_head_dim, *qk_rope_head_dim, *v_head_dim, *intermediate_size, *moe_intermediate_size,
        *n_routed_experts, *n_shared_experts, *num_experts_per_tok, *n_group, *topk_group,
        *first_k_dense_replace, *moe_layer_freq, *max_position_embeddings, *num_nextn_predict_layers;
    double *routed_scaling_factor, *rms_norm_eps, *rope_theta, *initializer_range, *aux_loss_alpha;
    bool *norm_topk_prob, *tie_word_embeddings;
} yaml_inline;

typedef struct yaml_model {
    char *config, *weights;
    yaml_inline *inline_config;
    int64_t *init_seed;
} yaml_model;

typedef struct yaml_optimizer {
    double *beta1, *beta2, *eps, *weight_decay, *clip;
} yaml_optimizer;

typedef struct yaml_validation {
    int64_t *every, *tokens;
    yaml_source *sources;
    unsigned sources_count;
} yaml_validation;

typedef struct yaml_checkpoint {
    int64_t *steps, *keep;
    double *minutes;
} yaml_checkpoint;

typedef struct yaml_recipe {
    char *name;
    int64_t *seed;
    yaml_model *model;
    char *tokenizer;
    int *precision; /* fm_precision */
    double *mtp_lambda, *balance_alpha, *bias_gamma;
    yaml_optimizer *optimizer;
    yaml_stage *stages;
    unsigned stages_count;
    yaml_validation *validation;
    yaml_checkpoint *checkpoint;
    int64_t *decontaminate, *expert_load_every;
} yaml_recipe;

/* Parses text[0..size); `path` heads the message. *out is released with yaml_recipe_free. */
fm_status yaml_recipe_parse(yaml_recipe **out, const char *text, size_t size, const char *path,
                            fm_error *err);
void yaml_recipe_free(yaml_recipe *recipe);

/* The inline fields as a config.json. */
void yaml_inline_json(const yaml_inline *fields, fm_buf *out);

#endif
