"""One large image: tiles give what the whole does, in whatever format it lies; what cannot be done is said at once."""

import importlib.util
import re
from concurrent.futures import Executor, Future

import cv2
import numpy as np
import pytest
import scipy.ndimage
import tifffile
from click.testing import CliRunner
from models import write_model
from PIL import Image

import cvkit
from cvkit.classic import components
from cvkit.classic.histogram import Extent, Histogram
from cvkit.cli import main
from cvkit.errors import CvkitError
from cvkit.reach import reach, reach_of
from cvkit.scale import passes
from cvkit.scale.engine import Pool
from cvkit.scale.rasters import Apart, Made, Tiles

TILE = 64


class Inline(Executor):
    """Does every task at once."""

    def submit(self, function, /, *args):
        done = Future()
        try:
            done.set_result(function(*args))
        except Exception as fault:
            done.set_exception(fault)
        return done


def scene(height=149, width=211, seed=0):
    """Blobs of all sizes, a line along each side of a seam, a block that fills a tile, holes on seams and corners."""
    noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    image = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    image[63:64, 20:] = image[:120, 127:128] = 250
    image[64:128, 64:128] = 240
    image[100:104, 60:70] = image[60:68, 120:130] = 3
    return image


def large(image, pipeline, folder, **how):
    """The answer of tiles, read back."""
    made = cvkit.segment_large(image, pipeline, folder / "answer.npy", **{"tile": TILE, "engine": Inline()} | how)
    return np.load(made)


def assert_same(answer, whole):
    assert answer.dtype == whole.dtype and np.array_equal(answer, whole)


PIPELINES = [
    "otsu | label",
    "otsu(foreground='dark') | label(connectivity=4)",
    "median(size=5) | li(foreground='auto') | fill_holes | remove_small(area=40) | label",
    "gaussian(sigma=2) | otsu | fill_holes(area=30, connectivity=4)",
    "invert | yen | clear_border | remove_large(area=900)",
    "multi_otsu(classes=4)",
    "mean | largest(count=3) | opening(radius=2) | label | clear_border | remove_small(area=9)",
    "otsu | keep_if(condition='area > 20 and eccentricity < .95 or col < 40') | closing(radius=3, shape='square')",
    "normalize(low=2, high=98) | isodata | dilation | erosion(radius=2)",
    "gray | triangle | remove_small(area=30, connectivity=4) | label(connectivity=8) | relabel",
    "sauvola(window=25, k=-.1) | label",
    "niblack(window=15, foreground='auto') | opening",
    "percentile(share=.9) | opening | remove_large(area=3000) | split | remove_small(area=9)",
    "percentile(share=.9) | opening | remove_large(area=999) | split(neck=.95) | keep_if(condition='solidity > .8')",
]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_tiles_give_what_the_whole_does(pipeline, tmp_path):
    assert_same(large(scene(), pipeline, tmp_path), cvkit.segment(scene(), pipeline))


LOCAL = ["adaptive_gaussian", "adaptive_mean", "bernsen", "contrast", "nick", "phansalkar", "singh", "wan"]


@pytest.mark.parametrize("method", LOCAL)
def test_local_thresholds_see_across_seams(method, tmp_path):
    image = scene(70, 150).astype(np.uint16) * 200
    pipeline = f"{method}(window=11)"
    assert_same(large(image, pipeline, tmp_path), cvkit.segment(image, pipeline))


def test_a_tile_of_one_value_is_no_image_of_one_value(tmp_path):
    image = np.full((64, 192), 100, np.uint8)
    assert_same(large(image, "sauvola(window=5)", tmp_path), np.zeros(image.shape, bool))
    image[:, 150] = 90
    whole = cvkit.segment(image, "sauvola(window=5)")
    assert whole[:, :64].all()
    assert_same(large(image, "sauvola(window=5)", tmp_path), whole)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64])
def test_counts_of_tiles_are_those_of_the_whole(dtype, tmp_path):
    image = scene().astype(dtype) * dtype(7.3 if np.dtype(dtype).kind == "f" else 90000 if dtype == np.int32 else 200)
    for pipeline in ("otsu", "invert | kapur(foreground='auto')", "median(size=3) | otsu | opening"):
        assert_same(large(image, pipeline, tmp_path), cvkit.segment(image, pipeline))


