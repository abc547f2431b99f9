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

# By the beginnings of the operations' names; the longest that fits counts.
REASONS: dict[str, str] = {}
