/* charset.c: see charset.h. */
#include "text/charset.h"

#include <stdlib.h>
#include <string.h>

#include "text/unicode.h"

void fm_charset_add(fm_charset *set, uint32_t first, uint32_t last) {
    if (set->failed) return;
    if (set->count == set->room) {
        int room = set->room ? 2 * set->room : 8;
        fm_char_range *ranges = realloc(set->ranges, (size_t)room * sizeof *ranges);
        if (ranges == NULL) {
            set->failed = true;
            return;
        }
        set->ranges = ranges;
        set->room = room;
    }
    set->ranges[set->count++] = (fm_char_range){first, last};
}

void fm_charset_add_set(fm_charset *set, const fm_charset *other) {
    for (int i = 0; i < other->count; i++) fm_charset_add(set, other->ranges[i].first, other->ranges[i].last);
    set->failed |= other->failed;
}

void fm_charset_add_class(fm_charset *set, uint32_t mask, uint8_t flags) {
    for (int i = 0; i < fm_unicode_range_count; i++) {
        uint32_t entry = fm_unicode_ranges[i];
        uint32_t next = i + 1 < fm_unicode_range_count ? fm_unicode_ranges[i + 1] >> 8 : FM_UNICODE_LIMIT;
        if ((mask >> (entry & FM_UNICODE_CATEGORY) & 1) || (entry & flags))
            fm_charset_add(set, entry >> 8, next - 1);
    }
}

static int by_first(const void *a, const void *b) {
    uint32_t x = ((const fm_char_range *)a)->first, y = ((const fm_char_range *)b)->first;
    return (x > y) - (x < y);
}

void fm_charset_tidy(fm_charset *set) {
    if (set->count == 0) return;
    qsort(set->ranges, (size_t)set->count, sizeof *set->ranges, by_first);
    int n = 0;
    for (int i = 1; i < set->count; i++) {
        fm_char_range range = set->ranges[i];
        if (range.first <= set->ranges[n].last + 1) {
            if (range.last > set->ranges[n].last) set->ranges[n].last = range.last;
        } else {
            set->ranges[++n] = range;
        }
    }
    set->count = n + 1;
}

void fm_charset_negate(fm_charset *set) {
    fm_charset result = {.failed = set->failed};
    uint32_t next = 0;
    for (int i = 0; i < set->count; i++) {
        if (set->ranges[i].first > next) fm_charset_add(&result, next, set->ranges[i].first - 1);
        next = set->ranges[i].last + 1;
    }
    if (next <= FM_UNICODE_LIMIT) fm_charset_add(&result, next, FM_UNICODE_LIMIT);
    fm_charset_release(set);
    *set = result;
}

void fm_charset_intersect(fm_charset *set, const fm_charset *other) {
    fm_charset result = {.failed = set->failed || other->failed};
    for (int i = 0, j = 0; i < set->count && j < other->count;) {
        fm_char_range a = set->ranges[i], b = other->ranges[j];
        uint32_t first = a.first > b.first ? a.first : b.first, last = a.last < b.last ? a.last : b.last;
        if (first <= last) fm_charset_add(&result, first, last);
        if (a.last < b.last)
            i++;
        else
            j++;
    }
    fm_charset_release(set);
    *set = result;
}

bool fm_charset_equal(const fm_charset *a, const fm_charset *b) {
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->ranges, b->ranges, (size_t)a->count * sizeof *a->ranges) == 0);
}

void fm_charset_release(fm_charset *set) {
    free(set->ranges);
    *set = (fm_charset){0};
}
