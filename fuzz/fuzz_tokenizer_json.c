/* fuzz_tokenizer_json.c: any bytes as a tokenizer.json; what opens must encode, decode and be written again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "Hello, 世界 <think> 123\n\xff a";
    fm_tokenizer *t;
    fm_error err = {0};
    fm_ids ids = {0};
    fm_buf out = {0};
    if (fm_tokenizer_from_json(&t, data, size, "fuzz", &err) != FM_OK) {
        if (strstr(err.message, "fuzz") == NULL) abort(); /* every message names the file */
        return 0;
    }
    if (fm_tokenizer_encode(t, text, sizeof text - 1, FM_ENCODE_SPECIALS, &ids, &err) == FM_OK &&
        fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_REPLACE, &out, &err) != FM_OK)
        abort();
    fm_tokenizer_to_json(t, &out, &err);
    fm_buf_release(&out);
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
    return 0;
}
