"""The web page: what the server answers, what it refuses, and the page itself in a browser without a window."""

import asyncio
import io
import os
import shlex
import shutil
import signal
import socket
import struct
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from click.testing import CliRunner
from generators import write_generator
from scenes import DATA, blobs
from web_client import Server

import cvkit
from cvkit import registry
from cvkit.cli import main
from cvkit.encode import encode
from cvkit.errors import CvkitError
from cvkit.web import controls, recipe, site, workers
from cvkit.web.settings import Settings

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MB = 1 << 20
LIMITS = {
    "max_bytes": 8 * MB,
    "max_pixels": 3_000_000,
    "body_seconds": 4,
    "head_seconds": 3,
    "seconds": 200,
    "workers": 2,
}
COINS = (DATA / "coins.png").read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    found = Server(write_generator(tmp_path_factory.mktemp("web") / "noise"), **LIMITS)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def coins(server):
    return server.post("/api/pictures", COINS, name="coins.png")


# What the server answers


def test_it_tells_what_there_is(server):
    known = server.get("/api/catalogue")
    assert [one["name"] for one in known["methods"]] == cvkit.methods()
    assert [one["name"] for one in known["methods"] if one["model"]] == ["documents", "nuclei", "nuclei_stardist"]
    assert [one["name"] for one in known["steps"]] == cvkit.steps()
    assert known["samples"] == ["nuclei", "stained", "coins", "page"] and known["generators"][0]["shape"] == [8, 8, 1]


@pytest.mark.parametrize("name", [*cvkit.methods(), *cvkit.steps()])
def test_every_parameter_but_arrays_has_a_control(name):
    entry = registry.find(name)
    made = {control["name"]: control for control in controls.controls(entry)}
    assert set(entry.parameters) - set(made) <= {"image", "markers", "columns"}
    for control in made.values():
        assert control["kind"] != "text" or control["name"] in ("condition", "engine", "precision")
        if "low" in control:
            assert control["low"] < control["high"] and control["step"] > 0
            assert control["default"] is None or control["low"] <= control["default"] <= control["high"]
        assert "choices" not in control or control["default"] in [None, *control["choices"]]


def test_an_answer_is_what_a_script_gets(server, coins):
    assert (coins["width"], coins["height"], coins["foreground"]) == (384, 303, "bright")
    image, text = cvkit.read(DATA / "coins.png"), "median(size=5) | otsu | fill_holes | split"
    labels = cvkit.segment(image, text)
    answer = server.post("/api/segment", {"picture": coins["id"], "steps": text, "results": True})
    assert (answer["pipeline"], answer["kind"], answer["objects"]) == (text, "labels", labels.max())
    assert answer["histogram"]["thresholds"] == [
        cvkit.classic.threshold(cvkit.preprocess.median(image, size=5), "otsu")
    ]
    assert [result["kind"] for result in answer["results"]] == ["image", "image", "mask", "mask", "labels"]
    assert [bool(result["picture"]) for result in answer["results"]] == [False] + 4 * [True]
    assert answer["table"]["count"] == labels.max() and answer["table"]["rows"][0][0] == 1
    exec(answer["python"].replace("'coins.png'", repr(str(DATA / "coins.png"))).replace("cvkit.write", "print"), {})
    small = server.post("/api/thumbnail", {"picture": coins["id"], "steps": [["otsu", {"foreground": "dark"}]]})
    assert small["pipeline"] == "otsu(foreground='dark')"
    assert small["coverage"] == pytest.approx(1 - cvkit.segment(image, "otsu").mean())


