"""Images to learn from and to try things on: folders of pairs, COCO files, downloads, and scenes drawn on the spot."""

from cvkit.datasets.coco import from_coco
from cvkit.datasets.download import fashion_mnist, fetch
from cvkit.datasets.pages import draw_page
from cvkit.datasets.pairs import Pairs, from_folders
from cvkit.datasets.report import Report, check

__all__ = ["Pairs", "Report", "check", "draw_page", "fashion_mnist", "fetch", "from_coco", "from_folders"]
