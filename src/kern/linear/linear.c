/* linear.c: packing, and the jobs cut into tasks over the threads. See linear.h for order and layout.
 *
 * A task is a few groups of 16 outputs for some rows. Few rows: each weight is read once, in long streams. Many rows:
 * k in blocks, so that a block of a group (32 KiB of f32) stays in L1 or L2 while all rows of the task pass it; the
 * chains pause in y between blocks, which changes no bit.
 */
#include <string.h>

#include "kern/kern_table.h"
#include "kern/linear/linear_serial.h"

enum {
    TASK_GROUPS = 8,
    TASK_ROWS = 96,
    K_BLOCK = 512,
    SMALL_WORK = 1 << 17, /* multiply-adds below which waking a thread costs more than it saves */
};

static int min_int(int a, int b) { return a < b ? a : b; }
static int ceil_div(int x, int by) { return (x + by - 1) / by; }
static int groups_of(int n) { return ceil_div(n, FM_LINEAR_GROUP); }
static int columns_of(const fm_linear_job *job) { return ceil_div(groups_of(job->w->n), TASK_GROUPS); }
static int tasks_of(const fm_linear_job *job) { return columns_of(job) * ceil_div(job->m, TASK_ROWS); }

size_t fm_linear_bytes(int n, int k, fm_dtype dtype) {
    return (size_t)groups_of(n) * FM_LINEAR_GROUP * (size_t)k * fm_dtype_size(dtype);
}

void fm_linear_pack(void *packed, fm_dtype to, const void *w, fm_dtype from, int n, int k, int ldw) {
    size_t in_size = fm_dtype_size(from), out_size = fm_dtype_size(to);
    memset(packed, 0, fm_linear_bytes(n, k, to));
    enum { CHUNK = 256 };
    float values[CHUNK];
    for (int out = 0; out < n; out++) {
        const char *row = (const char *)w + (size_t)out * (size_t)ldw * in_size;
        char *group =
            (char *)packed + (size_t)(out / FM_LINEAR_GROUP) * (size_t)k * FM_LINEAR_GROUP * out_size;
        for (int in = 0; in < k; in += CHUNK) {
            int have = min_int(k - in, CHUNK);
            fm_convert_to_f32(values, row + (size_t)in * in_size, from, (size_t)have);
            for (int i = 0; i < have; i++) {
                size_t at = (size_t)(in + i) * FM_LINEAR_GROUP + (size_t)(out % FM_LINEAR_GROUP);
                if (to == FM_BF16)
                    ((uint16_t *)group)[at] = fm_f32_to_bf16(values[i]);
                else
                    ((float *)group)[at] = values[i];
            }
        }
    }
}

/* `groups` groups for the tile's rows: in the widest tiles that the kernels have, then one by one. */
static void run_groups(const fm_linear_kernels *kn, fm_linear_tile t, int groups) {
    int wide = kn->groups[t.rows], outputs = t.outputs;
    size_t element = fm_dtype_size(t.dtype);
    for (int done = 0; done < groups; done += t.groups) {
        t.groups = groups - done >= wide ? wide : 1;
        t.outputs = min_int(outputs, t.groups * FM_LINEAR_GROUP);
        kn->tile(&t);
        t.w = (const char *)t.w + (size_t)t.groups * t.group_stride * element;
        t.y += t.outputs;
        outputs -= t.outputs;
    }
}

static void run_task(const fm_linear_kernels *kn, const fm_linear_job *job, int index) {
    const fm_linear *w = job->w;
    int columns = columns_of(job), first = index % columns * TASK_GROUPS, row = index / columns * TASK_ROWS;
    int groups = min_int(TASK_GROUPS, groups_of(w->n) - first), rows = min_int(TASK_ROWS, job->m - row);
    /* Rows that fit one tile read each weight once: no reason to stop on the way. */
    int k_block = rows <= kn->rows ? w->k : K_BLOCK, step = rows <= kn->rows ? groups : kn->groups[kn->rows];
    /* Even tiles: eight rows are 4 + 4, not 6 + 2. */
    int tile_rows = ceil_div(rows, ceil_div(rows, kn->rows));
    size_t element = fm_dtype_size(w->dtype), stride = (size_t)w->k * FM_LINEAR_GROUP;
    int in = 0;
    do {
        int k = min_int(k_block, w->k - in);
        for (int g = first; g < first + groups; g += step) {
            int some = min_int(step, first + groups - g);
            for (int i = row; i < row + rows; i += tile_rows) {
                fm_linear_tile t = {.rows = min_int(tile_rows, row + rows - i),
                                    .k = k,
                                    .group_stride = stride,
                                    .dtype = w->dtype,
                                    .ldx = job->ldx,
                                    .ldy = job->ldy,
                                    .load = in > 0};
                t.w = (const char *)w->packed + ((size_t)g * stride + (size_t)in * FM_LINEAR_GROUP) * element;
                t.x = job->x + (ptrdiff_t)i * job->ldx + in;
                t.y = job->y + (ptrdiff_t)i * job->ldy + g * FM_LINEAR_GROUP;
                t.outputs = min_int(some * FM_LINEAR_GROUP, w->n - g * FM_LINEAR_GROUP);
                run_groups(kn, t, some);
            }
        }
        in += k;
    } while (in < w->k);
}

void fm_linear_run(fm_dev *dev, const fm_linear_job *jobs, int count) {
    const fm_linear_kernels *kernels = dev->kern->linear;
    int tasks = 0;
    int64_t work = 0;
    for (int i = 0; i < count; i++) {
        tasks += tasks_of(&jobs[i]);
        work += (int64_t)jobs[i].m * jobs[i].w->n * jobs[i].w->k;
    }
#pragma omp parallel num_threads(dev->threads) if (tasks > 1 && work > SMALL_WORK)
    {
        /* A thread meets its tasks in rising order, so one walk over the list finds all of their jobs. */
        int job = 0, before = 0;
#pragma omp for schedule(monotonic : dynamic)
        for (int task = 0; task < tasks; task++) {
            while (task - before >= tasks_of(&jobs[job])) before += tasks_of(&jobs[job++]);
            run_task(kernels, &jobs[job], task - before);
        }
    }
}
