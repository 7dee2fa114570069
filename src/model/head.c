/* head.c: logits and the cross-entropy fused with them; forward and backward are one kernel. (docs/MODEL.md, "Losses")
 *
 * Where it stands: the last station of the token's path and the first of the gradient's. No [T, vocab] tensor exists in
 * training: kern/xent works in blocks of FM_XENT_ROWS rows.
 */
#include "kern/xent/xent.h"
#include "model/pass_state.h"

double fm_head_loss(fm_pass *pass, const fm_rows *rows, const float *hidden, double scale,
                    const fm_pass_options *options, float *row_loss) {
    const fm_weights *w = pass->weights;
    bool backward = options->backward;
    return fm_xent_run(pass->dev, &(fm_xent){.rows = rows->count,
                                             .size = pass->dim.hidden,
                                             .vocab = w->config.vocab_size,
                                             .x = hidden,
                                             .w = w->w + w->head,
                                             .targets = rows->targets,
                                             .scale = (float)scale,
                                             .dx = backward ? pass->d : NULL,
                                             .dw = backward ? w->g + w->head : NULL,
                                             .row_loss = row_loss,
                                             .workspace = pass->logits,
                                             .block_rows = FM_XENT_ROWS,
                                             .precision = options->precision});
}

static void logits_of(fm_pass *pass, const float *hidden, int count, float *out, fm_precision precision) {
    const fm_weights *w = pass->weights;
    fm_gemm_forward(pass->dev, out, hidden, w->w + w->head, count, w->config.vocab_size, pass->dim.hidden,
                    precision);
}

void fm_pass_logits(fm_pass *pass, int first_row, int count, float *out, fm_precision precision) {
    logits_of(pass, pass->head_in + (size_t)first_row * pass->dim.hidden, count, out, precision);
}

void fm_pass_mtp_logits(fm_pass *pass, int depth, int first_row, int count, float *out,
                        fm_precision precision) {
    logits_of(pass, pass->module[depth].head_in + (size_t)first_row * pass->dim.hidden, count, out,
              precision);
}
