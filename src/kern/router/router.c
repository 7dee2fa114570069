/* router.c: choosing experts, weighing them, and the gradients of both (docs/MODEL.md, "Router"). See
 * router.h. On the token's path between the router's product and permute.h; on the gradient's path after
 * combine_backward. */
#include "kern/router/router.h"

#include <omp.h>

#include "base/fmath.h"
#include "kern/kern_table.h"
#include "kern/router/router_serial.h"
#include "kern/split.h"

enum { SOME = 64 }; /* experts whose load is counted in one pass */

static float biased(const fm_router *op, const float *scores, int e) {
    return op->bias ? scores[e] + op->bias[e] : scores[e];
}

/* The group's maximum (V2), or the sum of its two best biased scores (V3). */
static float group_score(const fm_router *op, const float *scores, int group) {
    int size = op->experts / op->groups, base = group * size;
    float best = -INFINITY, second = -INFINITY;
    for (int e = base; e < base + size; e++) {
        float s = biased(op, scores, e);
        if (s > best) {
            second = best;
            best = s;
        } else if (s > second) {
            second = s;
        }
    }
    return op->group_by_max || size == 1 ? best : best + second;
}

/* Whether (a, index_a) comes before (b, index_b): a higher score, or the same and a lower index. NaN comes
 * last, so that a spoiled row still chooses distinct, valid experts. */
static bool before(float a, int index_a, float b, int index_b) {
    if (a > b) return true;
    if (a < b) return false;
    bool nan_a = a != a, nan_b = b != b;
    if (nan_a != nan_b) return nan_b;
    return index_a < index_b;
}

/* A group stays when fewer than top_groups groups come before it. */
static bool group_stays(const fm_router *op, const float *scores, int group) {
    if (op->groups <= 1 || op->top_groups >= op->groups) return true;
    float own = group_score(op, scores, group);
    int ahead = 0;
    for (int g = 0; g < op->groups; g++)
        if (g != group && before(group_score(op, scores, g), g, own, group)) ahead++;
    return ahead < op->top_groups;
}

/* The top_k best experts of the groups that stay, best first, by insertion: top_k is at most a handful. */
static void choose(const fm_router *op, const float *scores, int32_t *chosen) {
    int groups = op->groups < 1 ? 1 : op->groups, size = op->experts / groups, found = 0;
    for (int g = 0; g < groups; g++) {
        if (!group_stays(op, scores, g)) continue;
        for (int e = g * size; e < (g + 1) * size; e++) {
            float s = biased(op, scores, e);
            int at = found;
            while (at > 0 && before(s, e, biased(op, scores, chosen[at - 1]), chosen[at - 1])) at--;
            if (at >= op->top_k) continue;
            if (found < op->top_k) found++;
            for (int j = found - 1; j > at; j--) chosen[j] = chosen[j - 1];
            chosen[at] = e;
        }
    }
}

/* The chosen scores' sum, in the order of choice; what normalisation divides by. */
static float chosen_sum(const fm_router *op, const float *scores, const int32_t *chosen) {
    float sum = 0;
    for (int j = 0; j < op->top_k; j++) sum += scores[chosen[j]];
    return sum + 1e-20f;
}

/* w_j = scaling s_j / sum, or scaling s_j */
static void forward_row(const fm_router_kernels *kern, const fm_router *op, int t) {
    float *scores = op->scores + (size_t)t * (size_t)op->experts;
    int32_t *chosen = op->chosen + (size_t)t * (size_t)op->top_k;
    float *weights = op->weights + (size_t)t * (size_t)op->top_k;
    (op->sigmoid ? kern->sigmoid : kern->softmax)(scores, op->logits + (size_t)t * (size_t)op->experts,
                                                  op->experts);
    choose(op, scores, chosen);
    float sum = op->normalise ? chosen_sum(op, scores, chosen) : 1.0f;
    for (int j = 0; j < op->top_k; j++) weights[j] = scores[chosen[j]] / sum * op->scaling;
}

/* With d the gradient of the scaled weights: ds_j = scaling (d_j - sum_k d_k s_k / sum) / sum, or scaling
 * d_j; then through the scores. ds arrives holding the balance loss's part. */
static void backward_row(const fm_router_grad *op, int t) {
    const fm_router *fwd = op->forward;
    size_t experts = (size_t)fwd->experts, top_k = (size_t)fwd->top_k;
    const float *scores = fwd->scores + (size_t)t * experts, *d = op->d_weights + (size_t)t * top_k;
    const int32_t *chosen = fwd->chosen + (size_t)t * top_k;
    float *ds = op->d_logits + (size_t)t * experts;
    float sum = 1, along = 0;
    if (fwd->normalise) {
        sum = chosen_sum(fwd, scores, chosen);
        for (size_t j = 0; j < top_k; j++) along = fm_fmaf(d[j], scores[chosen[j]] / sum, along);
    }
    for (size_t j = 0; j < top_k; j++) ds[chosen[j]] += fwd->scaling * (d[j] - along) / sum;
    if (fwd->sigmoid) {
        for (size_t e = 0; e < experts; e++) ds[e] = ds[e] * (scores[e] * (1.0f - scores[e]));
    } else {
        float dot = 0;
        for (size_t e = 0; e < experts; e++) dot = fm_fmaf(ds[e], scores[e], dot);
        for (size_t e = 0; e < experts; e++) ds[e] = scores[e] * (ds[e] - dot);
    }
}

