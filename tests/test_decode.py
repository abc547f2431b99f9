"""The corners of the decoders that a fault in one place of their code would touch first."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

import cvkit
from cvkit.arrays import same_shape
from cvkit.compare import metrics
from cvkit.datasets import from_folders
from cvkit.decode.info import orientation
from cvkit.decode.png import _raw_size
from cvkit.errors import CvkitError

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


def put(tmp_path, content, name="x.bin"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def png(bits, kind, rows, palette=b""):
    """A PNG of 8 columns."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, len(rows), bits, kind, 0, 0, 0))
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    colours = chunk(b"PLTE", palette) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + head + colours + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_png_of_few_bits_holds_the_values_that_were_stored(tmp_path, bits):
    values = np.arange(8) % 2**bits
    packed = np.packbits((values[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).ravel()).tobytes()
    assert np.array_equal(cvkit.read(put(tmp_path, png(bits, 0, [packed] * 3))), [values] * 3)
    colours = bytes(range(3 * 2 ** min(bits, 3)))
    values = values % (len(colours) // 3)
    packed = np.packbits((values[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).ravel()).tobytes()
    expected = np.frombuffer(colours, np.uint8).reshape(-1, 3)[values]
    assert np.array_equal(cvkit.read(put(tmp_path, png(bits, 3, [packed], colours))), expected[None])


@pytest.mark.parametrize(("bits", "kind"), [(3, 0), (16, 3), (4, 2), (2, 4), (4, 6), (8, 1), (8, 5)])
def test_png_of_bits_that_there_are_not_is_refused(tmp_path, bits, kind):
    with pytest.raises(CvkitError, match=f"{bits} bits of colour type {kind}"):
        cvkit.read(put(tmp_path, png(bits, kind, [bytes(32)])))


@pytest.mark.parametrize(
    ("largest", "dtype"), [(0, None), (1, "uint8"), (255, "uint8"), (256, "uint16"), (65535, "uint16"), (65536, None)]
)
def test_pgm_has_the_bits_of_its_greatest_value(tmp_path, largest, dtype):
    path = put(tmp_path, b"P5 2 2 %d\n" % largest + bytes(8))
    if dtype:
        assert cvkit.read(path).dtype == dtype
    else:
        with pytest.raises(CvkitError, match=f"its greatest value is {largest}"):
            cvkit.read(path)


def test_the_shortest_text_of_a_pgm_is_whole_and_a_shorter_one_is_not(tmp_path):
    whole = put(tmp_path, b"P2 3 1 9\n1 2 3")
    assert not cvkit.io.inspect(whole).truncated and cvkit.read(whole).tolist() == [[1, 2, 3]]
    for kind, rest in ((b"P2 3 1 9\n", b"1 2"), (b"P1 3 1\n", b"01")):
        cut = put(tmp_path, kind + rest)
        with pytest.raises(CvkitError) as caught:
            cvkit.read(cut)
        assert caught.value.code == "file-truncated"
        assert cvkit.read(cut, allow_truncated=True).tolist() == [[1, 2, 0] if kind[1:2] == b"2" else [1, 0, 1]]


def test_webp_without_alpha_has_none_and_an_animation_has_images(tmp_path):
    file = io.BytesIO()
    Pillow.fromarray(np.dstack([GREY] * 3)).save(file, "WebP")
    assert not cvkit.io.inspect(put(tmp_path, file.getvalue())).alpha
    empty = b"VP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0, 7, 0, 0, 5, 0, 0])
    with pytest.raises(CvkitError, match="the image itself is missing"):
        cvkit.read(put(tmp_path, b"RIFF" + struct.pack("<I", 4 + len(empty)) + b"WEBP" + empty))


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_turns_by_one_to_eight_alone(order):
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    for value in range(11):
        exif = mark + struct.pack(order + "IHHHIHH", 8, 1, 0x0112, 3, 1, value, 0)
        assert orientation(exif) == orientation(b"Exif\0\0" + exif) == (value if 1 <= value <= 8 else 1)
        assert orientation(exif[:-5]) == 1


def test_bmp_with_the_oldest_header_is_read(tmp_path):
    rows = b"".join(bytes([blue, 20, 30]) for blue in range(4))
    head = struct.pack("<IHHHH", 12, 4, 1, 1, 24)
    content = b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + head + rows
    assert cvkit.read(put(tmp_path, content)).tolist() == [[[30, 20, blue] for blue in range(4)]]


def test_tiff_with_a_thumbnail_gives_the_image_and_each_page_by_its_number(tmp_path):
    path = tmp_path / "x.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(GREY[::2, ::2], subfiletype=1, photometric="minisblack", metadata=None)
        file.write(GREY, photometric="minisblack", metadata=None)
    assert np.array_equal(cvkit.read(path), GREY)
    assert np.array_equal(cvkit.read(path, page=0), GREY[::2, ::2]) and np.array_equal(cvkit.read(path, page=1), GREY)


def test_as_many_means_are_drawn_as_are_said():
    assert len(metrics._means(np.arange(3.0), 0)) == metrics.RESAMPLES


def test_sizes_are_compared_without_channels():
    same_shape(np.zeros((3, 4, 3)), np.zeros((3, 4)), "a and b")
    with pytest.raises(CvkitError, match=r"got \(3, 4\) and \(3, 5\)"):
        same_shape(np.zeros((3, 4, 3)), np.zeros((3, 5, 2)), "a and b")


def test_a_folder_with_one_empty_file_says_which(tmp_path):
    """Case 78 of the list: a night's work may not end without the name of the file."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        for name in ("a.png", "b.png"):
            cvkit.write(tmp_path / folder / name, GREY > 20)
    (tmp_path / "images" / "b.png").write_bytes(b"")
    pairs = from_folders(tmp_path / "images", tmp_path / "masks")
    found = cvkit.datasets.check(pairs)
    assert "b.png" in str(found) and "empty" in str(found)
    with pytest.raises(CvkitError, match=r"b\.png") as caught:
        list(pairs)
    assert caught.value.code == "file-empty" and caught.value.remedy


@pytest.mark.parametrize(("shape", "size"), [((1, 1), 1 + 1), ((1, 5), 5 + 4), ((8, 8), 64 + 15), ((3, 2), 6 + 5)])
def test_an_interlaced_png_is_seven_images_as_far_as_they_hold_pixels(shape, size):
    """Pixels, and a byte for each row of each image: of 8 x 8 pixels these are 1 + 1 + 1 + 2 + 2 + 4 + 4."""
    head = struct.pack(">IIBBBBB", shape[1], shape[0], 8, 0, 0, 0, 1)
    assert _raw_size(bytes(16) + head) == size
