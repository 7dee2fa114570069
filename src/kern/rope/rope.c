/* rope.c: the rotation over the threads, by rows. See rope.h. */
#include "kern/rope/rope.h"

#include <omp.h>

#include "kern/kern_table.h"
#include "kern/rope/rope_serial.h"
#include "kern/split.h"

void fm_rope_apply(fm_dev *dev, const fm_rope *op) {
    int threads = fm_split_threads(dev, (size_t)op->rows, (size_t)op->heads * (size_t)op->size);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->rope->apply(op, (int)fm_split_begin((size_t)op->rows, 1, i, n),
                               (int)fm_split_begin((size_t)op->rows, 1, i + 1, n));
    }
}
