/* decontam.c: windows of ten words, hashed. See decontam.h. */
#include "task/decontam.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "task/task.h"

/* Reads the next word at *at: its hash, or 0 at the end. CJK and other non-ASCII characters stand alone. */
static uint64_t next_word(const char **at, const char *end) {
    const unsigned char *p = (const unsigned char *)*at, *stop = (const unsigned char *)end;
    for (; p < stop;
         p++) { /* ASCII punctuation, space, and the CJK punctuation of U+3000..303F and U+FF00..FF1F */
        if (*p >= 0x80) {
            if (stop - p >= 3 && p[0] == 0xE3 && p[1] == 0x80)
                p += 2;
            else if (stop - p >= 3 && p[0] == 0xEF && p[1] == 0xBC && p[2] < 0xA0)
                p += 2;
            else
                break;
        } else if (isalnum(*p))
            break;
    }
    if (p == stop) return *at = end, 0;
    uint64_t h = 0xcbf29ce484222325u;
    if (*p >= 0x80) {
        int n = *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : 2;
        while (n-- > 0 && p < stop) h = (h ^ *p++) * 0x100000001b3u;
    } else if (isdigit(*p))
        while (p < stop && isdigit(*p)) h = (h ^ *p++) * 0x100000001b3u;
    else
        while (p < stop && isalpha(*p)) h = (h ^ (unsigned char)tolower(*p++)) * 0x100000001b3u;
    *at = (const char *)p;
    return h | 1;
}

/* Slides a window over the text: each full window's hash to `visit`, or the whole text's when it is shorter.
 * Stops when visit returns true; that is the result. */
static bool windows(const char *text, size_t size, bool (*visit)(void *, uint64_t), void *context) {
    uint64_t ring[FM_DECONTAM_GRAM];
    const char *at = text;
    size_t count = 0;
    for (uint64_t word; (word = next_word(&at, text + size)) != 0;) {
        ring[count++ % FM_DECONTAM_GRAM] = word;
        if (count < FM_DECONTAM_GRAM) continue;
        uint64_t h = 0x9E3779B97F4A7C15u;
        for (size_t i = 0; i < FM_DECONTAM_GRAM; i++)
            h = (h ^ ring[(count + i) % FM_DECONTAM_GRAM]) * 0xD6E8FEB86659FD93u, h ^= h >> 32;
        if (visit(context, h | 1)) return true;
    }
    if (count == 0 || count >= FM_DECONTAM_GRAM) return false;
    uint64_t h = 0xA0761D6478BD642Fu; /* a short text: apart from every window */
    for (size_t i = 0; i < count; i++) h = (h ^ ring[i]) * 0xD6E8FEB86659FD93u, h ^= h >> 32;
    return visit(context, h | 1);
}

static bool contains(void *context, uint64_t h) {
    const fm_decontam *set = context;
    if (set->room == 0) return false;
    for (size_t i = h >> 7;; i++) {
        uint64_t slot = set->slots[i & (set->room - 1)];
        if (slot == 0) return false;
        if (slot == h) return true;
    }
}

static bool grow(fm_decontam *set) {
    size_t room = set->room ? set->room * 2 : 1024;
    uint64_t *slots = calloc(room, sizeof *slots);
    if (slots == NULL) return false;
    for (size_t k = 0; k < set->room; k++) {
        uint64_t h = set->slots[k];
        if (h == 0) continue;
        size_t i = h >> 7;
        while (slots[i & (room - 1)] != 0) i++;
        slots[i & (room - 1)] = h;
    }
    free(set->slots);
    set->slots = slots;
    set->room = room;
    return true;
}

/* Returns true, which ends the windows, only when memory ran out. */
static bool insert(void *context, uint64_t h) {
    fm_decontam *set = context;
    if (contains(set, h)) return false;
    if (set->used * 2 >= set->room && !grow(set)) return true;
    size_t i = h >> 7;
    while (set->slots[i & (set->room - 1)] != 0) i++;
    set->slots[i & (set->room - 1)] = h;
    set->used++;
    return false;
}

fm_status fm_decontam_add(fm_decontam *set, const char *text, size_t size, fm_error *err) {
    if (windows(text, size, insert, set))
        return fm_error_set(err, FM_ERR_MEMORY, "decontamination: no memory for more than %zu windows",
                            set->used);
    return FM_OK;
}

fm_status fm_decontam_add_tasks(fm_decontam *set, uint64_t seed, uint64_t count, fm_error *err) {
    fm_status status = FM_OK;
    fm_task_problem problem;
    for (int f = 0; f < FM_TASK_FAMILIES; f++)
        for (int level = 1; level <= FM_TASK_LEVELS; level++)
            for (int lang = 0; lang < FM_LANGS; lang++)
                for (uint64_t i = 0; i < count; i++) {
                    FM_TRY(fm_task_generate(&problem, f, level, lang, FM_TASK_TEST, seed, i, err));
                    FM_TRY(fm_decontam_add(set, problem.prompt, strlen(problem.prompt), err));
                }
fail:
    return status;
}

bool fm_decontam_hit(const fm_decontam *set, const char *text, size_t size) {
    return windows(text, size, contains, (void *)(uintptr_t)set);
}

void fm_decontam_release(fm_decontam *set) {
    free(set->slots);
    *set = (fm_decontam){0};
}
