"""Sums around pixels: exact, the same compiled or not, whatever the border and whatever is left out."""

import numpy as np
import pytest

from cvkit.classic import kernel, windows
from cvkit.classic.surface import Linear
from cvkit.classic.windows import local

MODES = {"reflect": "reflect", "replicate": "edge"}


def slow(image, window, border, counted=None):
    """Mean, deviation, least, greatest value and number of the counted pixels of every window."""
    half = window // 2
    values = image.astype(np.float64)
    if counted is not None:
        values = np.where(counted, values, np.nan)
    padded = (
        np.pad(values, half, constant_values=np.nan) if border == "truncate" else np.pad(values, half, MODES[border])
    )
    near = np.lib.stride_tricks.sliding_window_view(padded, (window, window)).reshape(*image.shape, -1)
    return [f(near, axis=2) for f in (np.nanmean, np.nanstd, np.nanmin, np.nanmax)] + [(~np.isnan(near)).sum(axis=2)]


def all_of(image, window, border):
    formulas = (lambda m: m, lambda s: s, lambda low: low, lambda high: high, lambda n: n)
    return [np.asarray(local(image, window, formula, border=border)) for formula in formulas]


@pytest.fixture(params=["compiled", "NumPy"])
def form(request, monkeypatch):
    """Both forms, as far as there is a compiler."""
    if request.param == "NumPy":
        monkeypatch.setattr(kernel, "_LIBRARY", None)
    elif kernel._LIBRARY is None:
        pytest.skip("there is no compiled form here")
    return request.param