def test_files_are_those_of_the_command_line(server, coins, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coins.png").write_bytes(COINS)
    for what, text, file in (
        ("answer", "otsu", "coins-mask.png"),
        ("labels", "otsu | label", "coins-labels.png"),
        ("table", "otsu | regions", "coins-table.csv"),
    ):
        got = server.post("/api/download", {"picture": coins["id"], "steps": "otsu", "what": what})
        assert CliRunner().invoke(main, ["segment", "coins.png", "-m", text]).exit_code == 0
        assert (tmp_path / file).read_bytes() == got


def test_a_truth_brings_scores_and_a_report(server, coins):
    picture = server.post("/api/pictures", COINS, name="<b>coins.png")
    truth = (DATA / "coins-truth.png").read_bytes()
    assert server.post("/api/truths", truth, picture=picture["id"], name="truth.png")["objects"] == 24
    found = server.post("/api/thumbnail", {"picture": picture["id"], "steps": "otsu"})["scores"]
    comparison = cvkit.compare(cvkit.read(DATA / "coins.png"), "otsu", cvkit.read_truth(DATA / "coins-truth.png"))
    assert all(found[name] == pytest.approx(comparison.rows[name][0]) for name in ("dice", "iou", "ap50"))
    page = server.post("/api/report", {"picture": picture["id"], "methods": ["otsu", [["li", {}]]]}).decode()
    assert "&lt;b&gt;coins.png" in page and "<b>" not in page and f"{found['dice']:.3f}" in page
    for wrong in (None, 7, [None]):
        status, answer = server.ask("POST", "/api/report", {"picture": picture["id"], "methods": wrong})
        assert (status, answer["code"]) == (422, "pipeline-type")
    small = (DATA / "stained-truth.png").read_bytes()
    status, answer = server.ask("POST", f"/api/truths?picture={picture['id']}&name=small.png", small)
    assert (status, answer["code"]) == (422, "array-sizes")


def test_classes_pages_and_other_sizes(server, tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "stack.tif", np.stack([blobs(0, dtype=np.uint16)[0], blobs(1, dtype=np.uint16)[0]]))
    stack = (tmp_path / "stack.tif").read_bytes()
    second = server.post("/api/pictures", stack, name="stack.tif", page=1)
    assert (second["pages"], second["page"], second["type"]) == (2, 1, "uint16")
    image = cvkit.read(tmp_path / "stack.tif", page=1)
    assert second["unit"] == [image.min(), image.max()]
    answer = server.post("/api/segment", {"picture": second["id"], "steps": "resize(height=20) | multi_otsu"})
    assert (answer["kind"], answer["objects"], answer["height"]) == ("classes", None, 20) and answer["background"]
    assert answer["command"].endswith('"resize(height=20) | multi_otsu" --page 1') and "page=1" in answer["python"]


def test_images_of_a_generator(server):
    name = server.get("/api/catalogue")["generators"][0]["name"]
    made = server.post("/api/generate", {"name": name, "seeds": [3], "count": 4, "truncation": 0.5})
    again = server.post("/api/generate", {"name": name, "seeds": [3], "count": 4, "truncation": 0.5})
    assert made["picture"] == again["picture"] and made["command"].endswith("-n 4 -s 3 -t 0.5")
    assert server.post("/api/generate", {"name": name, "seeds": [3, 4]})["frames"] == 25
    asked = {"name": name, "seeds": [3]}
    for wrong in ({"name": "/etc"}, {"name": [name]}, {"count": 10**9}, {"seeds": None}):
        assert server.ask("POST", "/api/generate", asked | wrong)[0] == 422


# What it refuses


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("otzu", "method-unknown"),
        ("data", "method-unknown"),  # a folder here
        ("cvkit/deep/trained/nuclei", "method-unknown"),
        ("'../../etc/passwd'", "method-unknown"),
        ("otsu | gaussian", "pipeline-kinds"),
        ("otsu(", "method-unknown"),
        ("otsu(nan=[1])", "parameter-plain"),
        ([["otsu", {"nan": {"a": 1}}]], "parameter-plain"),
        ([["otsu"]], "pipeline-type"),
        (["otsu"] * 50, "pipeline-type"),
        (["median"] * 2, "pipeline-type"),
        ("median | " * 41 + "otsu", "pipeline-type"),
        ("x" * 5000, "pipeline-type"),
        (None, "pipeline-type"),
        ("nuclei(engine='../../x')", "engine-unknown"),
        ("hint(first='../../etc/passwd') | otsu", "method-unknown"),
        ("hint(second='cvkit/deep/trained/nuclei') | otsu", "method-unknown"),
        ("hint(first='median | otsu') | otsu", "method-unknown"),
        ("otsu | keep_if(image='/etc/passwd')", "array-type"),
        ("otsu | keep_if(condition='open(1) > 2')", "condition-text"),
        ("resize(height=60000, width=60000) | otsu", "array-too-large"),
    ],
)
def test_pipelines_of_registered_names_alone(server, coins, steps, code):
    for path in ("segment", "thumbnail", "download"):
        asked = {"picture": coins["id"], "steps": steps, "what": "answer"}
        status, answer = server.ask("POST", f"/api/{path}", asked)
        assert (status, answer["code"]) == (422, code), answer
        assert str(DATA.parent) not in answer["error"]


