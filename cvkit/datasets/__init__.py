"""Images to learn from and to try things on: folders of pairs, downloads, and scenes drawn on the spot."""

from cvkit.datasets.pages import draw_page

__all__ = ["draw_page"]
