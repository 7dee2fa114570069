/* corpus.h: from a folder of texts with known licences to the shards that models/mini is trained on.
 *
 * Where it stands: before the gradient's path: run once by `fathom corpus`, its output is committed. The same
 * input gives the same shards byte for byte.
 *
 * What it does, per source of the table in corpus_table.c: reads its format, cleans it (one form of quotes,
 * dashes, spaces and Chinese punctuation; markup, boilerplate, archaic or crude passages fall away), drops
 * repeated paragraphs and every document that shares a 10-gram with the evaluation samples, cuts long texts
 * into documents of at most FM_CORPUS_DOC_BYTES, samples each source down to its cap by document hash, and
 * holds one document in a hundred back for validation.
 *
 * Output in `out`: <shard>.train.jsonl.zst and <shard>.val.jsonl.zst (train/shard.h reads them),
 * manifest.json and SOURCES.md (origin, licence, hashes, bytes, documents, credits).
 */
#ifndef FM_TRAIN_CORPUS_H
#define FM_TRAIN_CORPUS_H

#include <stddef.h>

#include "base/status.h"

enum {
    FM_CORPUS_DOC_BYTES = 3600,              /* about one context of 1,024 tokens */
    FM_CORPUS_VAL_PERCENT = 1,               /* documents held out */
    FM_CORPUS_FILE_BYTES = 64 * 1024 * 1024, /* largest source file */
    FM_CORPUS_LINE_BYTES = 1024 * 1024       /* longest line of a source file */
};

typedef struct fm_corpus_options {
    const char *shared; /* the folder that holds data/train and data/eval */
    const char *out;    /* made if absent */
} fm_corpus_options;

/* Builds every shard. FM_ERR_FORMAT and FM_ERR_LIMIT name file and line of what is wrong with a source.
 * Remarks per shard go to the log. */
fm_status fm_corpus_build(const fm_corpus_options *options, fm_error *err);

#endif
