/* checkpoint.c: saving, finding and loading checkpoints; the order of operations that makes them crash-safe
 * is in checkpoint.h. Their state.json is checkpoint_state.c's. */
#define _GNU_SOURCE
#include "train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "file/safetensors.h"
#include "train/checkpoint_state.h"

enum { PATH_ROOM = 1024 };

/* Removes a checkpoint folder: files only, as we wrote it. */
static void remove_folder(const char *path) {
    DIR *dir = opendir(path);
    if (dir == NULL) return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(path);
}

/* Complete checkpoints are step-<9 digits or more>. */
static bool complete_name(const char *name) {
    if (strncmp(name, "step-", 5) != 0) return false;
    return strlen(name + 5) >= 9 && strspn(name + 5, "0123456789") == strlen(name + 5);
}

static int by_step(const struct dirent **a, const struct dirent **b) {
    size_t la = strlen((*a)->d_name), lb = strlen((*b)->d_name);
    return la != lb ? (la < lb ? -1 : 1) : strcmp((*a)->d_name, (*b)->d_name);
}

static int is_complete(const struct dirent *entry) { return complete_name(entry->d_name); }

static fm_status join(char out[PATH_ROOM], const char *folder, const char *name, fm_error *err) {
    return fm_path_join(out, PATH_ROOM, folder, name, err);
}

/* After a successful save: all but the newest `keep`, and what was never finished. */
static void prune(const char *parent, int keep) {
    struct dirent **list;
    char path[PATH_ROOM];
    int count = scandir(parent, &list, is_complete, by_step);
    for (int i = 0; i < count; i++) {
        if (i < count - keep && join(path, parent, list[i]->d_name, NULL) == FM_OK) remove_folder(path);
        free(list[i]);
    }
    if (count >= 0) free(list);
    DIR *dir = opendir(parent);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, ".tmp-", 5) == 0 && join(path, parent, entry->d_name, NULL) == FM_OK)
            remove_folder(path);
    if (dir) closedir(dir);
}

/* The optimiser's tensors: exp_avg.<name>, exp_avg_sq.<name>. */
static fm_status save_moments(const char *folder, const fm_weights *w, fm_error *err) {
    char path[PATH_ROOM];
    fm_safetensors_item *items = calloc((size_t)w->param_count * 2, sizeof *items);
    char(*names)[FM_PARAM_NAME + 16] = calloc((size_t)w->param_count * 2, sizeof *names);
    fm_status status = FM_OK;
    if (!items || !names) {
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for the list of tensors", folder);
        goto fail;
    }
    int count = 0;
    for (int moment = 0; moment < 2; moment++)
        for (int p = 0; p < w->param_count; p++) {
            const fm_param *param = &w->params[p];
            if (!param->trained) continue;
            snprintf(names[count], sizeof names[0], "%s.%s", moment ? "exp_avg_sq" : "exp_avg", param->name);
            items[count].name = names[count];
            items[count].tensor = (fm_tensor){.dtype = FM_F32,
                                              .dims = param->dims,
                                              .size = {param->size[0], param->size[1]},
                                              .data = (moment ? w->v : w->m) + param->offset};
            count++;
        }
    FM_TRY(join(path, folder, "optimizer.safetensors", err));
    FM_TRY(fm_safetensors_write(path, items, count, NULL, 0, err));
fail:
    free(items);
    free(names);
    return status;
}

