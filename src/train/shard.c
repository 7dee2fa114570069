/* shard.c: the reader of shard.h. Bytes come in chunks (through zstd where the name says so), are gathered
 * into lines, and lines into documents; each level refuses what breaks its rule with the file and line. */
#include "train/shard.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/buf.h"

static const char separator[] = "<|endoftext|>";

struct fm_shard {
    char *path;
    FILE *file;
    ZSTD_DStream *zstd; /* NULL: plain bytes */
    char *chunk, *raw;  /* chunk: text ready to be split into lines; raw: compressed bytes */
    size_t chunk_used, chunk_size, chunk_room, raw_used, raw_size, raw_room;
    bool frame_open; /* zstd: inside a frame, so the file must not end here */
    bool input_ended, jsonl, spent;
    bool held; /* row is already read, and begins the next document */
    size_t limit;
    uint64_t offset;
    long line;      /* lines read */
    long documents; /* documents handed out since the beginning */
    fm_buf row;     /* the current line, without its end */
    fm_buf text;    /* the current document */
    fm_chat chat;
    json_t *root; /* owns the text of a {"text"} document */
};

/* Length of the name without ".zst", and whether it had it. */
static size_t bare_length(const char *path, bool *packed) {
    size_t n = strlen(path);
    *packed = n > 4 && strcmp(path + n - 4, ".zst") == 0;
    return *packed ? n - 4 : n;
}

static bool ends(const char *path, size_t n, const char *ending) {
    size_t m = strlen(ending);
    return n > m && memcmp(path + n - m, ending, m) == 0;
}

bool fm_shard_name_known(const char *path) {
    bool packed;
    size_t n = bare_length(path, &packed);
    return ends(path, n, ".jsonl") || ends(path, n, ".txt") || ends(path, n, ".md");
}

static fm_status no_memory(const char *path, fm_error *err) {
    return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for the reader", path);
}

fm_status fm_shard_open(fm_shard **out, const char *path, size_t doc_limit_bytes, fm_error *err) {
    *out = NULL;
    if (!fm_shard_name_known(path))
        return fm_error_set(err, FM_ERR_UNSUPPORTED,
                            "%s: a corpus file ends in .jsonl, .txt or .md, or one of these and .zst", path);
    fm_shard *s = calloc(1, sizeof *s);
    if (s == NULL) return no_memory(path, err);
    fm_status status = FM_OK;
    bool packed;
    size_t n = bare_length(path, &packed);
    s->jsonl = ends(path, n, ".jsonl");
    s->limit = doc_limit_bytes ? doc_limit_bytes : FM_SHARD_DOC_LIMIT;
    s->path = strdup(path);
    s->chunk_room = 1 << 16;
    s->raw_room = 1 << 16;
    s->chunk = malloc(s->chunk_room);
    if (packed) {
        s->raw = malloc(s->raw_room);
        s->zstd = ZSTD_createDStream();
    }
    if (!s->path || !s->chunk || (packed && (!s->raw || !s->zstd))) {
        status = no_memory(path, err);
        goto fail;
    }
    s->file = fopen(path, "rb");
    if (s->file == NULL) {
        status = fm_error_errno(err, "%s: cannot open", path);
        goto fail;
    }
    *out = s;
    return FM_OK;
fail:
    fm_shard_close(s);
    return status;
}

void fm_shard_close(fm_shard *s) {
    if (s == NULL) return;
    if (s->file) fclose(s->file);
    ZSTD_freeDStream(s->zstd);
    json_decref(s->root);
    fm_chat_release(&s->chat);
    fm_buf_release(&s->row);
    fm_buf_release(&s->text);
    free(s->raw);
    free(s->chunk);
    free(s->path);
    free(s);
}

fm_status fm_shard_rewind(fm_shard *s, fm_error *err) {
    if (fseek(s->file, 0, SEEK_SET) != 0) return fm_error_errno(err, "%s: cannot rewind", s->path);
    clearerr(s->file);
    if (s->zstd) ZSTD_DCtx_reset(s->zstd, ZSTD_reset_session_only);
    s->chunk_used = s->chunk_size = s->raw_used = s->raw_size = 0;
    s->frame_open = s->input_ended = s->spent = s->held = false;
    s->offset = 0;
    s->line = s->documents = 0;
    return FM_OK;
}

