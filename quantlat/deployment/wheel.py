"""Wheels, written with the standard library: quantlat for serving, and a bundle as a package.

The serving wheel is this installation of quantlat, its built engine included, with only those requirements that a
bundle needs. pip refuses it on another Python version or platform than the engine was built for (PEP 427, PEP 440).
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import quantlat
from quantlat.deployment.manifest import OPENVINO, BundleManifest
from quantlat.errors import StorageError

_TIME = (2020, 1, 1, 0, 0, 0)  # equal content gives an equal wheel
_ENGINE = "_engine"
_LEFT_OUT = (".cpp", ".h", ".pyc", ".a", ".o")


def write_serving_wheel(folder: Path, requirements: Mapping[str, Iterable[str]]) -> Path:
    """Write ``quantlat-<version>+serving-*.whl`` into ``folder``.

    Args:
        requirements: requirement lines by extra; those of the extra ``""`` are always installed.
    """
    root = Path(quantlat.__file__).parent
    files = {
        f"quantlat/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and _belongs(path)
    }
    lines = [f"Requires-Dist: {line}" for line in requirements.get("", ())]
    for extra, wanted in requirements.items():
        if extra:
            lines.append(f"Provides-Extra: {extra}")
            lines += [f'Requires-Dist: {line} ; extra == "{extra}"' for line in wanted]
    native = any(f"{_ENGINE}." in name for name in files)
    scripts = "[console_scripts]\nquantlat = quantlat.cli:main\n"
    version = f"{quantlat.__version__}+serving"
    return _write(
        folder, "quantlat", version, files, lines, tag=_platform_tag() if native else "py3-none-any", scripts=scripts
    )


def write_bundle_wheel(bundle: Path, manifest: BundleManifest, folder: Path) -> Path:
    """Write a bundle as a package with ``load()``; it needs quantlat, from the bundle's ``wheels`` or an index."""
    package = "quantlat_bundle_" + re.sub(r"[^a-z0-9]+", "_", manifest.name.lower()).strip("_")
    source = (
        f'"""The quantlat bundle {manifest.name}: ``{package}.load()`` gives its predictor."""\n\n'
        "from pathlib import Path\n\n"
        'PATH = Path(__file__).parent / "bundle"\n\n\n'
        "def load(**options):\n"
        '    """See ``quantlat.deployment.Predictor.load``."""\n'
        "    from quantlat.deployment import Predictor\n\n"
        "    return Predictor.load(PATH, **options)\n"
    )
    names = [name for name in ("manifest.json", *manifest.files) if not name.startswith("wheels/")]
    files = {f"{package}/__init__.py": source.encode()}
    files |= {f"{package}/bundle/{name}": (bundle / name).read_bytes() for name in names}
    version = f"{manifest.created[:10].replace('-', '.')}+{manifest.fingerprint[:8]}"
    extra = "[openvino]" if manifest.runtime == OPENVINO else ""
    requires = [f"Requires-Dist: quantlat{extra} >={manifest.quantlat}"]
    return _write(folder, package, version, files, requires, tag="py3-none-any")


def _belongs(path: Path) -> bool:
    """Sources of the engine stay at home, and so do engines built for another Python."""
    if path.suffix in _LEFT_OUT:
        return False
    return not path.name.startswith(f"{_ENGINE}.") or path.name == f"{_ENGINE}{sysconfig.get_config_var('EXT_SUFFIX')}"


def _platform_tag() -> str:
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"{python}-{python}-{re.sub(r'[-.]', '_', sysconfig.get_platform())}"


def _write(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    requires: Iterable[str],
    *,
    tag: str,
    scripts: str | None = None,
) -> Path:
    info = f"{name}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name.replace('_', '-')}",
        f"Version: {version}",
        "Summary: Serves INT8 encoder models from quantlat bundles",
        "License: Apache-2.0",
        "Requires-Python: >=3.11",
        *requires,
    ]
    purelib = "true" if tag.endswith("none-any") else "false"
    content = dict(files)
    content[f"{info}/METADATA"] = ("\n".join(metadata) + "\n").encode()
    content[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: quantlat {quantlat.__version__}\nRoot-Is-Purelib: {purelib}\nTag: {tag}\n"
    ).encode()
    if scripts is not None:
        content[f"{info}/entry_points.txt"] = scripts.encode()
    record = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = ("\n".join([*record, f"{info}/RECORD,,"]) + "\n").encode()
    target = folder / f"{name}-{version}-{tag}.whl"
    partial = target.with_name(f".{target.name}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for path, data in content.items():
                entry = zipfile.ZipInfo(path, _TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if path.endswith(".so") else 0o644) << 16
                archive.writestr(entry, data)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"cannot write the wheel {target}: {error}", "Free some space.") from None
    return target


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
