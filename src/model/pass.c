/* pass.c: forward, losses and backward of a micro-batch, in the order in which they run. (docs/MODEL.md, "The pass")
 *
 * Where it stands: train/step and eval call fm_pass_run; below are block.c (mla.c, mlp.c, moe.c), mtp.c and head.c.
 * Refuses bad batches in fm_batch_check; fm_pass_run trusts it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fmath.h"
#include "kern/embed/embed.h"
#include "model/pass_state.h"

static fm_rope_spec rope_spec(const fm_config *c) {
    const fm_rope_scaling *y = &c->rope_scaling;
    return (fm_rope_spec){.size = c->qk_rope_head_dim,
                          .theta = c->rope_theta,
                          .factor = y->factor,
                          .beta_fast = y->beta_fast,
                          .beta_slow = y->beta_slow,
                          .mscale = y->mscale,
                          .mscale_all_dim = y->mscale_all_dim,
                          .original_positions = y->original_max_position_embeddings};
}

float fm_mla_rope(const fm_config *config, float *table, int positions) {
    fm_rope_spec spec = rope_spec(config);
    if (table) fm_rope_table(table, &spec, 0, positions);
    double dqk = config->qk_nope_head_dim + config->qk_rope_head_dim;
    return (float)(fm_rope_softmax_factor(&spec) / fm_sqrt(dqk));
}

fm_status fm_pass_create(fm_pass **out, fm_weights *weights, fm_dev *dev, int max_rows, int max_position,
                         bool backward, fm_error *err) {
    *out = NULL;
    if (max_rows < 1)
        return fm_error_set(err, FM_ERR_ARG, "pass: max_rows is %d, must be at least 1", max_rows);
    if (backward && !weights->g)
        return fm_error_set(err, FM_ERR_STATE, "pass: backward needs weights made for training");
    fm_pass *pass = calloc(1, sizeof *pass);
    if (!pass) return fm_error_set(err, FM_ERR_MEMORY, "pass: out of memory");
    fm_arena_init(&pass->arena, "activations");
    pass->weights = weights;
    pass->dev = dev;
    pass->dim = fm_dims_of(&weights->config);
    pass->max_rows = max_rows;
    pass->max_position = max_position ? max_position : weights->config.max_position_embeddings;
    pass->mtp = weights->config.num_nextn_predict_layers;
    pass->keep = backward;
    pass->acts = calloc((size_t)weights->blocks, sizeof *pass->acts);
    fm_status status = pass->acts ? FM_OK : fm_error_set(err, FM_ERR_MEMORY, "pass: out of memory");
    if (!status) {
        fm_pass_plan(pass);
        status = fm_arena_commit(&pass->arena, err);
    }
    if (status) {
        fm_pass_free(pass);
        return status;
    }
    fm_pass_plan(pass);
    pass->softmax_scale = fm_mla_rope(&weights->config, pass->rope_table, pass->max_position);
    *out = pass;
    return FM_OK;
}

void fm_pass_free(fm_pass *pass) {
    if (!pass) return;
    fm_arena_release(&pass->arena);
    free(pass->acts);
    free(pass);
}

const fm_arena *fm_pass_arena(const fm_pass *pass) { return &pass->arena; }

fm_status fm_batch_check(const fm_pass *pass, const fm_batch *batch, fm_error *err) {
    int vocab = pass->weights->config.vocab_size;
    if (batch->rows < 1 || batch->rows > pass->max_rows)
        return fm_error_set(err, FM_ERR_ARG, "batch: %d rows, the pass holds 1 to %d", batch->rows,
                            pass->max_rows);
    for (int i = 0; i < batch->rows; i++) {
        if (batch->tokens[i] < 0 || batch->tokens[i] >= vocab)
            return fm_error_set(err, FM_ERR_ARG, "batch: row %d: token %d is outside the vocabulary of %d", i,
                                batch->tokens[i], vocab);
        if (batch->targets[i] < -1 || batch->targets[i] >= vocab)
            return fm_error_set(err, FM_ERR_ARG, "batch: row %d: target %d is outside the vocabulary of %d",
                                i, batch->targets[i], vocab);
        if (batch->positions[i] < 0 || batch->positions[i] >= pass->max_position)
            return fm_error_set(err, FM_ERR_LIMIT, "batch: row %d: position %d, the limit is %d", i,
                                batch->positions[i], pass->max_position - 1);
        if (batch->first[i] != i && (i == 0 || batch->first[i] != batch->first[i - 1]))
            return fm_error_set(err, FM_ERR_ARG,
                                "batch: row %d: first is %d, must be %d or that of the row before", i,
                                batch->first[i], i);
    }
    return FM_OK;
}

void fm_counts_add(fm_counts *counts, const fm_config *config, const fm_batch *batch) {
    for (int i = 0; i < batch->rows; i++) {
        counts->targets += batch->targets[i] >= 0;
        counts->sequences += batch->first[i] == i;
        for (int d = 0; d < config->num_nextn_predict_layers; d++) {
            int next = i + d + 1;
            counts->mtp_targets[d] +=
                next < batch->rows && batch->first[next] == batch->first[i] && batch->targets[next] >= 0;
        }
    }
}

double fm_losses_total(const fm_losses *losses, const fm_config *config, float mtp_lambda,
                       float balance_alpha) {
    const fm_counts *n = &losses->counts;
    double total = n->targets ? losses->main / (double)n->targets : 0.0;
    for (int d = 0; d < config->num_nextn_predict_layers; d++)
        if (n->mtp_targets[d])
            total += (double)mtp_lambda / config->num_nextn_predict_layers * losses->mtp[d] /
                     (double)n->mtp_targets[d];
    if (n->sequences) total += (double)balance_alpha * losses->balance / (double)n->sequences;
    return total;
}

void fm_rows_begin(fm_rows *rows) {
    rows->sequences = 0;
    for (int i = 0; i < rows->count; i++)
        if (rows->first[i] == i) rows->begin[rows->sequences++] = i;
    rows->begin[rows->sequences] = rows->count;
}

fm_scope fm_pass_scope(fm_pass *pass, int block, const fm_rows *rows, const fm_pass_options *options) {
    int64_t sequences = options->step.sequences;
    return (fm_scope){.dev = pass->dev,
                      .weights = pass->weights,
                      .block = &pass->weights->block[block],
                      .dim = pass->dim,
                      .rows = rows,
                      .acts = &pass->acts[block],
                      .work = &pass->work,
                      .rope_table = pass->rope_table,
                      .softmax_scale = pass->softmax_scale,
                      .balance_alpha = sequences ? options->balance_alpha / (float)sequences : 0.0f,
                      .precision = options->precision};
}

/* The final norm stands outside any block: a scope without one. */
static fm_norm_op final_norm(const fm_pass *pass) {
    const fm_weights *w = pass->weights;
    return (fm_norm_op){pass->acts[w->config.num_hidden_layers - 1].y, pass->dim.hidden, pass->dim.hidden,
                        w->final_norm, pass->head_rms};
}

