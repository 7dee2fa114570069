/* bpe_train.h: makes a byte-level BPE vocabulary from text.
 *
 * Algorithm: the text is cut into words by the pre-tokeniser, words are counted; then the most frequent
 * adjacent pair of symbols becomes a new symbol, again and again (Gage 1994; Sennrich et al. 2016), with a
 * list of the words in which each pair occurs and a priority queue of pairs. Ties go to the pair with the
 * smaller left id, then the smaller right id, so the result depends on the text alone: not on threads, nor on
 * the order of the texts.
 *
 * Ids: the special tokens in the order given, then the 256 bytes (in the order of GPT-2's alphabet), then the
 * merges.
 */
#ifndef FM_TEXT_BPE_TRAIN_H
#define FM_TEXT_BPE_TRAIN_H

#include "text/tokenizer.h"

typedef struct fm_bpe_special {
    const char *text; /* UTF-8, not empty */
    bool control;     /* "special": left out of what a reader sees; false: e.g. <think> */
} fm_bpe_special;

typedef struct fm_bpe_options {
    int32_t vocab_size;  /* in all, specials and bytes included */
    const char *pattern; /* pre-tokeniser regex; NULL: Qwen2's, which takes digits singly */
    bool single_digits;  /* puts \p{N} before the pattern, so that every digit is a word of its own */
    uint64_t min_count;  /* a pair seen less often is never merged; 0 means 2 */
    const fm_bpe_special *specials; /* borrowed */
    int special_count;
    int threads; /* for counting; 0: OpenMP's default */
    void (*progress)(void *context, int32_t tokens,
                     int32_t vocab_size); /* now and then while merging; may be NULL */
    void *progress_context;
} fm_bpe_options;

fm_bpe_options fm_bpe_options_default(void);

/* A trainer under way: texts are added, then it is finished. Special tokens written in the texts are cut out.
 */
typedef struct fm_bpe_trainer fm_bpe_trainer;

fm_status fm_bpe_trainer_create(fm_bpe_trainer **out, const fm_bpe_options *options, fm_error *err);

/* A text to learn from; borrowed during the call. Words never reach over its end. */
typedef struct fm_bpe_text {
    const uint8_t *bytes;
    size_t size;
} fm_bpe_text;

/* Counts the words of texts, with options.threads threads; texts above 1 MiB are cut at line ends. Not for
 * several callers at once. Words longer than 1 KiB are passed over. */
fm_status fm_bpe_trainer_add(fm_bpe_trainer *trainer, const fm_bpe_text *texts, size_t count, fm_error *err);

/* Merges until the vocabulary is full or no pair is frequent enough (then the vocabulary is smaller, which is
 * no error). *out is the caller's to close. The trainer can only be freed afterwards. */
fm_status fm_bpe_trainer_finish(fm_bpe_trainer *trainer, fm_tokenizer **out, fm_error *err);

void fm_bpe_trainer_free(fm_bpe_trainer *trainer);

#endif
