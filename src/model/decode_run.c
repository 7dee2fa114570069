/* decode_run.c: the token's path through the model: prefill of prompts, steps of generation, MTP. (docs/MODEL.md)
 *
 * Where it stands: infer/context calls fm_decoder_prefill and fm_decoder_step. Both run the same block code; only
 * attention differs: prompts expand keys and values from the latent cache (equations 2.5, 2.6), generated positions attend in
 * the latent space (equation 2.9). Every row is computed by chains that never mix rows, so batch, chunk and threads
 * change no bit.
 */
#include <string.h>

#include "kern/attention/attention.h"
#include "kern/embed/embed.h"
#include "kern/rmsnorm/rmsnorm.h"
#include "kern/swiglu/swiglu.h"
#include "model/decode_state.h"

/* A row of the current call: whose cache, which position. */
typedef struct place {
    fm_cache *cache;
    int position;
} place;

/* The rows of one chunk. `places` are read through a function of the caller's row type. */
typedef struct chunk {
    fm_decoder *d;
    int rows;
    bool prompt;     /* prefill arithmetic: one cache, consecutive positions */
    fm_cache *cache; /* of a prompt chunk */
    const fm_decode_row *steps;
    const fm_mtp_row *mtp;
} chunk;

static place place_of(const chunk *c, int row) {
    if (c->prompt) return (place){c->cache, c->d->work.positions[row]};
    return (place){c->steps ? c->steps[row].cache : c->mtp[row].cache, c->d->work.positions[row]};
}

static float *cache_row(const fm_cache *cache, int block, int position) {
    return cache->data + ((size_t)block * cache->capacity + (size_t)position) * cache->stride;
}

static void linear(fm_decoder *d, const fm_linear *w, const float *x, int ldx, int rows, float *y, int ldy) {
    fm_linear_run(d->dev, &(fm_linear_job){.w = w, .x = x, .ldx = ldx, .m = rows, .y = y, .ldy = ldy}, 1);
}

static void norm(fm_decoder *d, int rows, const float *x, int ldx, int size, size_t w, float *y, int ldy) {
    fm_rmsnorm_forward(d->dev, &(fm_rmsnorm){.rows = rows,
                                             .size = size,
                                             .eps = d->layout->config.rms_norm_eps,
                                             .x = x,
                                             .ldx = ldx,
                                             .w = fm_decoder_vector(d, w),
                                             .y = y,
                                             .ldy = ldy});
}

static void rotate(fm_decoder *d, int rows, float *x, int heads, int row_stride) {
    fm_rope_apply(d->dev, &(fm_rope){.rows = rows,
                                     .heads = heads,
                                     .size = d->dim.rope,
                                     .x = x,
                                     .row_stride = row_stride,
                                     .head_stride = d->dim.dqk,
                                     .positions = d->work.positions,
                                     .table = d->rope_table,
                                     .interleaved = d->layout->config.rope_interleave});
}

/* ---- attention -------------------------------------------------------------------------------------------------- */

/* Queries of every row; the rows' latents and rope keys go into their caches. */
static void project(const chunk *c, int index) {
    fm_decoder *d = c->d;
    const fm_dims *m = &d->dim;
    const fm_block *l = &d->layout->block[index];
    const fm_decoder_block *b = &d->block[index];
    fm_decode_work *w = &d->work;
    norm(d, c->rows, w->x, m->hidden, m->hidden, l->input_norm, w->norm, m->hidden);
    linear(d, &b->attn_a, w->norm, m->hidden, c->rows, w->a, m->a_width);
    if (m->q_rank) {
        norm(d, c->rows, w->a, m->a_width, m->q_rank, l->q_norm, w->q_norm, m->q_rank);
        linear(d, &b->q_b, w->q_norm, m->q_rank, c->rows, w->q, m->heads * m->dqk);
    } else {
        for (int t = 0; t < c->rows; t++)
            memcpy(w->q + (size_t)t * m->q_width, w->a + (size_t)t * m->a_width,
                   (size_t)m->q_width * sizeof(float));
    }
    rotate(d, c->rows, w->q + m->nope, m->heads, m->heads * m->dqk);
    float *latent = w->a + m->q_width;
    norm(d, c->rows, latent, m->a_width, m->kv_rank, l->kv_norm, latent, m->a_width);
    rotate(d, c->rows, latent + m->kv_rank, 1, m->a_width);
    for (int t = 0; t < c->rows; t++) {
        place p = place_of(c, t);
        memcpy(cache_row(p.cache, index, p.position), latent + (size_t)t * m->a_width,
               (size_t)p.cache->stride * sizeof(float));
    }
}

