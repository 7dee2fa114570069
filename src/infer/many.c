/* many.c: the slots of many.h: prefill on entry, one joint step per round. Refuses what many.h says. */
#include "infer/many.h"

#include <stdbool.h>
#include <stdlib.h>

/* A sequence under way. */
typedef struct slot {
    fm_cache cache;
    float *logits; /* [vocab] */
    size_t job;
    bool busy;
} slot;

typedef struct crowd {
    fm_decoder *model;
    const fm_many_options *options;
    fm_many_job *jobs;
    size_t count, next, done;
    slot *slots;
    fm_decode_row *rows;
    uint64_t *workspace; /* [vocab] of the sampler */
    int vocab;
} crowd;

static void finish(crowd *c, slot *s, fm_finish why) {
    c->jobs[s->job].finish = why;
    s->busy = false;
    c->done++;
    if (c->options->progress) c->options->progress(c->options->progress_context, c->done, c->count);
}

/* Draws the slot's next token from its logits; ends the slot or adds a row to the coming step. */
static fm_status draw(crowd *c, int index, int *rows, fm_error *err) {
    slot *s = &c->slots[index];
    fm_many_job *job = &c->jobs[s->job];
    const fm_many_options *o = c->options;
    fm_sample_options sample = o->sample;
    sample.seed += s->job;
    int32_t token;
    fm_sample_in in = {.logits = s->logits,
                       .vocab = c->vocab,
                       .recent = job->reply.data,
                       .recent_count = (int)job->reply.count,
                       .position = (uint64_t)s->cache.length,
                       .workspace = c->workspace};
    fm_status status = fm_sample_token(&sample, &in, &token, err);
    if (status != FM_OK) return status;
    if (token == o->stop) {
        finish(c, s, FM_FINISH_STOP);
        return FM_OK;
    }
    status = fm_ids_push(&job->reply, token, err);
    if (status != FM_OK) return status;
    bool full =
        s->cache.length + 1 >= o->context || (o->max_tokens > 0 && job->reply.count >= (size_t)o->max_tokens);
    if (full) {
        finish(c, s, FM_FINISH_LENGTH);
        return FM_OK;
    }
    c->rows[(*rows)++] = (fm_decode_row){.cache = &s->cache, .token = token, .logits = s->logits};
    return FM_OK;
}

static fm_status enter(crowd *c, slot *s, fm_error *err) {
    s->job = c->next++;
    s->busy = true;
    const fm_many_job *job = &c->jobs[s->job];
    if (job->prompt_count < 1 || job->prompt_count >= c->options->context)
        return fm_error_set(err, FM_ERR_LIMIT, "prompt %zu of %d tokens: the context takes 1 to %d", s->job,
                            job->prompt_count, c->options->context - 1);
    fm_cache_truncate(&s->cache, 0);
    fm_prefill run = {
        .cache = &s->cache, .tokens = job->prompt, .count = job->prompt_count, .logits = s->logits};
    return fm_decoder_prefill(c->model, &run, err);
}

static fm_status run(crowd *c, fm_error *err) {
    fm_status status = FM_OK;
    while (c->done < c->count) {
        int rows = 0;
        for (int i = 0; i < c->options->slots; i++) {
            slot *s = &c->slots[i];
            while (status == FM_OK) { /* a slot whose reply ends at once takes the next job */
                if (!s->busy && c->next == c->count) break;
                if (!s->busy) status = enter(c, s, err);
                if (status == FM_OK) status = draw(c, i, &rows, err);
                if (s->busy) break;
            }
            if (status != FM_OK) return status;
        }
        if (rows > 0) status = fm_decoder_step(c->model, c->rows, rows, err);
        if (status != FM_OK) return status;
    }
    return status;
}

fm_status fm_many_generate(fm_decoder *model, const fm_many_options *options, fm_many_job *jobs, size_t count,
                           fm_error *err) {
    if (options->slots < 1 || options->slots > 256)
        return fm_error_set(err, FM_ERR_ARG, "slots = %d: 1 to 256 are possible", options->slots);
    fm_status status = fm_sample_options_check(&options->sample, err);
    if (status != FM_OK) return status;
    size_t slots = (size_t)options->slots, vocab = (size_t)fm_decoder_config(model)->vocab_size;
    crowd c = {.model = model,
               .options = options,
               .jobs = jobs,
               .count = count,
               .vocab = (int)vocab,
               .slots = calloc(slots, sizeof *c.slots),
               .rows = calloc(slots, sizeof *c.rows),
               .workspace = calloc(vocab, sizeof *c.workspace)};
    float *logits = calloc(slots * vocab, sizeof *logits);
    if (!c.slots || !c.rows || !c.workspace || !logits) {
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu sequences", slots);
        goto fail;
    }
    for (size_t i = 0; i < slots; i++) {
        c.slots[i].logits = logits + i * vocab;
        FM_TRY(fm_cache_open(&c.slots[i].cache, model, options->context, err));
    }
    FM_TRY(run(&c, err));
fail:
    for (size_t i = 0; c.slots && i < slots; i++)
        if (c.slots[i].cache.data) fm_cache_close(&c.slots[i].cache);
    free(c.slots);
    free(c.rows);
    free(c.workspace);
    free(logits);
    return status;
}
