/* mlp.c: the dense feed-forward and the shared experts, forward above backward. (docs/MODEL.md, "Feed-forward")
 *
 * down(silu(gate x) * up x), with gate above up in one weight, so one product makes both halves.
 */
#include "kern/embed/embed.h"
#include "kern/swiglu/swiglu.h"
#include "model/block.h"

void fm_mlp_op_forward(const fm_scope *s, const fm_mlp_op *op, float *out) {
    int hidden = s->dim.hidden;
    fm_gemm_forward(s->dev, op->gate_up, op->x, fm_w(s, op->gate_up_w), op->rows, 2 * op->inner, hidden,
                    s->precision);
    fm_swiglu_forward(s->dev, s->work->inner, op->gate_up, op->rows, op->inner);
    fm_gemm_forward(s->dev, out, s->work->inner, fm_w(s, op->down_w), op->rows, hidden, op->inner,
                    s->precision);
}

void fm_mlp_op_backward(const fm_scope *s, const fm_mlp_op *op, const float *dy, float *dx) {
    const fm_work *w = s->work;
    int hidden = s->dim.hidden;
    fm_gemm_backward_x(s->dev, w->inner_grad, dy, fm_w(s, op->down_w), op->rows, hidden, op->inner, false,
                       s->precision);
    fm_swiglu_backward(s->dev, op->gate_up, w->inner_grad, op->gate_up, w->inner, op->rows, op->inner);
    fm_gemm_backward_w(s->dev, fm_g(s, op->down_w), dy, w->inner, op->rows, hidden, op->inner, s->precision);
    fm_gemm_backward_w(s->dev, fm_g(s, op->gate_up_w), op->gate_up, op->x, op->rows, 2 * op->inner, hidden,
                       s->precision);
    fm_gemm_backward_x(s->dev, dx, op->gate_up, fm_w(s, op->gate_up_w), op->rows, 2 * op->inner, hidden,
                       false, s->precision);
}

static fm_norm_op post_norm(const fm_scope *s) {
    return (fm_norm_op){s->acts->xm, s->dim.hidden, s->dim.hidden, s->block->post_norm, s->acts->norm2};
}

static fm_mlp_op dense(const fm_scope *s) {
    return (fm_mlp_op){s->rows->count, s->dim.dense_inner, s->block->gate_up,
                       s->block->down, s->work->norm,      s->acts->gate_up};
}

void fm_mlp_forward(const fm_scope *s) {
    fm_norm_op norm = post_norm(s);
    fm_mlp_op op = dense(s);
    fm_norm_op_forward(s, &norm, s->work->norm, s->dim.hidden);
    fm_mlp_op_forward(s, &op, s->acts->y);
    fm_add_to(s->dev, s->acts->y, s->acts->xm, (size_t)s->rows->count * s->dim.hidden);
}

void fm_mlp_backward(const fm_scope *s, float *d) {
    fm_norm_op norm = post_norm(s);
    fm_mlp_op op = dense(s);
    fm_norm_op_forward(s, &norm, s->work->norm, s->dim.hidden);
    fm_mlp_op_backward(s, &op, d, s->work->dnorm);
    fm_norm_op_backward(s, &norm, s->work->dnorm, s->dim.hidden, d, s->dim.hidden, true);
}