/* Prompt: keys and values of every cached position, expanded from the latents, then attention over full heads. */
static void attend_expanded(const chunk *c, int index) {
    fm_decoder *d = c->d;
    const fm_dims *m = &d->dim;
    const fm_decoder_block *b = &d->block[index];
    fm_decode_work *w = &d->work;
    int before = w->positions[0], all = before + c->rows, ldk = m->heads * m->dqk, ldv = m->heads * m->dv;
    const float *latents = cache_row(c->cache, index, 0);
    for (int h = 0; h < m->heads; h++) {
        w->jobs[2 * h] = (fm_linear_job){.w = &b->key[h],
                                         .x = latents,
                                         .ldx = c->cache->stride,
                                         .m = all,
                                         .y = w->k + (size_t)h * m->dqk,
                                         .ldy = ldk};
        w->jobs[2 * h + 1] = (fm_linear_job){.w = &b->value[h],
                                             .x = latents,
                                             .ldx = c->cache->stride,
                                             .m = all,
                                             .y = w->v + (size_t)h * m->dv,
                                             .ldy = ldv};
    }
    fm_linear_run(d->dev, w->jobs, 2 * m->heads);
    for (int j = 0; j < all; j++)
        for (int h = 0; h < m->heads; h++)
            memcpy(w->k + (size_t)j * ldk + (size_t)h * m->dqk + m->nope,
                   latents + (size_t)j * c->cache->stride + m->kv_rank, (size_t)m->rope * sizeof(float));
    fm_attention_forward(d->dev, &(fm_attention){.q_rows = c->rows,
                                                 .kv_rows = all,
                                                 .q_offset = before,
                                                 .heads = m->heads,
                                                 .kv_heads = m->heads,
                                                 .dim_qk = m->dqk,
                                                 .dim_v = m->dv,
                                                 .scale = d->softmax_scale,
                                                 .q = w->q,
                                                 .k = w->k,
                                                 .v = w->v,
                                                 .ldq = ldk,
                                                 .ldk = ldk,
                                                 .ldv = ldv,
                                                 .first = w->zeros,
                                                 .o = w->o,
                                                 .ldo = ldv,
                                                 .precision = FM_PRECISION_F32});
}

/* One product per head over all rows: y[head] = x[head] W_head^T. */
static void per_head(const chunk *c, const fm_linear *list, const float *x, int step_x, int ldx, float *y,
                     int step_y, int ldy) {
    fm_linear_job *jobs = c->d->work.jobs;
    for (int h = 0; h < c->d->dim.heads; h++)
        jobs[h] = (fm_linear_job){.w = &list[h],
                                  .x = x + (size_t)h * step_x,
                                  .ldx = ldx,
                                  .m = c->rows,
                                  .y = y + (size_t)h * step_y,
                                  .ldy = ldy};
    fm_linear_run(c->d->dev, jobs, c->d->dim.heads);
}

