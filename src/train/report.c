/* report.c: the page of report.h: totals, charts and tables as HTML and SVG written by hand. */
#include "train/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/report_data.h"

enum { WIDTH = 760, HEIGHT = 220, LEFT = 64, BOTTOM = 28, TOP = 12, POINTS = 700 };

static void escape(fm_buf *out, const char *text) {
    for (; text && *text; text++) {
        if (*text == '<')
            fm_buf_puts(out, "&lt;");
        else if (*text == '>')
            fm_buf_puts(out, "&gt;");
        else if (*text == '&')
            fm_buf_puts(out, "&amp;");
        else
            fm_buf_putc(out, *text);
    }
}

/* One curve: y over x, count points; drawn through at most POINTS averages. */
typedef struct curve {
    const char *name, *colour;
    const double *x, *y;
    int count;
} curve;

/* A chart's window in the data. */
typedef struct window {
    double x0, x1, y0, y1;
} window;

static window fit(const curve *curves, int count) {
    window w = {.x0 = INFINITY, .x1 = -INFINITY, .y0 = INFINITY, .y1 = -INFINITY};
    for (int c = 0; c < count; c++)
        for (int i = 0; i < curves[c].count; i++) {
            w.x0 = fmin(w.x0, curves[c].x[i]);
            w.x1 = fmax(w.x1, curves[c].x[i]);
            w.y0 = fmin(w.y0, curves[c].y[i]);
            w.y1 = fmax(w.y1, curves[c].y[i]);
        }
    if (!(w.x1 > w.x0)) w.x1 = w.x0 + 1;
    if (!(w.y1 > w.y0)) w.y1 = w.y0 + (w.y0 != 0 ? fabs(w.y0) : 1);
    double margin = 0.04 * (w.y1 - w.y0);
    w.y1 += margin;
    if (w.y0 < 0 || w.y0 > margin) w.y0 -= margin;
    return w;
}

static double px(const window *w, double x) {
    return LEFT + (x - w->x0) / (w->x1 - w->x0) * (WIDTH - LEFT - 10);
}
static double py(const window *w, double y) {
    return HEIGHT - BOTTOM - (y - w->y0) / (w->y1 - w->y0) * (HEIGHT - BOTTOM - TOP);
}

/* Lines at 1, 2 or 5 times a power of ten, about four of them. */
static void grid(fm_buf *out, const window *w) {
    double raw = (w->y1 - w->y0) / 4, power = pow(10, floor(log10(raw))), step = power;
    if (raw > 5 * power)
        step = 10 * power;
    else if (raw > 2 * power)
        step = 5 * power;
    else if (raw > power)
        step = 2 * power;
    for (double y = ceil(w->y0 / step) * step; y <= w->y1; y += step)
        fm_buf_printf(
            out, "<line class=g x1=%d x2=%d y1=%.1f y2=%.1f /><text x=%d y=%.1f text-anchor=end>%.4g</text>",
            LEFT, WIDTH - 10, py(w, y), py(w, y), LEFT - 6, py(w, y) + 4, fabs(y) < 1e-12 * step ? 0 : y);
    for (int i = 0; i <= 4; i++) {
        double x = w->x0 + i * (w->x1 - w->x0) / 4;
        fm_buf_printf(out, "<text x=%.1f y=%d text-anchor=%s>%.0f</text>", px(w, x), HEIGHT - 8,
                      i == 0   ? "start"
                      : i == 4 ? "end"
                               : "middle",
                      x);
    }
}

static void draw(fm_buf *out, const window *w, const curve *c) {
    int stride = (c->count + POINTS - 1) / POINTS;
    if (stride < 1) stride = 1;
    fm_buf_printf(out, "<polyline fill=none stroke=\"%s\" stroke-width=1.5 points=\"", c->colour);
    for (int i = 0; i < c->count; i += stride) {
        double x = 0, y = 0;
        int n = i + stride <= c->count ? stride : c->count - i;
        for (int k = i; k < i + n; k++) {
            x += c->x[k] / n;
            y += c->y[k] / n;
        }
        fm_buf_printf(out, "%.1f,%.1f ", px(w, x), py(w, y));
    }
    fm_buf_puts(out, "\"/>");
}

