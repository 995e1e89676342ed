"""Load on a quantlat server on loopback: throughput and latency against offered load.

``python tools/load_test.py --port 8000 --rates 10,20,40 --seconds 20`` sends questions at fixed times, whatever comes
back (open loop). Latency is counted from the time a request should have been sent, so that a generator that is late
cannot hide waiting time (coordinated omission; Tene, "How NOT to Measure Latency", 2013). Only the standard library is
used; nothing but 127.0.0.1 is ever reached, and rates, seconds and connections are bounded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import queue
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MAX_RATE, MAX_SECONDS, MAX_CONNECTIONS = 2_000, 1_200, 1_000
_TEXT = """the bridge over the river was opened in spring after eleven months of work and the council paid for steel
from the north while a second pier sank into the clay by half a metre so that divers had to pour concrete around it"""


@dataclass
class Tally:
    """What came back at one rate."""

    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    profiles: Counter[str] = field(default_factory=Counter)
    degraded: int = 0
    missed: int = 0
    elapsed_s: float = 0.0

    def percentile_ms(self, share: float) -> float:
        """Nearest rank; not a number without an answer."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def bodies(path: Path | None, options: dict[str, object], count: int, seed: int) -> list[bytes]:
    """Requests to draw from: questions of a SQuAD file, or passages of 20 to 250 words made of a fixed text."""
    draw = random.Random(seed)
    asked: list[tuple[str, str]] = []
    if path is not None:
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                asked += [(qa["question"], paragraph["context"]) for qa in paragraph["qas"]]
        draw.shuffle(asked)
    while path is None and len(asked) < count:
        words = [draw.choice(_TEXT.split()) for _ in range(draw.randint(20, 250))]
        asked.append(("What did the council pay for?", " ".join(words)))
    return [json.dumps({"question": q, "context": c, **options}).encode() for q, c in asked[:count]]


def offer(port: int, key: str | None, requests: list[bytes], rate: float, seconds: float, connections: int) -> Tally:
    """Send at ``rate`` per second for ``seconds``; wait for everything that was sent."""
    tally, lock = Tally(), threading.Lock()
    due: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (item := due.get()) is not None:
            planned_s, body = item
            status, answer = ask(connection, body, headers)
            took_ms = (time.monotonic() - planned_s) * 1e3
            with lock:
                count(tally, status, answer, took_ms)
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(connections)]
    for sender in senders:
        sender.start()
    begin_s = time.monotonic()
    for number in range(int(rate * seconds)):
        planned_s = begin_s + number / rate
        time.sleep(max(0.0, planned_s - time.monotonic()))
        due.put((planned_s, requests[number % len(requests)]))
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    tally.elapsed_s = max(time.monotonic() - begin_s, seconds)  # what piled up counts as answered when it is
    return tally