const char *fm_shard_path(const fm_shard *s) { return s->path; }
uint64_t fm_shard_offset_bytes(const fm_shard *s) { return s->offset; }

static fm_status read_bytes(fm_shard *s, char *into, size_t room, size_t *got, fm_error *err) {
    *got = fread(into, 1, room, s->file);
    if (*got == 0 && ferror(s->file)) return fm_error_errno(err, "%s: cannot read", s->path);
    return FM_OK;
}

/* Fills the chunk; leaves it empty, with input_ended set, at the end of the file. */
static fm_status fill(fm_shard *s, fm_error *err) {
    s->chunk_used = s->chunk_size = 0;
    if (s->zstd == NULL) {
        fm_status status = read_bytes(s, s->chunk, s->chunk_room, &s->chunk_size, err);
        s->input_ended = s->chunk_size == 0;
        return status;
    }
    while (s->chunk_size == 0) {
        if (s->raw_used == s->raw_size) {
            fm_status status = read_bytes(s, s->raw, s->raw_room, &s->raw_size, err);
            if (status != FM_OK) return status;
            s->raw_used = 0;
            if (s->raw_size == 0) {
                s->input_ended = true;
                if (!s->frame_open) return FM_OK;
                return fm_error_set(err, FM_ERR_FORMAT,
                                    "%s: the zstd stream is cut off after %llu bytes of text", s->path,
                                    (unsigned long long)s->offset);
            }
        }
        ZSTD_inBuffer in = {s->raw, s->raw_size, s->raw_used};
        ZSTD_outBuffer out = {s->chunk, s->chunk_room, 0};
        size_t left = ZSTD_decompressStream(s->zstd, &out, &in);
        if (ZSTD_isError(left))
            return fm_error_set(err, FM_ERR_FORMAT, "%s: bad zstd stream after %llu bytes of text: %s",
                                s->path, (unsigned long long)s->offset, ZSTD_getErrorName(left));
        s->raw_used = in.pos;
        s->chunk_size = out.pos;
        s->frame_open = left != 0;
    }
    return FM_OK;
}

/* The next line in s->row, without LF or CRLF; *end when there is none. Checks length, NUL and UTF-8. */
static fm_status next_line(fm_shard *s, bool *end, fm_error *err) {
    fm_buf_clear(&s->row);
    *end = false;
    bool complete = false, any = false;
    while (!complete) {
        if (s->chunk_used == s->chunk_size) {
            fm_status status = fill(s, err);
            if (status != FM_OK) return status;
            if (s->input_ended) break;
        }
        const char *from = s->chunk + s->chunk_used;
        size_t left = s->chunk_size - s->chunk_used;
        const char *stop = memchr(from, '\n', left);
        size_t n = stop ? (size_t)(stop - from) : left;
        if (n > s->limit - s->row.size)
            return fm_error_set(err, FM_ERR_LIMIT, "%s:%ld: a line above the limit of %zu bytes", s->path,
                                s->line + 1, s->limit);
        fm_buf_append(&s->row, from, n);
        s->chunk_used += n + (stop != NULL);
        s->offset += n + (stop != NULL);
        any = true;
        complete = stop != NULL;
    }
    if (s->row.failed) return no_memory(s->path, err);
    *end = !any;
    if (!any) return FM_OK;
    s->line++;
    if (s->row.size && s->row.data[s->row.size - 1] == '\r') s->row.data[--s->row.size] = '\0';
    const char *nul = s->row.size ? memchr(s->row.data, 0, s->row.size) : NULL;
    if (nul)
        return fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: a NUL byte at column %zu: binary data, not text",
                            s->path, s->line, (size_t)(nul - s->row.data) + 1);
    size_t bad = s->row.size ? fm_utf8_bad(s->row.data, s->row.size) : 0;
    if (bad < s->row.size)
        return fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: invalid UTF-8 at byte %zu of the line (0x%02x)",
                            s->path, s->line, bad + 1, (unsigned char)s->row.data[bad]);
    return FM_OK;
}

