"""Downloads that are what they should be: told by their checksum, there whole or not at all, and fetched once."""

import gzip
import hashlib
import os
import secrets
import zlib
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np

from cvkit.arrays import Classes, one_of
from cvkit.errors import CvkitError, FileFault

CHUNK = 1 << 20
# Fashion-MNIST: H. Xiao, K. Rasul, R. Vollgraf, 2017, arXiv:1708.07747, MIT licence. Checksums of the unpacked files.
FASHION = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
FASHION_FILES = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def fetch(url: str, file: str | PathLike, *, sha256: str, unpacked: bool = False, timeout: float = 60) -> Path:
    """Download a file, unless it is there already, and make sure that it is the expected one.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``.
    file : path
        Where it goes; its folder is made. It appears only once it is whole and checked.
    sha256 : str
        The checksum of its content, in hexadecimal digits.
    unpacked : bool
        The checksum is that of what the gzip file holds: packing the same data again changes the file alone.
    timeout : float
        Seconds to wait for an answer.

    Returns
    -------
    file : Path

    Raises
    ------
    FileFault
        If the address does not answer, or the disk is full.
    CvkitError
        If it is another file than expected; what was fetched is thrown away.

    Examples
    --------
    ``fetch("https://example.org/cells.zip", "data/cells.zip", sha256="9f86d0...")``
    """
    file = Path(file)
    if file.is_file() and _checksum(file, unpacked) == sha256:
        return file
    if urlsplit(url).scheme not in ("http", "https"):
        raise CvkitError("url-scheme", "an address that begins with https://", came=repr(url))
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".cvkit-{secrets.token_hex(8)}")
    try:
        with urlopen(url, timeout=timeout) as answer, open(beside, "xb") as target:
            while part := answer.read(CHUNK):
                target.write(part)
            target.flush()
            os.fsync(target.fileno())
            length = answer.headers.get("Content-Length")
        if length and beside.stat().st_size != int(length):
            raise CvkitError("download-cut", came=f"{url} was cut short", remedy="try again")
        if (found := _checksum(beside, unpacked)) != sha256:
            raise CvkitError(
                "download-checksum",
                f"SHA-256 {sha256}",
                came=f"{found} from {url}",
                remedy="it is another file, and was thrown away; try again, or put the right one there by hand",
                file=file,
            )
        os.replace(beside, file)
    except OSError as fault:  # of the network too: URLError is one, and an answer such as 404, which is still open
        getattr(fault, "close", lambda: None)()
        remedy = "is there a network? The file can also be put there by hand"
        raise FileFault("download", came=f"cannot fetch {url} ({fault})", remedy=remedy, file=file) from None
    finally:
        beside.unlink(missing_ok=True)
    return file


def fashion_mnist(folder: str | PathLike, split: str = "train") -> tuple[np.ndarray, Classes]:
    """Read Fashion-MNIST, 70,000 pictures of clothes, and download what is missing of it.

    Parameters
    ----------
    folder : path
        Where its four files lie or go (31 MB).
    split : "train" or "test"

    Returns
    -------
    images : (N, 28, 28) uint8 array
        60,000 or 10,000.
    classes : (N,) uint8 array
        0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 boot.

    Raises
    ------
    FileFault, CvkitError
        As `fetch` does.

    Examples
    --------
    ``images, classes = fashion_mnist("~/data/fashion_mnist")``
    """
    prefix = {"train": "train", "test": "t10k"}[one_of(split, "split", ("train", "test"))]
    found = []
    for name, header in ((f"{prefix}-images-idx3-ubyte.gz", 16), (f"{prefix}-labels-idx1-ubyte.gz", 8)):
        file = Path(folder).expanduser() / name
        fetch(FASHION + name, file, sha256=FASHION_FILES[name], unpacked=True)
        found.append(np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=header))
    return found[0].reshape(-1, 28, 28), found[1]


def _checksum(file: Path, unpacked: bool) -> str:
    digest = hashlib.sha256()
    try:
        with gzip.open(file) if unpacked else open(file, "rb") as source:
            while part := source.read(CHUNK):
                digest.update(part)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return "none, as it is no whole gzip file"
    return digest.hexdigest()
