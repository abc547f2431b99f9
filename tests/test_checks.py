"""The checks to the last number: what is just accepted, what is just refused, and in which form it comes back."""

import numpy as np
import pytest

from cvkit import arrays, checks
from cvkit.arrays import as_channels, as_finite, as_gray, as_image, as_labels, as_mask, is_mask, kind_of, same_shape
from cvkit.checks import as_shape, number, odd, one_of, shorten, whole
from cvkit.errors import CvkitError, WrongType

ACCEPTED = [
    (number, (0, "k", 0, 1), 0),
    (number, (1, "k", 0, 1), 1),
    (number, (-1e30, "k"), -1e30),
    (number, (np.float32(0.5), "k"), 0.5),
    (number, (np.int8(-3), "k", -3), -3),
    (whole, (1, "n"), 1),
    (whole, (0, "n", 0), 0),
    (whole, (2**31 - 1, "n"), 2**31 - 1),
    (whole, (7, "n", 3, 7), 7),
    (whole, (np.uint8(200), "n"), 200),
    (odd, (3, "window"), 3),
    (odd, (1, "size", 1), 1),
    (odd, (4095, "window"), 4095),
    (odd, (np.int64(5), "window"), 5),
    (one_of, ("a", "by", ("a", "b")), "a"),
    (one_of, (None, "by", (None, 1)), None),
    (as_shape, ((1, 1),), (1, 1)),
    (as_shape, ([2, 3],), (2, 3)),
    (as_shape, ((1, 2**31 - 1),), (1, 2**31 - 1)),
]
REFUSED = [
    (number, (-1e-9, "k", 0, 1), "`k` must be a finite number between 0 and 1, got -1e-09."),
    (number, (1.0001, "k", 0, 1), "`k` must be a finite number between 0 and 1, got 1.0001."),
    (number, (-1, "k", 0), "`k` must be a finite number of at least 0, got -1."),
    (number, (2, "k", -np.inf, 1), "`k` must be a finite number of at most 1, got 2."),
    (number, (True, "k"), "`k` must be a finite number, got True."),
    (number, (np.nan, "k"), "`k` must be a finite number, got nan."),
    (number, ("1", "k"), "`k` must be a finite number, got '1'."),
    (number, (1.1e30, "k", 0), "`k` must be a finite number between -1e+30 and 1e+30, got 1.1e+30."),
    (whole, (0, "n"), "`n` must be a whole number of at least 1, got 0."),
    (whole, (2**31, "n"), "`n` must be a whole number of at least 1 and at most 2147483647, got 2147483648."),
    (whole, (8, "n", 3, 7), "`n` must be a whole number of at least 3 and at most 7, got 8."),
    (whole, (1.0, "n"), "`n` must be a whole number of at least 1, got 1.0."),
    (whole, (False, "n", 0), "`n` must be a whole number of at least 0, got False."),
    (odd, (1, "window"), "`window` must be an odd integer of at least 3, got 1; use 3."),
    (odd, (4, "window"), "`window` must be an odd integer of at least 3, got 4; use 5."),
    (odd, (5.0, "window"), "`window` must be an odd integer of at least 3, got 5.0; use 5."),
    (odd, (4097, "window"), "`window` must be an odd integer of at least 3 and at most 4095, got 4097; use 4095."),
    (odd, ("a", "window"), "`window` must be an odd integer of at least 3, got 'a'; use 15 for example."),
    (odd, (True, "size", 1), "`size` must be an odd integer of at least 1, got True; use 15 for example."),
    (one_of, (1, "by", (True, "a")), "`by` must be one of True, 'a', got 1."),
    (as_shape, ((2,),), "`shape` must be (height, width), got (2,)."),
    (as_shape, (5,), "`shape` must be (height, width), got 5."),
    (as_shape, ((3, 0),), "`width` must be a whole number of at least 1, got 0."),
    (as_shape, ((2, 2**30),), "an image must hold at most 2,147,483,647 pixels, got 2 x 1,073,741,824."),
]


@pytest.mark.parametrize(("check", "given", "answer"), ACCEPTED)
def test_just_accepted(check, given, answer):
    found = check(*given)
    assert found == answer and type(found) is not bool


@pytest.mark.parametrize(("check", "given", "words"), REFUSED)
def test_just_refused(check, given, words):
    with pytest.raises(CvkitError) as caught:
        check(*given)
    assert str(caught.value) == words


def test_a_long_value_is_shown_short():
    assert shorten("x" * 78) == repr("x" * 78) and len(shorten("x" * 79)) == 80 and shorten("x" * 79).endswith("...")
    assert shorten(10**5000) == "a int that is too long to write"


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_whole_numbers_are_taken_up_to_where_floats_are_exact(dtype):
    image = np.array([[0, 2**53]], dtype)
    assert as_image(image) is image
    for wrong in (np.array([[0, 2**53 + 1]], dtype), np.array([[-(2**53) - 1, 0]], "int64")):
        with pytest.raises(CvkitError, match=r"within 2\*\*53.*subtract"):
            as_image(wrong)
    assert as_image(np.array([[-(2**53)]], "int64"))[0, 0] == -(2**53)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_taken_in_the_range_of_their_squares(dtype):
    for good in (9.9e29, 1.1e-30, -9e29, 0.0):
        image = np.array([[good, 0, np.nan]], dtype)
        assert as_image(image) is image
    wrong = {2e30: "got 2", -2e30: "got 2", 9e-31: "got (9|8.99)", -np.inf: "infinite", np.inf: "infinite"}
    for bad, words in wrong.items():
        with pytest.raises(CvkitError, match=words):
            as_image(np.array([[bad, 0, np.nan]], dtype))
    assert np.isnan(as_image(np.full((1, 2), np.nan, dtype))).all()


