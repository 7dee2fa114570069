/* attention_v16.h: causal attention on tiles of 64 x 64 by sixteen. Included by one file per level.
 *
 * Scores stand transposed, S[key][query], so that a lane is a query: the running maximum and sum need no sums
 * across lanes, and only the block's queries (and their output gradients) are transposed. All five products
 * are fm_panel_run with other strides. Rows that are read sixteen numbers at a time are first copied
 * together: where they lie, their distance is often a power of two, and a tile of them would share a few sets
 * of the first-level cache.
 *
 * On the diagonal each query sees fewer keys than its neighbours. What it does not see never enters a chain
 * (not even as a zero: 0 * NaN is not 0): a group of rows runs together over what all of them see, and each
 * row alone over the rest.
 */
#include <string.h>

#include "kern/attention/attention_serial.h"
#include "kern/panel_v16.h"

enum { TILE = FM_ATTENTION_TILE };

/* What a thread holds. */
typedef struct tile {
    float p[TILE * TILE];  /* scores, then probabilities [key][query] */
    float ds[TILE * TILE]; /* backward: dp, then ds */
    float max[TILE], sum[TILE], shrink[TILE];
    float lse[TILE], delta[TILE];
} tile;

/* to[d][i] = from[i * ld + d] for d in 0..dim-1, i in 0..TILE-1; rows past `rows` are zeros. */
static void pack(float *to, const float *from, ptrdiff_t ld, int rows, int dim) {
    int i = 0, whole = dim & ~3;
    for (; i + 4 <= rows; i += 4) {
        for (int d = 0; d < whole; d += 4) fm_v16_transpose4(to + d * TILE + i, TILE, from + i * ld + d, ld);
        for (int r = 0; r < 4; r++)
            for (int d = whole; d < dim; d++) to[d * TILE + i + r] = from[(i + r) * ld + d];
    }
    for (; i < TILE; i++)
        for (int d = 0; d < dim; d++) to[d * TILE + i] = i < rows ? from[i * ld + d] : 0;
}

/* to[i * dim + d] = from[i * ld + d] */
static const float *gather(float *to, const float *from, ptrdiff_t ld, int rows, int dim) {
    for (int i = 0; i < rows; i++)
        memcpy(to + (size_t)i * (size_t)dim, from + i * ld, (size_t)dim * sizeof *to);
    return to;
}

/* p[key][query] = k_key . q_query, for the columns of 16 queries of which at least one sees the key. `seen`
 * is how many keys of the tile the first query sees; every next query sees one more. */
static void scores(float *out, const float *keys, ptrdiff_t ld, const float *packed, int dim, int queries,
                   int count, int seen) {
    for (int column = 0; column < queries; column += 16) {
        int here = seen + column + 15 < count ? seen + column + 15 : count;
        fm_panel p = {.a = keys,
                      .a_row = ld,
                      .a_step = 1,
                      .b = packed + column,
                      .ldb = TILE,
                      .c = out + column,
                      .ldc = TILE};
        fm_panel_run(&p, here, 16, dim);
    }
}

/* How many of the tile's keys a query sees; none when the tile lies wholly after it (a prefill chunk that does not
 * begin on the key grid). */
static int seen_keys(int seen, int count) { return seen < 0 ? 0 : seen < count ? seen : count; }

/* The sum over keys for each query: out[query] += sum_key w[key][query] x[key], key < seen + query. */
static void mix_keys(float *out, ptrdiff_t ld_out, const float *w, const float *x, ptrdiff_t ldx, int dim,
                     int queries, int count, int seen) {
    for (int i = 0; i < queries;) {
        int left = queries - i, rows = left >= FM_V16_ROWS ? FM_V16_ROWS : left >= 4 ? 4 : 1;
        int all = seen_keys(seen + i, count);
        fm_panel p = {.a = w + i,
                      .a_row = 1,
                      .a_step = TILE,
                      .b = x,
                      .ldb = ldx,
                      .c = out + i * ld_out,
                      .ldc = ld_out,
                      .load = true};
        fm_panel_run(&p, rows, dim, all);
        for (int r = 1; r < rows && all < count; r++) {
            int own = seen_keys(seen + i + r, count);
            fm_panel rest = p;
            rest.a = w + i + r + all * TILE;
            rest.b = x + all * ldx;
            rest.c = out + (i + r) * ld_out;
            fm_panel_run(&rest, 1, dim, own - all);
        }
        i += rows;
    }
}

