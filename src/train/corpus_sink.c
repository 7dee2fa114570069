/* corpus_sink.c: what happens to a text or dialogue between a reader and a shard: cleaning, refusing repeats
 * and evaluation samples, cutting to documents, turning into JSON lines. */
#define _GNU_SOURCE /* strncasecmp */
#include "train/corpus_parts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "train/corpus.h"

enum { PARAGRAPH_SEEN_MIN = 60, DOC_MIN = 60 };
#define DOC_MARK 0x5bd1e995u /* a document of one paragraph is not a repeat of that paragraph */

static fm_status no_memory(fm_error *err) {
    return fm_error_set(err, FM_ERR_MEMORY, "no memory for the corpus");
}

void fm_corpus_sink_release(fm_corpus_sink *sink) {
    fm_hash_set_release(&sink->seen);
    fm_buf_release(&sink->lines);
    fm_buf_release(&sink->text);
    fm_buf_release(&sink->piece);
    free(sink->docs);
    sink->docs = NULL;
    sink->count = sink->room = 0;
}

/* Appends one JSON line. `hash` is of the text the reader sees, so that the split does not depend on JSON. */
static fm_status add_line(fm_corpus_sink *sink, const char *line, size_t size, uint64_t hash, fm_error *err) {
    if (sink->count == sink->room) {
        size_t room = sink->room ? 2 * sink->room : 1024;
        fm_corpus_doc *docs = realloc(sink->docs, room * sizeof *docs);
        if (docs == NULL) return no_memory(err);
        sink->docs = docs;
        sink->room = room;
    }
    sink->docs[sink->count++] = (fm_corpus_doc){sink->lines.size, size, sink->source_index, hash};
    fm_buf_append(&sink->lines, line, size);
    return sink->lines.failed ? no_memory(err) : FM_OK;
}

/* A finished piece of cleaned text: the last checks, then a document. */
static fm_status finish(fm_corpus_sink *sink, fm_buf *piece, fm_error *err) {
    while (piece->size && piece->data[piece->size - 1] == '\n') piece->data[--piece->size] = '\0';
    fm_status status = FM_OK;
    uint64_t hash = fm_corpus_hash(piece->data, piece->size);
    bool fresh = true;
    if (piece->size < DOC_MIN) {
        sink->dropped_short += piece->size > 0;
    } else if (fm_corpus_crude(piece->data, piece->size) ||
               (sink->source->lang == FM_CORPUS_EN && fm_corpus_archaic(piece->data, piece->size))) {
        sink->dropped_odd++;
    } else if (fm_decontam_hit(sink->forbidden, piece->data, piece->size)) {
        sink->dropped_eval++;
    } else if (!fm_hash_set_add(&sink->seen, hash ^ DOC_MARK, &fresh)) {
        status = no_memory(err);
    } else if (!fresh) {
        sink->dropped_seen++;
    } else {
        json_t *root = json_pack("{s:s#}", "text", piece->data, (int)piece->size);
        char *line = root ? json_dumps(root, JSON_COMPACT) : NULL;
        json_decref(root);
        status = line ? add_line(sink, line, strlen(line), hash, err) : no_memory(err);
        free(line);
    }
    fm_buf_clear(piece);
    return status;
}

/* Headings, rules and notes to the reader, which only break the flow of a story. */
static bool heading(const char *line, size_t n) {
    if (n == 0 || line[0] == '#' || line[0] == '[' || line[0] == '|' || line[0] == '<') return true;
    if (n >= 3 && (memcmp(line, "---", 3) == 0 || memcmp(line, "***", 3) == 0 || memcmp(line, "* *", 3) == 0))
        return true;
    if (n < 60 && (strncasecmp(line, "chapter", 7) == 0 || strncasecmp(line, "the end", 7) == 0)) return true;
    size_t upper = 0, lower = 0;
    for (size_t i = 0; i < n; i++) {
        upper += line[i] >= 'A' && line[i] <= 'Z';
        lower += (line[i] >= 'a' && line[i] <= 'z') || (unsigned char)line[i] >= 0x80;
    }
    return lower == 0 || upper > 2 * lower;
}

/* Where to cut a paragraph that is too long for one document: after the last sentence end within the limit.
 */
static size_t sentence_cut(const char *text, size_t size, size_t limit) {
    if (size <= limit) return size;
    for (size_t i = limit; i > limit / 2; i--) {
        bool ascii = (text[i - 1] == ' ' && i >= 2 && strchr(".!?\"", text[i - 2]));
        bool han = i >= 3 &&
                   (memcmp(text + i - 3, "。", 3) == 0 || memcmp(text + i - 3, "！", 3) == 0 ||
                    memcmp(text + i - 3, "？", 3) == 0) &&
                   (size - i < 3 || memcmp(text + i, "”", 3) != 0);
        if (ascii || han) return i;
    }
    return 0;
}

