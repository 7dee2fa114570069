/* fuzz_tiktoken.c: any bytes as a tiktoken file. With the first byte even, the 256 single bytes are put in
 * front, so that the merges behind them are reached. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_impl.h"

static void put_bytes(fm_buf *file) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int b = 0; b < 256; b++)
        fm_buf_printf(file, "%c%c== %d\n", digits[b >> 2], digits[b << 4 & 0x3f], b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fm_tokenizer *t;
    fm_error err = {0};
    fm_ids ids = {0};
    fm_buf file = {0}, out = {0};
    if (size == 0) return 0;
    if (data[0] % 2 == 0) put_bytes(&file);
    fm_buf_append(&file, data + 1, size - 1);
    if (fm_tokenizer_new(&t, "fuzz", &err) == FM_OK) {
        if (fm_tokenizer_read_tiktoken(t, file.data, file.size, "\\p{L}+|\\s", &err) == FM_OK &&
            fm_tokenizer_seal(t, &err) == FM_OK) {
            /* All bytes have tokens: whatever the merges, text comes back. */
            if (fm_tokenizer_encode(t, file.data, file.size, 0, &ids, &err) != FM_OK) abort();
            if (fm_tokenizer_decode(t, ids.data, ids.count, 0, &out, &err) != FM_OK) abort();
            if (out.size != file.size || memcmp(out.data, file.data, out.size) != 0) abort();
        } else if (strstr(err.message, "fuzz") == NULL) {
            abort();
        }
        fm_tokenizer_close(t);
    }
    fm_ids_release(&ids);
    fm_buf_release(&out);
    fm_buf_release(&file);
    return 0;
}