/* Generated: W_UK folded into the query, attention over the latents themselves, W_UV after. */
static void attend_absorbed(const chunk *c, int index) {
    fm_decoder *d = c->d;
    const fm_dims *m = &d->dim;
    const fm_decoder_block *b = &d->block[index];
    fm_decode_work *w = &d->work;
    int ldq = m->heads * m->dqk, ldl = m->heads * m->kv_rank, ldr = m->heads * m->rope;
    size_t score_stride = (size_t)m->heads * (size_t)((d->max_context + 63) / 64 * 64);
    per_head(c, b->absorb, w->q, m->dqk, ldq, w->q_latent, m->kv_rank, ldl);
    for (int t = 0; t < c->rows; t++)
        for (int h = 0; h < m->heads; h++)
            memcpy(w->q_rope + (size_t)t * ldr + (size_t)h * m->rope,
                   w->q + (size_t)t * ldq + (size_t)h * m->dqk + m->nope, (size_t)m->rope * sizeof(float));
    for (int t = 0; t < c->rows; t += FM_DECODE_SCORE_ROWS) {
        int count = c->rows - t < FM_DECODE_SCORE_ROWS ? c->rows - t : FM_DECODE_SCORE_ROWS;
        for (int i = 0; i < count; i++) {
            place p = place_of(c, t + i);
            w->attends[i] = (fm_mla_decode){.heads = m->heads,
                                            .latent = m->kv_rank,
                                            .rope = m->rope,
                                            .scale = d->softmax_scale,
                                            .q_latent = w->q_latent + (size_t)(t + i) * ldl,
                                            .q_rope = w->q_rope + (size_t)(t + i) * ldr,
                                            .length = p.position + 1,
                                            .cache = cache_row(p.cache, index, 0),
                                            .stride = p.cache->stride,
                                            .out = w->out_latent + (size_t)(t + i) * ldl,
                                            .scores = w->scores + (size_t)i * score_stride};
        }
        fm_mla_decode_run(d->dev, w->attends, count);
    }
    per_head(c, b->value, w->out_latent, m->kv_rank, ldl, w->o, m->dv, m->heads * m->dv);
}

/* ---- feed-forward ----------------------------------------------------------------------------------------------- */

static void feed(fm_decoder *d, const fm_linear *gate_up, const fm_linear *down, int rows, float *y) {
    fm_decode_work *w = &d->work;
    int inner = down->k;
    linear(d, gate_up, w->norm, d->dim.hidden, rows, w->gate_up, 2 * inner);
    fm_swiglu_forward(d->dev, w->inner, w->gate_up, rows, inner);
    linear(d, down, w->inner, inner, rows, y, d->dim.hidden);
}

/* out [slots, n] of all experts, each over its own slots. */
static void experts(fm_decoder *d, const fm_linear *list, const float *in, float *out) {
    const int32_t *begin = d->work.plan.begin;
    int count = 0;
    for (int e = 0; e < d->dim.experts; e++) {
        if (begin[e] == begin[e + 1]) continue;
        d->work.jobs[count++] = (fm_linear_job){.w = &list[e],
                                                .x = in + (size_t)begin[e] * list[e].k,
                                                .ldx = list[e].k,
                                                .m = begin[e + 1] - begin[e],
                                                .y = out + (size_t)begin[e] * list[e].n,
                                                .ldy = list[e].n};
    }
    fm_linear_run(d->dev, d->work.jobs, count);
}

static void route(fm_decoder *d, int index, int rows) {
    const fm_block *l = &d->layout->block[index];
    fm_decode_work *w = &d->work;
    linear(d, &d->block[index].router, w->norm, d->dim.hidden, rows, w->logits, d->dim.experts);
    fm_router op = fm_router_of(
        &d->layout->config, l->router_bias == FM_ABSENT ? NULL : fm_decoder_vector(d, l->router_bias), rows);
    op.logits = w->logits;
    op.scores = w->router_scores;
    op.chosen = w->chosen;
    op.weights = w->weights;
    fm_router_forward(d->dev, &op);
    w->plan.rows = rows;
    fm_permute_plan(&w->plan, w->chosen);
}

static void feed_forward(const chunk *c, int index) {
    fm_decoder *d = c->d;
    const fm_dims *m = &d->dim;
    const fm_block *l = &d->layout->block[index];
    const fm_decoder_block *b = &d->block[index];
    fm_decode_work *w = &d->work;
    norm(d, c->rows, w->x, m->hidden, m->hidden, l->post_norm, w->norm, m->hidden);
    if (!l->moe) {
        feed(d, &b->gate_up, &b->down, c->rows, w->y);
    } else {
        route(d, index, c->rows);
        if (m->shared_inner)
            feed(d, &b->shared_gate_up, &b->shared_down, c->rows, w->y);
        else
            memset(w->y, 0, (size_t)c->rows * m->hidden * sizeof(float));
        fm_permute_gather(d->dev, &w->plan, w->rows_in, w->norm, m->hidden);
        experts(d, b->expert_gate_up, w->rows_in, w->gate_up);
        fm_swiglu_forward(d->dev, w->inner, w->gate_up, c->rows * m->top_k, m->expert_inner);
        experts(d, b->expert_down, w->inner, w->rows_out);
        fm_permute_combine(d->dev, &w->plan, w->y, w->rows_out, w->weights, m->hidden);
    }
    fm_add_to(d->dev, w->x, w->y, (size_t)c->rows * m->hidden);
}

