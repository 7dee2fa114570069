/* swiglu.c: SwiGLU over the threads, by rows. See swiglu.h. */
#include "kern/swiglu/swiglu.h"

#include <omp.h>

#include "kern/kern_table.h"
#include "kern/swiglu/swiglu_serial.h"
#include "kern/split.h"

enum { COST = 4 }; /* an exp and a division weigh about four plain elements */

void fm_swiglu_forward(fm_dev *dev, float *h, const float *gu, int rows, int size) {
    int threads = fm_split_threads(dev, (size_t)rows, (size_t)size * COST);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->swiglu->forward(h, gu, (int)fm_split_begin((size_t)rows, 1, i, n),
                                   (int)fm_split_begin((size_t)rows, 1, i + 1, n), size);
    }
}

void fm_swiglu_backward(fm_dev *dev, float *d_gu, const float *dh, const float *gu, float *h_again, int rows,
                        int size) {
    int threads = fm_split_threads(dev, (size_t)rows, (size_t)size * COST);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), n = omp_get_num_threads();
        dev->kern->swiglu->backward(d_gu, dh, gu, h_again, (int)fm_split_begin((size_t)rows, 1, i, n),
                                    (int)fm_split_begin((size_t)rows, 1, i + 1, n), size);
    }
}