static fm_status load_moments(const char *folder, fm_weights *w, fm_error *err) {
    char path[PATH_ROOM], name[FM_PARAM_NAME + 16];
    fm_safetensors *file = NULL;
    fm_status status;
    int expected = 0;
    FM_TRY(join(path, folder, "optimizer.safetensors", err));
    FM_TRY(fm_safetensors_open(&file, path, err));
    for (int moment = 0; moment < 2; moment++)
        for (int p = 0; p < w->param_count; p++) {
            const fm_param *param = &w->params[p];
            if (!param->trained) continue;
            expected++;
            snprintf(name, sizeof name, "%s.%s", moment ? "exp_avg_sq" : "exp_avg", param->name);
            const fm_tensor *t = fm_safetensors_find(file, name);
            if (t == NULL) {
                status = fm_error_set(err, FM_ERR_FORMAT, "%s: %s is missing", path, name);
                goto fail;
            }
            if (t->dtype != FM_F32 || t->dims != param->dims || t->size[0] != param->size[0] ||
                (param->dims == 2 && t->size[1] != param->size[1])) {
                status = fm_error_set(
                    err, FM_ERR_FORMAT, "%s: %s is %s [%lld, %lld], must be F32 [%lld, %lld]", path, name,
                    fm_dtype_name(t->dtype), (long long)t->size[0], (long long)(t->dims > 1 ? t->size[1] : 1),
                    (long long)param->size[0], (long long)(param->dims > 1 ? param->size[1] : 1));
                goto fail;
            }
            memcpy((moment ? w->v : w->m) + param->offset, t->data, param->count * sizeof(float));
        }
    if (fm_safetensors_count(file) != expected)
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: %d tensors, must be %d", path,
                              fm_safetensors_count(file), expected);
fail:
    fm_safetensors_close(file);
    return status;
}

static fm_status save_files(const char *folder, const fm_weights *weights, const fm_run_state *state,
                            fm_error *err) {
    fm_status status;
    fm_buf json = {0};
    char path[PATH_ROOM];
    FM_TRY(fm_weights_save(weights, folder, FM_F32, NULL, 0, err));
    FM_TRY(save_moments(folder, weights, err));
    FM_TRY(fm_state_write(state, folder, &json, err));
    FM_TRY(join(path, folder, "state.json", err));
    FM_TRY(fm_file_write(path, json.data, json.size, err));
    FM_TRY(fm_dir_sync(folder, err));
fail:
    fm_buf_release(&json);
    return status;
}

fm_status fm_checkpoint_save(const char *run, const fm_weights *weights, const fm_run_state *state, int keep,
                             char out[PATH_ROOM], fm_error *err) {
    char parent[PATH_ROOM], temp[PATH_ROOM], name[64];
    fm_status status;
    FM_TRY(join(parent, run, "checkpoints", err));
    snprintf(name, sizeof name, ".tmp-step-%09lld", (long long)state->step);
    FM_TRY(join(temp, parent, name, err));
    FM_TRY(join(out, parent, name + strlen(".tmp-"), err));
    FM_TRY(fm_dir_make(parent, err));
    remove_folder(temp);
    FM_TRY(fm_dir_make(temp, err));
    status = save_files(temp, weights, state, err);
    if (status != FM_OK) {
        remove_folder(
            temp); /* on a full disk this gives the room back; the checkpoints before are untouched */
        return status;
    }
    remove_folder(out); /* the same step saved before: only when nothing was trained in between */
    if (rename(temp, out) != 0) return fm_error_errno(err, "%s: cannot rename to %s", temp, out);
    FM_TRY(fm_dir_sync(parent, err));
    prune(parent, keep);
fail:
    return status;
}

fm_status fm_checkpoint_latest(const char *run, char out[PATH_ROOM], bool *found, fm_error *err) {
    char parent[PATH_ROOM];
    struct dirent **list;
    *found = false;
    fm_status status = join(parent, run, "checkpoints", err);
    if (status != FM_OK || !fm_path_is_dir(parent)) return status;
    int count = scandir(parent, &list, is_complete, by_step);
    if (count < 0) return fm_error_errno(err, "%s: cannot list the folder", parent);
    if (count > 0) {
        *found = true;
        status = join(out, parent, list[count - 1]->d_name, err);
    }
    for (int i = 0; i < count; i++) free(list[i]);
    free(list);
    return status;
}

fm_status fm_checkpoint_load(const char *folder, fm_weights *weights, fm_run_state *state, fm_error *err) {
    fm_status status;
    FM_TRY(fm_state_read(state, folder, err)); /* verifies the other files first */
    FM_TRY(fm_weights_load(weights, folder, err));
    FM_TRY(load_moments(folder, weights, err));
fail:
    return status;
}
