"""What the page may take: of bytes, pixels, seconds and memory."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

MB = 1 << 20


@dataclass(frozen=True)
class Settings:
    """The limits of a server, and who may speak to it.

    Attributes
    ----------
    hosts : tuple of str
        Names under which it answers; any other is that of a page that has itself resolved to this machine.
    token : str
        What every request must show; new for each server.
    max_bytes, max_pixels : int
        Of a picture.
    buffer_bytes : int
        Of all pictures that are on their way at once.
    session_bytes, shelf_bytes : int
        Of the decoded pictures of one visitor, and of all; the one least recently used goes first.
    seconds : float
        Of one task, from when it is begun; a report may take four times as long.
    body_seconds : float
        Until a request has come whole.
    head_seconds : float
        Until the head of a request has come.
    idle_seconds : float
        After which the pictures of a visitor are dropped.
    worker_bytes : int
        Memory of a worker, where the system can limit it.
    workers : int
        Processes that compute.
    generators : dict of name -> folder
        Trained generators that visitors may sample.
    """

    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    max_bytes: int = 64 * MB
    max_pixels: int = 25_000_000
    buffer_bytes: int = 256 * MB
    session_bytes: int = 256 * MB
    shelf_bytes: int = 1024 * MB
    seconds: float = 30
    body_seconds: float = 30
    head_seconds: float = 10
    idle_seconds: float = 1800
    worker_bytes: int = 4096 * MB
    workers: int = field(default_factory=lambda: max(2, min(4, os.cpu_count() or 2)))
    generators: dict[str, Path] = field(default_factory=dict)
