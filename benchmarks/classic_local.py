"""Cases of classic.py: thresholds from windows, of 51 pixels."""

import contextlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from skimage import filters

from cvkit.classic import segment

WINDOW = 51
METHODS = {"niblack": -0.2, "sauvola": 0.2, "wolf": 0.5, "nick": -0.2, "phansalkar": 0.2, "wan": 0.2, "singh": 0.06}
METHODS |= dict.fromkeys(("bernsen", "contrast", "bradley", "feng", "bataineh"))  # have no k
XIMGPROC = {"niblack": "NIBLACK", "sauvola": "SAUVOLA", "wolf": "WOLF", "nick": "NICK"}


def cases(scenes: dict[str, np.ndarray]) -> Iterator[tuple[str, Callable, dict[str, Callable]]]:
    """Give every operation with what peers do of the same kind; borders and rounding differ."""
    page = scenes["page"]
    for name, flag in (("adaptive_mean", 0), ("adaptive_gaussian", 1)):
        peers = {"opencv": lambda flag=flag: cv2.adaptiveThreshold(page, 1, flag, cv2.THRESH_BINARY_INV, WINDOW, 10)}
        way = name.removeprefix("adaptive_")
        peers["skimage"] = lambda way=way: page <= filters.threshold_local(page, WINDOW, way, 10)
        yield name, lambda name=name: dark(page, name, window=WINDOW, offset=10), peers
    for name, k in METHODS.items():
        yield name, lambda name=name: dark(page, name, window=WINDOW), _peers(page, name, k)
    for kind in ("deep", "real"):
        image = scenes[kind]
        peers = {"skimage": lambda image=image: image <= filters.threshold_sauvola(image, WINDOW)}
        yield f"sauvola {image.dtype}", lambda image=image: dark(image, "sauvola", window=WINDOW), peers


def dark(image: np.ndarray, name: str, **parameters) -> np.ndarray:
    """Dark ink by a method of cvkit."""
    return segment(image, name, foreground="dark", **parameters)


def _peers(image: np.ndarray, name: str, k: float | None) -> dict[str, Callable]:
    peers = doxa(image, name, {"window": WINDOW} | ({} if k is None else {"k": k}))
    if name in ("niblack", "sauvola"):
        by_name = getattr(filters, f"threshold_{name}")
        peers["skimage"] = lambda: image <= by_name(image, WINDOW)
    if name in XIMGPROC and hasattr(cv2, "ximgproc"):
        way = getattr(cv2.ximgproc, f"BINARIZATION_{XIMGPROC[name]}")
        peers["ximgproc"] = lambda: cv2.ximgproc.niBlackThreshold(
            image, 1, cv2.THRESH_BINARY_INV, WINDOW, k, binarizationMethod=way
        )
    return peers


def doxa(image: np.ndarray, name: str, parameters: dict) -> dict[str, Callable]:
    """Doxa's method of that name, if there is one."""
    with contextlib.suppress(ImportError):
        import doxapy

        algorithm = getattr(doxapy.Binarization.Algorithms, {"singh": "TRSINGH"}.get(name, name.upper()), None)
        if algorithm is not None:

            def call() -> np.ndarray:
                out = np.empty_like(image)
                binarization = doxapy.Binarization(algorithm)
                binarization.initialize(image)
                binarization.to_binary(out, parameters)
                return out

            return {"doxapy": call}
    return {}
