/* report_data.c: reading run.jsonl for the report. Refuses broken chains and lines that are not what the
 * ledger writes, by file and line. */
#include "train/report_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

/* Room for one more element; NULL when there is no memory. */
static void *grow(void *list, int count, int *room, size_t size) {
    if (count < *room) return list;
    int more = *room ? 2 * *room : 256;
    void *bigger = realloc(list, (size_t)more * size);
    if (bigger) *room = more;
    return bigger;
}

static double number(const json_t *line, const char *key) {
    return json_number_value(json_object_get(line, key));
}

static fm_status no_memory(fm_error *err) { return fm_error_set(err, FM_ERR_MEMORY, "report: no memory"); }

static double worst_load(const json_t *line) {
    double most = 0;
    const char *key;
    json_t *block;
    json_object_foreach(json_object_get(line, "load"), key, block) {
        double one = json_number_value(json_array_get(block, 0));
        if (one > most) most = one;
    }
    return most;
}

static fm_status take_load(report_data *d, json_t *line, int64_t step, fm_error *err) {
    json_t *experts = json_object_get(line, "experts");
    if (!json_is_object(experts)) return FM_OK;
    report_load *more = grow(d->loads, d->load_count, &d->load_room, sizeof *more);
    if (more == NULL || json_array_append(d->kept, line) != 0) return no_memory(err);
    d->loads = more;
    while (d->load_count > 0 && d->loads[d->load_count - 1].step >= step) d->load_count--;
    d->loads[d->load_count++] = (report_load){.step = step, .experts = experts};
    return FM_OK;
}

/* A step done again after a resume replaces itself and all later ones. */
static fm_status take_step(report_data *d, json_t *line, fm_error *err) {
    report_step one = {.step = (int64_t)number(line, "step"),
                       .loss = number(line, "loss"),
                       .loss_mtp = number(line, "loss_mtp"),
                       .grad_norm = number(line, "grad_norm"),
                       .lr = number(line, "lr"),
                       .tokens = number(line, "tokens"),
                       .seconds = number(line, "seconds"),
                       .max_load = worst_load(line)};
    while (d->step_count > 0 && d->steps[d->step_count - 1].step >= one.step) {
        d->step_count--;
        d->repeated++;
    }
    while (d->score_count > 0 && d->scores[d->score_count - 1].step >= one.step) d->score_count--;
    report_step *more = grow(d->steps, d->step_count, &d->step_room, sizeof *more);
    if (more == NULL) return no_memory(err);
    d->steps = more;
    d->steps[d->step_count++] = one;
    d->spent_seconds += one.seconds;
    d->spent_tokens += one.tokens;
    d->flops = number(line, "flops");
    size_t segment = json_array_size(d->segments);
    if (segment > 0)
        d->peak_seconds +=
            1e9 * number(json_array_get(d->segments, segment - 1), "peak_gflops") * one.seconds;
    return take_load(d, line, one.step, err);
}

static int find_set(report_data *d, const char *name) {
    int i = 0;
    while (i < d->set_count && strcmp(d->sets[i], name) != 0) i++;
    if (i < d->set_count) return i;
    if (i == REPORT_SETS) return -1;
    snprintf(d->sets[i], sizeof d->sets[i], "%s", name);
    d->set_count++;
    return i;
}

static fm_status take_validation(report_data *d, json_t *line, fm_error *err) {
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(line, "bits_per_byte"), name, value) {
        int set = find_set(d, name);
        report_score *more = grow(d->scores, d->score_count, &d->score_room, sizeof *more);
        if (more == NULL) return no_memory(err);
        d->scores = more;
        if (set >= 0)
            d->scores[d->score_count++] = (report_score){
                .step = (int64_t)number(line, "step"), .set = set, .bits_per_byte = json_number_value(value)};
    }
    return FM_OK;
}

/* joules counts from the segment's beginning: its last value is the segment's. */
static fm_status take_line(report_data *d, json_t *line, double *joules, fm_error *err) {
    const char *kind = json_string_value(json_object_get(line, "kind"));
    if (kind == NULL) return fm_error_set(err, FM_ERR_FORMAT, "no kind");
    if (strcmp(kind, "segment") == 0) {
        d->joules += *joules;
        *joules = 0;
        if (json_array_append(d->segments, line) != 0 || json_array_append_new(d->ends, json_null()) != 0)
            return no_memory(err);
    } else if (strcmp(kind, "step") == 0) {
        *joules = number(line, "joules");
        return take_step(d, line, err);
    } else if (strcmp(kind, "validation") == 0) {
        return take_validation(d, line, err);
    } else if (strcmp(kind, "end") == 0) {
        size_t count = json_array_size(d->ends);
        if (count > 0 && json_array_set(d->ends, count - 1, line) != 0) return no_memory(err);
    } else if (strcmp(kind, "checkpoint") != 0) {
        return fm_error_set(err, FM_ERR_FORMAT, "kind is \"%.40s\", which a ledger does not have", kind);
    }
    return FM_OK;
}

static fm_status read_lines(report_data *d, const fm_map *map, const char *path, fm_error *err) {
    const char *at = (const char *)map->data, *end = at + map->size - d->facts.torn_bytes;
    double joules = 0;
    for (int64_t number_of = 1; at < end; number_of++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        json_error_t where;
        json_t *line = json_loadb(at, (size_t)(stop - at), JSON_REJECT_DUPLICATES, &where);
        if (line == NULL)
            return fm_error_set(err, FM_ERR_FORMAT, "%s: line %lld: %s", path, (long long)number_of,
                                where.text);
        fm_status status = take_line(d, line, &joules, err);
        json_decref(line);
        if (status != FM_OK) {
            fm_error_prefix(err, "%s: line %lld", path, (long long)number_of);
            return status;
        }
        at = stop + 1;
    }
    d->joules += joules;
    if (d->step_count == 0) return fm_error_set(err, FM_ERR_FORMAT, "%s: no step to report", path);
    return FM_OK;
}

fm_status report_read(report_data *d, const char *path, fm_error *err) {
    fm_map map = {0};
    fm_status status;
    *d = (report_data){0};
    d->kept = json_array();
    d->segments = json_array();
    d->ends = json_array();
    if (!d->kept || !d->segments || !d->ends) {
        status = no_memory(err);
        goto fail;
    }
    FM_TRY(fm_ledger_verify(path, &d->facts, err));
    FM_TRY(fm_map_open(&map, path, err));
    if (map.size > d->facts.torn_bytes)
        status = read_lines(d, &map, path, err);
    else
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: the ledger is empty", path);
fail:
    fm_map_close(&map);
    return status;
}

void report_release(report_data *d) {
    free(d->steps);
    free(d->scores);
    free(d->loads);
    json_decref(d->kept);
    json_decref(d->segments);
    json_decref(d->ends);
    *d = (report_data){0};
}
