/* mla.c: multi-head latent attention in training form, forward above backward. (docs/MODEL.md, "Attention")
 *
 * Source: DeepSeek-V2 (arXiv 2405.04434), section 2.1, equations 9-19. One stacked product makes the query latent, the
 * key-value latent and the shared rope key; keys are materialised per head as [nope | rope], with the rope part
 * repeated, because attention works on full heads. Per-head products write straight into that layout.
 */
#include <string.h>

#include "kern/attention/attention.h"
#include "kern/embed/embed.h"
#include "model/block.h"

/* The three norms, in one place for both directions. */
static fm_norm_op input_norm(const fm_scope *s) {
    return (fm_norm_op){s->acts->x, s->dim.hidden, s->dim.hidden, s->block->input_norm, s->acts->norm1};
}
static fm_norm_op query_norm(const fm_scope *s) {
    return (fm_norm_op){s->acts->a, s->dim.a_width, s->dim.q_rank, s->block->q_norm, s->acts->q_rms};
}
static fm_norm_op latent_norm(const fm_scope *s) {
    return (fm_norm_op){s->acts->a + s->dim.q_width, s->dim.a_width, s->dim.kv_rank, s->block->kv_norm,
                        s->acts->kv_rms};
}

/* Row stride of q: its own tensor, or the first columns of `a`. */
static int ldq(const fm_scope *s) { return s->dim.q_rank ? s->dim.heads * s->dim.dqk : s->dim.a_width; }

static void rotate(const fm_scope *s, float *x, int heads, int row_stride, bool inverse) {
    fm_rope_apply(s->dev, &(fm_rope){.rows = s->rows->count,
                                     .heads = heads,
                                     .size = s->dim.rope,
                                     .x = x,
                                     .row_stride = row_stride,
                                     .head_stride = s->dim.dqk,
                                     .positions = s->rows->positions,
                                     .table = s->rope_table,
                                     .interleaved = s->weights->config.rope_interleave,
                                     .inverse = inverse});
}

/* The shared rope key of each row, repeated into every head of k. */
static void spread_rope_key(const fm_scope *s) {
    const fm_dims *d = &s->dim;
    int ldk = d->heads * d->dqk;
    const float *from = s->acts->a + d->q_width + d->kv_rank;
    float *k = s->acts->k;
#pragma omp parallel for num_threads(s->dev->threads) schedule(static)
    for (int t = 0; t < s->rows->count; t++)
        for (int h = 0; h < d->heads; h++)
            memcpy(k + (size_t)t * ldk + h * d->dqk + d->nope, from + (size_t)t * d->a_width,
                   (size_t)d->rope * sizeof(float));
}

/* Its gradient: the heads' gradients added in head order. */
static void fold_rope_key(const fm_scope *s, const float *dk, float *da) {
    const fm_dims *d = &s->dim;
    int ldk = d->heads * d->dqk;
#pragma omp parallel for num_threads(s->dev->threads) schedule(static)
    for (int t = 0; t < s->rows->count; t++) {
        float *out = da + (size_t)t * d->a_width + d->q_width + d->kv_rank;
        const float *in = dk + (size_t)t * ldk + d->nope;
        for (int i = 0; i < d->rope; i++) out[i] = in[i];
        for (int h = 1; h < d->heads; h++)
            for (int i = 0; i < d->rope; i++) out[i] += in[h * d->dqk + i];
    }
}

/* Where head h's keys (values) lie in kv_b_proj, k and v: [nope | v] rows per head, [nope | rope] columns in k. */
typedef struct head_part {
    size_t w;  /* offset of the weight rows */
    size_t at; /* column in k or v */
    int width, ld;
    bool value;
} head_part;

static head_part part_of(const fm_scope *s, int i) {
    const fm_dims *d = &s->dim;
    int h = i / 2;
    size_t base = s->block->kv_b + (size_t)h * (d->nope + d->dv) * d->kv_rank;
    if (i % 2)
        return (head_part){base + (size_t)d->nope * d->kv_rank, (size_t)h * d->dv, d->dv, d->heads * d->dv,
                           true};
    return (head_part){base, (size_t)h * d->dqk, d->nope, d->heads * d->dqk, false};
}

static void expand_latent(const fm_scope *s, const float *latent) {
    int count = 2 * s->dim.heads;
    for (int i = 0; i < count; i++) {
        head_part p = part_of(s, i);
        s->work->jobs[i] = (fm_gemm){.m = s->rows->count,
                                     .n = p.width,
                                     .k = s->dim.kv_rank,
                                     .a = latent,
                                     .lda = s->dim.kv_rank,
                                     .b = fm_w(s, p.w),
                                     .ldb = s->dim.kv_rank,
                                     .transpose_b = true,
                                     .c = (p.value ? s->acts->v : s->acts->k) + p.at,
                                     .ldc = p.ld};
    }
    fm_gemm_run(s->dev, s->work->jobs, count, s->precision);
}

static void expand_latent_backward(const fm_scope *s, const float *latent, float *d_latent) {
    int count = 2 * s->dim.heads;
    for (int i = 0; i < count; i++) {
        head_part p = part_of(s, i);
        s->work->jobs[i] = (fm_gemm){.m = p.width,
                                     .n = s->dim.kv_rank,
                                     .k = s->rows->count,
                                     .a = (p.value ? s->work->dv : s->work->dk) + p.at,
                                     .lda = p.ld,
                                     .transpose_a = true,
                                     .b = latent,
                                     .ldb = s->dim.kv_rank,
                                     .c = fm_g(s, p.w),
                                     .ldc = s->dim.kv_rank,
                                     .accumulate = true};
    }
    fm_gemm_run(s->dev, s->work->jobs, count, s->precision);
    /* All heads add into one latent gradient: one product after the other, in head order. */
    for (int i = 0; i < count; i++) {
        head_part p = part_of(s, i);
        fm_gemm job = {.m = s->rows->count,
                       .n = s->dim.kv_rank,
                       .k = p.width,
                       .a = (p.value ? s->work->dv : s->work->dk) + p.at,
                       .lda = p.ld,
                       .b = fm_w(s, p.w),
                       .ldb = s->dim.kv_rank,
                       .c = d_latent,
                       .ldc = s->dim.kv_rank,
                       .accumulate = i > 0};
        fm_gemm_run(s->dev, &job, 1, s->precision);
    }
}

