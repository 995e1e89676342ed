"""Compiled graphs are made once, appear whole or not at all, and never come from a folder others can write to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantlat.runtimes import graph_cache
from quantlat.runtimes.graph_cache import GraphCache, default_folder, source_fingerprint


def write(text: str) -> object:
    return lambda folder: (folder / "graph").write_text(text)


def test_an_entry_is_built_once_for_each_key(tmp_path: Path) -> None:
    cache = GraphCache(tmp_path)
    first = cache.entry(("model", "openvino"), write("one"))  # type: ignore[arg-type]
    again = GraphCache(tmp_path).entry(("model", "openvino"), write("two"))  # type: ignore[arg-type]
    other = cache.entry(("model", "onnxruntime"), write("three"))  # type: ignore[arg-type]
    assert first == again and (again / "graph").read_text() == "one"
    assert (other / "graph").read_text() == "three"


def test_keys_do_not_run_into_each_other(tmp_path: Path) -> None:
    cache = GraphCache(tmp_path)
    a = cache.entry(("ab", "c"), write("a"))  # type: ignore[arg-type]
    assert cache.entry(("a", "bc"), write("b")) != a  # type: ignore[arg-type]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("done")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        GraphCache(tmp_path).entry(("key",), fail)
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_entries_go_when_the_cache_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_cache, "_LIMIT_BYTES", 350)
    cache = GraphCache(tmp_path)
    entries = []
    for age, name in enumerate(("old", "middle", "new")):
        entries.append(cache.entry((name,), write("x" * 100)))  # type: ignore[arg-type]
        os.utime(entries[-1], (1000 + age, 1000 + age))
    cache.entry(("old",), write("x"))  # type: ignore[arg-type]
    cache.entry(("last",), write("x" * 100))  # type: ignore[arg-type]
    assert [entry.exists() for entry in entries] == [True, False, True]


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    cache = GraphCache(shared)
    path = cache.entry(("key",), write("native code"))  # type: ignore[arg-type]
    assert not path.is_relative_to(shared) and list(shared.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = GraphCache(tmp_path / "file" / "cache")
    path = cache.entry(("key",), write("graph"))  # type: ignore[arg-type]
    assert (path / "graph").read_text() == "graph"


def test_the_default_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTLAT_CACHE", "/a")
    assert default_folder() == Path("/a/graphs")
    monkeypatch.delenv("QUANTLAT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert default_folder() == Path("/b/quantlat/graphs")


def test_another_runtime_has_another_source_fingerprint() -> None:
    assert source_fingerprint("quantlat.runtimes.openvino") != source_fingerprint("quantlat.runtimes.onnxruntime")
