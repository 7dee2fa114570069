/* flops.c: see flops.h. Refuses nothing: the config has been checked. */
#include "train/flops.h"

/* Parameters that one token meets in a module of MTP: projection, block, shared head. */
static double mtp_active(const fm_config *c, int block) {
    double h = c->hidden_size, heads = c->num_attention_heads, qk = c->qk_nope_head_dim + c->qk_rope_head_dim;
    double q = c->q_lora_rank ? c->q_lora_rank * (h + heads * qk + 1) : h * heads * qk;
    double kv = h * (c->kv_lora_rank + c->qk_rope_head_dim) + c->kv_lora_rank +
                c->kv_lora_rank * heads * (c->qk_nope_head_dim + c->v_head_dim);
    double attention = q + kv + heads * c->v_head_dim * h;
    double experts = c->num_experts_per_tok + c->n_shared_experts;
    double ffn = fm_config_layer_is_moe(c, block)
                     ? 3 * h * c->moe_intermediate_size * experts + h * c->n_routed_experts
                     : 3 * h * c->intermediate_size;
    return 2 * h * h + attention + ffn + 5 * h + (double)c->vocab_size * h;
}

fm_flops fm_flops_of(const fm_config *config, bool mtp) {
    int blocks = config->num_hidden_layers;
    double active = (double)fm_config_count(config).active;
    for (int i = 0; mtp && i < config->num_nextn_predict_layers; i++)
        active += mtp_active(config, config->num_hidden_layers + i);
    if (mtp) blocks += config->num_nextn_predict_layers;
    double head = config->qk_nope_head_dim + config->qk_rope_head_dim + config->v_head_dim;
    return (fm_flops){.per_token = 6 * active, .per_pair = 6.0 * blocks * config->num_attention_heads * head};
}
