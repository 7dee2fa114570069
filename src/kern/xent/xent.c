/* xent.c: blocks of rows through the head, the loss and back. See xent.h.
 *
 * Rows without a target cost nothing where many stand together: a block begins and ends with a row that has
 * one, and ends before a gap of BRIDGE such rows.
 */
#include "kern/xent/xent.h"

#include <omp.h>
#include <string.h>

#include "kern/kern_table.h"
#include "kern/split.h"
#include "kern/xent/xent_serial.h"

enum { BRIDGE = 16 };

/* The next block at or after `row`: *begin .. *end - 1; false when no row has a target. */
static bool next_block(const fm_xent *op, int row, int *begin, int *end) {
    while (row < op->rows && op->targets[row] < 0) row++;
    *begin = *end = row;
    for (; row < op->rows && row < *begin + op->block_rows && row - *end < BRIDGE; row++)
        if (op->targets[row] >= 0) *end = row + 1;
    return *begin < op->rows;
}

/* Logits become gradients in place; the losses go to the first thread's scratch, idle between two products.
 */
static double block_loss(fm_dev *dev, const fm_xent *op, int begin, int end) {
    float *loss = fm_dev_scratch(dev, 0);
    bool gradient = op->dx || op->dw;
    size_t vocab = (size_t)op->vocab;
    int threads = fm_split_threads(dev, (size_t)(end - begin), vocab * 4);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int t = begin; t < end; t++) {
        float *logits = op->workspace + (size_t)(t - begin) * vocab;
        if (op->targets[t] < 0)
            memset(logits, 0, vocab * sizeof *logits);
        else
            loss[t - begin] = dev->kern->xent->row(logits, op->vocab, op->targets[t], op->scale, gradient);
    }
    double sum = 0;
    for (int t = begin; t < end; t++) {
        if (op->targets[t] < 0) continue;
        sum += (double)loss[t - begin];
        if (op->row_loss) op->row_loss[t] = loss[t - begin];
    }
    return sum;
}

double fm_xent_run(fm_dev *dev, const fm_xent *op) {
    double sum = 0;
    int begin, end, done = 0;
    size_t size = (size_t)op->size;
    for (bool more = true; more; done = end) {
        more = next_block(op, done, &begin, &end);
        if (op->row_loss)
            for (int t = done; t < end; t++) op->row_loss[t] = 0;
        if (op->dx) memset(op->dx + (size_t)done * size, 0, (size_t)(begin - done) * size * sizeof *op->dx);
        if (!more) break;
        const float *x = op->x + (size_t)begin * size;
        int rows = end - begin;
        fm_gemm_forward(dev, op->workspace, x, op->w, rows, op->vocab, op->size, op->precision);
        sum += block_loss(dev, op, begin, end);
        if (op->dx)
            fm_gemm_backward_x(dev, op->dx + (size_t)begin * size, op->workspace, op->w, rows, op->vocab,
                               op->size, false, op->precision);
        if (op->dw)
            fm_gemm_backward_w(dev, op->dw, op->workspace, x, rows, op->vocab, op->size, op->precision);
    }
    return sum;
}
