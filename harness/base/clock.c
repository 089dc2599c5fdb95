#include "clock.h"
#include "array.h"
#include <stdio.h>

static bool parse_unit(slice unit, nsec *ret)
{
    static const struct {
        const char *name;
        nsec length;
    } units[] = {
        { "ms", MILLIS(1) }, { "s", SECONDS(1) }, { "m", SECONDS(60) }, { "h", SECONDS(3600) }
    };
    for (size_t i = 0; i < COUNT(units); i++)
        if (slice_eq_str(unit, units[i].name)) {
            *ret = units[i].length;
            return true;
        }
    return false;
}

bool duration_parse(slice text, nsec *ret)
{
    enum { LONGEST_HOURS = 10000 };
    size_t n = 0;
    while (n < text.n && (ascii_is_digit(text.p[n]) || text.p[n] == '.'))
        n++;
    slice number = slice_sub(text, 0, n), whole;
    nsec unit;
    uint64_t units, fraction = 0;
    if (!parse_unit(slice_skip(text, n), &unit) || !slice_cut(&number, '.', &whole) ||
        !slice_to_u64(whole, (uint64_t)(SECONDS(3600) * LONGEST_HOURS / unit), &units))
        return false;
    nsec scale = 1;
    if (number.p && (number.n > 6 || !slice_to_u64(number, 999999, &fraction)))
        return false;
    for (size_t i = 0; i < number.n; i++)
        scale *= 10;
    *ret = (nsec)units * unit + (nsec)fraction * unit / scale;
    return true;
}

char *duration_text(nsec d, char text[32])
{
    if (d < SECONDS(1))
        snprintf(text, 32, "%d ms", (int)(d / MILLIS(1)));
    else if (d < SECONDS(60))
        snprintf(text, 32, "%.2f s", (double)d / 1e9);
    else
        snprintf(text, 32, "%d m %d s", (int)(d / SECONDS(60)), (int)(d / SECONDS(1) % 60));
    return text;
}

char *utc_text(time_t t, char text[32])
{
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}
