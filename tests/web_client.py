"""A server in a process of its own, and questions to it, as tests and benchmarks/web.py ask them."""

import http.client
import json
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

START = """
from pathlib import Path
from cvkit.web.server import serve
from cvkit.web.settings import Settings
folders = {{name: Path(name) for name in {generators!r}}}
serve(Settings(**{settings!r}, generators=folders), tell=lambda address: print(address, flush=True))
"""


class Server:
    """A server of the page, with a visitor."""

    def __init__(self, *generators: Path, **settings: Any) -> None:
        code = START.format(settings=settings, generators=[str(folder) for folder in generators])
        self.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        parts = urlsplit(self.address)
        self.port, self.origin = parts.port, f"http://{parts.netloc}"
        self.head = {"X-Token": parts.fragment, "X-Session": secrets.token_hex(16)}

    def ask(self, method: str, path: str, body: Any = None, **head: str) -> tuple[int, Any]:
        """Ask; give the status and the answer, read if it is JSON."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        head = self.head | {name.replace("_", "-"): value for name, value in head.items()}
        line.request(method, path, json.dumps(body).encode() if isinstance(body, dict) else body, head)
        answer = line.getresponse()
        found = answer.read()
        line.close()
        return answer.status, json.loads(found) if answer.headers.get_content_type() == "application/json" else found

    def get(self, path: str, **fields: str) -> Any:
        """Ask for what must be there."""
        status, answer = self.ask("GET", f"{path}?{urlencode(fields)}")
        assert status == 200, answer
        return answer

    def post(self, path: str, body: Any, **fields: Any) -> Any:
        """Ask what must be answered."""
        status, answer = self.ask("POST", f"{path}?{urlencode(fields)}", body)
        assert status == 200, answer
        return answer

    def raw(self, sent: bytes, seconds: float = 300) -> bytes:
        """Send bytes; give what comes until the server closes the line."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as line:
            line.sendall(sent)
            got = b""
            while part := line.recv(65536):
                got += part
        return got

    def memory(self) -> int:
        """The bytes that the server and its workers hold; Linux alone tells."""
        tree = [self.process.pid]
        for number in tree:
            tasks = Path(f"/proc/{number}/task").iterdir()
            tree += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        pages = [int(Path(f"/proc/{number}/statm").read_text().split()[1]) for number in tree]
        return sum(pages) * 4096

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.terminate()
        self.process.communicate(timeout=100)