static void run_block(const chunk *c, int index) {
    fm_decoder *d = c->d;
    fm_decode_work *w = &d->work;
    project(c, index);
    if (c->prompt)
        attend_expanded(c, index);
    else
        attend_absorbed(c, index);
    linear(d, &d->block[index].o, w->o, d->dim.heads * d->dim.dv, c->rows, w->y, d->dim.hidden);
    fm_add_to(d->dev, w->x, w->y, (size_t)c->rows * d->dim.hidden);
    feed_forward(c, index);
}

/* ---- entry and exit --------------------------------------------------------------------------------------------- */

static void embed(fm_decoder *d, int rows, float *out, int ld) {
    size_t hidden = (size_t)d->dim.hidden, size = fm_dtype_size(d->options.dtype);
    for (int t = 0; t < rows; t++)
        fm_convert_to_f32(out + (size_t)t * (size_t)ld,
                          (const char *)d->embed + (size_t)d->work.tokens[t] * hidden * size,
                          d->options.dtype, hidden);
}

/* The main model over the chunk's rows; work.last holds what the head reads. */
static void run_main(const chunk *c) {
    fm_decoder *d = c->d;
    embed(d, c->rows, d->work.x, d->dim.hidden);
    for (int i = 0; i < d->layout->config.num_hidden_layers; i++) run_block(c, i);
    norm(d, c->rows, d->work.x, d->dim.hidden, d->dim.hidden, d->layout->final_norm, d->work.last,
         d->dim.hidden);
}

/* One job over a run of rows whose logits follow each other in the caller's memory. */
static int add_logits(fm_decoder *d, int count, int row, float *logits) {
    fm_linear_job *jobs = d->work.jobs, *job = count ? &jobs[count - 1] : NULL;
    const float *x = d->work.last + (size_t)row * d->dim.hidden;
    int vocab = d->head.n;
    if (job && job->x + (size_t)job->m * d->dim.hidden == x && job->y + (size_t)job->m * vocab == logits) {
        job->m++;
        return count;
    }
    jobs[count] =
        (fm_linear_job){.w = &d->head, .x = x, .ldx = d->dim.hidden, .m = 1, .y = logits, .ldy = vocab};
    return count + 1;
}

static fm_status check_token(const fm_decoder *d, int32_t token, fm_error *err) {
    if (token >= 0 && token < d->layout->config.vocab_size) return FM_OK;
    return fm_error_set(err, FM_ERR_ARG, "decoder: token %d is outside the vocabulary of %d", token,
                        d->layout->config.vocab_size);
}

static fm_status check_room(const fm_cache *cache, int position, fm_error *err) {
    if (position < cache->capacity) return FM_OK;
    return fm_error_set(err, FM_ERR_LIMIT, "decoder: position %d, the cache holds %d", position,
                        cache->capacity);
}

fm_status fm_decoder_prefill(fm_decoder *d, const fm_prefill *job, fm_error *err) {
    fm_decode_work *w = &d->work;
    fm_cache *cache = job->cache;
    size_t hidden = (size_t)d->dim.hidden, vocab = (size_t)d->head.n;
    if (job->count < 1) return fm_error_set(err, FM_ERR_ARG, "decoder: prefill of %d tokens", job->count);
    fm_status status = check_room(cache, cache->length + job->count - 1, err);
    for (int i = 0; i < job->count && !status; i++) status = check_token(d, job->tokens[i], err);
    if (status) return status;
    for (int done = 0, rows; done < job->count; done += rows) {
        rows = job->count - done < d->max_rows ? job->count - done : d->max_rows;
        for (int t = 0; t < rows; t++) {
            w->tokens[t] = job->tokens[done + t];
            w->positions[t] = cache->length + t;
        }
        run_main(&(chunk){.d = d, .rows = rows, .prompt = true, .cache = cache});
        cache->length += rows;
        if (job->hidden)
            memcpy(job->hidden + (size_t)done * hidden, w->last, (size_t)rows * hidden * sizeof(float));
        if (job->all_logits)
            linear(d, &d->head, w->last, (int)hidden, rows, job->all_logits + (size_t)done * vocab,
                   (int)vocab);
        if (job->logits && done + rows == job->count)
            linear(d, &d->head, w->last + (size_t)(rows - 1) * hidden, (int)hidden, 1, job->logits,
                   (int)vocab);
    }
    return FM_OK;
}

