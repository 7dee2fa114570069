/* rope_v16.h: the rotation by sixteen: eight interleaved pairs at a time. Included by one file per level. */
#include "kern/rope/rope_serial.h"
#include "kern/v16.h"

/* (a, b) pairs with (cos, sin) pairs: even lanes a cos + b (-sin), odd lanes b cos + a sin. */
FM_V16_INLINE fm_v16 rotate(fm_v16 x, fm_v16 angles, fm_v16 sign) {
    fm_v16 sine = fm_v16_mul(fm_v16_odd(angles), sign);
    return fm_v16_fma(fm_v16_swap(x), sine, fm_v16_mul(x, fm_v16_even(angles)));
}

static void interleaved(float *x, const float *table, int size, fm_v16 sign) {
    int i = 0;
    for (; i + 16 <= size; i += 16)
        fm_v16_store(x + i, rotate(fm_v16_load(x + i), fm_v16_load(table + i), sign));
    if (i < size) {
        int n = size - i;
        fm_v16_store_part(x + i, rotate(fm_v16_load_part(x + i, n), fm_v16_load_part(table + i, n), sign), n);
    }
}

/* The compiler makes vectors of this one. */
static void halves(float *restrict x, const float *restrict table, int size, float sign) {
    int half = size / 2;
    for (int i = 0; i < half; i++) {
        float c = table[2 * i], s = sign * table[2 * i + 1], a = x[i], b = x[i + half];
        x[i] = fm_fmaf(-b, s, a * c);
        x[i + half] = fm_fmaf(a, s, b * c);
    }
}

static void apply(const fm_rope *op, int row, int row_end) {
    float forward = op->inverse ? -1.0f : 1.0f, signs[16];
    for (int l = 0; l < 16; l++) signs[l] = l % 2 ? forward : -forward;
    fm_v16 sign = fm_v16_load(signs);
    for (int t = row; t < row_end; t++) {
        const float *table = op->table + (size_t)op->positions[t] * (size_t)op->size;
        for (int h = 0; h < op->heads; h++) {
            float *x = op->x + (size_t)t * op->row_stride + (size_t)h * op->head_stride;
            if (op->interleaved)
                interleaved(x, table, op->size, sign);
            else
                halves(x, table, op->size, forward);
        }
    }
}
