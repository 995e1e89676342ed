"""What pydantic finds wrong with a file, in a user's words: one line per mistake, with a suggestion."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from quantlat.recipe.document import Mistake, NodePath

_PLAIN = {
    "missing": "is required but not given",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "none_required": "is not supported yet; leave it out or set it to null",
    "model_type": "expected 'key: value' lines below this key",
    "model_attributes_type": "expected 'key: value' lines below this key",
    "union_tag_not_found": "'kind' is required but not given",
    "finite_number": "expected a finite number",
}
_LIMITS = {
    "greater_than": ("over", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("under", "lt"),
    "less_than_equal": ("at most", "le"),
}


def mistakes_of(error: ValidationError, model: type[BaseModel], data: Mapping[str, Any]) -> list[Mistake]:
    """Every mistake of a failed validation; branches of one union are joined into one message.

    Args:
        error: what pydantic raised.
        model: the model that was validated against.
        data: the raw values, used to tell keys from pydantic's union tags.
    """
    messages: dict[NodePath, list[str]] = {}
    for detail in error.errors(include_url=False):
        if _is_echo(detail):
            continue
        path, message = _mistake(detail, model, data)
        found = messages.setdefault(path, [])
        if message not in found:
            found.append(message)
    return [Mistake(path, " or ".join(found)) for path, found in messages.items()]


def suggestion(word: object, candidates: Sequence[str]) -> str:
    """`` (did you mean 'x'?)`` when a candidate is close, else the choices, else nothing."""
    close = difflib.get_close_matches(str(word), candidates, n=1, cutoff=0.66)
    if close:
        return f" (did you mean '{close[0]}'?)"
    return f" (one of: {', '.join(candidates)})" if candidates else ""


def _is_echo(detail: ErrorDetails) -> bool:
    """A list counts as too short when its items are wrong; the items' own messages are enough."""
    given = detail["input"]
    return detail["type"] == "too_short" and isinstance(given, Sequence) and len(given) > 0


def _mistake(detail: ErrorDetails, model: type[BaseModel], data: Mapping[str, Any]) -> tuple[NodePath, str]:
    path = _node_path(detail["loc"], data)
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        parents = _models_at(model, detail["loc"][:-1])
        known = sorted({name for parent in parents for name in parent.model_fields})
        return path, "unknown key" + suggestion(path[-1], known)
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected") or context.get("expected_tags", ""))
        choices = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        wrong = given.get("kind") if isinstance(given, dict) else given
        if kind == "union_tag_invalid":
            path = (*path, "kind")
        return path, f"'{wrong}' is not known here" + suggestion(wrong, choices)
    if kind == "value_error":
        return _relocated(path, str(context["error"]), model, detail["loc"])
    return path, _worded(kind, given, context, detail["msg"])


def _worded(kind: str, given: object, context: Mapping[str, Any], fallback: str) -> str:
    if kind in _LIMITS:
        word, key = _LIMITS[kind]
        return f"must be {word} {context[key]:g}, got {given}"
    if kind == "too_short":
        return f"needs at least {context['min_length']} item"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_pattern_mismatch":
        return f"'{given}' must match {context['pattern']}"
    if kind in ("missing", "union_tag_not_found", "none_required"):
        return _PLAIN[kind]
    got = "nothing" if given is None else repr(given) if isinstance(given, int | float | str) else "a block"
    return f"{_PLAIN.get(kind, fallback)}, got {got}"


def _relocated(path: NodePath, message: str, model: type[BaseModel], loc: Sequence[str | int]) -> tuple[NodePath, str]:
    """A check of a whole block may name the key it is about by opening its message with ``key: ``."""
    key, colon, rest = message.partition(": ")
    if colon and any(key in parent.model_fields for parent in _models_at(model, loc)):
        return (*path, key), rest
    return path, message


def _node_path(loc: Sequence[str | int], data: Any) -> NodePath:
    """``loc`` without the union tags that pydantic puts between keys."""
    path: NodePath = ()
    at = data
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(at, Mapping) and isinstance(step, str):
            if step in at:
                path, at = (*path, step), at[step]
            elif last:
                path = (*path, step)
        elif isinstance(at, Sequence) and not isinstance(at, str) and isinstance(step, int):
            path, at = (*path, step), at[step]
    return path


def _models_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models that may stand at ``loc``; several where a union is not decided."""
    at = [model]
    for step in loc:
        if not isinstance(step, str):
            continue
        below = [
            found
            for parent in at
            if step in parent.model_fields
            for found in _models_in(parent.model_fields[step].annotation)
        ]
        at = below or [found for found in at if _kind_of(found) == step] or at
    return at


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _kind_of(model: type[BaseModel]) -> str | None:
    tag = model.model_fields.get("kind")
    return None if tag is None else str(tag.default)
