/* A date format on the first line, a text on the others, which is also read as opening hours, as
 * markup and as words. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/base/fold.h"
#include "proto/base/text.h"
#include "proto/schema/date.h"
#include "proto/schema/hours.h"
#include "proto/schema/lens_html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read and can be written is read again as the same, but for what the format leaves out. */
static void check_date(struct span pattern, struct span text)
{
    struct date_format format;
    struct buf written;
    int64_t first;
    int64_t second;
    int64_t third;
    bool has_time;
    buf_init(&written, 1000);
    if (date_format_compile(pattern, &format) && date_read(&format, text, &first, &has_time) &&
        date_write(&format, first, &written)) {
        if (!date_read(&format, buf_span(&written), &second, &has_time))
            abort();
        buf_reset(&written);
        if (!date_write(&format, second, &written) ||
            !date_read(&format, buf_span(&written), &third, &has_time) || second != third)
            abort();
    }
    buf_clear(&written);
}

static void check_hours(struct span text, struct buf *out)
{
    struct hours_week week = {.holidays_off = false};
    if (hours_read_text(text, &week)) {
        hours_append_osm(out, &week);
        if (!hours_is_osm(buf_span(out)))
            abort();
    }
    (void)hours_is_osm(text);
    (void)!hours_add_cell(&week.days[0], text);
    (void)!hours_add_cell(&week.days[0], text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(span_of(data, size));
    struct span pattern = cursor_until(&input, '\n');
    struct span text = input.failed ? span_of(data, size) : cursor_rest(&input);
    struct buf out;
    buf_init(&out, 16u << 20);
    check_date(pattern, text);
    if (text_is_utf8(text)) {
        check_hours(text, &out);
        buf_reset(&out);
        html_append_text(&out, text);
        if (!text_is_utf8(buf_span(&out)) || (!html_is_marked(text) && out.len > text.len))
            abort();
        buf_reset(&out);
        fold_append_text(&out, text);
        fold_append(&out, text);
        if (!text_is_utf8(buf_span(&out)))
            abort();
    }
    buf_clear(&out);
    return 0;
}
