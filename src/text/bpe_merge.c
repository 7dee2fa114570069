/* bpe_merge.c: the merge loop; see bpe_train.h for the algorithm and bpe_merge.h for the contract.
 *
 * Each pair of neighbouring symbols knows how often it occurs and in which words. Merging a pair touches only
 * the words of its list; counts of the pairs around each place are corrected at once. The heap is lazy: a
 * pair whose count fell keeps its old entry, which is put right when it comes up; a pair whose count rose is
 * queued again.
 */
#include "text/bpe_merge.h"

#include <stdlib.h>
#include <string.h>

typedef struct pair {
    int32_t left, right;
    int64_t count;
    uint32_t *words; /* in which it occurs, or occurred; may name a word twice */
    uint32_t word_count, word_room;
    bool raised; /* in `raised`, waiting to be queued */
} pair;

typedef struct entry {
    int64_t count;
    uint32_t pair;
} entry;

typedef struct word {
    size_t first; /* in `symbols` */
    uint32_t size;
} word;

typedef struct merger {
    fm_tokenizer *t;
    const fm_word_counts *counts;
    fm_error *err;
    int32_t *symbols; /* of all words, one after the other; words shrink in place */
    word *words;
    pair *pairs;
    size_t pair_count, pair_room;
    uint32_t *slots; /* open addressing by (left, right): index + 1 */
    size_t slot_count;
    entry *heap; /* the best on top */
    size_t heap_count, heap_room;
    uint32_t *raised;
    size_t raised_count, raised_room;
} merger;

static fm_status no_memory(merger *m) {
    return fm_error_set(m->err, FM_ERR_MEMORY, "no memory for %zu pairs of %zu words", m->pair_count,
                        m->counts->count);
}

/* Doubles *list when it is full. */
static bool make_room(void *list, size_t count, size_t *room, size_t size) {
    if (count < *room) return true;
    size_t bigger = *room ? 2 * *room : 256;
    void *data = realloc(*(void **)list, bigger * size);
    if (data == NULL) return false;
    *(void **)list = data;
    *room = bigger;
    return true;
}

/* ---- the heap ---- */

