/* bpe_train.c: counting the words of texts, and the frame around the merge loop; see bpe_train.h. */
#include "text/bpe_train.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "text/bpe_merge.h"
#include "text/byte_alphabet.h"
#include "text/pretokenizer.h"

enum {
    CHUNK_BYTES = 1 << 20, /* texts are cut at the first line end after so many bytes, whatever the threads */
    MAX_WORD_BYTES = 1024  /* longer words (data in base64, say) teach nothing and are passed over */
};

struct fm_bpe_trainer {
    fm_bpe_options options;
    fm_tokenizer *t; /* specials and bytes at first; merges are added in the end */
    fm_word_counts counts;
};

fm_bpe_options fm_bpe_options_default(void) { return (fm_bpe_options){.vocab_size = 6144, .min_count = 2}; }

static fm_status put_specials(fm_tokenizer *t, const fm_bpe_options *options, fm_error *err) {
    for (int i = 0; i < options->special_count; i++) {
        const fm_bpe_special *special = &options->specials[i];
        if (fm_tokenizer_special(t, special->text) >= 0)
            return fm_error_set(err, FM_ERR_ARG, "the special token \"%s\" is given twice", special->text);
        fm_status status = fm_tokenizer_put(t, t->vocab_size, special->text, strlen(special->text),
                                            FM_TOKEN_RAW, "special tokens", err);
        if (status == FM_OK)
            status = fm_tokenizer_put_added(t, t->vocab_size - 1, special->control, false, err);
        if (status != FM_OK) return status;
    }
    return FM_OK;
}

/* In the order of the characters that stand for them: those below U+0100 first. */
static fm_status put_bytes(fm_tokenizer *t, fm_error *err) {
    fm_status status = FM_OK;
    for (uint32_t code = 0; code < 0x144 && status == FM_OK; code++) {
        int byte = fm_byte_from_char(code);
        uint8_t value = (uint8_t)byte;
        if (byte >= 0) status = fm_tokenizer_put(t, t->vocab_size, &value, 1, FM_TOKEN_WORD, "bytes", err);
    }
    return status;
}

