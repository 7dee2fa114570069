/* sample.c: penalties, truncation and the draw of sample.h.
 *
 * Truncation pops candidates from a max-heap, so that top-k and top-p cost what they keep and not a sort of the
 * vocabulary. Refuses what sample.h says.
 */
#include "infer/sample.h"

#include "base/fmath.h"
#include "base/rng.h"

/* A candidate as one ordered key: the logit's bits made monotonic in the high half, the complement of the id in the
 * low half, so that equal logits rank the lower id first. */
static uint64_t key_of(float logit, int32_t id) {
    uint32_t bits = fm_f32_bits(logit);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t)~id;
}

static int32_t id_of(uint64_t key) { return (int32_t) ~(uint32_t)key; }

static void sift_down(uint64_t *heap, int count, int at) {
    uint64_t key = heap[at];
    for (int child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= key) break;
        heap[at] = heap[child];
    }
    heap[at] = key;
}

/* Moves the largest key behind the shrinking heap: after n pops, heap[count-n .. count-1] holds them, best last. */
static uint64_t pop(uint64_t *heap, int *count) {
    uint64_t top = heap[0];
    heap[0] = heap[--*count];
    if (*count > 0) sift_down(heap, *count, 0);
    heap[*count] = top;
    return top;
}

fm_sample_options fm_sample_options_default(void) {
    return (fm_sample_options){.temperature = 0.6f,
                               .top_p = 0.95f,
                               .repeat_penalty = 1.0f,
                               .repeat_last = 64}; /* R1's evaluation settings */
}

fm_status fm_sample_options_check(const fm_sample_options *o, fm_error *err) {
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {{"temperature", o->temperature, 0, 10},
                  {"top_k", o->top_k, 0, 1 << 24},
                  {"top_p", o->top_p, 1e-6, 1},
                  {"min_p", o->min_p, 0, 0.999999},
                  {"repeat_penalty", o->repeat_penalty, 0.1, 10},
                  {"repeat_last", o->repeat_last, 0, 1 << 24}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return fm_error_set(err, FM_ERR_ARG, "%s = %g: must lie between %g and %g", ranges[i].name,
                                ranges[i].value, ranges[i].low, ranges[i].high);
    return FM_OK;
}

/* Each recent token is penalised once, however often it occurred. */
static void penalise(const fm_sample_options *o, const fm_sample_in *in) {
    int count = in->recent_count < o->repeat_last ? in->recent_count : o->repeat_last;
    const int32_t *recent = in->recent + in->recent_count - count;
    for (int i = 0; i < count; i++) {
        int32_t id = recent[i];
        int seen = 0;
        for (int j = 0; j < i && !seen; j++) seen = recent[j] == id;
        if (seen || id < 0 || id >= in->vocab) continue;
        float *logit = &in->logits[id];
        *logit = *logit > 0 ? *logit / o->repeat_penalty : *logit * o->repeat_penalty;
    }
}

/* Probability weight of a logit: e^((logit - best) / temperature), in double; 0 for what is not finite. */
static double weight_of(float logit, float best, float temperature) {
    float x = (logit - best) / temperature;
    return x == x ? (double)fm_expf(x) : 0.0;
}

fm_status fm_sample_token(const fm_sample_options *o, const fm_sample_in *in, int32_t *token, fm_error *err) {
    if (o->repeat_penalty != 1.0f) penalise(o, in);
    int32_t best = -1;
    for (int32_t i = 0; i < in->vocab; i++) {
        float x = in->logits[i];
        if (x - x == 0 && (best < 0 || x > in->logits[best])) best = i;
    }
    if (best < 0)
        return fm_error_set(err, FM_ERR_NUMERIC, "none of the %d logits at position %llu is finite",
                            in->vocab, (unsigned long long)in->position);
    *token = best;
    if (o->temperature == 0) return FM_OK;

    uint64_t *heap = in->workspace;
    int count = 0;
    for (int32_t i = 0; i < in->vocab; i++)
        if (in->logits[i] - in->logits[i] == 0) heap[count++] = key_of(in->logits[i], i);
    for (int i = count / 2 - 1; i >= 0; i--) sift_down(heap, count, i);

    /* The mass that top-p measures against: what top-k leaves, or everything. */
    int all = count, keep = o->top_k > 0 && o->top_k < count ? o->top_k : count;
    float top = in->logits[best];
    double mass = 0;
    if (keep < all)
        for (int i = 0; i < keep; i++)
            mass += weight_of(in->logits[id_of(pop(heap, &count))], top, o->temperature);
    else
        for (int i = 0; i < all; i++) mass += weight_of(in->logits[id_of(heap[i])], top, o->temperature);

    /* Walk from the best downwards until top-p's share is reached or min-p cuts. */
    int kept = 0;
    double share = 0, goal = o->top_p < 1 ? o->top_p * mass : mass;
    while (kept < keep && (kept == 0 || share < goal)) {
        if (all - count <= kept) pop(heap, &count);
        double w = weight_of(in->logits[id_of(heap[all - 1 - kept])], top, o->temperature);
        if (kept > 0 && w < o->min_p) break;
        share += w;
        kept++;
    }

    fm_rng rng = fm_rng_init(o->seed, "sample");
    rng.counter = in->position * 4; /* a block of its own per position */
    double draw = fm_rng_f64(&rng) * share;
    for (int i = 0; i < kept; i++) {
        *token = id_of(heap[all - 1 - i]);
        draw -= weight_of(in->logits[*token], top, o->temperature);
        if (draw < 0) break;
    }
    return FM_OK;
}
