/* linear_ref.c: y = x W^T from the packed weight, one chain per output, as plain loops. The scalar level, and what
 * the checks compare with. */
#include <stddef.h>

#include "kern/linear/linear_serial.h"

static float weight(const fm_linear *w, int out, int in) {
    size_t at = ((size_t)(out / FM_LINEAR_GROUP) * (size_t)w->k + (size_t)in) * FM_LINEAR_GROUP +
                (size_t)(out % FM_LINEAR_GROUP);
    return w->dtype == FM_BF16 ? fm_bf16_to_f32(((const uint16_t *)w->packed)[at]) : ((const float *)w->packed)[at];
}

static void run(const fm_linear_job *job, int first, int groups) {
    const fm_linear *w = job->w;
    int end = (first + groups) * FM_LINEAR_GROUP < w->n ? (first + groups) * FM_LINEAR_GROUP : w->n;
    for (int i = 0; i < job->m; i++)
        for (int out = first * FM_LINEAR_GROUP; out < end; out++) {
            float sum = 0.0f;
            for (int in = 0; in < w->k; in++)
                sum = fm_fmaf(job->x[(ptrdiff_t)i * job->ldx + in], weight(w, out, in), sum);
            job->y[(ptrdiff_t)i * job->ldy + out] = sum;
        }
}

const fm_linear_kernels fm_linear_ref = {.run = run};
