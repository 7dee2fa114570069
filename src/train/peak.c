/* peak.c: see peak.h. */
#include "train/peak.h"

#include <stdlib.h>
#include <time.h>

double fm_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

fm_status fm_peak_measure(fm_dev *dev, fm_precision precision, double *flops_per_second, fm_error *err) {
    enum { N = 1024, RUNS = 6 };
    size_t count = (size_t)N * N;
    float *data = malloc(3 * count * sizeof *data);
    if (data == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory to measure the machine's peak");
    for (size_t i = 0; i < 3 * count; i++) data[i] = (float)(i * 2654435761u % 1000) * 1e-3f - 0.5f;
    double best = 1e30;
    for (int run = 0; run < RUNS; run++) {
        double start = fm_clock();
        fm_gemm_forward(dev, data, data + count, data + 2 * count, N, N, N, precision);
        double seconds = fm_clock() - start;
        if (seconds < best) best = seconds;
    }
    free(data);
    *flops_per_second = 2.0 * N * N * N / best;
    return FM_OK;
}