def test_only_the_page_of_this_server_may_ask(server, coins):
    ask = {"picture": coins["id"], "steps": "otsu"}
    port = server.port
    for head in (
        {"Origin": "https://evil.example"},
        {"Origin": f"http://127.0.0.1:{port + 1}"},
        {"Origin": "null"},
        {"Host": f"evil.example:{port}"},  # a name of another site that was made to mean 127.0.0.1
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"X_Token": ""},
        {"X_Token": "x" * 32},
        {"X_Token": "ä"},
        {"X_Session": "me"},
    ):
        status, answer = server.ask("POST", "/api/segment", ask, **head)
        assert (status, answer["code"]) == (403, "request-refused"), head
    assert server.ask("GET", "/", Host="evil.example")[0] == 403
    assert server.ask("POST", "/api/segment", ask, Origin=server.origin)[0] == 200
    assert server.ask("POST", "/api/segment", ask, Host=f"localhost:{port}")[0] == 200
    assert server.ask("POST", "/api/segment", ask, X_Session="0" * 32)[0] == 410  # another visitor


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/%2e%2e/%2e%2e/registry.py",
        "/static/....//settings.py",
        "/static//etc/passwd",
        "//etc/passwd",
        "/..%5c..%5csetup.cfg",
        "/static/%00",
        "/static/index.html/../../settings.py",
    ],
)
def test_no_path_leads_into_the_machine(server, path):
    status, answer = server.ask("GET", path)
    assert status == 404 and b"cvkit" not in answer


def test_answers_may_not_be_framed_guessed_or_kept(server):
    got = server.raw(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode()).lower()
    for line in (b"script-src 'self'", b"frame-ancestors 'none'", b"nosniff", b"no-store", b"no-referrer"):
        assert line in got
    assert b"unsafe" not in got and b"<script>" not in got and b"style=" not in got and b"onclick" not in got


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(side, data=b""):
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


NO_PICTURES = {
    "bomb": png(30_000, zlib.compress(bytes(30_000 * 3751))),
    "cut bomb": png(30_000),
    "lying length": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFF0) + b"tEXt",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "nothing": b"",
    "half": COINS[:9000],
    "array": b"\x93NUMPY\x01\x00",
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=list(NO_PICTURES))
def test_what_is_no_picture_is_refused_in_words(server, data):
    status, answer = server.ask("POST", "/api/pictures?name=%3Cimg%20src=x%3E.png", data)
    assert status == 422 and answer["error"].startswith("<img src=x>.png: ") and "/tmp" not in answer["error"], answer


def test_two_gigabytes_are_not_taken(server):
    start = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    start += "".join(f"{name}: {value}\r\n" for name, value in server.head.items())
    declared = server.raw(f"{start}Content-Length: {2**31}\r\n\r\n".encode())
    assert b" 413 " in declared and b"at most" not in declared
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(f"{start}Transfer-Encoding: chunked\r\n\r\n".encode())
        part, sent = b"100000\r\n" + bytes(MB) + b"\r\n", 0
        with pytest.raises(OSError):  # the line is closed long before the end
            for _ in range(2048):
                line.sendall(part)
                sent += MB
        assert sent < 64 * MB
    for wrong in ("-1", "1e3", "0x10", "9" * 30):
        assert b" 4" in server.raw(f"{start}Content-Length: {wrong}\r\n\r\n".encode())[:13]