static void forward(fm_pass *pass, const fm_pass_options *options, bool mtp, fm_losses *losses) {
    const fm_weights *w = pass->weights;
    int layers = w->config.num_hidden_layers;
    fm_embed_forward(pass->dev, pass->acts[0].x, w->w + w->embed, pass->rows.tokens, pass->rows.count,
                     pass->dim.hidden);
    for (int i = 0; i < layers; i++) {
        fm_scope s = fm_pass_scope(pass, i, &pass->rows, options);
        fm_block_forward(&s);
        if (s.block->moe) losses->balance += s.acts->balance;
    }
    fm_scope s = fm_pass_scope(pass, layers - 1, &pass->rows, options);
    fm_norm_op norm = final_norm(pass);
    fm_norm_op_forward(&s, &norm, pass->head_in, pass->dim.hidden);
    for (int d = 0; mtp && d < pass->mtp; d++) {
        fm_mtp_forward(pass, d, d ? pass->module[d - 1].head_in : pass->head_in, options);
        if (pass->module[d].rows.count && w->block[layers + d].moe)
            losses->balance += pass->acts[layers + d].balance;
    }
}

/* Losses from the last module to the main model, each followed by its blocks backwards: a module's gradient for its
 * input joins the gradient of the head below it. */
static void losses_and_backward(fm_pass *pass, const fm_pass_options *options, bool mtp, fm_losses *losses) {
    const fm_weights *w = pass->weights;
    const fm_counts *step = &options->step;
    int layers = w->config.num_hidden_layers;
    for (int d = mtp ? pass->mtp - 1 : -1; d >= 0; d--) {
        fm_mtp_acts *m = &pass->module[d];
        double scale = step->mtp_targets[d]
                           ? options->mtp_lambda / ((double)pass->mtp * (double)step->mtp_targets[d])
                           : 0.0;
        if (m->rows.count) losses->mtp[d] += fm_head_loss(pass, &m->rows, m->head_in, scale, options, NULL);
        if (!options->backward) continue;
        if (d + 1 < pass->mtp) fm_mtp_return(pass, d + 1);
        fm_mtp_backward(pass, d, d ? pass->module[d - 1].head_in : pass->head_in, options);
    }
    double scale = step->targets ? 1.0 / (double)step->targets : 0.0;
    losses->main += fm_head_loss(pass, &pass->rows, pass->head_in, scale, options, options->row_loss);
    if (!options->backward) return;
    if (mtp) fm_mtp_return(pass, 0);
    fm_scope s = fm_pass_scope(pass, layers - 1, &pass->rows, options);
    fm_norm_op norm = final_norm(pass);
    fm_norm_op_backward(&s, &norm, pass->d, pass->dim.hidden, pass->d, pass->dim.hidden, false);
    for (int i = layers - 1; i >= 0; i--) {
        s = fm_pass_scope(pass, i, &pass->rows, options);
        fm_block_backward(&s, pass->d);
    }
    fm_embed_backward(pass->dev, w->g + w->embed, pass->d, pass->rows.tokens, pass->rows.count,
                      pass->dim.hidden);
}

