/* shard.h: reading training text, document by document.
 *
 * Where it stands: the first step of the gradient's path: file -> documents -> tokens -> batches.
 *
 * Formats, told apart by the name's ending, each also as ".zst" (zstd, window up to 128 MiB):
 *   .jsonl       one JSON object a line: {"text": "..."} or {"messages": [...]} (text/chat.h); empty lines
 * are skipped, other keys ignored .txt, .md    documents end at a line "<|endoftext|>"; longer ones are cut
 * at the first empty line after FM_SHARD_CUT_BYTES, at the end of a line after twice that, or before
 * doc_limit_bytes if that is less. CRLF becomes LF.
 *
 * Memory: one document, the reader's chunks and, for .zst, the decompressor's window; never the whole file.
 *
 * Refuses, naming file, line and limit: an empty file or one without any document, NUL bytes (binary),
 * invalid UTF-8, a line above doc_limit_bytes, broken JSON, an object with neither or both of the keys, an
 * empty text or conversation, a truncated or corrupt zstd stream. After a refusal the shard can only be
 * closed or rewound. A shard belongs to one thread at a time.
 */
#ifndef FM_TRAIN_SHARD_H
#define FM_TRAIN_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/utf8.h"
#include "text/chat.h"

enum {
    FM_SHARD_CUT_BYTES = 64 * 1024,      /* where plain text without separators is cut into documents */
    FM_SHARD_DOC_LIMIT = 4 * 1024 * 1024 /* doc_limit_bytes when the caller gives 0 */
};

typedef enum fm_doc_kind { FM_DOC_TEXT, FM_DOC_CHAT } fm_doc_kind;

/* One document. Belongs to the shard: valid until the next call of fm_shard_next, _rewind or _close. */
typedef struct fm_doc {
    fm_doc_kind kind;
    const char *text; /* FM_DOC_TEXT: UTF-8, NUL-terminated, at least one character that is no white space */
    size_t size;      /* bytes of text, without the NUL */
    const fm_chat *chat; /* FM_DOC_CHAT: at least one message */
    long line;           /* line of the (decompressed) file where it begins, from 1 */
} fm_doc;

typedef struct fm_shard fm_shard;

/* Opens a file; *shard is NULL on failure. doc_limit_bytes 0 takes FM_SHARD_DOC_LIMIT. FM_ERR_UNSUPPORTED
 * lists the endings when the name has another one. */
fm_status fm_shard_open(fm_shard **shard, const char *path, size_t doc_limit_bytes, fm_error *err);

/* The next document in *doc; *end is true, and *doc empty, after the last one. */
fm_status fm_shard_next(fm_shard *shard, fm_doc *doc, bool *end, fm_error *err);

/* Back to the first document. */
fm_status fm_shard_rewind(fm_shard *shard, fm_error *err);

void fm_shard_close(fm_shard *shard); /* NULL is fine */

const char *fm_shard_path(const fm_shard *shard);

/* Bytes of the (decompressed) file consumed so far, for progress. */
uint64_t fm_shard_offset_bytes(const fm_shard *shard);

/* True when the name ends as a shard's does. */
bool fm_shard_name_known(const char *path);

#endif
