/* pass.h: one forward and backward pass over a batch of rows. (docs/MODEL.md, "The pass")
 *
 * Where it stands: train/step hands a batch in; the pass runs embed -> blocks -> head (pass.c), keeps what backward
 * needs in one arena planned at fm_pass_create, and adds gradients to weights->g. Nothing allocates after creation.
 *
 * A batch is a list of rows. Rows of one sample are consecutive; first[i] is the index of the first row of row i's
 * sample: attention, MTP and the balance loss never look across samples, so packed samples give what they give apart.
 * The total of a step is
 *     sum(main)/targets + lambda/D * sum_d sum(mtp_d)/mtp_targets_d + alpha * sum(balance)/sequences
 * with the counts of the WHOLE step (all micro-batches), which the caller adds up first (fm_counts_add): that is what
 * makes accumulated micro-batches equal one batch.
 *
 * It refuses (fm_batch_check): ids and targets outside the vocabulary, rows beyond the plan, `first` that does not
 * describe consecutive samples, positions outside 0 .. max_position.
 * Thread safety: one caller; the work inside is spread over the device's threads and does not depend on their number.
 */
#ifndef FM_MODEL_PASS_H
#define FM_MODEL_PASS_H

#include "kern/gemm/gemm.h"
#include "model/weights.h"

/* A micro-batch; arrays are the caller's, [rows]. */
typedef struct fm_batch {
    int rows;
    const int32_t *tokens;
    const int32_t *positions; /* of each row in its sample (RoPE) */
    const int32_t *first;     /* index of the first row of the row's sample */
    const int32_t *targets;   /* the token that follows, or -1: no loss */
} fm_batch;

/* What a step's losses are divided by. MTP depth d (0-based) at row i predicts targets[i + d + 1]. */
typedef struct fm_counts {
    int64_t targets, mtp_targets[FM_MAX_MTP], sequences;
} fm_counts;

/* Adds the counts of one micro-batch. */
void fm_counts_add(fm_counts *counts, const fm_config *config, const fm_batch *batch);

/* How one call is run. */
typedef struct fm_pass_options {
    fm_precision precision;
    bool backward;       /* add gradients to weights->g; false: losses only */
    fm_counts step;      /* counts of the whole step; used by backward only */
    float mtp_lambda;    /* 0: the MTP modules are not run */
    float balance_alpha; /* 0: no gradient from the balance loss (its value is still measured) */
    float *row_loss;     /* [rows] nats of each main target, 0 without one; or NULL */
} fm_pass_options;

/* Sums over the targets or sequences seen, in nats; added to by fm_pass_run, zeroed by the caller. */
typedef struct fm_losses {
    double main, mtp[FM_MAX_MTP], balance; /* balance: summed over sequences and MoE layers */
    fm_counts counts;
} fm_losses;

/* The total as in the opening comment, from sums and their own counts. */
double fm_losses_total(const fm_losses *losses, const fm_config *config, float mtp_lambda,
                       float balance_alpha);

typedef struct fm_pass fm_pass;

/* Plans and allocates for at most max_rows rows; `backward` false keeps one block's activations only. Borrows weights
 * and dev, which must outlive it. positions up to max_position - 1 are served (0: max_position_embeddings). */
fm_status fm_pass_create(fm_pass **out, fm_weights *weights, fm_dev *dev, int max_rows, int max_position,
                         bool backward, fm_error *err);
void fm_pass_free(fm_pass *pass);

/* The arena, for printing its plan. */
const fm_arena *fm_pass_arena(const fm_pass *pass);

/* FM_ERR_ARG names the row, the field and its limit. Cheap; fm_pass_run does not repeat it. */
fm_status fm_batch_check(const fm_pass *pass, const fm_batch *batch, fm_error *err);

/* Forward, losses and (options->backward) backward of one checked micro-batch. */
void fm_pass_run(fm_pass *pass, const fm_batch *batch, const fm_pass_options *options, fm_losses *losses);

/* Routing statistics: tokens that chose each expert since the last clear, [n_routed_experts]; NULL for a dense block. */
int64_t *fm_pass_load(fm_pass *pass, int block);
void fm_pass_load_clear(fm_pass *pass);

/* b_i += gamma * sign(mean load - load_i), every MoE block (V3 report, section 2.1.2), from fm_pass_load. */
void fm_pass_bias_update(fm_pass *pass, float gamma);

/* For tests and for distillation of the last fm_pass_run. hidden(0) is the embedding, hidden(i) the output of block
 * i-1, the last one (i == num_hidden_layers) after the final norm; [rows, H], borrowed until the next run. Without
 * `backward` at creation only the last exists (others NULL). */
const float *fm_pass_hidden(const fm_pass *pass, int index);

/* out [count, V] = logits of rows first_row ... of the last run. */
void fm_pass_logits(fm_pass *pass, int first_row, int count, float *out, fm_precision precision);

/* As above for MTP module `depth` (0-based). Its rows are those rows of the batch that have depth + 1 followers in
 * their sample, in order; returns how many there are, and their batch rows in *rows (borrowed) if not NULL. */
int fm_pass_mtp_rows(const fm_pass *pass, int depth, const int32_t **rows);
void fm_pass_mtp_logits(fm_pass *pass, int depth, int first_row, int count, float *out,
                        fm_precision precision);

/* The experts chosen in the last run, [block rows, top_k], or NULL for a dense block. */
const int32_t *fm_pass_chosen(const fm_pass *pass, int block);

/* Takes the experts of `block` from `chosen` ([rows, top_k], borrowed) instead of choosing; weights still come from
 * the scores. NULL: choose again. For comparing precisions. */
void fm_pass_force_choice(fm_pass *pass, int block, const int32_t *chosen);

#endif
