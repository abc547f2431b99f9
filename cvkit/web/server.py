"""Start the server, and say where it is."""

import os
import socket
from collections.abc import Callable

import uvicorn

from cvkit.errors import FileFault
from cvkit.web.guard import protocol
from cvkit.web.settings import Settings
from cvkit.web.site import Site

CONNECTIONS = 512
HEAD = 1 << 14  # bytes of the head of a request


def serve(
    settings: Settings | None = None, *, host: str = "127.0.0.1", port: int = 0, tell: Callable[[str], object] = print
) -> None:
    """Serve the page until the process is interrupted.

    Parameters
    ----------
    settings : Settings, optional
    host : str
        The address to listen on; it must be among the hosts of `settings` if it is to be called by it.
    port : int
        0 for any that is free.
    tell : callable
        Is told the address, token included, as soon as the server listens.

    Raises
    ------
    OSError
        If the port is taken or the address is not one of this machine.
    """
    settings = settings or Settings()
    config = uvicorn.Config(
        Site(settings).app(),
        http=protocol(settings),
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEAD,
        timeout_graceful_shutdown=1,
    )
    with _listen(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        tell(f"http://{name}:{listening.getsockname()[1]}/#{settings.token}")
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as fault:
        listening.close()
        remedy = "choose another --port, or 0 for any that is free"
        raise FileFault(
            "port-taken", came=f"{host}:{port} cannot be listened on ({fault.strerror or fault})", remedy=remedy
        ) from None
    listening.listen(CONNECTIONS)
    return listening
