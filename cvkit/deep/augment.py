"""Random changes of a training image, and of its truth by the same warp."""

import cv2
import numpy as np


def warp(image: np.ndarray, truth: np.ndarray, rng: np.random.Generator, *, centre: tuple, size: int) -> tuple:
    """Cut a square patch out of an image and its truth, turned, flipped and scaled at random.

    Parameters
    ----------
    image : (H, W, C) float32 array
    truth : (H, W) array
        uint8 classes or int32 labels.
    rng : numpy.random.Generator
    centre : (row, col)
        Where the middle of the patch lies.
    size : int
        Side of the patch in pixels.

    Returns
    -------
    image : (size, size, C) float32 array
        Beyond the border the image is reflected.
    truth : (size, size) array
        Beyond the border void, 255 in classes and -1 in labels, so that no answer is learnt from a reflection.
    """
    angle, scale = rng.uniform(0, 2 * np.pi), 2 ** rng.uniform(-0.5, 0.5)
    stretch = 2 ** rng.uniform(-0.15, 0.15)
    flip = rng.choice([-1, 1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([flip * stretch / scale, 1 / (stretch * scale)])  # from patch to image, x before y
    middle = np.array([centre[1], centre[0]]) - matrix @ np.full(2, (size - 1) / 2)
    inverse = np.column_stack([matrix, middle])
    patch = cv2.warpAffine(
        image, inverse, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
    )
    parts = truth.view(np.uint8).reshape(*truth.shape, -1)  # bytes, 255 in each: that is void in either dtype
    answer = cv2.warpAffine(
        parts,
        inverse,
        (size, size),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255,) * 4,
    )
    return patch.reshape(size, size, -1), answer.view(truth.dtype).reshape(size, size)


def colour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change gamma, contrast, brightness and colour of an image at random, blur it or add noise.

    Parameters
    ----------
    image : (H, W, C) float32 array
        Values around 0..1.
    rng : numpy.random.Generator

    Returns
    -------
    image : (H, W, C) float32 array
    """
    channels = image.shape[2]
    image = np.clip(image, 0, None) ** np.float32(2 ** rng.uniform(-0.7, 0.7))
    gain = rng.uniform(0.8, 1.2) * rng.uniform(0.9, 1.1, channels)
    if np.ptp(image, axis=2).max() < 1e-4:  # a grey image stays grey
        gain[:] = gain[0]
    image = (image * gain + rng.uniform(-0.1, 0.1)).astype(np.float32)
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5)).reshape(image.shape)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(0.01, 0.06), image.shape[:2])
        image = image + noise[:, :, None].astype(np.float32)
    return image
