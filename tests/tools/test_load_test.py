from __future__ import annotations

import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
ANSWER = json.dumps({"profile": "full", "degraded": False, "budget_met": True}).encode()


@pytest.fixture(scope="module")
def load_test() -> ModuleType:
    spec = importlib.util.spec_from_file_location("load_test", ROOT / "tools/load_test.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["load_test"] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def server(answers: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Answers so many requests on each connection, then closes it without a word, as after an idle timeout."""
    served: list[int] = []

    def run(listener: socket.socket) -> None:
        for count in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                for _ in range(count):
                    sizes = [int(line.split(b":")[1]) for line in iter(lines.readline, b"\r\n") if b"ength:" in line]
                    lines.read(sum(sizes))
                    served.append(len(served))
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ANSWER)}\r\n\r\n"
                    connection.sendall(head.encode() + ANSWER)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=run, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], served


def test_a_connection_closed_while_idle_loses_no_request(load_test: ModuleType) -> None:
    with server([1, 1, 3]) as (port, served):
        tally = load_test.offer(port, None, [b"{}"], rate=20.0, seconds=0.25, connections=1)
    assert tally.statuses == {"200": 5}
    assert len(served) == 5


def test_a_server_that_never_answers_loses_requests_and_says_so(load_test: ModuleType) -> None:
    with server([0] * 20) as (port, _):
        tally = load_test.offer(port, None, [b"{}"], rate=20.0, seconds=0.15, connections=1)
    assert tally.statuses == {"error": 3}


def test_requests_come_from_a_squad_file_and_carry_the_options(load_test: ModuleType, tmp_path: Path) -> None:
    data = {"data": [{"paragraphs": [{"context": "C", "qas": [{"question": "Q1"}, {"question": "Q2"}]}]}]}
    (tmp_path / "dev.json").write_text(json.dumps(data))
    bodies = [json.loads(body) for body in load_test.bodies(tmp_path / "dev.json", {"budget_ms": 5}, 10, seed=1)]
    assert sorted(body["question"] for body in bodies) == ["Q1", "Q2"]
    assert all(body["budget_ms"] == 5 and body["context"] == "C" for body in bodies)


def test_memory_growth_leaves_the_warm_up_out(load_test: ModuleType) -> None:
    assert load_test.growth_mib([10.0] * 5 + [50.0] * 45) == 0.0
    assert load_test.growth_mib([float(i) for i in range(100)]) == pytest.approx(80.0, abs=1.0)
    assert load_test.growth_mib([]) == 0.0
