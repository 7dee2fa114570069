/* op_check.h: checks described by their buffers, on the frame of kern_check.h: an operation lists its cases
 * once, says how a case's buffers are laid out and how it is run, and fm_opcheck_main does the rest.
 *
 * Every case runs on the reference with one thread and then on the level under test with 1, 2 and 3 threads;
 * every buffer must be equal (== or both NaN). It does so with normal numbers, with zeros, subnormals and
 * huge numbers, and with one NaN or infinity in the first, middle or last row, which may spoil only that row
 * of row-wise outputs. Before that, the reference is held against the equations, and errors planted into runs
 * must each be caught by some case.
 */
#ifndef FM_TESTS_OP_CHECK_H
#define FM_TESTS_OP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmath.h"
#include "support/kern_check.h"

enum { FM_OPCHECK_BUFFERS = 16, FM_OPCHECK_SHAPE = 8 };

typedef enum fm_opcheck_role {
    FM_OPCHECK_SPARE =
        0, /* workspace: filled with garbage; the run leaves zeros, because its contents are nobody's */
    FM_OPCHECK_IN = 1,  /* filled with numbers */
    FM_OPCHECK_OUT = 2, /* filled with garbage, of which nothing may be left */
    FM_OPCHECK_INOUT = 3,
    FM_OPCHECK_ROWS =
        4, /* flag: row r of every output so flagged depends on row r of every input so flagged */
} fm_opcheck_role;

typedef struct fm_opcheck_buffer {
    const char *name;
    int role;
    bool integers;
    int rows, columns, stride;
    size_t words;                         /* (rows - 1) * stride + columns */
    uint32_t *data;                       /* what the operation sees, between guard bytes */
    uint32_t *initial, *expected, *clean; /* before the run; the reference's result; the same without NaN */
} fm_opcheck_buffer;

typedef struct fm_opcheck_case {
    const char *name;
    int shape[FM_OPCHECK_SHAPE]; /* the operation's own meaning */
    bool bench;                  /* measured, not checked: too large for the reference */
} fm_opcheck_case;

typedef struct fm_opcheck {
    fm_check *frame;
    const int *shape;
    fm_rng rng;
    int fill, offset; /* kind of numbers; elements past 64-byte alignment */
    fm_opcheck_buffer buffer[FM_OPCHECK_BUFFERS];
    int buffers;
} fm_opcheck;

/* Called by setup, in an order that depends on the shape alone. Rows of `columns` words lie `stride` words
 * apart. */
float *fm_opcheck_floats(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride);
int32_t *fm_opcheck_integers(fm_opcheck *c, const char *name, int role, int rows, int columns, int stride);
/* The buffer's data, for run. */
float *fm_opcheck_get(const fm_opcheck *c, const char *name);
int32_t *fm_opcheck_get_integers(const fm_opcheck *c, const char *name);

typedef struct fm_opcheck_plant {
    const char *name;
    void (*run)(fm_opcheck *c, fm_dev *dev); /* the operation, wrong in one way */
} fm_opcheck_plant;

typedef struct fm_opcheck_spec {
    const char *operation; /* as in fm_kern_rows */
    const fm_opcheck_case *cases;
    int count;
    void (*setup)(fm_opcheck *c); /* declares the buffers; fills integers and inputs that must be special */
    void (*run)(fm_opcheck *c, fm_dev *dev);
    const fm_opcheck_plant *plants;
    int plant_count;
    void (*equations)(void);     /* own assertions: finite differences in double, golden numbers; or NULL */
    const void *avx512_emulated; /* the level's kernels on SIMDe, or NULL */
    /* Work of one run, for the benchmark; or NULL. */
    double (*flops)(const fm_opcheck *c);
    double (*bytes)(const fm_opcheck *c);
} fm_opcheck_spec;

/* The whole program; the command line of kern_check.h. Returns its exit code. */
int fm_opcheck_main(int argc, char **argv, const fm_opcheck_spec *op);

/* For `equations`: ends the program with a message. */
void fm_opcheck_require(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Requires ||a - b|| <= limit ||b||. */
void fm_opcheck_close(const char *what, const float *a, const double *b, size_t n, double limit);
/* Central differences of loss(context) over the n doubles at x, which context holds, into grad. */
void fm_opcheck_differences(double *grad, double *x, size_t n, double (*loss)(void *context), void *context);
/* A device of one thread on the references. */
fm_dev *fm_opcheck_reference_dev(void);

#endif
