/* adamw.c: the AdamW step and the gradient's sum of squares over the threads. See adamw.h. */
#include "kern/adamw/adamw.h"

#include <omp.h>

#include "base/fmath.h"
#include "kern/adamw/adamw_serial.h"
#include "kern/kern_table.h"
#include "kern/split.h"

void fm_adamw_update(fm_dev *dev, const fm_adamw *op, float *w, float *m, float *v, const float *g,
                     size_t n) {
    double t = (double)op->step;
    fm_adamw_step s = {.grad_scale = op->grad_scale,
                       .keep = (float)(1.0 - (double)op->lr * (double)op->decay),
                       .beta1 = op->beta1,
                       .one_beta1 = (float)(1.0 - (double)op->beta1),
                       .beta2 = op->beta2,
                       .one_beta2 = (float)(1.0 - (double)op->beta2),
                       .rate = (float)((double)op->lr / (1.0 - fm_pow((double)op->beta1, t))),
                       .root_scale = (float)(1.0 / fm_sqrt(1.0 - fm_pow((double)op->beta2, t))),
                       .eps = op->eps};
    int threads = fm_split_threads(dev, (n + 1023) / 1024, 4096);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int i = omp_get_thread_num(), parts = omp_get_num_threads();
        size_t begin = fm_split_begin(n, 1024, i, parts), end = fm_split_begin(n, 1024, i + 1, parts);
        dev->kern->adamw->update(&s, w + begin, m + begin, v + begin, g + begin, end - begin);
    }
}

/* Block sums wait in the first thread's scratch and are added in block order by one thread; as many blocks at
 * a time as the scratch holds. */
double fm_sum_squares(fm_dev *dev, const float *g, size_t n) {
    double total = 0, *sums = fm_dev_scratch(dev, 0);
    size_t room = dev->scratch_bytes / sizeof *sums, blocks = (n + FM_SUM_BLOCK - 1) / FM_SUM_BLOCK;
    for (size_t first = 0; first < blocks; first += room) {
        size_t here = blocks - first < room ? blocks - first : room;
        int threads = fm_split_threads(dev, here, FM_SUM_BLOCK);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
        for (size_t b = 0; b < here; b++) {
            size_t at = (first + b) * FM_SUM_BLOCK, left = n - at;
            sums[b] = dev->kern->adamw->sum_squares(g + at, left < FM_SUM_BLOCK ? left : FM_SUM_BLOCK);
        }
        for (size_t b = 0; b < here; b++) total += sums[b];
    }
    return total;
}
