/* router.h: which experts a token visits and with what weight, from its router logits (docs/MODEL.md).
 *
 * V3: s = sigmoid(logits); the choice uses s + bias: a group's score is the sum of its two best biased
 * scores, topk_group groups stay, then the top_k best of them; weights use the unbiased s, normalised when
 * norm_topk_prob (divided by their sum + 1e-20), times scaling. V2: s = softmax(logits); greedy, or groups
 * scored by their maximum; not normalised unless asked, times scaling. Ties go to the lower index. Chosen
 * experts are listed in descending order of the score that chose them.
 */
#ifndef FM_KERN_ROUTER_H
#define FM_KERN_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/kern.h"

typedef struct fm_router {
    int rows, experts, top_k, groups, top_groups;
    bool sigmoid;        /* V3's scores; false: softmax */
    bool group_by_max;   /* V2's group score; false: sum of the two best */
    bool normalise;      /* norm_topk_prob */
    float scaling;       /* routed_scaling_factor */
    const float *bias;   /* [experts] e_score_correction_bias, or NULL */
    const float *logits; /* [rows, experts] */
    float *scores;       /* [rows, experts] s, kept for backward */
    int32_t *chosen;     /* [rows, top_k] */
    float *weights;      /* [rows, top_k] */
} fm_router;

void fm_router_forward(fm_dev *dev, const fm_router *op);

/* Balance loss of one layer, sequence-wise (V3 report, equations 17-20): for each sequence of rows
 * [begin[s], begin[s+1]): sum_e f_e P_e, f_e = experts/(top_k T) count_e, P_e = mean_t s_te / sum_e' s_te'.
 * Returns the mean over sequences (in double, sequence order); per-sequence values into `each` if not NULL.
 */
double fm_router_balance(const fm_router *op, const int32_t *begin, int sequences, float *each);

/* d_logits (overwrites) from d_weights [rows, top_k] and, if alpha != 0, alpha/sequences times the balance
 * loss of each sequence. The choice itself and f are constants. */
typedef struct fm_router_grad {
    const fm_router *forward;
    const float *d_weights;
    float *d_logits;
    double
        alpha; /* already includes every outer factor; 0: no balance term. Double, so that alpha x sequences, which
                   * is divided by sequences again, loses no bit: accumulated micro-batches equal one batch */
    const int32_t *begin;
    int sequences;
} fm_router_grad;

void fm_router_backward(fm_dev *dev, const fm_router_grad *op);

/* load[e] += tokens that chose e. */
void fm_router_load(int64_t *load, const int32_t *chosen, int rows, int top_k, int experts);

#endif
