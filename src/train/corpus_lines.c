/* corpus_lines.c: a source file as checked lines, and the choice of reader by format. */
#include "train/corpus_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "train/corpus.h"
#include "base/utf8.h"

fm_status fm_corpus_lines_open(fm_corpus_lines *lines, const char *path, fm_error *err) {
    *lines = (fm_corpus_lines){.path = path};
    fm_status status = fm_file_read(path, FM_CORPUS_FILE_BYTES, &lines->file, err);
    const fm_buf *file = &lines->file;
    if (status == FM_OK && file->size == 0)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: the file is empty", path);
    long number = 0;
    for (size_t at = 0; status == FM_OK && at < file->size;) {
        const char *line = file->data + at, *stop = memchr(line, '\n', file->size - at);
        size_t n = stop ? (size_t)(stop - line) : file->size - at;
        number++;
        size_t bad = fm_utf8_bad(line, n);
        if (n > FM_CORPUS_LINE_BYTES)
            status = fm_error_set(err, FM_ERR_LIMIT, "%s:%ld: a line above the limit of %d bytes", path,
                                  number, FM_CORPUS_LINE_BYTES);
        else if (memchr(line, 0, n))
            status =
                fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: a NUL byte: binary data, not text", path, number);
        else if (bad < n)
            status =
                fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: invalid UTF-8 at byte %zu of the line (0x%02x)",
                             path, number, bad + 1, (unsigned char)line[bad]);
        at += n + 1;
    }
    if (status != FM_OK) fm_corpus_lines_close(lines);
    return status;
}

bool fm_corpus_lines_next(fm_corpus_lines *lines, const char **line, size_t *size) {
    if (lines->at >= lines->file.size) return false;
    *line = lines->file.data + lines->at;
    const char *stop = memchr(*line, '\n', lines->file.size - lines->at);
    *size = stop ? (size_t)(stop - *line) : lines->file.size - lines->at;
    lines->at += *size + 1;
    if (*size && (*line)[*size - 1] == '\r') --*size;
    lines->number++;
    return true;
}

void fm_corpus_lines_close(fm_corpus_lines *lines) { fm_buf_release(&lines->file); }

fm_status fm_corpus_read(const char *path, fm_corpus_sink *sink, fm_error *err) {
    switch (sink->source->format) {
    case FM_CORPUS_PROSE:
    case FM_CORPUS_LINES: return fm_corpus_read_prose(path, sink, err);
    case FM_CORPUS_CONLLU: return fm_corpus_read_conllu(path, sink, err);
    case FM_CORPUS_CHATS: return fm_corpus_read_chats(path, sink, err);
    case FM_CORPUS_KDCONV: return fm_corpus_read_kdconv(path, sink, err);
    case FM_CORPUS_CHATTERBOT: return fm_corpus_read_chatterbot(path, sink, err);
    case FM_CORPUS_READING:
    case FM_CORPUS_PASSAGES: return fm_corpus_read_reading(path, sink, err);
    case FM_CORPUS_GSM8K:
    case FM_CORPUS_CMATH:
    case FM_CORPUS_APE: return fm_corpus_read_maths(path, sink, err);
    case FM_CORPUS_TATOEBA: return fm_corpus_read_tatoeba(path, sink, err);
    }
    return fm_error_set(err, FM_ERR_ARG, "%s: unknown corpus format %d", path, (int)sink->source->format);
}

fm_status fm_corpus_each_json(const char *path, fm_corpus_json_fn take, fm_corpus_sink *sink, fm_error *err) {
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    const char *line;
    for (size_t n; status == FM_OK && fm_corpus_lines_next(&lines, &line, &n);) {
        char where[1100];
        snprintf(where, sizeof where, "%s:%ld", path, lines.number);
        if (n == 0) continue;
        json_error_t reason;
        json_t *item = json_loadb(line, n, JSON_REJECT_DUPLICATES, &reason);
        status =
            item ? take(sink, item, where, err)
                 : fm_error_set(err, FM_ERR_FORMAT, "%s: column %d: %s", where, reason.column, reason.text);
        json_decref(item);
    }
    fm_corpus_lines_close(&lines);
    return status;
}
