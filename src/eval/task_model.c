/* task_model.c: see task_model.h. A problem whose prompt does not fit the context is refused by infer/many. */
#include "eval/task_model.h"

#include <stdlib.h>

fm_task_model fm_task_model_default(fm_engine *engine) {
    fm_sample_options greedy = fm_sample_options_default();
    greedy.temperature = 0;
    return (fm_task_model){.engine = engine,
                           .prompt = FM_PROMPT_CHOOSE,
                           .options = {.sample = greedy, .slots = 32, .max_tokens = 512}};
}

static fm_status render(const fm_task_model *m, const fm_task_problem *problem, fm_ids *out, fm_error *err) {
    fm_chat chat = {0};
    fm_status status = fm_chat_add(&chat, FM_ROLE_USER, problem->prompt, NULL, err);
    if (status == FM_OK) status = fm_template_encode(&m->engine->tpl, &chat, m->prompt, out, NULL, err);
    fm_chat_release(&chat);
    return status;
}

/* Marks are spelt out in the reply, as the judge reads them; a forced <think> is put in front. */
static fm_status spell(const fm_task_model *m, const fm_ids *reply, fm_buf *out, fm_error *err) {
    if (m->prompt == FM_PROMPT_THINK) fm_buf_puts(out, fm_mark_text(FM_MARK_THINK));
    return fm_tokenizer_decode(m->engine->tokenizer, reply->data, reply->count, FM_DECODE_REPLACE, out, err);
}

fm_status fm_task_model_answer(void *context, const fm_task_problem *problems, size_t count, fm_buf *replies,
                               fm_error *err) {
    fm_task_model *m = context;
    fm_many_job *jobs = calloc(count, sizeof *jobs);
    fm_ids *prompts = calloc(count, sizeof *prompts);
    fm_status status = FM_OK;
    if (jobs == NULL || prompts == NULL) {
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu prompts", count);
        goto fail;
    }
    for (size_t i = 0; i < count; i++) {
        FM_TRY(render(m, &problems[i], &prompts[i], err));
        jobs[i].prompt = prompts[i].data;
        jobs[i].prompt_count = (int)prompts[i].count;
    }
    m->options.context = m->engine->context;
    m->options.stop = m->engine->tpl.mark[FM_MARK_EOS];
    FM_TRY(fm_many_generate(m->engine->model, &m->options, jobs, count, err));
    for (size_t i = 0; i < count; i++) {
        FM_TRY(spell(m, &jobs[i].reply, &replies[i], err));
        m->tokens += jobs[i].reply.count;
    }
fail:
    for (size_t i = 0; jobs && i < count; i++) fm_ids_release(&jobs[i].reply);
    for (size_t i = 0; prompts && i < count; i++) fm_ids_release(&prompts[i]);
    free(jobs);
    free(prompts);
    return status;
}
