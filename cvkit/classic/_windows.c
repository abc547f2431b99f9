/* Mean and standard deviation of the square window around every pixel, and linear thresholds of them, in one pass;
windows.py says the same in NumPy. And counts of values, which OpenCV shares out to threads at a loss.

Sums of columns are kept from row to row and run along each row, in integers: what is added is taken away again without
a trace. What lies beyond the image is told by two tables of the rows and columns to take in its place, if any. */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#define restrict __restrict
#endif
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

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define FOUR
typedef uint64_t four __attribute__((vector_size(32)));
#endif
#endif

enum { BLOCK = 256 }; /* pixels that are compared at a time */

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

/* More than the rounding of floats can come to: the greatest that each part of a threshold can be, times 2^-20. */
static float error_of(const double *linear, double most)
{
    const double root = most * sqrt(0.25 + fabs(linear[4]));
    return (float)((fabs(linear[0]) + fabs(linear[1]) * most + (fabs(linear[2]) + fabs(linear[3]) * most) * root) / (1 << 20));
}

/* From the steps along a row to what is there before each of them; four at a time where the compiler has a word for it,
as a processor adds one after the other no faster than it stores them. */
WIDE static void scan(uint64_t sum, uint64_t *steps, ptrdiff_t width)
{
    ptrdiff_t x = 0;
#ifdef FOUR
    const four none = {0, 0, 0, 0};
    four before = {sum, sum, sum, sum};
    for (; x + 4 <= width; x += 4) {
        four step, found;
        memcpy(&step, steps + x, sizeof step);
        found = step + __builtin_shufflevector(step, none, 4, 0, 1, 2);
        found += __builtin_shufflevector(found, none, 4, 4, 0, 1);
        step = before + (found - step);
        memcpy(steps + x, &step, sizeof step);
        before += __builtin_shufflevector(found, found, 3, 3, 3, 3);
    }
    sum = before[0];
#endif
    for (; x < width; x++) {
        const uint64_t step = steps[x];
        steps[x] = sum;
        sum += step;
    }
}