static double score_sum(const fm_router *op, int t) {
    double sum = 0;
    for (int e = 0; e < op->experts; e++)
        sum += (double)op->scores[(size_t)t * (size_t)op->experts + (size_t)e];
    return sum;
}

/* How much of rows begin .. end - 1 experts first .. first + n - 1 (n <= SOME) carry, 1 when even:
 * f_e = experts / (top_k T) count_e. */
static void load_shares(const fm_router *op, int begin, int end, int first, int n, double *f) {
    for (int e = 0; e < n; e++) f[e] = 0;
    for (int64_t c = (int64_t)begin * op->top_k; c < (int64_t)end * op->top_k; c++) {
        int e = op->chosen[c] - first;
        if (e >= 0 && e < n) f[e] += 1;
    }
    for (int e = 0; e < n; e++) f[e] *= op->experts / ((double)op->top_k * (end - begin));
}

/* sum_e f_e P_e, P_e = mean_t s_te / S_t, SOME experts at a time because no table of them is at hand. */
static double sequence_balance(const fm_router *op, int begin, int end) {
    double loss = 0, f[SOME], p[SOME];
    for (int first = 0; first < op->experts; first += SOME) {
        int n = op->experts - first < SOME ? op->experts - first : SOME;
        load_shares(op, begin, end, first, n, f);
        for (int e = 0; e < n; e++) p[e] = 0;
        for (int t = begin; t < end; t++) {
            const float *scores = op->scores + (size_t)t * (size_t)op->experts + first;
            double sum = score_sum(op, t);
            for (int e = 0; e < n; e++) p[e] += (double)scores[e] / sum;
        }
        for (int e = 0; e < n; e++) loss += f[e] * p[e] / (end - begin);
    }
    return loss;
}

double fm_router_balance(const fm_router *op, const int32_t *begin, int sequences, float *each) {
    double mean = 0;
    for (int s = 0; s < sequences; s++) {
        double loss = begin[s + 1] > begin[s] ? sequence_balance(op, begin[s], begin[s + 1]) : 0;
        if (each) each[s] = (float)loss;
        mean += loss / sequences;
    }
    return mean;
}

/* d_logits = alpha / sequences * d/ds of one sequence's loss: (f_e - sum_e' f_e' s_te' / S_t) / (T S_t). */
static void balance_backward(const fm_router_grad *op, int begin, int end) {
    const fm_router *fwd = op->forward;
    size_t experts = (size_t)fwd->experts;
    double factor = op->alpha / op->sequences / (end - begin), shares[SOME];
    float *f =
        op->d_logits + (size_t)begin * experts; /* the first row holds f until it is finished, as the last */
    for (int first = 0; first < fwd->experts; first += SOME) {
        int n = fwd->experts - first < SOME ? fwd->experts - first : SOME;
        load_shares(fwd, begin, end, first, n, shares);
        for (int e = 0; e < n; e++) f[first + e] = (float)shares[e];
    }
    for (int t = end - 1; t >= begin; t--) {
        const float *scores = fwd->scores + (size_t)t * experts;
        double sum = score_sum(fwd, t), mean = 0;
        for (size_t e = 0; e < experts; e++) mean += (double)f[e] * (double)scores[e];
        mean /= sum;
        for (size_t e = 0; e < experts; e++)
            op->d_logits[(size_t)t * experts + e] = (float)(factor * ((double)f[e] - mean) / sum);
    }
}

void fm_router_forward(fm_dev *dev, const fm_router *op) {
    int threads = fm_split_threads(dev, (size_t)op->rows, (size_t)op->experts * 16);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int t = 0; t < op->rows; t++) forward_row(dev->kern->router, op, t);
}

void fm_router_backward(fm_dev *dev, const fm_router_grad *op) {
    const fm_router *fwd = op->forward;
    size_t experts = (size_t)fwd->experts;
    int threads = fm_split_threads(dev, (size_t)fwd->rows, experts * 16);
    bool balance = op->alpha != 0;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (size_t i = 0; i < (size_t)fwd->rows * experts; i++) op->d_logits[i] = 0;
        int sequences = balance ? op->sequences : 0;
#pragma omp for schedule(static)
        for (int s = 0; s < sequences; s++)
            if (op->begin[s + 1] > op->begin[s]) balance_backward(op, op->begin[s], op->begin[s + 1]);
#pragma omp for schedule(static)
        for (int t = 0; t < fwd->rows; t++) backward_row(op, t);
    }
}

void fm_router_load(int64_t *load, const int32_t *chosen, int rows, int top_k, int experts) {
    (void)experts;
    for (int64_t c = 0; c < (int64_t)rows * top_k; c++) load[chosen[c]]++;
}