def test_nan_is_left_out_where_it_may_be(tmp_path):
    image = scene().astype(np.float32)
    image[:70, :70] = image[5, 5::7] = np.nan
    for pipeline in ("otsu(nan='ignore', foreground='dark')", "multi_otsu(nan='ignore')"):
        assert_same(large(image, pipeline, tmp_path), cvkit.segment(image, pipeline))
    with pytest.raises(CvkitError, match="NaN"):
        large(image, "otsu", tmp_path)


def test_percentiles_from_counts_are_numpys():
    rng = np.random.default_rng(1)
    for image in (scene(), scene(7, 9).astype(np.uint16) * 90, rng.integers(-300, 300, (20, 30))):
        for share in (0, 0.1, 1, 33.3, 50, 99.8, 100):
            assert Histogram.of(image).percentile(share) == np.percentile(image, share)
    image = rng.random((50, 60))  # of 65,536 levels
    assert abs(Histogram.of(image).percentile(37) - np.percentile(image, 37)) <= np.ptp(image) / 65535


def test_extents_and_counts_of_parts_add_up():
    image = scene().astype(np.float32) / 3
    parts = np.array_split(image, 3)
    whole = Extent.of(parts[0]) | Extent.of(parts[1]) | Extent.of(parts[2])
    assert whole == Extent.of(image) and not whole.whole
    added = Histogram.of(parts[0], whole) + Histogram.of(parts[1], whole) + Histogram.of(parts[2], whole)
    assert np.array_equal(added.counts, Histogram.of(image).counts)


def corner(rows, cols):
    mask = np.zeros((128, 192), bool)
    mask[rows, cols] = True
    return mask


def spiral():
    """One line that winds through all tiles."""
    mask = np.zeros((150, 200), bool)
    for step in range(0, 70, 8):
        mask[step, max(0, step - 8) : 200 - step] = mask[149 - step, step : 200 - step] = True
        mask[step : 150 - step, 199 - step] = mask[step + 8 : 150 - step, step] = True
    return mask


def rings():
    """Squares within squares, cut by seams: holes within objects within holes."""
    rows, cols = np.mgrid[:130, :140]
    return np.maximum(abs(rows - 64), abs(cols - 64)) % 10 < 4


SEAMS = {
    "diagonal": corner([63, 64], [63, 64]),
    "other diagonal": corner([63, 64], [64, 63]),
    "along the seam": corner([63, 64], [70, 71]),
    "everything": np.ones((128, 192), bool),
    "nothing": np.zeros((128, 192), bool),
    "spiral": spiral(),
    "rings": rings(),
    "comb": np.add.outer(np.arange(130) < 5, np.arange(140) % 3 == 0).astype(bool),
    "checkers": np.add.outer(np.arange(130), np.arange(140)) % 2 == 0,
    "noise": np.random.default_rng(3).random((150, 170)) < 0.55,
}


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("name", SEAMS)
def test_objects_are_joined_across_seams(name, connectivity, tmp_path):
    mask = SEAMS[name]
    labels = large(mask, f"otsu | label(connectivity={connectivity})", tmp_path)
    assert_same(labels, components.label(mask & ~mask.all(), connectivity=connectivity))
    structure = np.ones((3, 3)) if connectivity == 8 else None
    assert labels.max() == scipy.ndimage.label(mask & ~mask.all(), structure)[1]
    filled = large(mask, f"otsu | fill_holes(connectivity={connectivity})", tmp_path)
    assert_same(filled, components.fill_holes(mask & ~mask.all(), connectivity=connectivity))


def test_objects_are_seen_whole_where_they_must_be(tmp_path):
    pipeline = "percentile(share=.9) | opening | remove_large(area=3000) | regions(columns='all')"
    found = cvkit.segment_large(scene(), pipeline, tile=TILE, engine=Inline())
    whole = cvkit.segment(scene(), pipeline)
    assert found.keys() == whole.keys()
    assert all(np.allclose(found[name], whole[name], rtol=1e-12) for name in whole)
    none = "otsu | remove_small(area=99999) | regions(columns='all')"
    found, whole = cvkit.segment_large(scene(), none, tile=TILE, engine=Inline()), cvkit.segment(scene(), none)
    assert {name: column.dtype for name, column in found.items()} == {name: it.dtype for name, it in whole.items()}
    for pipeline in ("otsu | split", "otsu | keep_if(condition='perimeter > 9')"):
        with pytest.raises(CvkitError, match="needs objects whole, and one of "):
            large(scene(), pipeline, tmp_path)