void fm_pass_run(fm_pass *pass, const fm_batch *batch, const fm_pass_options *options, fm_losses *losses) {
    bool mtp = pass->mtp && options->mtp_lambda != 0.0f;
    pass->rows = (fm_rows){.count = batch->rows,
                           .tokens = batch->tokens,
                           .positions = batch->positions,
                           .first = batch->first,
                           .targets = batch->targets,
                           .begin = pass->begin};
    fm_rows_begin(&pass->rows);
    if (mtp) fm_mtp_rows(pass);
    fm_counts_add(&losses->counts, &pass->weights->config, batch);
    forward(pass, options, mtp, losses);
    losses_and_backward(pass, options, mtp, losses);
}

int64_t *fm_pass_load(fm_pass *pass, int block) {
    return pass->weights->block[block].moe ? pass->acts[block].load : NULL;
}

void fm_pass_load_clear(fm_pass *pass) {
    for (int i = 0; i < pass->weights->blocks; i++)
        memset(pass->acts[i].load, 0, (size_t)pass->dim.experts * sizeof(int64_t));
}

void fm_pass_bias_update(fm_pass *pass, float gamma) {
    int experts = pass->dim.experts;
    for (int i = 0; i < pass->weights->blocks; i++) {
        const fm_block *b = &pass->weights->block[i];
        if (!b->moe || b->router_bias == FM_ABSENT) continue;
        const int64_t *load = pass->acts[i].load;
        float *bias = pass->weights->w + b->router_bias;
        int64_t total = 0;
        for (int e = 0; e < experts; e++) total += load[e];
        for (int e = 0; e < experts; e++) { /* sign of mean - load in whole numbers: no rounding */
            int64_t lack = total - load[e] * experts;
            if (lack) bias[e] += lack > 0 ? gamma : -gamma;
        }
    }
}

const float *fm_pass_hidden(const fm_pass *pass, int index) {
    int layers = pass->weights->config.num_hidden_layers;
    if (index == layers) return pass->head_in;
    return pass->keep && index < layers ? pass->acts[index].x : NULL;
}

int fm_pass_mtp_rows(const fm_pass *pass, int depth, const int32_t **rows) {
    if (rows) *rows = pass->module[depth].batch_row;
    return pass->module[depth].rows.count;
}

const int32_t *fm_pass_chosen(const fm_pass *pass, int block) {
    return pass->weights->block[block].moe ? pass->acts[block].chosen : NULL;
}

void fm_pass_force_choice(fm_pass *pass, int block, const int32_t *chosen) {
    pass->acts[block].forced = chosen;
}
