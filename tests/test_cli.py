"""The command line as a stranger types it."""

import csv
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from scenes import DATA

import cvkit
from cvkit.cli import main


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
    assert result.exit_code == 0 and "objects measured" in result.output
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
        (["segment", DATA, "-m", "otsu"], "data"),
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
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
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
