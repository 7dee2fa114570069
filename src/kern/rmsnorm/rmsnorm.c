/* rmsnorm.c: RMSNorm over the threads: rows for y and dx, columns for dw. See rmsnorm.h. */
#include "kern/rmsnorm/rmsnorm.h"

#include <omp.h>

#include "kern/kern_table.h"
#include "kern/rmsnorm/rmsnorm_serial.h"
#include "kern/split.h"

void fm_rmsnorm_forward(fm_dev *dev, const fm_rmsnorm *op) {
    int threads = fm_split_threads(dev, (size_t)op->rows, (size_t)op->size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->rmsnorm->forward(op, (int)fm_split_begin((size_t)op->rows, 1, i, n),
                                    (int)fm_split_begin((size_t)op->rows, 1, i + 1, n));
    }
}

void fm_rmsnorm_backward(fm_dev *dev, const fm_rmsnorm_grad *op) {
    int threads = fm_split_threads(dev, (size_t)op->rows, (size_t)op->size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        if (op->dw)
            dev->kern->rmsnorm->backward_w(op, (int)fm_split_begin((size_t)op->size, 16, i, n),
                                           (int)fm_split_begin((size_t)op->size, 16, i + 1, n));
            /* dx may be dy: every column's dw must be done first. */
#pragma omp barrier
        dev->kern->rmsnorm->backward_x(op, (int)fm_split_begin((size_t)op->rows, 1, i, n),
                                       (int)fm_split_begin((size_t)op->rows, 1, i + 1, n));
    }
}
