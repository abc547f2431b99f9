"""bootstrap.py: what it says, when it installs again, and how it mends OpenCV. Nothing is installed here."""

import hashlib
import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parent.parent / "bootstrap.py"
MISSING = "ImportError: {}: cannot open shared object file: No such file or directory"


FILES = ["setup.cfg", "setup.py", "pyproject.toml", "constraints.txt", "cvkit/classic/_windows.c"]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """Give a fresh bootstrap.py that believes to lie in an empty project and may run no program."""
    spec = importlib.util.spec_from_file_location("bootstrap", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "bootstrap.stamp")
    monkeypatch.setattr(module.subprocess, "run", None)
    monkeypatch.setattr(module.subprocess, "call", None)
    return module


@pytest.fixture
def steps(bootstrap, monkeypatch):
    """List what prepare() does instead of doing it."""
    done = []

    def make_venv():
        done.append("venv")
        python = Path(bootstrap.program("python"))
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(bootstrap, "make_venv", make_venv)
    monkeypatch.setattr(bootstrap, "provide_pip", lambda: None)
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: done.append(arguments[0]))
    monkeypatch.setattr(bootstrap, "mend_opencv", lambda: done.append("cv2"))
    return done


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_both_commands(bootstrap, capsys, arguments):
    assert bootstrap.main(arguments) == 0
    text = capsys.readouterr().out
    assert "bootstrap.py demo" in text and "bootstrap.py test" in text


