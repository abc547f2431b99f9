/* Mean and standard deviation of the square window around every pixel, and linear thresholds of them, in one pass;
windows.py says the same in NumPy. And counts of 16-bit values, which OpenCV shares out to threads at a loss.

Sums of columns are kept from row to row and run along each row, in integers: what is added is taken away again without
a trace. What lies beyond the image is told by two tables of the rows and columns to take in its place. */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

/* Python looks for this name in what it builds; the functions are called through ctypes. */
EXPORT void *PyInit__windows(void) { return NULL; }

/* From the sum and the sum of squares of n pixels; n * squares - sum * sum is exact modulo 2^64. A root of 24 bits and
one step of Newton's are as good as a root of 53 bits, and three times as fast. */
WIDE static void finish(const uint64_t *sum, const uint64_t *squares, ptrdiff_t width, uint64_t n, double lift,
                        double *mean, double *deviation)
{
    const double pixels = (double)n, share = 1 / pixels;
    for (ptrdiff_t x = 0; x < width; x++)
        mean[x] = (double)(int64_t)sum[x] / pixels;
    if (!deviation)
        return;
    for (ptrdiff_t x = 0; x < width; x++)
        deviation[x] = (double)(int64_t)(n * squares[x] - sum[x] * sum[x]);
    if (lift != 0)
        for (ptrdiff_t x = 0; x < width; x++)
            deviation[x] += lift * ((double)(int64_t)sum[x] * (double)(int64_t)sum[x]);
    for (ptrdiff_t x = 0; x < width; x++) {
        const float near = sqrtf((float)deviation[x]);
        const double root = near, slope = 0.5f / (near + FLT_MIN); /* of nothing the root is nothing */
        deviation[x] = (root + (deviation[x] - root * root) * slope) * share;
    }
}

/* T = (a + b * mean) + (c + d * mean) * deviation, in the place of the mean. */
WIDE static void combine(const double *linear, ptrdiff_t width, double *mean, const double *deviation)
{
    const double a = linear[0], b = linear[1], c = linear[2], d = linear[3];
    if (deviation)
        for (ptrdiff_t x = 0; x < width; x++)
            mean[x] = (a + b * mean[x]) + (c + d * mean[x]) * deviation[x];
    else
        for (ptrdiff_t x = 0; x < width; x++)
            mean[x] = a + b * mean[x];
}

static void run(const uint64_t *columns, ptrdiff_t width, ptrdiff_t window, uint64_t *sums)
{
    uint64_t sum = 0;
    for (ptrdiff_t x = 0; x < window - 1; x++)
        sum += columns[x];
    for (ptrdiff_t x = 0; x < width; x++) {
        sum += columns[x + window - 1];
        sums[x] = sum;
        sum -= columns[x];
    }
}

/* Columns beyond the image are those of the table. */
static void pad(uint64_t *columns, ptrdiff_t width, ptrdiff_t half, const int32_t *table)
{
    for (ptrdiff_t x = 0; x < half; x++) {
        columns[x] = columns[half + table[x]];
        columns[half + width + x] = columns[half + table[half + width + x]];
    }
}

/* One band: `columns` and `squares` hold width + window - 1 sums each and start as zeros; `first` is the row that the
band starts at, `rows` and `cols` the tables for height + window - 1 and width + window - 1 places, `scratch` twice
width. The rows `from` to `to` are computed; call it again with the next ones. `linear` holds a, b, c, d and what
share of the mean's square is added to the variance. With a mask what exceeds the threshold is 1 in it, or `bright` is 0
and it is the other way round; mean and deviation are then of one row only. */
#define BAND(NAME, PIXEL)                                                                                              \
    WIDE static void NAME##_add(const PIXEL *new, const PIXEL *old, ptrdiff_t width, uint64_t *columns,                \
                                uint64_t *squares)                                                                     \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            columns[x] += (uint64_t)((int64_t)new[x] - (old ? (int64_t)old[x] : 0));                                   \
        if (squares)                                                                                                   \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                squares[x] += (uint64_t)new[x] * new[x] - (old ? (uint64_t)old[x] * old[x] : 0);                       \
    }                                                                                                                  \
    WIDE static void NAME##_compare(const PIXEL *image, const double *surface, ptrdiff_t width, int bright,            \
                                    uint8_t *mask)                                                                     \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            mask[x] = (uint8_t)((image[x] > surface[x]) == bright);                                                    \
    }                                                                                                                  \
    EXPORT void NAME(const PIXEL *image, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t window, const int32_t *rows,     \
                     const int32_t *cols, ptrdiff_t first, ptrdiff_t from, ptrdiff_t to, uint64_t *columns,            \
                     uint64_t *squares, uint64_t *scratch, double *mean, double *deviation, const double *linear,      \
                     uint8_t *mask, int bright)                                                                        \
    {                                                                                                                  \
        const ptrdiff_t half = window / 2, step = mask ? 0 : width;                                                    \
        if (!deviation)                                                                                                \
            squares = NULL;                                                                                            \
        if (from == first)                                                                                             \
            for (ptrdiff_t row = from; row < from + window - 1; row++)                                                 \
                NAME##_add(image + rows[row] * stride, NULL, width, columns + half, squares ? squares + half : NULL);  \
        for (ptrdiff_t row = from; row < to; row++, mean += step, deviation = deviation ? deviation + step : NULL) {   \
            const PIXEL *old = row > first ? image + rows[row - 1] * stride : NULL;                                    \
            NAME##_add(image + rows[row + window - 1] * stride, old, width, columns + half,                            \
                       squares ? squares + half : NULL);                                                               \
            pad(columns, width, half, cols);                                                                           \
            run(columns, width, window, scratch);                                                                      \
            if (squares) {                                                                                             \
                pad(squares, width, half, cols);                                                                       \
                run(squares, width, window, scratch + width);                                                          \
            }                                                                                                          \
            finish(scratch, scratch + width, width, (uint64_t)(window * window), linear[4], mean, deviation);           \
            if (mask)                                                                                                  \
                combine(linear, width, mean, deviation);                                                               \
            if (mask)                                                                                                  \
                NAME##_compare(image + row * stride, mean, width, bright, mask + (row - from) * width);                \
        }                                                                                                              \
    }

BAND(moments8, uint8_t)
BAND(moments16, uint16_t)

/* How often each value occurs; counts are added to. */
EXPORT void counts16(const uint16_t *image, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, uint32_t *counts)
{
    for (ptrdiff_t row = 0; row < height; row++, image += stride)
        for (ptrdiff_t x = 0; x < width; x++)
            counts[image[x]]++;
}
