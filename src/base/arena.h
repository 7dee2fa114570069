/* arena.h: one block of memory per purpose, sized up front, with a plan that can be printed.
 *
 * Use: in a first pass every user calls fm_arena_take on an arena without memory ("planning"): pointers come
 * back NULL and only sizes add up. fm_arena_commit then allocates once; a second, identical pass hands out the
 * memory. So the plan and the use cannot drift apart, and nothing allocates inside a step.
 *
 * Every piece is 64-byte aligned (a cache line, an AVX-512 register); the block is aligned to 2 MiB and advised
 * huge. Under AddressSanitizer the gaps between pieces are poisoned red zones. Not thread-safe.
 */
#ifndef FM_BASE_ARENA_H
#define FM_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum { FM_ARENA_LABELS = 64 };

typedef struct fm_arena {
    const char *purpose; /* "weights", "activations" ...: heads the plan; borrowed, static text */
    char *base;          /* NULL while planning */
    size_t used;         /* bytes handed out, with padding */
    size_t room;         /* bytes committed */
    struct {             /* the plan: bytes per label, in order of first use */
        const char *label;
        size_t bytes;
    } plan[FM_ARENA_LABELS];
    int labels;
    bool overflow; /* a size computation wrapped round, or the second pass asked for more than the first */
} fm_arena;

/* An arena in its planning pass. `purpose` must outlive it. */
void fm_arena_init(fm_arena *arena, const char *purpose);

/* count * size bytes for `label` (static text), 64-byte aligned; NULL while planning or on overflow. The first
 * commit hands out zeroed memory. */
void *fm_arena_take(fm_arena *arena, const char *label, size_t count, size_t size);

/* Allocates what was planned and starts the second pass. FM_ERR_MEMORY names purpose and size. */
fm_status fm_arena_commit(fm_arena *arena, fm_error *err);

/* Starts handing out from the beginning again (contents stay). */
void fm_arena_rewind(fm_arena *arena);

/* One line per label and the total, for `fathom show` and the doctor. */
void fm_arena_print(const fm_arena *arena, FILE *out);

void fm_arena_release(fm_arena *arena);

#endif