@pytest.mark.parametrize(("word", "advice"), [("tset", "use 'test'."), ("xyz", "use 'demo' or 'test'.")])
def test_unknown_command(bootstrap, capsys, word, advice):
    assert bootstrap.main([word]) == 1
    assert capsys.readouterr().err == f"bootstrap.py: there is no command '{word}'; {advice}\n"


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 2), (3, 99, 0)])
def test_wrong_python_is_refused_in_one_sentence(bootstrap, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    assert bootstrap.main(["test"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "needs Python 3.11 to 3.13, this is {}.{};".format(*version) in said


def test_old_python_can_read_the_file():
    import ast

    ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_install_once_only(bootstrap, steps):
    bootstrap.prepare()
    assert steps == ["venv", "install", "cv2"]
    bootstrap.prepare()
    assert steps == ["venv", "install", "cv2"]


@pytest.mark.parametrize("name", FILES)
def test_changed_metadata_installs_into_the_same_environment(bootstrap, steps, name):
    bootstrap.prepare()
    before = bootstrap.stamp()
    (bootstrap.HERE / name).write_text("changed")
    assert bootstrap.stamp() != before
    steps.clear()
    bootstrap.prepare()
    assert steps == ["install", "cv2"]


def spoil_interrupt(bootstrap, monkeypatch):
    bootstrap.STAMP.write_text("")


def spoil_move(bootstrap, monkeypatch):
    bootstrap.STAMP.write_text(bootstrap.STAMP.read_text().replace(str(bootstrap.VENV), "elsewhere"))


def spoil_python(bootstrap, monkeypatch):
    monkeypatch.setattr(sys, "version", "3.13.99 (main)")


def spoil_interpreter(bootstrap, monkeypatch):
    Path(bootstrap.program("python")).unlink()


@pytest.mark.parametrize("spoil", [spoil_interrupt, spoil_move, spoil_python, spoil_interpreter])
def test_unusable_environment_is_made_anew(bootstrap, steps, monkeypatch, spoil):
    bootstrap.prepare()
    spoil(bootstrap, monkeypatch)
    steps.clear()
    bootstrap.prepare()
    assert steps == ["venv", "install", "cv2"]


def test_failed_install_is_not_stamped(bootstrap, steps, monkeypatch):
    def fail(*arguments):
        raise bootstrap.Fault("no network")

    monkeypatch.setattr(bootstrap, "pip", fail)
    assert bootstrap.main(["test"]) == 1
    assert not bootstrap.STAMP.exists()


def test_environment_made_by_hand_is_kept(bootstrap, steps):
    python = Path(bootstrap.program("python"))
    python.parent.mkdir(parents=True)
    python.touch()
    bootstrap.prepare()
    assert steps == ["install", "cv2"]


@pytest.mark.parametrize("library", ["libxcb.so.1", "libGL.so.1", "libgthread-2.0.so.0"])
def test_library_is_named(bootstrap, library):
    assert bootstrap.library_named_in("Traceback ...\n" + MISSING.format(library)) == library


def test_other_faults_of_opencv_are_shown(bootstrap):
    with pytest.raises(bootstrap.Fault, match="DLL load failed"):
        bootstrap.library_named_in("ImportError: DLL load failed while importing cv2")


@pytest.mark.parametrize(
    ("root", "apt", "expected"),
    [
        (True, ["libxcb.so.1", None], ["apt-get update", "apt-get install"]),
        (True, ["libxcb.so.1", "libGL.so.1", None], ["apt-get update", "apt-get install", "headless"]),
        (False, ["libxcb.so.1", None], ["headless"]),
        (False, [None], []),
    ],
)
def test_libraries_by_apt_or_headless(bootstrap, monkeypatch, root, apt, expected):
    done, found = [], iter(apt)

    def quietly(command):
        if command[0] == "apt-get":
            done.append(" ".join(command[:2]))
        return "5.0.0.93\n"

    def pip(*arguments):
        if arguments[0] == "install":
            assert arguments[-1] == "opencv-python-headless==5.0.0.93"
            done.append("headless")

    monkeypatch.setattr(bootstrap, "may_use_apt", lambda: root)
    monkeypatch.setattr(bootstrap, "missing_library", lambda: next(found))
    monkeypatch.setattr(bootstrap, "quietly", quietly)
    monkeypatch.setattr(bootstrap, "pip", pip)
    bootstrap.mend_opencv()
    assert done == expected


def test_failing_apt_leads_to_headless(bootstrap, monkeypatch):
    found, installed = iter(["libGL.so.1", "libGL.so.1", None]), []

    def quietly(command):
        if command[0] == "apt-get":
            raise bootstrap.Fault("no packages here")
        return "5.0.0.93"

    monkeypatch.setattr(bootstrap, "may_use_apt", lambda: True)
    monkeypatch.setattr(bootstrap, "missing_library", lambda: next(found))
    monkeypatch.setattr(bootstrap, "quietly", quietly)
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: installed.append(arguments[-1]))
    bootstrap.mend_opencv()
    assert installed == ["opencv-python", "opencv-python-headless==5.0.0.93"]


def test_pip_is_found_and_checked(bootstrap, monkeypatch):
    wheel = b"the wheel"
    pages = {
        "https://index/simple/pip/": f'<a href="../../files/{bootstrap.PIP}?a&amp;b#sha256=0">'.replace(
            "?a&amp;b", ""
        ).encode(),
        f"https://index/files/{bootstrap.PIP}": wheel,
    }
    monkeypatch.setattr(bootstrap, "download", pages.__getitem__)
    with pytest.raises(bootstrap.Fault, match="SHA-256"):
        bootstrap.fetch_pip("https://index/simple/")
    monkeypatch.setattr(bootstrap, "PIP_SHA256", hashlib.sha256(wheel).hexdigest())
    assert bootstrap.fetch_pip("https://index/simple") == wheel
    pages["https://index/simple/pip/"] = b"<a href='pip-1.0.tar.gz'>"
    with pytest.raises(bootstrap.Fault, match="does not offer"):
        bootstrap.fetch_pip("https://index/simple")


@pytest.mark.parametrize(("linted", "tested", "expected", "runs"), [(0, 0, 0, 2), (1, 0, 1, 1), (0, 5, 5, 2)])
def test_test_stops_at_the_first_failure(bootstrap, monkeypatch, linted, tested, expected, runs):
    commands = []

    def call(command, cwd):
        commands.append(command)
        return tested if "pytest" in command else linted

    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    assert bootstrap.test(["-k", "sauvola"]) == expected
    assert len(commands) == runs
    assert runs == 1 or commands[-1][-2:] == ["-k", "sauvola"]


def test_demo_passes_arguments_on(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: command[1:])
    assert bootstrap.demo(["--out", "here"]) == ["demo", "--out", "here"]


def test_interrupt_is_quiet(bootstrap, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "prepare", interrupted)
    assert bootstrap.main(["demo"]) == 130
    assert capsys.readouterr().err == "\nbootstrap.py: stopped.\n"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError('Failed to establish')", "is there a network?"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "ca-certificates"),
    ],
)
def test_known_complaints_become_a_sentence(bootstrap, output, words):
    assert words in bootstrap.reason(output)
    assert bootstrap.reason("something else") is None


def test_constraints_pin_what_setup_cfg_names():
    import re
    from configparser import ConfigParser

    metadata = ConfigParser()
    metadata.read(FILE.parent / "setup.cfg", encoding="utf-8")
    named = metadata["options"]["install_requires"] + metadata["options.extras_require"]["test"]
    lines = (FILE.parent / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    assert {name.lower() for name in re.findall(r"^[\w-]+", named, re.MULTILINE)} <= pinned
    assert "opencv-python-headless" in pinned
