/* embedded.c: looking up linked-in files; see embedded.h. The table itself is generated. */
#include "base/embedded.h"

#include <string.h>

static const char *after_prefix(const char *path) {
    size_t prefix = sizeof FM_EMBEDDED_PREFIX - 1;
    return strncmp(path, FM_EMBEDDED_PREFIX, prefix) == 0 ? path + prefix : NULL;
}

bool fm_embedded_is(const char *path) { return after_prefix(path) != NULL; }

const fm_embedded_file *fm_embedded_find(const char *path) {
    const char *name = after_prefix(path);
    if (name == NULL) return NULL;
    for (const fm_embedded_file *file = fm_embedded_files; file->path; file++)
        if (strcmp(file->path, name) == 0) return file;
    return NULL;
}

bool fm_embedded_is_dir(const char *path) {
    const char *name = after_prefix(path);
    if (name == NULL || *name == '\0') return false;
    size_t size = strlen(name);
    if (name[size - 1] == '/') size--;
    for (const fm_embedded_file *file = fm_embedded_files; file->path; file++)
        if (strncmp(file->path, name, size) == 0 && file->path[size] == '/') return true;
    return false;
}
