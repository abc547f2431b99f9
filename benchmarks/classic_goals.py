"""What benchmarks/classic.py is to show: goals of single operations, and reasons where a peer is faster."""

GLOBAL = ("huang", "intermodes", "isodata", "kapur", "kittler", "li", "mean", "minimum", "moments", "percentile")
GLOBAL += ("renyi", "shanbhag", "triangle", "yen")
OBJECTS = "10,000 objects in 4096²"

# What it is, part, operations, side, unit, goal: None for the fastest peer.
GOALS = [
    ("multi_otsu of 5 classes, 256 bins", "global", ("multi_otsu 5, 256 bins",), 512, "ms", 1),
    ("multi_otsu of 8 classes, 65,536 bins", "global", ("multi_otsu 8, 65,536 bins",), 512, "ms", 200),
    ("otsu uint8", "global", ("otsu uint8",), 2048, "ns", 0.4),
    ("otsu uint16", "global", ("otsu uint16",), 2048, "ns", 0.9),
    ("otsu float32", "global", ("otsu float32",), 2048, "ns", 1.3),
    ("any other global method, uint8", "global", tuple(f"{name} uint8" for name in GLOBAL), 2048, "ns", 0.6),
    ("sauvola, niblack, nick, window 51", "local", ("sauvola", "niblack", "nick"), 2048, "ns", 1.3),
    ("wolf, window 51", "local", ("wolf",), 2048, "ns", 4),
    ("phansalkar, window 51", "local", ("phansalkar",), 2048, "ns", 4),
    ("bernsen, window 51", "local", ("bernsen",), 2048, "ns", 3.3),
    *(
        (name, "components", (f"{name}, blobs",), 2048, "ns", goal)
        for name, goal in (
            ("remove_small", 5),
            ("fill_holes", 3.5),
            ("clear_border", 0.7),
            ("largest", 2.8),
            ("hysteresis", 3.7),
        )
    ),
    (f"regions of {OBJECTS} with perimeter", "components", (f"regions with perimeter, {OBJECTS}",), 2048, "ns", 9),
    (f"regions of {OBJECTS}", "components", (f"regions, {OBJECTS}",), 2048, "ns", 4.2),
    (f"COCO RLE of {OBJECTS}", "boxes", (f"COCO RLE of {OBJECTS}",), 2048, "ms", 250),
    ("split", "components", ("split",), 2048, "ns", 25),
    *(
        (f"nms of 10,000 boxes, {name}", "boxes", (f"nms of 10,000 boxes, {name}",), 2048, "ratio", None)
        for name in ("dense", "medium", "sparse")
    ),
]

NUMPY = (
    "the compiled kernel gives mean and deviation and compares, NumPy has the formula in {} passes over pixels that "
    "stay in the cache; the peer compiles the formula too. What is linear in both, such as sauvola, is compiled and "
    "more than twice as fast as it."
)
COLD = (
    "comparing is a pass of its own, a tenth of the time; at 512 the peers before it have emptied the caches, and "
    "half of the time is that of Python and some thirty calls of NumPy, whose code comes from memory: by itself it "
    "takes 1.3 to 1.4 times as long as OpenCV."
)
WINDOWS = (
    "sums of columns, their steps along the rows, sums of those, and a root for each pixel take a fifth of the time "
    "each, all exact; what float32 cannot tell is computed again in float64."
)

# By the beginnings of the operations' names; the longest that fits counts.
REASONS = {
    "otsu uint8": COLD,
    "otsu uint16": "counting takes as long; the rest is NumPy on 65,536 numbers.",
    "otsu float32": "a third is spent on looking for NaN and infinity and on the range, a third on counting 65,536 "
    "levels, the rest on making 16 bits of floats and on comparing; 256 levels as of the peers would be less exact.",
    "triangle": COLD,
    "mean": "the whole histogram is counted where the peer sums only.",
    "shanbhag": "the logarithms of 256 levels for each of 255 thresholds take half a millisecond in NumPy.",
    "adaptive_mean": "the mean is kept in float64, where OpenCV looks the rounded one up in a table.",
    "singh": NUMPY.format("five"),
    "wan": NUMPY.format("four") + " The greatest value of each window is a pass of its own in both.",
    "phansalkar": NUMPY.format("seven") + " Both take an exponential of every pixel.",
    "bernsen": "the least and greatest values take half of the time, though only twelve passes for 51 pixels; the "
    "rest is six passes of NumPy.",
    "feng": "at 512 with windows of 51 two pixels of five that are summed lie beyond the border, for the wider "
    "windows; and each row of windows is a dozen calls of NumPy.",
    "su": "mean and deviation of the pixels at edges are compiled; a third of the time is the contrast, a float of "
    "which 65,536 levels are counted where Doxa has a byte, and a third the commonest width of strokes, found by "
    "runs.",
    "gatos": "the smoothed page keeps its fractions, in 16 bits and by formulas of NumPy; Doxa rounds it and the paper "
    "to bytes and works in compiled passes.",
    "isauvola": "contrast is a float of which 65,536 levels are counted, where Doxa has a byte and 256.",
    "label": "OpenCV's own default labels blocks of 2 x 2 pixels and numbers by pairs of rows; objects here are "
    "numbered in the order in which rows meet them, as scikit-image and scipy do: OpenCV's SAUF, which is faster on "
    "one core and gains less by two.",
    "contours": "these are the outlines of pixels, from which the very mask comes back and whose area is that of the "
    "pixels, traced for all objects at once in NumPy; OpenCV's run through the centres of pixels, compiled.",
    "polygons": "these are the outlines of pixels, holes assigned to their parts, which rings through centres of "
    "pixels are not; the loop of OpenCV gives those for one object after the other.",
    "skeleton": "DIPlib's is another algorithm, that takes off pixels in the order of their distance, and gives "
    "another line; of those that give this line, scikit-image is slower.",
    "opening": "the same call of OpenCV: what differs is the check that the mask is one.",
    "closing": "the same call of OpenCV: what differs is the check that the mask is one.",
    **dict.fromkeys(("sauvola", "niblack", "nick"), WINDOWS),
    "split": "OpenCV's exact distance takes a fifth, the way up from each pixel another, the passes between basins an "
    "eighth, naming and painting the pixels of objects a sixth; the rest is labels, blur and bookkeeping.",
    "nms of 10,000 boxes, dense": "a third of it are four sorts of all boxes, by score and into cells, and putting "
    "them in that order, the rest hundreds of calls of NumPy on few numbers; lsnms is compiled, and of boxes that "
    "lie upon each other it has soon done away with most.",
    "wolf": "the deviations are computed twice, since the greatest of the image must be known first.",
    "sauvola float32": "sums of floats are taken about their middle in float64, by integral images of OpenCV.",
    "multi_otsu": "the search among 256 levels is one matrix of 256 x 256 for each class.",
}
