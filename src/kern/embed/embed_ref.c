/* embed_ref.c: embedding rows and the residual sum in plain C. The first step of a token's path and the last of a
 * gradient's. Refuses nothing: ids were checked. */
#include <string.h>

#include "kern/embed/embed_serial.h"

/* out[t] = table[ids[t]] */
static void forward(float *out, const float *table, const int32_t *ids, int row, int row_end, int size) {
    for (int t = row; t < row_end; t++)
        memcpy(out + (size_t)t * (size_t)size, table + (size_t)ids[t] * (size_t)size, (size_t)size * sizeof *out);
}

/* d_table[ids[t]] += d_out[t], in row order */
static void backward(float *d_table, const float *d_out, const int32_t *ids, int rows, int column, int column_end,
                     int size) {
    for (int t = 0; t < rows; t++) {
        float *to = d_table + (size_t)ids[t] * (size_t)size;
        const float *from = d_out + (size_t)t * (size_t)size;
        for (int i = column; i < column_end; i++) to[i] += from[i];
    }
}

/* y += x */
static void add_to(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

const fm_embed_kernels fm_embed_ref = {forward, backward, add_to};
