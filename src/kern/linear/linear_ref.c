/* linear_ref.c: y = x W^T from the packed weight, one chain per output, as plain loops. The scalar level, and what
 * the checks compare with. */
#include "base/fmath.h"
#include "kern/linear/linear_serial.h"

static float weight(const fm_linear_tile *t, int out, int in) {
    size_t at = (size_t)(out / FM_LINEAR_GROUP) * t->group_stride + (size_t)in * FM_LINEAR_GROUP +
                (size_t)(out % FM_LINEAR_GROUP);
    return t->dtype == FM_BF16 ? fm_bf16_to_f32(((const uint16_t *)t->w)[at]) : ((const float *)t->w)[at];
}

static void tile(const fm_linear_tile *t) {
    for (int i = 0; i < t->rows; i++)
        for (int out = 0; out < t->outputs; out++) {
            float *y = t->y + i * t->ldy + out, sum = t->load ? *y : 0.0f;
            for (int in = 0; in < t->k; in++) sum = fm_fmaf(t->x[i * t->ldx + in], weight(t, out, in), sum);
            *y = sum;
        }
}

const fm_linear_kernels fm_linear_ref = {.rows = 1, .groups = {0, 1}, .tile = tile};
