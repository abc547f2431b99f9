"""Who may speak to the server, and how much of it: checks before anything is done, headers on every answer."""

import asyncio
import contextlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cvkit.errors import CvkitError
from cvkit.web.settings import MB, Settings

_HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:\[\]]+)(:\d+)?")
_SESSION = re.compile(r"[0-9a-f]{32}")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_STATUS = {"picture-gone": 410, "server-busy": 429, "body-large": 413, "body-late": 408, "request-refused": 403}


class Guard:
    """Refuses what does not come from the page of this very server."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, then hand it on."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self.refusal(scope["path"], Headers(scope=scope))
        answer = self.app if refusal is None else refused(refusal)
        return await answer(scope, receive, send_on)

    def refusal(self, path: str, headers: Headers) -> CvkitError | None:
        """Say why a request may not pass, if so."""
        host = headers.get("host", "").lower()
        known = _HOST.fullmatch(host)
        if not known or known[1] not in self.settings.hosts:
            return _not_allowed("this server goes by another name", "open the address that `cvkit web` printed")
        if headers.get("origin", f"http://{host}").lower() != f"http://{host}":
            return _not_allowed("a page of another site asked for this", "open the address that `cvkit web` printed")
        if path.startswith("/api/"):
            if not hmac.compare_digest(headers.get("x-token", "").encode(), self.settings.token.encode()):
                return _not_allowed("the token is missing or wrong", "open the address that `cvkit web` printed")
            if not _SESSION.fullmatch(headers.get("x-session", "")):
                return _not_allowed("a request names its session", "send 32 hexadecimal digits in X-Session")
        return None


def _not_allowed(came: str, remedy: str) -> CvkitError:
    return CvkitError("request-refused", came=came, remedy=remedy)


def refused(fault: CvkitError) -> JSONResponse:
    """Answer with a fault; the connection is closed, for there may be a body that nobody has read."""
    status = _STATUS.get(fault.code, 422)
    return JSONResponse({"code": fault.code, "error": str(fault)}, status, headers={"connection": "close"})


class Bodies:
    """Reads what comes, as long as it is not too much for one, too much at once, or too slow."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.held = 0

    @contextlib.asynccontextmanager
    async def taken(self, request: Request, most: int) -> AsyncIterator[bytearray]:
        """Read a body of at most so many bytes; as long as it is worked on, it counts among those that are held.

        Raises
        ------
        CvkitError
            If it is larger, whatever its head says, does not come in time, or there are too many at once.
        """
        declared = request.headers.get("content-length", "0")
        if not declared.isascii() or not declared.isdigit() or int(declared) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                async for part in request.stream():
                    body += part
                    self.held += len(part)
                    if len(body) > most:
                        raise _too_large(most)
                    if self.held > self.settings.buffer_bytes:
                        came = "many pictures are on their way at once"
                        raise CvkitError("server-busy", came=came, remedy="try again in a moment")
            yield body
        except TimeoutError:
            came = f"the picture did not come within {self.settings.body_seconds:g} seconds"
            raise CvkitError("body-late", came=came, remedy="try again, or use a smaller one") from None
        finally:
            self.held -= len(body)


def _too_large(most: int) -> CvkitError:
    came = f"more than {most / MB:g} MB"
    return CvkitError("body-large", "the file is too large", came=came, remedy="use the command line, or a smaller one")


async def unless_gone(request: Request, work: Awaitable) -> object:
    """Wait for work, but give it up when whoever asked for it has gone."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_leaving(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _leaving(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def protocol(settings: Settings) -> Callable:
    """Give uvicorn's protocol, which also closes connections on which nobody finishes the head of a request."""

    class Protocol(H11Protocol):
        def connection_made(self, transport) -> None:
            super().connection_made(transport)
            self.last_busy = self.loop.time()
            self.watch()

        def watch(self) -> None:
            if self.transport.is_closing():
                return
            now = self.loop.time()
            if self.cycle is not None and not self.cycle.response_complete:
                self.last_busy = now
            elif now - self.last_busy > settings.head_seconds:
                self.transport.close()
                return
            self.loop.call_later(settings.head_seconds / 4, self.watch)

    return Protocol