def test_tables_are_merged(tmp_path):
    pipeline = "otsu | regions"
    found = cvkit.segment_large(scene(), pipeline, tmp_path / "t.csv", tile=TILE, engine=Inline())
    whole = cvkit.segment(scene(), pipeline)
    assert found.keys() == whole.keys()
    for name, column in whole.items():
        assert found[name].dtype == column.dtype and np.array_equal(found[name], column, equal_nan=True), name
    assert (tmp_path / "t.csv").read_text().splitlines()[0] == ",".join(whole)
    some = "otsu | label | remove_small(area=50) | regions(columns=['extent', 'label'])"
    found, whole = cvkit.segment_large(scene(), some, tile=TILE, engine=Inline()), cvkit.segment(scene(), some)
    assert list(found) == ["extent", "label"] and all(np.array_equal(found[name], whole[name]) for name in whole)


def test_the_network_sees_across_seams_and_its_objects_are_kept_apart(tmp_path):
    image = np.tile(cvkit.read("data/nuclei.png"), (1, 2))[100:180, :420]
    assert_same(large(image, "nuclei | label", tmp_path, tile=128), cvkit.segment(image, "nuclei | label"))


def test_cores_that_hang_together_in_another_tile_are_one():
    class Whole:
        def __init__(self, array):
            self.array, self.shape = array, array.shape

        def read(self, rows, cols):
            return self.array[rows, cols]

    from cvkit.deep.decode import keep_apart

    codes = np.ones((150, 170), np.uint8)
    codes[5:140, 60:63] = codes[5:140, 66:69] = codes[138:141, 60:69] = 2  # a U about a seam
    codes[::9, 80:] = 2
    cores = codes == 2
    apart = Apart(Whole(codes), Whole(components.label(cores)))
    whole = keep_apart(cores, codes > 0)
    tiles = Tiles(codes.shape, TILE)
    for number in range(len(tiles)):
        assert np.array_equal(apart.read(*tiles.place(number)), whole[tiles.place(number)])


def test_a_model_without_contacts(tmp_path):
    model = write_model(tmp_path / "model", preprocess="normalize", postprocess="remove_small(area=9)")
    assert_same(large(scene(), [model, "label"], tmp_path), cvkit.segment(scene(), cvkit.Pipeline([model, "label"])))


@reach(lambda size: size)
def darker(image, *, size=2) -> cvkit.arrays.Mask:
    return image < cv2.blur(image, (2 * size + 1, 2 * size + 1))


def test_a_function_of_yours_that_says_how_far_it_looks(tmp_path):
    assert reach_of(darker, {}) == 2 and reach_of(darker, {"size": 5}) == 5
    assert_same(large(scene(), [(darker, {"size": 4})], tmp_path), darker(scene(), size=4))


def test_parts_of_what_is_made_are_those_of_the_whole():
    image = scene(200, 300)

    class Source:
        shape, read = image.shape, staticmethod(lambda rows, cols: image[rows, cols])

    blurred = Made(Made(Source, lambda part: cv2.blur(part, (5, 5)), 2), lambda part: cv2.blur(part, (9, 9)), 4)
    whole = cv2.blur(cv2.blur(image, (5, 5)), (9, 9))
    for rows, cols in (
        (slice(0, 200), slice(0, 300)),
        (slice(63, 64), slice(127, 130)),
        (slice(199, 200), slice(0, 9)),
    ):
        assert np.array_equal(blurred.read(rows, cols), whole[rows, cols])


REFUSED = {
    "clahe | otsu": "parts of the whole image",
    "flatten_background | otsu": "small copy of the whole",
    "resize(width=50) | otsu": "changes the size",
    "wolf": "least value and the greatest deviation",
    "bradley": "set window=",
    "howe": "cuts the whole image",
    "feng": "windows lie side by side",
    "normalize | sauvola": "float32",
    "otsu | skeleton": "from pixel to pixel through the whole object",
    "otsu | convex_hull": "whole image",
    "otsu | label | expand(distance=3)": "it deals with labels",
    "nuclei(augment=True)": "begins elsewhere",
    "otsu | remove_small(area=-1)": "`area`",
    "otsu | keep_if(condition='size > 3')": "'size'",
    "median(size=4) | otsu": "`size` must be an odd",
}


