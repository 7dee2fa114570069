/* pass_state.h: what an fm_pass holds. Private to pass.c, pass_plan.c, mtp.c and head.c.
 *
 * Two modes of memory: `keep` gives every block its own activations, for backward; without it all blocks share one set
 * and the residual stream alternates between two buffers.
 */
#ifndef FM_MODEL_PASS_STATE_H
#define FM_MODEL_PASS_STATE_H

#include "model/block.h"

/* One MTP module: the rows that have a token to look at, and what leaves the module. */
typedef struct fm_mtp_acts {
    fm_rows rows;
    int32_t *batch_row;                            /* [T] of each module row */
    int32_t *parent_row;                           /* [T] row of the module before (depth 0: batch row) */
    int32_t *tokens, *positions, *first, *targets; /* [T], what rows points to */
    float *emb_rms, *hidden_rms;                   /* [T] of enorm and hnorm */
    float *head_in, *head_rms;                     /* [T, H] after shared_head.norm, [T] */
} fm_mtp_acts;

struct fm_pass {
    fm_weights *weights;
    fm_dev *dev;
    fm_arena arena;
    fm_dims dim;
    int max_rows, max_position, mtp; /* mtp: modules, 0 when there is none */
    bool keep;
    float *rope_table; /* [max_position, rope/2, 2] */
    float softmax_scale;
    fm_block_acts *acts; /* [blocks] */
    fm_work work;
    float *head_in, *head_rms; /* [T, H] after the final norm, [T] */
    float *d;                  /* [T, H] the gradient that runs back through the blocks */
    float *d_parent;           /* [T, H] gradient for the hidden states that an MTP module was given */
    float *emb, *hidden;       /* MTP: [T, H] embedded next token, given hidden state */
    float *pair, *d_pair;      /* MTP: [T, 2H] */
    float *logits;             /* [XENT_ROWS, V] */
    fm_rows rows;              /* the batch of the last run */
    int32_t *begin;            /* [T + 1] */
    fm_mtp_acts module[FM_MAX_MTP];
};

enum { FM_XENT_ROWS = 128 };

/* pass_plan.c: sizes and places of everything above; run once to plan and once to take. */
void fm_pass_plan(fm_pass *pass);

/* pass.c */
fm_scope fm_pass_scope(fm_pass *pass, int block, const fm_rows *rows, const fm_pass_options *options);

/* Fills begin and sequences of rows from first. */
void fm_rows_begin(fm_rows *rows);

/* mtp.c: the row lists of every module; forward of one from `parent` [.., H] (hidden states after the norm before a
 * head); backward from pass->d (gradient of head_in), leaves the parents' gradient in pass->d_parent. */
void fm_mtp_rows(fm_pass *pass);
void fm_mtp_forward(fm_pass *pass, int depth, const float *parent, const fm_pass_options *options);
void fm_mtp_backward(fm_pass *pass, int depth, const float *parent, const fm_pass_options *options);
/* d[parent_row[i]] += d_parent[i] */
void fm_mtp_return(fm_pass *pass, int depth);

/* head.c: cross-entropy of `hidden` [rows, H] against rows->targets; gradient into pass->d and the head when backward. */
double fm_head_loss(fm_pass *pass, const fm_rows *rows, const float *hidden, double scale,
                    const fm_pass_options *options, float *row_loss);

#endif
