"""Calibration: a temperature that makes a network as sure as it is right.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017. arXiv:1706.04599
"""

import numpy as np

from cvkit.arrays import VOID, Probabilities

LEAST = 1e-12  # a probability of 0 has no logarithm


def temper(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Make probabilities less sure by a temperature above 1, surer by one below; their order stays.

    Parameters
    ----------
    probabilities : (..., C) float32 array
    temperature : float, > 0

    Returns
    -------
    probabilities : (..., C) float32 array
        Proportional to ``p ** (1 / temperature)``; they sum to 1.

    Examples
    --------
    >>> temper(np.array([0.8, 0.2], np.float32), 2.0).round(3)
    array([0.667, 0.333], dtype=float32)
    """
    if temperature == 1:
        return probabilities
    powers = np.maximum(probabilities, np.float32(LEAST)) ** np.float32(1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: Probabilities, classes: np.ndarray) -> float:
    """Find the temperature at which the true classes are most likely.

    Parameters
    ----------
    probabilities : (..., C) array
    classes : (...) integer array
        The true ones; 255 = void.

    Returns
    -------
    temperature : float, 0.05..20

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1]] * 4)  # and right in three of four
    >>> round(fit_temperature(sure, np.array([0, 0, 0, 1])), 2)
    2.0
    """
    known = classes != VOID
    logs = np.log(np.maximum(probabilities[known], LEAST)).astype(np.float64)
    logs -= logs.max(axis=1, keepdims=True)
    true = np.take_along_axis(logs, classes[known].astype(np.int64)[:, None], axis=1)[:, 0]

    def slope(power: float) -> float:
        """Of the mean log-likelihood, which is concave in the power 1 / temperature."""
        weights = np.exp(power * logs)
        return float((true - (weights * logs).sum(axis=1) / weights.sum(axis=1)).mean())

    low, high = 1 / 20, 20.0
    for _ in range(30):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(1 / np.sqrt(low * high))
