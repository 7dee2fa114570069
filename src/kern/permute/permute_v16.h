/* permute_v16.h: joining the experts' rows by sixteen: permute_ref.c's operations. Included by one file per
 * level. */
#include "kern/permute/permute_serial.h"
#include "kern/v16.h"

/* y += w x, or y += x */
FM_V16_INLINE fm_v16 join(const float *weight, fm_v16 x, fm_v16 y) {
    return weight ? fm_v16_fma(fm_v16_set1(*weight), x, y) : fm_v16_add(y, x);
}

/* A row of y is read and written once, whatever top_k is. */
static void combine(const fm_permute *plan, float *y, const float *in, const float *weights, int size,
                    int row, int row_end) {
    for (int t = row; t < row_end; t++) {
        const int32_t *slots = plan->slot_of + (size_t)t * (size_t)plan->top_k;
        const float *w = weights ? weights + (size_t)t * (size_t)plan->top_k : NULL;
        float *to = y + (size_t)t * (size_t)size;
        for (int i = 0; i < size; i += 16) {
            int n = size - i < 16 ? size - i : 16;
            fm_v16 sum = fm_v16_load_part(to + i, n);
            for (int j = 0; j < plan->top_k; j++)
                sum = join(w ? w + j : NULL, fm_v16_load_part(in + (size_t)slots[j] * (size_t)size + i, n),
                           sum);
            fm_v16_store_part(to + i, sum, n);
        }
    }
}

static void combine_backward(const fm_permute *plan, float *d_in, float *d_weights, const float *dy,
                             const float *in, const float *weights, int size, int row, int row_end) {
    for (int t = row; t < row_end; t++)
        for (int j = 0; j < plan->top_k; j++) {
            size_t choice = (size_t)t * (size_t)plan->top_k + (size_t)j;
            size_t slot = (size_t)plan->slot_of[choice] * (size_t)size;
            const float *d = dy + (size_t)t * (size_t)size;
            fm_v16 w = fm_v16_set1(weights[choice]), sum = fm_v16_zero();
            for (int i = 0; i < size; i += 16) {
                int n = size - i < 16 ? size - i : 16;
                fm_v16 x = fm_v16_load_part(d + i, n);
                sum = fm_v16_fma(x, fm_v16_load_part(in + slot + i, n), sum);
                fm_v16_store_part(d_in + slot + i, fm_v16_mul(w, x), n);
            }
            d_weights[choice] = fm_v16_sum(sum);
        }
}
