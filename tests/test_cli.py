"""The command line as a stranger types it."""

import csv
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from scenes import DATA

import cvkit
from cvkit.cli import main
from cvkit.registry import TRAINED


@pytest.fixture
def cvkit_(tmp_path, monkeypatch):
    """Run a command in an empty folder; give the result."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_help_names_the_commands(cvkit_):
    text = cvkit_("--help").output
    assert all(f"  {name} " in text for name in main.commands)
    assert cvkit_("--version").output.strip() == f"cvkit, version {cvkit.__version__}"


def test_list_shows_everything_with_a_line(cvkit_):
    text = cvkit_("list").output
    for name in cvkit.methods() + cvkit.steps() + cvkit.networks():
        assert f"  {name} " in text


def test_list_explains_one(cvkit_):
    assert "T = m * (1 + k * (s / r - 1))" in cvkit_("list", "sauvola").output
    assert "window : int, odd" in cvkit_("list", "sauvola").output
    assert "BBBC038" in cvkit_("list", "nuclei").output and "sigma : float" in cvkit_("list", "gaussian").output
    assert "did you mean 'otsu'?" in cvkit_("list", "otzu").output
    text = cvkit_("list", "nms").output
    assert text.startswith("In Python: cvkit.classic.components.nms") and "iou : float" in text


def test_segment_writes_what_python_gives(cvkit_, tmp_path):
    image = DATA / "nuclei.png"
    result = cvkit_("segment", image, "-m", "median(size=3) | otsu | fill_holes")
    assert result.exit_code == 0 and "foreground -> nuclei-mask.png" in result.output
    mask = cvkit.read(tmp_path / "nuclei-mask.png")
    assert np.array_equal(mask > 0, cvkit.segment(cvkit.read(image), "median(size=3) | otsu | fill_holes"))
    result = cvkit_("segment", image, "-m", "nuclei | split")
    labels = cvkit.segment(cvkit.read(image), "nuclei | split")
    assert f"{labels.max()} objects -> nuclei-labels.png" in result.output
    assert np.array_equal(cvkit.read(tmp_path / "nuclei-labels.png"), labels)


def test_segment_writes_tables_and_several_files(cvkit_, tmp_path):
    result = cvkit_("segment", DATA / "nuclei.png", DATA / "coins.png", "-m", "otsu | regions", "-o", "out")
    assert result.exit_code == 0 and result.output.startswith("2 done, 0 failed")
    with open(tmp_path / "out" / "coins-table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(cvkit.segment(cvkit.read(DATA / "coins.png"), "otsu | regions")["area"])
    assert {"label", "area", "row", "col"} <= set(rows[0])


def test_compare_prints_the_table_and_draws(cvkit_, tmp_path):
    result = cvkit_(
        "compare", DATA / "nuclei.png", "-m", "otsu", "-m", "nuclei | split", "-t", DATA / "nuclei-truth.png"
    )
    assert result.exit_code == 0 and "Best Dice: nuclei | split" in result.output
    assert result.output.rstrip().endswith("The picture is in comparison.png")
    assert cvkit.read(tmp_path / "comparison.png").ndim == 3


def test_demo_compares_and_says_where_the_pictures_are(cvkit_, tmp_path):
    result = cvkit_("demo")
    assert result.exit_code == 0
    for name in ("nuclei", "stained", "coins", "page"):
        assert (tmp_path / "cvkit-demo" / f"{name}.png").stat().st_size > 10_000
    assert f"The pictures are in {tmp_path / 'cvkit-demo'}" in result.output
    assert len(result.output.rstrip().split("Try next")[1].splitlines()) == 4  # its own line and three to try
    assert "coins    pixels (Dice)           0.97  flatten_background" in result.output, (
        "the classical method wins here"
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["segment", "none.png", "-m", "otsu"], "none.png"),
        (["segment", DATA / "README.md", "-m", "otsu"], "README.md"),
        (["segment", DATA / "nuclei.png", "-m", "otzu"], "did you mean 'otsu'?"),
        (["segment", DATA / "nuclei.png", "-m", "otsu | gaussian"], "gaussian takes an image, but otsu gives a mask"),
        (["segment", DATA / "nuclei.png", "-m", "sauvola(window=4)"], "`window` must be an odd integer"),
        (["segment", DATA / "nuclei.png", "-m", "runs/none/model"], "there is no such model folder"),
        (["segment", DATA / "nuclei.png", "-m", "otsu", "-o", "no/such/x.png"], "no/such"),
        (["segment", DATA / "nuclei.png", "-m", "otsu", "-o", "mask.xyz"], "mask.xyz"),
        (["compare", DATA / "nuclei.png", "-m", "otsu", "-t", DATA / "coins-truth.png"], "(303, 384)"),
        (["compare", DATA / "nuclei.png", "-m", "otsu", "-o", "no/such/x.png"], "there is no folder no/such"),
    ],
)
def test_faults_are_one_line(cvkit_, words, answer):
    result = cvkit_(*words)
    typed = any(code in result.output for code in ("[method-", "[pipeline-", "[parameter-"))
    assert result.exit_code == (2 if typed else 1) and isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ") and answer in result.output and "Traceback" not in result.output


def test_debug_shows_the_fault_itself(cvkit_):
    assert isinstance(cvkit_("--debug", "segment", "none.png", "-m", "otsu").exception, FileNotFoundError)


def test_misspelt_commands_and_options_are_explained(cvkit_):
    assert "Did you mean" in cvkit_("segmet").output
    assert "Missing option '-m'" in cvkit_("segment", "x.png").output


def test_the_answer_never_replaces_the_image(cvkit_, tmp_path):
    image = shutil.copy(DATA / "coins.png", tmp_path / "coins.png")
    before = (tmp_path / "coins.png").read_bytes()
    result = cvkit_("segment", image, "-m", "otsu", "-o", "coins.png")
    assert result.exit_code == 1 and "would replace the image" in result.output
    assert (tmp_path / "coins.png").read_bytes() == before


def test_no_name_leads_to_an_input(cvkit_, tmp_path):
    for name in ("image.png", "image-truth.png"):
        shutil.copy(DATA / "coins.png" if "truth" not in name else DATA / "coins-truth.png", tmp_path / name)
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "image-truth.png")
    (tmp_path / "soft.html").symlink_to("image.png")
    shutil.copytree(TRAINED / "nuclei", tmp_path / "model")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    for words in (
        ["compare", "image.png", "-m", "otsu", "-o", "image"],
        ["compare", "image.png", "-m", "otsu", "-t", "image-truth.png", "-o", "image-truth"],
        ["evaluate", ".", "-m", "otsu", "--csv", "image.png"],
        ["evaluate", ".", "-m", "otsu", "--csv", "hard"],
        ["evaluate", ".", "-m", "otsu", "--report", "soft.html"],
        ["evaluate", ".", "-m", "otsu", "--report", "image-truth.png"],
        ["export", "model", "--to", "onnx", "-o", "model/model.onnx"],
        ["segment", "image.png", "image-truth.png", "-m", "otsu", "-o", "image.png"],
    ):
        result = cvkit_(*words)
        assert result.exit_code == 1 and ("[output-is-input]" in result.output or words[0] == "segment"), words
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before, words


def test_the_demo_spares_the_images_it_reads(cvkit_, tmp_path, monkeypatch):
    monkeypatch.setattr("cvkit.cli.demo.DATA", shutil.copytree(DATA, tmp_path / "data"))
    assert "[output-is-input]" in cvkit_("demo", "-o", "data").output
    assert cvkit.read("data/nuclei.png").shape == (360, 360)


def test_a_name_without_ending_gets_the_usual_one(cvkit_, tmp_path):
    shutil.copy(DATA / "coins.png", tmp_path / "coins.png")
    shutil.copy(DATA / "coins-truth.png", tmp_path / "coins-truth.png")
    result = cvkit_("evaluate", ".", "-m", "otsu", "--csv", "rows", "-r", "page")
    assert "are in rows.csv" in result.output and "is in page.html" in result.output
    assert "[output-is-input]" in cvkit_("evaluate", ".", "-m", "otsu", "--csv", "page.html", "-r", "page").output
    assert "The picture is in all.png" in cvkit_("compare", "coins.png", "-m", "otsu", "-o", "all").output
    assert {"all.png", "rows.csv", "page.html"} <= {path.name for path in tmp_path.iterdir()}
    assert "it is a folder; name a file in it" in cvkit_("compare", "coins.png", "-m", "otsu", "-o", ".").output


def test_a_full_disk_leaves_the_old_answer(cvkit_, tmp_path):
    resource = pytest.importorskip("resource", reason="this system does not bound files")
    shutil.copy(DATA / "coins.png", tmp_path / "coins.png")
    shutil.copy(DATA / "coins-truth.png", tmp_path / "coins-truth.png")
    for name in ("all.svg", "page.html", "rows.csv"):
        (tmp_path / name).write_text("old")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        for words in (
            ["compare", "coins.png", "-m", "otsu", "-o", "all.svg"],
            ["evaluate", ".", "-m", "otsu", "-r", "page.html"],
            ["evaluate", ".", "-m", "otsu", "--csv", "rows.csv"],
        ):
            result = cvkit_(*words)
            assert result.exit_code == 1 and f"{words[-1]}: File too large; make room" in result.output
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
