/* corpus_hash.c: hashes, a set of them, and 10-grams: how the corpus builder knows what it has already seen
 * and what it must not take. */
#include "train/corpus_parts.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { GRAM = 10 };

static uint64_t mixed(uint64_t h) {
    h = (h ^ (h >> 31)) * 0x7fb5d329728ea185u;
    h = (h ^ (h >> 27)) * 0x81dadef4bc2dd44du;
    h ^= h >> 33;
    return h ? h : 1;
}

uint64_t fm_corpus_hash(const void *bytes, size_t size) {
    const unsigned char *p = bytes;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return mixed(h);
}

/* The slot that holds `hash`, or the free one where it belongs; needs room > used. */
static uint64_t *slot_of(const fm_hash_set *set, uint64_t hash) {
    size_t i = hash & (set->room - 1);
    while (set->slots[i] != 0 && set->slots[i] != hash) i = (i + 1) & (set->room - 1);
    return &set->slots[i];
}

bool fm_hash_set_has(const fm_hash_set *set, uint64_t hash) {
    return set->room && *slot_of(set, hash) == hash;
}

bool fm_hash_set_add(fm_hash_set *set, uint64_t hash, bool *added) {
    if (2 * (set->used + 1) > set->room) {
        fm_hash_set wider = {.room = set->room ? 2 * set->room : 1024, .used = set->used};
        wider.slots = calloc(wider.room, sizeof *wider.slots);
        if (wider.slots == NULL) return false;
        for (size_t i = 0; i < set->room; i++)
            if (set->slots[i]) *slot_of(&wider, set->slots[i]) = set->slots[i];
        free(set->slots);
        *set = wider;
    }
    uint64_t *slot = slot_of(set, hash);
    *added = *slot == 0;
    set->used += *added;
    *slot = hash;
    return true;
}

void fm_hash_set_release(fm_hash_set *set) {
    free(set->slots);
    *set = (fm_hash_set){0};
}

/* The units of an n-gram: hash of the next word, number or Chinese character from *at on; 0 at the end. */
static uint64_t next_unit(const char *text, size_t size, size_t *at) {
    uint64_t h = 0;
    while (*at < size) {
        unsigned char c = (unsigned char)text[*at];
        if (c >= 0x80) {
            if (h) return mixed(h);
            utf8proc_int32_t point;
            utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + *at,
                                                     (utf8proc_ssize_t)(size - *at), &point);
            *at += used > 0 ? (size_t)used : 1;
            if (used > 0 && point >= 0x3400 && point <= 0x9fff) return mixed((uint64_t)point + 0x100000000u);
            continue;
        }
        bool escape = c == '\\' && *at + 1 < size; /* "\n" of a JSON text is a break, not the letter n */
        bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        *at += escape ? 2 : 1;
        if (part)
            h = ((h ? h : 0xcbf29ce484222325u) ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 0x100000001b3u;
        else if (h)
            return mixed(h);
    }
    return h ? mixed(h) : 0;
}

typedef bool gram_visitor(void *context, uint64_t hash);

/* Calls `visit` for each 10-gram until it returns false. */
static void each_gram(const char *text, size_t size, gram_visitor *visit, void *context) {
    uint64_t units[GRAM];
    size_t at = 0, count = 0;
    for (uint64_t unit; (unit = next_unit(text, size, &at)) != 0;) {
        units[count++ % GRAM] = unit;
        if (count < GRAM) continue;
        uint64_t h = 0;
        for (size_t k = 0; k < GRAM; k++) h = mixed(h * 31 + units[(count + k) % GRAM]);
        if (!visit(context, h)) return;
    }
}

typedef struct adding {
    fm_hash_set *set;
    bool good;
} adding;

static bool add_gram(void *context, uint64_t hash) {
    adding *a = context;
    bool added;
    a->good = fm_hash_set_add(a->set, hash, &added);
    return a->good;
}

bool fm_corpus_grams_add(fm_hash_set *set, const char *text, size_t size) {
    adding a = {set, true};
    each_gram(text, size, add_gram, &a);
    return a.good;
}

typedef struct looking {
    const fm_hash_set *set;
    bool found;
} looking;

static bool find_gram(void *context, uint64_t hash) {
    looking *l = context;
    l->found = fm_hash_set_has(l->set, hash);
    return !l->found;
}

bool fm_corpus_grams_any(const fm_hash_set *set, const char *text, size_t size) {
    looking l = {set, false};
    each_gram(text, size, find_gram, &l);
    return l.found;
}