def test_images_lose_what_is_not_theirs_and_keep_the_rest():
    assert as_image(np.zeros((2, 3, 1), np.uint16)).shape == (2, 3)
    assert as_image(np.zeros((2, 3, 3), np.uint16)).shape == (2, 3, 3)
    assert as_image([[True, False]]).dtype == np.uint8
    assert as_image(np.array([[1, 2]], ">i2")).dtype.isnative and as_image(np.array([[1, 2]], ">i2")).tolist() == [
        [1, 2]
    ]
    assert as_image(np.ones((1, 1), np.longdouble)).dtype in (np.float64, np.longdouble)
    assert as_image(np.broadcast_to(np.uint8(1), (1, 2**31 - 1))).size == 2**31 - 1
    with pytest.raises(CvkitError, match="at most 2,147,483,647 values, got 2,147,483,648; cut it into tiles"):
        as_image(np.broadcast_to(np.uint8(1), (2, 2**30)))
    for shape, words in (((2, 2, 4), "image\\[:, :, :3\\]"), ((2, 2, 2), "one grey or RGB"), ((3,), "one grey or RGB")):
        with pytest.raises(CvkitError, match=words):
            as_image(np.zeros(shape))


def test_grey_is_luma_in_the_unit_of_the_image():
    rgb = np.array([[[1000, 0, 0], [0, 1000, 0], [0, 0, 1000]]], np.uint16)
    assert as_gray(rgb).tolist() == [[299, 587, 114]] and as_gray(rgb).dtype == np.uint16
    assert np.allclose(as_gray(rgb / 1000), [[0.299, 0.587, 0.114]])
    assert as_gray(np.array([[[0, 0, 4]]], np.uint8)).tolist() == [[0]]  # 0.456 is rounded
    assert as_gray(np.array([[[0, 0, 5]]], np.uint8)).tolist() == [[1]]


def test_channels_are_made_and_taken_away():
    grey, rgb = np.arange(6, dtype=np.uint8).reshape(2, 3), np.full((2, 3, 3), 9, np.uint8)
    assert as_channels(grey, 3).shape == (2, 3, 3) and (as_channels(grey, 3)[:, :, 2] == grey).all()
    assert as_channels(grey, 1).shape == (2, 3, 1) and as_channels(rgb, 1)[0, 0] == 9
    assert as_channels(rgb, 3).dtype == np.float32 and as_channels(rgb, 3).flags.c_contiguous


def test_nan_is_counted_where_it_cannot_be():
    assert as_finite(np.ones((1, 2)), "it").sum() == 2 and as_finite(np.ones((1, 2), int), "it").sum() == 2
    with pytest.raises(CvkitError, match="it cannot work on NaN, and 1 of 2 values are NaN; replace"):
        as_finite(np.array([[np.nan, 1]]), "it")


def test_masks_have_two_values_and_labels_are_counted():
    for given in ([[0, 255]], [[0, 1]], np.array([[0.0, 0.5]]), np.array([[False, True]])):
        assert as_mask(given).tolist() == [[False, True]] and as_mask(given).dtype == bool
    assert as_mask([[3, 3]]).all() and not as_mask([[0, 0]]).any()
    for wrong in ([[1, 2]], [[0, 1, 2]], [[-1, 0]]):
        with pytest.raises(CvkitError, match="must hold 0 and one other value"):
            as_mask(wrong)
    with pytest.raises(CvkitError, match=r"must have shape \(H, W\), got \(1, 1, 3\)"):
        as_mask(np.ones((1, 1, 3), bool))
    assert as_labels([[0, 2**31 - 1]]).dtype == np.int32 and as_labels([[True, False]]).tolist() == [[1, 0]]
    with pytest.raises(CvkitError, match=r"must lie in 0..2\*\*31-1"):
        as_labels([[2**31]])
    with pytest.raises(CvkitError, match=r"must hold 0 for what is no object, and positive numbers, got -1\.\.3"):
        as_labels([[-1, 3]])
    labels = np.zeros((1, 2), np.int32)
    assert as_labels(labels) is labels and not is_mask([[True]]) and not is_mask(labels) and is_mask(labels > 0)


def test_kinds_go_by_dtype_and_dimensions():
    kinds = {"mask": ((1, 2), bool), "labels": ((1, 2), np.int32), "classes": ((1, 2), np.uint8)}
    for kind, (shape, dtype) in kinds.items():
        assert kind_of(np.zeros(shape, dtype)) == kind
        with pytest.raises(WrongType, match="of 3 dimensions"):
            kind_of(np.zeros((*shape, 3), dtype))
    assert kind_of(np.zeros((1, 2, 3), np.float32)) == "probabilities" and kind_of({}) == "table"
    for wrong in (np.zeros((1, 2), np.float32), np.zeros((1, 2), np.int64), [1], None):
        with pytest.raises(WrongType, match="an answer must be"):
            kind_of(wrong)


def test_shapes_are_those_of_rows_and_columns():
    assert same_shape(np.zeros((2, 3)), np.zeros((2, 3, 3)), "both") is None
    for other in ((3, 3), (2, 2)):
        with pytest.raises(CvkitError, match="both must have the same height and width"):
            same_shape(np.zeros((2, 3)), np.zeros(other), "both")


def test_the_checks_are_had_from_one_place():
    assert arrays.number is checks.number and arrays.VOID == 255
