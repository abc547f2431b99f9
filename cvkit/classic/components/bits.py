"""Masks as bits, 64 pixels to a word, so that one operation of the machine decides about many pixels at once."""

import numpy as np

WORD = np.dtype("<u8")  # pixel x of a row is bit x % 64 of word x // 64
SIZE = 64


def pack(mask: np.ndarray, margin: int = 1, spare: int = 1) -> np.ndarray:
    """Pack a mask into words, with `margin` rows of zeros above and below and at least `spare` zero bits behind rows.

    The bits behind a row stand before the next one too, so that shifts along the flat array meet zeros on either side.

    Examples
    --------
    >>> pack(np.array([[True, False, True]]), margin=0)
    array([[5]], dtype=uint64)
    """
    height, width = mask.shape
    words = np.zeros((height + 2 * margin, (width + spare + SIZE - 1) // SIZE), WORD)
    inner = words.view(np.uint8)[margin : margin + height]
    inner[:, : (width + 7) // 8] = np.packbits(mask, axis=1, bitorder="little")
    return words


def unpack(words: np.ndarray, width: int) -> np.ndarray:
    """Give the mask of so many columns that rows of words stand for.

    Examples
    --------
    >>> unpack(np.array([[5]], np.uint64), 3)
    array([[ True, False,  True]])
    """
    return np.unpackbits(words.view(np.uint8), axis=1, count=width, bitorder="little").view(bool)


def right(words: np.ndarray, step: int) -> np.ndarray:
    """Move all pixels so many columns to the right, along the flat array."""
    flat = words.reshape(-1)
    whole, part = divmod(step, SIZE)
    moved = np.zeros_like(flat)
    np.left_shift(flat[: len(flat) - whole], WORD.type(part), out=moved[whole:])
    if part:
        moved[whole + 1 :] |= flat[: max(0, len(flat) - whole - 1)] >> WORD.type(SIZE - part)
    return moved.reshape(words.shape)


def left(words: np.ndarray, step: int) -> np.ndarray:
    """Move all pixels so many columns to the left, along the flat array."""
    flat = words.reshape(-1)
    whole, part = divmod(step, SIZE)
    moved = np.zeros_like(flat)
    np.right_shift(flat[whole:], WORD.type(part), out=moved[: len(flat) - whole])
    if part:
        moved[: max(0, len(flat) - whole - 1)] |= flat[whole + 1 :] << WORD.type(SIZE - part)
    return moved.reshape(words.shape)
