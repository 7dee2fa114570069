/* corpus_hash.c: hashes and a set of them: how the corpus builder knows what it has already seen. */
#include "train/corpus_parts.h"

#include <stdlib.h>

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
