/* mla_decode.c: the three passes of absorbed decode over the threads: positions, heads, columns. See
 * mla_decode.h. */
#include "kern/mla_decode/mla_decode.h"

#include <omp.h>
#include <stdbool.h>

#include "kern/kern_table.h"
#include "kern/mla_decode/mla_decode_serial.h"
#include "kern/split.h"

enum { TILE = FM_MLA_DECODE_TILE, COLUMNS = 32 };

static int pieces(int count, int size) { return (count + size - 1) / size; }

/* Finds piece `task` in the list, where op i has `size`-long pieces of its length (or of its latent columns).
 */
static const fm_mla_decode *find(const fm_mla_decode *op, int *task, bool columns) {
    for (;; op++) {
        int here = columns ? pieces(op->latent, COLUMNS) : pieces(op->length, TILE);
        if (*task < here) return op;
        *task -= here;
    }
}

static size_t score_stride(const fm_mla_decode *op) { return (size_t)pieces(op->length, TILE) * TILE; }

void fm_mla_decode_run(fm_dev *dev, const fm_mla_decode *list, int count) {
    const fm_mla_decode_kernels *kern = dev->kern->mla_decode;
    int tiles = 0, columns = 0, heads = 0;
    size_t work = 0;
    for (int i = 0; i < count; i++) {
        tiles += pieces(list[i].length, TILE);
        columns += pieces(list[i].latent, COLUMNS);
        heads += list[i].heads;
        work += (size_t)list[i].heads * (size_t)list[i].length * (size_t)(list[i].latent + list[i].rope);
    }
    int threads = fm_split_threads(dev, (size_t)tiles, tiles ? work / (size_t)tiles : 0);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
#pragma omp for schedule(static)
        for (int t = 0; t < tiles; t++) {
            int tile = t;
            const fm_mla_decode *op = find(list, &tile, false);
            int end = (tile + 1) * TILE < op->length ? (tile + 1) * TILE : op->length;
            kern->score(op, tile * TILE, end, score_stride(op));
        }
#pragma omp for schedule(static)
        for (int t = 0; t < heads; t++) {
            int head = t;
            const fm_mla_decode *op = list;
            for (; head >= op->heads; op++) head -= op->heads;
            kern->softmax(op->scores + (size_t)head * score_stride(op), op->length);
        }
#pragma omp for schedule(static)
        for (int t = 0; t < columns; t++) {
            int column = t;
            const fm_mla_decode *op = find(list, &column, true);
            int end = (column + 1) * COLUMNS < op->latent ? (column + 1) * COLUMNS : op->latent;
            kern->mix(op, column * COLUMNS, end, score_stride(op));
        }
    }
}
