/* block.c: one transformer block of the training pass, forward and backward, and what its parts share.
 *
 * Where it stands: pass.c -> here -> mla.c, mlp.c or moe.c. Refuses nothing: shapes were checked with the config.
 */
#include "model/block.h"

#include "kern/rmsnorm/rmsnorm.h"

fm_dims fm_dims_of(const fm_config *c) {
    fm_dims d = {
        .hidden = c->hidden_size,
        .heads = c->num_attention_heads,
        .nope = c->qk_nope_head_dim,
        .rope = c->qk_rope_head_dim,
        .dqk = c->qk_nope_head_dim + c->qk_rope_head_dim,
        .dv = c->v_head_dim,
        .q_rank = c->q_lora_rank,
        .kv_rank = c->kv_lora_rank,
        .dense_inner = c->intermediate_size,
        .expert_inner = c->moe_intermediate_size,
        .shared_inner = c->n_shared_experts * c->moe_intermediate_size,
        .experts = c->n_routed_experts,
        .top_k = c->num_experts_per_tok,
    };
    d.q_width = d.q_rank ? d.q_rank : d.heads * d.dqk;
    d.a_width = d.q_width + d.kv_rank + d.rope;
    return d;
}

void fm_norm_op_forward(const fm_scope *s, const fm_norm_op *op, float *y, int ldy) {
    fm_rmsnorm_forward(s->dev, &(fm_rmsnorm){.rows = s->rows->count,
                                             .size = op->size,
                                             .eps = s->weights->config.rms_norm_eps,
                                             .x = op->x,
                                             .ldx = op->ldx,
                                             .w = fm_w(s, op->w),
                                             .y = y,
                                             .ldy = ldy,
                                             .r = op->r});
}

void fm_norm_op_backward(const fm_scope *s, const fm_norm_op *op, const float *dy, int lddy, float *dx,
                         int lddx, bool accumulate) {
    fm_rmsnorm_backward(s->dev, &(fm_rmsnorm_grad){.rows = s->rows->count,
                                                   .size = op->size,
                                                   .x = op->x,
                                                   .ldx = op->ldx,
                                                   .w = fm_w(s, op->w),
                                                   .r = op->r,
                                                   .dy = dy,
                                                   .lddy = lddy,
                                                   .dx = dx,
                                                   .lddx = lddx,
                                                   .accumulate = accumulate,
                                                   .dw = fm_g(s, op->w)});
}

void fm_block_forward(const fm_scope *s) {
    fm_mla_forward(s);
    if (s->block->moe)
        fm_moe_forward(s);
    else
        fm_mlp_forward(s);
}

void fm_block_backward(const fm_scope *s, float *d) {
    if (s->block->moe)
        fm_moe_backward(s, d);
    else
        fm_mlp_backward(s, d);
    fm_mla_backward(s, d);
}