static void chart(fm_buf *out, const char *title, const curve *curves, int count) {
    window w = fit(curves, count);
    fm_buf_puts(out, "<h3>");
    escape(out, title);
    fm_buf_printf(out, "</h3><svg viewBox=\"0 0 %d %d\" role=img>", WIDTH, HEIGHT);
    grid(out, &w);
    for (int c = 0; c < count; c++) draw(out, &w, &curves[c]);
    fm_buf_puts(out, "</svg><p class=l>");
    for (int c = 0; c < count && count > 1; c++) {
        fm_buf_printf(out, "<span style=\"color:%s\">&#9632;</span> ", curves[c].colour);
        escape(out, curves[c].name);
        fm_buf_printf(out, " %.4g &nbsp; ", curves[c].y[curves[c].count - 1]);
    }
    fm_buf_puts(out, "</p>\n");
}

static const char *const colours[] = {"#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed",
                                      "#0891b2", "#be185d", "#4d7c0f", "#475569", "#b45309"};
enum { COLOURS = 10 };

/* The charts over steps; `column` holds 2 x step_count doubles of scratch. */
static void step_charts(fm_buf *out, const report_data *d, double *x, double *y, double *z) {
    for (int i = 0; i < d->step_count; i++) x[i] = (double)d->steps[i].step;
    bool mtp = false;
    for (int i = 0; i < d->step_count; i++) {
        y[i] = d->steps[i].loss;
        z[i] = d->steps[i].loss_mtp;
        mtp = mtp || z[i] > 0;
    }
    curve loss[2] = {{"main", colours[0], x, y, d->step_count}, {"MTP", colours[1], x, z, d->step_count}};
    chart(out, "Training loss, nats per token", loss, mtp ? 2 : 1);
    for (int i = 0; i < d->step_count; i++) y[i] = d->steps[i].lr;
    chart(out, "Learning rate", &(curve){"lr", colours[0], x, y, d->step_count}, 1);
    for (int i = 0; i < d->step_count; i++) y[i] = d->steps[i].grad_norm;
    chart(out, "Gradient norm before clipping", &(curve){"norm", colours[0], x, y, d->step_count}, 1);
    for (int i = 0; i < d->step_count; i++) y[i] = d->steps[i].tokens / d->steps[i].seconds;
    chart(out, "Tokens per second", &(curve){"speed", colours[0], x, y, d->step_count}, 1);
    for (int i = 0; i < d->step_count; i++) y[i] = d->steps[i].max_load;
    chart(out, "Busiest expert over the mean, worst layer", &(curve){"load", colours[0], x, y, d->step_count},
          1);
}

static void validation_chart(fm_buf *out, const report_data *d, double *x, double *y) {
    curve curves[REPORT_SETS];
    int used = 0;
    for (int set = 0; set < d->set_count; set++) {
        int begin = used;
        for (int i = 0; i < d->score_count; i++)
            if (d->scores[i].set == set) {
                x[used] = (double)d->scores[i].step;
                y[used++] = d->scores[i].bits_per_byte;
            }
        curves[set] = (curve){d->sets[set], colours[set % COLOURS], x + begin, y + begin, used - begin};
    }
    if (used == 0) return;
    int kept = 0;
    for (int set = 0; set < d->set_count; set++)
        if (curves[set].count > 0) curves[kept++] = curves[set];
    chart(out, "Validation, bits per byte", curves, kept);
}

