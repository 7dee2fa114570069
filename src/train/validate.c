/* validate.c: see validate.h. */
#include "train/validate.h"

#include <stdlib.h>

#include "base/fmath.h"

/* Grows while a set is packed; each buffer holds int32_t. */
typedef struct packing {
    fm_buf ids, positions, first, target, rows;
    int used, row; /* places filled; where the current row begins */
} packing;

static void put(fm_buf *buf, int32_t value) { fm_buf_append(buf, &value, sizeof value); }

static void new_row(packing *p) {
    put(&p->rows, p->used);
    p->row = p->used;
}

/* Places ids[begin .. begin + size] of a sample; counts the bytes of what must be predicted. */
static void put_piece(packing *p, const fm_source *source, const fm_sample *sample, size_t begin, int size,
                      fm_validation_set *set) {
    int first = p->used;
    for (int i = 0; i < size; i++, p->used++) {
        size_t at = begin + (size_t)i, bytes = 0;
        int32_t target = sample->ids.data[at + 1];
        bool counts = (!sample->chat || sample->learn.data[at + 1]) &&
                      !fm_tokenizer_is_special(source->tpl->tokenizer, target);
        if (counts) fm_tokenizer_bytes(source->tpl->tokenizer, target, &bytes);
        set->bytes += bytes;
        set->step.targets += counts;
        put(&p->ids, sample->ids.data[at]);
        put(&p->positions, p->used - first);
        put(&p->first, first);
        put(&p->target, counts ? target : -1);
    }
}

fm_status fm_validation_build(fm_validation_set *set, const fm_source *source, int sequence, int64_t tokens,
                              fm_error *err) {
    *set = (fm_validation_set){0};
    snprintf(set->name, sizeof set->name, "%s", source->spec->name);
    packing p = {0};
    fm_sample sample = {0};
    fm_status status = FM_OK;
    int64_t limit = source->docs > 0 ? source->docs : INT64_MAX;
    for (int64_t n = 0; n < limit && p.used < tokens; n++) {
        FM_TRY(fm_source_draw(source, (uint64_t)n, &sample, err));
        size_t left = sample.ids.count - 1;
        for (size_t begin = 0; left > 0 && p.used < tokens;) {
            int size = left < (size_t)sequence ? (int)left : sequence;
            if (p.used == 0 || p.used - p.row + size > sequence) new_row(&p);
            put_piece(&p, source, &sample, begin, size, set);
            begin += (size_t)size;
            left -= (size_t)size;
        }
    }
    int rows = (int)(p.rows.size / sizeof(int32_t));
    put(&p.rows, p.used);
    if (p.ids.failed || p.positions.failed || p.first.failed || p.target.failed || p.rows.failed) {
        status =
            fm_error_set(err, FM_ERR_MEMORY, "validation of %s: no memory for %d tokens", set->name, p.used);
        goto fail;
    }
    set->step.rows = rows;
    set->step.tokens = p.used;
    set->step.ids = (int32_t *)(void *)p.ids.data;
    set->step.positions = (int32_t *)(void *)p.positions.data;
    set->step.first = (int32_t *)(void *)p.first.data;
    set->step.target = (int32_t *)(void *)p.target.data;
    set->step.row_begin = (int *)(void *)p.rows.data;
    fm_sample_release(&sample);
    if (set->bytes > 0) return FM_OK;
    fm_validation_release(set);
    return fm_error_set(err, FM_ERR_FORMAT, "validation of %s: no text to predict", source->spec->name);
fail:
    fm_sample_release(&sample);
    fm_buf_release(&p.ids);
    fm_buf_release(&p.positions);
    fm_buf_release(&p.first);
    fm_buf_release(&p.target);
    fm_buf_release(&p.rows);
    return status;
}

void fm_validation_release(fm_validation_set *set) {
    free(set->step.ids);
    free(set->step.positions);
    free(set->step.first);
    free(set->step.target);
    free(set->step.row_begin);
    *set = (fm_validation_set){0};
}

fm_status fm_validation_run(const fm_validation_set *set, fm_stepper *stepper, fm_precision precision,
                            int micro_rows, fm_validation_score *out, fm_error *err) {
    double nats = 0;
    int64_t targets = 0;
    fm_status status = fm_stepper_measure(stepper, &set->step, precision, micro_rows, &nats, &targets, err);
    if (status != FM_OK) return status;
    *out = (fm_validation_score){.bits_per_byte = nats / (fm_log(2) * (double)set->bytes),
                                 .nats_per_token = nats / (double)targets,
                                 .tokens = targets};
    return FM_OK;
}
