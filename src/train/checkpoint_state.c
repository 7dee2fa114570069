/* checkpoint_state.c: a run's counters as JSON, with the hashes that bind them to the tensors beside them.
 * Refuses a missing or mistyped field, a number out of range, and any file whose size or hash is not the one
 * listed. */
#include "train/checkpoint_state.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "train/ledger.h"

static const char *const files[] = {"config.json", "model.safetensors", "optimizer.safetensors"};
enum { FILES = 3, FORMAT = 1, STATE_BYTES = 1 << 20 };

fm_status fm_state_write(const fm_run_state *state, const char *folder, fm_buf *out, fm_error *err) {
    fm_buf_printf(out,
                  "{\n  \"format\": %d,\n  \"step\": %lld,\n  \"tokens\": %lld,\n  \"seconds\": %.6f,\n"
                  "  \"flops\": %.17g,\n  \"recipe_sha256\": \"%s\",\n  \"config_sha256\": \"%s\",\n"
                  "  \"tokenizer_sha256\": \"%s\",\n  \"ledger_last\": \"%s\",\n  \"sources\": [",
                  FORMAT, (long long)state->step, (long long)state->tokens, state->seconds, state->flops,
                  state->recipe_sha256, state->config_sha256, state->tokenizer_sha256, state->ledger_last);
    for (int i = 0; i < state->source_count; i++) {
        const fm_source_mark *mark = &state->sources[i];
        fm_buf_puts(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
        fm_json_quote(out, mark->name);
        fm_buf_printf(out,
                      ", \"stage\": %d, \"base\": %llu, \"used\": %llu, \"offset\": %llu, \"tokens\": %llu, "
                      "\"skipped\": %llu}",
                      mark->stage, (unsigned long long)mark->state.base, (unsigned long long)mark->state.used,
                      (unsigned long long)mark->state.offset, (unsigned long long)mark->state.tokens,
                      (unsigned long long)mark->state.skipped);
    }
    fm_buf_puts(out, "\n  ],\n  \"files\": {");
    for (int i = 0; i < FILES; i++) {
        char path[1024], hex[FM_SHA256_HEX];
        struct stat st;
        fm_status status = fm_path_join(path, sizeof path, folder, files[i], err);
        if (status == FM_OK) status = fm_sha256_file(path, hex, err);
        if (status != FM_OK) return status;
        if (stat(path, &st) != 0) return fm_error_errno(err, "%s: cannot stat", path);
        fm_buf_printf(out, "%s\n    \"%s\": {\"bytes\": %lld, \"sha256\": \"%s\"}", i ? "," : "", files[i],
                      (long long)st.st_size, hex);
    }
    fm_buf_puts(out, "\n  }\n}\n");
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "%s/state.json: no memory", folder) : FM_OK;
}

/* Reading; `status` sticks at the first failure. */
typedef struct reader {
    const char *path;
    fm_error *err;
    fm_status status;
} reader;

static int64_t read_int(reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (r->status == FM_OK && (!json_is_integer(value) || json_integer_value(value) < 0))
        r->status =
            fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s is missing or no whole number from 0", r->path, key);
    return json_integer_value(value);
}

static double read_number(reader *r, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (r->status == FM_OK && (!json_is_number(value) || !(json_number_value(value) >= 0)))
        r->status =
            fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s is missing or no number from 0", r->path, key);
    return json_number_value(value);
}

static void read_text(reader *r, const json_t *object, const char *key, char *out, size_t room) {
    const char *value = json_string_value(json_object_get(object, key));
    if (value && strlen(value) < room)
        strcpy(out, value);
    else if (r->status == FM_OK)
        r->status = fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s is missing or longer than %zu bytes", r->path,
                                 key, room - 1);
}

