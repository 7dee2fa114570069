/* tokenizer.h: text to token ids and back: byte-level BPE (Sennrich et al. 2016; bytes as in GPT-2).
 *
 * Where it stands: first and last station of a token's path (cmd/chat -> text/tokenizer -> infer ->
 * text/tokenizer).
 *
 * What it opens, recognised by content and not by name:
 *   - Hugging Face tokenizer.json (model BPE, pre-tokeniser ByteLevel or a Sequence of Split and Digits with
 *     ByteLevel, normaliser none or NFC); also a folder that holds one;
 *   - a tiktoken file (base64 token, space, rank per line): the published Qwen2.5, Llama 3 and Kimi K2 files
 * are known by their SHA-256, any other needs a pattern in the options;
 *   - a GGUF file's vocabulary (tokenizer.ggml.model "gpt2", with a pre-tokeniser named in
 * text/pretokenizer.h).
 *
 * Any byte string may be encoded and decodes to the same bytes (unless the tokeniser normalises to NFC, or
 * its vocabulary lacks a token for one of the bytes: then encoding fails and names the byte). Bytes that are
 * not UTF-8 count as characters of no class. No begin token is ever added.
 *
 * It refuses by name what it does not do: WordPiece and Unigram, byte_fallback, dropout, prefix spaces, added
 * tokens that strip blanks, other normalisers, regex constructs that text/pattern.h lists.
 *
 * Thread safety: an open tokeniser is read-only and may be shared by threads.
 */
#ifndef FM_TEXT_TOKENIZER_H
#define FM_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

typedef struct fm_tokenizer fm_tokenizer;

/* Limits on files: ids are below FM_TOKENIZER_MAX_VOCAB, a token is at most FM_TOKENIZER_MAX_TOKEN_BYTES
 * long. */
enum { FM_TOKENIZER_MAX_VOCAB = 1 << 20, FM_TOKENIZER_MAX_TOKEN_BYTES = 1 << 16 };

/* A growable list of token ids. {0} is empty; the owner releases it. */
typedef struct fm_ids {
    int32_t *data; /* NULL while nothing was ever added */
    size_t count;
    size_t room;
} fm_ids;

/* Makes room for `more` further ids / appends one / frees. FM_ERR_MEMORY only; on failure the list is
 * unchanged. */
fm_status fm_ids_reserve(fm_ids *ids, size_t more, fm_error *err);
fm_status fm_ids_push(fm_ids *ids, int32_t id, fm_error *err);
void fm_ids_release(fm_ids *ids);

typedef struct fm_tokenizer_options {
    const char
        *pattern; /* pre-tokeniser regex (text/pattern.h) instead of the file's own; NULL: the file's */
} fm_tokenizer_options;

/* Opens a file, or a folder that holds tokenizer.json (or else tokenizer.model). `options` may be NULL. *out
 * is the caller's to close. Every message names the file, the field, the value and the limit. */
fm_status fm_tokenizer_open(fm_tokenizer **out, const char *path, const fm_tokenizer_options *options,
                            fm_error *err);

/* The same from a tokenizer.json in memory (borrowed during the call); `name` stands in messages for the
 * path. */
fm_status fm_tokenizer_from_json(fm_tokenizer **out, const void *bytes, size_t size, const char *name,
                                 fm_error *err);

void fm_tokenizer_close(fm_tokenizer *tokenizer);

/* Writes a Hugging Face tokenizer.json that gives the same ids, atomically (base/fs.h); or appends it to
 * *out. */
fm_status fm_tokenizer_save(const fm_tokenizer *tokenizer, const char *path, fm_error *err);
fm_status fm_tokenizer_to_json(const fm_tokenizer *tokenizer, fm_buf *out, fm_error *err);

/* One more than the highest id, added tokens included. */
int32_t fm_tokenizer_vocab_size(const fm_tokenizer *tokenizer);

/* The bytes of a token (borrowed, not NUL-terminated); NULL and *size 0 when no token has this id. */
const char *fm_tokenizer_bytes(const fm_tokenizer *tokenizer, int32_t id, size_t *size);

/* Whether the file declares the id special (control): not text that a reader should see. */
bool fm_tokenizer_is_special(const fm_tokenizer *tokenizer, int32_t id);

/* The id of an added token (special or not) by its exact text, e.g. "<think>"; -1 when there is none. */
int32_t fm_tokenizer_special(const fm_tokenizer *tokenizer, const char *text);

/* Encoding. With FM_ENCODE_SPECIALS the added tokens written in the text become their ids; without it they
 * are ordinary text: the right way for what a user typed. */
enum { FM_ENCODE_TEXT = 0, FM_ENCODE_SPECIALS = 1 };

/* Appends the ids of text[0..size) to *out. FM_ERR_MEMORY; FM_ERR_LIMIT above 1 GiB; FM_ERR_UNSUPPORTED when
 * the vocabulary lacks a byte of the text. On failure *out holds what it held before. */
fm_status fm_tokenizer_encode(const fm_tokenizer *tokenizer, const void *text, size_t size, unsigned flags,
                              fm_ids *out, fm_error *err);

/* Decoding. FM_DECODE_SKIP_SPECIALS leaves special tokens out; FM_DECODE_REPLACE writes U+FFFD where bytes
 * are not UTF-8 (each maximal part once), otherwise they pass as they are. */
enum { FM_DECODE_EXACT = 0, FM_DECODE_SKIP_SPECIALS = 1, FM_DECODE_REPLACE = 2 };

/* Appends the bytes of ids[0..count) to *out. FM_ERR_ARG names an id that has no token. */
fm_status fm_tokenizer_decode(const fm_tokenizer *tokenizer, const int32_t *ids, size_t count, unsigned flags,
                              fm_buf *out, fm_error *err);

/* Streaming: what is appended after each push ends at a character boundary; the rest waits inside. Caller's
 * storage, nothing to release; borrows the tokeniser. */
typedef struct fm_detokenizer {
    const fm_tokenizer *tokenizer;
    unsigned flags;     /* FM_DECODE_... */
    uint8_t pending[4]; /* the beginning of a character that is not complete yet */
    int pending_bytes;
} fm_detokenizer;

fm_detokenizer fm_detokenizer_init(const fm_tokenizer *tokenizer, unsigned flags);

/* Appends the characters that became complete. FM_ERR_ARG for an unknown id, FM_ERR_MEMORY. */
fm_status fm_detokenizer_push(fm_detokenizer *detokenizer, int32_t id, fm_buf *out, fm_error *err);

/* The end: what is still pending cannot become a character; it is written raw, or as one U+FFFD. */
fm_status fm_detokenizer_flush(fm_detokenizer *detokenizer, fm_buf *out, fm_error *err);

#endif
