/* fs.h: files: mapping, reading with a limit, and writing that survives a crash.
 *
 * Paths that begin with "embedded:" name files linked into the program (base/embedded.h); they can be read only.
 * Every message names the path. Writers go to "<path>.tmp", fsync, rename over <path>, fsync the folder: after
 * a crash or a full disk the old file is still whole.
 */
#ifndef FM_BASE_FS_H
#define FM_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/status.h"

/* A whole file mapped read-only. data is NULL when the file is empty. Release with fm_map_close. */
typedef struct fm_map {
    const uint8_t *data;
    size_t size;
    bool borrowed; /* a linked-in file: nothing to unmap */
} fm_map;

fm_status fm_map_open(fm_map *map, const char *path, fm_error *err);
void fm_map_close(fm_map *map);

/* Appends the file's bytes to *out. FM_ERR_LIMIT above limit_bytes (which it names). "-" is standard input. */
fm_status fm_file_read(const char *path, size_t limit_bytes, fm_buf *out, fm_error *err);

/* A file being written; begin, write any number of times, then commit or abort. */
typedef struct fm_writer {
    FILE *file;
    char path[1024], temp[1032];
} fm_writer;

fm_status fm_writer_begin(fm_writer *writer, const char *path, fm_error *err);
fm_status fm_writer_put(fm_writer *writer, const void *bytes, size_t size, fm_error *err);
fm_status fm_writer_commit(fm_writer *writer, fm_error *err); /* on failure the temporary file is removed */
void fm_writer_abort(fm_writer *writer);                      /* safe on {0} and after commit */

/* begin, put, commit in one call. */
fm_status fm_file_write(const char *path, const void *bytes, size_t size, fm_error *err);

bool fm_path_exists(const char *path);
bool fm_path_is_dir(const char *path);

/* Makes the folder and its parents; an existing folder is fine. */
fm_status fm_dir_make(const char *path, fm_error *err);

/* "folder/name" in static-size storage; FM_ERR_LIMIT when it does not fit. */
fm_status fm_path_join(char *out, size_t room, const char *folder, const char *name, fm_error *err);

/* fsync of a folder, so that a rename inside it is durable. */
fm_status fm_dir_sync(const char *path, fm_error *err);

#endif