def test_the_slow_are_not_waited_for(server):
    start = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in server.head.items())
    with ThreadPoolExecutor(2) as pool:
        body = pool.submit(server.raw, f"{start}{head}Content-Length: 1000\r\n\r\nx".encode())
        half = pool.submit(server.raw, start.encode())
        assert b" 408 " in body.result() and half.result() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_fifty_at_once_then_all_is_forgotten(server):
    image = np.random.default_rng(0).integers(0, 255, (900, 1100), np.uint8)
    data = encode(image, ".png", False)
    server.ask("DELETE", "/api/session")
    before = server.memory()
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda n: server.ask("POST", f"/api/pictures?name={n}.png", data), range(50)))
    kept = [answer for status, answer in found if status == 200]
    assert {status for status, _ in found} <= {200, 408, 429} and len(
        kept
    ) > 5  # a busy machine may be too slow for some
    assert server.ask("DELETE", "/api/session")[0] == 204
    asked = {"picture": kept[0]["id"], "steps": "otsu"}
    assert server.ask("POST", "/api/segment", asked)[1]["code"] == "picture-gone"
    assert server.memory() - before < 60 * MB
    assert server.post("/api/pictures", COINS, name="coins.png")["width"] == 384


@pytest.mark.skipif(sys.platform != "linux", reason="the workers are found in /proc")
def test_a_worker_may_be_killed(server, coins):
    asked = {"picture": server.post("/api/pictures", COINS, name="coins.png")["id"], "steps": "otsu"}
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as children:
        numbers = children.read().split()
    for number in numbers:
        with open(f"/proc/{number}/cmdline") as words:
            if "spawn_main" in words.read():
                os.kill(int(number), signal.SIGKILL)
    assert [server.ask("POST", "/api/thumbnail", asked)[0] for _ in range(4)] == [200] * 4


def test_a_task_ends_in_time_and_leaves_nothing(tmp_path):
    async def run():
        pool = workers.Pool(Settings(seconds=0.8, workers=1))
        pool.start()
        image = np.random.default_rng(0).integers(0, 255, (1200, 1200), np.uint8)
        with pytest.raises(CvkitError, match=r"longer than 0\.8 seconds"):
            await pool.run("me", "thumbnail", image=image, truth=None, steps="howe", side=32)
        assert not list(pool.folder.iterdir())
        found = await pool.run("me", "thumbnail", patience=300, image=image, truth=None, steps="otsu", side=32)
        await pool.stop()
        return found, pool.folder

    found, folder = asyncio.run(run())
    assert found["kind"] == "mask" and not folder.exists()


def test_visitors_take_turns():
    class Worker:
        def run(self, task, arguments, seconds):
            done.append(task)

        def stop(self):
            pass

    async def run():
        pool = workers.Pool(Settings(workers=1))
        pool.workers = [Worker()]
        pool.start()
        asked = [pool.run("greedy", f"greedy {n}") for n in range(3)] + [pool.run("modest", "modest")]
        gone = asyncio.ensure_future(pool.run("greedy", "gone"))
        waiting = [asyncio.ensure_future(one) for one in asked]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(*waiting)
        await pool.stop()

    done = []
    asyncio.run(run())
    assert done.index("modest") <= 2 and len(done) == 4


def test_a_slider_does_not_wait_for_the_cards():
    async def run():
        pool = workers.Pool(Settings(workers=1))
        for task in ("thumbnail", "thumbnail", "segment"):
            asked.append(asyncio.ensure_future(pool.run("me", task)))
        pool.ready = asyncio.Semaphore(0)
        await asyncio.sleep(0)
        found = [pool._next()[1] for _ in range(3)]
        for one in asked:
            one.cancel()
        await pool.stop()
        return found

    asked = []
    assert asyncio.run(run()) == ["segment", "thumbnail", "thumbnail"]


