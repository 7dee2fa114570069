/* word_counts.h: how often each word occurs: the first half of training a vocabulary. Private to src/text.
 *
 * Owner: whoever declared it; {0} is empty; release at the end. One thread at a time.
 */
#ifndef FM_TEXT_WORD_COUNTS_H
#define FM_TEXT_WORD_COUNTS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

typedef struct fm_word_count {
    size_t offset; /* in `bytes` */
    uint32_t size;
    uint32_t hash;
    uint64_t count;
} fm_word_count;

typedef struct fm_word_counts {
    fm_buf bytes;         /* of all words */
    fm_word_count *words; /* [count], in order of first occurrence */
    size_t count, room;
    uint32_t *slots; /* open addressing: index + 1; 0 is empty */
    size_t slot_count;
} fm_word_counts;

/* Adds `count` occurrences of a word. FM_ERR_MEMORY; FM_ERR_LIMIT above 2^31 different words. */
fm_status fm_word_counts_add(fm_word_counts *counts, const uint8_t *bytes, size_t size, uint64_t count,
                             fm_error *err);

/* Adds all of `other`. */
fm_status fm_word_counts_merge(fm_word_counts *counts, const fm_word_counts *other, fm_error *err);

void fm_word_counts_release(fm_word_counts *counts);

#endif
