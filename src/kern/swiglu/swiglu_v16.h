/* swiglu_v16.h: SwiGLU by sixteen: swiglu_ref.c's operations. Included by one file per level. */
#include "kern/swiglu/swiglu_serial.h"
#include "kern/v16.h"

static void forward(float *h, const float *gu, int row, int row_end, int size) {
    for (int t = row; t < row_end; t++) {
        const float *g = gu + (size_t)t * 2 * (size_t)size, *u = g + size;
        float *to = h + (size_t)t * (size_t)size;
        int i = 0;
        for (; i + 16 <= size; i += 16) {
            fm_v16 gate = fm_v16_load(g + i);
            fm_v16_store(to + i, fm_v16_mul(fm_v16_div(gate, fm_v16_one_exp_neg(gate)), fm_v16_load(u + i)));
        }
        if (i < size) {
            fm_v16 gate = fm_v16_load_part(g + i, size - i);
            fm_v16 silu = fm_v16_div(gate, fm_v16_one_exp_neg(gate));
            fm_v16_store_part(to + i, fm_v16_mul(silu, fm_v16_load_part(u + i, size - i)), size - i);
        }
    }
}

typedef struct gradient {
    fm_v16 gate, up, h;
} gradient;

FM_V16_INLINE gradient backward_lanes(fm_v16 gate, fm_v16 up, fm_v16 d) {
    fm_v16 one = fm_v16_set1(1.0f), below = fm_v16_one_exp_neg(gate);
    fm_v16 s = fm_v16_div(one, below), silu = fm_v16_div(gate, below);
    fm_v16 slope = fm_v16_mul(s, fm_v16_fma(gate, fm_v16_sub(one, s), one));
    return (gradient){fm_v16_mul(fm_v16_mul(d, up), slope), fm_v16_mul(d, silu), fm_v16_mul(silu, up)};
}

static void backward(float *d_gu, const float *dh, const float *gu, float *h_again, int row, int row_end,
                     int size) {
    for (int t = row; t < row_end; t++) {
        const float *g = gu + (size_t)t * 2 * (size_t)size, *u = g + size,
                    *from = dh + (size_t)t * (size_t)size;
        float *dg = d_gu + (size_t)t * 2 * (size_t)size, *du = dg + size;
        float *h = h_again ? h_again + (size_t)t * (size_t)size : NULL;
        int i = 0;
        for (; i + 16 <= size; i += 16) {
            gradient r = backward_lanes(fm_v16_load(g + i), fm_v16_load(u + i), fm_v16_load(from + i));
            fm_v16_store(dg + i, r.gate);
            fm_v16_store(du + i, r.up);
            if (h) fm_v16_store(h + i, r.h);
        }
        if (i < size) {
            int n = size - i;
            gradient r = backward_lanes(fm_v16_load_part(g + i, n), fm_v16_load_part(u + i, n),
                                        fm_v16_load_part(from + i, n));
            fm_v16_store_part(dg + i, r.gate, n);
            fm_v16_store_part(du + i, r.up, n);
            if (h) fm_v16_store_part(h + i, r.h, n);
        }
    }
}
