/* embed.c: embedding and residual sum over the threads: rows forward, columns backward. See embed.h. */
#include "kern/embed/embed.h"

#include <omp.h>
#include <string.h>

#include "kern/embed/embed_serial.h"
#include "kern/kern_table.h"
#include "kern/split.h"

void fm_embed_forward(fm_dev *dev, float *out, const float *table, const int32_t *ids, int rows, int size) {
    int threads = fm_split_threads(dev, (size_t)rows, (size_t)size);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (int t = 0; t < rows; t++)
        memcpy(out + (size_t)t * (size_t)size, table + (size_t)ids[t] * (size_t)size,
               (size_t)size * sizeof *out);
}

void fm_embed_backward(fm_dev *dev, float *d_table, const float *d_out, const int32_t *ids, int rows,
                       int size) {
    int threads = fm_split_threads(dev, ((size_t)size + 15) / 16, (size_t)rows * 16);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->embed->backward(d_table, d_out, ids, rows, (int)fm_split_begin((size_t)size, 16, i, n),
                                   (int)fm_split_begin((size_t)size, 16, i + 1, n), size);
    }
}

void fm_add_to(fm_dev *dev, float *y, const float *x, size_t n) {
    int threads = fm_split_threads(dev, (n + 1023) / 1024, 1024);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), parts = omp_get_num_threads();
        size_t begin = fm_split_begin(n, 1024, i, parts), end = fm_split_begin(n, 1024, i + 1, parts);
        dev->kern->embed->add_to(y + begin, x + begin, end - begin);
    }
}