@pytest.mark.parametrize("border", windows.BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("window", [3, 9, 31])
def test_windows_equal_a_slow_twin(form, dtype, window, border):
    image = (np.random.default_rng(1).random((23, 19)) * 120 - 60 * (dtype[0] in "if")).astype(dtype)
    for ours, twin in zip(all_of(image, window, border), slow(image, window, border), strict=True):
        assert np.allclose(ours, twin, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("border", windows.BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_what_is_left_out_counts_nowhere(dtype, border):
    rng = np.random.default_rng(2)
    image, counted = (rng.random((17, 23)) * 200).astype(dtype), rng.random((17, 23)) > 0.3
    spoiled = np.where(counted, image, np.array(np.nan if dtype == "float32" else 99, dtype))
    ours = all_of(np.ma.masked_array(spoiled, ~counted), 7, border)
    for one, twin in zip(ours, slow(image, 7, border, counted), strict=True):
        assert np.allclose(one[counted], twin[counted], rtol=1e-6 if dtype == "float32" else 1e-10, atol=1e-6)


@pytest.mark.skipif(kernel._LIBRARY is None, reason="there is no compiled form here")
@pytest.mark.parametrize("border", windows.BORDERS)
@pytest.mark.parametrize(
    ("dtype", "window"),
    [("uint8", 5), ("uint8", 51), ("uint8", 257), ("uint8", 259), ("uint8", 621), ("uint16", 3), ("uint16", 255)],
)
def test_both_forms_give_the_same_bits(monkeypatch, dtype, window, border):
    rng = np.random.default_rng(window)
    image = rng.integers(0, np.iinfo(dtype).max, (70, 90), dtype, endpoint=True)
    image[20:60, 30:] = np.iinfo(dtype).max  # and something flat
    masked = np.ma.masked_array(image, rng.random(image.shape) < 0.4)
    masked[:40, 50:] = np.ma.masked
    factors = Linear(a=-3.7, b=0.8, c=-0.1, lift=0.3, d=0.2 / np.iinfo(dtype).max)

    def answers():
        surfaces = [local(image, window, formula, border=border) for formula in (factors, Linear(a=2, b=0.9))]
        formulas = (lambda m, s: m + 0.3 * s, lambda s: s, lambda n: n, lambda low, high: (high / 2 + low).astype("f4"))
        surfaces += [local(given, window, formula, border=border) for formula in formulas for given in (image, masked)]
        return [np.asarray(one) for one in surfaces] + [one.compare("dark") for one in surfaces]

    compiled = answers()
    monkeypatch.setattr(kernel, "_LIBRARY", None)
    for one, other in zip(compiled, answers(), strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@pytest.mark.skipif(kernel._LIBRARY is None, reason="there is no compiled form here")
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_pixels_at_their_threshold_are_told_from_those_beside_it(monkeypatch, dtype):
    """Where a float cannot tell: the threshold is a whole number, or the next float64 to one."""
    image = np.tile(np.arange(251, dtype=dtype), (9, 3)) + np.array(0 if dtype == "uint8" else 65000, dtype)
    flat = np.full((9, 753), 200, dtype)
    for factor in (1.0, np.nextafter(1.0, 2), np.nextafter(1.0, 0)):
        for given, window in ((flat, 3), (image, 9)):
            for linear in (
                Linear(b=factor, c=1e-17),
                Linear(b=factor, c=1e-17, lift=1e-9),
                Linear(a=1e300, b=factor, c=1),
            ):
                surface = local(given, window, linear)
                assert np.array_equal(surface.compare("bright"), given > np.asarray(surface))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_comparing_is_comparing_with_the_surface(form, dtype):
    image = np.random.default_rng(5).integers(0, 250, (61, 47)).astype(dtype)
    for formula in (Linear(b=1), Linear(b=0.9, d=0.001), lambda m, s: m - s):
        surface = local(image, 9, formula)
        assert np.array_equal(surface.compare("bright"), image > np.asarray(surface))
        assert np.array_equal(surface.compare("dark"), image <= np.asarray(surface))
        assert surface.extremes() == (np.asarray(surface).min(), np.asarray(surface).max())


@pytest.mark.parametrize(("dtype", "window"), [("uint16", 303), ("uint16", 311), ("uint16", 601), ("uint8", 3001)])
def test_no_contrast_is_too_great_for_a_wide_window(form, dtype, window):
    image = np.zeros((9, 14), dtype)
    image[:, 7:] = np.iinfo(dtype).max
    mean, deviation = (np.asarray(local(image, window, formula)) for formula in (lambda m: m, lambda s: s))
    full = float(np.iinfo(dtype).max)
    assert np.allclose(deviation, np.sqrt(mean * (full - mean)), rtol=1e-12)  # of two values, by their shares
    image[:, :7] = np.iinfo(dtype).max
    assert not np.asarray(local(image, window, lambda s: s)).any()


def test_a_flat_bright_page_has_no_deviation(form):
    page = np.full((300, 300), 65535, np.uint16)
    page[0, 0] = 65534
    mean, deviation = all_of(page, 101, "reflect")[:2]
    assert (deviation[200:, 200:] == 0).all() and (mean[200:, 200:] == 65535).all()
    assert deviation[0, 0] > 0


def test_surfaces_do_not_depend_on_strips_or_threads(form, monkeypatch):
    image = np.random.default_rng(2).integers(0, 65535, (300, 250), np.uint16)
    whole = all_of(image, 15, "reflect")
    mask = local(image, 15, Linear(b=1, c=0.1)).compare("bright")
    monkeypatch.setattr(windows, "CHUNK", 600)
    monkeypatch.setattr(windows, "STRIP", 1500)
    monkeypatch.setattr("cvkit.classic.share.ALONE", 0)
    monkeypatch.setattr("cvkit.classic.share.cores", lambda: 3)
    for one, other in zip(all_of(image, 15, "reflect"), whole, strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(local(image, 15, Linear(b=1, c=0.1)).compare("bright"), mask)


def test_borders_and_windows_are_checked():
    with pytest.raises(ValueError, match="`border` must be one of 'reflect', 'replicate', 'truncate'"):
        local(np.eye(4), 3, lambda m: m, border="wrap")
    with pytest.raises(ValueError, match="`window` must be an odd integer"):
        local(np.eye(4), 4, lambda m: m)
