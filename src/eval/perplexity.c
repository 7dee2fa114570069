/* perplexity.c: windows over a text and the sums of their scores. Contract and conventions: perplexity.h. */
#include "eval/perplexity.h"

#include <stdlib.h>

#include "base/fmath.h"

/* Token `from` on is scored; the window begins up to half a context earlier. Returns the end of what was scored. */
static fm_status score_window(fm_perplexity *result, fm_scorer *scorer, const fm_ids *ids, size_t *from,
                              double *nats, fm_error *err) {
    size_t context = (size_t)fm_scorer_context(scorer), begin = *from > context / 2 ? *from - context / 2 : 0;
    size_t end = begin + context < ids->count ? begin + context : ids->count;
    fm_status status = fm_scorer_nats(scorer, ids->data + begin, (int)(end - begin), nats, err);
    if (status != FM_OK) return status;
    for (size_t i = *from; i < end; i++) result->nats += nats[i - begin];
    result->tokens += (int64_t)(end - *from);
    *from = end;
    return FM_OK;
}

static fm_status score_ids(fm_perplexity *result, fm_scorer *scorer, const fm_ids *ids, fm_error *err) {
    double *nats = malloc((size_t)fm_scorer_context(scorer) * sizeof *nats);
    if (nats == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "out of memory for %d scores", fm_scorer_context(scorer));
    fm_status status = FM_OK;
    for (size_t from = 1; from < ids->count && status == FM_OK;)
        status = score_window(result, scorer, ids, &from, nats, err);
    free(nats);
    return status;
}

fm_status fm_perplexity_add(fm_perplexity *result, fm_scorer *scorer, const char *text, size_t size,
                            const char *where, fm_error *err) {
    const fm_tokenizer *tokenizer;
    fm_ids ids = {0};
    size_t first = 0;
    fm_status status;
    FM_TRY(fm_scorer_tokenizer(scorer, &tokenizer, err));
    FM_TRY(fm_tokenizer_encode(tokenizer, text, size, FM_ENCODE_SPECIALS, &ids, err));
    if (ids.count < 2) {
        status = fm_error_set(err, FM_ERR_ARG, "%s: %zu tokens, at least 2 are needed", where, ids.count);
        goto fail;
    }
    FM_TRY(score_ids(result, scorer, &ids, err));
    fm_tokenizer_bytes(tokenizer, ids.data[0], &first);
    result->bytes += (int64_t)(size > first ? size - first : 0);
fail:
    fm_ids_release(&ids);
    return status;
}

double fm_perplexity_nats_per_token(const fm_perplexity *result) {
    return result->tokens ? result->nats / (double)result->tokens : 0.0;
}

double fm_perplexity_bits_per_byte(const fm_perplexity *result) {
    return result->bytes ? result->nats / fm_log(2.0) / (double)result->bytes : 0.0;
}
