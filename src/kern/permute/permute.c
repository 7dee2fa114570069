/* permute.c: the plan (a counting sort) and the data movement over the threads. See permute.h. */
#include "kern/permute/permute.h"

#include <omp.h>
#include <string.h>

#include "kern/kern_table.h"
#include "kern/permute/permute_serial.h"
#include "kern/split.h"

void fm_permute_plan(const fm_permute *plan, const int32_t *chosen) {
    int32_t *begin = plan->begin;
    int choices = plan->rows * plan->top_k;
    memset(begin, 0, ((size_t)plan->experts + 1) * sizeof *begin);
    for (int c = 0; c < choices; c++) begin[chosen[c] + 1]++;
    for (int e = 0; e < plan->experts; e++) begin[e + 1] += begin[e];
    /* begin[e] serves as the write position of expert e and has become begin[e + 1] when all are placed. */
    for (int c = 0; c < choices; c++) {
        int32_t slot = begin[chosen[c]]++;
        plan->source[slot] = c / plan->top_k;
        plan->slot_of[c] = slot;
    }
    for (int e = plan->experts; e > 0; e--) begin[e] = begin[e - 1];
    begin[0] = 0;
}

void fm_permute_gather(fm_dev *dev, const fm_permute *plan, float *out, const float *x, int size) {
    size_t slots = (size_t)plan->rows * (size_t)plan->top_k;
    int threads = fm_split_threads(dev, slots, (size_t)size);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (size_t s = 0; s < slots; s++)
        memcpy(out + s * (size_t)size, x + (size_t)plan->source[s] * (size_t)size,
               (size_t)size * sizeof *out);
}

void fm_permute_combine(fm_dev *dev, const fm_permute *plan, float *y, const float *in, const float *weights,
                        int size) {
    size_t rows = (size_t)plan->rows;
    int threads = fm_split_threads(dev, rows, (size_t)size * (size_t)plan->top_k);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->permute->combine(plan, y, in, weights, size, (int)fm_split_begin(rows, 1, i, n),
                                    (int)fm_split_begin(rows, 1, i + 1, n));
    }
}

void fm_permute_combine_backward(fm_dev *dev, const fm_permute *plan, float *d_in, float *d_weights,
                                 const float *dy, const float *in, const float *weights, int size) {
    size_t rows = (size_t)plan->rows;
    int threads = fm_split_threads(dev, rows, (size_t)size * (size_t)plan->top_k * 2);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->permute->combine_backward(plan, d_in, d_weights, dy, in, weights, size,
                                             (int)fm_split_begin(rows, 1, i, n),
                                             (int)fm_split_begin(rows, 1, i + 1, n));
    }
}
