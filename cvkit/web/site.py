"""What each address gives. Nothing is decoded or computed here: see `cvkit.web.tasks`."""

import asyncio
import base64
import contextlib
import json
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path, PurePath
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

import cvkit
from cvkit.errors import CvkitError, shown
from cvkit.web.guard import Bodies, Guard, refused, unless_gone
from cvkit.web.settings import Settings
from cvkit.web.shelf import Picture, Shelf
from cvkit.web.workers import Pool

STATIC = Path(__file__).parent / "static"
DATA = Path(cvkit.__file__).parent.parent / "data"  # there in a clone of the project
SAMPLES = ("nuclei", "stained", "coins", "page")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
QUESTION = 1 << 16  # bytes of a question in JSON
SIDE = 360  # pixels of a small picture
PATIENCE = 4  # of a report, in the time of a task
SWEEP = 60  # seconds


class Site:
    """The pictures, the workers, and a method for each address."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf, self.pool, self.bodies = Shelf(settings), Pool(settings), Bodies(settings)
        # Read once: what a visitor asks for is never made a path.
        self.files = {file.name: file.read_bytes() for file in STATIC.iterdir()}
        self.samples = [name for name in SAMPLES if (DATA / f"{name}.png").is_file()]

    def app(self) -> Starlette:
        """Give the application."""
        routes = [
            Route("/", self.page),
            Route("/static/{name}", self.file),
            Route("/api/catalogue", self.catalogue),
            Route("/api/pictures", self.add_picture, methods=["POST"]),
            Route("/api/samples", self.add_sample, methods=["POST"]),
            Route("/api/truths", self.add_truth, methods=["POST"]),
            Route("/api/shown", self.show),
            Route("/api/thumbnail", self.thumbnail, methods=["POST"]),
            Route("/api/segment", self.segment, methods=["POST"]),
            Route("/api/download", self.download, methods=["POST"]),
            Route("/api/report", self.report, methods=["POST"]),
            Route("/api/generate", self.generate, methods=["POST"]),
            Route("/api/session", self.leave, methods=["DELETE"]),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(Guard, settings=self.settings)],
            exception_handlers={CvkitError: _explain, ClientDisconnect: _nobody},
            lifespan=self.lifespan,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Begin with workers that know what there is, end with none and an empty shelf."""
        self.pool.start()
        self.known = asyncio.create_task(self.look_around())
        sweeper = asyncio.create_task(self.sweep())
        yield
        sweeper.cancel()
        self.known.cancel()
        await self.pool.stop()
        self.shelf.pictures.clear()

    async def look_around(self) -> dict[str, Any]:
        """Ask a worker what there is; the others get ready meanwhile."""
        folders = {name: str(folder) for name, folder in self.settings.generators.items()}
        others = [self.pool.run(f"start {n}", "catalogue", patience=PATIENCE) for n in range(1, self.settings.workers)]
        known, generators, *_ = await asyncio.gather(
            self.pool.run("start", "catalogue", patience=PATIENCE),
            self.pool.run("start", "describe", folders=folders),
            *others,
        )
        limits = {"bytes": self.settings.max_bytes, "pixels": self.settings.max_pixels}
        return known | {
            "version": cvkit.__version__,
            "samples": self.samples,
            "generators": generators,
            "limits": limits,
        }

    async def sweep(self) -> None:
        """Drop what nobody looks at, every minute."""
        while True:
            await asyncio.sleep(SWEEP)
            self.shelf.sweep()

    async def page(self, _: Request) -> Response:
        """Give the page."""
        return Response(self.files["index.html"], media_type=TYPES[".html"])

    async def file(self, request: Request) -> Response:
        """Give one of the files that the page is made of."""
        name = request.path_params["name"]
        if name not in self.files:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        return Response(self.files[name], media_type=TYPES[Path(name).suffix])

    async def catalogue(self, _: Request) -> Response:
        """Tell the browser what there is."""
        if self.known.done() and (self.known.cancelled() or self.known.exception()):
            self.known = asyncio.create_task(self.look_around())  # a machine that was too busy may be so no longer
        return _json(await asyncio.shield(self.known))

    async def add_picture(self, request: Request) -> Response:
        """Take a picture that comes as the body."""
        page = request.query_params.get("page", "")
        page = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else None
        async with self.bodies.taken(request, self.settings.max_bytes) as data:
            return _json(await self.open(request, data, _name(request), page))

    async def add_sample(self, request: Request) -> Response:
        """Open a picture of the project, with its truth."""
        name = (await self.question(request)).get("name")
        if name not in self.samples:
            raise CvkitError("sample-unknown", "there is no such sample", came=str(name)[:80])
        facts = await self.open(request, (DATA / f"{name}.png").read_bytes(), f"{name}.png")
        truth = DATA / f"{name}-truth.png"
        if truth.is_file():
            picture = self.picture(request, {"picture": facts["id"]})
            facts["truth"] = await self.judge(request, picture, truth.read_bytes(), truth.name)
        return _json(facts)

    async def open(
        self, request: Request, data: bytes | bytearray, name: str, page: int | None = None
    ) -> dict[str, Any]:
        """Have a picture decoded, and keep it."""
        asked = {"data": data, "name": name, "page": page, "max_pixels": self.settings.max_pixels}
        image, page, facts = await self.run(request, "open_image", **asked)
        key = self.shelf.add(Picture(_session(request), name, image, page))
        return facts | {"id": key, "truth": None}

    async def add_truth(self, request: Request) -> Response:
        """Take the truth of a picture, which comes as the body."""
        picture = self.picture(request, request.query_params)
        async with self.bodies.taken(request, self.settings.max_bytes) as data:
            return _json(await self.judge(request, picture, data, _name(request)))

    async def judge(self, request: Request, picture: Picture, data: bytes | bytearray, name: str) -> dict[str, Any]:
        """Have a truth decoded, and keep it with its picture."""
        asked = {"data": data, "name": name, "shape": picture.image.shape[:2], "max_pixels": self.settings.max_pixels}
        picture.truth, facts = await self.run(request, "open_truth", **asked)
        self.shelf.make_room(picture.session)
        return facts

    async def show(self, request: Request) -> Response:
        """Draw a picture, or its truth."""
        picture = self.picture(request, request.query_params)
        truth = picture.truth if request.query_params.get("what") == "truth" else None
        return _file(await self.run(request, "show", image=picture.image, truth=truth))

    async def thumbnail(self, request: Request) -> Response:
        """Segment a picture for a card."""
        asked = await self.question(request)
        picture = self.picture(request, asked)
        given = {"image": picture.image, "truth": picture.truth, "steps": asked.get("steps")}
        return _json(await self.run(request, "thumbnail", **given, side=SIDE))

    async def segment(self, request: Request) -> Response:
        """Segment a picture for the editor."""
        asked = await self.question(request)
        picture = self.picture(request, asked)
        names = {"name": picture.name, "page": picture.page, "side": SIDE if asked.get("results") else 0}
        given = {"image": picture.image, "truth": picture.truth, "steps": asked.get("steps")}
        return _json(await self.run(request, "segment", **given, **names))

    async def download(self, request: Request) -> Response:
        """Give an answer as a file."""
        asked = await self.question(request)
        picture = self.picture(request, asked)
        given = {"image": picture.image, "steps": asked.get("steps"), "what": asked.get("what")}
        return _file(await self.run(request, "download", **given))

    async def report(self, request: Request) -> Response:
        """Give a comparison of methods as a page to keep."""
        asked = await self.question(request)
        picture = self.picture(request, asked)
        given = {"image": picture.image, "truth": picture.truth, "methods": asked.get("methods")}
        return _file(await self.run(request, "report", **given, name=picture.name, patience=PATIENCE))

    async def generate(self, request: Request) -> Response:
        """Make images with a generator."""
        asked = await self.question(request)
        name = asked.pop("name", None)
        if not isinstance(name, str) or name not in self.settings.generators:
            raise CvkitError("generator-unknown", "there is no such generator", came=str(name)[:80])
        folder = str(self.settings.generators[name])
        return _json(await self.run(request, "sample", folder=folder, name=name, asked=asked))

    async def leave(self, request: Request) -> Response:
        """Forget a visitor."""
        self.shelf.forget(_session(request))
        return Response(status_code=204)

    async def question(self, request: Request) -> dict[str, Any]:
        """Read a question."""
        try:
            async with self.bodies.taken(request, QUESTION) as body:
                asked = json.loads(body)
        except (ValueError, RecursionError) as fault:
            if isinstance(fault, CvkitError):
                raise
            raise CvkitError("request-json", came="the question is no JSON") from None
        if not isinstance(asked, dict):
            raise CvkitError("request-json", came="the question is no object of JSON")
        return asked

    def picture(self, request: Request, asked: Any) -> Picture:
        """Find the picture that a question is about."""
        return self.shelf.find(_session(request), asked.get("picture"))

    async def run(self, request: Request, task: str, **arguments: Any) -> Any:
        """Have a worker do something, as long as somebody waits for it."""
        return await unless_gone(request, self.pool.run(_session(request), task, **arguments))


def _session(request: Request) -> str:
    return request.headers["x-session"]


def _name(request: Request) -> str:
    """The name of a file as it may be shown and written down: its last part, printable, and not long."""
    name = PurePath(request.query_params.get("name", "").replace("\\", "/")).name
    # Spaces of all kinds belong to it: macOS puts a narrow one into the names of screenshots.
    plain = "".join(sign if unicodedata.category(sign) == "Zs" else shown(sign) for sign in name)
    return plain[-255:] or "picture"


def _json(answer: Any) -> Response:
    text = json.dumps(answer, allow_nan=False, default=_encoded)
    return Response(text, media_type="application/json")


def _encoded(value: bytes) -> str:
    """Pictures within an answer go as base64."""
    return base64.b64encode(value).decode("ascii")


def _file(data: bytes) -> Response:
    """What a worker made; never something that a browser would show as a page of this server."""
    return Response(data, media_type="application/octet-stream", headers={"content-disposition": "attachment"})


async def _explain(_: Request, fault: CvkitError) -> Response:
    return refused(fault)


async def _nobody(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=499)
