/* data.c: mixing and packing; see data.h for the rules, which are written here once in code: next_source
 * (who), place_text and place_whole (where), seal (what the model gets). */
#include "train/data.h"

#include <stdlib.h>
#include <string.h>

enum {
    CUT_TOKENS = 48, /* a text is cut only where at least this much of it fits: shorter pieces teach little */
    SKIP_LIMIT = 100000
};

/* A source while it is mixed: its window of samples drawn but not yet used up. */
typedef struct stream {
    const fm_source *source;
    fm_sample slot[FM_DATA_WINDOW];  /* sample base + i is in slot[(base + i) % FM_DATA_WINDOW] */
    uint64_t loaded[FM_DATA_WINDOW]; /* number of the sample in the slot, plus 1; 0: none */
    bool blocked;                    /* nothing of it fits into this step any more */
} stream;

/* A piece of a sample, placed in a row. */
typedef struct piece {
    int row, begin, size; /* row; where in `ids` of the scratch it lies; places */
} piece;

struct fm_data {
    fm_data_options options;
    stream *streams;
    fm_source_state *state;
    double total_weight;
    int *row_used;
    piece *pieces;
    int piece_count, piece_room;
    int32_t *scratch_ids, *scratch_target; /* pieces in the order of placing */
    int scratch_used;
    fm_data_step step;
};

fm_status fm_data_open(fm_data **out, const fm_data_options *options, fm_error *err) {
    fm_data *data = calloc(1, sizeof *data);
    size_t places = (size_t)options->rows * (size_t)options->sequence;
    *out = data;
    if (data == NULL) return fm_error_set(err, FM_ERR_MEMORY, "data: no memory");
    data->options = *options;
    data->streams = calloc((size_t)options->count, sizeof *data->streams);
    data->state = calloc((size_t)options->count, sizeof *data->state);
    data->row_used = calloc((size_t)options->rows, sizeof *data->row_used);
    data->piece_room = (int)places; /* a piece is at least one place */
    data->pieces = calloc(places, sizeof *data->pieces);
    data->scratch_ids = calloc(places * 6, sizeof *data->scratch_ids);
    data->step.row_begin = calloc((size_t)options->rows + 1, sizeof *data->step.row_begin);
    if (!data->streams || !data->state || !data->row_used || !data->pieces || !data->scratch_ids ||
        !data->step.row_begin) {
        fm_data_close(data);
        *out = NULL;
        return fm_error_set(err, FM_ERR_MEMORY, "data: no memory for steps of %zu tokens", places);
    }
    data->scratch_target = data->scratch_ids + places;
    data->step.ids = data->scratch_ids + 2 * places;
    data->step.positions = data->scratch_ids + 3 * places;
    data->step.first = data->scratch_ids + 4 * places;
    data->step.target = data->scratch_ids + 5 * places;
    for (int i = 0; i < options->count; i++) {
        data->streams[i].source = &options->sources[i];
        data->total_weight += options->sources[i].spec->weight;
    }
    return FM_OK;
}

void fm_data_close(fm_data *data) {
    if (data == NULL) return;
    for (int i = 0; data->streams && i < data->options.count; i++)
        for (int k = 0; k < FM_DATA_WINDOW; k++) fm_sample_release(&data->streams[i].slot[k]);
    free(data->streams);
    free(data->state);
    free(data->row_used);
    free(data->pieces);
    free(data->scratch_ids);
    free(data->step.row_begin);
    free(data);
}

const fm_source_state *fm_data_state(const fm_data *data) { return data->state; }

void fm_data_state_set(fm_data *data, const fm_source_state *state) {
    memcpy(data->state, state, (size_t)data->options.count * sizeof *state);
    for (int i = 0; i < data->options.count; i++)
        memset(data->streams[i].loaded, 0, sizeof data->streams[i].loaded);
}

/* Sample base + ahead of a source; drawn again after a resume, since draws are pure. */
static fm_status load(fm_data *data, int s, unsigned ahead, fm_sample **out, fm_error *err) {
    stream *st = &data->streams[s];
    uint64_t n = data->state[s].base + ahead;
    unsigned slot = (unsigned)(n % FM_DATA_WINDOW);
    *out = &st->slot[slot];
    if (st->loaded[slot] == n + 1) return FM_OK;
    fm_status status = fm_source_draw(st->source, n, *out, err);
    if (status == FM_OK) st->loaded[slot] = n + 1;
    return status;
}

/* Marks sample base + ahead as used up and moves the window past what is. */
static void use_up(fm_source_state *state, unsigned ahead) {
    state->used |= (uint64_t)1 << ahead;
    while (state->used & 1) {
        state->used >>= 1;
        state->base++;
        state->offset = 0;
    }
}

/* Puts ids[begin, begin + size] into a row: `size` places, of which the last predicts ids[begin + size]. */
static void place(fm_data *data, int s, int row, const fm_sample *sample, uint64_t begin, int size) {
    data->pieces[data->piece_count++] = (piece){.row = row, .begin = data->scratch_used, .size = size};
    bool mask = data->options.answers_only && sample->chat;
    for (int i = 0; i < size; i++) {
        uint64_t at = begin + (uint64_t)i;
        data->scratch_ids[data->scratch_used] = sample->ids.data[at];
        data->scratch_target[data->scratch_used++] =
            mask && !sample->learn.data[at + 1] ? -1 : sample->ids.data[at + 1];
    }
    data->row_used[row] += size;
    data->state[s].tokens += (uint64_t)size;
}

/* The first row with room for `size` places, or -1. */
static int find_row(const fm_data *data, int64_t size) {
    for (int row = 0; row < data->options.rows; row++)
        if (data->options.sequence - data->row_used[row] >= size) return row;
    return -1;
}