def test_half_an_answer_is_not_left_for_the_next_who_asks(tmp_path):
    class Process:
        def is_alive(self):
            return True

        def kill(self):
            ended.append("killed")

        def join(self):
            pass

    class Pipe:
        def send(self, asked):
            pass

        def poll(self, seconds):
            return True

        def recv(self):
            raise MemoryError

        def close(self):
            ended.append("closed")

    ended, worker = [], workers.Worker(tmp_path / "0", Settings())
    worker.process, worker.pipe = Process(), Pipe()
    with pytest.raises(MemoryError):
        worker.run("show", {}, 1)
    assert ended == ["killed", "closed"] and worker.process is None


def test_what_there_is_is_asked_again_if_it_could_not_be_told(monkeypatch):
    async def look_around(self):
        asked.append(self)
        if len(asked) == 1:
            raise CvkitError("task-time", came="it took too long")
        return {"methods": []}

    async def run():
        here = site.Site(Settings())
        here.known = asyncio.create_task(here.look_around())
        with pytest.raises(CvkitError, match="too long"):
            await here.catalogue(None)
        found = await here.catalogue(None)
        await here.pool.stop()
        return found.body

    asked = []
    monkeypatch.setattr(site.Site, "look_around", look_around)
    assert asyncio.run(run()) == b'{"methods": []}' and len(asked) == 2


def test_names_are_those_of_the_files(server):
    for name, told in (
        ("Screenshot at 3.04\N{NARROW NO-BREAK SPACE}PM.png", "Screenshot at 3.04\N{NARROW NO-BREAK SPACE}PM.png"),
        ("a" * 250 + ".png", "a" * 250 + ".png"),
        ("C:\\scans\\x.png", "x.png"),
        ("../../x.png", "x.png"),
        ("a\n\x1b[31m.png", "a\\n\\x1b[31m.png"),
    ):
        assert server.post("/api/pictures", COINS, name=name)["name"] == told


def test_commands_are_quoted_for_shells():
    pipeline = cvkit.Pipeline("otsu(foreground='dark') | remove_small(area=9)")
    for name in ("plain.png", "two words.png", "$HOME.png", "it's.png", '"x".png', "`ls`.png", "a;b.png", "-m.png"):
        words = shlex.split(recipe.words(pipeline, name)["command"])
        assert words[:2] == ["cvkit", "segment"] and words[2].removeprefix("./") == name and words[4] == str(pipeline)


def test_the_command_starts_a_server_for_this_machine_alone(monkeypatch, tmp_path):
    started = {}
    monkeypatch.setattr("cvkit.web.server.serve", lambda settings, **how: started.update(how, settings=settings))
    monkeypatch.setattr("webbrowser.open", lambda address: started.update(opened=address))
    result = CliRunner().invoke(main, ["web", "--max-mb", "3"])
    assert result.exit_code == 0 and started["host"] == "127.0.0.1" and started["settings"].max_bytes == 3 * MB
    started["tell"]("http://127.0.0.1:1/#token")
    assert started["opened"] == "http://127.0.0.1:1/#token"
    for wrong, said in ((["--host", "0.0.0.0"], "every address"), (["-g", str(tmp_path / "x")], "no such generator")):
        result = CliRunner().invoke(main, ["web", *wrong])
        assert result.exit_code == 1 and said in result.output


