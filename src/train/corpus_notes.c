/* corpus_notes.c: where every byte of the shards came from: manifest.json for programs, SOURCES.md for
 * people. */
#include "train/corpus_parts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "train/corpus.h"

static const char intro[] =
    "# What the shards are made of\n"
    "\n"
    "Written by `fathom corpus`; do not edit. The texts below belong to their authors and are passed on "
    "under the\n"
    "licences named; changes made: cleaned, cut into documents, sampled (src/train/corpus*.c says how). One "
    "document in\n"
    "a hundred is held out (`.val`). No document shares ten words in a row (or ten Chinese characters) with\n"
    "the evaluation samples. `manifest.json` says the same for programs.\n"
    "\n";

static fm_status put(const char *out, const char *name, const char *text, fm_error *err) {
    char path[1024];
    fm_status status = fm_path_join(path, sizeof path, out, name, err);
    return status == FM_OK ? fm_file_write(path, text, strlen(text), err) : status;
}

static fm_status write_json(const char *out, const fm_corpus_source_report *reports,
                            const fm_corpus_file *files, size_t file_count, fm_error *err) {
    json_t *sources = json_array(), *shards = json_array();
    for (size_t i = 0; i < fm_corpus_source_count; i++) {
        const fm_corpus_source *s = &fm_corpus_sources[i];
        const fm_corpus_source_report *r = &reports[i];
        json_array_append_new(sources,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s*,s:I,s:I,s:I,s:I,s:I}", "name", s->name,
                                        "path", s->path, "shard", s->shard, "origin", s->origin, "licence",
                                        s->licence, "sha256", r->sha256, "credit", s->credit, "files",
                                        (json_int_t)r->files, "bytes", (json_int_t)r->input_bytes,
                                        "documents_found", (json_int_t)r->found, "documents_kept",
                                        (json_int_t)r->kept, "bytes_kept", (json_int_t)r->kept_bytes));
    }
    for (size_t i = 0; i < file_count; i++)
        json_array_append_new(shards, json_pack("{s:s,s:s,s:I,s:I,s:I}", "file", files[i].name, "sha256",
                                                files[i].sha256, "documents", (json_int_t)files[i].documents,
                                                "bytes", (json_int_t)files[i].text_bytes, "packed_bytes",
                                                (json_int_t)files[i].packed_bytes));
    json_t *root = json_pack("{s:o,s:o}", "shards", shards, "sources", sources);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (text == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s/manifest.json: no memory", out);
    fm_status status = put(out, "manifest.json", text, err);
    free(text);
    return status;
}

fm_status fm_corpus_write_notes(const char *out, const fm_corpus_source_report *reports,
                                const fm_corpus_file *files, size_t file_count, fm_error *err) {
    fm_buf md = {0};
    size_t packed = 0;
    fm_buf_puts(&md, intro);
    fm_buf_puts(&md, "| shard | documents | bytes | packed | sha256 |\n|---|---:|---:|---:|---|\n");
    for (size_t i = 0; i < file_count; i++) {
        fm_buf_printf(&md, "| %s | %ld | %zu | %zu | %.16s |\n", files[i].name, files[i].documents,
                      files[i].text_bytes, files[i].packed_bytes, files[i].sha256);
        packed += files[i].packed_bytes;
    }
    fm_buf_printf(&md, "\n%zu bytes packed in all.\n\n", packed);
    fm_buf_puts(&md, "| source | shard | licence | from | credit | kept bytes | sha256 "
                     "|\n|---|---|---|---|---|---:|---|\n");
    for (size_t i = 0; i < fm_corpus_source_count; i++) {
        const fm_corpus_source *s = &fm_corpus_sources[i];
        fm_buf_printf(&md, "| %s | %s | %s | %s | %s | %zu | %.16s |\n", s->name, s->shard, s->licence,
                      s->origin, s->credit ? s->credit : "", reports[i].kept_bytes, reports[i].sha256);
    }
    fm_status status = md.failed ? fm_error_set(err, FM_ERR_MEMORY, "%s/SOURCES.md: no memory", out)
                                 : put(out, "SOURCES.md", md.data, err);
    fm_buf_release(&md);
    return status == FM_OK ? write_json(out, reports, files, file_count, err) : status;
}
