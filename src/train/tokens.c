/* tokens.c: making and mapping the token cache of tokens.h. */
#define _GNU_SOURCE
#include "train/tokens.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "train/shard.h"

enum { PATH_ROOM = 2048, HEADER_BYTES = 8 + FM_SHA256_BYTES + 4 * 8 };
static const char magic[8] = "FMTOKEN1";

/* The shards behind a source, in name order. */
typedef struct file_list {
    char **paths;
    int count;
} file_list;

static void list_release(file_list *list) {
    for (int i = 0; i < list->count; i++) free(list->paths[i]);
    free(list->paths);
    *list = (file_list){0};
}

static fm_status list_add(file_list *list, const char *path, fm_error *err) {
    char **more = realloc(list->paths, (size_t)(list->count + 1) * sizeof *more);
    if (more) list->paths = more;
    char *copy = more ? strdup(path) : NULL;
    if (copy == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for its name", path);
    list->paths[list->count++] = copy;
    return FM_OK;
}

static fm_status list_files(file_list *list, const char *path, fm_error *err) {
    if (!fm_path_is_dir(path)) return list_add(list, path, err);
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) return fm_error_errno(err, "%s: cannot list the folder", path);
    fm_status status = FM_OK;
    for (int i = 0; i < count; i++) {
        char full[PATH_ROOM];
        if (status == FM_OK && entries[i]->d_name[0] != '.' && fm_shard_name_known(entries[i]->d_name)) {
            status = fm_path_join(full, sizeof full, path, entries[i]->d_name, err);
            if (status == FM_OK && !fm_path_is_dir(full)) status = list_add(list, full, err);
        }
        free(entries[i]);
    }
    free(entries);
    if (status == FM_OK && list->count == 0)
        status = fm_error_set(err, FM_ERR_FORMAT,
                              "%s: the folder holds no .txt, .md or .jsonl file (also .zst)", path);
    return status;
}

/* Names and bytes of the files: two copies of a data set in different folders have one hash. */
static fm_status hash_files(const file_list *list, char hex[FM_SHA256_HEX], fm_error *err) {
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES];
    fm_sha256_init(&hash);
    for (int i = 0; i < list->count; i++) {
        char one[FM_SHA256_HEX];
        fm_status status = fm_sha256_file(list->paths[i], one, err);
        if (status != FM_OK) return status;
        const char *name = strrchr(list->paths[i], '/');
        name = name ? name + 1 : list->paths[i];
        fm_sha256_update(&hash, name, strlen(name) + 1);
        fm_sha256_update(&hash, one, 64);
    }
    fm_sha256_final(&hash, digest);
    fm_sha256_hex(digest, hex);
    return FM_OK;
}

/* What grows while documents are encoded. */
typedef struct building {
    const fm_tokens_options *options;
    fm_ids ids;
    fm_buf learn, ends, chat, text;
    uint64_t text_bytes, dropped;
} building;

static fm_status encode_plain(building *b, const fm_doc *doc, fm_error *err) {
    const fm_template *tpl = b->options->tpl;
    fm_status status = fm_ids_push(&b->ids, tpl->mark[FM_MARK_BOS], err);
    if (status == FM_OK)
        status = fm_tokenizer_encode(tpl->tokenizer, doc->text, doc->size, FM_ENCODE_TEXT, &b->ids, err);
    if (status == FM_OK) status = fm_ids_push(&b->ids, tpl->mark[FM_MARK_EOS], err);
    while (b->learn.size < b->ids.count && !b->learn.failed) fm_buf_putc(&b->learn, 1);
    return status;
}

static fm_status encode_doc(building *b, const fm_doc *doc, fm_error *err) {
    const fm_tokens_options *o = b->options;
    const char *text = doc->text;
    size_t size = doc->size;
    fm_status status = FM_OK;
    if (doc->kind == FM_DOC_CHAT) {
        fm_buf_clear(&b->text);
        status = fm_template_text(doc->chat, FM_PROMPT_NONE, &b->text, err);
        if (status != FM_OK) return status;
        text = b->text.data;
        size = b->text.size;
    }
    if (o->decontam && fm_decontam_hit(o->decontam, text, size)) {
        b->dropped++;
        return FM_OK;
    }
    if (doc->kind == FM_DOC_CHAT)
        status = fm_template_encode(o->tpl, doc->chat, FM_PROMPT_NONE, &b->ids, &b->learn, err);
    else
        status = encode_plain(b, doc, err);
    if (status != FM_OK) return status;
    uint64_t end = b->ids.count;
    fm_buf_append(&b->ends, &end, sizeof end);
    fm_buf_putc(&b->chat, doc->kind == FM_DOC_CHAT);
    b->text_bytes += size;
    if (b->learn.failed || b->ends.failed || b->chat.failed)
        return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu tokens", b->ids.count);
    if (end > INT32_MAX) return fm_error_set(err, FM_ERR_LIMIT, "more than 2^31 tokens in one source");
    return FM_OK;
}

static fm_status encode_file(building *b, const char *path, fm_error *err) {
    fm_shard *shard;
    fm_status status = fm_shard_open(&shard, path, 0, err);
    while (status == FM_OK) {
        fm_doc doc;
        bool end;
        status = fm_shard_next(shard, &doc, &end, err);
        if (status != FM_OK || end) break;
        status = encode_doc(b, &doc, err);
        if (status != FM_OK) fm_error_prefix(err, "%s: line %ld", path, doc.line);
    }
    fm_shard_close(shard);
    return status;
}

