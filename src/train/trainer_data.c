/* trainer_data.c: the recipe's sources made ready: files encoded once, validation packed, counters carried
 * from stage to stage. A source that appears in several stages under one name goes on where it was, so a
 * curriculum does not begin with the same documents again. */
#include <stdlib.h>
#include <string.h>

#include "train/trainer_impl.h"

enum { DECONTAM_SEED = 1 }; /* eval's default seed: the problems a model card reports on */

static shared_tokens *find_file(fm_trainer *t, const char *path) {
    for (int i = 0; i < t->file_count; i++)
        if (strcmp(t->files[i].path, path) == 0) return &t->files[i];
    return NULL;
}

/* What every file of one run is encoded with. */
typedef struct encoder {
    fm_tokens_options options;
    char decontam_id[64];
    fm_decontam decontam;
} encoder;

static fm_status encode(fm_trainer *t, encoder *e, const fm_source_spec *spec, fm_error *err) {
    if (spec->kind != FM_SOURCE_FILE || find_file(t, spec->path)) return FM_OK;
    shared_tokens *more = realloc(t->files, (size_t)(t->file_count + 1) * sizeof *more);
    if (more == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", spec->path);
    t->files = more;
    shared_tokens *file = &t->files[t->file_count];
    *file = (shared_tokens){0};
    strcpy(file->path, spec->path);
    strcpy(file->name, spec->name);
    e->options.path = spec->path;
    fm_status status = fm_tokens_open(&file->tokens, &e->options, err);
    if (status == FM_OK) t->file_count++;
    return status;
}

fm_status fm_trainer_encode_files(fm_trainer *t, fm_error *err) {
    encoder e = {.options = {.tpl = &t->tpl, .tokenizer_sha256 = t->state.tokenizer_sha256}};
    char folder[1024];
    fm_status status;
    FM_TRY(fm_path_join(folder, sizeof folder, t->cache, "tokens", err));
    e.options.cache = folder;
    e.options.decontam_id = e.decontam_id;
    if (t->recipe.decontaminate > 0) {
        FM_TRY(fm_decontam_add_tasks(&e.decontam, DECONTAM_SEED, t->recipe.decontaminate, err));
        e.options.decontam = &e.decontam;
        /* the set's size stands for the generators' version: other problems, other windows */
        snprintf(e.decontam_id, sizeof e.decontam_id, "tasks %d %llu %zu", DECONTAM_SEED,
                 (unsigned long long)t->recipe.decontaminate, e.decontam.used);
    }
    for (int i = 0; i < t->recipe.stage_count; i++)
        for (int s = 0; s < t->recipe.stage[i].source_count; s++)
            FM_TRY(encode(t, &e, &t->recipe.stage[i].sources[s], err));
    for (int s = 0; s < t->recipe.validation_count; s++) FM_TRY(encode(t, &e, &t->recipe.validation[s], err));
fail:
    fm_decontam_release(&e.decontam);
    return status;
}

static fm_status open_source(fm_trainer *t, fm_source *out, const fm_source_spec *spec, bool validation,
                             fm_error *err) {
    shared_tokens *file = spec->kind == FM_SOURCE_FILE ? find_file(t, spec->path) : NULL;
    return fm_source_init(out, spec, &t->tpl, file ? &file->tokens : NULL, t->recipe.seed, validation, err);
}

static fm_status add_set(fm_trainer *t, const fm_source_spec *spec, fm_error *err) {
    for (int i = 0; i < t->set_count; i++)
        if (strcmp(t->sets[i].name, spec->name) == 0)
            return FM_OK; /* a later stage's source of the same name */
    fm_validation_set *more = realloc(t->sets, (size_t)(t->set_count + 1) * sizeof *more);
    if (more == NULL) return fm_error_set(err, FM_ERR_MEMORY, "validation: no memory");
    t->sets = more;
    fm_source source;
    int longest = 0;
    for (int i = 0; i < t->recipe.stage_count; i++)
        if (t->recipe.stage[i].sequence > longest) longest = t->recipe.stage[i].sequence;
    fm_status status = open_source(t, &source, spec, true, err);
    if (status == FM_OK)
        status =
            fm_validation_build(&t->sets[t->set_count], &source, longest, t->recipe.validation_tokens, err);
    if (status == FM_OK) t->set_count++;
    return status;
}

fm_status fm_trainer_make_validation(fm_trainer *t, fm_error *err) {
    fm_status status = FM_OK;
    if (t->recipe.validate_every == 0) return FM_OK;
    for (int s = 0; s < t->recipe.validation_count; s++) FM_TRY(add_set(t, &t->recipe.validation[s], err));
    for (int i = 0; i < t->recipe.stage_count; i++)
        for (int s = 0; s < t->recipe.stage[i].source_count; s++)
            if (t->recipe.stage[i].sources[s].holdout)
                FM_TRY(add_set(t, &t->recipe.stage[i].sources[s], err));
fail:
    return status;
}

static fm_source_mark *find_mark(fm_trainer *t, const char *name) {
    for (int i = 0; i < t->state.source_count; i++)
        if (strcmp(t->state.sources[i].name, name) == 0) return &t->state.sources[i];
    return NULL;
}

fm_status fm_trainer_enter_stage(fm_trainer *t, int index, fm_error *err) {
    const fm_stage *stage = &t->recipe.stage[index];
    fm_source_state states[FM_RECIPE_SOURCES] = {{0}};
    fm_status status;
    t->sources = calloc((size_t)stage->source_count, sizeof *t->sources);
    if (t->sources == NULL) return fm_error_set(err, FM_ERR_MEMORY, "stage %s: no memory", stage->name);
    for (int s = 0; s < stage->source_count; s++) {
        status = open_source(t, &t->sources[s], &stage->sources[s], false, err);
        if (status != FM_OK) return status;
        const fm_source_mark *mark = find_mark(t, stage->sources[s].name);
        if (mark == NULL) continue;
        states[s] = mark->state;
        if (mark->stage != index) states[s].tokens = states[s].skipped = 0; /* shares are kept per stage */
    }
    fm_data_options options = {.sources = t->sources,
                               .count = stage->source_count,
                               .rows = stage->batch_rows,
                               .sequence = stage->sequence,
                               .sample_mask = stage->sample_mask,
                               .answers_only = stage->kind == FM_STAGE_SFT};
    status = fm_data_open(&t->data, &options, err);
    if (status != FM_OK) return status;
    fm_data_state_set(t->data, states);
    t->stage = index;
    return FM_OK;
}

void fm_trainer_keep_marks(fm_trainer *t) {
    if (t->data == NULL) return;
    const fm_stage *stage = &t->recipe.stage[t->stage];
    const fm_source_state *states = fm_data_state(t->data);
    for (int s = 0; s < stage->source_count; s++) {
        fm_source_mark *mark = find_mark(t, stage->sources[s].name);
        if (mark == NULL && t->state.source_count < FM_CHECKPOINT_SOURCES) {
            mark = &t->state.sources[t->state.source_count++];
            strcpy(mark->name, stage->sources[s].name);
        }
        if (mark == NULL) continue; /* the recipe's limits are below: opening has checked */
        mark->stage = t->stage;
        mark->state = states[s];
    }
}

void fm_trainer_leave_stage(fm_trainer *t) {
    fm_trainer_keep_marks(t);
    fm_data_close(t->data);
    free(t->sources);
    t->data = NULL;
    t->sources = NULL;
}
