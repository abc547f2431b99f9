"""Reading and writing: every dtype and format back as it was, every fault in words."""

import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from cvkit import read, read_truth, write

RNG = np.random.default_rng(0)
INTEGERS = ["uint8", "uint16", "int8", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float16", "float32", "float64"]


def picture(dtype="uint8", shape=(13, 17)):
    if np.dtype(dtype).kind == "f":
        return RNG.normal(0, 1e3, shape).astype(dtype)
    return RNG.integers(0, min(np.iinfo(dtype).max, 2**31 - 1), shape).astype(dtype)


@pytest.mark.parametrize("shape", [(13, 17), (13, 17, 3), (1, 1), (1, 9)])
@pytest.mark.parametrize(
    ("suffix", "dtypes"),
    [(".png", ["uint8", "uint16"]), (".tif", INTEGERS + FLOATS), *((end, ["uint8"]) for end in (".bmp", ".WEBP"))],
)
def test_what_is_written_is_read(tmp_path, suffix, dtypes, shape):
    for dtype in dtypes:
        image = picture(dtype, shape)
        back = read(write(tmp_path / f"x{suffix}", image))
        if suffix == ".WEBP" and image.ndim == 2:
            back = back[:, :, 0]  # WebP has no grey
        expected = image.astype("uint16") if dtype == "int32" and image.ndim == 2 and image.max() <= 65535 else image
        assert back.dtype == expected.dtype and np.array_equal(back, expected), dtype
    assert [file.name for file in tmp_path.iterdir()] == [f"x{suffix}"]


def test_jpeg_is_nearly_what_was_written(tmp_path):
    image = cv2.GaussianBlur(picture(shape=(64, 64, 3)), (0, 0), 5)
    back = read(write(tmp_path / "x.jpg", image))
    assert np.abs(back.astype(int) - image).mean() < 3 and back.shape == image.shape
    assert read(tmp_path / "x.jpg", gray=True).shape == (64, 64)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_a_tiff_holds_whatever_its_dtype_holds(tmp_path, dtype):
    about = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    more = [np.nan, np.inf, -np.inf, -0.0, about.smallest_subnormal] if np.dtype(dtype).kind == "f" else [1]
    image = np.array([[about.min, about.max, about.max // 2 + 3, *more]], dtype)
    same(read(write(tmp_path / "x.tif", image)), image)
    if np.longdouble(1).itemsize > 8:
        with pytest.raises(ValueError, match=r"not float\d+; use \.astype"):
            write(tmp_path / "y.tif", image.astype(np.longdouble))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_the_longest_rows_that_are_written_are_read(tmp_path, suffix):
    long = np.arange({".bmp": 2**20}.get(suffix, 1_000_000))[None]
    for image in (long.astype(np.uint8), long % 2 == 0):
        for view in (image, image.T):
            assert np.array_equal(read(write(tmp_path / f"x{suffix}", view)) != 0, view != 0)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_masks_and_labels_keep_their_kind(tmp_path, suffix):
    mask = picture() > 100
    path = write(tmp_path / f"x{suffix}", mask)
    same(read(path), mask if suffix == ".png" else mask * np.uint8(255))
    same(np.array(Pillow.open(path).convert("L")), mask * np.uint8(255))
    same(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE), mask * np.uint8(255))
    same(read_truth(path), mask)
    labels = picture("int32") % 60000
    back = read_truth(write(tmp_path / f"y{suffix}", labels))
    assert back.dtype == np.int32 and np.array_equal(back, labels)


def test_many_labels_are_never_squeezed(tmp_path):
    labels = np.array([[0, 70000]], np.int32)
    assert np.array_equal(read_truth(write(tmp_path / "x.tif", labels)), labels)
    with pytest.raises(ValueError, match=r"x\.png: \.png holds uint8 uint16, not int32; use \.tif"):
        write(tmp_path / "x.png", labels)


def test_truths_are_told_apart(tmp_path):
    classes = np.array([[0, 1, 255]], np.uint8)
    assert read_truth(write(tmp_path / "c.png", classes)).dtype == np.uint8
    assert read_truth(write(tmp_path / "o.png", np.array([[0, 1]], np.uint8))).dtype == np.uint8
    grey = np.repeat(classes[:, :, None], 3, axis=2)
    assert np.array_equal(read_truth(write(tmp_path / "g.png", grey)), classes)
    with pytest.raises(ValueError, match=r"r\.png: a truth has one channel"):
        read_truth(write(tmp_path / "r.png", picture(shape=(4, 4, 3))))
    with pytest.raises(ValueError, match=r"f\.tif: a truth holds whole numbers, but this is float32"):
        read_truth(write(tmp_path / "f.tif", picture("float32")))
    with pytest.raises(ValueError, match=r"n\.tif: `truth` must hold 0 for what is no object"):
        read_truth(write(tmp_path / "n.tif", np.array([[-1, 3]], np.int32)))
    Pillow.fromarray(picture() > 100).save(tmp_path / "b.png")
    assert read_truth(tmp_path / "b.png").dtype == bool and read(tmp_path / "b.png").dtype == bool


def test_pillow_modes_become_grey_or_rgb(tmp_path):
    rgb, grey, alpha = picture(shape=(8, 9, 3)), picture(shape=(8, 9)), picture(shape=(8, 9))
    Pillow.fromarray(np.dstack([rgb, alpha])).save(tmp_path / "rgba.png")
    Pillow.fromarray(np.dstack([grey, alpha])).save(tmp_path / "la.png")
    assert np.array_equal(read(tmp_path / "rgba.png"), rgb) and np.array_equal(read(tmp_path / "la.png"), grey)
    indexed = Pillow.fromarray(rgb).quantize(16)
    indexed.save(tmp_path / "p.png")
    assert np.array_equal(read(tmp_path / "p.png"), np.array(indexed.convert("RGB")))
    assert np.array_equal(read_truth(tmp_path / "p.png"), np.array(indexed))
    Pillow.fromarray(cv2.GaussianBlur(rgb, (0, 0), 5)).convert("CMYK").save(tmp_path / "c.jpg", quality=95)
    assert read(tmp_path / "c.jpg").shape == (8, 9, 3)
    Pillow.fromarray(rgb).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert np.array_equal(read(tmp_path / "lzw.tif"), rgb)
    tifffile.imwrite(tmp_path / "white.tif", grey, photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "white.tif"), 255 - grey)
    tifffile.imwrite(tmp_path / "planar.tif", np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate")
    assert np.array_equal(read(tmp_path / "planar.tif"), rgb)


TURNED = {
    1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: a.T,
    6: lambda a: np.rot90(a, 3), 7: lambda a: np.rot90(a, 2).T, 8: np.rot90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_photographs_are_turned_upright_once(tmp_path, suffix, orientation):
    image = np.zeros((16, 32), np.uint8)
    image[:8, :16] = 255
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    Pillow.fromarray(image).save(tmp_path / f"x.{suffix}", exif=exif, **options)
    back = read(tmp_path / f"x.{suffix}", gray=True)
    assert np.array_equal(back > 128, TURNED[orientation](image) > 128)


def test_one_of_several_images_is_chosen_by_page(tmp_path):
    frames = [picture(shape=(6, 7)) for _ in range(3)]
    tifffile.imwrite(tmp_path / "s.tif", np.stack(frames), photometric="minisblack")
    images = [Pillow.fromarray(frame) for frame in frames]
    images[0].save(tmp_path / "s.png", save_all=True, append_images=images[1:])
    images[0].save(tmp_path / "s.webp", save_all=True, append_images=images[1:], lossless=True)
    for name in ("s.tif", "s.png", "s.webp"):
        with pytest.raises(ValueError, match=f"{name}: it holds 3 images; choose one"):
            read(tmp_path / name)
        assert np.array_equal(read(tmp_path / name, page=2, gray=True), frames[2])
        with pytest.raises(ValueError, match="there is no page 3"):
            read(tmp_path / name, page=3)
    for page in (-1, [], 0.0, False, "", "1", np.zeros(0)):
        with pytest.raises(ValueError, match="`page` must be a whole number of at least 0"):
            read(tmp_path / "s.tif", page=page)
    assert np.array_equal(read(tmp_path / "s.tif", page=np.int64(1)), frames[1])


def encoded(image, format, **options):
    file = io.BytesIO()
    (image if isinstance(image, Pillow.Image) else Pillow.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def tiff(image, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


def lzw(image):
    """Encode by OpenCV, whose TIFF is compressed in a way that tifffile alone does not read."""
    return cv2.imencode(".tif", image if image.ndim == 2 else np.ascontiguousarray(image[:, :, ::-1]))[1].tobytes()


@pytest.fixture
def put(tmp_path):
    def put(content):
        (tmp_path / "x.bin").write_bytes(content)
        return tmp_path / "x.bin"

    return put


def same(got, expected):
    assert got.dtype == expected.dtype and got.flags.writeable and got.flags.c_contiguous
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("orientation", TURNED)
def test_every_way_of_decoding_a_tiff_turns_it_once(put, orientation):
    def turned(image):
        if image.ndim == 2:
            return TURNED[orientation](image)
        return np.dstack([TURNED[orientation](channel) for channel in np.moveaxis(image, 2, 0)])

    rgb, deep, mask = picture(shape=(8, 9, 3)), picture("uint16", (8, 9)), picture(shape=(8, 9)) > 100
    tag = [(274, 3, 1, orientation, True)]
    same(read(put(tiff(rgb, photometric="rgb", extratags=tag))), turned(rgb))
    same(
        read(put(tiff(np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate", extratags=tag))), turned(rgb)
    )
    for image in (rgb, deep, rgb[:, :, 0]):
        same(read(put(encoded(image, "TIFF", compression="tiff_lzw", tiffinfo={274: orientation}))), turned(image))
    same(read(put(encoded(mask, "TIFF", compression="group4", tiffinfo={274: orientation}))), turned(mask))
    indexed = Pillow.fromarray(rgb).quantize(16)
    path = put(encoded(indexed, "TIFF", tiffinfo={274: orientation}))
    same(read(path), turned(np.array(indexed.convert("RGB"))))
    same(read_truth(path), turned(np.array(indexed)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(13, 17), (13, 17, 3)])
def test_compressed_tiffs_keep_every_value(put, dtype, shape):
    image = picture(dtype, shape)
    same(read(put(lzw(image))), image)


def test_a_page_of_a_compressed_stack(put):
    for dtype in ("uint8", "uint16"):
        frames = [picture(dtype, (6, 7)) for _ in range(3)]
        more = {"save_all": True, "append_images": [Pillow.fromarray(frame) for frame in frames[1:]]}
        path = put(encoded(frames[0], "TIFF", compression="tiff_lzw", **more))
        for page, frame in enumerate(frames):
            same(read(path, page=page), frame)


def test_true_stays_true_whoever_writes_the_mask(put):
    mask = picture() > 100
    assert tifffile.TiffFile(io.BytesIO(tiff(mask))).pages[0].photometric == 0
    files = [tiff(mask), encoded(mask, "BMP"), encoded(mask, "PNG")]
    files += [
        encoded(mask, "TIFF", compression=way, tiffinfo={262: white}) for way in ("raw", "group4") for white in (0, 1)
    ]
    for content in files:
        same(read(put(content)), mask)
        same(read_truth(put(content)), mask)


def test_white_as_zero_inverts_only_what_has_a_white(put):
    deep, signed, real = picture("uint16"), picture("int16") - np.int16(99), picture("float32")
    same(read(put(tiff(deep, photometric="miniswhite"))), 65535 - deep)
    same(read(put(tiff(signed, photometric="miniswhite"))), signed)
    same(read(put(tiff(real, photometric="miniswhite"))), real)


def test_alpha_is_dropped_and_other_channels_are_not(put):
    rgba = picture(shape=(8, 9, 4))
    for content in (tiff(rgba, photometric="rgb"), encoded(rgba, "WebP", lossless=True, exact=True)):
        same(read(put(content)), rgba[:, :, :3])
    grey = {"photometric": "minisblack", "planarconfig": "contig"}
    same(read(put(tiff(rgba[:, :, :2], extrasamples=[2], **grey))), rgba[:, :, 0])
    for stains in (rgba[:, :, :2], rgba):
        with pytest.raises(ValueError, match=r"expected 1 channel.* its shape is \(8, 9, "):
            read(put(tiff(stains, **grey)))
    with pytest.raises(ValueError, match="real numbers, but this is complex64"):
        read(put(tiff(np.ones((3, 4), "complex64"))))
    with pytest.raises(ValueError, match=r"a stack of shape \(5, 8, 9\) in one block"):
        read(put(tiff(np.zeros((5, 8, 9), np.uint8), photometric="minisblack", truncate=True)))


def test_cmyk_becomes_the_right_colours(put):
    red = Pillow.new("CMYK", (16, 8), (0, 255, 255, 0))
    for content in (encoded(red, "JPEG"), encoded(red, "TIFF"), encoded(red, "TIFF", compression="tiff_lzw")):
        assert np.abs(read(put(content)).astype(int) - [255, 0, 0]).max() < 4


def test_the_limit_of_pillow_is_not_ours(put, monkeypatch):
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 10)
    rgb = picture(shape=(8, 9, 3))
    indexed = Pillow.fromarray(rgb).quantize(16)
    for format, options in (("PNG", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WebP", {"lossless": True})):
        same(read(put(encoded(rgb, format, **options))), rgb)
    for format in ("PNG", "TIFF", "BMP"):
        same(read_truth(put(encoded(indexed, format))), np.array(indexed))
    assert Pillow.MAX_IMAGE_PIXELS == 10


def kinds_of_files():
    """Give one file of each way in which bytes are laid out."""
    rgb, grey = picture(shape=(13, 17, 3)), picture(shape=(13, 17))
    two = {"save_all": True, "append_images": [Pillow.fromarray(255 - rgb)]}
    return {
        "deep PNG": cv2.imencode(".png", picture("uint16", (13, 17, 3)))[1].tobytes(),
        "grey JPEG": encoded(grey, "JPEG"),
        "progressive JPEG": encoded(rgb, "JPEG", progressive=True),
        "JPEG with a thumbnail": encoded(rgb, "JPEG", exif=b"Exif\0\0" + encoded(grey, "JPEG")),
        "JPEG with restarts": encoded(rgb, "JPEG", restart_marker_blocks=1),
        "grey BMP": encoded(grey, "BMP"),
        "lossy WebP": encoded(rgb, "WebP"),
        "animated PNG": encoded(rgb, "PNG", **two),
        "animated WebP": encoded(rgb, "WebP", **two),
        "plain TIFF": tiff(rgb, photometric="rgb"),
        "big TIFF": tiff(rgb, photometric="rgb", bigtiff=True),
        "TIFF in strips": tiff(rgb, photometric="rgb", compression="zlib", rowsperstrip=4),
        "LZW TIFF": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "deep LZW TIFF": lzw(picture("uint16", (13, 17, 3))),
        "JPEG in TIFF": encoded(rgb, "TIFF", compression="jpeg"),
        "palette TIFF": encoded(Pillow.fromarray(rgb).quantize(16), "TIFF"),
        "fax TIFF": encoded(grey > 100, "TIFF", compression="group4"),
    }


FILES = kinds_of_files()


@pytest.mark.parametrize("kind", FILES)
def test_no_layout_is_read_in_part(put, kind):
    content = FILES[kind]
    assert read(put(content), page=0).shape[:2] == (13, 17)
    for length in [*range(0, len(content), 9), *range(len(content) - 8, len(content))]:
        with pytest.raises(ValueError, match=r"^[^\n]+x\.bin: [^\n]+\.$"):
            read(put(content[:length]), page=0)


def test_a_stack_that_lost_its_last_pages_is_refused(put):
    content = tiff(np.stack([picture()] * 3), photometric="minisblack")
    needed = len(content) - 16  # tifffile ends with padding
    for length in range(0, needed, 3):
        with pytest.raises(ValueError, match=r"x\.bin: "):
            read(put(content[:length]), page=2)


@pytest.mark.parametrize("kind", FILES)
def test_damage_raises_sentences_alone(put, kind):
    random = np.random.default_rng(1)
    for _ in range(40):
        content = bytearray(FILES[kind])
        for place in random.integers(0, min(len(content), 400), 3):
            content[place] = random.integers(0, 256)
        path = put(bytes(content))
        for call in (read, read_truth):
            try:
                call(path, max_pixels=10_000)
            except ValueError as fault:
                assert str(fault).startswith(str(path)) and str(fault).endswith(".") and str(fault).isprintable()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp"])
def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path, suffix):
    path = write(tmp_path / f"x{suffix}", picture(shape=(24, 30, 3)))
    data = path.read_bytes()
    for length in sorted({0, 1, 2, 9, 20, *range(30, len(data), max(1, len(data) // 40)), len(data) - 1}):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=rf"^.*x\{suffix}: [^\n]+\.$"):
            read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"hello, world", "seems to be text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "a Git LFS pointer"),
        (b"GIF89a\x01\x00", "damaged or cut short"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0", "a HEIC photograph"),
        (b"\x93NUMPY\x01\x00", "numpy.load"),
        (b"\x00\x01\x02\x03", "none of these"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut short"),
        (b"\xff\xd8\xff\xe0", "damaged or cut short"),
        (b"II*\0\x08\0\0\0", "damaged or cut short"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, words):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match=f"x.png: .*{words}"):
        read(tmp_path / "x.png")


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png: there is no such file"):
        read(tmp_path / "none.png")
    with pytest.raises(OSError, match="it is a folder; name a file in it"):
        read(tmp_path)
    with pytest.raises(ValueError, match="cvkit reads files, not addresses"):
        read("https://example.org/x.png")
    with pytest.raises(ValueError, match="NUL"):
        read("x\0.png")
    for wrong in (None, 3, b"x.png", np.eye(3)):
        with pytest.raises(TypeError, match="`path` must be a str or a Path"):
            read(wrong)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(ValueError, match="it is no ordinary file but a pipe"):
        read(tmp_path / "x.png")


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
@pytest.mark.parametrize("name", [b"n\xff.png", b"two\nlines \x1b[31m.png", "größe 図.png".encode()])
def test_any_name_works_and_is_printed_harmlessly(tmp_path, name):
    image = picture()
    path = os.path.join(os.fsencode(tmp_path), name)
    write(os.fsdecode(path), image)
    assert np.array_equal(read(os.fsdecode(path)), image)
    with open(path, "wb") as file:
        file.write(b"text")
    with pytest.raises(ValueError) as fault:
        read(os.fsdecode(path))
    assert str(fault.value).isprintable() and str(fault.value).encode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *more):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more)


def test_bombs_are_refused_by_their_header(tmp_path):
    path = tmp_path / "x.png"
    rows = zlib.compress(bytes(30000 // 8 + 1) * 30000)
    path.write_bytes(png(30000, 30000, chunk(b"IDAT", rows), chunk(b"IEND", b"")))
    with pytest.raises(ValueError, match="30000 x 30000 pixels are more than the limit of 100000000"):
        read(path)
    path.write_bytes(png(8, 8, struct.pack(">I", 0xFFFFFFF0) + b"tEXt" + b"x" * 20, chunk(b"IEND", b"")))
    with pytest.raises(ValueError, match="damaged or cut short"):
        read(path)
    write(tmp_path / "x.tif", picture(shape=(20, 30)))
    with pytest.raises(ValueError, match=r"20.*more than the limit of 100; .*max_pixels=600"):
        read(tmp_path / "x.tif", max_pixels=100)
    assert read(tmp_path / "x.tif", max_pixels=600).shape == (20, 30)


def test_channels_that_are_no_image_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", picture(shape=(9, 8, 5)), photometric="minisblack", planarconfig="contig")
    with pytest.raises(ValueError, match=r"expected 1 channel, or 3 for RGB.*\(9, 8, 5\)"):
        read(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("x.gif", np.eye(3), "the name must end in one of .png"),
        ("x", np.eye(3), "got no ending"),
        ("x.png", np.eye(3), ".png holds uint8 uint16, not float64; use .tif"),
        ("x.jpg", np.eye(3, dtype=np.uint16), "use .png or .tif"),
        ("x.jpg", np.eye(3, dtype=bool), "JPEG smears"),
        ("x.webp", np.zeros((1, 17000), np.uint8), ".webp holds at most 16383 rows and columns"),
        ("x.jpg", np.zeros((70000, 1), np.uint8), ".jpg holds at most 65500 rows and columns"),
        ("x.jpeg", np.eye(3, dtype=np.int32), "JPEG smears"),
        ("x.png", np.ones((1, 1_000_001), bool), ".png holds at most 1000000 rows and columns.*; use .tif"),
        ("x.png", np.ones((1_000_001, 1), np.uint8), ".png holds at most 1000000 rows and columns"),
        ("x.bmp", np.ones((1, 2**20 + 1), np.uint8), ".bmp holds at most 1048576 rows and columns"),
        ("x.png", np.full((1, 2), np.inf), ".png holds uint8 uint16, not float64; use .tif"),
        ("x.tif", np.ones((2, 3), complex), "`array` must hold real numbers, got dtype complex128"),
        ("x.png", np.zeros((0, 3), np.uint8), "`array` is empty"),
        ("x.png", None, "`array` must be an array"),
        ("no/x.png", np.eye(3, dtype=np.uint8), "its folder does not exist"),
    ],
)
def test_what_cannot_be_written_leaves_nothing_behind(tmp_path, name, array, words):
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=words):
        write(tmp_path / name, array)
    assert not list(tmp_path.iterdir())


def test_a_failing_disk_leaves_the_old_file_and_no_stump(tmp_path, monkeypatch):
    path = write(tmp_path / "x.png", picture())
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"x\.png: No space left on device"):
        write(path, picture())
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ValueError, match="is no file; choose another name"):
        (tmp_path / "f.png").mkdir()
        write(tmp_path / "f.png", picture())


def test_what_opencv_does_not_encode_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, ()))
    with pytest.raises(ValueError, match=r"x\.png: the image cannot be encoded \(OpenCV gives no reason\); use \.tif"):
        write(tmp_path / "x.png", picture())


def test_views_are_written_as_they_look(tmp_path):
    image = picture("uint16", (20, 30, 3))
    for view in (image[::2, ::-1], image.transpose(1, 0, 2), np.asfortranarray(image), image.astype(">u2")):
        for suffix in (".png", ".tif"):
            assert np.array_equal(read(write(tmp_path / f"x{suffix}", view)), view)
