/* corpus_parts.h: what the files of the corpus builder share; private to src/train/corpus*.c and its test.
 *
 * Flow: a reader (one per format) parses a file and emits raw texts and dialogues; the sink cleans, filters
 * and collects them; corpus.c samples, splits and writes.
 */
#ifndef FM_TRAIN_CORPUS_PARTS_H
#define FM_TRAIN_CORPUS_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "task/decontam.h"
#include "text/chat.h"

typedef enum fm_corpus_lang { FM_CORPUS_EN, FM_CORPUS_ZH, FM_CORPUS_BOTH } fm_corpus_lang;

typedef enum fm_corpus_format {
    FM_CORPUS_PROSE,  /* .txt or .md: paragraphs parted by empty lines, "<|endoftext|>" between documents */
    FM_CORPUS_LINES,  /* .txt whose every line is a paragraph */
    FM_CORPUS_CONLLU, /* Universal Dependencies: the "# text = " lines */
    FM_CORPUS_CHATS,  /* JSONL {"messages": ...} */
    FM_CORPUS_KDCONV, /* JSON array of {"messages": [{"message": ...}]}, speakers taking turns */
    FM_CORPUS_CHATTERBOT, /* YAML: conversations as lists of lines */
    FM_CORPUS_READING,    /* JSONL {"context", "question", "answer"} */
    FM_CORPUS_PASSAGES,   /* JSONL {"context"}: the passage alone, as text */
    FM_CORPUS_GSM8K,      /* JSONL {"question", "answer"} with <<...>> marks and "#### n" */
    FM_CORPUS_CMATH,      /* JSONL {"input", "golden"} */
    FM_CORPUS_APE,        /* JSONL {"original_text", "ans", "equation"} */
    FM_CORPUS_TATOEBA     /* TSV: English, Chinese, credit */
} fm_corpus_format;

typedef struct fm_corpus_source {
    const char *path; /* below data/train; a final '/' means every file in it, in the order of names */
    fm_corpus_format format;
    fm_corpus_lang lang;
    const char *shard;
    int cap_kib;      /* kept of the cleaned text at most */
    int message_max;  /* dialogues: longest message in bytes; 0: 600 */
    const char *name; /* the rest: for SOURCES.md */
    const char *origin;
    const char *licence;
    const char *credit; /* attribution line, or NULL */
} fm_corpus_source;

extern const fm_corpus_source fm_corpus_sources[];
extern const size_t fm_corpus_source_count;

/* A set of 64-bit hashes. {0} is empty. */
typedef struct fm_hash_set {
    uint64_t *slots; /* 0 marks a free slot */
    size_t room, used;
} fm_hash_set;

bool fm_hash_set_add(fm_hash_set *set, uint64_t hash, bool *added); /* false: out of memory */
bool fm_hash_set_has(const fm_hash_set *set, uint64_t hash);
void fm_hash_set_release(fm_hash_set *set);
uint64_t fm_corpus_hash(const void *bytes, size_t size); /* FNV-1a with a final mix, never 0 */

/* One document that passed. */
typedef struct fm_corpus_doc {
    size_t at, size; /* its JSON line in `lines`, without the newline */
    uint32_t source; /* index into fm_corpus_sources */
    uint64_t hash;
} fm_corpus_doc;

/* Where readers put what they find. */
typedef struct fm_corpus_sink {
    const fm_corpus_source *source;
    uint32_t source_index;
    const fm_decontam *forbidden; /* 10-grams of the evaluation samples */
    fm_hash_set seen;             /* paragraphs and documents already taken */
    fm_buf lines;
    fm_corpus_doc *docs;
    size_t count, room;
    long dropped_odd, dropped_seen, dropped_eval, dropped_short; /* why documents or paragraphs fell away */
    fm_buf text, piece;                                          /* scratch */
} fm_corpus_sink;

/* A whole text: cleaned paragraph by paragraph (lines of `text`), cut into documents. */
fm_status fm_corpus_take_text(fm_corpus_sink *sink, const char *text, size_t size, fm_error *err);
/* A dialogue: cleaned message by message; dropped as a whole when a message is odd. */
fm_status fm_corpus_take_chat(fm_corpus_sink *sink, const fm_chat *chat, fm_error *err);
/* A dialogue in two languages whose messages are already clean. */
fm_status fm_corpus_take_pair(fm_corpus_sink *sink, const fm_chat *chat, fm_error *err);
void fm_corpus_sink_release(fm_corpus_sink *sink);

/* Cleans one paragraph or message into *out (appended). False when it holds characters or words that the
 * model should not read: then *out is as before. `maths` keeps * and _ and the digits' neighbours as they
 * are. */
bool fm_corpus_clean(const char *text, size_t size, fm_corpus_lang lang, bool maths, fm_buf *out);
/* Whether a cleaned English passage is too old-fashioned or in dialect, or a passage in either language
 * crude. */
bool fm_corpus_archaic(const char *text, size_t size);
bool fm_corpus_crude(const char *text, size_t size);
/* Simplified form of a traditional character, or the character itself. */
uint32_t fm_corpus_simplified(uint32_t point);

/* The lines of a whole file, checked: not empty, no NUL, UTF-8, no line above FM_CORPUS_LINE_BYTES. */
typedef struct fm_corpus_lines {
    fm_buf file;
    const char *path;
    size_t at;
    long number; /* of the line last given */
} fm_corpus_lines;

fm_status fm_corpus_lines_open(fm_corpus_lines *lines, const char *path, fm_error *err);
bool fm_corpus_lines_next(fm_corpus_lines *lines, const char **line, size_t *size);
void fm_corpus_lines_close(fm_corpus_lines *lines);

/* Hands the JSON value of each line that is not empty to `take` (borrowed; `where` is "file:line"); stops at the first
 * failure. A line that is no JSON is refused with its column. */
typedef fm_status (*fm_corpus_json_fn)(fm_corpus_sink *sink, const json_t *item, const char *where,
                                       fm_error *err);
fm_status fm_corpus_each_json(const char *path, fm_corpus_json_fn take, fm_corpus_sink *sink, fm_error *err);

/* The readers: parse `path` in the source's format and fill the sink. */
fm_status fm_corpus_read(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_prose(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_conllu(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_chats(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_kdconv(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_chatterbot(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_reading(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_maths(const char *path, fm_corpus_sink *sink, fm_error *err);
fm_status fm_corpus_read_tatoeba(const char *path, fm_corpus_sink *sink, fm_error *err);

/* Works an arithmetic expression out step by step ("10*5=50" a line) with exact fractions; false when it is
 * not one or a step is no decimal number of at most three places. `result` is the last value. */
bool fm_corpus_arithmetic(const char *expression, fm_buf *steps, char *result, size_t room);

/* What was written, for the notes. */
typedef struct fm_corpus_file {
    char name[96], sha256[65];
    long documents;
    size_t text_bytes, packed_bytes;
} fm_corpus_file;

typedef struct fm_corpus_source_report {
    char sha256[65]; /* of the file; of the list of "hash  name" lines for a folder */
    size_t input_bytes, kept_bytes;
    long files, found, kept;
} fm_corpus_source_report;

/* manifest.json and SOURCES.md in `out`. */
fm_status fm_corpus_write_notes(const char *out, const fm_corpus_source_report *sources,
                                const fm_corpus_file *files, size_t file_count, fm_error *err);

#endif
