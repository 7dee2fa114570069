/* score.c: logits of given ids in pieces, and the negative log-likelihood read from them. Contract: score.h. */
#include "infer/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "base/fmath.h"
#include "base/fs.h"
#include "infer/engine.h"

enum { DEFAULT_CONTEXT = 1024, PIECE_ROWS = 64 };

struct fm_scorer {
    fm_dev dev;
    fm_decoder *decoder;
    fm_tokenizer *tokenizer; /* NULL until asked for */
    fm_cache cache;
    float *logits; /* [PIECE_ROWS, V] */
    char folder[512];
};

static fm_status open_model(fm_scorer *s, const fm_scorer_options *options, fm_error *err) {
    fm_status status;
    fm_config config;
    FM_TRY(fm_config_load(&config, s->folder, err));
    int limit = config.max_position_embeddings;
    int context = options->context ? options->context : limit < DEFAULT_CONTEXT ? limit : DEFAULT_CONTEXT;
    if (context < 1 || context > limit)
        return fm_error_set(err, FM_ERR_LIMIT,
                            "context of %d tokens: %s takes 1 to %d (max_position_embeddings)", context,
                            s->folder, limit);
    FM_TRY(fm_dev_open(&s->dev, options->threads, 0, err));
    fm_kern_attach(&s->dev);
    fm_decoder_options decoder = {.dtype = options->exact ? FM_F32 : FM_BF16, .max_context = context};
    FM_TRY(fm_decoder_load(&s->decoder, s->folder, &s->dev, &decoder, err));
    FM_TRY(fm_cache_open(&s->cache, s->decoder, context, err));
    s->logits = malloc((size_t)PIECE_ROWS * (size_t)config.vocab_size * sizeof *s->logits);
    if (s->logits == NULL)
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: out of memory for logits", s->folder);
fail:
    return status;
}

fm_status fm_scorer_open(fm_scorer **out, const char *model, const fm_scorer_options *options,
                         fm_error *err) {
    *out = NULL;
    fm_scorer *s = calloc(1, sizeof *s);
    if (s == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for a scorer");
    snprintf(s->folder, sizeof s->folder, "%s", fm_model_folder(model));
    fm_status status = FM_OK;
    if (!fm_path_is_dir(s->folder))
        status = fm_embedded_is(s->folder)
                     ? fm_error_set(err, FM_ERR_UNSUPPORTED,
                                    "this build has no embedded model; name a model folder")
                     : fm_error_set(err, FM_ERR_IO, "%s: no such model folder", s->folder);
    if (status == FM_OK) status = open_model(s, options, err);
    if (status != FM_OK) {
        fm_scorer_close(s);
        return status;
    }
    *out = s;
    return FM_OK;
}

void fm_scorer_close(fm_scorer *scorer) {
    if (scorer == NULL) return;
    fm_cache_close(&scorer->cache);
    fm_decoder_free(scorer->decoder);
    if (scorer->tokenizer) fm_tokenizer_close(scorer->tokenizer);
    fm_dev_close(&scorer->dev);
    free(scorer->logits);
    free(scorer);
}

int fm_scorer_context(const fm_scorer *scorer) { return scorer->cache.capacity; }
int fm_scorer_vocab(const fm_scorer *scorer) { return fm_decoder_config(scorer->decoder)->vocab_size; }

fm_status fm_scorer_tokenizer(fm_scorer *scorer, const fm_tokenizer **out, fm_error *err) {
    if (scorer->tokenizer == NULL) {
        fm_status status = fm_tokenizer_open(&scorer->tokenizer, scorer->folder, NULL, err);
        if (status != FM_OK) return status;
    }
    *out = scorer->tokenizer;
    return FM_OK;
}

fm_status fm_scorer_logits(fm_scorer *scorer, const int32_t *ids, int count, fm_logits_sink sink,
                           void *context, fm_error *err) {
    fm_status status = FM_OK;
    fm_cache_truncate(&scorer->cache, 0);
    for (int done = 0; done < count && status == FM_OK; done += PIECE_ROWS) {
        int rows = count - done < PIECE_ROWS ? count - done : PIECE_ROWS;
        fm_prefill job = {
            .cache = &scorer->cache, .tokens = ids + done, .count = rows, .all_logits = scorer->logits};
        status = fm_decoder_prefill(scorer->decoder, &job, err);
        if (status == FM_OK) status = sink(context, scorer->logits, rows, err);
    }
    return status;
}

typedef struct nats_job {
    const int32_t *ids;
    int count, row, vocab; /* row: positions seen */
    double *nats;
} nats_job;

/* The largest logit first, then the sum in double: the value does not depend on how it is reached. */
static double surprise(const float *logits, int vocab, int32_t id) {
    float largest = logits[0];
    for (int i = 1; i < vocab; i++) largest = logits[i] > largest ? logits[i] : largest;
    double sum = 0.0;
    for (int i = 0; i < vocab; i++) sum += fm_expf(logits[i] - largest);
    return fm_log(sum) - ((double)logits[id] - largest);
}

static fm_status take_nats(void *context, const float *logits, int rows, fm_error *err) {
    nats_job *job = context;
    for (int i = 0; i < rows; i++, job->row++) {
        if (job->row + 1 >= job->count) continue; /* nothing follows the last position */
        int32_t next = job->ids[job->row + 1];
        double nats = surprise(logits + (size_t)i * (size_t)job->vocab, job->vocab, next);
        if (!isfinite(nats))
            return fm_error_set(err, FM_ERR_NUMERIC, "position %d: the model's logits are not finite",
                                job->row);
        job->nats[job->row + 1] = nats;
    }
    return FM_OK;
}

fm_status fm_scorer_nats(fm_scorer *scorer, const int32_t *ids, int count, double *nats, fm_error *err) {
    nats_job job = {.ids = ids, .count = count, .vocab = fm_scorer_vocab(scorer), .nats = nats};
    if (count > 0) nats[0] = 0.0;
    return fm_scorer_logits(scorer, ids, count, take_nats, &job, err);
}