/* One band: `columns` and `squares` hold width + window sums each and start as zeros; without `squares` there is no
deviation. `first` is the row that the band starts at, `rows` and `cols` the tables for height + window - 1 and
width + window - 1 places, where -1 stands for `nothing`, a row of zeros. The rows `from` to `to` are computed; call it
again with the next ones. A window counts for n pixels, or for as many as `counts` says of each. `linear` holds a, b,
c, d and what share of the mean's square is added to the variance. With a mask what exceeds
T = (a + b * mean) + (c + d * mean) * deviation is 1 in it, or `bright` is 0 and it is the other way round; else mean
and deviation are stored.

`sums` holds what is in the windows of a row: SUM and SQUARE are how it is read, STEPS how it is made. */
#define BAND(NAME, PIXEL, COLUMN, SUM, SQUARE, STEPS)                                                                  \
    WIDE static void NAME##_add(const PIXEL *restrict new, const PIXEL *restrict old, ptrdiff_t width,                 \
                                COLUMN *restrict columns, COLUMN *restrict squares)                                    \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            columns[x] += (COLUMN)new[x] - old[x];                                                                     \
        if (squares)                                                                                                   \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                squares[x] += (COLUMN)new[x] * new[x] - (COLUMN)old[x] * old[x];                                       \
    }                                                                                                                  \
    /* Columns beyond the image are those of the table. */                                                             \
    static void NAME##_pad(COLUMN *columns, ptrdiff_t width, ptrdiff_t half, const int32_t *table)                     \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < half; x++) {                                                                         \
            const ptrdiff_t left = table[x], right = table[half + width + x];                                          \
            columns[x] = left < 0 ? 0 : columns[half + left];                                                          \
            columns[half + width + x] = right < 0 ? 0 : columns[half + right];                                         \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE static void NAME##_run(const COLUMN *restrict columns, const COLUMN *restrict squares, ptrdiff_t width,       \
                                ptrdiff_t window, uint64_t *restrict sums)                                             \
    {                                                                                                                  \
        uint64_t sum = 0, square = 0;                                                                                  \
        for (ptrdiff_t x = 0; x < window; x++) {                                                                       \
            sum += columns[x];                                                                                         \
            square += squares ? squares[x] : 0;                                                                        \
        }                                                                                                              \
        STEPS                                                                                                          \
    }                                                                                                                  \
    WIDE static void NAME##_store(const uint64_t *sums, ptrdiff_t width, uint64_t n, const double *counts,             \
                                  double lift, double *mean, double *deviation)                                        \
    {                                                                                                                  \
        if (mean)                                                                                                      \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                mean[x] = mean_of(SUM, counts ? counts[x] : (double)n);                                                \
        if (deviation)                                                                                                 \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                deviation[x] = root_of(SUM, SQUARE, counts ? (uint64_t)counts[x] : n, lift);                           \
    }                                                                                                                  \
    WIDE static void NAME##_compare(const PIXEL *image, const uint64_t *sums, ptrdiff_t from, ptrdiff_t to,            \
                                    ptrdiff_t width, uint64_t n, const double *linear, int deviation, uint8_t bright,  \
                                    uint8_t *mask)                                                                     \
    {                                                                                                                  \
        const double a = linear[0], b = linear[1], c = linear[2], d = linear[3], lift = linear[4];                     \
        for (ptrdiff_t x = from; x < to; x++) {                                                                        \
            const double mean = mean_of(SUM, (double)n), root = deviation ? root_of(SUM, SQUARE, n, lift) : 0;         \
            mask[x] = (image[x] > (deviation ? (a + b * mean) + (c + d * mean) * root : a + b * mean)) ^ bright;       \
        }                                                                                                              \
    }                                                                                                                  \
    /* The same in float, half as long; whether a pixel comes so near to its threshold that this cannot tell. */       \
    WIDE static int NAME##_guess(const PIXEL *restrict image, const uint64_t *restrict sums, ptrdiff_t from,           \
                                 ptrdiff_t to, ptrdiff_t width, uint64_t n, const double *linear, uint8_t bright,      \
                                 uint8_t *restrict mask)                                                               \
    {                                                                                                                  \
        const double unit = 1 / (double)n;                                                                             \
        const float a = (float)linear[0], b = (float)(linear[1] * unit), c = (float)(linear[2] * unit);                \
        const float d = (float)(linear[3] * unit * unit), lift = (float)linear[4], doubt = error_of(linear, (PIXEL)-1);\
        int doubtful = 0;                                                                                              \
        for (ptrdiff_t x = from; x < to; x++) {                                                                        \
            const float sum = (float)(int64_t)(SUM);                                                                   \
            const float square = (float)(int64_t)(n * (SQUARE) - (SUM) * (SUM)) + lift * (sum * sum);                  \
            const float above = (float)image[x] - ((a + b * sum) + (c + d * sum) * sqrtf(square));                     \
            mask[x] = (above > 0) ^ bright;                                                                            \
            doubtful |= !(fabsf(above) > doubt);                                                                       \
        }                                                                                                              \
        return doubtful;                                                                                               \
    }                                                                                                                  \
    EXPORT void NAME##_of(const PIXEL *image, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t window,                     \
                          const int32_t *rows,                                                                         \
                     const int32_t *cols, const PIXEL *nothing, ptrdiff_t first, ptrdiff_t from, ptrdiff_t to,         \
                     COLUMN *columns, COLUMN *squares, uint64_t *sums, ptrdiff_t n, const double *counts,              \
                     double *mean, double *deviation, const double *linear, uint8_t *mask, ptrdiff_t bright)           \
    {                                                                                                                  \
        const ptrdiff_t half = window / 2;                                                                             \
        for (ptrdiff_t row = from == first ? first - window + 1 : from; row < to; row++) {                             \
            const ptrdiff_t enters = rows[row + window - 1], leaves = row > first ? rows[row - 1] : -1;                \
            NAME##_add(enters < 0 ? nothing : image + enters * stride, leaves < 0 ? nothing : image + leaves * stride, \
                       width, columns + half, squares ? squares + half : NULL);                                        \
            if (row < from)                                                                                            \
                continue;                                                                                              \
            NAME##_pad(columns, width, half, cols);                                                                    \
            if (squares)                                                                                               \
                NAME##_pad(squares, width, half, cols);                                                                \
            NAME##_run(columns, squares, width, window, sums);                                                         \
            const ptrdiff_t place = (row - from) * width;                                                              \
            if (!mask)                                                                                                 \
                NAME##_store(sums, width, n, counts ? counts + place : NULL, linear[4], mean ? mean + place : NULL,    \
                             deviation ? deviation + place : NULL);                                                    \
            for (ptrdiff_t x = mask ? 0 : width; x < width; x += BLOCK) {                                              \
                const ptrdiff_t end = x + BLOCK < width ? x + BLOCK : width;                                           \
                const PIXEL *pixels = image + row * stride;                                                            \
                if (!squares || NAME##_guess(pixels, sums, x, end, width, n, linear, !bright, mask + place))           \
                    NAME##_compare(pixels, sums, x, end, width, n, linear, squares != NULL, !bright, mask + place);    \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Of uint8 both sums lie in one number, as long as they fit into 32 bits each. */
#define STEPS8                                                                                                         \
    for (ptrdiff_t x = 0; x < width; x++)                                                                              \
        sums[x] = (uint64_t)columns[x + window] - columns[x];                                                          \
    if (squares)                                                                                                       \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            sums[x] += (uint64_t)(squares[x + window] - squares[x]) << 32;                                             \
    scan(sum + (square << 32), sums, width);
#define STEPS16                                                                                                        \
    for (ptrdiff_t x = 0; x < width; x++)                                                                              \
        sums[x] = columns[x + window] - columns[x];                                                                    \
    scan(sum, sums, width);                                                                                            \
    if (squares) {                                                                                                     \
        for (ptrdiff_t x = 0; x < width; x++)                                                                          \
            sums[width + x] = squares[x + window] - squares[x];                                                        \
        scan(square, sums + width, width);                                                                             \
    }

BAND(moments8, uint8_t, uint32_t, (uint64_t)(uint32_t)sums[x], sums[x] >> 32, STEPS8)
BAND(moments16, uint16_t, uint64_t, sums[x], sums[width + x], STEPS16)

/* Whether each pixel exceeds its threshold, or with `turned` the other way round. */
#define ABOVE(NAME, PIXEL, LEVEL)                                                                                      \
    WIDE EXPORT void NAME(const PIXEL *restrict image, const LEVEL *restrict surface, ptrdiff_t pixels,                \
                          uint8_t *restrict mask, ptrdiff_t turned)                                                    \
    {                                                                                                                  \
        for (ptrdiff_t x = 0; x < pixels; x++)                                                                         \
            mask[x] = turned ? image[x] <= surface[x] : image[x] > surface[x];                                         \
    }

ABOVE(above8_64, uint8_t, double)
ABOVE(above8_32, uint8_t, float)
ABOVE(above16_64, uint16_t, double)
ABOVE(above16_32, uint16_t, float)

/* The same for thresholds that go on in equal steps from row to row. */
#define RAMP(NAME, PIXEL)                                                                                              \
    WIDE EXPORT void NAME(const PIXEL *image, const double *at, const double *step, ptrdiff_t width, ptrdiff_t from,   \
                          ptrdiff_t to, uint8_t *mask, ptrdiff_t turned)                                               \
    {                                                                                                                  \
        for (ptrdiff_t row = from; row < to; row++, image += width, mask += width)                                     \
            for (ptrdiff_t x = 0; x < width; x++)                                                                      \
                mask[x] = (image[x] > (double)row * step[x] + at[x]) ^ (uint8_t)turned;                                \
    }

RAMP(ramp8, uint8_t)
RAMP(ramp16, uint16_t)

/* How often each value occurs; counted in some tables, so that a pixel need not wait for its neighbour of equal value. */
EXPORT void counts8(const uint8_t *image, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, int64_t *counts)
{
    enum { TABLES = 8 };
    uint32_t tables[TABLES][256] = {{0}};
    for (ptrdiff_t row = 0; row < height; row++, image += stride) {
        for (ptrdiff_t x = 0; x < width / TABLES; x++)
            for (int table = 0; table < TABLES; table++)
                tables[table][image[x * TABLES + table]]++;
        for (ptrdiff_t x = width / TABLES * TABLES; x < width; x++)
            tables[0][image[x]]++;
    }
    for (int table = 0; table < TABLES; table++)
        for (int value = 0; value < 256; value++)
            counts[value] += tables[table][value];
}

/* So many tables of 16 bits would not fit into the cache. */
EXPORT void counts16(const uint16_t *image, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, uint32_t *counts)
{
    for (ptrdiff_t row = 0; row < height; row++, image += stride)
        for (ptrdiff_t x = 0; x < width; x++)
            counts[image[x]]++;
}