@pytest.mark.parametrize("pipeline", REFUSED)
def test_what_tiles_cannot_do_is_said_before_any_work_is_done(pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr(passes.Work, "each", None)
    out = None if "regions" in pipeline else tmp_path / "answer.npy"
    with pytest.raises(CvkitError, match=re.escape(REFUSED[pipeline])):
        cvkit.segment_large(scene(), pipeline, out, tile=TILE, engine=Inline())
    assert list(tmp_path.iterdir()) == []


def test_other_refusals(tmp_path):
    def otherwise(image):
        return image > 5

    model = write_model(tmp_path / "model", halo=None)
    for pipeline, why in ((otherwise, "does not say how far"), (model, "it sees the whole image")):
        with pytest.raises(CvkitError, match=why):
            cvkit.segment_large(scene(), pipeline, tmp_path / "a.npy")
    for out, code in (("a.png", "format-unknown"), ("no/a.npy", "folder-missing"), (None, "output-missing")):
        with pytest.raises(CvkitError) as fault:
            cvkit.segment_large(scene(), "otsu", out and tmp_path / out)
        assert fault.value.code == code
    np.save(tmp_path / "in.npy", scene())
    for source in (tmp_path / "in.npy", np.load(tmp_path / "in.npy", mmap_mode="r"), tmp_path / "in.npy" / "0"):
        with pytest.raises(CvkitError, match="would replace the image"):
            cvkit.segment_large(source, "otsu", tmp_path / "in.npy")
    with pytest.raises(CvkitError, match="`workers` must be a whole number"):
        cvkit.segment_large(scene(), "otsu", tmp_path / "a.npy", workers=-1)
    with pytest.raises(CvkitError, match="multiple of 64"):
        cvkit.segment_large(scene(), "otsu", tmp_path / "a.npy", tile=100)
    with pytest.raises(CvkitError, match="sort all values"):
        large(scene() / 3.0, "otsu(exact=True)", tmp_path)


def save_tiff(path, image, **how):
    tifffile.imwrite(path, image, photometric="rgb" if image.ndim == 3 else "minisblack", metadata=None, **how)


LAYOUTS = {
    "tiles": {"tile": (48, 32), "compression": "zlib"},
    "strips": {"rowsperstrip": 20, "compression": "lzma"},
    "plain": {"byteorder": ">", "bigtiff": True},
    "plain tiles": {"tile": (64, 64)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("colour", [False, True])
def test_tiff(layout, colour, tmp_path):
    image = scene(100, 90).astype(np.uint16) * 9
    image = np.stack([image, image[::-1], image[:, ::-1]], 2) if colour else image
    save_tiff(tmp_path / "a.tif", image, **LAYOUTS[layout])
    out = cvkit.segment_large(tmp_path / "a.tif", "otsu | label", tmp_path / "b.tif", tile=TILE, engine=Inline())
    assert_same(tifffile.imread(out), cvkit.segment(image, "otsu | label"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tif", "b.tif"]


def test_tiff_pyramids_planes_and_pages(tmp_path):
    image = scene(100, 90)
    colour = np.stack([image, image[::-1], image[:, ::-1]])
    save_tiff(tmp_path / "planes.tif", np.moveaxis(colour, 0, 2).copy())
    tifffile.imwrite(tmp_path / "planes.tif", colour, photometric="rgb", planarconfig="separate", tile=(32, 32))
    with tifffile.TiffWriter(tmp_path / "pyramid.tif") as file:
        file.write(image, tile=(32, 32), subifds=1)
        file.write(image[::2, ::2], tile=(32, 32), subfiletype=1)
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        file.write(image[::-1].copy(), tile=(32, 32), metadata=None)
        file.write(image, tile=(32, 32), metadata=None)
    whole, rgb = cvkit.segment(image, "otsu"), cvkit.segment(np.moveaxis(colour, 0, 2), "otsu")
    for name, expected, how in (("planes", rgb, {}), ("pyramid", whole, {}), ("pages", whole, {"page": 1})):
        mask = cvkit.segment_large(
            tmp_path / f"{name}.tif", "otsu", tmp_path / "m.tif", tile=TILE, engine=Inline(), **how
        )
        assert np.array_equal(cvkit.read(mask), expected * np.uint8(255))
    with pytest.raises(CvkitError, match="page="):
        cvkit.segment_large(tmp_path / "pages.tif", "otsu", tmp_path / "m.tif")


def test_files_that_cannot_be_read_in_parts(tmp_path):
    cvkit.write(tmp_path / "a.png", scene())
    save_tiff(tmp_path / "turned.tif", scene(), extratags=[(274, "H", 1, 6, True)])
    np.save(tmp_path / "columns.npy", np.asfortranarray(scene()))
    np.save(tmp_path / "cube.npy", np.zeros((3, 4, 5)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cube.npy").read_bytes()[:-8])
    (tmp_path / "folder").mkdir()
    files = {"a.png": "without the rest", "turned.tif": "turned", "columns.npy": "columns", "cube.npy": "shape",
             "cut.npy": "cut short", "none.tif": "no such file"}  # fmt: skip
    for name, why in files.items():
        with pytest.raises(CvkitError, match=why) as fault:
            cvkit.segment_large(tmp_path / name, "otsu", tmp_path / "m.npy")
        assert name in str(fault.value)


def test_a_compression_that_needs_another_library(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    if importlib.util.find_spec("imagecodecs"):
        assert_same(large(tmp_path / "lzw.tif", "otsu", tmp_path), cvkit.segment(scene(), "otsu"))
    else:
        with pytest.raises(ImportError, match="LZW in a TIFF needs imagecodecs"):
            large(tmp_path / "lzw.tif", "otsu", tmp_path)


def test_memory_maps(tmp_path):
    np.save(tmp_path / "a.npy", scene())
    source = np.load(tmp_path / "a.npy", mmap_mode="r")
    whole = cvkit.segment(scene(), "otsu")
    assert_same(large(source, "otsu", tmp_path), whole)
    assert_same(large(source[10:100, 20:], "otsu", tmp_path), cvkit.segment(scene()[10:100, 20:], "otsu"))
    changed = np.load(tmp_path / "a.npy", mmap_mode="c")
    changed[:50] = 255
    assert_same(large(changed, "otsu", tmp_path), cvkit.segment(np.array(changed), "otsu"))


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    image = scene(100, 130)
    zarr.create_array(tmp_path / "a.zarr", shape=image.shape, chunks=(33, 40), dtype=image.dtype)[:] = image
    whole = cvkit.segment(image, "otsu | label")
    for source, out, inner in (("a.zarr", "b.zarr", ""), ("a.zarr", "c.ome.zarr", "/0")):
        cvkit.segment_large(tmp_path / source, "otsu | label", tmp_path / out, tile=TILE, engine=Inline())
        assert_same(zarr.open(f"{tmp_path}/{out}{inner}", mode="r")[:], whole)
    assert_same(large(tmp_path / "c.ome.zarr", "otsu", tmp_path), cvkit.segment(whole, "otsu"))
    stack = zarr.create_array(tmp_path / "d.zarr", shape=(1, 3, *image.shape), chunks=(1, 1, 50, 50), dtype="uint8")
    stack[:] = [[image, image[::-1], image]]
    rgb = np.stack([image, image[::-1], image], 2)
    assert_same(large(tmp_path / "d.zarr", "otsu", tmp_path), cvkit.segment(rgb, "otsu"))


def test_zarr_that_is_not_installed_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'cvkit[scale]'")):
        cvkit.segment_large(scene(), "otsu", tmp_path / "a.zarr")


def test_a_tile_whose_worker_is_lost_is_done_again_once(tmp_path):
    lost = CvkitError("worker-lost", came="its process was ended")

    def pool(failing):
        def submit(function, *args):
            if failing and args[-1] == 1:
                failing.pop()
                done = Future()
                done.set_exception(lost)
                return done
            return Inline().submit(function, *args)

        return Pool(submit, 1)

    tiles = Tiles((100, 100), TILE)
    assert dict(passes.Work(pool([1]), tiles, tmp_path).each(abs)) == {0: 0, 1: 1, 2: 2, 3: 3}
    with pytest.raises(CvkitError, match="was ended"):
        list(passes.Work(pool([1, 1]), tiles, tmp_path).each(abs))


def test_processes_share_the_tiles(tmp_path):
    pipeline = "median | otsu | fill_holes | label"
    np.save(tmp_path / "a.npy", scene())
    out = f"{tmp_path}/b.npy"
    line = ["segment-large", f"{tmp_path}/a.npy", "-m", pipeline, "-o", out, "--tile", "64", "--workers", "2"]
    said = CliRunner().invoke(main, line)
    assert said.exit_code == 0 and "b.npy" in said.output
    assert_same(np.load(out), cvkit.segment(scene(), pipeline))


def test_an_answer_that_fails_leaves_nothing(tmp_path):
    image = scene().astype(np.float32)
    image[-1, -1] = np.nan
    with pytest.raises(CvkitError, match="NaN"):
        large(image, "gaussian | otsu", tmp_path)
    assert list(tmp_path.iterdir()) == []