static fm_attention attention(const fm_scope *s) {
    const fm_dims *d = &s->dim;
    return (fm_attention){.q_rows = s->rows->count,
                          .kv_rows = s->rows->count,
                          .heads = d->heads,
                          .kv_heads = d->heads,
                          .dim_qk = d->dqk,
                          .dim_v = d->dv,
                          .scale = s->softmax_scale,
                          .q = s->acts->q,
                          .k = s->acts->k,
                          .v = s->acts->v,
                          .ldq = ldq(s),
                          .ldk = d->heads * d->dqk,
                          .ldv = d->heads * d->dv,
                          .first = s->rows->first,
                          .o = s->acts->o,
                          .ldo = d->heads * d->dv,
                          .lse = s->acts->lse,
                          .precision = s->precision};
}

void fm_mla_forward(const fm_scope *s) {
    const fm_dims *d = &s->dim;
    const fm_block *b = s->block;
    const fm_work *w = s->work;
    fm_block_acts *acts = s->acts;
    int rows = s->rows->count;

    fm_norm_op norm = input_norm(s), kv = latent_norm(s);
    fm_norm_op_forward(s, &norm, w->norm, d->hidden);
    fm_gemm_forward(s->dev, acts->a, w->norm, fm_w(s, b->attn_a), rows, d->a_width, d->hidden, s->precision);
    if (d->q_rank) {
        fm_norm_op q = query_norm(s);
        fm_norm_op_forward(s, &q, w->q_latent, d->q_rank);
        fm_gemm_forward(s->dev, acts->q, w->q_latent, fm_w(s, b->q_b), rows, d->heads * d->dqk, d->q_rank,
                        s->precision);
    }
    rotate(s, acts->q + d->nope, d->heads, ldq(s), false);

    fm_norm_op_forward(s, &kv, w->kv_latent, d->kv_rank);
    expand_latent(s, w->kv_latent);
    rotate(s, acts->a + d->q_width + d->kv_rank, 1, d->a_width, false);
    spread_rope_key(s);

    fm_attention op = attention(s);
    fm_attention_forward(s->dev, &op);
    fm_gemm_forward(s->dev, acts->xm, acts->o, fm_w(s, b->o), rows, d->hidden, d->heads * d->dv,
                    s->precision);
    fm_add_to(s->dev, acts->xm, acts->x, (size_t)rows * d->hidden);
}

void fm_mla_backward(const fm_scope *s, float *dx) {
    const fm_dims *d = &s->dim;
    const fm_block *b = s->block;
    const fm_work *w = s->work;
    fm_block_acts *acts = s->acts;
    int rows = s->rows->count;

    fm_gemm_backward_x(s->dev, w->d_o, dx, fm_w(s, b->o), rows, d->hidden, d->heads * d->dv, false,
                       s->precision);
    fm_gemm_backward_w(s->dev, fm_g(s, b->o), dx, acts->o, rows, d->hidden, d->heads * d->dv, s->precision);
    float *dq = d->q_rank ? w->dq : w->da;
    fm_attention_backward(
        s->dev,
        &(fm_attention_grad){
            .forward = attention(s), .d_o = w->d_o, .dq = dq, .dk = w->dk, .dv = w->dv, .delta = w->delta});

    fold_rope_key(s, w->dk, w->da);
    rotate(s, w->da + d->q_width + d->kv_rank, 1, d->a_width, true);
    fm_norm_op kv = latent_norm(s), norm = input_norm(s);
    fm_norm_op_forward(s, &kv, w->kv_latent, d->kv_rank);
    float *d_latent = w->dnorm; /* free until the last product; [T, kv_rank] fits: see pass.c */
    expand_latent_backward(s, w->kv_latent, d_latent);
    fm_norm_op_backward(s, &kv, d_latent, d->kv_rank, w->da + d->q_width, d->a_width, false);

    rotate(s, dq + d->nope, d->heads, ldq(s), true);
    if (d->q_rank) {
        fm_norm_op q = query_norm(s);
        fm_norm_op_forward(s, &q, w->q_latent, d->q_rank);
        fm_gemm_backward_w(s->dev, fm_g(s, b->q_b), dq, w->q_latent, rows, d->heads * d->dqk, d->q_rank,
                           s->precision);
        float *d_query = w->dnorm;
        fm_gemm_backward_x(s->dev, d_query, dq, fm_w(s, b->q_b), rows, d->heads * d->dqk, d->q_rank, false,
                           s->precision);
        fm_norm_op_backward(s, &q, d_query, d->q_rank, w->da, d->a_width, false);
    }

    fm_norm_op_forward(s, &norm, w->norm, d->hidden);
    fm_gemm_backward_w(s->dev, fm_g(s, b->attn_a), w->da, w->norm, rows, d->a_width, d->hidden, s->precision);
    fm_gemm_backward_x(s->dev, w->dnorm, w->da, fm_w(s, b->attn_a), rows, d->a_width, d->hidden, false,
                       s->precision);
    fm_norm_op_backward(s, &norm, w->dnorm, d->hidden, dx, d->hidden, true);
}
