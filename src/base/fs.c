/* fs.c: the file helpers of fs.h. Refuses folders where a file is meant, and files over the caller's limit. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embedded.h"

fm_status fm_map_open(fm_map *map, const char *path, fm_error *err) {
    *map = (fm_map){0};
    if (fm_embedded_is(path)) {
        const fm_embedded_file *file = fm_embedded_find(path);
        if (file == NULL) return fm_error_set(err, FM_ERR_IO, "%s: not linked into this program", path);
        *map = (fm_map){.data = file->data, .size = (size_t)(file->end - file->data), .borrowed = true};
        return FM_OK;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fm_error_errno(err, "%s: cannot open", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return fm_error_set(err, FM_ERR_IO, "%s: not a regular file", path);
    }
    if (st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            fm_status status = fm_error_errno(err, "%s: cannot map %lld bytes", path, (long long)st.st_size);
            close(fd);
            return status;
        }
        map->data = data;
        map->size = (size_t)st.st_size;
    }
    close(fd);
    return FM_OK;
}

void fm_map_close(fm_map *map) {
    if (map->data && !map->borrowed) munmap((void *)map->data, map->size);
    *map = (fm_map){0};
}

static fm_status read_embedded(const char *path, size_t limit_bytes, fm_buf *out, fm_error *err) {
    fm_map map;
    fm_status status = fm_map_open(&map, path, err);
    if (status != FM_OK) return status;
    if (map.size > limit_bytes)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, limit_bytes);
    fm_buf_append(out, map.data, map.size);
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for its content", path) : FM_OK;
}

fm_status fm_file_read(const char *path, size_t limit_bytes, fm_buf *out, fm_error *err) {
    if (fm_embedded_is(path)) return read_embedded(path, limit_bytes, out, err);
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL) return fm_error_errno(err, "%s: cannot open", path);
    fm_status status = FM_OK;
    char chunk[65536];
    size_t got, start = out->size;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        fm_buf_append(out, chunk, got);
        if (out->size - start > limit_bytes) {
            status =
                fm_error_set(err, FM_ERR_LIMIT, "%s: larger than the limit of %zu bytes", path, limit_bytes);
            break;
        }
    }
    if (status == FM_OK && ferror(file)) status = fm_error_errno(err, "%s: cannot read", path);
    if (status == FM_OK && out->failed)
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for its content", path);
    if (!standard) fclose(file);
    return status;
}

fm_status fm_writer_begin(fm_writer *writer, const char *path, fm_error *err) {
    *writer = (fm_writer){0};
    if (strlen(path) >= sizeof writer->path)
        return fm_error_set(err, FM_ERR_LIMIT, "%.80s...: path longer than %zu bytes", path,
                            sizeof writer->path - 1);
    strcpy(writer->path, path);
    snprintf(writer->temp, sizeof writer->temp, "%s.tmp", path);
    writer->file = fopen(writer->temp, "wb");
    if (writer->file == NULL) return fm_error_errno(err, "%s: cannot write", writer->temp);
    return FM_OK;
}

fm_status fm_writer_put(fm_writer *writer, const void *bytes, size_t size, fm_error *err) {
    if (size && fwrite(bytes, 1, size, writer->file) != size)
        return fm_error_errno(err, "%s: cannot write %zu bytes", writer->temp, size);
    return FM_OK;
}

fm_status fm_dir_sync(const char *path, fm_error *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fm_error_errno(err, "%s: cannot open the folder", path);
    int bad = fsync(fd);
    fm_status status = FM_OK;
    if (bad && errno != EINVAL) status = fm_error_errno(err, "%s: cannot sync the folder", path);
    close(fd);
    return status;
}

fm_status fm_writer_commit(fm_writer *writer, fm_error *err) {
    fm_status status = FM_OK;
    if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0)
        status = fm_error_errno(err, "%s: cannot write to disk", writer->temp);
    if (fclose(writer->file) != 0 && status == FM_OK)
        status = fm_error_errno(err, "%s: cannot close", writer->temp);
    writer->file = NULL;
    if (status == FM_OK && rename(writer->temp, writer->path) != 0)
        status = fm_error_errno(err, "%s: cannot rename to %s", writer->temp, writer->path);
    if (status != FM_OK) {
        unlink(writer->temp);
        return status;
    }
    char folder[sizeof writer->path];
    strcpy(folder, writer->path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) return fm_dir_sync(".", err);
    slash[slash == folder] = '\0';
    return fm_dir_sync(folder, err);
}

void fm_writer_abort(fm_writer *writer) {
    if (writer->file == NULL) return;
    fclose(writer->file);
    unlink(writer->temp);
    writer->file = NULL;
}

fm_status fm_file_write(const char *path, const void *bytes, size_t size, fm_error *err) {
    fm_writer writer;
    fm_status status = fm_writer_begin(&writer, path, err);
    if (status != FM_OK) return status;
    status = fm_writer_put(&writer, bytes, size, err);
    if (status != FM_OK) {
        fm_writer_abort(&writer);
        return status;
    }
    return fm_writer_commit(&writer, err);
}

bool fm_path_exists(const char *path) {
    if (fm_embedded_is(path)) return fm_embedded_find(path) != NULL || fm_embedded_is_dir(path);
    return access(path, F_OK) == 0;
}

bool fm_path_is_dir(const char *path) {
    if (fm_embedded_is(path)) return fm_embedded_is_dir(path);
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

fm_status fm_dir_make(const char *path, fm_error *err) {
    char part[1024];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof part)
        return fm_error_set(err, FM_ERR_LIMIT, "folder name of %zu bytes; 1 to %zu are possible", size,
                            sizeof part - 1);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return fm_error_errno(err, "%s: cannot make the folder", part);
    }
    if (!fm_path_is_dir(path)) return fm_error_set(err, FM_ERR_IO, "%s: exists and is not a folder", path);
    return FM_OK;
}

fm_status fm_path_join(char *out, size_t room, const char *folder, const char *name, fm_error *err) {
    size_t size = strlen(folder);
    bool slash = size > 0 && folder[size - 1] == '/';
    int wrote = snprintf(out, room, "%s%s%s", folder, slash ? "" : "/", name);
    if (wrote < 0 || (size_t)wrote >= room)
        return fm_error_set(err, FM_ERR_LIMIT, "%.80s.../%.80s: path longer than %zu bytes", folder, name,
                            room - 1);
    return FM_OK;
}
