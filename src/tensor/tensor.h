/* tensor.h: a view of elements somewhere. A view owns nothing.
 *
 * Row-major and contiguous: the last dimension varies fastest. A function that needs a stride takes it as an
 * argument.
 */
#ifndef FM_TENSOR_TENSOR_H
#define FM_TENSOR_TENSOR_H

#include "tensor/dtype.h"

enum { FM_MAX_DIMS = 4 };

typedef struct fm_tensor {
    fm_dtype dtype;
    int dims;                  /* 0 (one element) to FM_MAX_DIMS */
    int64_t size[FM_MAX_DIMS]; /* elements along each dimension, outermost first */
    void *data;                /* borrowed */
} fm_tensor;

/* Elements in all; sizes were checked against overflow by whoever made the view. */
static inline int64_t fm_tensor_count(const fm_tensor *t) {
    int64_t count = 1;
    for (int i = 0; i < t->dims; i++) count *= t->size[i];
    return count;
}

#endif