# The page in a browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if not BROWSER:
        wanted = "there is no Chromium; on Debian: apt-get install chromium"
        (pytest.fail if os.environ.get("CVKIT_BROWSER") == "required" else pytest.skip)(wanted)
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(server, browser):
    """A page that is ready; it must not complain, and ask nobody but its server."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    found, faults, asked = context.new_page(), [], []
    found.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    found.on("pageerror", lambda fault: faults.append(str(fault)))
    found.on("request", lambda request: asked.append(request.url))
    found.set_default_timeout(60_000)
    found.goto(server.address)
    found.wait_for_selector("body.ready")
    assert "#" not in found.url  # the token is not left where it could be copied
    yield found
    context.close()
    # Chromium itself notes answers above 399; the page shows what they say.
    assert [fault for fault in faults if not fault.startswith("Failed to load resource: the server responded")] == []
    assert all(url.startswith((server.origin, "blob:")) for url in asked), asked


def bring(page, name="coins.png", data=COINS):
    page.set_input_files("#files", {"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_selector("#cards li")


def edit(page, method):
    page.click(f"#cards button:has(strong:text-matches('^{method}'))")
    page.wait_for_selector("#numbers :text('object')")


def settled(page):
    page.wait_for_selector("#editor[aria-busy=false]")
    return page.text_content("#take pre >> nth=0")


def test_from_a_picture_to_the_same_mask_on_the_command_line(page, tmp_path, monkeypatch):
    bring(page)
    page.wait_for_selector("#progress:text-matches('methods')")
    assert page.locator("#cards li").count() == len(cvkit.methods())
    assert page.locator("#cards .failed").count() == 0
    page.select_option("#sort", "objects")
    texts = page.locator("#cards li span").all_inner_texts()
    counts = [int(text.split("\N{NO-BREAK SPACE}")[0].replace(",", "")) for text in texts if "object" in text]
    assert counts == sorted(counts)
    edit(page, "sauvola")
    before, picture = settled(page), page.locator("#canvas").screenshot()
    page.locator(".control:has-text('window') input[type=range]").fill("101")
    page.locator(".control:has-text('k') input[type=number] >> nth=-1").fill("-0.2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#take :text('k=-0.2')")
    command = settled(page)
    assert command == 'cvkit segment coins.png -m "sauvola(window=101, k=-0.2)"' != before
    assert page.locator("#canvas").screenshot() != picture
    page.click("[aria-label='Copy: Command']")
    page.wait_for_selector("button:text('Copied')")
    assert page.evaluate("() => navigator.clipboard.readText()") == command
    with page.expect_download() as download:
        page.click("button:text('Answer')")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coins.png").write_bytes(COINS)
    assert CliRunner().invoke(main, shlex.split(command)[1:]).exit_code == 0
    assert download.value.suggested_filename == "coins-mask.png"
    assert download.value.path().read_bytes() == (tmp_path / "coins-mask.png").read_bytes()
    with page.expect_download() as download:
        page.click("button:text('Report (HTML)')")
    assert download.value.suggested_filename == "coins-report.html"
    assert "sauvola(window=101, k=-0.2)" in download.value.path().read_text("utf-8")


def test_a_pipeline_step_by_step(page):
    page.click("#samples button:text('coins')")
    page.wait_for_selector("#truth :text('24')")
    edit(page, "otsu")
    page.select_option("#add", "median")
    page.select_option("#add", "split")
    page.wait_for_selector("#take :text('median | otsu | split')")
    assert settled(page) == 'cvkit segment coins.png -m "median | otsu | split"'
    page.wait_for_selector("#steps li:nth-child(3) canvas")
    assert page.locator("#steps .result canvas").count() == 3
    assert "Dice" in page.text_content("#numbers") and "threshold" in page.text_content("#histogram figcaption")
    plain = page.locator("#canvas").screenshot()
    page.click("#objects tbody button >> nth=4")
    assert page.locator("#objects tr.chosen").count() == 1 and page.locator("#canvas").screenshot() != plain
    page.select_option("#look", "errors")
    page.wait_for_selector("#legend :text('missed')")
    page.locator("#split").fill("50")
    page.fill("#text", "gaussian(sigma=2) | li | fill_holes")
    page.keyboard.press("Enter")
    page.wait_for_selector("#take :text('fill_holes')")
    assert page.locator("#steps li").count() == 3
    page.fill("#text", "gaussian | nothing")
    page.keyboard.press("Enter")
    page.wait_for_selector("#message :text(\"no method or step is called 'nothing'\")")


def test_sliders_span_what_the_method_sees(page):
    import tifffile

    buffer = io.BytesIO()
    tifffile.imwrite(buffer, blobs(0)[0].astype(np.float32) / 1000)
    bring(page, "floats.tif", buffer.getvalue())
    edit(page, "adaptive_mean")
    slider = page.locator(".control:has-text('offset') input[type=range]")
    assert float(slider.get_attribute("max")) < 0.3
    page.select_option("#add", "normalize")
    page.wait_for_selector("#take :text('normalize | adaptive_mean')")
    settled(page)
    assert float(slider.get_attribute("max")) > 0.9


def test_wrong_files_are_explained_and_names_are_only_names(page):
    page.set_input_files(
        "#files", {"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg><script>alert(1)</script></svg>"}
    )
    page.wait_for_selector("#message :text('x.svg')")
    assert page.locator("#cards li").count() == 0
    name = "<img src=x onerror=alert(1)>.png"
    bring(page, name)
    assert name in page.text_content("#facts") and page.locator("img").count() == 0
    assert page.locator("#message").is_hidden()
    edit(page, "otsu")
    assert shlex.split(settled(page))[2] == name


def test_the_keyboard_is_enough(page):
    choosers = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.focus("body")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    for _ in range(3):  # past the two rooms
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(1000):
        if not choosers:
            page.wait_for_timeout(20)
    choosers[0].set_files({"name": "coins.png", "mimeType": "image/png", "buffer": COINS})
    page.wait_for_selector("#cards li")
    page.focus("#report")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#numbers :text('object')")
    assert page.evaluate("() => document.activeElement.id") == "editor-title"
    command = settled(page)
    while page.evaluate("() => document.activeElement.type") != "range" or page.locator("#looks :focus").count():
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#take :text('window=53')")
    assert settled(page) != command
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.innerText").startswith("adaptive_gaussian")


NAMELESS = """() => [...document.querySelectorAll("button, select, input:not([type=file]), canvas[role]")]
    .filter((one) => one.offsetParent && !(one.getAttribute("aria-label") || one.labels?.length || one.innerText))
    .map((one) => one.outerHTML)"""
CONTRAST = """() => [...document.querySelectorAll("h1, h2, h3, p, button, label, .soft, td, pre, b")]
    .filter((one) => one.offsetParent && one.innerText.trim() && !one.disabled).map((one) => {
      const light = (text) => { const part = text.match(/[\\d.]+/g).map(Number).slice(0, 3)
        .map((value) => (value /= 255) <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
        return .2126 * part[0] + .7152 * part[1] + .0722 * part[2]; };
      let behind = one; while (/, 0\\)$/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
      const colours = [getComputedStyle(one).color, getComputedStyle(behind).backgroundColor];
      const [dark, bright] = colours.map(light).sort((a, b) => a - b);
      return [(bright + .05) / (dark + .05), one.outerHTML.slice(0, 90)]; }).filter(([ratio]) => ratio < 4.5)"""


def test_it_is_legible_light_and_dark_and_fits_a_phone(page):
    bring(page)
    edit(page, "otsu")
    backs = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        backs.add(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        assert page.evaluate(CONTRAST) == [] and page.evaluate(NAMELESS) == []
    assert backs == {"rgb(255, 255, 255)", "rgb(20, 23, 28)"}
    touch = "() => getComputedStyle(document.querySelector('#canvas')).touchAction"
    assert page.evaluate(touch) == "pan-y pinch-zoom"  # a finger on the whole picture scrolls the page
    page.click("[aria-label='Zoom in']")
    assert page.evaluate(touch) == "none"  # and on one that is larger than its frame it moves the picture
    page.set_viewport_size({"width": 360, "height": 740})
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    page.click("#back")
    assert page.evaluate(fits) and page.locator("#cards").is_visible()


def test_a_generator_is_sampled(page):
    page.click("#room-generate")
    page.wait_for_selector("#generator-texts :text('cvkit generate')")
    first = page.locator("#generate .made >> nth=1").locator("canvas").screenshot()
    page.locator("#way").fill("24")
    assert page.locator("#generate .made >> nth=1").locator("canvas").screenshot() != first
    page.fill("#seed", "7")
    page.keyboard.press("Enter")
    page.wait_for_selector("#generator-texts :text('-s 7')")


def test_without_the_token_nothing_is_told(server, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.origin)
    page.wait_for_selector("#message :text('token')")
    context.close()