/* The sum over queries for each key: out[key] += sum_query w[key][query] x[query], query >= key - seen + 1.
 */
static void mix_queries(float *out, ptrdiff_t ld_out, const float *w, const float *x, ptrdiff_t ldx, int dim,
                        int queries, int count, int seen) {
    for (int j = 0; j < count;) {
        int left = count - j, rows = left >= FM_V16_ROWS ? FM_V16_ROWS : left >= 4 ? 4 : 1;
        int from =
            j + rows - seen > 0 ? j + rows - seen : 0; /* the first query that all rows of the group reach */
        if (from > queries) from = queries;
        for (int r = 0; r < rows && from > 0; r++) {
            int own = j + r - seen + 1 > 0 ? j + r - seen + 1 : 0;
            if (own >= from) continue;
            fm_panel rest = {.a = w + (j + r) * TILE + own,
                             .a_row = TILE,
                             .a_step = 1,
                             .b = x + own * ldx,
                             .ldb = ldx,
                             .c = out + (j + r) * ld_out,
                             .ldc = ld_out,
                             .load = true};
            fm_panel_run(&rest, 1, dim, from - own);
        }
        fm_panel p = {.a = w + j * TILE + from,
                      .a_row = TILE,
                      .a_step = 1,
                      .b = x + from * ldx,
                      .ldb = ldx,
                      .c = out + j * ld_out,
                      .ldc = ld_out,
                      .load = true};
        fm_panel_run(&p, rows, dim, queries - from);
        j += rows;
    }
}

/* Sixteen queries' scores become e^(s - max); max, sum and shrink are renewed. Query 0 of the column sees
 * `seen` keys. */
static void softmax_column(tile *t, int column, int count, int seen, float scale_by) {
    fm_v16 scale = fm_v16_set1(scale_by), low = fm_v16_set1(-INFINITY);
    fm_v16 before = fm_v16_load(t->max + column), max = before, sum = fm_v16_load(t->sum + column);
    int last = seen + 15 < count ? seen + 15 : count;
    float *p = t->p + column;
    for (int j = 0; j < last; j++) {
        fm_v16 s = fm_v16_mul(scale, fm_v16_load(p + j * TILE));
        if (j >= seen) s = fm_v16_first(j - seen + 1, low, s);
        fm_v16_store(p + j * TILE, s);
        max = fm_v16_max(s, max);
    }
    fm_v16 shrink = fm_v16_exp_nonpositive(fm_v16_sub(before, max));
    sum = fm_v16_mul(sum, shrink);
    for (int j = 0; j < last; j++) {
        fm_v16 e = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_load(p + j * TILE), max));
        fm_v16_store(p + j * TILE, e);
        if (j >= seen) e = fm_v16_first(j - seen + 1, fm_v16_zero(), e);
        sum = fm_v16_add(sum, e);
    }
    fm_v16_store(t->max + column, max);
    fm_v16_store(t->sum + column, sum);
    fm_v16_store(t->shrink + column, shrink);
}

/* Rows of o times (or divided by) one number each. */
static void scale_rows(float *o, ptrdiff_t ld, const float *by, int rows, int dim, bool divide) {
    for (int i = 0; i < rows; i++) {
        fm_v16 f = fm_v16_set1(by[i]);
        for (int d = 0; d < dim; d += 16) {
            int n = dim - d < 16 ? dim - d : 16;
            fm_v16 x = fm_v16_load_part(o + i * ld + d, n);
            fm_v16_store_part(o + i * ld + d, divide ? fm_v16_div(x, f) : fm_v16_mul(x, f), n);
        }
    }
}

