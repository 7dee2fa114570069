/* pretokenizer.h: the pre-tokenisers that files name instead of spelling them out: GGUF by the key
 * tokenizer.ggml.pre, the published tiktoken files by nothing at all (they are known by their SHA-256).
 *
 * A pre-tokeniser is a list of patterns (text/pattern.h): each cuts every piece that the one before it left.
 */
#ifndef FM_TEXT_PRETOKENIZER_H
#define FM_TEXT_PRETOKENIZER_H

#include <stdbool.h>
#include <stddef.h>

enum { FM_PRETOKENIZER_PATTERNS = 6 };

typedef struct fm_pretokenizer {
    const char *const *names;                       /* NULL-terminated */
    const char *patterns[FM_PRETOKENIZER_PATTERNS]; /* up to the first NULL */
    bool whole_words; /* a word that is a token is taken whole, even where no merges lead to it */
} fm_pretokenizer;

/* By a GGUF file's name for it; NULL when it is not known. Static storage. */
const fm_pretokenizer *fm_pretokenizer_find(const char *name, size_t size);

typedef struct fm_known_tiktoken {
    const char *sha256; /* of the file, lower-case hexadecimal */
    const char *name;   /* a name for fm_pretokenizer_find */
    bool nfc;
} fm_known_tiktoken;

/* By the hash of a tiktoken file; NULL when it is not known. Static storage. */
const fm_known_tiktoken *fm_known_tiktoken_find(const char *sha256);

/* Qwen2's pattern, which takes digits singly: the default for vocabularies trained here. */
const char *fm_pretokenizer_default(void);

/* GPT-2's pattern: what ByteLevel with use_regex stands for in tokenizer.json. */
const char *fm_pretokenizer_gpt2(void);

#endif
