/* attention_ref.c: causal attention in plain C, one row and one key after the other (docs/MODEL.md,
 * "Attention"). Stands between the q/k/v projections and the output projection. Refuses nothing.
 *
 * The order of every sum: q . k and v . do are chains of fma over the dimensions. Keys are taken in tiles of
 * 64 counted from first[i]; at each tile the running maximum is renewed and what was summed before is scaled
 * once. Inside a tile and in backward every sum over keys or rows is one chain in ascending order.
 */
#include "base/fmath.h"
#include "kern/attention/attention_serial.h"

static float dot(const float *a, const float *b, int n) {
    float sum = 0;
    for (int d = 0; d < n; d++) sum = fm_fmaf(a[d], b[d], sum);
    return sum;
}

static const float *key(const fm_attention *op, int head, int j) {
    return op->k + (size_t)j * op->ldk + (size_t)(head / (op->heads / op->kv_heads)) * op->dim_qk;
}

static const float *value(const fm_attention *op, int head, int j) {
    return op->v + (size_t)j * op->ldv + (size_t)(head / (op->heads / op->kv_heads)) * op->dim_v;
}

/* m = max_j s_j;  l = sum_j e^(s_j - m);  o = sum_j e^(s_j - m) v_j / l;  lse = m + ln l */
static void forward_row(const fm_attention *op, int head, int i) {
    const float *q = op->q + (size_t)i * op->ldq + (size_t)head * op->dim_qk;
    float *o = op->o + (size_t)i * op->ldo + (size_t)head * op->dim_v;
    int keys = op->q_offset + i + 1;
    float m = -INFINITY, l = 0;
    for (int d = 0; d < op->dim_v; d++) o[d] = 0;
    for (int tile = op->first[i]; tile < keys; tile += FM_ATTENTION_TILE) {
        int end = tile + FM_ATTENTION_TILE < keys ? tile + FM_ATTENTION_TILE : keys;
        float s[FM_ATTENTION_TILE], before = m;
        for (int j = tile; j < end; j++) {
            s[j - tile] = op->scale * dot(q, key(op, head, j), op->dim_qk);
            m = s[j - tile] > m ? s[j - tile] : m;
        }
        float shrink = fm_expf(before - m);
        l *= shrink;
        for (int d = 0; d < op->dim_v; d++) o[d] *= shrink;
        for (int j = tile; j < end; j++) {
            float p = fm_expf(s[j - tile] - m);
            l += p;
            for (int d = 0; d < op->dim_v; d++) o[d] = fm_fmaf(p, value(op, head, j)[d], o[d]);
        }
    }
    for (int d = 0; d < op->dim_v; d++) o[d] /= l;
    if (op->lse) op->lse[(size_t)head * op->q_rows + i] = m + fm_logf(l);
}

static void forward(const fm_attention *op, int head, int row, int row_end, void *scratch) {
    (void)scratch;
    for (int i = row; i < row_end; i++) forward_row(op, head, i);
}

/* p = e^(s - lse);  dp_ij = do_i . v_j;  ds = scale p (dp - delta), delta_i = do_i . o_i;
 * dv_j += p do_i;  dk_j += ds q_i;  dq_i += ds k_j */
static void backward_row(const fm_attention_grad *op, int head, int i) {
    const fm_attention *f = &op->forward;
    int kv_head = head / (f->heads / f->kv_heads);
    const float *q = f->q + (size_t)i * f->ldq + (size_t)head * f->dim_qk;
    const float *d_o = op->d_o + (size_t)i * f->ldo + (size_t)head * f->dim_v;
    float *dq = op->dq + (size_t)i * f->ldq + (size_t)head * f->dim_qk;
    float delta = dot(d_o, f->o + (size_t)i * f->ldo + (size_t)head * f->dim_v, f->dim_v);
    float lse = f->lse[(size_t)head * f->q_rows + i];
    op->delta[(size_t)head * f->q_rows + i] = delta;
    for (int j = f->first[i]; j <= i; j++) {
        const float *k = key(f, head, j), *v = value(f, head, j);
        float *dk = op->dk + (size_t)j * f->ldk + (size_t)kv_head * f->dim_qk;
        float *dv = op->dv + (size_t)j * f->ldv + (size_t)kv_head * f->dim_v;
        float p = fm_expf(f->scale * dot(q, k, f->dim_qk) - lse);
        float ds = f->scale * (p * (dot(d_o, v, f->dim_v) - delta));
        for (int d = 0; d < f->dim_v; d++) dv[d] = fm_fmaf(p, d_o[d], dv[d]);
        for (int d = 0; d < f->dim_qk; d++) dk[d] = fm_fmaf(ds, q[d], dk[d]);
        for (int d = 0; d < f->dim_qk; d++) dq[d] = fm_fmaf(ds, k[d], dq[d]);
    }
}

/* dk_j and dv_j are chains over the query heads that share the key head, and within a head over the rows. */
static void backward(const fm_attention_grad *op, int kv_head, int row, int row_end, void *scratch) {
    const fm_attention *f = &op->forward;
    int group = f->heads / f->kv_heads;
    (void)scratch;
    for (int j = row; j < row_end; j++) {
        for (int d = 0; d < f->dim_qk; d++) op->dk[(size_t)j * f->ldk + (size_t)kv_head * f->dim_qk + d] = 0;
        for (int d = 0; d < f->dim_v; d++) op->dv[(size_t)j * f->ldv + (size_t)kv_head * f->dim_v + d] = 0;
    }
    for (int head = kv_head * group; head < (kv_head + 1) * group; head++)
        for (int i = row; i < row_end; i++) {
            for (int d = 0; d < f->dim_qk; d++) op->dq[(size_t)i * f->ldq + (size_t)head * f->dim_qk + d] = 0;
            backward_row(op, head, i);
        }
}

const fm_attention_kernels fm_attention_ref = {forward, backward};
