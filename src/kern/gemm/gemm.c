/* gemm.c: the products of a list over the threads. First form: rows of the reference. */
#include <stddef.h>

#include "kern/gemm/gemm_serial.h"

void fm_gemm_run(fm_dev *dev, const fm_gemm *list, int count, fm_precision precision) {
    (void)precision;
#pragma omp parallel for schedule(dynamic) num_threads(dev->threads)
    for (int i = 0; i < count; i++) fm_gemm_ref(&list[i]);
}

void fm_gemm_forward(fm_dev *dev, float *y, const float *x, const float *w, int m, int n, int k, fm_precision p) {
    fm_gemm g = {.m = m, .n = n, .k = k, .a = x, .lda = k, .b = w, .ldb = k, .transpose_b = true, .c = y, .ldc = n};
    fm_gemm_run(dev, &g, 1, p);
}

void fm_gemm_backward_x(fm_dev *dev, float *dx, const float *dy, const float *w, int m, int n, int k, bool accumulate,
                        fm_precision p) {
    fm_gemm g = {.m = m, .n = k, .k = n, .a = dy, .lda = n, .b = w, .ldb = k, .c = dx, .ldc = k,
                 .accumulate = accumulate};
    fm_gemm_run(dev, &g, 1, p);
}

void fm_gemm_backward_w(fm_dev *dev, float *dw, const float *dy, const float *x, int m, int n, int k, fm_precision p) {
    fm_gemm g = {.m = n, .n = k, .k = m, .a = dy, .lda = n, .transpose_a = true, .b = x, .ldb = k, .c = dw, .ldc = k,
                 .accumulate = true};
    fm_gemm_run(dev, &g, 1, p);
}