/* One block's experts (rows) over the steps (columns): share of tokens over the even share. */
static void heat_map(fm_buf *out, const report_data *d, const char *block) {
    size_t experts = json_array_size(json_object_get(d->loads[0].experts, block));
    int columns = d->load_count < 100 ? d->load_count : 100;
    int cell = experts > 32 ? 5 : 9, wide = columns > 0 ? (WIDTH - LEFT) / columns : 1;
    if (wide > 24) wide = 24;
    fm_buf_printf(out, "<h4>Layer %s</h4><svg viewBox=\"0 0 %d %zu\" shape-rendering=crispEdges>", block,
                  WIDTH, experts * (size_t)cell + 4);
    for (int c = 0; c < columns; c++) {
        const json_t *row = json_object_get(d->loads[(int64_t)c * d->load_count / columns].experts, block);
        double sum = 0;
        for (size_t e = 0; e < experts; e++) sum += json_number_value(json_array_get(row, e));
        for (size_t e = 0; e < experts && sum > 0; e++) {
            double ratio = json_number_value(json_array_get(row, e)) * (double)experts / sum;
            /* white at no tokens, blue at the even share, orange from three times that */
            double hot = ratio > 1 ? fmin((ratio - 1) / 2, 1) : 0, fill = fmin(ratio, 1);
            int red = (int)(255 - 218 * fill + 197 * hot), green = (int)(255 - 156 * fill + 20 * hot),
                blue = (int)(255 - 20 * fill - 200 * hot);
            fm_buf_printf(out, "<rect x=%d y=%zu width=%d height=%d fill=\"#%02x%02x%02x\" />",
                          LEFT + c * wide, e * (size_t)cell, wide, cell, red > 255 ? 255 : red, green,
                          blue < 0 ? 0 : blue);
        }
    }
    fm_buf_puts(out, "</svg>\n");
}

static void expert_maps(fm_buf *out, const report_data *d) {
    if (d->load_count == 0) return;
    fm_buf_printf(
        out,
        "<h2>Expert load</h2><p>One row per routed expert, one column per sampled step (%lld to %lld): "
        "white is unused, blue the even share, orange three times that or more.</p>",
        (long long)d->loads[0].step, (long long)d->loads[d->load_count - 1].step);
    const char *block;
    json_t *value;
    json_object_foreach(d->loads[0].experts, block, value) heat_map(out, d, block);
}

static void row(fm_buf *out, const char *name, const char *format, double value) {
    char text[128];
    snprintf(text, sizeof text, format, value); /* formats are the literals below */
    fm_buf_printf(out, "<tr><th>%s<td>%s", name, text);
}

static void totals(fm_buf *out, const report_data *d, const fm_report_options *o) {
    const json_t *head = json_array_get(d->segments, 0);
    double hours = d->spent_seconds / 3600;
    fm_buf_puts(out, "<h2>Totals</h2><table>");
    row(out, "parameters", "%.0f", json_number_value(json_object_get(head, "parameters")));
    row(out, "active per token", "%.0f", json_number_value(json_object_get(head, "active")));
    row(out, "steps", "%.0f", (double)d->steps[d->step_count - 1].step);
    row(out, "step lines done again after a resume", "%.0f", (double)d->repeated);
    row(out, "tokens, repeated steps included", "%.0f", d->spent_tokens);
    row(out, "FLOPs of the model's history", "%.4g", d->flops);
    fm_buf_puts(out, "<tr><th>convention<td>");
    escape(out, json_string_value(json_object_get(head, "flops")));
    row(out, "device-hours in steps (one machine is one device)", "%.3f", hours);
    if (d->peak_seconds > 0)
        row(out, "MFU against the 1024&sup3; GEMM peak measured by each segment", "%.1f %%",
            100 * d->flops / d->peak_seconds);
    if (d->joules > 0)
        row(out, "energy of the processor packages (RAPL), kWh", "%.4f", d->joules / 3.6e6);
    else
        fm_buf_puts(out, "<tr><th>energy<td>RAPL was not readable");
    if (o->price_per_hour > 0)
        fm_buf_printf(out, "<tr><th>cost at %s%.4g per device-hour<td>%s%.2f", o->currency, o->price_per_hour,
                      o->currency, hours * o->price_per_hour);
    row(out, "lines in the ledger, every one chained", "%.0f", (double)d->facts.lines);
    fm_buf_printf(out, "<tr><th>hash of the last line<td><code>%s</code></table>\n", d->facts.last);
}

static void text_cell(fm_buf *out, const json_t *object, const char *key, int limit) {
    const char *text = json_string_value(json_object_get(object, key));
    char cut[96];
    snprintf(cut, sizeof cut, "%.*s", limit, text ? text : "");
    fm_buf_puts(out, "<td>");
    escape(out, cut);
}

