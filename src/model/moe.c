/* moe.c: routed and shared experts, forward above backward. (docs/MODEL.md, "Experts")
 *
 * Source: DeepSeek-V3 report (arXiv 2412.19437), section 2.1.2, equations 12-20. Rows are sorted by expert, each
 * expert is one product over its rows, all experts' products run as one list. No token is dropped. The router works in
 * f32 at every precision, as in the report's section 3.3.1.
 */
#include <string.h>

#include "kern/embed/embed.h"
#include "kern/swiglu/swiglu.h"
#include "model/block.h"

static fm_norm_op post_norm(const fm_scope *s) {
    return (fm_norm_op){s->acts->xm, s->dim.hidden, s->dim.hidden, s->block->post_norm, s->acts->norm2};
}

static fm_mlp_op shared(const fm_scope *s) {
    return (fm_mlp_op){s->rows->count,        s->dim.shared_inner, s->block->shared_gate_up,
                       s->block->shared_down, s->work->norm,       s->acts->shared_gate_up};
}

fm_router fm_router_of(const fm_config *c, const float *bias, int rows) {
    bool noaux = c->topk_method == FM_TOPK_NOAUX_TC, grouped = c->topk_method != FM_TOPK_GREEDY;
    return (fm_router){.rows = rows,
                       .experts = c->n_routed_experts,
                       .top_k = c->num_experts_per_tok,
                       .groups = grouped ? c->n_group : 1,
                       .top_groups = grouped ? c->topk_group : 1,
                       .sigmoid = c->scoring == FM_SCORING_SIGMOID,
                       .group_by_max = !noaux,
                       .normalise = c->norm_topk_prob,
                       .scaling = c->routed_scaling_factor,
                       .bias = bias};
}

static fm_router router(const fm_scope *s) {
    const fm_block *b = s->block;
    fm_router op = fm_router_of(&s->weights->config,
                                b->router_bias == FM_ABSENT ? NULL : fm_w(s, b->router_bias), s->rows->count);
    op.logits = s->work->logits;
    op.scores = s->acts->scores;
    op.chosen = s->acts->chosen;
    op.weights = s->acts->weights;
    return op;
}

/* The weights that the scores give to a choice made elsewhere (equation of docs/MODEL.md, "Experts"). */
static void force_choice(const fm_scope *s, const fm_router *op) {
    memcpy(op->chosen, s->acts->forced, (size_t)op->rows * op->top_k * sizeof *op->chosen);
    for (int t = 0; t < op->rows; t++) {
        const float *scores = op->scores + (size_t)t * op->experts;
        const int32_t *chosen = op->chosen + (size_t)t * op->top_k;
        float *weights = op->weights + (size_t)t * op->top_k, sum = 0.0f;
        for (int j = 0; j < op->top_k; j++) sum += scores[chosen[j]];
        float scale = op->normalise ? op->scaling / (sum + 1e-20f) : op->scaling;
        for (int j = 0; j < op->top_k; j++) weights[j] = scores[chosen[j]] * scale;
    }
}

static void route(const fm_scope *s) {
    const fm_dims *d = &s->dim;
    fm_block_acts *acts = s->acts;
    fm_router op = router(s);
    fm_gemm_forward(s->dev, s->work->logits, s->work->norm, fm_w(s, s->block->router), op.rows, d->experts,
                    d->hidden, FM_PRECISION_F32);
    fm_router_forward(s->dev, &op);
    if (acts->forced) force_choice(s, &op);
    fm_router_load(acts->load, op.chosen, op.rows, op.top_k, op.experts);
    acts->balance = fm_router_balance(&op, s->rows->begin, s->rows->sequences, NULL) * s->rows->sequences;
    acts->plan.rows = op.rows;
    fm_permute_plan(&acts->plan, op.chosen);
}

/* out [slots, n] = in [slots, k] W_e^T for each expert's slots; W at offset w + e * n * k. */
static void experts_forward(const fm_scope *s, float *out, const float *in, size_t w, int n, int k) {
    const int32_t *begin = s->acts->plan.begin;
    int count = 0;
    for (int e = 0; e < s->dim.experts; e++) {
        if (begin[e] == begin[e + 1]) continue;
        s->work->jobs[count++] = (fm_gemm){.m = begin[e + 1] - begin[e],
                                           .n = n,
                                           .k = k,
                                           .a = in + (size_t)begin[e] * k,
                                           .lda = k,
                                           .b = fm_w(s, w + (size_t)e * n * k),
                                           .ldb = k,
                                           .transpose_b = true,
                                           .c = out + (size_t)begin[e] * n,
                                           .ldc = n};
    }
    fm_gemm_run(s->dev, s->work->jobs, count, s->precision);
}

/* d_in [slots, k] = d_out [slots, n] W_e. */
static void experts_backward_x(const fm_scope *s, float *d_in, const float *d_out, size_t w, int n, int k) {
    const int32_t *begin = s->acts->plan.begin;
    int count = 0;
    for (int e = 0; e < s->dim.experts; e++) {
        if (begin[e] == begin[e + 1]) continue;
        s->work->jobs[count++] = (fm_gemm){.m = begin[e + 1] - begin[e],
                                           .n = k,
                                           .k = n,
                                           .a = d_out + (size_t)begin[e] * n,
                                           .lda = n,
                                           .b = fm_w(s, w + (size_t)e * n * k),
                                           .ldb = k,
                                           .c = d_in + (size_t)begin[e] * k,
                                           .ldc = k};
    }
    fm_gemm_run(s->dev, s->work->jobs, count, s->precision);
}

