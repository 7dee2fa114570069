/* tokens.h: a text source as token ids, encoded once and kept in a cache file that is mapped.
 *
 * Where it stands: train/shard gives documents, this keeps their ids, train/source draws from them.
 *
 * A plain document is BOS text EOS; a conversation is rendered by the built-in template, with one byte per id
 * that says whether the assistant wrote it (SFT learns only those). Documents too close to a test problem
 * (task/decontam.h) are left out and counted.
 *
 * The cache file's name is the hash of everything it depends on: the source's bytes, the tokenizer, the test
 * problems and this format's version. Its content is hashed too: a damaged file is made anew, never used.
 * Layout, little-endian:
 *
 *     "FMTOKEN1" | sha256 of all that follows [32] | docs, tokens, text bytes, dropped: u64 each |
 *     end: u64 [docs] (exclusive, in tokens) | ids: i32 [tokens] | learn: u8 [tokens] | chat: u8 [docs]
 *
 * It refuses what train/shard refuses, a folder without any shard, and sources over 2^31 tokens.
 * Thread safety: read-only once open.
 */
#ifndef FM_TRAIN_TOKENS_H
#define FM_TRAIN_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fs.h"
#include "base/sha256.h"
#include "task/decontam.h"
#include "text/template.h"

typedef struct fm_tokens {
    int64_t docs, tokens;
    uint64_t text_bytes;        /* of the documents kept */
    uint64_t dropped;           /* documents left out as too close to a test problem */
    const uint64_t *end;        /* [docs] */
    const int32_t *ids;         /* [tokens] */
    const uint8_t *learn;       /* [tokens] 0 or 1 */
    const uint8_t *chat;        /* [docs] 1: a conversation */
    char sha256[FM_SHA256_HEX]; /* of the source's file names and bytes: the dataset's hash in the ledger */
    fm_map map;
} fm_tokens;

typedef struct fm_tokens_options {
    const char *path;  /* a shard, or a folder of shards, taken in name order */
    const char *cache; /* folder of cache files; made if absent */
    const fm_template *tpl;
    const char *tokenizer_sha256; /* hash of the tokenizer's tokenizer.json */
    const fm_decontam *decontam;  /* NULL: keep everything */
    const char *decontam_id;      /* what the set was filled with, for the cache's name; "" for none */
} fm_tokens_options;

/* Opens the cache file or makes it. */
fm_status fm_tokens_open(fm_tokens *out, const fm_tokens_options *options, fm_error *err);
void fm_tokens_close(fm_tokens *tokens);

#endif