def ask(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> tuple[str, bytes]:
    """Status and body of one response; the status is ``error`` when none came.

    A server may close an idle connection in the very moment in which it is used again. As HTTP clients do (RFC 9112,
    section 9.3.1), such a request is sent once more on a new connection; answering twice harms nobody.
    """
    kept_alive = connection.sock is not None
    try:
        connection.request("POST", "/v1/answer", body, headers)
        response = connection.getresponse()
        return str(response.status), response.read()
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        connection.close()
        return ask(connection, body, headers) if kept_alive else ("error", b"")
    except (OSError, http.client.HTTPException):
        connection.close()
        return "error", b""


def memory_mib(pid: int) -> float:
    """Resident memory of a process and everything it started, in MiB."""
    folder = Path(f"/proc/{pid}")
    try:
        lines = (folder / "status").read_text().splitlines()
        started = [int(child) for path in folder.glob("task/*/children") for child in path.read_text().split()]
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return own / 1024 + sum(memory_mib(child) for child in started)


def watch_memory(pid: int, ended: threading.Event, seen: list[float]) -> None:
    """Enter the memory of a process every second until ``ended`` is set."""
    while not ended.wait(1.0):
        seen.append(memory_mib(pid))


def growth_mib(seen: list[float]) -> float:
    """Median of the last tenth less that of the second tenth; the first holds the warm-up."""
    tenth = max(1, len(seen) // 10)
    early, late = sorted(seen[tenth : 2 * tenth] or seen), sorted(seen[-tenth:] or [0.0])
    return late[len(late) // 2] - early[len(early) // 2] if early else 0.0


def count(tally: Tally, status: str, answer: bytes, took_ms: float) -> None:
    """Enter one response."""
    tally.statuses[status] += 1
    if status == "200":
        body = json.loads(answer)
        tally.latencies_ms.append(took_ms)
        tally.profiles[body["profile"]] += 1
        tally.degraded += body["degraded"]
        tally.missed += body["budget_met"] is False


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Load on a quantlat server on this machine.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--rates", default="10,20,40", help="requests per second, one after the other")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--data", type=Path, help="SQuAD JSON to draw questions from")
    parser.add_argument("--budget-ms", type=float)
    parser.add_argument("--profile")
    parser.add_argument("--firm", action="store_true", help="allow no faster profile under overload")
    parser.add_argument("--api-key-file", type=Path)
    parser.add_argument(
        "--memory-of", type=int, metavar="PID", help="the server's process: report how its memory grows"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object per rate")
    chosen = parser.parse_args(arguments)
    chosen.rates = [float(rate) for rate in chosen.rates.split(",")]
    if not all(0 < rate <= MAX_RATE for rate in chosen.rates):
        parser.error(f"--rates must be above 0 and at most {MAX_RATE}")
    if not 0 < chosen.seconds <= MAX_SECONDS or not 0 < chosen.connections <= MAX_CONNECTIONS:
        parser.error(f"at most {MAX_SECONDS} seconds and {MAX_CONNECTIONS} connections")
    return chosen


def main(arguments: list[str]) -> int:
    """Measure every rate; 1 when a request was lost, that is answered by neither 200, 429 nor 504."""
    chosen = parse(arguments)
    options: dict[str, object] = {"allow_degraded": not chosen.firm}
    options |= {name: value for name in ("budget_ms", "profile") if (value := getattr(chosen, name)) is not None}
    requests = bodies(chosen.data, options, 2_000, chosen.seed)
    key = chosen.api_key_file.read_text().split()[0] if chosen.api_key_file else None
    lost = 0
    if not chosen.json:
        print("offered/s  answered/s  p50 ms  p99 ms   429  504  lost  degraded  missed  profiles")
    for rate in chosen.rates:
        ended, seen = threading.Event(), list[float]()
        if chosen.memory_of is not None:
            threading.Thread(target=watch_memory, args=(chosen.memory_of, ended, seen), daemon=True).start()
        tally = offer(chosen.port, key, requests, rate, chosen.seconds, chosen.connections)
        ended.set()
        here = sum(tally.statuses.values()) - sum(tally.statuses[status] for status in ("200", "429", "504"))
        lost += here
        row = {
            "offered_per_s": rate,
            "answered_per_s": tally.statuses["200"] / tally.elapsed_s,
            "p50_ms": tally.percentile_ms(0.50),
            "p99_ms": tally.percentile_ms(0.99),
            "refused": tally.statuses["429"],
            "late": tally.statuses["504"],
            "lost": here,
            "degraded": tally.degraded,
            "missed": tally.missed,
            "profiles": dict(tally.profiles),
        }
        shown = "{offered_per_s:9g}  {answered_per_s:10.1f}  {p50_ms:6.1f}  {p99_ms:6.1f}  {refused:4d}  {late:3d}  "
        shown += "{lost:4d}  {degraded:8d}  {missed:6d}  {profiles}"
        if seen:
            row |= {
                "memory_mib": [round(seen[0], 1), round(seen[-1], 1)],
                "memory_growth_mib": round(growth_mib(seen), 1),
            }
            shown += "  memory {memory_mib} MiB, growth {memory_growth_mib} MiB"
        print(json.dumps(row) if chosen.json else shown.format(**row), flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
