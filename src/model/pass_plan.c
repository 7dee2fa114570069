/* pass_plan.c: the memory of a pass: one arena, planned by the code that hands it out. (docs/MODEL.md, "Activations")
 *
 * fm_pass_plan runs twice over the same arena (base/arena.h): once adding up, once taking. So the printed plan is what
 * is used, and nothing allocates inside a step.
 */
#include "model/pass_state.h"

static float *floats(fm_pass *pass, const char *label, size_t rows, size_t size) {
    return fm_arena_take(&pass->arena, label, rows * size, sizeof(float));
}

static int32_t *ints(fm_pass *pass, const char *label, size_t count) {
    return fm_arena_take(&pass->arena, label, count, sizeof(int32_t));
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static void plan_attention(fm_pass *pass, fm_block_acts *a) {
    const fm_dims *d = &pass->dim;
    size_t rows = (size_t)pass->max_rows, heads = (size_t)d->heads;
    a->norm1 = floats(pass, "norm scales", rows, 1);
    a->q_rms = floats(pass, "norm scales", rows, 1);
    a->kv_rms = floats(pass, "norm scales", rows, 1);
    a->norm2 = floats(pass, "norm scales", rows, 1);
    a->a = floats(pass, "latents", rows, (size_t)d->a_width);
    a->q = d->q_rank ? floats(pass, "queries", rows, heads * (size_t)d->dqk) : a->a;
    a->k = floats(pass, "keys", rows, heads * (size_t)d->dqk);
    a->v = floats(pass, "values", rows, heads * (size_t)d->dv);
    a->o = floats(pass, "attention outputs", rows, heads * (size_t)d->dv);
    a->lse = floats(pass, "attention log-sums", rows, heads);
}

static void plan_feed_forward(fm_pass *pass, fm_block_acts *a, bool moe, bool dense) {
    const fm_dims *d = &pass->dim;
    size_t rows = (size_t)pass->max_rows, slots = rows * (size_t)d->top_k;
    if (dense) a->gate_up = floats(pass, "dense gate and up", rows, 2 * (size_t)d->dense_inner);
    if (!moe) return;
    a->scores = floats(pass, "router scores", rows, (size_t)d->experts);
    a->weights = floats(pass, "router weights", slots, 1);
    a->chosen = ints(pass, "expert choice", slots);
    a->plan = (fm_permute){.rows = pass->max_rows, .top_k = d->top_k, .experts = d->experts};
    a->plan.begin = ints(pass, "expert choice", (size_t)d->experts + 1);
    a->plan.source = ints(pass, "expert choice", slots);
    a->plan.slot_of = ints(pass, "expert choice", slots);
    a->expert_gate_up = floats(pass, "expert gate and up", slots, 2 * (size_t)d->expert_inner);
    a->expert_out = floats(pass, "expert outputs", slots, (size_t)d->hidden);
    if (d->shared_inner)
        a->shared_gate_up = floats(pass, "shared gate and up", rows, 2 * (size_t)d->shared_inner);
}

/* Every block its own set; the residual stream chains: block i's y is block i+1's x, MTP modules begin anew. */
static void plan_kept(fm_pass *pass) {
    const fm_weights *w = pass->weights;
    size_t rows = (size_t)pass->max_rows, hidden = (size_t)pass->dim.hidden;
    for (int i = 0; i < w->blocks; i++) {
        fm_block_acts *a = &pass->acts[i];
        bool chained = i > 0 && i < w->config.num_hidden_layers;
        a->x = chained ? pass->acts[i - 1].y : floats(pass, "residual stream", rows, hidden);
        plan_attention(pass, a);
        a->xm = floats(pass, "residual stream", rows, hidden);
        plan_feed_forward(pass, a, w->block[i].moe, !w->block[i].moe);
        a->y = floats(pass, "residual stream", rows, hidden);
    }
}

/* One set for all; each block reads one residual buffer and writes the other. */
static void plan_shared(fm_pass *pass) {
    const fm_weights *w = pass->weights;
    size_t rows = (size_t)pass->max_rows, hidden = (size_t)pass->dim.hidden;
    float *stream[2] = {floats(pass, "residual stream", rows, hidden),
                        floats(pass, "residual stream", rows, hidden)};
    bool moe = false, dense = false;
    for (int i = 0; i < w->blocks; i++) {
        moe = moe || w->block[i].moe;
        dense = dense || !w->block[i].moe;
    }
    fm_block_acts one = {.xm = floats(pass, "residual stream", rows, hidden)};
    plan_attention(pass, &one);
    plan_feed_forward(pass, &one, moe, dense);
    for (int i = 0; i < w->blocks; i++) {
        pass->acts[i] = one;
        pass->acts[i].x = stream[i % 2];
        pass->acts[i].y = stream[(i + 1) % 2];
    }
}

static void plan_work(fm_pass *pass) {
    const fm_dims *d = &pass->dim;
    fm_work *w = &pass->work;
    size_t rows = (size_t)pass->max_rows, heads = (size_t)d->heads, hidden = (size_t)d->hidden;
    size_t slots = d->experts ? rows * (size_t)d->top_k : 0;
    size_t inner = larger(slots * (size_t)d->expert_inner,
                          rows * larger((size_t)d->shared_inner, (size_t)d->dense_inner));
    const char *label = "work space";
    w->norm = floats(pass, label, rows, hidden);
    w->q_latent = floats(pass, label, rows, (size_t)d->q_rank);
    w->kv_latent = floats(pass, label, rows, (size_t)d->kv_rank);
    w->logits = floats(pass, label, rows, (size_t)d->experts);
    w->rows_in = floats(pass, label, slots, hidden);
    w->inner = floats(pass, label, inner, 1);
    w->jobs = fm_arena_take(&pass->arena, label, larger(2 * heads, (size_t)d->experts), sizeof(fm_gemm));
    if (!pass->keep) return;
    w->rows_grad = floats(pass, label, slots, hidden);
    w->inner_grad = floats(pass, label, inner, 1);
    w->dq = d->q_rank ? floats(pass, label, rows, heads * (size_t)d->dqk) : NULL;
    w->dk = floats(pass, label, rows, heads * (size_t)d->dqk);
    w->dv = floats(pass, label, rows, heads * (size_t)d->dv);
    w->d_o = floats(pass, label, rows, heads * (size_t)d->dv);
    w->da = floats(pass, label, rows, (size_t)d->a_width);
    w->delta = floats(pass, label, rows, heads);
    w->dnorm = floats(pass, label, rows, larger(hidden, larger((size_t)d->q_rank, (size_t)d->kv_rank)));
    w->d_weights = floats(pass, label, slots, 1);
}

static void plan_mtp(fm_pass *pass) {
    size_t rows = (size_t)pass->max_rows, hidden = (size_t)pass->dim.hidden;
    const char *label = "multi-token prediction";
    if (!pass->mtp) return;
    pass->emb = floats(pass, label, rows, hidden);
    pass->hidden = floats(pass, label, rows, hidden);
    pass->pair = floats(pass, label, rows, 2 * hidden);
    if (pass->keep) {
        pass->d_pair = floats(pass, label, rows, 2 * hidden);
        pass->d_parent = floats(pass, label, rows, hidden);
    }
    for (int i = 0; i < pass->mtp; i++) {
        fm_mtp_acts *m = &pass->module[i];
        int32_t **lists[] = {&m->batch_row, &m->parent_row, &m->tokens,
                             &m->positions, &m->first,      &m->targets};
        for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) *lists[k] = ints(pass, label, rows);
        m->rows.begin = ints(pass, label, rows + 1);
        m->emb_rms = floats(pass, label, rows, 1);
        m->hidden_rms = floats(pass, label, rows, 1);
        m->head_in = floats(pass, label, rows, hidden);
        m->head_rms = floats(pass, label, rows, 1);
    }
}

void fm_pass_plan(fm_pass *pass) {
    const fm_weights *w = pass->weights;
    size_t rows = (size_t)pass->max_rows, hidden = (size_t)pass->dim.hidden;
    pass->rope_table = floats(pass, "rope table", (size_t)pass->max_position, (size_t)pass->dim.rope);
    pass->begin = ints(pass, "sample bounds", rows + 1);
    if (pass->keep)
        plan_kept(pass);
    else
        plan_shared(pass);
    for (int i = 0; i < w->blocks; i++)
        pass->acts[i].load =
            fm_arena_take(&pass->arena, "expert load", (size_t)pass->dim.experts, sizeof(int64_t));
    pass->head_in = floats(pass, "head", rows, hidden);
    pass->head_rms = floats(pass, "head", rows, 1);
    pass->logits = floats(pass, "head", FM_XENT_ROWS, (size_t)w->config.vocab_size);
    if (pass->keep) pass->d = floats(pass, "gradient stream", rows, hidden);
    plan_work(pass);
    plan_mtp(pass);
}
