/* gen.h: generators of simple English and Chinese prose and dialogue: what the embedded model reads besides
 * corpora and tasks.
 *
 * Where it stands: at the beginning of the gradient's path, beside train/shard.h: the trainer mixes both.
 * Unbounded: text number `index` of a stream is a pure function of (language, split, seed, index), the same
 * bytes on every machine; nothing is shared, so any number of threads may call.
 *
 * Train and test differ by wording: what the user says (dialogue) and the skeletons of stories (prose) of the
 * test split never occur in the train split. Names, things and facts occur in both.
 *
 * English texts hold no Chinese, Chinese texts no Latin words but names such as Fathom; the translation
 * dialogues, which quote the other language, are the one exception.
 */
#ifndef FM_TRAIN_GEN_H
#define FM_TRAIN_GEN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "task/task.h"
#include "text/chat.h"

/* Appends a story, a description or a scene of about 40 to 400 words, without a final newline. FM_ERR_ARG
 * when language or split is out of range, FM_ERR_MEMORY. */
fm_status fm_gen_prose(fm_buf *out, fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index,
                       fm_error *err);

/* Fills *out (which must be empty; release with fm_chat_release) with a conversation of one to six exchanges,
 * sometimes after a system prompt; some answers carry short reasoning. Errors as above. */
fm_status fm_gen_dialogue(fm_chat *out, fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index,
                          fm_error *err);

#endif
