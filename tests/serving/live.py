"""A real server in a process of its own on 127.0.0.1, and a client that shows every byte."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class LiveServer:
    """The process, its port and what it has logged."""

    process: subprocess.Popen[bytes]
    port: int = 0
    log: list[str] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.decode())
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log[-1]):
                self.port = int(found[1])
                self.listening.set()
        self.listening.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, **headers)

    def post(self, path: str, value: Any, **headers: str) -> Reply:
        return self.call("POST", path, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def raw(self, *pieces: bytes) -> bytes:
        """Send bytes as they are and read until the server closes or has answered."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return connection.recv(65536)

    def metric(self, name: str) -> float:
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no metric {name}")


@contextmanager
def running(bundle: Path, *options: str) -> Iterator[LiveServer]:
    """A server with command line options, stopped at the end if it still runs."""
    command = [sys.executable, "-m", "quantlat.cli", "serve", str(bundle), "--port", "0", "--threads", "1", *options]
    with running_process(command) as server:
        yield server


@contextmanager
def running_process(command: list[str]) -> Iterator[LiveServer]:
    """A server that says on stderr where it listens, stopped at the end if it still runs."""
    server = LiveServer(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE))
    reader = threading.Thread(target=server.read_log, daemon=True)
    reader.start()
    try:
        assert server.listening.wait(PATIENCE_S) and server.port, "".join(server.log)
        yield server
    finally:
        server.process.terminate()
        try:
            server.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.process.kill()
        reader.join(PATIENCE_S)


def listens(port: int) -> bool:
    """Whether a server accepts connections."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(parent: int) -> list[int]:
    """Processes that the server started."""
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    return sorted(int(pid) for path in listed for pid in path.read_text().split())
