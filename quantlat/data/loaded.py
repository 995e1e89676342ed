"""What a source of any task gives before the checks that all sources share, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from quantlat.data.classification import TextIssues
from quantlat.data.examples import Example
from quantlat.data.hub import Unavailable
from quantlat.data.squad import DataIssues
from quantlat.errors import DataError
from quantlat.recipe.base import expand_variables, variables_of

Issues = DataIssues | TextIssues


@dataclass(frozen=True)
class Loaded:
    """A source's content; ``dev`` is ``None`` where it has no dev part, ``labels`` name the classes of texts."""

    name: str
    description: str
    train: tuple[Example, ...]
    dev: tuple[Example, ...] | None
    issues: Issues
    notice: str | None
    licence: str
    training_share: float = 1.0
    labels: tuple[str, ...] = ()


def locate(path: str, base_dir: Path | None) -> Path:
    """Put environment variables and ``~`` in; an unset variable makes the source unavailable."""
    text, unset = expand_variables(path)
    if unset:
        raise Unavailable(f"{' and '.join(dict.fromkeys(unset))} {'is' if len(set(unset)) == 1 else 'are'} not set")
    found = Path(text).expanduser()
    if base_dir is not None and not found.is_absolute() and not found.exists():
        found = base_dir / found
    if not found.exists():
        variables = variables_of(path)
        raise DataError(
            f"{found}: no such file, named by the recipe as {path}",
            "Put the file there, or correct the path in data.sources."
            + (f" Unset {' and '.join(variables)} to use the next source." if variables else ""),
        )
    return found
