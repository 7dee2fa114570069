/* corpus_text.c: readers of running text: stories and books, one-paragraph-a-line articles, treebank
 * sentences. */
#include "train/corpus_parts.h"

#include <string.h>

static bool is_separator(const char *line, size_t n) {
    return n == 13 && memcmp(line, "<|endoftext|>", 13) == 0;
}

/* Whether a line goes on in the next one: books are hard-wrapped at 60 to 80 columns, verse and captions are
 * not. */
static bool wrapped(const fm_buf *paragraph, const char *next) {
    size_t start = paragraph->size;
    while (start && paragraph->data[start - 1] != '\n') start--;
    size_t width = paragraph->size - start;
    char last = paragraph->size ? paragraph->data[paragraph->size - 1] : '\n';
    bool ended = strchr(".!?:\"'", last) != NULL;
    bool lower = *next >= 'a' && *next <= 'z';
    return width > 0 && (lower || (width >= 50 && width <= 90 && !ended) || (width >= 60 && width <= 80));
}

/* Whether typesetting lost its ligatures on the way ("fi gures", "of ce", "a nd"): such a line teaches wrong
 * words. */
static bool lost_ligatures(const char *line, size_t n) {
    static const char *const stumps[] = {
        "fi",  "fl",     "ff",    "ffi",    "nd",     "nds",   "nding",  "sh",          "shing", "shed",
        "ve",  "rst",    "ght",   "ghts",   "ghting", "ghter", "ghters", "gure",        "gures", "re",
        "res", "lm",     "lms",   "eld",    "elds",   "ights", "ight",   "oor",         "oors",  "ow",
        "ows", "ood",    "oods",  "ooding", "nal",    "nally", "nish",   "nished",      "ce",    "ces",
        "cer", "cers",   "cial",  "cials",  "cult",   "cant",  "cantly", "cient",       "ers",   "le",
        "les", "ed",     "ts",    "bene",   "hes",    "shes",  "isnt",   "itll",        "weve",  "lled",
        "caf", "doesnt", "didnt", "wont",   "dont",   "fth",   "fty",    "ve-year-old", "rm",    "rms",
        "ne",  "nest",   "ying",  "ies",    "y",      "ew",    NULL};
    for (size_t at = 0; at < n;) {
        size_t size = 0;
        while (at + size < n && line[at + size] != ' ') size++;
        const char *word = line + at;
        at += size + 1;
        while (size && strchr(",.;:!?\"')", word[size - 1])) size--;
        if (size == 1 && *word >= 'b' && *word <= 'z') return true;
        if (size >= 2 && memcmp(word + size - 2, "fi", 2) == 0 && at < n && size != 4 && size != 6)
            return true;
        for (const char *const *s = stumps; *s; s++)
            if (strlen(*s) == size && memcmp(word, *s, size) == 0) return true;
    }
    return false;
}

fm_status fm_corpus_read_prose(const char *path, fm_corpus_sink *sink, fm_error *err) {
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    if (status != FM_OK) return status;
    bool join = sink->source->format == FM_CORPUS_PROSE && sink->source->lang == FM_CORPUS_EN, fresh = true;
    fm_buf text = {0};
    const char *line;
    for (size_t n; status == FM_OK && fm_corpus_lines_next(&lines, &line, &n);) {
        if (is_separator(line, n)) {
            status = fm_corpus_take_text(sink, text.data, text.size, err);
            fm_buf_clear(&text);
            fresh = true;
            continue;
        }
        if (n == 0) {
            fresh = true;
            continue;
        }
        if (sink->source->format == FM_CORPUS_LINES && lost_ligatures(line, n)) {
            sink->dropped_odd++;
            continue;
        }
        if (text.size) fm_buf_putc(&text, join && !fresh && wrapped(&text, line) ? ' ' : '\n');
        fm_buf_append(&text, line, n);
        fresh = false;
    }
    if (status == FM_OK && text.size) status = fm_corpus_take_text(sink, text.data, text.size, err);
    if (status == FM_OK && text.failed) status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", path);
    fm_buf_release(&text);
    fm_corpus_lines_close(&lines);
    return status;
}

/* The sentences of a treebank stand alone, so a document is a handful of them, a line each. */
fm_status fm_corpus_read_conllu(const char *path, fm_corpus_sink *sink, fm_error *err) {
    static const char key[] = "# text = ";
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    if (status != FM_OK) return status;
    fm_buf text = {0};
    int held = 0;
    long found = 0;
    const char *line;
    for (size_t n; status == FM_OK && fm_corpus_lines_next(&lines, &line, &n);) {
        if (n <= sizeof key - 1 || memcmp(line, key, sizeof key - 1) != 0) continue;
        fm_buf_append(&text, line + sizeof key - 1, n - (sizeof key - 1));
        fm_buf_putc(&text, '\n');
        found++;
        if (++held < 6) continue;
        status = fm_corpus_take_text(sink, text.data, text.size, err);
        fm_buf_clear(&text);
        held = 0;
    }
    if (status == FM_OK && text.size) status = fm_corpus_take_text(sink, text.data, text.size, err);
    if (status == FM_OK && found == 0)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: no line \"# text = ...\" in it", path);
    fm_buf_release(&text);
    fm_corpus_lines_close(&lines);
    return status;
}
