/* gemm.c: cuts the products of a list into pieces of C and spreads them over the threads.
 *
 * A piece is some rows by some columns of one C, worked off by one thread: it packs its columns of B and its rows of A
 * into its own scratch and runs the micro-kernel over them, k-block by k-block in rising order. The split changes
 * which thread computes an element, never how. Pieces are handed out one by one in list order, so that unequal
 * products (experts) level out; pieces of one column strip follow each other, so that a thread which gets several of
 * them packs the strip of B once.
 *
 * Blocks, for 32 KiB of L1 and 512 KiB of L2: a panel of B of one k-block stays in L1 while the panels of a block of A
 * pass it out of L2; the strip of B comes out of L2 or L3 once per block of A.
 */
#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "kern/gemm/gemm_serial.h"
#include "kern/kern_table.h"

enum {
    K_BLOCK = 320,  /* most k in one block: 20 KiB of a 16-wide panel of B */
    ROW_BLOCK = 96, /* about this many rows of A packed together: 120 KiB */
    MIN_ROWS = 48,  /* pieces are not cut below this, packing would outweigh the arithmetic */
    MIN_COLUMNS = 64,
    PIECES_PER_THREAD = 6, /* aimed at, so that the last piece is short */
    MIN_PIECE = 1 << 19,   /* multiply-adds; below, waking a thread costs more than it saves */
    PANEL_SLACK = 64,      /* bytes past the last panel of A that pack_a may write */
};

/* How one product is cut. */
typedef struct cut {
    int rows, columns;      /* of a piece; multiples of mr, nr */
    int row_pieces, strips; /* pieces down and across */
    int k_block, k_blocks;  /* k per block (a multiple of k_step), and how many */
    bool keep;              /* a strip of B fits the scratch with all its k: pack it once for many pieces */
} cut;

/* One thread's state. */
typedef struct worker {
    const fm_gemm_kernels *kernels;
    char *packed_a, *packed_b;
    const fm_gemm *held; /* whose strip of B lies in packed_b; NULL none */
    int held_strip;
} worker;

/* A piece under work: its place in the product. */
typedef struct piece {
    const fm_gemm *g;
    const cut *cut;
    int row, column, rows, columns; /* of C */
} piece;

static int min_int(int a, int b) { return a < b ? a : b; }
static int round_up(int x, int step) { return (x + step - 1) / step * step; }
static int64_t ceil_div(int64_t x, int64_t by) { return (x + by - 1) / by; }

static size_t a_room(const fm_gemm_kernels *kn) {
    size_t rows = (size_t)round_up(ROW_BLOCK, kn->mr), k = (size_t)round_up(K_BLOCK, kn->k_step);
    return (rows * k * (size_t)kn->packed_bytes + PANEL_SLACK + 63) / 64 * 64;
}

static cut plan(const fm_dev *dev, const fm_gemm_kernels *kn, const fm_gemm *g, int64_t piece_work) {
    cut t = {0};
    if (g->m <= 0 || g->n <= 0) return t;
    t.k_blocks = (int)ceil_div(g->k, K_BLOCK);
    if (t.k_blocks < 1) t.k_blocks = 1;
    t.k_block = round_up((int)ceil_div(g->k, t.k_blocks), kn->k_step);

    int64_t room =
        (int64_t)((dev->scratch_bytes - a_room(kn)) / (size_t)kn->packed_bytes); /* elements of B */
    int64_t all_k = (int64_t)t.k_block * t.k_blocks, widest = round_up(g->n, kn->nr);
    int64_t fits = room / (all_k > 0 ? all_k : 1);
    t.keep = fits >= widest || fits >= 8 * MIN_COLUMNS;
    if (!t.keep) fits = room / t.k_block;
    if (widest > fits)
        widest = round_up((int)ceil_div(g->n, ceil_div(widest, fits / kn->nr * kn->nr)), kn->nr);

    /* Cut rows first when the strip of B is kept: more rows then cost nothing but C's edge. */
    int64_t k = g->k > 0 ? g->k : 1, rows = g->m, columns = widest;
    int64_t row_floor = t.keep ? MIN_ROWS : 2 * MIN_ROWS;
    if (rows * columns * k > piece_work) {
        int64_t want = piece_work / (columns * k);
        rows = want < row_floor ? row_floor : want;
        if (rows > g->m) rows = g->m;
        if (rows * columns * k > piece_work) {
            columns = piece_work / (rows * k);
            if (columns < MIN_COLUMNS) columns = MIN_COLUMNS;
            if (columns > widest) columns = widest;
        }
    }
    t.row_pieces = (int)ceil_div(g->m, rows);
    t.rows = round_up((int)ceil_div(g->m, t.row_pieces), kn->mr);
    t.row_pieces = (int)ceil_div(g->m, t.rows);
    t.strips = (int)ceil_div(g->n, columns);
    t.columns = round_up((int)ceil_div(g->n, t.strips), kn->nr);
    t.strips = (int)ceil_div(g->n, t.columns);
    return t;
}

