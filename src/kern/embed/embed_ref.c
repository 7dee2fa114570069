/* embed_ref.c: the embedding's gradient and the residual sum in plain C. The last step of a gradient's path;
 * the forward is a copy of rows and stands in embed.c. Refuses nothing: ids were checked. */
#include "kern/embed/embed_serial.h"

/* d_table[ids[t]] += d_out[t], in row order */
static void backward(float *d_table, const float *d_out, const int32_t *ids, int rows, int column,
                     int column_end, int size) {
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

const fm_embed_kernels fm_embed_ref = {backward, add_to};
