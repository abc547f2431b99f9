"""Reading and writing: every dtype and format back as it was, every fault in words."""

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


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_masks_and_labels_keep_their_kind(tmp_path, suffix):
    mask = picture() > 100
    path = write(tmp_path / f"x{suffix}", mask)
    assert set(np.unique(read(path))) == {0, 255} and np.array_equal(read_truth(path), mask)
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
    with pytest.raises(ValueError, match="`page` must be a whole number of at least 0"):
        read(tmp_path / "s.tif", page=-1)


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
        (b"GIF89a\x01\x00", "a GIF"),
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
        ("x.jpeg", np.eye(3, dtype=np.int32), "JPEG smears"),
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


def test_views_are_written_as_they_look(tmp_path):
    image = picture("uint16", (20, 30, 3))
    for view in (image[::2, ::-1], image.transpose(1, 0, 2), np.asfortranarray(image), image.astype(">u2")):
        for suffix in (".png", ".tif"):
            assert np.array_equal(read(write(tmp_path / f"x{suffix}", view)), view)
