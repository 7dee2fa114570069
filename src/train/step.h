/* step.h: one optimiser step: micro-batches, clipping, AdamW, router biases.
 *
 * Where it stands: train/data gives the step's tokens, model/pass the gradients, kern/adamw the update.
 *
 * The loss of a step is divided by the targets of the whole step, so micro-batches only bound memory: in f32
 * the losses and gradients of one pass and of many have the same bits (tests/test_train.c), but for tensors
 * that several places of the model add to (a tied embedding; embedding and head shared with MTP): there the
 * micro-batches' order is the order of the sum, within 1e-6. Order of a step:
 * gradients to zero; every micro-batch forward and backward; losses and gradient norm checked; clip by the
 * global norm (over all trained tensors, as torch's clip_grad_norm_: factor clip / (norm + 1e-6), at most 1);
 * AdamW, with decay only on tensors of two dimensions; biases by load.
 *
 * It refuses to go on after NaN or infinity: FM_ERR_NUMERIC names the step, and the loss or the first tensor
 * whose gradient is not finite. Weights and moments are then those of the step before.
 * Nothing allocates in a step. Thread safety: one caller.
 */
#ifndef FM_TRAIN_STEP_H
#define FM_TRAIN_STEP_H

#include "model/model.h"
#include "train/data.h"

typedef struct fm_step_options {
    fm_precision precision;
    int micro_rows; /* rows of the data step per pass */
    float mtp_lambda, balance_alpha, bias_gamma;
    float lr, beta1, beta2, eps, weight_decay, clip; /* clip 0: none */
    int64_t step;                                    /* of the run, from 0: the optimiser's t is step + 1 */
} fm_step_options;

/* How evenly a block's experts were used in a step. */
typedef struct fm_load_summary {
    double max_over_mean; /* 1: even; n_routed_experts / top_k: the same experts always */
    double entropy;       /* of the load, over log(n_routed_experts): 1 is even */
    int unused;           /* experts that nobody chose */
} fm_load_summary;

typedef struct fm_step_result {
    double loss;      /* mean nats per target, main model */
    double loss_mtp;  /* mean nats per MTP target, averaged over depths; 0 when not trained */
    double balance;   /* mean over sequences, summed over layers */
    double total;     /* what was differentiated */
    double grad_norm; /* before clipping */
    int tokens, targets;
    int64_t pairs; /* query-key pairs, for FLOPs */
} fm_step_result;

typedef struct fm_stepper {
    fm_weights *weights; /* borrowed */
    fm_pass *pass;       /* borrowed */
    fm_dev *dev;         /* borrowed */
    int32_t *scratch;    /* [scratch_rows] */
    int scratch_rows;
    fm_load_summary *load; /* [blocks]: of the last step; zeros for dense blocks */
    int64_t *full_load;    /* [blocks, n_routed_experts]: of the last step */
} fm_stepper;

/* max_rows: tokens of the largest micro-batch. */
fm_status fm_stepper_init(fm_stepper *stepper, fm_weights *weights, fm_pass *pass, fm_dev *dev, int max_rows,
                          fm_error *err);
void fm_stepper_release(fm_stepper *stepper);

fm_status fm_stepper_run(fm_stepper *stepper, const fm_data_step *data, const fm_step_options *options,
                         fm_step_result *out, fm_error *err);

/* Nats of the targets of `data` without touching weights, gradients or routing statistics. */
fm_status fm_stepper_measure(fm_stepper *stepper, const fm_data_step *data, fm_precision precision,
                             int micro_rows, double *nats, int64_t *targets, fm_error *err);

fm_load_summary fm_load_summarise(const int64_t *load, int experts);

#endif
