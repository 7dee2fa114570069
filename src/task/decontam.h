/* decontam.h: is a training text too close to a test problem?
 *
 * Where it stands: the trainer's data pipeline asks it of every text that did not come from the train split
 * of our own generators; tests/test_task.c proves with it that the two splits do not meet.
 *
 * The measure: text is cut into words (a run of letters, a number, or one CJK character; case folded,
 * punctuation and space dropped). A text is contaminated when it shares a window of FM_DECONTAM_GRAM words
 * with a registered test prompt, or, for prompts shorter than that, contains nothing but the prompt.
 *
 * Not thread-safe while adding; a filled set may be read from many threads.
 */
#ifndef FM_TASK_DECONTAM_H
#define FM_TASK_DECONTAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { FM_DECONTAM_GRAM = 10 };

/* A set of hashes of test windows. {0} is empty; release with fm_decontam_release. */
typedef struct fm_decontam {
    uint64_t *slots; /* open addressing, 0 = free */
    size_t used;     /* hashes held */
    size_t room;     /* slots allocated, a power of two */
} fm_decontam;

/* Registers a test text. FM_ERR_MEMORY. */
fm_status fm_decontam_add(fm_decontam *set, const char *text, size_t size, fm_error *err);

/* Registers `count` test problems of every family, level and language, as eval draws them with this seed. */
fm_status fm_decontam_add_tasks(fm_decontam *set, uint64_t seed, uint64_t count, fm_error *err);

/* True when the text shares a window with a registered one. */
bool fm_decontam_hit(const fm_decontam *set, const char *text, size_t size);

void fm_decontam_release(fm_decontam *set);

#endif