static fm_status take_paragraph(fm_corpus_sink *sink, const char *line, size_t n, fm_error *err) {
    fm_buf *clean = &sink->text, *piece = &sink->piece;
    fm_buf_clear(clean);
    if (heading(line, n)) return FM_OK;
    if (!fm_corpus_clean(line, n, sink->source->lang, false, clean)) {
        sink->dropped_odd += !clean->failed;
        return clean->failed ? no_memory(err) : finish(sink, piece, err); /* a gap ends the document */
    }
    if (clean->size >= PARAGRAPH_SEEN_MIN) {
        bool fresh;
        if (!fm_hash_set_add(&sink->seen, fm_corpus_hash(clean->data, clean->size), &fresh))
            return no_memory(err);
        if (!fresh) {
            sink->dropped_seen++;
            return finish(sink, piece, err);
        }
    }
    const char *rest = clean->data;
    size_t left = clean->size;
    while (left) {
        fm_status status = FM_OK;
        if (piece->size && piece->size + left > FM_CORPUS_DOC_BYTES) status = finish(sink, piece, err);
        if (status != FM_OK) return status;
        size_t cut = sentence_cut(rest, left, FM_CORPUS_DOC_BYTES);
        if (cut == 0) {
            sink->dropped_odd++;
            return FM_OK;
        }
        fm_buf_append(piece, rest, cut);
        fm_buf_putc(piece, '\n');
        rest += cut;
        left -= cut;
    }
    return piece->failed ? no_memory(err) : FM_OK;
}

fm_status fm_corpus_take_text(fm_corpus_sink *sink, const char *text, size_t size, fm_error *err) {
    fm_buf_clear(&sink->piece);
    for (size_t at = 0; at < size;) {
        const char *stop = memchr(text + at, '\n', size - at);
        size_t n = stop ? (size_t)(stop - (text + at)) : size - at;
        size_t first = at;
        at += n + 1;
        while (n && (text[first] == ' ' || text[first] == '\t')) first++, n--;
        fm_status status = take_paragraph(sink, text + first, n, err);
        if (status != FM_OK) return status;
    }
    return finish(sink, &sink->piece, err);
}

/* Cleans the messages into `out`; false when the dialogue should be dropped. */
static bool clean_chat(fm_corpus_sink *sink, const fm_chat *chat, fm_chat *out, fm_buf *all) {
    size_t limit = sink->source->message_max ? (size_t)sink->source->message_max : 600;
    bool maths = strncmp(sink->source->shard, "maths", 5) == 0;
    for (int i = 0; i < chat->count; i++) {
        const fm_message *m = &chat->messages[i];
        fm_role wanted = i % 2 ? FM_ROLE_ASSISTANT : FM_ROLE_USER;
        if (m->role != wanted) return false;
        size_t size = strlen(m->content);
        if (size > limit) return false;
        /* A dialogue too long for one document ends after a whole exchange. */
        if (i % 2 == 0 && all->size + size > FM_CORPUS_DOC_BYTES * 3 / 4 && i > 0) break;
        fm_buf_clear(&sink->text);
        for (const char *line = m->content; *line;) {
            size_t n = strcspn(line, "\n");
            if (n && !fm_corpus_clean(line, n, sink->source->lang, maths, &sink->text)) return false;
            line += n + (line[n] == '\n');
            if (*line && n) fm_buf_putc(&sink->text, '\n');
        }
        if (sink->text.size == 0 || fm_corpus_crude(sink->text.data, sink->text.size)) return false;
        if (fm_chat_add(out, m->role, sink->text.data, m->reasoning, NULL) != FM_OK) return false;
        fm_buf_append(all, sink->text.data, sink->text.size);
        fm_buf_putc(all, '\n');
        if (m->reasoning) fm_buf_puts(all, m->reasoning);
    }
    if (out->count % 2) fm_chat_remove(out, out->count - 1, 1);
    return out->count >= 2;
}

/* A dialogue whose messages are clean; `all` is its text, for hash and 10-grams. */
static fm_status keep_chat(fm_corpus_sink *sink, const fm_chat *chat, const fm_buf *all, fm_error *err) {
    if (fm_decontam_hit(sink->forbidden, all->data, all->size)) {
        sink->dropped_eval++;
        return FM_OK;
    }
    bool fresh;
    uint64_t hash = fm_corpus_hash(all->data, all->size);
    if (!fm_hash_set_add(&sink->seen, hash, &fresh)) return no_memory(err);
    if (!fresh) {
        sink->dropped_seen++;
        return FM_OK;
    }
    fm_buf line = {0};
    fm_status status = fm_chat_to_json(chat, &line, err);
    if (status == FM_OK) status = add_line(sink, line.data, line.size, hash, err);
    fm_buf_release(&line);
    return status;
}

fm_status fm_corpus_take_chat(fm_corpus_sink *sink, const fm_chat *chat, fm_error *err) {
    fm_chat clean = {0};
    fm_buf all = {0};
    fm_status status = FM_OK;
    if (clean_chat(sink, chat, &clean, &all))
        status = keep_chat(sink, &clean, &all, err);
    else
        sink->dropped_odd++;
    fm_chat_release(&clean);
    fm_buf_release(&all);
    return status;
}

fm_status fm_corpus_take_pair(fm_corpus_sink *sink, const fm_chat *chat, fm_error *err) {
    fm_buf all = {0};
    fm_status status = FM_OK;
    for (int i = 0; i < chat->count; i++) {
        fm_buf_puts(&all, chat->messages[i].content);
        fm_buf_putc(&all, '\n');
    }
    if (all.failed)
        status = no_memory(err);
    else if (fm_corpus_crude(all.data, all.size))
        sink->dropped_odd++;
    else
        status = keep_chat(sink, chat, &all, err);
    fm_buf_release(&all);
    return status;
}
