/* config.h: what a model is: the fields of a published config.json, checked.
 *
 * Names are those of the config files of DeepSeek-V2, V3 and R1 (deepseek-ai on Hugging Face). One description
 * serves inference and training; what differs by family is data here. 0 in q_lora_rank means "no query
 * compression" (null in the file).
 */
#ifndef FM_MODEL_CONFIG_H
#define FM_MODEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

typedef enum fm_scoring { FM_SCORING_SIGMOID, FM_SCORING_SOFTMAX } fm_scoring;

/* How experts are chosen: V2-Lite, V2, V3. */
typedef enum fm_topk_method { FM_TOPK_GREEDY, FM_TOPK_GROUP_LIMITED_GREEDY, FM_TOPK_NOAUX_TC } fm_topk_method;

/* YaRN (arXiv 2309.00071) as DeepSeek configures it; factor 0: no scaling. */
typedef struct fm_rope_scaling {
    float factor;
    float beta_fast, beta_slow;
    float mscale, mscale_all_dim;
    int original_max_position_embeddings;
} fm_rope_scaling;

typedef struct fm_config {
    char model_type[32]; /* "deepseek_v3", "deepseek_v2" */
    int vocab_size, hidden_size, num_hidden_layers, num_attention_heads;
    int q_lora_rank, kv_lora_rank;                      /* MLA's compressions; q_lora_rank 0: none */
    int qk_nope_head_dim, qk_rope_head_dim, v_head_dim; /* per head */
    int intermediate_size;                              /* dense feed-forward */
    int moe_intermediate_size, n_routed_experts, n_shared_experts, num_experts_per_tok;
    int n_group, topk_group;
    int first_k_dense_replace, moe_layer_freq;
    fm_scoring scoring;
    fm_topk_method topk_method;
    bool norm_topk_prob;
    float routed_scaling_factor;
    float rms_norm_eps;
    float rope_theta;
    bool rope_interleave; /* pairs (2i, 2i+1); false: halves (i, i + d/2) */
    fm_rope_scaling rope_scaling;
    int max_position_embeddings;
    int num_nextn_predict_layers; /* MTP modules stored after the main layers */
    bool tie_word_embeddings;
    float initializer_range;
    int bos_token_id, eos_token_id; /* -1: none */
    float aux_loss_alpha;           /* sequence-wise balance loss; the recipe may override */
} fm_config;

/* Reads config.json's text; `where` (its path) heads every message. Defaults are those of the reference
 * implementation. Refuses, by field, value and limit: unknown model types, sizes that are zero, negative or over
 * 2^24, top-k above the number of experts, groups that do not divide, odd rope dimensions, products that overflow. */
fm_status fm_config_parse(fm_config *config, const char *json, size_t size, const char *where, fm_error *err);

/* Reads FOLDER/config.json. */
fm_status fm_config_load(fm_config *config, const char *folder, fm_error *err);

/* Writes the Hugging Face form (DeepseekV3ForCausalLM or DeepseekV2ForCausalLM) that fm_config_parse reads back;
 * torch_dtype is "float32" or "bfloat16". */
fm_status fm_config_write(const fm_config *config, const char *torch_dtype, fm_buf *out, fm_error *err);

/* True for layers with experts: index at or past first_k_dense_replace, and moe_layer_freq divides it. MTP blocks
 * (index >= num_hidden_layers) follow the same rule. */
bool fm_config_layer_is_moe(const fm_config *config, int layer);

/* Parameters as published counts have them: all, and active per token (routed experts counted num_experts_per_tok
 * times, MTP left out, head in, embedding row out). */
typedef struct fm_param_count {
    int64_t total, active, embedding, mtp;
} fm_param_count;
fm_param_count fm_config_count(const fm_config *config);

#endif