/* Packs `k` of B from `first_k` on, for the piece's columns, panel after panel. */
static void pack_b(const fm_gemm_kernels *kn, const piece *p, int first_k, int k, char *to) {
    const fm_gemm *g = p->g;
    ptrdiff_t stride = g->transpose_b ? g->ldb : 1, k_stride = g->transpose_b ? 1 : g->ldb;
    size_t panel = (size_t)kn->nr * (size_t)p->cut->k_block * (size_t)kn->packed_bytes;
    for (int j = 0; j < p->columns; j += kn->nr, to += panel)
        kn->pack_b(to, g->b + (p->column + j) * stride + first_k * k_stride, stride, k_stride,
                   min_int(kn->nr, p->columns - j), k);
}

static void pack_a(const fm_gemm_kernels *kn, const piece *p, int row, int rows, int first_k, int k,
                   char *to) {
    const fm_gemm *g = p->g;
    ptrdiff_t stride = g->transpose_a ? 1 : g->lda, k_stride = g->transpose_a ? g->lda : 1;
    size_t panel = (size_t)kn->mr * (size_t)p->cut->k_block * (size_t)kn->packed_bytes;
    for (int i = 0; i < rows; i += kn->mr, to += panel)
        kn->pack_a(to, g->a + (row + i) * stride + first_k * k_stride, stride, k_stride,
                   min_int(kn->mr, rows - i), k);
}

/* A tile whose columns end inside the panel goes through a buffer, so that nothing past C's columns is touched. */
static void edge_tile(const fm_gemm_kernels *kn, int rows, int columns, int k, const char *a, const char *b,
                      float *c, ptrdiff_t ldc, bool load) {
    _Alignas(64) float buffer[FM_GEMM_MAX_MR * FM_GEMM_MAX_NR];
    size_t bytes = (size_t)columns * sizeof(float);
    if (load) {
        memset(buffer, 0, sizeof buffer);
        for (int i = 0; i < rows; i++) memcpy(buffer + i * kn->nr, c + i * ldc, bytes);
    }
    kn->tile(rows, k, a, b, buffer, kn->nr, load);
    for (int i = 0; i < rows; i++) memcpy(c + i * ldc, buffer + i * kn->nr, bytes);
}

/* All tiles of the packed rows of A (from `row` on) against the packed strip of B, for one k-block. */
static void multiply(const worker *w, const piece *p, int row, int rows, int k, const char *b, bool load) {
    const fm_gemm_kernels *kn = w->kernels;
    const fm_gemm *g = p->g;
    size_t bytes = (size_t)p->cut->k_block * (size_t)kn->packed_bytes;
    for (int j = 0; j < p->columns; j += kn->nr, b += bytes * (size_t)kn->nr) {
        const char *a = w->packed_a;
        for (int i = 0; i < rows; i += kn->mr, a += bytes * (size_t)kn->mr) {
            float *c = g->c + (ptrdiff_t)(row + i) * g->ldc + p->column + j;
            if (p->columns - j >= kn->nr)
                kn->tile(min_int(kn->mr, rows - i), k, a, b, c, g->ldc, load);
            else
                edge_tile(kn, min_int(kn->mr, rows - i), p->columns - j, k, a, b, c, g->ldc, load);
        }
    }
}