static void segments(fm_buf *out, const report_data *d) {
    fm_buf_puts(
        out, "<h2>Segments</h2><table><tr><th>#<th>from step<th>to step<th>why it stopped<th>commit<th>recipe"
             "<th>processor<th>level<th>precision<th>threads<th>peak GFLOP/s");
    for (size_t i = 0; i < json_array_size(d->segments); i++) {
        const json_t *s = json_array_get(d->segments, i), *end = json_array_get(d->ends, i);
        const json_t *from = json_object_get(s, "resumed_from");
        fm_buf_printf(out, "<tr><td>%zu<td>%lld", i + 1,
                      (long long)json_integer_value(json_object_get(from, "step")));
        if (json_is_object(end))
            fm_buf_printf(out, "<td>%lld", (long long)json_integer_value(json_object_get(end, "step")));
        else
            fm_buf_puts(out, "<td>");
        if (json_is_object(end))
            text_cell(out, end, "why", 90);
        else
            fm_buf_puts(out, "<td>killed, or still running");
        text_cell(out, s, "commit", 12);
        text_cell(out, s, "recipe_sha256", 12);
        text_cell(out, s, "cpu", 60);
        text_cell(out, s, "isa", 20);
        text_cell(out, s, "precision", 8);
        fm_buf_printf(out, "<td>%lld<td>%.0f", (long long)json_integer_value(json_object_get(s, "threads")),
                      json_number_value(json_object_get(s, "peak_gflops")));
    }
    fm_buf_puts(
        out,
        "</table>\n<h2>Data</h2><table><tr><th>file<th>documents<th>tokens<th>bytes<th>left out<th>sha256");
    const json_t *last = json_array_get(d->segments, json_array_size(d->segments) - 1), *file;
    size_t i;
    json_array_foreach(json_object_get(last, "data"), i, file) {
        static const char *const keys[] = {"documents", "tokens", "bytes", "dropped"};
        fm_buf_puts(out, "<tr>");
        text_cell(out, file, "name", 64);
        for (int k = 0; k < 4; k++)
            fm_buf_printf(out, "<td>%lld", (long long)json_integer_value(json_object_get(file, keys[k])));
        text_cell(out, file, "sha256", 16);
    }
    fm_buf_puts(out, "</table>\n");
}

static const char page_head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
    "<title>Training run</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:820px;margin:2em auto;padding:0 "
    "1em;color:#1f2937;background:#fff}"
    "svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#6b7280}.g{stroke:#e5e7eb}"
    "table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}td,th{padding:3px "
    "10px;text-align:left;"
    "border-bottom:1px solid #e5e7eb;font-weight:400;vertical-align:top}th{color:#6b7280}h3,h4{margin:1em 0 "
    "0}"
    ".l{margin:0;font-size:13px}code{font-size:12px;word-break:break-all}"
    "@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}.g,td,th{stroke:#374151;border-"
    "color:#374151}}"
    "</style><h1>Training run</h1><p>";

fm_status fm_report_html(const fm_report_options *options, fm_buf *out, fm_error *err) {
    report_data d;
    double *scratch = NULL;
    fm_status status;
    FM_TRY(report_read(&d, options->ledger, err));
    size_t most = (size_t)(d.step_count > d.score_count ? d.step_count : d.score_count);
    scratch = malloc(3 * most * sizeof *scratch);
    if (scratch == NULL) {
        status = fm_error_set(err, FM_ERR_MEMORY, "report: no memory");
        goto fail;
    }
    fm_buf_puts(out, page_head);
    escape(out, json_string_value(json_object_get(json_array_get(d.segments, 0), "recipe")));
    fm_buf_puts(out, "</p>\n");
    totals(out, &d, options);
    fm_buf_puts(out, "<h2>Curves</h2>");
    validation_chart(out, &d, scratch, scratch + most);
    step_charts(out, &d, scratch, scratch + most, scratch + 2 * most);
    expert_maps(out, &d);
    segments(out, &d);
    fm_buf_puts(out, "</html>\n");
    if (out->failed) status = fm_error_set(err, FM_ERR_MEMORY, "report: no memory for the page");
fail:
    free(scratch);
    report_release(&d);
    return status;
}
