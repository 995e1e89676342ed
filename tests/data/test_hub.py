from __future__ import annotations

import errno
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from quantlat.data import hub
from quantlat.data.hub import Unavailable, load_from_hub
from quantlat.errors import DataError, StorageError

datasets = pytest.importorskip("datasets")
from huggingface_hub import constants  # noqa: E402


class NetworkTouched(AssertionError):
    pass


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    touched: list[str] = []

    def refuse(*args: Any, **kwargs: Any) -> Any:
        touched.append(repr(args))
        raise NetworkTouched(repr(args))

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return touched


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    return tmp_path


def rows(count: int, **changes: Any) -> dict[str, list[Any]]:
    context = "Anna met Bert in Oslo."
    columns: dict[str, list[Any]] = {
        "id": [f"q{i}" for i in range(count)],
        "title": ["Trip"] * count,
        "context": [context] * count,
        "question": [f"Who met Bert, {i}?" for i in range(count)],
        "answers": [{"text": ["Anna"], "answer_start": [0]}] * count,
    }
    return columns | changes


def fill(cache: Path, commit: str, **splits: dict[str, list[Any]]) -> None:
    """Lay splits down as an earlier online run of ``datasets`` leaves them."""
    folder = cache / "somebody___trips" / "default" / "0.0.0" / commit
    folder.mkdir(parents=True)
    info: dict[str, Any] = {}
    for name, columns in splits.items():
        table = datasets.Dataset.from_dict(columns)
        with datasets.arrow_writer.ArrowWriter(
            path=str(folder / f"trips-{name}.arrow"), features=table.features
        ) as writer:
            for row in table:
                writer.write(row)
            writer.finalize()
        info[name] = {"name": name, "num_bytes": 1, "num_examples": len(table), "dataset_name": "trips"}
    checksums = {f"hf://datasets/somebody/trips@{commit}/train.parquet": {"num_bytes": 1, "checksum": None}}
    details = {"config_name": "default", "dataset_name": "trips", "splits": info, "license": "cc-by-sa-4.0"}
    (folder / "dataset_info.json").write_text(json.dumps(details | {"download_checksums": checksums}))


COMMIT = "7b6d24c440a36b6815f21b70d25016731768db1f"


def test_offline_does_not_touch_the_network(no_network: list[str], cache: Path) -> None:
    with pytest.raises(Unavailable, match="offline, and it is not in the local cache"):
        load_from_hub("rajpurkar/squad", None, offline=True)
    assert no_network == []


def test_offline_serves_the_local_cache(no_network: list[str], cache: Path) -> None:
    fill(cache, COMMIT, train=rows(5), validation=rows(2))
    content = load_from_hub("somebody/trips", None, offline=True)
    assert no_network == []
    assert (len(content.train), content.licence) == (5, "cc-by-sa-4.0")
    assert content.dev is not None
    assert len(content.dev) == 2
    assert content.train[3].references == ("Anna",)
    assert content.issues.questions == 7
    assert content.issues.clean


def test_a_pinned_revision_is_not_replaced_by_whatever_the_cache_holds(no_network: list[str], cache: Path) -> None:
    fill(cache, COMMIT, train=rows(5))
    assert load_from_hub("somebody/trips", COMMIT, offline=True).dev is None
    with pytest.raises(Unavailable, match="does not hold revision 0123456789"):
        load_from_hub("somebody/trips", "0123456789", offline=True)


def test_settings_of_the_library_are_put_back(cache: Path) -> None:
    before = (datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE)
    with pytest.raises(Unavailable):
        load_from_hub("rajpurkar/squad", None, offline=True)
    assert before == (datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE)
    assert not datasets.are_progress_bars_disabled()


def test_damaged_answers_of_the_hub_are_repaired_like_those_of_files(cache: Path) -> None:
    answers = [{"text": ["Bert"], "answer_start": [0]}, {"text": ["Rome"], "answer_start": [0]}]
    fill(cache, COMMIT, train=rows(2, answers=answers))
    content = load_from_hub("somebody/trips", None, offline=True)
    assert [e.answers[0].start for e in content.train] == [9]
    assert (content.issues.misaligned_answers, content.issues.dropped_questions) == (2, 1)


def test_a_dataset_of_another_shape_is_an_error(cache: Path) -> None:
    fill(cache, COMMIT, train={"text": ["a"], "label": [0]})
    with pytest.raises(DataError, match=r"no column id, context, question, answers"):
        load_from_hub("somebody/trips", None, offline=True)


@pytest.mark.parametrize("name", ["json", "../here", "/etc/data", "a/b/c", "hf://x/y"])
def test_a_name_that_is_not_one_of_the_hub_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="not a dataset of the hub"):
        load_from_hub(name, None, offline=True)


def test_without_the_package_the_reason_is_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(Unavailable, match="pip install datasets"):
        load_from_hub("rajpurkar/squad", None, offline=False)


def test_a_refused_connection_makes_it_unavailable_at_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{reserved.getsockname()[1]}")
        offline: list[bool] = []
        load = datasets.load_dataset

        def watched(*args: Any, **kwargs: Any) -> Any:
            offline.append(constants.HF_HUB_OFFLINE)
            return load(*args, **kwargs)

        monkeypatch.setattr(datasets, "load_dataset", watched)
        with pytest.raises(Unavailable, match="cannot be reached"):
            load_from_hub("rajpurkar/squad", None, offline=False)
        assert offline == [True]  # the library looked into its cache; online it tries again and again, for minutes


def test_a_hub_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PROBE_SECONDS", 1.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # connects, and says nothing
        reason = hub._unreachable(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert reason is not None and ("timed out" in reason or "did not answer within" in reason)


@pytest.fixture
def server() -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_HEAD(self) -> None:
            self.send_response(type(self).status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *args: Any) -> None:
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield Handler, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (404, True), (403, False), (503, False)])
def test_any_answer_of_a_hub_will_do_but_a_blocking_proxy_will_not(
    server: Any, status: int, reachable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, url = server
    handler.status = status
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert (hub._unreachable(url) is None) == reachable


def test_a_dataset_the_hub_does_not_have_is_unavailable_with_the_reason(
    server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, url = server
    handler.status = 404
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    for module, name in ((constants, "ENDPOINT"), (datasets.config, "HF_ENDPOINT")):
        monkeypatch.setattr(module, name, url)
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}/{template.split('/', 3)[3]}")
    with pytest.raises(Unavailable, match="nobody/nothing") as caught:
        load_from_hub("nobody/nothing", None, offline=False)
    assert "cache" not in str(caught.value)
    assert str(Path.cwd()) not in str(caught.value)


def test_a_full_disk_is_a_storage_error_and_not_a_reason_to_use_other_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(datasets, "load_dataset", full)  # the one thing that cannot be had for real
    with pytest.raises(StorageError, match="No space left"):
        load_from_hub("rajpurkar/squad", None, offline=True)