static bool blank(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r') return false;
    return true;
}

static fm_status chat_document(fm_shard *s, const char *where, fm_doc *doc, fm_error *err) {
    fm_chat_release(&s->chat);
    fm_status status = fm_chat_from_json(&s->chat, s->row.data, s->row.size, where, err);
    if (status != FM_OK) return status;
    if (s->chat.count == 0)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: \"messages\" is an empty list", where);
    doc->kind = FM_DOC_CHAT;
    doc->chat = &s->chat;
    return FM_OK;
}

static fm_status json_document(fm_shard *s, fm_doc *doc, fm_error *err) {
    char where[1100];
    snprintf(where, sizeof where, "%s:%ld", s->path, s->line);
    json_error_t reason;
    json_decref(s->root);
    s->root = json_loadb(s->row.data, s->row.size, JSON_REJECT_DUPLICATES, &reason);
    if (s->root == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: column %d: %s", where, reason.column, reason.text);
    const json_t *text = json_object_get(s->root, "text");
    bool messages = json_object_get(s->root, "messages") != NULL;
    if (messages == (text != NULL))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: a document has either \"text\" or \"messages\"", where);
    doc->line = s->line;
    if (messages) return chat_document(s, where, doc, err);
    if (!json_is_string(text)) return fm_error_set(err, FM_ERR_FORMAT, "%s: \"text\" is not a string", where);
    doc->kind = FM_DOC_TEXT;
    doc->text = json_string_value(text);
    doc->size = json_string_length(text);
    if (blank(doc->text, doc->size)) return fm_error_set(err, FM_ERR_FORMAT, "%s: \"text\" is empty", where);
    return FM_OK;
}

static fm_status next_json(fm_shard *s, fm_doc *doc, bool *end, fm_error *err) {
    do {
        fm_status status = next_line(s, end, err);
        if (status != FM_OK || *end) return status;
    } while (blank(s->row.data, s->row.size));
    return json_document(s, doc, err);
}

/* Gathers lines up to a separator or a cut; leading and trailing empty lines fall away. The line that would
 * pass the limit waits for the next document, so that only a single line can be too long. */
static fm_status next_text(fm_shard *s, fm_doc *doc, bool *end, fm_error *err) {
    fm_buf_clear(&s->text);
    bool ended = false;
    while (!ended) {
        if (!s->held) {
            fm_status status = next_line(s, &ended, err);
            if (status != FM_OK) return status;
            if (ended) break;
        }
        s->held = false;
        bool empty = blank(s->row.data, s->row.size);
        if (s->row.size && strcmp(s->row.data, separator) == 0) {
            if (s->text.size) break;
            continue;
        }
        if (s->text.size == 0) {
            if (empty) continue;
            doc->line = s->line;
        }
        if (s->text.size && s->text.size + s->row.size > s->limit) {
            s->held = true;
            break;
        }
        fm_buf_append(&s->text, s->row.data, s->row.size);
        fm_buf_putc(&s->text, '\n');
        if (s->text.size >= (empty ? FM_SHARD_CUT_BYTES : 2 * FM_SHARD_CUT_BYTES)) break;
    }
    if (s->text.failed) return no_memory(s->path, err);
    while (s->text.size && blank(s->text.data + s->text.size - 1, 1)) s->text.data[--s->text.size] = '\0';
    *end = s->text.size == 0;
    doc->kind = FM_DOC_TEXT;
    doc->text = s->text.data;
    doc->size = s->text.size;
    return FM_OK;
}

fm_status fm_shard_next(fm_shard *s, fm_doc *doc, bool *end, fm_error *err) {
    *doc = (fm_doc){0};
    *end = false;
    if (s->spent)
        return fm_error_set(err, FM_ERR_STATE, "%s: read on after an error; rewind or close it", s->path);
    fm_status status = s->jsonl ? next_json(s, doc, end, err) : next_text(s, doc, end, err);
    if (status == FM_OK && *end && s->documents == 0)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: no document in it (%ld lines)", s->path, s->line);
    if (status != FM_OK || *end) *doc = (fm_doc){0};
    if (status == FM_OK && !*end) s->documents++;
    s->spent = status != FM_OK;
    return status;
}
