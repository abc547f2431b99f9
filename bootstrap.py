#!/usr/bin/env python3
"""Make cvkit run on a machine that has Python and nothing else.

    python3 bootstrap.py demo    install cvkit, then run `cvkit demo`
    python3 bootstrap.py test    install cvkit, then run the linter and the tests

Everything goes into the folder .venv beside this file. The first time takes some minutes and
about 2.5 GB of disk, most of it TensorFlow; after that a start takes a moment. What follows the
command is passed on, to `cvkit demo` or to pytest: python3 bootstrap.py test -k sauvola

Needs Python 3.11, 3.12 or 3.13 and a network; neither pip nor the rights of an administrator.
"""

# Old Pythons must be able to read this file, up to the sentence that refuses them.
import difflib
import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "bootstrap.stamp"
OLDEST, NEWEST = (3, 11), (3, 13)  # TensorFlow 2.21 has no wheel for 3.14
GIGABYTES = 4  # the environment and, while pip unpacks, its downloads
PIP = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
LIBRARIES = ["libxcb1", "libgl1", "libglib2.0-0"]  # what opencv-python links to, as Debian names it
NO_NETWORK = (
    "is there a network? A proxy goes into the variable HTTPS_PROXY, a package index of your own into PIP_INDEX_URL."
)


class Fault(Exception):
    """Something the user can mend; its text says how."""


