/* arena.c: the two-pass arena of arena.h. Refuses sizes that overflow and a second pass larger than the first. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define FM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FM_ASAN 1
#endif
#endif
#ifdef FM_ASAN
#include <sanitizer/asan_interface.h>
enum { RED_ZONE = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(a, n)   ((void)(a), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(a, n) ((void)(a), (void)(n))
enum { RED_ZONE = 0 };
#endif

enum { ALIGN = 64, HUGE_PAGE = 2 << 20 };

void fm_arena_init(fm_arena *arena, const char *purpose) { *arena = (fm_arena){.purpose = purpose}; }

static void note(fm_arena *arena, const char *label, size_t bytes) {
    for (int i = 0; i < arena->labels; i++)
        if (strcmp(arena->plan[i].label, label) == 0) {
            arena->plan[i].bytes += bytes;
            return;
        }
    if (arena->labels == FM_ARENA_LABELS) return; /* the total still counts it */
    arena->plan[arena->labels].label = label;
    arena->plan[arena->labels++].bytes = bytes;
}

void *fm_arena_take(fm_arena *arena, const char *label, size_t count, size_t size) {
    size_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4 ||
        __builtin_add_overflow(arena->used, (bytes + ALIGN - 1) / ALIGN * ALIGN + RED_ZONE, &end)) {
        arena->overflow = true;
        return NULL;
    }
    if (arena->base == NULL) {
        note(arena, label, bytes);
        arena->used = end;
        return NULL;
    }
    if (end > arena->room) {
        arena->overflow = true;
        return NULL;
    }
    void *piece = arena->base + arena->used;
    ASAN_UNPOISON_MEMORY_REGION(piece, bytes);
    arena->used = end;
    return piece;
}

fm_status fm_arena_commit(fm_arena *arena, fm_error *err) {
    if (arena->overflow)
        return fm_error_set(err, FM_ERR_LIMIT, "memory plan for %s: a size overflows", arena->purpose);
    size_t room = (arena->used + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (room == 0) room = HUGE_PAGE;
    void *base = aligned_alloc(HUGE_PAGE, room);
    if (base == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "%s needs %.1f MiB, which the system refused", arena->purpose,
                            (double)room / 1048576);
    madvise(base, room, MADV_HUGEPAGE); /* advice only: failure costs speed, nothing else */
    memset(base, 0, room);
    ASAN_POISON_MEMORY_REGION(base, room);
    arena->base = base;
    arena->room = room;
    arena->used = 0;
    return FM_OK;
}

void fm_arena_rewind(fm_arena *arena) { arena->used = 0; }

void fm_arena_print(const fm_arena *arena, FILE *out) {
    size_t total = 0;
    for (int i = 0; i < arena->labels; i++) {
        fprintf(out, "  %-28s %10.2f MiB\n", arena->plan[i].label, (double)arena->plan[i].bytes / 1048576);
        total += arena->plan[i].bytes;
    }
    fprintf(out, "  %-28s %10.2f MiB\n", arena->purpose, (double)total / 1048576);
}

void fm_arena_release(fm_arena *arena) {
    if (arena->base) ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->room);
    free(arena->base);
    *arena = (fm_arena){.purpose = arena->purpose};
}
