/* bpe_merge.h: from counted words to merges: the second half of training a vocabulary. Private to src/text.
 */
#ifndef FM_TEXT_BPE_MERGE_H
#define FM_TEXT_BPE_MERGE_H

#include "text/bpe_train.h"
#include "text/tokenizer_impl.h"
#include "text/word_counts.h"

/* Adds merges to `t`, which holds the specials and all 256 bytes, until it has options->vocab_size tokens or
 * no pair is seen options->min_count times. */
fm_status fm_bpe_merge(fm_tokenizer *t, const fm_word_counts *counts, const fm_bpe_options *options,
                       fm_error *err);

#endif
