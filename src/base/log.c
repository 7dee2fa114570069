/* log.c: the log sink of log.h. Refuses nothing; a line over 1 KiB is cut. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static fm_log_sink current_sink;
static void *sink_context;

void fm_log_set_sink(fm_log_sink sink, void *context) {
    current_sink = sink;
    sink_context = context;
}

void fm_log_stderr(void *context, fm_log_level level, const char *line) {
    (void)context;
    static const char *const words[] = {"debug: ", "", "warning: ", "error: "};
    if (level >= FM_LOG_INFO) fprintf(stderr, "fathom: %s%s\n", words[level], line);
}

void fm_log_put(fm_log_level level, const char *format, ...) {
    if (current_sink == NULL) return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    current_sink(sink_context, level, line);
}
