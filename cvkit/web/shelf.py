"""The pictures that visitors have brought, in memory and nowhere else."""

import contextlib
import ctypes
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from cvkit.errors import CvkitError
from cvkit.web.settings import Settings


@dataclass
class Picture:
    """A decoded image of a visitor, and its truth if there is one."""

    session: str
    name: str
    image: Any  # (H, W) or (H, W, 3) array, as is the truth; the server does not look into them
    page: int = 0
    truth: Any = None
    used: float = field(default_factory=time.monotonic)

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.image.nbytes + (0 if self.truth is None else self.truth.nbytes)


class Shelf:
    """Pictures by a name that cannot be guessed, the one least recently used first.

    Examples
    --------
    >>> import numpy as np
    >>> shelf = Shelf(Settings(session_bytes=25))
    >>> first = shelf.add(Picture("ada", "a.png", np.zeros((4, 4), np.uint8)))
    >>> second = shelf.add(Picture("ada", "b.png", np.zeros((4, 4), np.uint8)))
    >>> shelf.find("ada", second).name
    'b.png'
    >>> shelf.find("ada", first)  # it had to make room
    Traceback (most recent call last):
    cvkit.errors.CvkitError: this picture is no longer kept; drop it again.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pictures: OrderedDict[str, Picture] = OrderedDict()

    def add(self, picture: Picture) -> str:
        """Keep a picture; give its name."""
        key = secrets.token_hex(16)
        self.pictures[key] = picture
        self.make_room(picture.session)
        return key

    def find(self, session: str, key: Any) -> Picture:
        """Give a picture of this visitor, and no other's."""
        picture = self.pictures.get(key) if isinstance(key, str) else None
        if picture is None or picture.session != session:
            raise CvkitError("picture-gone", came="this picture is no longer kept", remedy="drop it again")
        picture.used = time.monotonic()
        self.pictures.move_to_end(key)
        return picture

    def forget(self, session: str) -> None:
        """Drop all pictures of a visitor."""
        for key in [key for key, picture in self.pictures.items() if picture.session == session]:
            del self.pictures[key]
        _give_back()

    def make_room(self, session: str) -> None:
        """Drop what exceeds the memory of this visitor, then of all; the picture that came last stays."""
        for limit, owners in ((self.settings.session_bytes, {session}), (self.settings.shelf_bytes, None)):
            mine = [key for key, picture in self.pictures.items() if owners is None or picture.session in owners]
            total = sum(self.pictures[key].size for key in mine)
            for key in mine[:-1]:
                if total > limit:
                    total -= self.pictures.pop(key).size

    def sweep(self) -> None:
        """Drop what nobody has looked at for long."""
        oldest = time.monotonic() - self.settings.idle_seconds
        for key in [key for key, picture in self.pictures.items() if picture.used < oldest]:
            del self.pictures[key]
        _give_back()


def _give_back() -> None:
    """Give freed memory back to the system, which the C library of Linux keeps for what may come."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
