/* embed_v16.h: the embedding's gradient and the residual sum by sixteen. Included by one file per level. */
#include "kern/embed/embed_serial.h"
#include "kern/v16.h"

static void add_to(float *y, const float *x, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) fm_v16_store(y + i, fm_v16_add(fm_v16_load(y + i), fm_v16_load(x + i)));
    for (; i < n; i++) y[i] += x[i];
}

static void backward(float *d_table, const float *d_out, const int32_t *ids, int rows, int column,
                     int column_end, int size) {
    for (int t = 0; t < rows; t++)
        add_to(d_table + (size_t)ids[t] * (size_t)size + column, d_out + (size_t)t * (size_t)size + column,
               (size_t)(column_end - column));
}
