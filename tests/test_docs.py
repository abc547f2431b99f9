"""The pages tell the truth: methods.md is current, links lead somewhere, the README's code runs, docstrings fit."""

import importlib.util
import inspect
import pkgutil
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import cvkit
from cvkit import registry
from cvkit.cli import main

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*.md")])


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_methods_is_current(keras, build):
    assert build.PAGE.read_text("utf-8") == build.page(), "run python docs/build.py"


def test_the_pictures_of_methods_are_current(build):
    thumbs = build.thumbs()
    assert sorted(thumbs) == sorted(file.stem for file in build.THUMBS.glob("*.png"))
    for name, picture in thumbs.items():
        there = cvkit.read(build.THUMBS / f"{name}.png")
        differing = np.count_nonzero(there != picture)
        assert differing <= picture.size // 1000, f"{name}: run python docs/build.py"  # networks round as machines do


def test_a_card_is_told_how_long_it_was_trained(build):
    long, short = {"long": {"steps": 90, "seconds": 600, "device": "GPU"}}, {"epochs": 4, "seed": 1, "seconds": 60}
    assert build.training(long) == "90 steps, 10 minutes of one GPU"
    assert build.training(short) == "4 epochs, seed 1, 1 minutes"
    assert build.training(long | short) == "90 steps, 10 minutes of one GPU; then 4 epochs, seed 1, 1 minutes"
    assert build.training({})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


def test_the_page_of_functions_names_what_is_there(keras):
    text = (ROOT / "docs" / "api.rst").read_text("utf-8")
    named = re.findall(r"^\.\. auto(?:function|class|module):: (\S+)$", text, re.MULTILINE)
    assert all(pkgutil.resolve_name(name) for name in named)
    assert {f"cvkit.{name}" for name in cvkit.__all__} - set(named) == set()


def test_every_page_is_in_the_contents():
    contents = (ROOT / "docs" / "index.md").read_text("utf-8").partition("{toctree}")[2].split()
    assert {page.stem for page in ROOT.glob("docs/*.md")} - {"index"} <= set(contents)


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """An empty folder with the images of the project in `data/`."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_of_the_readme_runs(clone, capsys):
    found = blocks("README.md", "python")
    assert len(found) >= 2
    for block in found:
        exec(compile(block, "README.md", "exec"), {})
    assert "objects of" in capsys.readouterr().out
    assert (clone / "labels.png").exists() and (clone / "comparison.png").exists()


@pytest.mark.parametrize("page", ["folder-to-table", "which-threshold", "twenty-labels", "index"])
def test_the_python_of_the_pages_runs(page, clone, capsys):
    """Block after block, as one reads; those marked `notest` aside."""
    names = {}
    found = blocks(f"docs/{page}.md", "python")
    assert found
    for block in found:
        exec(compile(block, f"{page}.md", "exec"), names)
    assert capsys.readouterr().out
    assert page == "index" or list(clone.glob("*.png"))


def test_the_commands_of_the_readme_run(clone):
    lines = [line for block in blocks("README.md", "bash") for line in block.splitlines() if line.startswith("cvkit ")]
    assert len(lines) >= 3
    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output


def public():
    """Every function and class that users are told of, by the name they call it."""
    found = {f"cvkit.{name}": getattr(cvkit, name) for name in cvkit.__all__ if name not in ("compare", "train")}
    found |= {name: registry.find(name).call for name in cvkit.steps()}
    for module in (
        "arrays",
        "registry",
        "classic",
        "classic.windows",
        "classic.surface",
        "classic.histogram",
        "classic.components",
        "classic.cuts",
        "compare.documents",
        "compare.metrics",
    ):
        room = importlib.import_module(f"cvkit.{module}")
        inside = {name: item for name, item in vars(room).items() if getattr(item, "__module__", "") == room.__name__}
        found |= {f"{module}.{name}": item for name, item in inside.items() if not name.startswith("_")}
    for name in registry.thresholds():
        found[f"decision of {name}"] = registry.decision(importlib.import_module(f"cvkit.classic.thresholds.{name}"))
    found["deep.segment"], found["deep.probabilities"] = cvkit.deep.segment, cvkit.deep.probabilities
    return {name: item for name, item in found.items() if inspect.isfunction(item) or inspect.isclass(item)}


@pytest.mark.parametrize(("name", "item"), public().items(), ids=list(public()))
def test_docstrings_name_the_parameters_of_the_signature(name, item):
    text = inspect.getdoc(item)
    assert text and re.match(r"[^\n]+\.\n?", text), "the first line is a sentence"
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+(?:, \w+)*\n-+$|\Z)", text, re.MULTILINE | re.DOTALL)
    if section:
        heads = re.findall(r"^([\w*][\w*, ]*?)(?: :.*)?$", section[1], re.MULTILINE)
        said = [part.strip().lstrip("*") for head in heads for part in head.split(",")]
        assert said == list(inspect.signature(item).parameters)


@pytest.mark.parametrize("name", cvkit.steps() + registry.thresholds())
def test_steps_and_thresholds_have_an_example_and_explain_every_parameter(name):
    text = registry.explain(name)
    assert ">>> " in text
    for parameter in set(registry.find(name).parameters) - {"foreground", "nan", "exact", "image"}:
        assert re.search(rf"^[\w, ]*\b{parameter}\b[\w, ]* : ", text, re.MULTILINE), parameter


def test_changelog_has_a_place_for_what_is_new():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text("utf-8")