static void forward(const fm_attention *op, int head, int row, int row_end, void *scratch) {
    tile *t = scratch;
    float *packed = (float *)(t + 1), *near = packed + op->dim_qk * TILE;
    int rows = row_end - row, kv_head = head / (op->heads / op->kv_heads);
    float *o = op->o + (size_t)row * op->ldo + (size_t)head * op->dim_v;
    pack(packed, op->q + (size_t)row * op->ldq + (size_t)head * op->dim_qk, op->ldq, rows, op->dim_qk);
    for (int i = 0; i < TILE; i++) {
        t->max[i] = -INFINITY;
        t->sum[i] = 0;
    }
    for (int i = 0; i < rows; i++)
        for (int d = 0; d < op->dim_v; d++) o[(size_t)i * op->ldo + d] = 0;
    for (int key = op->first[row]; key < op->q_offset + row_end; key += TILE) {
        int left = op->q_offset + row_end - key, count = left < TILE ? left : TILE,
            seen = op->q_offset + row + 1 - key;
        const float *k = op->k + (size_t)key * op->ldk + (size_t)kv_head * op->dim_qk;
        const float *v = op->v + (size_t)key * op->ldv + (size_t)kv_head * op->dim_v;
        scores(t->p, k, op->ldk, packed, op->dim_qk, rows, count, seen);
        for (int column = 0; column < rows; column += 16)
            softmax_column(t, column, count, seen + column, op->scale);
        scale_rows(o, op->ldo, t->shrink, rows, op->dim_v, false);
        mix_keys(o, op->ldo, t->p, gather(near, v, op->ldv, count, op->dim_v), op->dim_v, op->dim_v, rows,
                 count, seen);
    }
    scale_rows(o, op->ldo, t->sum, rows, op->dim_v, true);
    for (int i = 0; i < rows && op->lse; i++)
        op->lse[(size_t)head * op->q_rows + row + i] = t->max[i] + fm_logf(t->sum[i]);
}

/* delta[i] = do_i . o_i, a chain over the dimensions for each lane's query; o is packed 64 dimensions at a
 * time. */
static void row_dots(tile *t, const float *packed_do, const float *o, ptrdiff_t ld, int rows, int dim) {
    for (int i = 0; i < TILE; i++) t->delta[i] = 0;
    for (int from = 0; from < dim; from += TILE) {
        int here = dim - from < TILE ? dim - from : TILE;
        pack(t->p, o + from, ld, rows, here);
        for (int column = 0; column < rows; column += 16) {
            fm_v16 sum = fm_v16_load(t->delta + column);
            for (int d = 0; d < here; d++)
                sum = fm_v16_fma(fm_v16_load(packed_do + (from + d) * TILE + column),
                                 fm_v16_load(t->p + d * TILE + column), sum);
            fm_v16_store(t->delta + column, sum);
        }
    }
}

/* Sixteen queries: p = e^(scale s - lse), ds = scale (p (dp - delta)). lse = max + ln(sum) with sum >= 1 is
 * no less than any score that the query sees, and what it does not see is not looked at again. */
static void gradient_column(tile *t, int column, int count, int seen, float scale_by) {
    fm_v16 scale = fm_v16_set1(scale_by), lse = fm_v16_load(t->lse + column),
           delta = fm_v16_load(t->delta + column);
    int last = seen + 15 < count ? seen + 15 : count;
    for (int j = 0; j < last; j++) {
        float *p = t->p + j * TILE + column, *ds = t->ds + j * TILE + column;
        fm_v16 e = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_mul(scale, fm_v16_load(p)), lse));
        fm_v16_store(p, e);
        fm_v16_store(ds, fm_v16_mul(scale, fm_v16_mul(e, fm_v16_sub(fm_v16_load(ds), delta))));
    }
}

