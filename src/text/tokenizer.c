/* tokenizer.c: opening a vocabulary of any of the three formats, and looking at it; see tokenizer.h. */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "text/tokenizer_impl.h"

/* The file to open for `path`: itself, or what a folder holds. */
static fm_status find_file(char *file, size_t room, const char *path, fm_error *err) {
    if (!fm_path_is_dir(path)) {
        if (strlen(path) >= room) return fm_error_set(err, FM_ERR_LIMIT, "%.40s...: path too long", path);
        strcpy(file, path);
        return FM_OK;
    }
    static const char *const names[] = {"tokenizer.json", "tokenizer.model"};
    for (int i = 0; i < 2; i++) {
        fm_status status = fm_path_join(file, room, path, names[i], err);
        if (status != FM_OK || fm_path_exists(file)) return status;
    }
    return fm_error_set(err, FM_ERR_IO, "%s: the folder holds neither tokenizer.json nor tokenizer.model",
                        path);
}

typedef fm_status (*reader)(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                            fm_error *err);

/* By content: GGUF has a magic, JSON begins with a brace, a tiktoken line with base64. */
static fm_status choose_reader(reader *read, const uint8_t *p, size_t size, const char *name, fm_error *err) {
    size_t i = 0;
    if (size >= 4 && memcmp(p, "GGUF", 4) == 0) {
        *read = fm_tokenizer_read_gguf;
        return FM_OK;
    }
    while (i < size && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n')) i++;
    if (i == size) return fm_error_set(err, FM_ERR_FORMAT, "%s: the file is empty", name);
    if (p[i] == '{') {
        *read = fm_tokenizer_read_json;
        return FM_OK;
    }
    bool base64 = (p[i] >= '0' && p[i] <= '9') || ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z') ||
                  p[i] == '+' || p[i] == '/';
    if (!base64)
        return fm_error_set(
            err, FM_ERR_FORMAT,
            "%s: not a tokenizer: it begins with byte 0x%02x, not as tokenizer.json, tiktoken or GGUF "
            "(SentencePiece models are not supported)",
            name, p[i]);
    *read = fm_tokenizer_read_tiktoken;
    return FM_OK;
}

static fm_status read_bytes(fm_tokenizer **out, const void *bytes, size_t size, const char *name, reader read,
                            const char *pattern, fm_error *err) {
    fm_tokenizer *t = NULL;
    fm_status status = FM_OK;
    *out = NULL;
    FM_TRY(fm_tokenizer_new(&t, name, err));
    if (read == NULL) FM_TRY(choose_reader(&read, bytes, size, name, err));
    FM_TRY(read(t, bytes, size, pattern, err));
    FM_TRY(fm_tokenizer_seal(t, err));
    *out = t;
    return FM_OK;
fail:
    fm_tokenizer_close(t);
    return status;
}

fm_status fm_tokenizer_open(fm_tokenizer **out, const char *path, const fm_tokenizer_options *options,
                            fm_error *err) {
    char file[1024];
    fm_map map = {0};
    *out = NULL;
    fm_status status = find_file(file, sizeof file, path, err);
    if (status == FM_OK) status = fm_map_open(&map, file, err);
    if (status != FM_OK) return status;
    status = read_bytes(out, map.data, map.size, file, NULL, options ? options->pattern : NULL, err);
    fm_map_close(&map);
    return status;
}

fm_status fm_tokenizer_from_json(fm_tokenizer **out, const void *bytes, size_t size, const char *name,
                                 fm_error *err) {
    return read_bytes(out, bytes, size, name, fm_tokenizer_read_json, NULL, err);
}

int32_t fm_tokenizer_vocab_size(const fm_tokenizer *t) { return t->vocab_size; }

const char *fm_tokenizer_bytes(const fm_tokenizer *t, int32_t id, size_t *size) {
    *size = 0;
    if (id < 0 || id >= t->vocab_size || t->flags[id] == 0) return NULL;
    *size = t->sizes[id];
    return t->bytes.data + t->offsets[id];
}

bool fm_tokenizer_is_special(const fm_tokenizer *t, int32_t id) {
    return id >= 0 && id < t->vocab_size && (t->flags[id] & FM_TOKEN_SPECIAL);
}

int32_t fm_tokenizer_special(const fm_tokenizer *t, const char *text) {
    const fm_added_tree *trees[] = {&t->plain, &t->normalized};
    size_t size = strlen(text), begin, end;
    for (int i = 0; i < 2; i++) {
        int32_t id;
        if (fm_added_next(trees[i], (const uint8_t *)text, size, 0, &begin, &end, &id) && begin == 0 &&
            end == size)
            return id;
    }
    return -1;
}