static void read_sources(reader *r, const json_t *root, fm_run_state *state) {
    const json_t *list = json_object_get(root, "sources");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > FM_CHECKPOINT_SOURCES) {
        r->status = fm_error_set(r->err, FM_ERR_FORMAT, "%s: sources: %zu entries, limit %d", r->path, count,
                                 FM_CHECKPOINT_SOURCES);
        return;
    }
    for (size_t i = 0; i < count && r->status == FM_OK; i++) {
        const json_t *one = json_array_get(list, i);
        fm_source_mark *mark = &state->sources[state->source_count++];
        read_text(r, one, "name", mark->name, sizeof mark->name);
        mark->stage = (int)read_int(r, one, "stage");
        mark->state.base = (uint64_t)read_int(r, one, "base");
        mark->state.used = (uint64_t)read_int(r, one, "used");
        mark->state.offset = (uint64_t)read_int(r, one, "offset");
        mark->state.tokens = (uint64_t)read_int(r, one, "tokens");
        mark->state.skipped = (uint64_t)read_int(r, one, "skipped");
        if (r->status == FM_OK && mark->state.used >> FM_DATA_WINDOW != 0)
            r->status =
                fm_error_set(r->err, FM_ERR_FORMAT, "%s: sources[%zu].used is %llu, must be below 2^%d",
                             r->path, i, (unsigned long long)mark->state.used, FM_DATA_WINDOW);
    }
}

static void verify_file(reader *r, const json_t *list, const char *folder, const char *name) {
    const json_t *one = json_object_get(list, name);
    char path[1024], expected[FM_SHA256_HEX] = "", actual[FM_SHA256_HEX];
    struct stat st;
    int64_t bytes = read_int(r, one, "bytes");
    read_text(r, one, "sha256", expected, sizeof expected);
    if (r->status != FM_OK) {
        fm_error_prefix(r->err, "files.%s", name);
        return;
    }
    r->status = fm_path_join(path, sizeof path, folder, name, r->err);
    if (r->status != FM_OK) return;
    if (stat(path, &st) != 0)
        r->status = fm_error_errno(r->err, "%s: cannot open", path);
    else if (st.st_size != bytes)
        r->status = fm_error_set(r->err, FM_ERR_FORMAT,
                                 "%s: %lld bytes, state.json says %lld: the file is truncated or "
                                 "not this checkpoint's",
                                 path, (long long)st.st_size, (long long)bytes);
    else if ((r->status = fm_sha256_file(path, actual, r->err)) == FM_OK && strcmp(actual, expected) != 0)
        r->status = fm_error_set(r->err, FM_ERR_FORMAT,
                                 "%s: sha256 is %.16s..., state.json says %.16s...: the file is "
                                 "damaged",
                                 path, actual, expected);
}

fm_status fm_state_read(fm_run_state *state, const char *folder, fm_error *err) {
    *state = (fm_run_state){0};
    char path[1024];
    fm_buf text = {0};
    json_t *root = NULL;
    json_error_t where;
    reader r = {.path = path, .err = err};
    fm_status status;
    FM_TRY(fm_path_join(path, sizeof path, folder, "state.json", err));
    FM_TRY(fm_file_read(path, STATE_BYTES, &text, err));
    root = json_loadb(text.data ? text.data : "", text.size, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL) {
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: line %d: %s", path, where.line, where.text);
        goto fail;
    }
    int64_t format = read_int(&r, root, "format");
    if (r.status == FM_OK && format != FORMAT)
        r.status = fm_error_set(err, FM_ERR_UNSUPPORTED, "%s: format is %lld, this program reads %d", path,
                                (long long)format, FORMAT);
    state->step = read_int(&r, root, "step");
    state->tokens = read_int(&r, root, "tokens");
    state->seconds = read_number(&r, root, "seconds");
    state->flops = read_number(&r, root, "flops");
    read_text(&r, root, "recipe_sha256", state->recipe_sha256, FM_SHA256_HEX);
    read_text(&r, root, "config_sha256", state->config_sha256, FM_SHA256_HEX);
    read_text(&r, root, "tokenizer_sha256", state->tokenizer_sha256, FM_SHA256_HEX);
    read_text(&r, root, "ledger_last", state->ledger_last, FM_SHA256_HEX);
    if (r.status == FM_OK) read_sources(&r, root, state);
    for (int i = 0; i < FILES && r.status == FM_OK; i++)
        verify_file(&r, json_object_get(root, "files"), folder, files[i]);
    status = r.status;
fail:
    json_decref(root);
    fm_buf_release(&text);
    return status;
}