/* One block of queries of one head: its dq, and its part of dk and dv. */
static void backward_block(const fm_attention_grad *op, int head, int row, int row_end, tile *t) {
    const fm_attention *f = &op->forward;
    int rows = row_end - row, kv_head = head / (f->heads / f->kv_heads);
    float *packed_q = (float *)(t + 1), *packed_do = packed_q + f->dim_qk * TILE;
    float *near_q = packed_do + f->dim_v * TILE, *near_do = near_q + f->dim_qk * TILE;
    float *near_k = near_do + f->dim_v * TILE;
    const float *q = f->q + (size_t)row * f->ldq + (size_t)head * f->dim_qk;
    float *dq = op->dq + (size_t)row * f->ldq + (size_t)head * f->dim_qk;
    size_t at = (size_t)row * f->ldo + (size_t)head * f->dim_v;
    const float *d_o = op->d_o + at;
    pack(packed_q, q, f->ldq, rows, f->dim_qk);
    pack(packed_do, d_o, f->ldo, rows, f->dim_v);
    gather(near_q, q, f->ldq, rows, f->dim_qk);
    gather(near_do, d_o, f->ldo, rows, f->dim_v);
    row_dots(t, packed_do, f->o + at, f->ldo, rows, f->dim_v);
    for (int i = 0; i < TILE; i++) t->lse[i] = i < rows ? f->lse[(size_t)head * f->q_rows + row + i] : 0;
    for (int i = 0; i < rows; i++) {
        op->delta[(size_t)head * f->q_rows + row + i] = t->delta[i];
        for (int d = 0; d < f->dim_qk; d++) dq[(size_t)i * f->ldq + d] = 0;
    }
    for (int key = f->first[row]; key < row_end; key += TILE) {
        int count = row_end - key < TILE ? row_end - key : TILE, seen = row + 1 - key;
        size_t k_at = (size_t)key * f->ldk + (size_t)kv_head * f->dim_qk;
        size_t v_at = (size_t)key * f->ldv + (size_t)kv_head * f->dim_v;
        scores(t->p, f->k + k_at, f->ldk, packed_q, f->dim_qk, rows, count, seen);
        scores(t->ds, f->v + v_at, f->ldv, packed_do, f->dim_v, rows, count, seen);
        for (int column = 0; column < rows; column += 16)
            gradient_column(t, column, count, seen + column, f->scale);
        gather(near_k, f->k + k_at, f->ldk, count, f->dim_qk);
        mix_queries(op->dv + v_at, f->ldv, t->p, near_do, f->dim_v, f->dim_v, rows, count, seen);
        mix_queries(op->dk + k_at, f->ldk, t->ds, near_q, f->dim_qk, f->dim_qk, rows, count, seen);
        mix_keys(dq, f->ldq, t->ds, near_k, f->dim_qk, f->dim_qk, rows, count, seen);
    }
}

static void backward(const fm_attention_grad *op, int kv_head, int row, int row_end, void *scratch) {
    const fm_attention *f = &op->forward;
    int group = f->heads / f->kv_heads;
    for (int j = row; j < row_end; j++) {
        for (int d = 0; d < f->dim_qk; d++) op->dk[(size_t)j * f->ldk + (size_t)kv_head * f->dim_qk + d] = 0;
        for (int d = 0; d < f->dim_v; d++) op->dv[(size_t)j * f->ldv + (size_t)kv_head * f->dim_v + d] = 0;
    }
    for (int head = kv_head * group; head < (kv_head + 1) * group; head++)
        for (int begin = row, end; begin < row_end; begin = end) {
            end = begin + 1;
            while (end < row_end && end - begin < TILE && f->first[end] == f->first[begin]) end++;
            backward_block(op, head, begin, end, scratch);
        }
}