static void run_piece(worker *w, const fm_gemm *g, const cut *t, int index) {
    const fm_gemm_kernels *kn = w->kernels;
    int strip = index / t->row_pieces, row_piece = index % t->row_pieces;
    piece p = {.g = g, .cut = t, .row = row_piece * t->rows, .column = strip * t->columns};
    p.rows = min_int(t->rows, g->m - p.row);
    p.columns = min_int(t->columns, g->n - p.column);
    bool ready = t->keep && w->held == g && w->held_strip == strip;
    size_t block = (size_t)t->k_block * (size_t)t->columns * (size_t)kn->packed_bytes;
    int row_block = round_up(ROW_BLOCK, kn->mr);

    for (int kb = 0; kb < t->k_blocks; kb++) {
        int first = kb * t->k_block, k = min_int(t->k_block, g->k - first), padded = round_up(k, kn->k_step);
        char *b = w->packed_b + (t->keep ? (size_t)kb * block : 0);
        if (!ready) pack_b(kn, &p, first, k, b);
        for (int row = p.row; row < p.row + p.rows; row += row_block) {
            int rows = min_int(row_block, p.row + p.rows - row);
            pack_a(kn, &p, row, rows, first, k, w->packed_a);
            multiply(w, &p, row, rows, padded, b, kb > 0 || g->accumulate);
        }
    }
    w->held = t->keep ? g : NULL;
    w->held_strip = strip;
}

void fm_gemm_run(fm_dev *dev, const fm_gemm *list, int count, fm_precision precision) {
    const fm_gemm_kernels *kn = precision == FM_PRECISION_BF16 ? dev->kern->gemm_bf16 : dev->kern->gemm;
    int64_t work = 0, pieces = 0;
    for (int i = 0; i < count; i++) work += (int64_t)list[i].m * list[i].n * (list[i].k > 0 ? list[i].k : 1);
    int64_t piece_work = dev->threads == 1 ? INT64_MAX : work / ((int64_t)dev->threads * PIECES_PER_THREAD);
    if (piece_work < MIN_PIECE) piece_work = MIN_PIECE;
    for (int i = 0; i < count; i++) {
        cut t = plan(dev, kn, &list[i], piece_work);
        pieces += (int64_t)t.row_pieces * t.strips;
    }
#pragma omp parallel num_threads(dev->threads) if (pieces > 1 && work > MIN_PIECE)
    {
        char *scratch = fm_dev_scratch(dev, omp_get_thread_num());
        worker w = {.kernels = kn, .packed_a = scratch, .packed_b = scratch + a_room(kn)};
        if (kn->begin != NULL) kn->begin();
        /* A thread meets its pieces in rising order, so one walk over the list finds their products. */
        int product = 0;
        int64_t before = 0;
        cut t = count > 0 ? plan(dev, kn, &list[0], piece_work) : (cut){0};
#pragma omp for schedule(monotonic : dynamic)
        for (int64_t i = 0; i < pieces; i++) {
            while (i - before >= (int64_t)t.row_pieces * t.strips) {
                before += (int64_t)t.row_pieces * t.strips;
                t = plan(dev, kn, &list[++product], piece_work);
            }
            run_piece(&w, &list[product], &t, (int)(i - before));
        }
        if (kn->end != NULL) kn->end();
    }
}

void fm_gemm_forward(fm_dev *dev, float *y, const float *x, const float *w, int m, int n, int k,
                     fm_precision p) {
    fm_gemm g = {
        .m = m, .n = n, .k = k, .a = x, .lda = k, .b = w, .ldb = k, .transpose_b = true, .c = y, .ldc = n};
    fm_gemm_run(dev, &g, 1, p);
}

void fm_gemm_backward_x(fm_dev *dev, float *dx, const float *dy, const float *w, int m, int n, int k,
                        bool accumulate, fm_precision p) {
    fm_gemm g = {.m = m,
                 .n = k,
                 .k = n,
                 .a = dy,
                 .lda = n,
                 .b = w,
                 .ldb = k,
                 .c = dx,
                 .ldc = k,
                 .accumulate = accumulate};
    fm_gemm_run(dev, &g, 1, p);
}

void fm_gemm_backward_w(fm_dev *dev, float *dw, const float *dy, const float *x, int m, int n, int k,
                        fm_precision p) {
    fm_gemm g = {.m = n,
                 .n = k,
                 .k = m,
                 .a = dy,
                 .lda = n,
                 .transpose_a = true,
                 .b = x,
                 .ldb = k,
                 .c = dw,
                 .ldc = k,
                 .accumulate = true};
    fm_gemm_run(dev, &g, 1, p);
}
