/* linear.c: packing, and the jobs' groups of 16 outputs spread over the threads. See linear.h for order and layout. */
#include <string.h>

#include "kern/kern_table.h"
#include "kern/linear/linear_serial.h"

enum { GROUPS_PER_TASK = 8 };

static int groups_of(int n) { return (n + FM_LINEAR_GROUP - 1) / FM_LINEAR_GROUP; }
static int tasks_of(const fm_linear_job *job) {
    return job->m > 0 ? (groups_of(job->w->n) + GROUPS_PER_TASK - 1) / GROUPS_PER_TASK : 0;
}

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
        char *group = (char *)packed + (size_t)(out / FM_LINEAR_GROUP) * (size_t)k * FM_LINEAR_GROUP * out_size;
        for (int in = 0; in < k; in += CHUNK) {
            int have = k - in < CHUNK ? k - in : CHUNK;
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

void fm_linear_run(fm_dev *dev, const fm_linear_job *jobs, int count) {
    const fm_linear_kernels *kernels = dev->kern->linear;
    int tasks = 0;
    for (int i = 0; i < count; i++) tasks += tasks_of(&jobs[i]);
#pragma omp parallel num_threads(dev->threads) if (tasks > 1)
    {
        /* Each thread meets its tasks in rising order, so one walk over the list finds all of their jobs. */
        int job = 0, before = 0;
#pragma omp for schedule(monotonic : dynamic)
        for (int task = 0; task < tasks; task++) {
            while (task - before >= tasks_of(&jobs[job])) before += tasks_of(&jobs[job++]);
            int first = (task - before) * GROUPS_PER_TASK, left = groups_of(jobs[job].w->n) - first;
            kernels->run(&jobs[job], first, left < GROUPS_PER_TASK ? left : GROUPS_PER_TASK);
        }
    }
}