fm_status fm_bpe_trainer_create(fm_bpe_trainer **out, const fm_bpe_options *options, fm_error *err) {
    fm_status status = FM_OK;
    int32_t least = options->special_count + 256;
    *out = NULL;
    if (options->vocab_size < least || options->vocab_size > FM_TOKENIZER_MAX_VOCAB)
        return fm_error_set(err, FM_ERR_ARG,
                            "vocabulary size %d: must be %d (256 bytes and %d special tokens) to %d",
                            options->vocab_size, least, options->special_count, FM_TOKENIZER_MAX_VOCAB);
    fm_bpe_trainer *trainer = calloc(1, sizeof *trainer);
    if (trainer == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for a trainer");
    trainer->options = *options;
    FM_TRY(fm_tokenizer_new(&trainer->t, "new vocabulary", err));
    if (options->single_digits) FM_TRY(fm_tokenizer_put_pattern(trainer->t, "\\p{N}", err));
    FM_TRY(fm_tokenizer_put_pattern(trainer->t,
                                    options->pattern ? options->pattern : fm_pretokenizer_default(), err));
    FM_TRY(put_specials(trainer->t, options, err));
    FM_TRY(put_bytes(trainer->t, err));
    *out = trainer;
    return FM_OK;
fail:
    fm_bpe_trainer_free(trainer);
    return status;
}

void fm_bpe_trainer_free(fm_bpe_trainer *trainer) {
    if (trainer == NULL) return;
    fm_tokenizer_close(trainer->t);
    fm_word_counts_release(&trainer->counts);
    free(trainer);
}

/* Counts the words of a piece, cutting it with pattern `level` and those after it. */
static fm_status count_piece(const fm_tokenizer *t, fm_word_counts *counts, const uint8_t *text, size_t size,
                             int level, fm_error *err) {
    if (level == t->pattern_count)
        return size > MAX_WORD_BYTES ? FM_OK : fm_word_counts_add(counts, text, size, 1, err);
    fm_pattern_scratch scratch = {0};
    fm_status status = FM_OK;
    size_t at = 0, begin, end;
    while (at < size) {
        if (!fm_pattern_next(t->patterns[level], &scratch, text, size, at, &begin, &end)) begin = end = size;
        if (begin > at) FM_TRY(count_piece(t, counts, text + at, begin - at, level + 1, err));
        if (end > begin) FM_TRY(count_piece(t, counts, text + begin, end - begin, level + 1, err));
        at = end;
    }
fail:
    fm_pattern_scratch_release(&scratch);
    return status;
}

static fm_status count_chunk(const fm_tokenizer *t, fm_word_counts *counts, const uint8_t *text, size_t size,
                             fm_error *err) {
    fm_status status = FM_OK;
    size_t at = 0, begin, end;
    int32_t id;
    while (at < size && status == FM_OK) {
        if (!fm_added_next(&t->plain, text, size, at, &begin, &end, &id)) begin = end = size;
        if (begin > at) status = count_piece(t, counts, text + at, begin - at, 0, err);
        at = end;
    }
    return status;
}

/* Where the chunk that begins at `at` ends: behind the first line end after CHUNK_BYTES. */
static size_t chunk_end(const uint8_t *text, size_t size, size_t at) {
    if (size - at <= CHUNK_BYTES) return size;
    const uint8_t *newline = memchr(text + at + CHUNK_BYTES, '\n', size - at - CHUNK_BYTES);
    return newline ? (size_t)(newline - text) + 1 : size;
}

/* What is still to be counted: from byte `at` of text `index` on. */
typedef struct position {
    size_t index, at;
} position;

/* Counts about CHUNK_BYTES of texts from *here on, and moves *here behind them. With counts NULL it only
 * moves. */
static fm_status count_some(const fm_tokenizer *t, fm_word_counts *counts, const fm_bpe_text *texts,
                            size_t count, position *here, fm_error *err) {
    fm_status status = FM_OK;
    for (size_t done = 0; here->index < count && done < CHUNK_BYTES && status == FM_OK;) {
        const fm_bpe_text *text = &texts[here->index];
        size_t end = chunk_end(text->bytes, text->size, here->at);
        if (counts && end > 0) status = count_chunk(t, counts, text->bytes + here->at, end - here->at, err);
        done += end - here->at;
        *here = end < text->size ? (position){here->index, end} : (position){here->index + 1, 0};
    }
    return status;
}

/* Each thread takes a part of the texts at a time and counts on its own; sums do not depend on their order.
 */
static fm_status count_parallel(fm_bpe_trainer *trainer, const fm_bpe_text *texts, size_t count, int threads,
                                fm_error *err) {
    fm_status status = FM_OK;
    position next = {0};
#pragma omp parallel num_threads(threads)
    {
        fm_word_counts counts = {0};
        fm_error own = {0};
        fm_status mine = FM_OK;
        for (position here = {0}; mine == FM_OK && here.index < count;) {
#pragma omp critical(fm_bpe_next)
            {
                here = next;
                if (status != FM_OK) next.index = count; /* another thread failed */
                count_some(trainer->t, NULL, texts, count, &next, NULL);
            }
            if (here.index < count) mine = count_some(trainer->t, &counts, texts, count, &here, &own);
        }
#pragma omp critical(fm_bpe_next)
        {
            if (mine == FM_OK) mine = fm_word_counts_merge(&trainer->counts, &counts, &own);
            if (mine != FM_OK && status == FM_OK) {
                status = mine;
                if (err) *err = own;
            }
        }
        fm_word_counts_release(&counts);
    }
    return status;
}

fm_status fm_bpe_trainer_add(fm_bpe_trainer *trainer, const fm_bpe_text *texts, size_t count, fm_error *err) {
    if (trainer->t == NULL)
        return fm_error_set(err, FM_ERR_STATE, "the vocabulary is finished: no more texts");
    int threads = trainer->options.threads > 0 ? trainer->options.threads : omp_get_max_threads();
    if (threads > 1) return count_parallel(trainer, texts, count, threads, err);
    fm_status status = FM_OK;
    for (position here = {0}; here.index < count && status == FM_OK;)
        status = count_some(trainer->t, &trainer->counts, texts, count, &here, err);
    return status;
}

fm_status fm_bpe_trainer_finish(fm_bpe_trainer *trainer, fm_tokenizer **out, fm_error *err) {
    fm_status status = FM_OK;
    *out = NULL;
    if (trainer->t == NULL) return fm_error_set(err, FM_ERR_STATE, "the vocabulary is finished already");
    FM_TRY(fm_bpe_merge(trainer->t, &trainer->counts, &trainer->options, err));
    FM_TRY(fm_tokenizer_seal(trainer->t, err));
    *out = trainer->t;
    trainer->t = NULL;
    fm_word_counts_release(&trainer->counts);
fail:
    return status;
}
