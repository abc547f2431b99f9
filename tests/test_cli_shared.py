"""What commands share: which files, going on after a bad one, JSON, options from a file, completion, examples."""

import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib

import click
import numpy as np
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner
from scenes import DATA

import cvkit
from cvkit.cli import _files, main
from cvkit.cli._config import Command
from cvkit.cli._files import image_files
from cvkit.registry import TRAINED

COMMANDS = dict(main.commands)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder that holds `data/`, of which the images are cut small; give the result."""
    (tmp_path / "data").mkdir()
    for path in DATA.glob("*.png"):
        read = cvkit.read_truth if "truth" in path.name else cvkit.read
        cvkit.write(tmp_path / "data" / path.name, np.ascontiguousarray(read(path)[40:120, 40:120]))
    monkeypatch.chdir(tmp_path)
    return lambda *words, **how: CliRunner().invoke(main, [str(word) for word in words], **how)


@pytest.fixture
def coins(run):
    """A folder of two small images with truths, `few/`, beside what `run` makes."""
    os.mkdir("few")
    image, truth = cvkit.read("data/coins.png"), cvkit.read_truth("data/coins-truth.png")
    for name, turned in (("a", 0), ("b", 1)):
        cvkit.write(f"few/{name}.png", np.rot90(image, turned))
        cvkit.write(f"few/{name}-truth.png", np.rot90(truth, turned).copy())
    return run


# --- examples -------------------------------------------------------------------------------------------------------

EXAMPLES = [
    line.strip()
    for command in COMMANDS.values()
    for line in (command.help or "").splitlines()
    if line.strip().startswith("cvkit ")
]
PARSED = (
    "train",
    "generate",
    "judge",
    "export",
    "demo",
    "web",
)  # they train, import Keras, go on, or have a test of just this


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_of_the_help_run(run, line):
    name, *words = shlex.split(line)[1:]
    if name in PARSED or "runs/" in line:
        with COMMANDS[name].make_context(name, words):
            return
    cvkit.write("slide.tif", cvkit.read("data/nuclei.png"))
    result = run(name, *words)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
def test_every_command_shows_an_example_and_a_short_first_sentence(name):
    assert any(line.split()[:2] == ["cvkit", name] for line in EXAMPLES)
    assert not COMMANDS[name].get_short_help_str(65).endswith("...")


# --- which files ----------------------------------------------------------------------------------------------------


def test_folders_patterns_and_lists_become_files(run):
    every = [f"data/{name}" for name in sorted(os.listdir("data")) if name.endswith(".png")]
    assert image_files(["data"]) == image_files(["data/*.png"]) == image_files(["**/*.png"]) == every
    assert image_files(["data/page.png", "data", "-"]) == ["data/page.png", *[n for n in every if "page" not in n], "-"]
    assert image_files(["none.png"]) == ["none.png"]
    for listed, text in (
        ("lines", "data/page.png\n\ndata/coins*.png\n"),
        ("zeros", "data/page.png\0data/coins*.png\0"),
    ):
        with open(listed, "w") as file:
            file.write(text)
        assert image_files([], listed) == ["data/page.png", "data/coins-truth.png", "data/coins.png"]
    shutil.copy("data/page.png", "[1].png")
    assert image_files(["[1].png"]) == ["[1].png"]  # a file of this name comes before the pattern
    with pytest.raises(ValueError, match="no file fits this pattern"):
        image_files(["data/*.jpg"])
    os.makedirs("empty/.hidden")
    shutil.copy("data/page.png", "empty/.hidden/page.png")
    assert image_files(["."]) == ["[1].png", *every]
    with pytest.raises(ValueError, match="the folder holds no image"):
        image_files(["empty"])


def test_an_image_comes_from_the_standard_input(run):
    with open("data/coins.png", "rb") as file:
        data = file.read()
    result = run("try", "-", "-m", "otsu", input=data)
    assert result.exit_code == 0 and result.output == "- -> stdin-try.png\n"
    result = run("compare", "-", "-m", "otsu", "-t", "data/coins-truth.png", "--json", input=data)
    direct = cvkit.compare(cvkit.read("data/coins.png"), "otsu", cvkit.read_truth("data/coins-truth.png"))
    assert json.loads(result.stdout)["methods"][0]["dice"] == direct.rows["dice"][0]
    result = run("try", "-", "-m", "otsu", input=b"nothing")
    assert result.exit_code == 1 and result.output.startswith("Error: standard input: expected a PNG")
    result = run("try", "--from", "-", "-m", "otsu", "-o", "tried", input="data/coins.png\ndata/page.png\n")
    assert result.exit_code == 0 and sorted(os.listdir("tried")) == ["coins-try.png", "page-try.png"]
    assert result.output.endswith("2 pictures are in tried\n")


# --- going on -------------------------------------------------------------------------------------------------------


def test_a_bad_file_does_not_end_the_run(run):
    with open("bad.png", "w") as file:
        file.write("no image")
    result = run("try", "bad.png", "none.png", "data/coins.png", "-m", "otsu", "-o", "tried", "--json")
    assert result.exit_code == 1 and os.listdir("tried") == ["coins-try.png"]
    assert result.stderr.endswith(
        "2 of 3 failed:\n  bad.png: expected a PNG, JPEG, TIFF, BMP, WebP, GIF or PNM image, but this seems to be text;"
        " name the image itself.  [file-format]\n  none.png: there is no such file; check the path.  [file-missing]\n"
    )
    found = json.loads(result.stdout)
    assert [one["code"] for one in found["failed"]] == ["file-format", "file-missing"]
    assert found["images"] == [{"image": "data/coins.png", "picture": "tried/coins-try.png"}]


def test_segment_goes_on_and_tells_of_each(run):
    with open("bad.png", "w") as file:
        file.write("no image")
    with open("data/coins.png", "rb") as file:
        coins = file.read()
    result = run("segment", "bad.png", "-", "data/page.png", "-m", "otsu | label", "-o", "out", "--json", input=coins)
    assert result.exit_code == 1 and sorted(os.listdir("out")) == ["page-labels.png", "stdin-labels.png"]
    assert "1 of 3 failed:\n  bad.png: expected a PNG" in result.stderr
    found = json.loads(result.stdout)
    labels = cvkit.segment(cvkit.read("data/coins.png"), "otsu | label")
    assert [(row["file"], row["status"], row["output"]) for row in found["rows"]] == [
        ("-", "done", "out/stdin-labels.png"),
        ("data/page.png", "done", "out/page-labels.png"),
        ("bad.png", "failed", None),
    ]
    assert found["rows"][0]["objects"] == labels.max() and found["rows"][2]["reason"].startswith("expected a PNG")


def test_segment_side_by_side_gives_the_same_rows_and_is_repeated_from_a_file(run):
    with open("listed", "w") as file:
        file.write("data/coins.png\nnone.png\n")
    words = ["segment", "--from", "listed", "-m", "otsu | label", "-o", "out", "--workers", "1"]
    result = run(*words, "--save-config", "run.toml", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and found["folder"] == "out"
    assert [(row["status"], row["output"]) for row in found["rows"]] == [("done", "coins-labels.png"), ("failed", None)]
    assert "1 done, 1 failed" in result.stderr and "none.png: there is no such file" in result.stderr
    cvkit.write("none.png", cvkit.read("data/page.png"))
    result = run("segment", "--config", "run.toml")
    assert result.exit_code == 0 and result.stdout.startswith("2 done (1 of them before), 0 failed")


@pytest.mark.parametrize("ending", ["geojson", "csv", "json", "zip"])
def test_segment_writes_objects_by_the_ending(run, ending):
    result = run("segment", "data/coins.png", "-m", "otsu", "-o", f"cells.{ending}")
    assert result.exit_code == 0 and result.output.endswith(f"foreground -> cells.{ending}\n")
    cvkit.write(f"direct.{ending}", cvkit.segment(cvkit.read("data/coins.png"), "otsu"), image="coins.png")
    with open(f"cells.{ending}", "rb") as one, open(f"direct.{ending}", "rb") as other:
        assert one.read() == other.read()


def test_what_is_typed_wrong_ends_it_at_once(run):
    for words in (
        ["try"],
        ["try", "data/coins.png", "-m", "otzu"],
        ["evaluate", "data", "-m", "otsu", "-s", "dise"],
        ["tune", "data", "-m", "otsu"],
        ["list", "otzu"],
        ["generate", "runs/x", "--class", 1, "--map", "x.png"],
        ["tune", "data", "-m", "otsu", "--aim", "pixels"],
        ["inspect", "none/*.png"],
        ["segment", "data", "-m", "otsu"],
        ["segment", "data", "-m", "otzu", "-o", "out"],
        ["segment", "data", "none/*.png", "-m", "otsu", "-o", "out"],
    ):
        result = run(*words)
        assert result.exit_code == 2 and "Traceback" not in result.output, (words, result.output)


def test_evaluate_goes_on_and_says_who_beats_whom(coins):
    shutil.copy(DATA / "README.md", "few/c.png")
    shutil.copy("few/a-truth.png", "few/c-truth.png")
    shutil.copy("few/a.png", "few/alone.png")
    result = coins("evaluate", "few", "-m", "otsu", "-m", "otsu | fill_holes | remove_small(area=50)", "--csv", "rows")
    assert result.exit_code == 1 and "Means over 2 images" in result.stdout
    assert "Left out, for want of a partner: alone.png" in result.stderr and "1 of 3 failed:" in result.stderr
    assert "few/c.png: expected a PNG" in result.stderr
    assert (
        "  otsu | fill_holes | remove_small(area=50) beats otsu by 0." in result.stdout
        and "sure 100 %" in result.stdout
    )
    with open("rows.csv", newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["few/a.png"] * 2 + ["few/b.png"] * 2
    os.remove("few/a.png"), os.remove("few/b.png"), os.remove("few/alone.png")
    result = coins("evaluate", "few", "-m", "otsu")
    assert result.exit_code == 1 and result.stderr.splitlines()[-1].startswith("Error: few/c.png: expected a PNG")


def test_a_method_that_fails_is_told_by_the_exit_code(coins):
    result = coins("evaluate", "few", "-m", "otsu", "-m", "crop(row0=0, col0=0, row1=9, col1=9) | otsu", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [row["failures"] for row in found["methods"]] == [0, 2] and found["methods"][1]["dice"] is None
    assert len(found["rows"]) == 4 and found["failed"] == []


def test_the_scores_of_classes_are_told(coins):
    result = coins("evaluate", "few", "--kind", "classes", "-m", "multi_otsu(classes=2)", "--json")
    assert "IoU of each class over all images" in result.stderr, result.output
    rows = json.loads(result.stdout)["classes"]["multi_otsu(classes=2)"]
    assert rows[0]["class"] == 0 and 0.5 < rows[0]["iou"] < 1


def test_tune_gives_a_pipeline(coins):
    text = "gaussian(sigma=[0.5, 1]) | otsu | remove_small(area=[1, 50])"
    result = coins("tune", "few", "-m", text, "-s", "ap50", "--csv", "tried.csv", "--json")
    found = json.loads(result.stdout)
    pairs = [(f"few/{name}.png", f"few/{name}-truth.png") for name in "ab"]
    direct = cvkit.tune(text, pairs, metric="ap50")
    assert found["best"] == direct.best and len(found["tried"]) == 4 and found["csv"] == "tried.csv"
    assert f'Use it: cvkit segment IMAGE -m "{direct.best}"' in result.stderr
    with open("tried.csv", newline="") as file:
        assert [row["method"] for row in csv.DictReader(file)] == direct.rows["method"].tolist()


def test_tune_writes_into_the_card_of_a_model(coins):
    shutil.copytree(TRAINED / "nuclei", "model")
    before = cvkit.deep.read_card("model")
    result = coins("tune", "few", "-m", "model", "--aim", "objects", "--json")
    assert result.exit_code == 0, result.output
    card = cvkit.deep.read_card("model")
    assert "tuned" not in before and card["tuned"] == json.loads(result.stdout)["tuned"] and card["tuned"]["pairs"] == 2
    assert result.stderr.splitlines()[-1] == f"It is written into {os.path.join('model', 'card.json')}"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_the_current_file_and_the_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    names = [f"scans/page{number}.png" for number in range(3)]
    assert list(_files.progress(names)) == names
    shown = sys.stderr.getvalue()
    assert "page0.png" in shown and "0/3" in shown and "<" in shown  # elapsed < left
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(_files.progress(names)) == names and sys.stderr.getvalue() == ""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way there")
def test_ctrl_c_is_told_by_the_exit_code(run):
    wait = "import os, signal; from cvkit import cli; read = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT);"
    code = f"{wait} import cvkit.cli.compare as c; c.read = read; cli.main(['compare', 'data/coins.png', '-m', 'otsu'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130 and done.stderr.strip() == "Stopped." and signal.SIGINT == 2


def test_python_runs_the_package():
    words = [sys.executable, "-m", "cvkit", "segment", "--help"]
    assert "Usage: python -m cvkit segment" in subprocess.run(words, capture_output=True, text=True, check=True).stdout


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["list"], "methods"),
        (["list", "otsu"], "text"),
        (["doctor"], "checks"),
        (["inspect", "data", "nuclei"], "found"),
        (["compare", "data/page.png", "-m", "otsu", "-m", "li"], "methods"),
        (["segment", "data/page.png", "data/nuclei.png", "data/coins.png", "data/stained.png", "-m", "otsu"], "rows"),
    ],
)
def test_json_alone_is_on_the_output(run, words, key):
    result = run(*words, "--json")
    assert json.loads(result.stdout)[key] and len(result.stderr.splitlines()) > 3


def test_inspect_tells_of_all_and_which_are_refused(run):
    with open("data/bad.png", "w") as file:
        file.write("no image")
    result = run("inspect", "data", "nuclei", "--json")
    found = {one["name"]: one for one in json.loads(result.stdout)["found"]}
    assert result.exit_code == 1 and found["data/bad.png"]["code"] == "file-format" and len(found) == 9
    assert "1 of 9 refused" in result.stderr and found["nuclei"]["facts"][0]["what"] == "model"


# --- options from a file --------------------------------------------------------------------------------------------


def test_a_run_is_written_down_and_repeated(coins):
    words = [
        "evaluate",
        "few",
        "-m",
        "otsu",
        "-m",
        'otsu | keep_if(condition="area > 9")',
        "-s",
        "ap75",
        "--csv",
        "r.csv",
    ]
    first = coins(*words, "--save-config", "run.toml", "--json")
    with open("run.toml", "rb") as file:
        saved = tomllib.load(file)
    assert saved == {"images": "few", "method": [words[3], words[5]], "score": ["ap75"], "csv": "r.csv"}
    again = coins("evaluate", "--config", "run.toml", "--json")
    one, other = (json.loads(result.stdout)["methods"] for result in (first, again))
    assert [row["ap75"] for row in one] == [row["ap75"] for row in other] and len(one) == 2
    typed = json.loads(coins("evaluate", "--config", "run.toml", "-m", "li", "--json").stdout)
    assert [row["method"] for row in typed["methods"]] == ["li"]


def test_every_kind_of_option_survives_a_file(run):
    seen = {}

    @click.command(cls=Command)
    @click.argument("names", nargs=-1)
    @click.option("--flag/--no-flag", default=True)
    @click.option("--some-number", type=int)
    @click.option("--share", type=float, default=0.1)
    @click.option("-t", "--text", "words", multiple=True)
    @click.option("--nothing")
    def command(**given):
        seen.update(given)

    texts = ['a "quoted" \\ one', "line\nand\ttab\x7f\x01", "naïve 😀", "a]b # c"]
    words = [
        "x.png",
        "y z.png",
        "--no-flag",
        "--some-number",
        "-3",
        "--share",
        "1e-7",
        *(f"-t{text}" for text in texts),
    ]
    CliRunner().invoke(command, [*words, "--save-config", "all.toml"], catch_exceptions=False)
    first = dict(seen)
    assert first["words"] == tuple(texts) and first["names"] == ("x.png", "y z.png") and first["flag"] is False
    seen.clear()
    CliRunner().invoke(command, ["--config", "all.toml"], catch_exceptions=False)
    assert seen == first
    with open("one.toml", "w") as file:
        file.write('text = "single"\nsome-number = 4\n')
    CliRunner().invoke(command, ["--config", "one.toml"], catch_exceptions=False)
    assert seen["words"] == ("single",) and seen["some_number"] == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('metod = "otsu"', "`cvkit evaluate` has no option 'metod'; did you mean 'method'?  [config-key]"),
        ("report = [1", "run.toml: options in TOML, got"),
        ("[report]\na = 1", "'report' must be a text, a number, true or false"),
        ("method = [[1]]", "or a list of them"),
        ('kind = "mak"', "'mak' is not one of"),
        ('config = "x"', "has no option 'config'"),
    ],
)
def test_a_wrong_file_of_options_is_explained(run, text, words):
    with open("run.toml", "w") as file:
        file.write(text)
    result = run("evaluate", "data", "-m", "otsu", "--config", "run.toml")
    assert result.exit_code == 2 and words in result.output


# --- completion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written", "wanted"),
    [
        ([], "ev", {"evaluate"}),
        (["compare", "x.png", "-m"], "sauv", {"sauvola"}),
        (["compare", "x.png", "-m"], "otsu | fill", {"otsu | fill_holes"}),
        (["segment", "--meth"], "", set()),
        (["tune", "x"], "--conf", {"--config"}),
        (["list"], "stard", {"stardist"}),
        (["train", "x", "-n"], "unet", {"unet", "unet_plus_plus"}),
        (["completion"], "z", {"zsh"}),
    ],
)
def test_names_are_completed(words, written, wanted):
    found = {item.value for item in BashComplete(main, {}, "cvkit", "_CVKIT_COMPLETE").get_completions(words, written)}
    assert wanted <= found and (not wanted or len(found) <= 3)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_needs_is_printed(run, shell):
    text = run("completion", shell).stdout
    assert "_CVKIT_COMPLETE" in text and len(text.splitlines()) > 10