static bool is_better(const merger *m, entry a, entry b) {
    if (a.count != b.count) return a.count > b.count;
    const pair *p = &m->pairs[a.pair], *q = &m->pairs[b.pair];
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static fm_status push(merger *m, uint32_t index) {
    if (!make_room(&m->heap, m->heap_count, &m->heap_room, sizeof *m->heap)) return no_memory(m);
    entry new = {m->pairs[index].count, index};
    size_t i = m->heap_count++;
    for (; i > 0 && is_better(m, new, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = new;
    return FM_OK;
}

static entry pop(merger *m) {
    entry top = m->heap[0], last = m->heap[--m->heap_count];
    size_t i = 0, child;
    for (; (child = 2 * i + 1) < m->heap_count; i = child) {
        if (child + 1 < m->heap_count && is_better(m, m->heap[child + 1], m->heap[child])) child++;
        if (!is_better(m, m->heap[child], last)) break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = last;
    return top;
}

/* ---- pairs ---- */

static size_t slot_of(const merger *m, int32_t left, int32_t right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    return (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (m->slot_count - 1);
}

static fm_status grow_slots(merger *m) {
    if (2 * (m->pair_count + 1) <= m->slot_count) return FM_OK;
    size_t slot_count = m->slot_count ? 2 * m->slot_count : 1 << 16;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) return no_memory(m);
    free(m->slots);
    m->slots = slots;
    m->slot_count = slot_count;
    for (size_t p = 0; p < m->pair_count; p++) {
        size_t i = slot_of(m, m->pairs[p].left, m->pairs[p].right);
        while (slots[i]) i = (i + 1) & (slot_count - 1);
        slots[i] = (uint32_t)p + 1;
    }
    return FM_OK;
}

/* The pair's index, made if it is new. */
static fm_status find_pair(merger *m, int32_t left, int32_t right, uint32_t *index) {
    fm_status status = grow_slots(m);
    if (status != FM_OK) return status;
    size_t i = slot_of(m, left, right);
    for (; m->slots[i]; i = (i + 1) & (m->slot_count - 1)) {
        *index = m->slots[i] - 1;
        if (m->pairs[*index].left == left && m->pairs[*index].right == right) return FM_OK;
    }
    if (!make_room(&m->pairs, m->pair_count, &m->pair_room, sizeof *m->pairs)) return no_memory(m);
    *index = (uint32_t)m->pair_count;
    m->pairs[m->pair_count++] = (pair){.left = left, .right = right};
    m->slots[i] = *index + 1;
    return FM_OK;
}

/* `by` more occurrences in a word. */
static fm_status raise_pair(merger *m, int32_t left, int32_t right, int64_t by, uint32_t in) {
    uint32_t index = 0;
    fm_status status = find_pair(m, left, right, &index);
    if (status != FM_OK) return status;
    pair *p = &m->pairs[index];
    p->count += by;
    if (p->word_count == 0 || p->words[p->word_count - 1] != in) {
        size_t room = p->word_room;
        if (room == 0) { /* most pairs occur in few words */
            p->words = malloc(4 * sizeof *p->words);
            if (p->words == NULL) return no_memory(m);
            room = 4;
        } else if (!make_room(&p->words, p->word_count, &room, sizeof *p->words)) {
            return no_memory(m);
        }
        p->word_room = (uint32_t)room;
        p->words[p->word_count++] = in;
    }
    if (p->raised) return FM_OK;
    if (!make_room(&m->raised, m->raised_count, &m->raised_room, sizeof *m->raised)) return no_memory(m);
    m->raised[m->raised_count++] = index;
    p->raised = true;
    return FM_OK;
}

static fm_status queue_raised(merger *m) {
    fm_status status = FM_OK;
    for (size_t i = 0; i < m->raised_count && status == FM_OK; i++) {
        m->pairs[m->raised[i]].raised = false;
        status = push(m, m->raised[i]);
    }
    m->raised_count = 0;
    return status;
}

static fm_status lower_pair(merger *m, int32_t left, int32_t right, int64_t by) {
    uint32_t index = 0;
    fm_status status = find_pair(m, left, right, &index);
    if (status == FM_OK) m->pairs[index].count -= by;
    return status;
}

/* ---- words ---- */

static fm_status load_words(merger *m) {
    const fm_word_counts *counts = m->counts;
    fm_status status = FM_OK;
    size_t at = 0;
    m->symbols = malloc((counts->bytes.size + 1) * sizeof *m->symbols);
    m->words = malloc((counts->count + 1) * sizeof *m->words);
    if (m->symbols == NULL || m->words == NULL) return no_memory(m);
    for (size_t w = 0; w < counts->count; w++) {
        const fm_word_count *source = &counts->words[w];
        m->words[w] = (word){at, source->size};
        for (uint32_t i = 0; i < source->size; i++)
            m->symbols[at++] = m->t->byte_id[(uint8_t)counts->bytes.data[source->offset + i]];
        const int32_t *s = m->symbols + m->words[w].first;
        for (uint32_t i = 0; i + 1 < source->size; i++)
            FM_TRY(raise_pair(m, s[i], s[i + 1], (int64_t)source->count, (uint32_t)w));
    }
    status = queue_raised(m);
fail:
    return status;
}

/* Replaces left right by `id` in a word, from left to right, and corrects the counts of the pairs around. */
static fm_status merge_in_word(merger *m, uint32_t w, int32_t left, int32_t right, int32_t id) {
    int32_t *s = m->symbols + m->words[w].first;
    uint32_t size = m->words[w].size, to = 0;
    int64_t count = (int64_t)m->counts->words[w].count;
    fm_status status = FM_OK;
    for (uint32_t from = 0; from < size; from++) {
        if (from + 1 == size || s[from] != left || s[from + 1] != right) {
            s[to++] = s[from];
            continue;
        }
        FM_TRY(lower_pair(m, left, right, count));
        if (to > 0) {
            FM_TRY(lower_pair(m, s[to - 1], left, count));
            FM_TRY(raise_pair(m, s[to - 1], id, count, w));
        }
        if (from + 2 < size) {
            FM_TRY(lower_pair(m, right, s[from + 2], count));
            FM_TRY(raise_pair(m, id, s[from + 2], count, w));
        }
        s[to++] = id;
        from++;
    }
    m->words[w].size = to;
fail:
    return status;
}

/* ---- the loop ---- */

/* Makes the token for a pair, or finds the one that has its bytes already; *id -1 when the bytes are those of
 * a special token or too long, so that the pair must not be merged. */
static fm_status make_token(merger *m, const pair *p, int32_t *id) {
    fm_tokenizer *t = m->t;
    size_t left_size = t->sizes[p->left], size = left_size + t->sizes[p->right];
    uint8_t bytes[512];
    size_t begin, end;
    *id = -1;
    if (size > sizeof bytes) return FM_OK;
    memcpy(bytes, t->bytes.data + t->offsets[p->left], left_size);
    memcpy(bytes + left_size, t->bytes.data + t->offsets[p->right], size - left_size);
    if (fm_added_next(&t->plain, bytes, size, 0, &begin, &end, id) && begin == 0 && end == size) {
        *id = -1;
        return FM_OK;
    }
    *id = fm_word_find(t, bytes, size, fm_word_hash(bytes, size));
    if (*id >= 0) return FM_OK;
    *id = t->vocab_size;
    return fm_tokenizer_put(t, *id, bytes, size, FM_TOKEN_WORD, "merge", m->err);
}

static fm_status merge_pair(merger *m, uint32_t index) {
    pair best = m->pairs[index]; /* a copy: the list of pairs moves as it grows */
    int32_t id;
    fm_status status = make_token(m, &best, &id);
    if (status != FM_OK || id < 0) return status;
    m->pairs[index].words = NULL;
    m->pairs[index].word_count = m->pairs[index].word_room = 0;
    FM_TRY(fm_tokenizer_put_merge(m->t, best.left, best.right, id, m->err));
    for (uint32_t i = 0; i < best.word_count; i++)
        FM_TRY(merge_in_word(m, best.words[i], best.left, best.right, id));
    status = queue_raised(m);
fail:
    free(best.words);
    return status;
}

static void release(merger *m) {
    for (size_t i = 0; i < m->pair_count; i++) free(m->pairs[i].words);
    free(m->pairs);
    free(m->slots);
    free(m->heap);
    free(m->raised);
    free(m->symbols);
    free(m->words);
}

fm_status fm_bpe_merge(fm_tokenizer *t, const fm_word_counts *counts, const fm_bpe_options *options,
                       fm_error *err) {
    merger m = {.t = t, .counts = counts, .err = err};
    int64_t least = options->min_count ? (int64_t)options->min_count : 2;
    fm_status status = load_words(&m);
    while (status == FM_OK && t->vocab_size < options->vocab_size && m.heap_count > 0) {
        entry best = pop(&m);
        int64_t now = m.pairs[best.pair].count;
        if (now < least) continue; /* it can only come back when it is raised, and then it is queued */
        if (now != best.count) {
            if (now < best.count)
                status = push(&m, best.pair); /* else it was queued again when it was raised */
            continue;
        }
        status = merge_pair(&m, best.pair);
        if (options->progress && t->vocab_size % 64 == 0)
            options->progress(options->progress_context, t->vocab_size, options->vocab_size);
    }
    release(&m);
    return status;
}
