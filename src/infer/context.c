/* context.c: prefix reuse, prefill and the decode loop of context.h. Refuses prompts without room for an answer. */
#include "infer/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

fm_status fm_context_open(fm_context *context, fm_decoder *model, int capacity, fm_error *err) {
    *context = (fm_context){.model = model, .capacity = capacity};
    size_t vocab = (size_t)fm_decoder_config(model)->vocab_size;
    fm_status status;
    FM_TRY(fm_cache_open(&context->cache, model, capacity, err));
    context->ids = malloc((size_t)capacity * sizeof *context->ids);
    context->logits = malloc(vocab * sizeof *context->logits);
    context->workspace = malloc(vocab * sizeof *context->workspace);
    if (context->ids && context->logits && context->workspace) return FM_OK;
    status = fm_error_set(err, FM_ERR_MEMORY, "no memory for a context of %d tokens", capacity);
fail:
    fm_context_close(context);
    return status;
}

void fm_context_close(fm_context *context) {
    if (context->cache.data) fm_cache_close(&context->cache);
    free(context->ids);
    free(context->logits);
    free(context->workspace);
    *context = (fm_context){0};
}

/* Brings the cache to exactly the prompt and leaves the last position's logits. */
static fm_status prefill(fm_context *c, const fm_generate *job, fm_generated *result, fm_error *err) {
    int keep = 0, limit = job->prompt_count - 1; /* at least one position is run: its logits are needed */
    if (limit > c->prefilled) limit = c->prefilled;
    while (keep < limit && c->ids[keep] == job->prompt[keep]) keep++;
    fm_cache_truncate(&c->cache, keep);
    c->count = c->prefilled = keep;
    fm_prefill run = {.cache = &c->cache,
                      .tokens = job->prompt + keep,
                      .count = job->prompt_count - keep,
                      .logits = c->logits};
    fm_status status = fm_decoder_prefill(c->model, &run, err);
    if (status != FM_OK) {
        fm_cache_truncate(&c->cache, keep);
        return status;
    }
    memcpy(c->ids + keep, run.tokens, (size_t)run.count * sizeof *c->ids);
    c->count = c->prefilled = job->prompt_count;
    result->cached = keep;
    return FM_OK;
}

/* Runs the token through the model, unless it is the last that fits. */
static fm_status advance(fm_context *c, int32_t token, fm_error *err) {
    fm_decode_row row = {.cache = &c->cache, .token = token, .logits = c->logits};
    fm_status status = fm_decoder_step(c->model, &row, 1, err);
    if (status == FM_OK) c->ids[c->count++] = token;
    return status;
}

fm_status fm_context_generate(fm_context *c, const fm_generate *job, fm_generated *result, fm_error *err) {
    *result = (fm_generated){.finish = FM_FINISH_LENGTH};
    if (job->prompt_count < 1 || job->prompt_count >= c->capacity)
        return fm_error_set(err, FM_ERR_LIMIT, "prompt of %d tokens: the context takes 1 to %d",
                            job->prompt_count, c->capacity - 1);
    int room = c->capacity - job->prompt_count;
    int limit = job->max_tokens > 0 && job->max_tokens < room ? job->max_tokens : room;
    int64_t start = fm_clock_ns();
    fm_status status;
    FM_TRY(prefill(c, job, result, err));
    int64_t ready = fm_clock_ns();
    result->prefill_seconds = (double)(ready - start) * 1e-9;
    while (result->tokens < limit) {
        int32_t token;
        fm_sample_in in = {.logits = c->logits,
                           .vocab = fm_decoder_config(c->model)->vocab_size,
                           .recent = c->ids,
                           .recent_count = c->count,
                           .position = (uint64_t)c->count,
                           .workspace = c->workspace};
        FM_TRY(fm_sample_token(job->sample, &in, &token, err));
        result->tokens++;
        if (!job->sink(job->sink_context, token)) {
            result->finish = FM_FINISH_ABORTED;
            break;
        }
        if (token == job->stop) {
            result->finish = FM_FINISH_STOP;
            break;
        }
        if (result->tokens < limit) FM_TRY(advance(c, token, err));
    }
    result->decode_seconds = (double)(fm_clock_ns() - ready) * 1e-9;
fail:
    return status;
}
