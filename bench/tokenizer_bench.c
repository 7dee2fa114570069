/* tokenizer_bench.c: how fast a vocabulary encodes files, in MB of text per second of processor time on one
 * thread.
 *
 * usage: tokenizer_bench VOCABULARY FILE...
 * A line per file: name, bytes, tokens, median and spread of at least nine passes, decoding speed. The same
 * files go to tiktoken and tokenizers with oracle/tokenizer_speed.py, which runs this program too and prints
 * the ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "text/tokenizer.h"

enum { PASSES = 9 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* the machine is shared: what others use does not count */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static fm_status measure(const fm_tokenizer *tokenizer, const char *path, fm_error *err) {
    fm_buf text = {0}, back = {0};
    fm_ids ids = {0};
    double encode[PASSES], decode[PASSES];
    fm_status status = FM_OK;
    FM_TRY(fm_file_read(path, (size_t)1 << 30, &text, err));
    for (int pass = 0; pass < PASSES; pass++) {
        ids.count = 0;
        back.size = 0;
        double begin = now();
        FM_TRY(fm_tokenizer_encode(tokenizer, text.data, text.size, FM_ENCODE_TEXT, &ids, err));
        double middle = now();
        FM_TRY(fm_tokenizer_decode(tokenizer, ids.data, ids.count, FM_DECODE_EXACT, &back, err));
        decode[pass] = now() - middle;
        encode[pass] = middle - begin;
    }
    qsort(encode, PASSES, sizeof *encode, by_value);
    qsort(decode, PASSES, sizeof *decode, by_value);
    double mb = 1e-6 * (double)text.size;
    printf("%s\t%zu\t%zu\t%.1f\t%.1f..%.1f\t%.1f\n", path, text.size, ids.count, mb / encode[PASSES / 2],
           mb / encode[PASSES - 1], mb / encode[0], mb / decode[PASSES / 2]);
fail:
    fm_buf_release(&text);
    fm_buf_release(&back);
    fm_ids_release(&ids);
    return status;
}

int main(int argc, char **argv) {
    fm_tokenizer *tokenizer = NULL;
    fm_error err = {0};
    fm_status status = FM_OK;
    if (argc < 3) {
        fprintf(stderr, "usage: tokenizer_bench VOCABULARY FILE...\n");
        return 2;
    }
    double begin = now();
    FM_TRY(fm_tokenizer_open(&tokenizer, argv[1], NULL, &err));
    printf("# opened in %.0f ms; file, bytes, tokens, encode MB/s, its range, decode MB/s\n",
           1e3 * (now() - begin));
    for (int i = 2; i < argc; i++) FM_TRY(measure(tokenizer, argv[i], &err));
fail:
    if (status != FM_OK) fprintf(stderr, "tokenizer_bench: %s\n", err.message);
    fm_tokenizer_close(tokenizer);
    return status == FM_OK ? 0 : 1;
}