static fm_status write_cache(const building *b, const char *path, fm_error *err) {
    uint64_t counts[4] = {b->chat.size, b->ids.count, b->text_bytes, b->dropped};
    const struct {
        const void *data;
        size_t size;
    } parts[] = {{counts, sizeof counts},
                 {b->ends.data, b->ends.size},
                 {b->ids.data, b->ids.count * 4},
                 {b->learn.data, b->learn.size},
                 {b->chat.data, b->chat.size}};
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES];
    fm_sha256_init(&hash);
    for (int i = 0; i < 5; i++) fm_sha256_update(&hash, parts[i].data, parts[i].size);
    fm_sha256_final(&hash, digest);
    fm_writer writer;
    fm_status status = fm_writer_begin(&writer, path, err);
    if (status != FM_OK) return status;
    FM_TRY(fm_writer_put(&writer, magic, sizeof magic, err));
    FM_TRY(fm_writer_put(&writer, digest, sizeof digest, err));
    for (int i = 0; i < 5; i++) FM_TRY(fm_writer_put(&writer, parts[i].data, parts[i].size, err));
    return fm_writer_commit(&writer, err);
fail:
    fm_writer_abort(&writer);
    return status;
}

static fm_status build_cache(const fm_tokens_options *options, const file_list *list, const char *path,
                             fm_error *err) {
    building b = {.options = options};
    fm_status status = FM_OK;
    for (int i = 0; i < list->count; i++) FM_TRY(encode_file(&b, list->paths[i], err));
    if (b.chat.size == 0) {
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: no document left; %llu are too close to test problems",
                              options->path, (unsigned long long)b.dropped);
        goto fail;
    }
    FM_TRY(write_cache(&b, path, err));
fail:
    fm_ids_release(&b.ids);
    fm_buf_release(&b.learn);
    fm_buf_release(&b.ends);
    fm_buf_release(&b.chat);
    fm_buf_release(&b.text);
    return status;
}

/* Maps the file if it is whole; false: it is absent or damaged and must be made. */
static bool map_cache(fm_tokens *out, const char *path) {
    fm_error ignored = {0};
    if (!fm_path_exists(path) || fm_map_open(&out->map, path, &ignored) != FM_OK) return false;
    uint64_t counts[4];
    if (out->map.size < HEADER_BYTES || memcmp(out->map.data, magic, sizeof magic) != 0) goto bad;
    char expected[FM_SHA256_HEX], actual[FM_SHA256_HEX];
    fm_sha256_hex(out->map.data + 8, expected);
    fm_sha256_bytes(out->map.data + 8 + FM_SHA256_BYTES, out->map.size - 8 - FM_SHA256_BYTES, actual);
    if (strcmp(expected, actual) != 0) goto bad; /* with the hash right, the counts are those we wrote */
    memcpy(counts, out->map.data + 8 + FM_SHA256_BYTES, sizeof counts);
    if (counts[0] * 9 + counts[1] * 5 + HEADER_BYTES != out->map.size) goto bad;
    out->docs = (int64_t)counts[0];
    out->tokens = (int64_t)counts[1];
    out->text_bytes = counts[2];
    out->dropped = counts[3];
    out->end = (const uint64_t *)(const void *)(out->map.data + HEADER_BYTES);
    out->ids = (const int32_t *)(const void *)(out->end + out->docs);
    out->learn = (const uint8_t *)(out->ids + out->tokens);
    out->chat = out->learn + out->tokens;
    return true;
bad:
    fm_log_put(FM_LOG_WARN, "%s: damaged; encoding its source again", path);
    fm_map_close(&out->map);
    return false;
}

fm_status fm_tokens_open(fm_tokens *out, const fm_tokens_options *options, fm_error *err) {
    *out = (fm_tokens){0};
    file_list list = {0};
    char key[4 * FM_SHA256_HEX + 256], name[FM_SHA256_HEX + 8], path[PATH_ROOM];
    fm_status status;
    FM_TRY(list_files(&list, options->path, err));
    FM_TRY(hash_files(&list, out->sha256, err));
    snprintf(key, sizeof key, "%.8s %s %s %.200s", magic, out->sha256, options->tokenizer_sha256,
             options->decontam_id);
    fm_sha256_bytes(key, strlen(key), name);
    strcpy(name + 32, ".tokens");
    FM_TRY(fm_dir_make(options->cache, err));
    FM_TRY(fm_path_join(path, sizeof path, options->cache, name, err));
    if (!map_cache(out, path)) {
        FM_TRY(build_cache(options, &list, path, err));
        if (!map_cache(out, path)) {
            status = fm_error_set(err, FM_ERR_IO, "%s: cannot read back the token cache just written", path);
            goto fail;
        }
    }
    if (out->dropped > 0)
        fm_log_put(FM_LOG_INFO, "%s: %llu documents left out, too close to test problems", options->path,
                   (unsigned long long)out->dropped);
fail:
    list_release(&list);
    return status;
}

void fm_tokens_close(fm_tokens *tokens) {
    fm_map_close(&tokens->map);
    *tokens = (fm_tokens){0};
}
