/* mtp.c: multi-token prediction modules, forward above backward. (docs/MODEL.md, "Multi-token prediction")
 *
 * Source: DeepSeek-V3 report, section 2.2, in the form of the published checkpoints: module d takes the hidden state
 * of the model (or of module d-1) AFTER the norm before its head, and the embedding of token t_{i+d+1}:
 *     x_i = eh_proj [enorm(Emb(t_{i+d+1})) ; hnorm(h_i)],  one block at RoPE position i,  shared_head.norm, shared head.
 * A row takes part only if its sample has that token; such rows are packed together, so a module never computes on rows
 * without input and packed samples give what they give apart.
 */
#include <string.h>

#include "kern/embed/embed.h"
#include "model/pass_state.h"

void fm_mtp_rows(fm_pass *pass) {
    const fm_rows *batch = &pass->rows;
    for (int depth = 0; depth < pass->mtp; depth++) {
        fm_mtp_acts *m = &pass->module[depth];
        const fm_mtp_acts *parent = depth ? m - 1 : NULL;
        int parents = parent ? parent->rows.count : batch->count, ahead = depth + 1, count = 0, sample = -1,
            begin = 0;
        for (int p = 0; p < parents; p++) {
            int i = parent ? parent->batch_row[p] : p;
            if (i + ahead >= batch->count || batch->first[i + ahead] != batch->first[i]) continue;
            if (batch->first[i] != sample) {
                sample = batch->first[i];
                begin = count;
            }
            m->batch_row[count] = i;
            m->parent_row[count] = p;
            m->tokens[count] = batch->tokens[i + ahead];
            m->positions[count] = batch->positions[i];
            m->targets[count] = batch->targets[i + ahead];
            m->first[count++] = begin;
        }
        m->rows.count = count;
        m->rows.tokens = m->tokens;
        m->rows.positions = m->positions;
        m->rows.first = m->first;
        m->rows.targets = m->targets;
        fm_rows_begin(&m->rows);
    }
}

static fm_norm_op emb_norm(const fm_pass *pass, const fm_scope *s, int depth) {
    return (fm_norm_op){pass->emb, s->dim.hidden, s->dim.hidden, s->block->enorm,
                        pass->module[depth].emb_rms};
}
static fm_norm_op hidden_norm(const fm_pass *pass, const fm_scope *s, int depth) {
    return (fm_norm_op){pass->hidden, s->dim.hidden, s->dim.hidden, s->block->hnorm,
                        pass->module[depth].hidden_rms};
}
static fm_norm_op head_norm(const fm_pass *pass, const fm_scope *s, int depth) {
    return (fm_norm_op){s->acts->y, s->dim.hidden, s->dim.hidden, s->block->head_norm,
                        pass->module[depth].head_rms};
}

static fm_scope scope_of(fm_pass *pass, int depth, const fm_pass_options *options) {
    return fm_pass_scope(pass, pass->weights->config.num_hidden_layers + depth, &pass->module[depth].rows,
                         options);
}

/* pair = [enorm(embedding) ; hnorm(hidden)]; the inputs stay in pass->emb and pass->hidden for the norms' backward. */
static void make_pair(fm_pass *pass, const fm_scope *s, int depth, const float *parent) {
    const fm_mtp_acts *m = &pass->module[depth];
    int hidden = s->dim.hidden;
    fm_embed_forward(s->dev, pass->emb, fm_w(s, s->weights->embed), m->tokens, m->rows.count, hidden);
    for (int i = 0; i < m->rows.count; i++)
        memcpy(pass->hidden + (size_t)i * hidden, parent + (size_t)m->parent_row[i] * hidden,
               (size_t)hidden * sizeof(float));
    fm_norm_op emb = emb_norm(pass, s, depth), given = hidden_norm(pass, s, depth);
    fm_norm_op_forward(s, &emb, pass->pair, 2 * hidden);
    fm_norm_op_forward(s, &given, pass->pair + hidden, 2 * hidden);
}

void fm_mtp_forward(fm_pass *pass, int depth, const float *parent, const fm_pass_options *options) {
    fm_scope s = scope_of(pass, depth, options);
    fm_mtp_acts *m = &pass->module[depth];
    int hidden = s.dim.hidden;
    if (!m->rows.count) return;
    make_pair(pass, &s, depth, parent);
    fm_gemm_forward(s.dev, s.acts->x, pass->pair, fm_w(&s, s.block->eh_proj), m->rows.count, hidden,
                    2 * hidden, s.precision);
    fm_block_forward(&s);
    fm_norm_op norm = head_norm(pass, &s, depth);
    fm_norm_op_forward(&s, &norm, m->head_in, hidden);
}

void fm_mtp_backward(fm_pass *pass, int depth, const float *parent, const fm_pass_options *options) {
    fm_scope s = scope_of(pass, depth, options);
    const fm_mtp_acts *m = &pass->module[depth];
    int hidden = s.dim.hidden, rows = m->rows.count;
    if (!rows) return;
    fm_norm_op norm = head_norm(pass, &s, depth);
    fm_norm_op_backward(&s, &norm, pass->d, hidden, pass->d, hidden, false);
    fm_block_backward(&s, pass->d);
    make_pair(pass, &s, depth, parent);
    fm_gemm_backward_w(s.dev, fm_g(&s, s.block->eh_proj), pass->d, pass->pair, rows, hidden, 2 * hidden,
                       s.precision);
    fm_gemm_backward_x(s.dev, pass->d_pair, pass->d, fm_w(&s, s.block->eh_proj), rows, hidden, 2 * hidden,
                       false, s.precision);
    fm_norm_op emb = emb_norm(pass, &s, depth), given = hidden_norm(pass, &s, depth);
    fm_norm_op_backward(&s, &emb, pass->d_pair, 2 * hidden, pass->d, hidden, false);
    fm_embed_backward(s.dev, fm_g(&s, s.weights->embed), pass->d, m->tokens, rows, hidden);
    fm_norm_op_backward(&s, &given, pass->d_pair + hidden, 2 * hidden, pass->d_parent, hidden, false);
}

void fm_mtp_return(fm_pass *pass, int depth) {
    const fm_mtp_acts *m = &pass->module[depth];
    size_t hidden = (size_t)pass->dim.hidden;
    for (int i = 0; i < m->rows.count; i++) { /* rows are distinct: the order does not matter */
        float *to = pass->d + (size_t)m->parent_row[i] * hidden;
        const float *from = pass->d_parent + (size_t)i * hidden;
        for (size_t j = 0; j < hidden; j++) to[j] += from[j];
    }
}
