/* many.h: many prompts answered together: evaluation, and later the trainer's rollouts.
 *
 * Where it stands: eval -> here -> model/decode. `slots` sequences are decoded in one step each time, so that a weight
 * read once serves all of them; a finished sequence makes room for the next prompt. A sequence's tokens are those it
 * would get alone (decode.h): the number of slots and the order of the jobs change no answer.
 *
 * It refuses prompts that leave no room for an answer.
 */
#ifndef FM_INFER_MANY_H
#define FM_INFER_MANY_H

#include "infer/sample.h"
#include "model/decode.h"
#include "text/tokenizer.h"

typedef struct fm_many_job {
    const int32_t *prompt; /* borrowed */
    int prompt_count;
    fm_ids reply; /* appended to: what was generated, without the stop token; the caller releases it */
    fm_finish finish;
} fm_many_job;

typedef struct fm_many_options {
    fm_sample_options sample;                                   /* each job draws from seed + its index */
    int slots;                                                  /* sequences decoded together, 1 .. 256 */
    int context;                                                /* positions per sequence */
    int max_tokens;                                             /* per reply; 0: what fits */
    int32_t stop;                                               /* ends a reply */
    void (*progress)(void *context, size_t done, size_t count); /* after each finished job, or NULL */
    void *progress_context;
} fm_many_options;

/* Answers all jobs. On failure the replies finished so far are valid. */
fm_status fm_many_generate(fm_decoder *model, const fm_many_options *options, fm_many_job *jobs, size_t count,
                           fm_error *err);

#endif
