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

static inline double mean_of(uint64_t sum, double pixels) { return (double)(int64_t)sum / pixels; }

/* From the sum and the sum of squares of n pixels; n * squares - sum * sum is exact modulo 2^64. A root of 24 bits and
one step of Newton's are as good as a root of 53 bits, and three times as fast. */
static inline double root_of(uint64_t sum, uint64_t squares, uint64_t n, double lift)
{
    const double total = (double)(int64_t)sum, square = (double)(int64_t)(n * squares - sum * sum);
    const double lifted = lift != 0 ? square + lift * (total * total) : square;
    const float near = sqrtf((float)lifted);
    const double root = near, slope = 0.5f / (near + FLT_MIN); /* of nothing the root is nothing */
    return (root + (lifted - root * root) * slope) * (1 / (double)n);
}

WIDE static void store(const uint64_t *sums, ptrdiff_t width, uint64_t n, double lift, double *mean, double *deviation)
{
    const double pixels = (double)n;
    for (ptrdiff_t x = 0; x < width; x++)
        mean[x] = mean_of(sums[x], pixels);
    if (deviation)
        for (ptrdiff_t x = 0; x < width; x++)
            deviation[x] = root_of(sums[x], sums[width + x], n, lift);
}

/* One band: `columns` and `squares` hold width + window sums each and start as zeros, those of uint8 in 32 bits, where
columns of 66,051 squares fit; without `squares` there is no deviation. `first` is the row that the band
starts at, `rows` and `cols` the tables for height + window - 1 and width + window - 1 places, `scratch` twice width.
The rows `from` to `to` are computed; call it again with the next ones. `linear` holds a, b, c, d and what share of the
mean's square is added to the variance. With a mask what exceeds T = (a + b * mean) + (c + d * mean) * deviation is 1
in it, or `bright` is 0 and it is the other way round; else mean and deviation are stored. */
#define BAND(NAME, PIXEL, COLUMN)                                                                                      \
    WIDE static void NAME##_add(const PIXEL *new, const PIXEL *old, ptrdiff_t width, COLUMN *columns, COLUMN *squares) \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            columns[x] += (COLUMN)new[x] - (old ? old[x] : 0);                                                         \
        if (squares)                                                                                                   \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                squares[x] += (COLUMN)new[x] * new[x] - (old ? (COLUMN)old[x] * old[x] : 0);                           \
    }                                                                                                                  \
    /* Columns beyond the image are those of the table. */                                                             \
    static void NAME##_pad(COLUMN *columns, ptrdiff_t width, ptrdiff_t half, const int32_t *table)                     \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < half; x++) {                                                                         \
            columns[x] = columns[half + table[x]];                                                                     \
            columns[half + width + x] = columns[half + table[half + width + x]];                                       \
        }                                                                                                              \
    }                                                                                                                  \
    /* Both sums at once, and each takes a difference that need not wait for it: the processor works on all of them. */\
    static void NAME##_run(const COLUMN *columns, const COLUMN *squares, ptrdiff_t width, ptrdiff_t window,            \
                           uint64_t *sums)                                                                             \
    {                                                                                                                  \
        uint64_t sum = 0, square = 0;                                                                                  \
        for (ptrdiff_t x = 0; x < window; x++) {                                                                       \
            sum += columns[x];                                                                                         \
            square += squares ? squares[x] : 0;                                                                        \
        }                                                                                                              \
        for (ptrdiff_t x = 0; x < width; x++) {                                                                        \
            sums[x] = sum;                                                                                             \
            sum += (uint64_t)columns[x + window] - columns[x];                                                         \
            if (squares) {                                                                                             \
                sums[width + x] = square;                                                                              \
                square += (uint64_t)squares[x + window] - squares[x];                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE static void NAME##_compare(const PIXEL *image, const uint64_t *sums, ptrdiff_t width, uint64_t n,             \
                                    const double *linear, int deviation, uint8_t bright, uint8_t *mask)                \
    {                                                                                                                  \
        const double pixels = (double)n, a = linear[0], b = linear[1], c = linear[2], d = linear[3], lift = linear[4]; \
        if (!deviation)                                                                                                \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                mask[x] = (image[x] > a + b * mean_of(sums[x], pixels)) ^ bright;                                      \
        else                                                                                                           \
            for (ptrdiff_t x = 0; x < width; x++) {                                                                    \
                const double mean = mean_of(sums[x], pixels), root = root_of(sums[x], sums[width + x], n, lift);       \
                mask[x] = (image[x] > (a + b * mean) + (c + d * mean) * root) ^ bright;                                \
            }                                                                                                          \
    }                                                                                                                  \
    EXPORT void NAME(const PIXEL *image, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t window, const int32_t *rows,     \
                     const int32_t *cols, ptrdiff_t first, ptrdiff_t from, ptrdiff_t to, COLUMN *columns,              \
                     COLUMN *squares, uint64_t *scratch, double *mean, double *deviation, const double *linear,        \
                     uint8_t *mask, int bright)                                                                        \
    {                                                                                                                  \
        const ptrdiff_t half = window / 2;                                                                             \
        const uint64_t n = (uint64_t)(window * window);                                                                \
        if (from == first)                                                                                             \
            for (ptrdiff_t row = from; row < from + window - 1; row++)                                                 \
                NAME##_add(image + rows[row] * stride, NULL, width, columns + half, squares ? squares + half : NULL);  \
        for (ptrdiff_t row = from; row < to; row++) {                                                                  \
            const PIXEL *old = row > first ? image + rows[row - 1] * stride : NULL;                                    \
            NAME##_add(image + rows[row + window - 1] * stride, old, width, columns + half,                            \
                       squares ? squares + half : NULL);                                                               \
            NAME##_pad(columns, width, half, cols);                                                                    \
            if (squares)                                                                                               \
                NAME##_pad(squares, width, half, cols);                                                                \
            NAME##_run(columns, squares, width, window, scratch);                                                      \
            const ptrdiff_t place = (row - from) * width;                                                              \
            if (mask)                                                                                                  \
                NAME##_compare(image + row * stride, scratch, width, n, linear, squares != NULL, !bright,              \
                               mask + place);                                                                          \
            else                                                                                                       \
                store(scratch, width, n, linear[4], mean + place, squares ? deviation + place : NULL);                 \
        }                                                                                                              \
    }

BAND(moments8, uint8_t, uint32_t)
BAND(moments16, uint16_t, uint64_t)

/* How often each value occurs, added to some tables, so that a pixel need not wait for its neighbour of equal value. */
#define COUNTS(NAME, PIXEL, TABLES)                                                                                    \
    EXPORT void NAME(const PIXEL *image, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width,                          \
                     uint32_t (*counts)[1 << 8 * sizeof(PIXEL)])                                                       \
    {                                                                                                                  \
        for (ptrdiff_t row = 0; row < height; row++, image += stride) {                                                \
            for (ptrdiff_t x = 0; x < width / TABLES; x++)                                                             \
                for (int table = 0; table < TABLES; table++)                                                           \
                    counts[table][image[x * TABLES + table]]++;                                                        \
            for (ptrdiff_t x = width / TABLES * TABLES; x < width; x++)                                                \
                counts[0][image[x]]++;                                                                                 \
        }                                                                                                              \
    }

COUNTS(counts8, uint8_t, 8)
COUNTS(counts16, uint16_t, 1)
