/* corpus_chat.c: readers of dialogues: chat JSONL, KdConv's JSON, ChatterBot's YAML, questions about a
 * passage. */
#include "train/corpus_parts.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "train/corpus.h"
#include "train/shard.h"

fm_status fm_corpus_read_chats(const char *path, fm_corpus_sink *sink, fm_error *err) {
    fm_shard *shard;
    fm_status status = fm_shard_open(&shard, path, FM_CORPUS_LINE_BYTES, err);
    if (status != FM_OK) return status;
    bool end = false;
    while (status == FM_OK && !end) {
        fm_doc doc;
        status = fm_shard_next(shard, &doc, &end, err);
        if (status != FM_OK || end) break;
        if (doc.kind != FM_DOC_CHAT)
            status = fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: \"text\" where dialogues are expected", path,
                                  doc.line);
        else
            status = fm_corpus_take_chat(sink, doc.chat, err);
    }
    fm_shard_close(shard);
    return status;
}

/* A whole file as one JSON value. */
static fm_status load_json(const char *path, json_t **root, fm_error *err) {
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    if (status != FM_OK) return status;
    json_error_t reason;
    *root = json_loadb(lines.file.data, lines.file.size, JSON_REJECT_DUPLICATES, &reason);
    if (*root == NULL)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s:%d: column %d: %s", path, reason.line, reason.column,
                              reason.text);
    fm_corpus_lines_close(&lines);
    return status;
}

fm_status fm_corpus_read_kdconv(const char *path, fm_corpus_sink *sink, fm_error *err) {
    json_t *root = NULL;
    fm_status status = load_json(path, &root, err);
    if (status != FM_OK) return status;
    if (!json_is_array(root))
        status = fm_error_set(err, FM_ERR_FORMAT, "%s:1: not a JSON list of dialogues", path);
    for (size_t i = 0; status == FM_OK && i < json_array_size(root); i++) {
        const json_t *messages = json_object_get(json_array_get(root, i), "messages");
        fm_chat chat = {0};
        if (!json_is_array(messages))
            status = fm_error_set(err, FM_ERR_FORMAT, "%s: dialogue %zu: no list \"messages\"", path, i + 1);
        for (size_t k = 0; status == FM_OK && k < json_array_size(messages); k++) {
            const char *said = json_string_value(json_object_get(json_array_get(messages, k), "message"));
            if (said == NULL)
                status =
                    fm_error_set(err, FM_ERR_FORMAT, "%s: dialogue %zu: message %zu has no text \"message\"",
                                 path, i + 1, k + 1);
            else
                status = fm_chat_add(&chat, k % 2 ? FM_ROLE_ASSISTANT : FM_ROLE_USER, said, NULL, err);
        }
        if (status == FM_OK) status = fm_corpus_take_chat(sink, &chat, err);
        fm_chat_release(&chat);
    }
    json_decref(root);
    return status;
}

/* The text of a YAML scalar on one line, without its quotes. */
static void scalar(const char *text, size_t n, fm_buf *out) {
    bool quoted = n >= 2 && (text[0] == '\'' || text[0] == '"') && text[n - 1] == text[0];
    char quote = quoted ? text[0] : 0;
    for (size_t i = quoted; i + quoted < n; i++) {
        bool doubled = quote == '\'' && text[i] == '\'' && i + 2 < n && text[i + 1] == '\'';
        bool escaped = quote == '"' && text[i] == '\\' && i + 2 < n;
        i += doubled || escaped;
        fm_buf_putc(out, text[i]);
    }
}

static fm_status chatterbot_end(fm_corpus_sink *sink, fm_chat *chat, fm_error *err) {
    fm_status status = chat->count >= 2 ? fm_corpus_take_chat(sink, chat, err) : FM_OK;
    fm_chat_release(chat);
    return status;
}

/* ChatterBot's files use one corner of YAML: after "conversations:", "- - " opens a dialogue and "  - " goes
 * on; a deeper line without a dash continues the scalar above. Libcyaml has no schema for lists in lists,
 * hence by hand; anything else is refused. */
fm_status fm_corpus_read_chatterbot(const char *path, fm_corpus_sink *sink, fm_error *err) {
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    if (status != FM_OK) return status;
    fm_chat chat = {0};
    fm_buf said = {0};
    bool inside = false;
    const char *line;
    for (size_t n; status == FM_OK && fm_corpus_lines_next(&lines, &line, &n);) {
        while (n && line[n - 1] == ' ') n--;
        if (!inside || n == 0) {
            inside = inside || (n == 14 && memcmp(line, "conversations:", 14) == 0);
            continue;
        }
        bool opens = n > 4 && memcmp(line, "- - ", 4) == 0, goes_on = n > 4 && memcmp(line, "  - ", 4) == 0;
        bool continues = n > 4 && memcmp(line, "    ", 4) == 0 && chat.count > 0;
        if (opens) status = chatterbot_end(sink, &chat, err);
        fm_buf_clear(&said);
        if (continues) { /* the scalar above, one line longer */
            fm_buf_puts(&said, chat.messages[chat.count - 1].content);
            fm_buf_putc(&said, ' ');
            fm_chat_remove(&chat, chat.count - 1, 1);
        } else if (!opens && !(goes_on && chat.count > 0)) {
            status =
                fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: neither \"- - \" nor \"  - \" nor a continued line",
                             path, lines.number);
            break;
        }
        scalar(line + 4, n - 4, &said);
        if (status == FM_OK && said.size)
            status =
                fm_chat_add(&chat, chat.count % 2 ? FM_ROLE_ASSISTANT : FM_ROLE_USER, said.data, NULL, err);
    }
    if (status == FM_OK) status = chatterbot_end(sink, &chat, err);
    if (status == FM_OK && !inside)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: no line \"conversations:\" in it", path);
    fm_chat_release(&chat);
    fm_buf_release(&said);
    fm_corpus_lines_close(&lines);
    return status;
}

static fm_status reading_line(fm_corpus_sink *sink, const json_t *item, const char *where, fm_error *err) {
    const char *passage = json_string_value(json_object_get(item, "context"));
    const char *question = json_string_value(json_object_get(item, "question"));
    const char *answer = json_string_value(json_object_get(item, "answer"));
    if (passage == NULL) return fm_error_set(err, FM_ERR_FORMAT, "%s: no text \"context\"", where);
    if (sink->source->format == FM_CORPUS_PASSAGES)
        return fm_corpus_take_text(sink, passage, strlen(passage), err);
    if (question == NULL || answer == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: no texts \"question\" and \"answer\"", where);
    fm_buf asked = {0};
    fm_chat chat = {0};
    fm_buf_printf(&asked, "%s\n%s", passage, question);
    fm_status status = asked.failed ? fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", where) : FM_OK;
    if (status == FM_OK) status = fm_chat_add(&chat, FM_ROLE_USER, asked.data, NULL, err);
    if (status == FM_OK) status = fm_chat_add(&chat, FM_ROLE_ASSISTANT, answer, NULL, err);
    if (status == FM_OK) status = fm_corpus_take_chat(sink, &chat, err);
    fm_chat_release(&chat);
    fm_buf_release(&asked);
    return status;
}

fm_status fm_corpus_read_reading(const char *path, fm_corpus_sink *sink, fm_error *err) {
    return fm_corpus_each_json(path, reading_line, sink, err);
}
