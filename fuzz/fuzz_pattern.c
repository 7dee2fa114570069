/* fuzz_pattern.c: any bytes as a pattern, a zero byte, and a text. Matches must move forward and lie in the
 * text, and a match found with the memory of earlier attempts must be the one found without. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "text/pattern.h"

enum { REPEAT = 12 }; /* long enough for the memory to come into play */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t length = zero ? (size_t)(zero - data) : size, part = size - length;
    fm_pattern *pattern;
    fm_error err = {0};
    if (length > 200 || fm_pattern_compile(&pattern, (const char *)data, length, &err) != FM_OK) return 0;
    uint8_t *text = malloc(part * REPEAT + 1);
    for (int i = 0; i < REPEAT; i++)
        if (part) memcpy(text + (size_t)i * part, zero, part);
    size_t total = part * REPEAT, at = 0, begin, end, begin2, end2;
    fm_pattern_scratch shared = {0};
    while (at < total) {
        fm_pattern_scratch fresh = {0};
        bool found = fm_pattern_next(pattern, &shared, text, total, at, &begin, &end);
        bool again = fm_pattern_next(pattern, &fresh, text, total, at, &begin2, &end2);
        fm_pattern_scratch_release(&fresh);
        if (found != again) abort();
        if (!found) break;
        if (begin != begin2 || end != end2 || begin < at || end <= begin || end > total) abort();
        at = end;
    }
    fm_pattern_scratch_release(&shared);
    free(text);
    fm_pattern_free(pattern);
    return 0;
}
