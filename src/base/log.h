/* log.h: where the library's remarks go. The library never prints: it hands lines to the sink.
 *
 * The sink is one of the two mutable globals of the program (the other is the CPU feature mask). It is set once
 * at start-up, before threads; the default discards everything.
 */
#ifndef FM_BASE_LOG_H
#define FM_BASE_LOG_H

typedef enum fm_log_level { FM_LOG_DEBUG, FM_LOG_INFO, FM_LOG_WARN, FM_LOG_ERROR } fm_log_level;

typedef void (*fm_log_sink)(void *context, fm_log_level level, const char *line);

void fm_log_set_sink(fm_log_sink sink, void *context);

/* A ready sink: "fathom: warning: ..." on standard error, from INFO up. */
void fm_log_stderr(void *context, fm_log_level level, const char *line);

void fm_log_put(fm_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
