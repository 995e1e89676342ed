"""What the tests of the HTML page share: an example question, and a parser that refuses sloppy HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import ExampleInfo, ExampleProfile, ExampleToken

VOID = {"meta", "link", "br", "col", "input", "hr", "img"}
SHAPES = {"path", "rect", "circle"}


def with_example(data: ReportData) -> ReportData:
    """The report with a question of nine tokens; ``balanced`` keeps 9, 6, 6, 6, 3, 3 of them."""
    words = [("[CLS]", "special"), ("Who", "question"), ("won", "question"), ("?", "question"), ("[SEP]", "special")]
    words += [("Ada", "passage"), ("won", "passage"), (".", "passage"), ("[SEP]", "special")]
    tokens = tuple(ExampleToken(text=t, space=t not in "?.", part=part) for t, part in words)  # type: ignore[arg-type]
    fates = {"full": (6,) * 9, "balanced": (6, 4, 4, 1, 1, 6, 6, 4, 1)}
    answers = {"full": "Ada", "balanced": "Ada won"}
    example = ExampleInfo(
        id="q1",
        tokens=tokens,
        profiles=tuple(ExampleProfile(profile=n, survives=f, answer=answers[n]) for n, f in fates.items()),
        reference="Ada",
        source="Dev question q1",
    )
    return data.model_copy(update={"example": example})


class Page(HTMLParser):
    """A parsed page: elements as (tag, attributes), texts, and the mistakes of its nesting."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.mistakes: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.mistakes.append(f"never closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len({name for name, _ in attrs}) != len(attrs):
            self.mistakes.append(f"<{tag}> has an attribute twice")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID | SHAPES:
            self.mistakes.append(f"<{tag}/> is no empty element")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        elif self._open and self._open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]