/* Positions of a step: each row is appended to its cache in turn. */
static fm_status place_steps(fm_decoder *d, const fm_decode_row *rows, int count, fm_error *err) {
    fm_status status = FM_OK;
    int placed = 0;
    for (; placed < count && !status; placed++) {
        status = check_token(d, rows[placed].token, err);
        if (!status) status = check_room(rows[placed].cache, rows[placed].cache->length, err);
        if (status) break;
        d->work.tokens[placed] = rows[placed].token;
        d->work.positions[placed] = rows[placed].cache->length++;
    }
    if (status)
        while (placed-- > 0) rows[placed].cache->length--; /* nothing of a refused step remains */
    return status;
}

fm_status fm_decoder_step(fm_decoder *d, const fm_decode_row *rows, int count, fm_error *err) {
    fm_decode_work *w = &d->work;
    size_t hidden = (size_t)d->dim.hidden;
    if (count < 1 || count > d->max_rows)
        return fm_error_set(err, FM_ERR_LIMIT, "decoder: a step of %d rows, 1 to %d are possible", count,
                            d->max_rows);
    fm_status status = place_steps(d, rows, count, err);
    if (status) return status;
    run_main(&(chunk){.d = d, .rows = count, .steps = rows});
    int jobs = 0;
    for (int t = 0; t < count; t++) {
        if (rows[t].hidden) memcpy(rows[t].hidden, w->last + (size_t)t * hidden, hidden * sizeof(float));
        if (rows[t].logits) jobs = add_logits(d, jobs, t, rows[t].logits);
    }
    fm_linear_run(d->dev, w->jobs, jobs);
    return FM_OK;
}

fm_status fm_decoder_mtp(fm_decoder *d, const fm_mtp_row *rows, int count, fm_error *err) {
    fm_decode_work *w = &d->work;
    int index = d->layout->config.num_hidden_layers, hidden = d->dim.hidden;
    if (!d->options.mtp)
        return fm_error_set(err, FM_ERR_STATE, "decoder: loaded without its multi-token prediction module");
    if (count < 1 || count > d->max_rows)
        return fm_error_set(err, FM_ERR_LIMIT, "decoder: a step of %d rows, 1 to %d are possible", count,
                            d->max_rows);
    for (int t = 0; t < count; t++) {
        fm_status status = check_token(d, rows[t].token, err);
        if (!status) status = check_room(rows[t].cache, rows[t].position, err);
        if (status) return status;
        w->tokens[t] = rows[t].token;
        w->positions[t] = rows[t].position;
    }
    const fm_block *l = &d->layout->block[index];
    embed(d, count, w->y, hidden);
    norm(d, count, w->y, hidden, hidden, l->enorm, w->pair, 2 * hidden);
    for (int t = 0; t < count; t++)
        memcpy(w->y + (size_t)t * hidden, rows[t].hidden, (size_t)hidden * sizeof(float));
    norm(d, count, w->y, hidden, hidden, l->hnorm, w->pair + hidden, 2 * hidden);
    linear(d, &d->block[index].eh_proj, w->pair, 2 * hidden, count, w->x, hidden);
    run_block(&(chunk){.d = d, .rows = count, .mtp = rows}, index);
    norm(d, count, w->x, hidden, hidden, l->head_norm, w->last, hidden);
    int jobs = 0;
    for (int t = 0; t < count; t++)
        if (rows[t].logits) jobs = add_logits(d, jobs, t, rows[t].logits);
    fm_linear_run(d->dev, w->jobs, jobs);
    return FM_OK;
}
