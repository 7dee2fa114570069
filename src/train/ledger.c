/* ledger.c: see ledger.h. */
#include "train/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char tail_key[] = ",\"prev\":\"";
enum { TAIL_BYTES = sizeof tail_key - 1 + 64 + 2 }; /* ,"prev":"<64>"} */

void fm_json_quote(fm_buf *out, const char *text) {
    fm_buf_putc(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') fm_buf_putc(out, '\\');
        if (*p < 0x20)
            fm_buf_printf(out, "\\u%04x", *p);
        else
            fm_buf_putc(out, (char)*p);
    }
    fm_buf_putc(out, '"');
}

/* One complete line: does it name `prev`? */
static bool follows(const char *line, size_t size, const char *prev) {
    if (size < TAIL_BYTES + 2 || line[0] != '{') return false;
    const char *tail = line + size - TAIL_BYTES;
    return memcmp(tail, tail_key, sizeof tail_key - 1) == 0 &&
           memcmp(tail + sizeof tail_key - 1, prev, 64) == 0 && memcmp(line + size - 2, "\"}", 2) == 0;
}

static bool has_kind(const char *line, size_t size, const char *kind) {
    char start[40];
    int length = snprintf(start, sizeof start, "{\"kind\":\"%s\"", kind);
    return size > (size_t)length && memcmp(line, start, (size_t)length) == 0;
}

static fm_status verify_bytes(const fm_map *map, const char *path, fm_ledger_facts *facts, fm_error *err) {
    const char *at = map->size ? (const char *)map->data : "",
               *end = at + map->size; /* no data: no NULL either */
    *facts = (fm_ledger_facts){0};
    memcpy(facts->last, zeros, sizeof zeros);
    while (map->size > 0 && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) {
            facts->torn_bytes = (uint64_t)(end - at);
            break;
        }
        size_t size = (size_t)(stop - at);
        if (!follows(at, size, facts->last))
            return fm_error_set(err, FM_ERR_FORMAT,
                                "%s: line %lld: the chain is broken: \"prev\" is not the SHA-256 of "
                                "the line before (%.16s...)",
                                path, (long long)facts->lines + 1, facts->last);
        facts->lines++;
        facts->segments += has_kind(at, size, "segment");
        facts->steps += has_kind(at, size, "step");
        fm_sha256_bytes(at, size, facts->last);
        at = stop + 1;
    }
    return FM_OK;
}

fm_status fm_ledger_verify(const char *path, fm_ledger_facts *facts, fm_error *err) {
    fm_map map;
    fm_status status = fm_map_open(&map, path, err);
    if (status != FM_OK) return status;
    status = verify_bytes(&map, path, facts, err);
    fm_map_close(&map);
    return status;
}

fm_status fm_ledger_open(fm_ledger *ledger, const char *path, fm_error *err) {
    *ledger = (fm_ledger){.fd = -1};
    if (strlen(path) >= sizeof ledger->path)
        return fm_error_set(err, FM_ERR_LIMIT, "ledger: path longer than %zu bytes", sizeof ledger->path - 1);
    strcpy(ledger->path, path);
    memcpy(ledger->last, zeros, sizeof zeros);
    fm_status status = FM_OK;
    if (fm_path_exists(path)) {
        fm_ledger_facts facts;
        fm_map map;
        if ((status = fm_map_open(&map, path, err)) != FM_OK) return status;
        uint64_t whole = map.size;
        status = verify_bytes(&map, path, &facts, err);
        fm_map_close(&map);
        if (status != FM_OK) return status;
        if (facts.torn_bytes > 0 && truncate(path, (off_t)(whole - facts.torn_bytes)) != 0)
            return fm_error_errno(err, "%s: cannot cut off an incomplete last line", path);
        memcpy(ledger->last, facts.last, sizeof facts.last);
        ledger->lines = facts.lines;
        ledger->torn_bytes = facts.torn_bytes;
    }
    ledger->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (ledger->fd < 0) return fm_error_errno(err, "%s: cannot open", path);
    return FM_OK;
}

fm_status fm_ledger_append(fm_ledger *ledger, const fm_buf *line, fm_error *err) {
    if (line->failed || line->size < 2)
        return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for a line", ledger->path);
    if (line->size > FM_LEDGER_LINE_BYTES)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: line of %zu bytes, limit %d", ledger->path, line->size,
                            FM_LEDGER_LINE_BYTES);
    fm_buf out = {0};
    fm_buf_append(&out, line->data, line->size - 1); /* without the closing brace */
    fm_buf_printf(&out, "%s%s\"}\n", tail_key, ledger->last);
    fm_status status = FM_OK;
    off_t before = lseek(ledger->fd, 0, SEEK_END);
    ssize_t wrote = out.failed ? -1 : write(ledger->fd, out.data, out.size);
    if (wrote != (ssize_t)out.size) {
        if (wrote >= 0) errno = ENOSPC; /* a short write to a file: the disk is full */
        status = fm_error_errno(err, "%s: cannot append a line of %zu bytes", ledger->path, out.size);
        if (wrote > 0 && before >= 0 && ftruncate(ledger->fd, before) != 0)
            ledger->torn_bytes = (uint64_t)wrote;
    } else {
        fm_sha256_bytes(out.data, out.size - 1, ledger->last);
        ledger->lines++;
    }
    fm_buf_release(&out);
    return status;
}

fm_status fm_ledger_sync(fm_ledger *ledger, fm_error *err) {
    if (ledger->fd >= 0 && fsync(ledger->fd) != 0)
        return fm_error_errno(err, "%s: cannot write to disk", ledger->path);
    return FM_OK;
}

void fm_ledger_close(fm_ledger *ledger) {
    if (ledger->fd >= 0) close(ledger->fd);
    ledger->fd = -1;
}
