"""Connected components: label them, clean masks by them, measure them, part the touching ones; boxes and outlines."""

from cvkit.classic.components.boxes import nms
from cvkit.classic.components.clean import clear_border, fill_holes, hysteresis, largest, remove_large, remove_small
from cvkit.classic.components.expand import expand
from cvkit.classic.components.flood import watershed
from cvkit.classic.components.fusion import fuse_boxes
from cvkit.classic.components.geojson import from_geojson, to_geojson
from cvkit.classic.components.hull import convex_hull
from cvkit.classic.components.keep import keep_if
from cvkit.classic.components.labelling import label, relabel
from cvkit.classic.components.mask_nms import mask_nms
from cvkit.classic.components.morphology import closing, dilation, erosion, opening, reconstruct
from cvkit.classic.components.outlines import contours, fill_polygons, polygons
from cvkit.classic.components.regions import regions
from cvkit.classic.components.rle import coco_annotations, decode_rle, encode_rle, rle_area
from cvkit.classic.components.skeleton import skeleton
from cvkit.classic.components.soft_nms import soft_nms
from cvkit.classic.components.splitting import split

__all__ = [
    "clear_border",
    "expand",
    "fill_holes",
    "hysteresis",
    "keep_if",
    "label",
    "largest",
    "regions",
    "relabel",
    "remove_large",
    "remove_small",
    "split",
    "watershed",
]
__all__ += ["closing", "convex_hull", "dilation", "erosion", "opening", "reconstruct", "skeleton"]
__all__ += ["coco_annotations", "contours", "decode_rle", "encode_rle", "fill_polygons", "from_geojson", "polygons"]
__all__ += ["fuse_boxes", "mask_nms", "nms", "rle_area", "soft_nms", "to_geojson"]
