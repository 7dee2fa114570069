/* split.h: how an operation shares its outputs among threads: contiguous ranges, whole cache lines, and no
 * thread woken for less work than waking it costs. Splits never cut a sum, so they never change a bit.
 */
#ifndef FM_KERN_SPLIT_H
#define FM_KERN_SPLIT_H

#include <stddef.h>

#include "dev/dev.h"

/* The threads worth waking for `units` independent pieces of about `cost` elements each. A parallel region
 * costs about as much as 8,192 streamed elements. */
static inline int fm_split_threads(const fm_dev *dev, size_t units, size_t cost) {
    size_t worth = units * cost / 8192;
    if (worth > units) worth = units;
    if (worth > (size_t)dev->threads) worth = (size_t)dev->threads;
    return worth < 1 ? 1 : (int)worth;
}

/* Where part `index` of `parts` begins in `count` items cut in multiples of `grain`; part `parts` begins at
 * count. */
static inline size_t fm_split_begin(size_t count, size_t grain, int index, int parts) {
    size_t chunks = (count + grain - 1) / grain;
    size_t begin = chunks * (size_t)index / (size_t)parts * grain;
    return begin < count ? begin : count;
}

#endif
