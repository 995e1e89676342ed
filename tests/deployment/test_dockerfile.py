"""The Dockerfile of a bundle without Docker: its instructions are read, and those that can be are carried out here."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from quantlat.deployment.documents import base_image
from quantlat.runtimes.native import usable_kernels
from tests.deployment import tiny

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'quantlat[serve]'")
pytestmark = pytest.mark.skipif(not usable_kernels(), reason="the native engine was not built")

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("bundles") / "docker", docker=True).folder


@pytest.fixture(scope="module")
def instructions(bundle: Path) -> list[tuple[str, str]]:
    """Name and arguments of every instruction, in order; the parser does what Docker's does with lines."""
    text = re.sub(r"^\s*#.*\n", "", (bundle / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.strip().partition(" ") for line in lines) if name]


def test_instructions_stand_in_an_order_that_works(instructions: list[tuple[str, str]], bundle: Path) -> None:
    names = [name for name, _ in instructions]
    assert names == ["FROM", "WORKDIR", "COPY", "COPY", "RUN", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "CMD"]
    told = dict(instructions)
    assert re.fullmatch(rf"python:{PYTHON}-slim-(bookworm|trixie)", told["FROM"])
    for name, arguments in instructions:
        for pattern in arguments.split()[:-1] if name == "COPY" else ():
            assert pattern == "." or list(bundle.glob(pattern)), f"COPY {pattern} finds nothing in the bundle"


def test_the_image_has_a_c_library_that_the_engine_accepts() -> None:
    assert base_image("2.31") == base_image("2.36") == f"python:{PYTHON}-slim-bookworm"
    assert base_image("2.39") == f"python:{PYTHON}-slim-trixie"
    assert base_image("") == f"python:{PYTHON}-slim-bookworm"  # not glibc: nobody knows


def test_everything_that_is_installed_is_there_and_pinned(instructions: list[tuple[str, str]], bundle: Path) -> None:
    install = next(rest for name, rest in instructions if name == "RUN" and "pip install" in rest).split()
    assert {"--no-deps", "--no-cache-dir"} <= set(install)
    files = [install[at + 1] for at, word in enumerate(install) if word == "-r"]
    assert {"requirements.txt", "requirements-serving.txt"} <= set(files)
    for file in files:
        for line in (bundle / file).read_text().splitlines():
            assert re.fullmatch(r"[a-z0-9-]+==[0-9][\w.!+]*", line), f"{file}: {line!r} names no exact version"
    assert (bundle / install[-1]).is_file() and install[-1].startswith("wheels/")


def test_the_server_runs_as_an_ordinary_user(instructions: list[tuple[str, str]]) -> None:
    names = [name for name, _ in instructions]
    user = dict(instructions)["USER"]
    created = next(rest for name, rest in instructions if name == "RUN" and "useradd" in rest)
    assert user not in ("", "root", "0") and created.split()[-1] == user
    assert names.index("USER") < names.index("CMD")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_bundle_can_be_read_by_that_user(bundle: Path) -> None:
    nobody = 65_534
    for path in (bundle, *bundle.rglob("*")):
        bits = path.stat().st_mode
        assert bits & 0o004 and (not path.is_dir() or bits & 0o001), f"{path} is closed to uid {nobody}"


def test_command_and_health_check_do_what_they_say(instructions: list[tuple[str, str]], bundle: Path) -> None:
    told = dict(instructions)
    command = [word.replace("/bundle", str(bundle)) for word in json.loads(told["CMD"])]
    check = json.loads(told["HEALTHCHECK"].partition("CMD")[2])
    assert told["EXPOSE"] == command[-1] and told["EXPOSE"] in check[-1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert command[0] == "quantlat" and check[0] == "python"
    serve = [sys.executable, "-m", "quantlat.cli", *command[1:-1], port]
    probe = [sys.executable, *check[1:-1], check[-1].replace(told["EXPOSE"], port)]
    assert subprocess.run(probe, capture_output=True, timeout=PATIENCE_S).returncode != 0  # nobody answers yet
    process = subprocess.Popen(serve, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None and b"listening" in process.stderr.readline()
        assert subprocess.run(probe, capture_output=True, timeout=PATIENCE_S).returncode == 0
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
    assert subprocess.run(probe, capture_output=True, timeout=PATIENCE_S).returncode != 0
