/* task_model.h: a model as the one who answers the verifiable tasks (the fm_task_answer_fn of task_eval.h).
 *
 * Where it stands: eval/task_eval -> here -> infer/many. Each problem is the only message of a conversation, rendered
 * with the model's template; many are answered together.
 */
#ifndef FM_EVAL_TASK_MODEL_H
#define FM_EVAL_TASK_MODEL_H

#include "eval/task_eval.h"
#include "infer/engine.h"
#include "infer/many.h"

typedef struct fm_task_model {
    fm_engine *engine;       /* borrowed */
    fm_prompt prompt;        /* FM_PROMPT_CHOOSE, _THINK or _NOTHINK */
    fm_many_options options; /* slots, sampling, max_tokens; stop and context are set here */
    uint64_t tokens;         /* generated so far */
} fm_task_model;

/* Greedy, 32 together, 512 tokens at most, the model chooses whether to think. */
fm_task_model fm_task_model_default(fm_engine *engine);

/* context is an fm_task_model. Replies hold <think>reasoning</think>answer, or the answer alone. */
fm_status fm_task_model_answer(void *context, const fm_task_problem *problems, size_t count, fm_buf *replies,
                               fm_error *err);

#endif
