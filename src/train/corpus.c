/* corpus.c: the builder of corpus.h: walks the sources shard by shard, samples, splits, compresses, writes.
 */
#include "train/corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/sha256.h"
#include "train/corpus_parts.h"

enum { FILES_MAX = 64, NAMES_MAX = 512, ZSTD_LEVEL = 19, WINDOW_LOG = 24 };

typedef struct builder {
    const fm_corpus_options *options;
    fm_decontam forbidden;
    fm_corpus_source_report *reports; /* per source */
    fm_corpus_file files[FILES_MAX];
    size_t file_count;
} builder;

/* The plain files of a folder, sorted by name; free with free_names. */
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++) free(names[i]);
}

static fm_status list_folder(const char *folder, char **names, size_t *count, fm_error *err) {
    *count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) return fm_error_errno(err, "%s: cannot open", folder);
    fm_status status = FM_OK;
    for (struct dirent *entry; status == FM_OK && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        char path[1024];
        if (*count == NAMES_MAX)
            status = fm_error_set(err, FM_ERR_LIMIT, "%s: more than %d files", folder, NAMES_MAX);
        else
            status = fm_path_join(path, sizeof path, folder, entry->d_name, err);
        if (status != FM_OK || fm_path_is_dir(path)) continue;
        names[*count] = strdup(path);
        if (names[*count] == NULL)
            status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for its names", folder);
        else
            ++*count;
    }
    closedir(dir);
    if (status != FM_OK) free_names(names, *count);
    if (status == FM_OK) qsort(names, *count, sizeof *names, by_name);
    return status;
}

/* Whatever shares a 10-gram with an evaluation sample is not taken. (What is near a test problem of src/task is left
 * out when the trainer reads the shards, train/tokens.h: those problems change with the program, the shards do not.)
 * In the samples' JSON a "\\n" is a break, not a letter. */
static fm_status load_forbidden(builder *b, fm_error *err) {
    char folder[1024];
    fm_status status = fm_path_join(folder, sizeof folder, b->options->shared, "data/eval", err);
    char *names[NAMES_MAX];
    size_t count = 0;
    if (status == FM_OK) status = list_folder(folder, names, &count, err);
    for (size_t i = 0; status == FM_OK && i < count; i++) {
        fm_buf file = {0};
        status = fm_file_read(names[i], FM_CORPUS_FILE_BYTES, &file, err);
        for (size_t k = 0; k + 1 < file.size; k++)
            if (file.data[k] == '\\') file.data[k] = file.data[k + 1] = ' ';
        if (status == FM_OK) status = fm_decontam_add(&b->forbidden, file.data, file.size, err);
        fm_buf_release(&file);
    }
    if (count) free_names(names, count);
    return status;
}

static fm_status read_file(builder *b, const char *path, fm_corpus_sink *sink, fm_buf *hashes,
                           fm_error *err) {
    fm_corpus_source_report *report = &b->reports[sink->source_index];
    char hex[FM_SHA256_HEX];
    fm_map map;
    fm_status status = fm_map_open(&map, path, err);
    if (status != FM_OK) return status;
    fm_sha256_bytes(map.data, map.size, hex);
    report->input_bytes += map.size;
    report->files++;
    fm_map_close(&map);
    const char *name = strrchr(path, '/');
    fm_buf_printf(hashes, "%s  %s\n", hex, name ? name + 1 : path);
    return fm_corpus_read(path, sink, err);
}

static fm_status read_source(builder *b, fm_corpus_sink *sink, fm_error *err) {
    fm_corpus_source_report *report = &b->reports[sink->source_index];
    char path[1024];
    int n = snprintf(path, sizeof path, "%s/data/train/%s", b->options->shared, sink->source->path);
    if (n < 0 || (size_t)n >= sizeof path)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: the path is too long", path);
    size_t before = sink->count;
    fm_buf hashes = {0};
    fm_status status = FM_OK;
    if (path[n - 1] == '/') {
        path[n - 1] = '\0';
        char *names[NAMES_MAX];
        size_t count = 0;
        status = list_folder(path, names, &count, err);
        for (size_t i = 0; status == FM_OK && i < count; i++)
            status = read_file(b, names[i], sink, &hashes, err);
        free_names(names, count);
        fm_sha256_bytes(hashes.data, hashes.size, report->sha256);
    } else {
        status = read_file(b, path, sink, &hashes, err);
        if (status == FM_OK) snprintf(report->sha256, sizeof report->sha256, "%.64s", hashes.data);
    }
    fm_buf_release(&hashes);
    report->found = (long)(sink->count - before);
    return status;
}

/* Keeps a source within its cap by dropping the documents of the highest hashes: a sample that does not
 * depend on the order of reading. The bound is searched bit by bit. */
static uint64_t hash_bound(const fm_corpus_sink *sink, uint32_t source) {
    size_t cap = (size_t)fm_corpus_sources[source].cap_kib * 1024;
    uint64_t bound = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t trial = bound | (uint64_t)1 << bit;
        size_t bytes = 0;
        for (size_t i = 0; i < sink->count; i++)
            if (sink->docs[i].source == source && sink->docs[i].hash < trial) bytes += sink->docs[i].size;
        if (bytes <= cap) bound = trial;
    }
    return bound;
}

