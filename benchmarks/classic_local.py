"""Cases of classic.py: thresholds from windows, of 51 pixels."""

import contextlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from skimage import filters

from cvkit.classic import segment

WINDOW = 51
DOXA = {"niblack": -0.2, "sauvola": 0.2, "wolf": 0.5, "nick": -0.2, "phansalkar": 0.2, "wan": 0.2, "singh": 0.06}
XIMGPROC = {"niblack": "NIBLACK", "sauvola": "SAUVOLA", "wolf": "WOLF", "nick": "NICK"}
SLOW = ("su", "gatos", "bernsen", "wan", "howe")  # of which a peer or the method itself takes minutes on 8192 x 8192
ALONE = ("bernsen", "contrast", "bradley", "feng", "bataineh", "su", "gatos", "isauvola", "multiscale_sauvola", "howe")


def cases(scenes: dict[str, np.ndarray]) -> Iterator[tuple[str, Callable, dict[str, Callable]]]:
    """Give every operation with what peers do of the same kind; borders and rounding differ."""
    page = scenes["page"]
    for name, flag in (("adaptive_mean", 0), ("adaptive_gaussian", 1)):
        peers = {"opencv": lambda flag=flag: cv2.adaptiveThreshold(page, 1, flag, cv2.THRESH_BINARY_INV, WINDOW, 10)}
        way = name.removeprefix("adaptive_")
        peers["skimage"] = lambda way=way: page <= filters.threshold_local(page, WINDOW, way, 10)
        yield name, lambda name=name: _dark(page, name, window=WINDOW, offset=10), peers
    for name, k in DOXA.items():
        if len(page) > 2048 and name in SLOW:
            continue
        yield name, lambda name=name: _dark(page, name, window=WINDOW), _peers(page, name, k)
    for kind in ("deep", "real"):
        image = scenes[kind]
        peers = {"skimage": lambda image=image: image <= filters.threshold_sauvola(image, WINDOW)}
        yield f"sauvola {image.dtype}", lambda image=image: _dark(image, "sauvola", window=WINDOW), peers
    for name in ALONE:
        if len(page) > 2048 and name in SLOW:
            continue
        window = {} if name in ("howe", "su") else {"window": WINDOW}
        yield name, lambda name=name, window=window: _dark(page, name, **window), _doxa(page, name, {"window": WINDOW})
    if len(page) <= 512:
        peers = {"skimage": lambda: filters.rank.otsu(page, np.ones((WINDOW, WINDOW))) > page}
        yield "local_otsu", lambda: _dark(page, "local_otsu", window=WINDOW), peers


def _dark(image: np.ndarray, name: str, **parameters) -> np.ndarray:
    return segment(image, name, foreground="dark", **parameters)


def _peers(image: np.ndarray, name: str, k: float) -> dict[str, Callable]:
    peers = _doxa(image, name, {"window": WINDOW, "k": k})
    if name in ("niblack", "sauvola"):
        by_name = getattr(filters, f"threshold_{name}")
        peers["skimage"] = lambda: image <= by_name(image, WINDOW)
    if name in XIMGPROC and hasattr(cv2, "ximgproc"):
        way = getattr(cv2.ximgproc, f"BINARIZATION_{XIMGPROC[name]}")
        peers["ximgproc"] = lambda: cv2.ximgproc.niBlackThreshold(
            image, 1, cv2.THRESH_BINARY_INV, WINDOW, k, binarizationMethod=way
        )
    return peers


def _doxa(image: np.ndarray, name: str, parameters: dict) -> dict[str, Callable]:
    with contextlib.suppress(ImportError):
        import doxapy

        algorithm = getattr(doxapy.Binarization.Algorithms, {"singh": "TRSINGH"}.get(name, name.upper()), None)
        if algorithm is not None:
            out = np.empty_like(image)

            def call() -> None:
                binarization = doxapy.Binarization(algorithm)
                binarization.initialize(image)
                binarization.to_binary(out, parameters)

            return {"doxapy": call}
    return {}