/* dW_e [n, k] += d_out^T in. */
static void experts_backward_w(const fm_scope *s, const float *d_out, const float *in, size_t w, int n,
                               int k) {
    const int32_t *begin = s->acts->plan.begin;
    int count = 0;
    for (int e = 0; e < s->dim.experts; e++) {
        if (begin[e] == begin[e + 1]) continue;
        s->work->jobs[count++] = (fm_gemm){.m = n,
                                           .n = k,
                                           .k = begin[e + 1] - begin[e],
                                           .a = d_out + (size_t)begin[e] * n,
                                           .lda = n,
                                           .transpose_a = true,
                                           .b = in + (size_t)begin[e] * k,
                                           .ldb = k,
                                           .c = fm_g(s, w + (size_t)e * n * k),
                                           .ldc = k,
                                           .accumulate = true};
    }
    fm_gemm_run(s->dev, s->work->jobs, count, s->precision);
}

void fm_moe_forward(const fm_scope *s) {
    const fm_dims *d = &s->dim;
    const fm_work *w = s->work;
    fm_block_acts *acts = s->acts;
    int rows = s->rows->count, slots = rows * d->top_k, inner = d->expert_inner;
    size_t values = (size_t)rows * d->hidden;

    fm_norm_op norm = post_norm(s);
    fm_norm_op_forward(s, &norm, w->norm, d->hidden);
    route(s);
    if (d->shared_inner) {
        fm_mlp_op op = shared(s);
        fm_mlp_op_forward(s, &op, acts->y);
    } else {
        memset(acts->y, 0, values * sizeof(float));
    }
    fm_permute_gather(s->dev, &acts->plan, w->rows_in, w->norm, d->hidden);
    experts_forward(s, acts->expert_gate_up, w->rows_in, s->block->experts_gate_up, 2 * inner, d->hidden);
    fm_swiglu_forward(s->dev, w->inner, acts->expert_gate_up, slots, inner);
    experts_forward(s, acts->expert_out, w->inner, s->block->experts_down, d->hidden, inner);
    fm_permute_combine(s->dev, &acts->plan, acts->y, acts->expert_out, acts->weights, d->hidden);
    fm_add_to(s->dev, acts->y, acts->xm, values);
}

void fm_moe_backward(const fm_scope *s, float *dy) {
    const fm_dims *d = &s->dim;
    const fm_work *w = s->work;
    fm_block_acts *acts = s->acts;
    int rows = s->rows->count, slots = rows * d->top_k, inner = d->expert_inner;
    float *d_gate_up = acts->expert_gate_up; /* in place: the forward's values are not needed again */

    fm_permute_combine_backward(s->dev, &acts->plan, w->rows_grad, w->d_weights, dy, acts->expert_out,
                                acts->weights, d->hidden);
    experts_backward_x(s, w->inner_grad, w->rows_grad, s->block->experts_down, d->hidden, inner);
    fm_swiglu_backward(s->dev, d_gate_up, w->inner_grad, acts->expert_gate_up, w->inner, slots, inner);
    experts_backward_w(s, w->rows_grad, w->inner, s->block->experts_down, d->hidden, inner);

    fm_norm_op norm = post_norm(s);
    fm_norm_op_forward(s, &norm, w->norm, d->hidden);
    fm_permute_gather(s->dev, &acts->plan, w->rows_in, w->norm, d->hidden);
    experts_backward_w(s, d_gate_up, w->rows_in, s->block->experts_gate_up, 2 * inner, d->hidden);
    experts_backward_x(s, w->rows_grad, d_gate_up, s->block->experts_gate_up, 2 * inner, d->hidden);

    if (d->shared_inner) {
        fm_mlp_op op = shared(s);
        fm_mlp_op_backward(s, &op, dy, w->dnorm);
    } else {
        memset(w->dnorm, 0, (size_t)rows * d->hidden * sizeof(float));
    }
    fm_permute_combine(s->dev, &acts->plan, w->dnorm, w->rows_grad, NULL, d->hidden);

    fm_router op = router(s);
    fm_router_backward(s->dev, &(fm_router_grad){.forward = &op,
                                                 .d_weights = w->d_weights,
                                                 .d_logits = w->logits,
                                                 .alpha = (double)s->balance_alpha * s->rows->sequences,
                                                 .begin = s->rows->begin,
                                                 .sequences = s->rows->sequences});
    fm_gemm_backward_x(s->dev, w->dnorm, w->logits, fm_w(s, s->block->router), rows, d->experts, d->hidden,
                       true, FM_PRECISION_F32);
    fm_gemm_backward_w(s->dev, fm_g(s, s->block->router), w->logits, w->norm, rows, d->experts, d->hidden,
                       FM_PRECISION_F32);
    fm_norm_op_backward(s, &norm, w->dnorm, d->hidden, dy, d->hidden, true);
}