static fm_status pack(const fm_buf *text, fm_buf *out, fm_error *err) {
    size_t room = ZSTD_compressBound(text->size);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    char *packed = malloc(room);
    fm_status status = FM_OK;
    if (context == NULL || packed == NULL) {
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory to compress %zu bytes", text->size);
    } else {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, WINDOW_LOG);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        size_t size = ZSTD_compress2(context, packed, room, text->data, text->size);
        if (ZSTD_isError(size))
            status = fm_error_set(err, FM_ERR_STATE, "zstd: %s", ZSTD_getErrorName(size));
        else
            fm_buf_append(out, packed, size);
    }
    free(packed);
    ZSTD_freeCCtx(context);
    return status;
}

static fm_status write_part(builder *b, const char *shard, const char *part, const fm_buf *text,
                            long documents, fm_error *err) {
    if (documents == 0)
        return fm_error_set(err, FM_ERR_FORMAT, "%s.%s: no document is left after cleaning", shard, part);
    if (b->file_count == FILES_MAX)
        return fm_error_set(err, FM_ERR_LIMIT, "more than %d shard files", FILES_MAX);
    fm_corpus_file *file = &b->files[b->file_count++];
    snprintf(file->name, sizeof file->name, "%s.%s.jsonl.zst", shard, part);
    char path[1024];
    fm_buf packed = {0};
    fm_status status = fm_path_join(path, sizeof path, b->options->out, file->name, err);
    if (status == FM_OK) status = pack(text, &packed, err);
    if (status == FM_OK) status = fm_file_write(path, packed.data, packed.size, err);
    if (status == FM_OK) {
        fm_sha256_bytes(packed.data, packed.size, file->sha256);
        file->documents = documents;
        file->text_bytes = text->size;
        file->packed_bytes = packed.size;
        fm_log_put(FM_LOG_INFO, "%-28s %7ld documents %9zu bytes -> %8zu", file->name, documents, text->size,
                   packed.size);
    }
    fm_buf_release(&packed);
    return status;
}

static fm_status write_shard(builder *b, const char *shard, const fm_corpus_sink *sink, fm_error *err) {
    uint64_t *bounds = calloc(fm_corpus_source_count, sizeof *bounds);
    if (bounds == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu sources", fm_corpus_source_count);
    for (uint32_t s = 0; s < fm_corpus_source_count; s++)
        if (strcmp(fm_corpus_sources[s].shard, shard) == 0) bounds[s] = hash_bound(sink, s);
    fm_buf text[2] = {{0}, {0}};
    long documents[2] = {0, 0};
    for (size_t i = 0; i < sink->count; i++) {
        const fm_corpus_doc *doc = &sink->docs[i];
        if (doc->hash >= bounds[doc->source]) continue;
        /* The low bits split, the high bits sample: the two choices are independent. */
        int part = doc->hash % 10000 < 100 * FM_CORPUS_VAL_PERCENT;
        fm_buf_append(&text[part], sink->lines.data + doc->at, doc->size);
        fm_buf_putc(&text[part], '\n');
        documents[part]++;
        b->reports[doc->source].kept++;
        b->reports[doc->source].kept_bytes += doc->size + 1;
    }
    free(bounds);
    fm_status status = FM_OK;
    if (text[0].failed || text[1].failed) status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", shard);
    if (status == FM_OK) status = write_part(b, shard, "train", &text[0], documents[0], err);
    if (status == FM_OK) status = write_part(b, shard, "val", &text[1], documents[1], err);
    fm_buf_release(&text[0]);
    fm_buf_release(&text[1]);
    return status;
}

static fm_status build_shard(builder *b, const char *shard, fm_error *err) {
    fm_corpus_sink sink = {.forbidden = &b->forbidden};
    fm_status status = FM_OK;
    for (uint32_t s = 0; status == FM_OK && s < fm_corpus_source_count; s++) {
        if (strcmp(fm_corpus_sources[s].shard, shard) != 0) continue;
        sink.source = &fm_corpus_sources[s];
        sink.source_index = s;
        status = read_source(b, &sink, err);
    }
    if (status == FM_OK) status = write_shard(b, shard, &sink, err);
    if (status == FM_OK)
        fm_log_put(FM_LOG_INFO,
                   "%s: fell away: %ld odd, %ld seen before, %ld near the evaluation samples, %ld short",
                   shard, sink.dropped_odd, sink.dropped_seen, sink.dropped_eval, sink.dropped_short);
    fm_corpus_sink_release(&sink);
    return status;
}

fm_status fm_corpus_build(const fm_corpus_options *options, fm_error *err) {
    builder b = {.options = options};
    fm_status status = fm_dir_make(options->out, err);
    b.reports = calloc(fm_corpus_source_count, sizeof *b.reports);
    if (status == FM_OK && b.reports == NULL)
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu sources", fm_corpus_source_count);
    if (status == FM_OK) status = load_forbidden(&b, err);
    for (size_t s = 0; status == FM_OK && s < fm_corpus_source_count; s++) {
        const char *shard = fm_corpus_sources[s].shard; /* built when its first source comes by */
        bool first = true;
        for (size_t k = 0; k < s; k++) first = first && strcmp(fm_corpus_sources[k].shard, shard) != 0;
        if (first) status = build_shard(&b, shard, err);
    }
    if (status == FM_OK) status = fm_corpus_write_notes(options->out, b.reports, b.files, b.file_count, err);
    fm_decontam_release(&b.forbidden);
    free(b.reports);
    return status;
}
