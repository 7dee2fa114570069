/* attention.c: blocks and segments of rows, by head, over the threads. See attention.h.
 *
 * Tasks differ in length by their place under the causal triangle, so threads take them from a counter. The
 * list of tasks is never written down: each thread walks along first[] to the task it drew.
 */
#include "kern/attention/attention.h"

#include <omp.h>
#include <stdatomic.h>

#include "kern/attention/attention_serial.h"
#include "kern/kern_table.h"

typedef struct walk {
    const int32_t *first;
    int rows, max_rows;
    bool segments;
    int index, row, row_end; /* the piece reached */
} walk;

/* A block ends where first[] changes or after max_rows rows; a segment ends where a row looks back no further
 * than itself. */
static void walk_to(walk *w, int index) {
    while (w->index < index && w->row_end < w->rows) {
        int row = w->row = w->row_end, end = row + 1;
        while (end < w->rows && (w->segments ? w->first[end] < end
                                             : w->first[end] == w->first[row] && end - row < w->max_rows))
            end++;
        w->row_end = end;
        w->index++;
    }
}

static int walk_count(walk w) {
    int count = 0;
    for (; w.row_end < w.rows; count++) walk_to(&w, count);
    return count;
}

void fm_attention_forward(fm_dev *dev, const fm_attention *op) {
    walk start = {.first = op->first, .rows = op->q_rows, .max_rows = FM_ATTENTION_TILE, .index = -1};
    int tasks = walk_count(start) * op->heads, threads = tasks < dev->threads ? tasks : dev->threads;
    atomic_int next = 0;
    if (tasks == 0) return;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        walk w = start;
        for (int task = next++; task < tasks; task = next++) {
            walk_to(&w, task / op->heads);
            dev->kern->attention->forward(op, task % op->heads, w.row, w.row_end,
                                          fm_dev_scratch(dev, omp_get_thread_num()));
        }
    }
}

void fm_attention_backward(fm_dev *dev, const fm_attention_grad *op) {
    const fm_attention *f = &op->forward;
    walk start = {.first = f->first, .rows = f->q_rows, .segments = true, .index = -1};
    int tasks = walk_count(start) * f->kv_heads, threads = tasks < dev->threads ? tasks : dev->threads;
    atomic_int next = 0;
    if (tasks == 0) return;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        walk w = start;
        for (int task = next++; task < tasks; task = next++) {
            walk_to(&w, task / f->kv_heads);
            dev->kern->attention->backward(op, task % f->kv_heads, w.row, w.row_end,
                                           fm_dev_scratch(dev, omp_get_thread_num()));
        }
    }
}