/* May it be cut at a row's end? */
static bool splits(const fm_data *data, const fm_sample *sample) {
    if (!sample->chat) return true;
    return !data->options.answers_only && sample->ids.count > (size_t)data->options.sequence + 1;
}

/* Places the next piece of the sample at the window's front. */
static bool place_text(fm_data *data, int s, const fm_sample *sample) {
    fm_source_state *state = &data->state[s];
    int64_t left = (int64_t)sample->ids.count - 1 - (int64_t)state->offset;
    int row = find_row(data, left < CUT_TOKENS ? left : CUT_TOKENS);
    if (row < 0) return false;
    int64_t room = data->options.sequence - data->row_used[row];
    int size = (int)(left < room ? left : room);
    place(data, s, row, sample, state->offset, size);
    state->offset += (uint64_t)size;
    if (size == left) use_up(state, 0);
    return true;
}

/* Places something of source s, or marks it blocked. */
static fm_status place_next(fm_data *data, int s, fm_error *err) {
    fm_source_state *state = &data->state[s];
    stream *st = &data->streams[s];
    int skipped = 0;
    for (unsigned ahead = 0; ahead < FM_DATA_WINDOW;) {
        if (state->used >> ahead & 1) {
            ahead++;
            continue;
        }
        fm_sample *sample;
        fm_status status = load(data, s, ahead, &sample, err);
        if (status != FM_OK) return status;
        int64_t size = (int64_t)sample->ids.count - 1;
        if (size < 1 || (size > data->options.sequence && !splits(data, sample))) {
            state->skipped += size >= 1;
            use_up(state, ahead);
            if (++skipped > SKIP_LIMIT)
                return fm_error_set(err, FM_ERR_FORMAT,
                                    "source %s: %d samples in a row do not fit a sequence of %d tokens",
                                    st->source->spec->name, SKIP_LIMIT, data->options.sequence);
            ahead = 0;
            continue;
        }
        if (splits(data, sample)) {
            /* only the front is cut: one offset describes it; a text further back waits for its turn */
            if (ahead == 0 && place_text(data, s, sample)) return FM_OK;
        } else {
            int row = find_row(data, size);
            if (row >= 0) {
                place(data, s, row, sample, 0, (int)size);
                use_up(state, ahead);
                return FM_OK;
            }
        }
        ahead++;
    }
    st->blocked = true;
    return FM_OK;
}

/* The source that lags most behind its share; -1 when all are blocked. */
static int next_source(const fm_data *data) {
    double all = 1;
    for (int s = 0; s < data->options.count; s++) all += (double)data->state[s].tokens;
    int best = -1;
    double most = 0;
    for (int s = 0; s < data->options.count; s++) {
        if (data->streams[s].blocked) continue;
        double share = data->options.sources[s].spec->weight / data->total_weight;
        double lag = share * all - (double)data->state[s].tokens;
        if (best < 0 || lag > most) {
            best = s;
            most = lag;
        }
    }
    return best;
}

/* From pieces in the order of placing to rows in order, with positions and `first`. */
static void seal(fm_data *data) {
    fm_data_step *step = &data->step;
    *step = (fm_data_step){.rows = data->options.rows,
                           .ids = step->ids,
                           .positions = step->positions,
                           .first = step->first,
                           .target = step->target,
                           .row_begin = step->row_begin};
    for (int row = 0; row < data->options.rows; row++) {
        int begin = step->tokens;
        step->row_begin[row] = begin;
        for (int p = 0; p < data->piece_count; p++) {
            const piece *one = &data->pieces[p];
            if (one->row != row) continue;
            int first = data->options.sample_mask ? step->tokens : begin;
            memcpy(step->ids + step->tokens, data->scratch_ids + one->begin, (size_t)one->size * 4);
            memcpy(step->target + step->tokens, data->scratch_target + one->begin, (size_t)one->size * 4);
            for (int i = 0; i < one->size; i++, step->tokens++) {
                step->first[step->tokens] = first;
                step->positions[step->tokens] = step->tokens - first;
                step->targets += step->target[step->tokens] >= 0;
            }
        }
    }
    step->row_begin[data->options.rows] = step->tokens;
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES];
    fm_sha256_init(&hash);
    fm_sha256_update(&hash, step->ids, (size_t)step->tokens * 4);
    fm_sha256_update(&hash, step->first, (size_t)step->tokens * 4);
    fm_sha256_update(&hash, step->target, (size_t)step->tokens * 4);
    fm_sha256_final(&hash, digest);
    fm_sha256_hex(digest, step->sha256);
}

fm_status fm_data_next(fm_data *data, fm_data_step *step, fm_error *err) {
    data->piece_count = data->scratch_used = 0;
    memset(data->row_used, 0, (size_t)data->options.rows * sizeof *data->row_used);
    for (int s = 0; s < data->options.count; s++) data->streams[s].blocked = false;
    for (int s; (s = next_source(data)) >= 0;) {
        fm_status status = place_next(data, s, err);
        if (status != FM_OK) return status;
    }
    seal(data);
    *step = data->step;
    return FM_OK;
}

fm_batch fm_data_micro(const fm_data_step *step, int begin, int end, int32_t *scratch) {
    int from = step->row_begin[begin], rows = step->row_begin[end] - from;
    for (int i = 0; i < rows; i++) scratch[i] = step->first[from + i] - from;
    return (fm_batch){.rows = rows,
                      .tokens = step->ids + from,
                      .positions = step->positions + from,
                      .first = scratch,
                      .targets = step->target + from};
}
