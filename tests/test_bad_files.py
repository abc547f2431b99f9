"""Files as they come: each is read to the value it holds, or refused with a code and a way out.

The numbers are those of a list of eighty inputs that make other programs crash, hang, fill the memory or err; from 101
on they are ours.
"""

import io
import itertools
import os
import struct
import sys
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image as Pillow

import cvkit
from cvkit import read, read_truth, write
from cvkit.cli import main
from cvkit.errors import CvkitError
from cvkit.registry import TRAINED

resource = pytest.importorskip("resource", reason="this system bounds neither files nor memory")
GREY = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (24, 32), np.uint8), (0, 0), 2)
RGB = np.dstack([GREY, 255 - GREY, GREY[::-1]])
MASK = GREY > 127
LARGE = np.kron(RGB, np.ones((8, 8, 1), np.uint8))


def pillow(image, format, **options):
    """Encode by Pillow."""
    file = io.BytesIO()
    (image if isinstance(image, Pillow.Image) else Pillow.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def tiff(image, **options):
    """Encode by tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, image, **({"photometric": "minisblack"} | options))
    return file.getvalue()


def patched(data, *changes):
    """Put other bytes at some places."""
    data = bytearray(data)
    for place, new in changes:
        data[place : place + len(new)] = new
    return bytes(data)


def chunk(name, data, length=None):
    """Give a chunk of a PNG, that may lie about its length."""
    stated = struct.pack(">I", len(data) if length is None else length)
    return stated + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, rows, *more, bits=8, colour=0, interlaced=0):
    """Give a PNG of packed rows."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def retagged(data, **tags):
    """Change values of tags of a little-endian TIFF: the names are those of tifffile."""
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    kinds = {3: "<H", 4: "<I", 16: "<Q"}
    changes = [
        (page.tags[name].valueoffset, struct.pack(kinds[page.tags[name].dtype], value)) for name, value in tags.items()
    ]
    return patched(data, *changes)


def looped(data):
    """Let the list of pages of a TIFF begin again."""
    return patched(data, (tifffile.TiffFile(io.BytesIO(data)).pages.next_page_offset, struct.pack("<I", 8)))


def pages(count, big=False):
    """Give a TIFF of so many pages, of which all but the first say nothing but where the next is."""
    first = pillow(GREY, "TIFF")
    if not big:
        start = len(first)
        links = [struct.pack("<HI", 0, start + 6 * (n + 1)) for n in range(count - 2)] + [struct.pack("<HI", 0, 0)]
        place = tifffile.TiffFile(io.BytesIO(first)).pages.next_page_offset
        return patched(first, (place, struct.pack("<I", start))) + b"".join(links)
    links = (struct.pack(">QQ", 0, 16 * (n + 2)) for n in range(count - 1))
    return b"MM\0+\0\x08\0\0" + struct.pack(">Q", 16) + b"".join(links) + bytes(16)


def in_jpeg(data, marker, offset, new):
    """Change bytes behind a marker of a JPEG."""
    return patched(data, (data.index(marker) + offset, new))


JPEG, PNG, GIF = pillow(RGB, "JPEG"), pillow(GREY, "PNG"), pillow(GREY, "GIF")
PROGRESSIVE = pillow(RGB, "JPEG", progressive=True)
LOSSY = pillow(RGB, "WebP")
TWO = {"save_all": True, "append_images": [Pillow.fromarray(255 - RGB)]}
ANIMATED = {format: pillow(RGB, format, **TWO) for format in ("PNG", "WebP", "GIF")}
TILED = tiff(RGB, photometric="rgb", tile=(16, 16), compression="zlib")
RUNS = patched(pillow(GREY, "BMP"), (28, struct.pack("<HI", 8, 1)), (18, struct.pack("<ii", 9999, 9999)))
HEADER = JPEG[JPEG.index(b"\xff\xc0") :][:19]
FIVE = tiff(np.zeros((9, 8, 5), np.uint8), planarconfig="contig")
LONG = (np.arange(70000) % 251).astype(np.uint8)[None]
NOTHING = zlib.compress(bytes(1 << 26), 9)  # 64 MB in 65 kB
ONNX, WEIGHTS = ((TRAINED / "nuclei" / name).read_bytes()[:9999] for name in ("model.onnx", "weights.safetensors"))
FEW = Pillow.fromarray(RGB).quantize(8)
CMYK = pillow(Pillow.new("CMYK", (9, 8), (0, 255, 255, 0)), "TIFF")
CONTROL = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2, 2, 0, 0, 1, 1, 0, 0))
DEEP = png(2, 2, bytes(10), chunk(b"acTL", struct.pack(">II", 2, 0)), CONTROL, CONTROL, bits=16)
TINY = b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"  # an image of one pixel in a GIF
TEXT = b"a\0\0" + NOTHING
SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]