def main(arguments):
    """Install what is missing, run the command and give its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    try:
        command = find(arguments[0])
        check_python(sys.version_info[:2])
        prepare()
        return command(arguments[1:])
    except KeyboardInterrupt:
        print("\nbootstrap.py: stopped.", file=sys.stderr)
        return 130
    except (Fault, OSError) as fault:
        print(f"bootstrap.py: {fault}", file=sys.stderr)
        return 1


def demo(arguments):
    return subprocess.call([program("cvkit"), "demo", *arguments])


def test(arguments):
    linted = subprocess.call([program("python"), "-m", "ruff", "check", "."], cwd=HERE)
    folders = ["-o", "testpaths=tests cvkit"]  # the suite, and the examples in the docstrings
    workers = ["-n", "auto", "--dist", "loadfile"]  # a file stays together, for what its tests share
    return linted or subprocess.call([program("python"), "-m", "pytest", *folders, *workers, *arguments], cwd=HERE)


def find(name):
    commands = {"demo": demo, "test": test}
    if name not in commands:
        nearest = difflib.get_close_matches(name, commands, 1) or ["demo' or 'test"]
        raise Fault(f"there is no command '{name}'; use '{nearest[0]}'.")
    return commands[name]


def check_python(version):
    if not OLDEST <= version <= NEWEST:
        oldest, newest, this = (".".join(map(str, numbers)) for numbers in (OLDEST, NEWEST, version))
        raise Fault(
            f"cvkit needs Python {oldest} to {newest}, this is {this}; "
            f"start bootstrap.py with another one, for example python{newest}."
        )


def prepare():
    """Make .venv ready, unless its stamp says that it is."""
    wanted = stamp()
    found = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else None
    usable = Path(program("python")).exists()
    if usable and found == wanted:
        return
    # No stamp: somebody made this environment by hand, and it is added to. An empty one: we were interrupted.
    if not usable or (found is not None and found[:1] != wanted[:1]):
        make_venv()
    provide_pip()
    say("Installing cvkit and what it needs (about 2 GB with TensorFlow; some minutes the first time) ..")
    pip("install", "-c", "constraints.txt", "-e", ".[test]")
    mend_opencv()
    STAMP.write_text("\n".join(wanted), encoding="utf-8")


def stamp():
    """Give two lines: what .venv is made for, and what is installed in it."""
    names = ("setup.cfg", "setup.py", "pyproject.toml", "constraints.txt", "cvkit/classic/_windows.c")
    files = [HERE / name for name in names]
    wishes = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    # An environment holds absolute paths and serves one Python: a moved folder needs a new one.
    return [f"{VENV} {sys.version.split()[0]}", wishes]


def make_venv():
    try:
        import venv
    except ImportError:
        raise Fault("this Python has no module venv; on Debian or Ubuntu: apt-get install python3") from None
    if VENV.exists():
        say(f"Removing {VENV}, which was interrupted, moved or made for another Python ..")
        shutil.rmtree(VENV)
    free = shutil.disk_usage(HERE).free / 1e9
    if free < GIGABYTES:
        raise Fault(f"{HERE} has {free:.1f} GB of free space, cvkit needs {GIGABYTES}; free some first.")
    say(f"Making {VENV} ..")
    VENV.mkdir()
    STAMP.touch()  # before anything else, so that an interrupted environment is known as ours
    venv.create(VENV, symlinks=os.name != "nt")


def provide_pip():
    """Give .venv a pip: from Python's own copy, which Debian leaves out, or else from the index."""
    python = program("python")
    if not any(succeeds([python, "-m", *module]) for module in (["pip", "--version"], ["ensurepip"])):
        say("Fetching pip ..")
        wheel = VENV / PIP
        wheel.write_bytes(fetch_pip(os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"))
        quietly([python, str(wheel / "pip"), "install", "--no-index", str(wheel)])
        wheel.unlink()


def fetch_pip(index):
    """Download the wheel of pip from a package index, and make sure that it is the expected one."""
    from urllib.parse import urljoin

    page = index.rstrip("/") + "/pip/"
    link = re.search(rf'href="([^"]*{re.escape(PIP)})[#"]', download(page).decode())
    if not link:
        raise Fault(f"{page} does not offer {PIP}; set PIP_INDEX_URL to an index that does.")
    wheel = download(urljoin(page, html.unescape(link[1])))
    if hashlib.sha256(wheel).hexdigest() != PIP_SHA256:
        raise Fault(f"{PIP} from {index} was not used: its SHA-256 is not the expected one.")
    return wheel


def download(url):
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=60) as answer:
            return answer.read()
    except (OSError, ValueError, HTTPException) as fault:
        raise Fault(reason(str(fault)) or f"cannot fetch {url} ({fault}); {NO_NETWORK}") from None


def mend_opencv():
    """See to it that `import cv2` works: opencv-python links to libraries that a bare Linux lacks."""
    missing = missing_library()
    if missing and may_use_apt():
        say(f"OpenCV misses {missing}: installing {', '.join(LIBRARIES)} with apt-get ..")
        try:
            quietly(["apt-get", "update"])
            quietly(["apt-get", "install", "-y", "--no-install-recommends", *LIBRARIES])
        except Fault:
            say("That failed.")
        missing = missing_library()
    if missing:
        say(f"OpenCV misses {missing}: taking opencv-python-headless, which does without ..")
        ask = "from importlib.metadata import version; print(version('opencv-python'))"
        version = quietly([program("python"), "-c", ask]).strip()
        pip("uninstall", "-y", "opencv-python")
        # Both live in the folder cv2: a headless one from an earlier run has just lost its files.
        pip("install", "--force-reinstall", "--no-deps", f"opencv-python-headless=={version}")
        missing = missing_library()
    if missing:
        raise Fault(f"OpenCV still misses the system library {missing}; install it, then run this again.")


def missing_library():
    """Name the shared library for want of which `import cv2` fails; None where it works."""
    answer = subprocess.run([program("python"), "-c", "import cv2"], capture_output=True, text=True)
    return library_named_in(answer.stderr) if answer.returncode else None


def library_named_in(error):
    name = re.search(r"(lib\S+\.so[.\d]*): cannot open shared object file", error)
    if not name:
        raise Fault(f"{error.strip()}\nOpenCV is installed but does not import; Python's words are above.")
    return name[1]


def may_use_apt():
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def program(name):
    return str(VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name)


def pip(*arguments):
    quietly([program("python"), "-m", "pip", "--disable-pip-version-check", *arguments])


def succeeds(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def quietly(command):
    """Run a command and give what it printed, which is shown only where it fails."""
    answer = subprocess.run(
        command,
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if answer.returncode:
        name = Path(command[0]).name
        raise Fault(reason(answer.stdout) or f"{answer.stdout}\n{name} failed; its words are above.")
    return answer.stdout


def reason(output):
    """Say in one sentence what a known complaint of pip, apt-get or Python's network means."""
    if "No space left on device" in output:
        return "the disk is full (or the folder TMPDIR, where pip unpacks); free some space first."
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return (
            "this machine has no certificates to trust the package index with; on Debian or Ubuntu: "
            "apt-get install ca-certificates; elsewhere name a bundle in SSL_CERT_FILE."
        )
    if "NewConnectionError" in output or "NameResolutionError" in output:
        return f"the package index cannot be reached; {NO_NETWORK}"
    return None


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
