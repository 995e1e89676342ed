"""Generated texts to classify: sentences that like or dislike something, and pairs of which one may follow.

Both are templates over small inventories, easier than SST-2 or MNLI but not solved by looking at one word: likes are
negated and weighed against dislikes, and pairs share most of their words whatever the class. The dev part speaks of
things and people that the training part does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Literal

from quantlat.data.examples import TextExample
from quantlat.errors import DataError

Split = Literal["train", "dev"]

LABELS = {False: ("negative", "positive"), True: ("contradiction", "entailment", "neutral")}
"""Names of the classes, for single sentences and for pairs."""

_THINGS = {
    "train": ("film", "plot", "score", "cast", "novel", "album", "ending", "dialogue", "meal", "hotel", "tour", "game"),
    "dev": ("play", "script", "staging", "camera", "essay", "concert", "finale", "humour", "wine", "museum"),
}
_LIKED = ("delightful", "gripping", "honest", "graceful", "witty", "fresh", "moving", "superb", "clever", "warm")
_DISLIKED = ("dull", "clumsy", "shallow", "tedious", "careless", "stale", "lifeless", "muddled", "harsh", "hollow")
_DEGREES = ("", "very ", "rather ", "truly ", "surprisingly ", "simply ", "always ", "at times ")
_OPENINGS = (
    "",
    "to me , ",
    "in short , ",
    "as ever , ",
    "for once , ",
    "after an hour , ",
    "on the whole , ",
    "alas , ",
)

PEOPLE = {
    "train": ("Anna", "Bert", "Carla", "David", "Elena", "Frank", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Luis"),
    "dev": ("Marta", "Nils", "Olga", "Pablo", "Rosa", "Stefan", "Tilda", "Viktor"),
}
PLACES = ("Oslo", "Lisbon", "Vienna", "Dublin", "Prague", "Turin", "Ghent", "Malmo")
DEEDS = (
    ("bought", "buy", "a bicycle"),
    ("repaired", "repair", "the old clock"),
    ("sold", "sell", "a small boat"),
    ("painted", "paint", "the garden fence"),
    ("found", "find", "a silver coin"),
    ("lost", "lose", "the last key"),
    ("cooked", "cook", "a fish soup"),
    ("wrote", "write", "a long letter"),
    ("planted", "plant", "two apple trees"),
    ("read", "read", "the morning paper"),
)
TIMES = ("in March", "last summer", "on Monday", "before dawn", "at noon", "after the storm", "in winter", "yesterday")

_Draw = Callable[[Random, Split], tuple[str, str | None, int]]


def generate_texts(
    train_texts: int, dev_texts: int, seed: int = 7, *, pairs: bool = False
) -> tuple[tuple[TextExample, ...], tuple[TextExample, ...]]:
    """Training and dev texts without repeats, the classes equally often; the same for the same arguments.

    Args:
        pairs: pairs with the classes contradiction, entailment and neutral; else sentences, negative and positive.

    Raises:
        DataError: more texts than there are different ones.
    """
    return _split("train", train_texts, seed, pairs), _split("dev", dev_texts, seed, pairs)


def _split(split: Split, count: int, seed: int, pairs: bool) -> tuple[TextExample, ...]:
    rng = Random(f"{seed}/{split}/{'pairs' if pairs else 'texts'}")  # a string seeds through sha512, not through hash()
    draw: _Draw = _pair if pairs else _sentence
    wanted = [count // len(LABELS[pairs]) + (label < count % len(LABELS[pairs])) for label in range(len(LABELS[pairs]))]
    found: dict[tuple[str, str | None], int] = {}
    failures = 0
    while len(found) < count:
        text, second, label = draw(rng, split)
        if wanted[label] and (text, second) not in found:
            found[text, second] = label
            wanted[label] -= 1
            failures = 0
        elif (failures := failures + 1) > 10_000:
            raise DataError(
                f"there are not {count:,} different generated {split} texts",
                f"Lower {split}_texts of the embedded source.",
            )
    return tuple(
        TextExample(f"embedded-{seed}-{split}-{number:05d}", text, second, label)
        for number, ((text, second), label) in enumerate(found.items())
    )


def _sentence(rng: Random, split: Split) -> tuple[str, str | None, int]:
    """A judgement, plain, negated, or outweighed by another one after *but*."""
    first, second = rng.sample(_THINGS[split], 2)
    text, label = _clause(rng, first)
    if rng.random() < 0.4:
        other, after = _clause(rng, second)
        text, label = f"{text} , but {other}", after
    return f"{rng.choice(_OPENINGS)}{text} .", None, label


def _clause(rng: Random, thing: str) -> tuple[str, int]:
    liked = rng.random() < 0.5
    word, degree = rng.choice(_LIKED if liked else _DISLIKED), rng.choice(_DEGREES)
    if rng.random() < 0.25:
        return f"nobody could call the {thing} {word}", int(not liked)
    return f"the {thing} is {degree}{word}", int(liked)


def _pair(rng: Random, split: Split) -> tuple[str, str | None, int]:
    """A report, and a sentence that contradicts it (0), follows from it (1) or goes beyond it (2)."""
    who, other = rng.sample(PEOPLE[split], 2)
    place, elsewhere = rng.sample(PLACES, 2)
    (past, verb, what), (past_2, _, what_2) = rng.sample(DEEDS, 2)
    when = rng.choice(TIMES)
    premise = f"{who} {past} {what} in {place} {when} , and {other} was there too ."
    hypotheses = (
        (f"{who} did not {verb} {what} .", f"{who} was alone in {place} .", f"{who} {past} {what} in {elsewhere} ."),
        (f"{who} {past} {what} .", f"{other} was in {place} .", f"{other} saw {place} {when} ."),
        (f"{other} {past_2} {what_2} .", f"{who} likes {place} .", f"{who} {past_2} {what_2} in {place} ."),
    )
    label = rng.randrange(3)
    return premise, rng.choice(hypotheses[label]), label