REFUSED = [
    (2, b"", "file-empty", "download it again"),
    (3, b"hello, world", "file-format", "seems to be text; name the image"),
    (4, b"<!DOCTYPE html><html>404</html>", "file-format", "a web page; download the image itself"),
    (5, b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "file-format", "git lfs pull"),
    (6, b'<?xml version="1.0"?><svg xmlns="x">', "file-format", "an SVG drawing; export it as PNG"),
    (7, b"\0\0\0\x18ftypheic\0\0\0\0", "file-format", "a HEIC photograph; export it as JPEG or PNG"),
    (8, PNG[: len(PNG) // 2], "file-truncated", "allow_truncated=True"),
    (9, pillow(LARGE, "JPEG")[:-99], "file-truncated", "allow_truncated=True"),
    (10, b"\x89PNG\r\n\x1a\n", "file-truncated", "copy it again"),
    (11, patched(PNG, (len(PNG) - 14, b"\0\0")), "file-damaged", "copy it again"),
    (15, png(30000, 30000, bytes(30000), bits=1), "image-too-large", "max_pixels=900000000"),
    (16, png(100_000, 100_000, b""), "image-too-large", "if the file is to be trusted"),
    (16, png(1_000_001, 1, b""), "image-unsupported", "libpng refuses; store it as TIFF"),
    (17, retagged(tiff(GREY), ImageWidth=60000, ImageLength=60000), "image-too-large", "max_pixels=3600000000"),
    (18, b"P6 24 32 255\n", "file-truncated", "allow_truncated=True"),
    (19, png(0, 8, b""), "file-damaged", "its size is 0 x 8; copy it again"),
    (20, patched(pillow(RGB, "BMP"), (22, struct.pack("<i", -(2**31)))), "image-too-large", "2147483648 pixels"),
    (21, png(8, 8, bytes(72), chunk(b"tEXt", b"x" * 20, 0xFFFFFFF0)), "file-truncated", "allow_truncated=True"),
    (23, looped(tiff(GREY)), "file-truncated", "copy it again"),
    (24, TILED[:-40], "file-truncated", "allow_truncated=True"),
    (34, ANIMATED["GIF"], "image-pages", "it holds 2 images; choose one with cvkit.read(path, page=0), the last is 1"),
    (34, ANIMATED["WebP"], "image-pages", "the last is 1"),
    (34, ANIMATED["PNG"], "image-pages", "the last is 1"),
    (35, tiff(np.stack([GREY] * 5)), "image-pages", "it holds 5 images"),
    (41, FIVE, "image-unsupported", "store the channels you need"),
    (42, tiff(np.ones((3, 4), np.complex64)), "image-unsupported", "store its magnitude"),
    (51, b"\x93NUMPY\x01\0v\0{'descr': '|O'", "file-format", "allow_pickle=False"),
    (52, b"\x93NUMPY\x01\0v\0{'descr': '<f8', 'shape': (1000000, 500000)}", "file-format", "numpy.load"),
    (101, patched(GIF, (GIF.index(b",") + 5, b"\xff\xff")), "file-damaged", "outside of its frame; copy it again"),
    (102, patched(ANIMATED["PNG"], (41, struct.pack(">I", 4_000_000))), "file-truncated", "2 of 4000000 images"),
    (136, DEEP, "image-unsupported", "an animation of 16 bits; store each image in a file of its own"),
    (103, JPEG[:-2].replace(b"\xff\xda", HEADER + b"\xff\xda"), "file-damaged", "two headers"),
    (104, PROGRESSIVE[:-2] + SCAN * 101 + b"\xff\xd9", "image-unsupported", "more than 100 scans; save it anew"),
    (105, JPEG.replace(b"\xff\xc0", b"\xff\xc9"), "image-unsupported", "arithmetic); convert it to PNG"),
    (106, in_jpeg(JPEG, b"\xff\xc0", 4, b"\x0c"), "image-unsupported", "12 bits"),
    (107, in_jpeg(JPEG, b"\xff\xc0", 5, struct.pack(">HH", 9999, 9999)), "file-truncated", "allow_truncated=True"),
    (109, retagged(tiff(GREY, rowsperstrip=8, compression="zlib"), ImageLength=200), "file-damaged", "needs 25"),
    (110, retagged(tiff(GREY), StripByteCounts=0), "file-truncated", "allow_truncated=True"),
    (130, ANIMATED["GIF"][:-1] + b"!\xfe" + b"\1a" * 5_000_001 + b"\0;", "file-damaged", "more than 5000000 parts"),
    (131, b"RIFF\xff\xff\xff\x7fWEBP" + b"abcd\0\0\0\0" * 1_000_001, "file-damaged", "more than 1000000 chunks"),
    (132, ONNX, "file-format", "a network; name the folder of the model"),
    (132, WEIGHTS, "file-format", "a network; name the folder"),
    (132, b"\x1c\0\0\0TFL3\x14\0\0\0", "file-format", "a network; name the folder"),
    (133, pages(100_001), "image-unsupported", "a file of more than 100000 images; split it into several"),
    (133, pages(100_001, big=True), "image-unsupported", "a file of more than 100000 images"),
    (133, GIF[:-1] + TINY * 100_001 + b";", "image-unsupported", "a file of more than 100000 images"),
    (134, pages(100_000), "image-pages", "it holds 100000 images; choose one"),
    (135, patched(pages(3, big=True), (24, b"\xff" * 8)), "file-truncated", "there are pages missing"),
    (135, patched(pages(3, big=True), (16, b"\xff" * 8)), "file-truncated", "there are pages missing"),
    (135, pages(3)[:-1], "file-truncated", "there are pages missing"),
    (137, retagged(pillow(FEW, "TIFF"), ImageLength=30, RowsPerStrip=30), "file-truncated", "allow_truncated=True"),
    (137, retagged(CMYK, ImageLength=30, RowsPerStrip=30), "file-truncated", "allow_truncated=True"),
    (111, bytes(4096), "file-format", "nothing but zeros; copy or download it again"),
    (112, png(9999, 9999, b"x" * 99), "file-truncated", "allow_truncated=True"),
    (113, JPEG[:20] + b"\xff\xe1\x00\x40" + JPEG[:62], "file-truncated", "the image itself is missing"),
    (114, b"P5 4 4 70000\n" + bytes(32), "file-damaged", "its greatest value is 70000; copy it again"),
    (115, b"P2 2 2 255\n1 2 x 4", "file-damaged", "something among its numbers that is none; copy it again"),
    (115, b"P2 2 2 255\n111 2 3", "file-truncated", "numbers are missing; copy it again"),
    (115, b"P2 2 2 255\n1 2 300 4", "file-damaged", "its value 300 needs more than 8 bits; copy it again"),
    (116, b"Pf 2 2 0\n" + bytes(16), "file-damaged", "its scale is 0"),
    (117, png(8, 8, bytes(36)), "file-damaged", "copy it again"),
    (118, png(8, 8, bytes(72), bits=7), "file-damaged", "7 bits of colour type 0 are no PNG"),
    (119, RUNS, "file-truncated", "allow_truncated=True"),
]  # fmt: skip


@pytest.fixture
def put(tmp_path):
    """Write a file of any content; give its path."""

    def put(content, name="x.bin"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return put


def check(fault, path, code, words):
    """Hold an error to what all promise: a code, the file, one sentence, a way out."""
    assert fault.code == code and fault.file == str(path) and fault.remedy
    text = str(fault)
    assert text.isprintable() and text.endswith(".") and words in text


@pytest.mark.parametrize(
    ("number", "content", "code", "words"), REFUSED, ids=[f"{n}-{code}" for n, _, code, _ in REFUSED]
)
def test_what_is_refused(put, number, content, code, words):
    path = put(content)
    for call in (read, read_truth):
        with pytest.raises(CvkitError) as caught:
            call(path)
        check(caught.value, path, code, words)


def same(got, expected):
    assert got.dtype == expected.dtype and got.flags.writeable and got.flags.c_contiguous
    np.testing.assert_array_equal(got, expected)


EXIF = Pillow.Exif()
EXIF[0x0112] = 6
CLEAR = np.dstack([RGB, np.zeros_like(GREY)])
FLOATS = np.array([[np.nan, np.inf], [-1.5, 1e30]], np.float32)

TWELVE = tiff(np.zeros((2, 6), np.uint8))  # two rows of four values of 12 bits
TWELVE = patched(
    retagged(TWELVE, ImageWidth=4, BitsPerSample=12),
    (tifffile.TiffFile(io.BytesIO(TWELVE)).pages[0].dataoffsets[0], bytes.fromhex("001002fff123800000abc001")),
)

READ = [
    (13, JPEG, cv2.imdecode(np.frombuffer(JPEG, np.uint8), cv2.IMREAD_COLOR_RGB)),
    (22, png(8, 8, bytes(72), chunk(b"zTXt", TEXT), chunk(b"iCCP", TEXT)), np.zeros((8, 8), np.uint8)),
    (25, pillow(GREY[:1, :1], "PNG"), GREY[:1, :1]),
    (26, pillow(LONG, "PNG"), LONG),
    (27, pillow(CLEAR, "PNG"), RGB),
    (27, pillow(CLEAR, "WebP", lossless=True, exact=True), RGB),
    (28, pillow(FEW, "PNG"), np.array(FEW.convert("RGB"))),
    (28, pillow(FEW, "GIF"), np.array(FEW.convert("RGB"))),
    (28, pillow(FEW, "TIFF"), np.array(FEW.convert("RGB"))),
    (28, pillow(FEW, "BMP"), np.array(FEW.convert("RGB"))),
    (29, pillow(MASK, "PNG"), MASK),
    (29, pillow(MASK, "TIFF", compression="group4"), MASK),
    (30, pillow(GREY.astype(np.uint16) * 16, "PNG"), GREY.astype(np.uint16) * 16),
    (31, pillow(GREY.astype(np.uint16) + 300, "PNG"), GREY.astype(np.uint16) + 300),
    (33, pillow(GREY, "PNG", exif=EXIF), np.rot90(GREY, 3)),
    (36, tiff(FLOATS), FLOATS),
    (37, tiff(GREY / 3), GREY / 3),
    (38, tiff(GREY.astype(np.int16) - 200), GREY.astype(np.int16) - 200),
    (39, tiff(GREY.astype(np.uint32) << 24), GREY.astype(np.uint32) << 24),
    (40, tiff(MASK), MASK),
    (119, TWELVE, np.array([[1, 2, 0xFFF, 0x123], [0x800, 0, 0xABC, 1]], np.uint16)),
    (120, png(4, 1, b"\0\x01\x23", bits=4), np.array([[0, 1, 2, 3]], np.uint8)),
    (121, b"P5 2 1 1000\n\x03\xe8\0\x07", np.array([[1000, 7]], np.uint16)),
    (122, b"P2 # a remark\n2 2\n255\n1 2\n3 # and one\n 4", np.array([[1, 2], [3, 4]], np.uint8)),
    (123, b"P1 3 1\n101", np.array([[False, True, False]])),
    (124, b"P4 3 1\n\xa0", np.array([[False, True, False]])),
    (125, b"Pf 1 2 -1.0\n" + np.array([1, 2], "<f4").tobytes(), np.array([[2], [1]], np.float32)),
    (126, b"P6 1 1 255\n\x01\x02\x03", np.array([[[1, 2, 3]]], np.uint8)),
    (127, GIF, GREY),
    (128, pillow(np.dstack([GREY, GREY]), "PNG"), GREY),
    (129, tiff(GREY, compression="zlib") + NOTHING, GREY),
]  # fmt: skip


@pytest.mark.parametrize(("number", "content", "expected"), READ, ids=[str(number) for number, *_ in READ])
def test_what_is_read(put, number, content, expected):
    same(read(put(content)), expected)


def test_truths_keep_their_numbers(put):
    same(read_truth(put(pillow(FEW, "GIF"))), np.array(FEW))  # 28: the index of the palette is the class
    same(read_truth(put(pillow(FEW, "PNG"))), np.array(FEW))
    same(read_truth(put(pillow(MASK * np.uint8(255), "GIF"))), MASK)
    same(read_truth(put(pillow(GREY.astype(np.uint16) + 300, "PNG"))), GREY.astype(np.int32) + 300)  # 31
    same(read_truth(put(png(4, 1, b"\0\x01\x23", bits=4))), np.array([[0, 1, 2, 3]], np.uint8))


def test_a_damaged_scan_is_read_as_others_do(put):  # 12: libjpeg goes on behind the damage
    place = JPEG.index(b"\xff\xda") + 60
    assert read(put(patched(JPEG, (place, b"\x12\x34")))).shape == RGB.shape


def test_cmyk_becomes_rgb_and_is_said(put):  # 32
    image, info = read(put(pillow(Pillow.new("CMYK", (9, 8), (0, 255, 255, 0)), "JPEG")), info=True)
    assert np.abs(image.astype(int) - [255, 0, 0]).max() < 4 and info.done == ["CMYK converted to RGB"]


def test_names_do_not_matter(put):  # 14
    for name in (
        "x",
        "X.PNG",
        "x.jpg",
        "größe 図 [red].png",
        "two\nlines\x1b[31m.png",
        os.fsdecode(b"n\xff.png"),
    ):  # 47, 48
        same(read(put(PNG, name)), GREY)
        with pytest.raises(CvkitError) as caught:
            read(put(b"text", name))
        assert str(caught.value).isprintable() and str(caught.value).encode()


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("format", ANIMATED)
def test_a_page_of_an_animation(put, format, page):  # 34
    image, info = read(put(ANIMATED[format]), page=page, info=True)
    expected = RGB if page == 0 else 255 - RGB
    assert image.shape == RGB.shape and np.abs(image.astype(int) - expected).mean() < 30
    assert info.pages == 2 and info.page == page and f"page {page} of 2, counted from 0" in info.done


@pytest.mark.parametrize("format", ANIMATED)
def test_what_must_be_decoded_on_the_way_counts(put, format):
    path, count = put(ANIMATED[format]), RGB.shape[0] * RGB.shape[1]
    assert read(path, page=0, max_pixels=count).shape == read(path, page=1, max_pixels=2 * count).shape
    with pytest.raises(CvkitError) as caught:
        read(path, page=1, max_pixels=2 * count - 1)
    words = f"2 images of 32 x 24 pixels are more than the limit of {2 * count - 1}"
    check(caught.value, path, "image-too-large", words)
    assert f"max_pixels={2 * count}" in str(caught.value)


def test_what_is_no_file(tmp_path, monkeypatch):
    (tmp_path / "x.png").mkdir()
    os.symlink("loop.png", tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "file").write_bytes(PNG)
    cases = [
        (tmp_path / "none.png", "file-missing", "check the path"),  # 1
        (tmp_path / "x.png", "file-folder", "name a file in it"),  # 43
        (tmp_path / "loop.png", "file-loop", "lead in a circle"),  # 44
        (tmp_path / "pipe.png", "file-special", "copy what it gives into a file"),  # 45
        ("/dev/zero", "file-special", "copy what it gives into a file"),
        ("x\0.png", "file-name", "cannot hold the character NUL; check the path"),  # 50
        (tmp_path / ("x" * 300), "file-name", "choose a shorter name"),
        (tmp_path / "file" / "x.png", "file-name", "a part of its path is a file"),
        ("https://example.org/x.png", "file-address", "download it first"),  # 53
    ]
    for path, code, words in cases:
        for call in (read, read_truth, cvkit.io.inspect):
            with pytest.raises(CvkitError) as caught:
                call(path)
            check(caught.value, path, code, words)
    monkeypatch.setattr("builtins.open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(OSError) as caught:  # 46
        read(tmp_path / "file")
    check(caught.value, tmp_path / "file", "file-permission", "ask its owner")
    assert caught.value.errno == 13


def test_limits_are_parameters(put):
    path = put(PNG)
    with pytest.raises(CvkitError) as caught:
        read(path, max_bytes=100)
    check(caught.value, path, "file-too-large", f"max_bytes={len(PNG)}")
    same(read(path, max_bytes=len(PNG), max_pixels=GREY.size), GREY)
    with pytest.raises(CvkitError) as caught:
        read(path, page=1)
    check(caught.value, path, "image-page-missing", "choose one of 0 to 0")


def grown(call):
    """How many MB the peak memory grows by."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10


@pytest.mark.skipif(sys.platform != "linux", reason="others count memory in other units")
def test_a_strip_that_unpacks_to_more_than_it_should_takes_no_memory(put):
    data = tiff(GREY, compression="zlib")
    path = put(retagged(data, StripOffsets=len(data), StripByteCounts=len(NOTHING)) + NOTHING)
    assert grown(lambda: same(read(path), np.zeros_like(GREY))) < 30


@pytest.mark.parametrize(
    "content",
    [
        pillow(GREY.astype(np.uint16) * 257, "PNG"),
        pillow(RGB, "PNG"),
        pillow(RGB, "BMP"),
        pillow(LARGE, "JPEG"),
        pillow(RGB, "PPM"),
        tiff(RGB, photometric="rgb"),
        tiff(RGB, photometric="rgb", compression="zlib", rowsperstrip=4),
    ],
    ids=["PNG 16", "PNG", "BMP", "JPEG", "PPM", "TIFF", "TIFF strips"],
)
def test_what_is_there_of_a_cut_file_is_read_if_asked_for(put, content):
    whole = read(put(content))
    path = put(content[: int(len(content) * 0.7)])
    with pytest.raises(CvkitError, match=r"cut short.*allow_truncated"):
        read(path)
    image, info = read(path, allow_truncated=True, info=True)
    assert info.truncated and "the missing part filled" in info.done
    assert image.shape == whole.shape and image.dtype == whole.dtype
    rows = np.abs(image.astype(int) - whole).reshape(len(whole), -1).max(axis=1) == 0
    assert 0.3 < rows.mean() < 0.9  # what is there is right
    same(read(put(content), allow_truncated=True), whole)


BIG, MANY = pillow(LARGE, "JPEG"), pillow(LARGE, "JPEG", progressive=True)
MARKED = pillow(LARGE, "JPEG", restart_marker_blocks=2)
START = BIG.index(b"\xff\xda")
ONE = BIG[:START] + bytes.fromhex("ffda0008010100003f00") + BIG[START + 14 :]  # of the first channel alone


@pytest.mark.parametrize(
    "content",
    [
        BIG[:-200] + BIG,  # another picture begins in its scan
        BIG[:-200] + b"garbage \xff\x42 and \xff\xd9 more",
        BIG[:-200] + b"\xff\xf0\0\x04ab\xff\xd9",
        BIG[:-200] + b"\xff\xe1\xff\xff\xff\xd9",  # a segment that leads out of the file
        MANY[: MANY.rindex(b"\xff\xc4") - 40] + BIG,
        MARKED[:-200] + b"\xff\xd9",  # restarts are missing at its end
        MARKED.replace(b"\xff\xd1", b"\xff\xd5", 1),  # or within
        ONE,
    ],
)
def test_an_end_marker_further_on_does_not_make_a_jpeg_whole(put, content):
    path = put(content)
    for call in (read, read_truth):
        with pytest.raises(CvkitError) as caught:
            call(path)
        check(caught.value, path, "file-truncated", "allow_truncated=True")
    assert cvkit.io.inspect(path).truncated
    assert read(path, allow_truncated=True).shape == LARGE.shape


def test_what_is_whole_in_a_jpeg_stays_whole(put):
    segments = b"\xff\xfe\0\x04ab"
    for content in (BIG, MANY, MARKED):
        whole = read(put(content))
        more = patched(content, (len(content) - 2, b"\xff\xff\xff\xd9"))  # filled before the marker
        for other in (content + b"\xff\xd8\xff trailing", content[:2] + segments + content[2:], more):
            same(read(put(other)), whole)
    assert read(put(MARKED[:-2] + b"\xff\xd7\xff\xd9")).shape == LARGE.shape  # a restart behind the last
    with pytest.raises(CvkitError, match="more than 100000 segments"):
        read(put(JPEG[:2] + segments * 100_001 + JPEG[2:]))


@pytest.mark.parametrize("shape", [(1, 1), (9, 7), (17, 15), (33, 17), (8, 33)])
def test_restarts_are_counted_as_encoders_do(put, shape):
    image = LARGE[: shape[0], : shape[1]]
    for ways in itertools.product((0x411111, 0x221111, 0x121111, 0x211111, 0x111111), (1, 2, 5), (0, 1)):
        names = cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_RST_INTERVAL, cv2.IMWRITE_JPEG_PROGRESSIVE
        options = [number for pair in zip(names, ways, strict=True) for number in pair]
        assert read(put(cv2.imencode(".jpg", image, options)[1].tobytes())).shape == image.shape, ways
    for options in itertools.product((0, 1, 2), (False, True), (1, 3)):
        how = dict(zip(("subsampling", "progressive", "restart_marker_blocks"), options, strict=True))
        assert read(put(pillow(image, "JPEG", **how))).shape == image.shape, how


def mpo(*others):
    """Give a JPEG that lists others: their type, and their bytes."""
    index = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0xB002, 7, 16 * (1 + len(others)), 26) + bytes(4)
    start = 2 + 4 + 4  # where the index begins
    place = len(JPEG) + 8 + len(index) + 16 * (1 + len(others))
    entries = struct.pack("<IIIHH", 0x030000, place, 0, 0, 0)
    behind = b""
    for kind, content in others:
        entries += struct.pack("<IIIHH", kind, len(content), place + len(behind) - start, 0, 0)
        behind += content
    segment = b"MPF\0" + index + entries
    return JPEG[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(segment)) + segment + JPEG[2:] + behind


SMALL = pillow(255 - RGB[:8, :16], "JPEG")


def test_pictures_behind_a_jpeg_are_pages(put):
    content = mpo((0x020002, SMALL), (0, PROGRESSIVE), (0x010001, SMALL))
    path = put(content)
    with pytest.raises(CvkitError) as caught:
        read(path)
    check(caught.value, path, "image-pages", "it holds 3 images; choose one with cvkit.read(path, page=0)")
    for page, expected in enumerate((JPEG, SMALL, PROGRESSIVE)):
        image, info = read(path, page=page, info=True)
        same(image, read(put(expected, "y.jpg")))
        assert (info.pages, info.page, info.height) == (3, page, len(image))
    with pytest.raises(CvkitError, match="there is no page 3"):
        read(path, page=3)
    with pytest.raises(CvkitError) as caught:  # the second one is cut
        read(put(mpo((0x020002, SMALL[:-40]))), page=1)
    assert caught.value.code == "file-truncated"
    frames = {"save_all": True, "append_images": [Pillow.fromarray(255 - RGB)]}
    assert cvkit.io.inspect(put(pillow(RGB, "MPO", **frames))).pages == 2


def test_what_helps_a_photograph_is_no_page(put):
    gain = SMALL[:2] + b"\xff\xe1\0\x18http://ns hdrgm:Version" + SMALL[2:]
    content = mpo((0x010001, SMALL), (0, gain))
    image, info = read(put(content), info=True)
    same(image, read(put(JPEG)))
    assert info.pages == 1
    same(read(put(mpo((0, SMALL))[: -len(SMALL)])), image)  # listed, and taken off by some program
    for place in range(14, 60):  # whatever the index says
        for new in (b"\xff\xff", b"\0\0"):
            assert read(put(patched(content, (place, new))), page=0).shape == RGB.shape


def test_images_one_behind_the_other_are_pages(put):
    path = put(b"P5 2 1 255\n\1\2" + b"P6 1 1 255\n\3\4\5\n" + b"P4 3 2\n\xa0\0" + b"P2 1 1 9 7\n")
    with pytest.raises(CvkitError) as caught:
        read(path)
    check(caught.value, path, "image-pages", "it holds 4 images")
    expected = [[[1, 2]], [[[3, 4, 5]]], [[False, True, False], [True] * 3], [[7]]]
    for page, values in enumerate(expected):
        assert read(path, page=page).tolist() == values
    assert read(put(b"P5 2 1 255\n\1\2\n P5 trailing")).tolist() == [[1, 2]]
    assert read(put(b"P5 2 1 255\n\1\2P5 9 9 9 \0"), page=0).tolist() == [[1, 2]]
    with pytest.raises(CvkitError, match="cut short"):
        read(put(b"P5 2 1 255\n\1\2P5 9 9 9 \0"), page=1)
    with pytest.raises(CvkitError) as caught:
        read(put(b"P5 1 1 9 \0" * 100_001), page=0)
    check(caught.value, path, "image-unsupported", "more than 100000 images; split it into several")


def test_what_is_not_read_in_part(put):
    cases = [(GIF[:-9], "file-truncated"), (GIF[:-1], "image-unsupported"), (LOSSY[:-9], "image-unsupported")]
    for content, code in cases:
        path = put(content)
        with pytest.raises(CvkitError) as caught:
            read(path, allow_truncated=True)
        check(caught.value, path, code, "copy it again")
    path = put(patched(ANIMATED["WebP"], (24, (9998).to_bytes(3, "little") * 2)))  # 108: a canvas of nothing
    with pytest.raises(CvkitError) as caught:
        read(path, page=0)
    check(caught.value, path, "file-truncated", "copy")


@pytest.mark.parametrize(
    "content",
    [
        png(9999, 9999, bytes(99)),
        patched(pillow(RGB, "BMP"), (18, struct.pack("<ii", 9999, 9999))),
        in_jpeg(JPEG, b"\xff\xc0", 5, struct.pack(">HH", 9999, 9999)),
        b"P6 9999 9999 255\n" + bytes(99),
    ],
    ids=["PNG", "BMP", "JPEG", "PNM"],
)
def test_next_to_nothing_is_not_blown_up_to_an_image(put, content):
    path = put(content)
    with pytest.raises(CvkitError) as caught:
        read(path, allow_truncated=True)
    check(caught.value, path, "file-truncated", "next to nothing of it is there; copy it again")


def test_what_was_done_is_told(put):
    _, info = read(put(pillow(CLEAR, "PNG", exif=EXIF)), info=True)
    assert (info.format, info.width, info.height, info.colour, info.bits) == ("PNG", 32, 24, "rgb", 8)
    assert info.done == ["turned upright (orientation 6)", "alpha dropped"]
    _, info = read(put(pillow(FEW, "PNG")), info=True)
    assert info.done == ["palette replaced by its colours"]


@pytest.mark.parametrize("content", [content for _, content, _ in READ], ids=[str(number) for number, *_ in READ])
def test_the_header_tells_what_the_image_is(put, content):
    path = put(content)
    info, (image, after) = cvkit.io.inspect(path), read(path, info=True)
    assert sorted(image.shape[:2]) == sorted((info.height, info.width)) and not info.truncated
    assert info.bits == 1 if image.dtype == bool else info.bits <= 8 * image.itemsize < 8 + info.bits
    assert (info.format, info.pages, info.orientation) == (after.format, after.pages, after.orientation)


def test_a_full_disk_leaves_nothing_behind(tmp_path):  # 69
    old = write(tmp_path / "x.png", MASK)
    before = old.read_bytes()
    large = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        for name in ("x.png", "y.tif", "z.jpg"):
            with pytest.raises(OSError) as caught:
                write(tmp_path / name, large)
            check(caught.value, tmp_path / name, "disk-full", "make room, or write elsewhere")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert old.read_bytes() == before and list(tmp_path.iterdir()) == [old]


def test_links_and_rights_survive_writing(tmp_path):
    target = write(tmp_path / "x.png", MASK)
    target.chmod(0o640)
    os.symlink("x.png", tmp_path / "l.png")
    os.symlink("new.png", tmp_path / "dangling.png")
    os.symlink("loop.png", tmp_path / "loop.png")
    write(tmp_path / "l.png", ~MASK)
    write(tmp_path / "dangling.png", MASK)
    assert (tmp_path / "l.png").is_symlink() and target.stat().st_mode & 0o777 == 0o640
    same(read(target), ~MASK)
    same(read(tmp_path / "new.png"), MASK)
    with pytest.raises(CvkitError) as caught:
        write(tmp_path / "loop.png", MASK)
    check(caught.value, tmp_path / "loop.png", "file-loop", "name the file itself")


def test_answers_replace_neither_images_nor_each_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(PNG)
    (tmp_path / "a" / "x.jpg").write_bytes(JPEG)
    os.symlink("x.png", tmp_path / "a" / "link.png")

    def run(*words):
        return CliRunner().invoke(main, ["segment", *words, "-m", "otsu"])

    assert run("a/x.png", "a/x.jpg", "-o", "out").exit_code == 0  # 66
    assert sorted(os.listdir("out")) == ["journal.jsonl", "x.jpg-mask.png", "x.png-mask.png"]
    assert "[output-twice]" in run("a/x.png", "b/x.png").output
    for name in ("a/x.png", "a/link.png", "a/../a/x.png"):  # 68
        answer = run("a/x.png", "-o", name)
        assert answer.exit_code == 1 and "choose another name.  [output-is-input]" in answer.output
    assert (tmp_path / "a" / "x.png").read_bytes() == PNG
    assert run("a/x.png", "-o", "a/masks").exit_code == 0  # 67
    assert os.listdir("a/masks") == ["x-mask.png"]
    answer = CliRunner().invoke(main, ["compare", "a/x.png", "-m", "otsu", "-o", "a/x.png"])
    assert answer.exit_code == 1 and "[output-is-input]" in answer.output


def test_the_command_line_reads_by_the_same_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.gif").write_bytes(ANIMATED["GIF"])
    (tmp_path / "cut.png").write_bytes(PNG[:-40])

    def run(*words):
        return CliRunner().invoke(main, ["segment", *words, "-m", "otsu"])

    assert "[image-pages]" in run("x.gif").output
    answer = run("x.gif", "--page", "1")
    assert answer.exit_code == 0 and "x.gif: palette replaced by its colours, page 1 of 2" in answer.stderr
    assert "[file-truncated]" in run("cut.png").output
    answer = run("cut.png", "--allow-truncated")
    assert answer.exit_code == 0 and "cut.png: the missing part filled" in answer.stderr
    assert "[image-too-large]" in run("cut.png", "--max-pixels", "9").output


def test_inspect_decodes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("large.tif", np.zeros((4, 5, 3), np.float32))
    (tmp_path / "x.gif").write_bytes(ANIMATED["GIF"])
    (tmp_path / "photo.jpg").write_bytes(pillow(RGB, "JPEG", exif=EXIF))
    (tmp_path / "bomb.png").write_bytes(png(30000, 30000, bytes(99), bits=1))
    monkeypatch.setattr("cvkit.decode.decode", None)
    monkeypatch.setattr("cv2.imdecode", None)
    answer = CliRunner().invoke(main, ["inspect", "large.tif", "x.gif", "photo.jpg", "nuclei"])
    assert answer.exit_code == 0
    for line in (
        "format    TIFF, ",
        "size      5 x 4, 0.0% of the limit of 100,000,000 pixels",
        "values    rgb, 32 bits",
        "pages     2; choose one, page=0 to page=1",
        "change    turned upright (orientation 6)",
        "gives     mask: background, nucleus",
        "model.onnx, ",
    ):
        assert line in answer.output
    answer = CliRunner().invoke(main, ["inspect", "bomb.png", "none.png", "large.tif"])
    assert answer.exit_code == 1 and "values    rgb, 32 bits" in answer.output
    assert "[image-too-large]" in answer.output and "[file-missing]" in answer.output
    (tmp_path / "five.tif").write_bytes(FIVE)
    (tmp_path / "complex.tif").write_bytes(tiff(np.ones((3, 4), np.complex64)))
    for name in ("five.tif", "complex.tif", TRAINED / "nuclei" / "model.onnx"):
        answer = CliRunner().invoke(main, ["inspect", str(name)])
        assert answer.exit_code == 1 and "  refused   " in answer.output, name
    mixed = tmp_path / "mixed.tif"
    with tifffile.TiffWriter(mixed) as file:
        file.write(np.ones((3, 4), np.complex64))
        file.write(GREY, photometric="minisblack")
    assert CliRunner().invoke(main, ["inspect", "mixed.tif"]).exit_code == 0
    monkeypatch.undo()
    same(read(mixed, page=1), GREY)


def test_doctor_finds_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(main, ["doctor"])
    assert answer.exit_code == 0 and answer.output.endswith("All is well.\n") and "ok       numpy " in answer.output
    both = {"cv2": ["opencv-python", "opencv-python-headless"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: both)
    monkeypatch.setattr(
        "importlib.metadata.requires", lambda _: ["numpy>=99", "no-such-thing>=1", "none; extra == 'x'"]
    )
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: (_ for _ in ()).throw(OSError(30, "Read-only")))
    monkeypatch.setitem(sys.modules, "cv2", None)
    answer = CliRunner().invoke(main, ["doctor"])
    assert answer.exit_code == 1 and "Error: missing: 7; the lines above say what to do." in answer.output
    for words in (
        "numpy of at least 99, there is ",
        "no-such-thing: pip install 'no-such-thing>=1'",
        "pip uninstall opencv-python opencv-python-headless",
        "apt-get install libxcb1 libgl1 libglib2.0-0",
        "cannot be written (Read-only): name another in TMPDIR",
    ):
        assert words in answer.output
