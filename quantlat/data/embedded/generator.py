"""The generated reading-comprehension set: passages of all kinds in turn, until there are enough questions."""

from __future__ import annotations

from random import Random

from quantlat.data.embedded.answers import Split
from quantlat.data.embedded.difficulty import QUESTIONS_PER_PASSAGE, SHORT_WORDS, TITLES_SHARE
from quantlat.data.embedded.kinds import KINDS
from quantlat.data.embedded.passage import Passage, build_passage, draw_length
from quantlat.data.embedded.people import NAMES
from quantlat.data.embedded.places import STEMS
from quantlat.data.examples import QAExample
from quantlat.errors import DataError


def generate(
    train_questions: int = 2400, dev_questions: int = 400, seed: int = 7
) -> tuple[tuple[QAExample, ...], tuple[QAExample, ...]]:
    """Training and dev questions, the same in every process for the same arguments.

    The dev part shares no name, no value and no wording with the training part. Ids and contents of the first
    n questions do not depend on how many follow, but for the last passages of a shorter set.

    Raises:
        DataError: more questions than there are names for the subjects of their passages.
    """
    return (
        examples(passages("train", train_questions, seed), "train", seed),
        examples(passages("dev", dev_questions, seed), "dev", seed),
    )


def largest(split: Split) -> int:
    """The largest number of questions that the inventories of a part surely allow, each passage with its own title."""
    names = NAMES[split]
    people = (len(names.women) + len(names.men)) * len(names.surnames)
    titles = min(
        sum(people if pattern in kind.slots else len(STEMS[split]) for pattern, _ in kind.subject) for kind in KINDS
    )
    return int(TITLES_SHARE * titles) * len(KINDS) * min(QUESTIONS_PER_PASSAGE)


def passages(split: Split, questions: int, seed: int) -> tuple[Passage, ...]:
    """Passages with this many questions in all, the kinds in a new order in every round.

    Raises:
        DataError: more questions than :func:`largest` allows.
    """
    if not 0 <= questions <= largest(split):
        raise DataError(
            f"the embedded set has 0 to {largest(split):,} {split} questions; {questions:,} were asked for",
            f"Set {split}_questions of the embedded source to {largest(split)} at most, or use SQuAD files.",
        )
    built: list[Passage] = []
    kinds = list(KINDS)
    titles: set[str] = set()
    order = Random(f"{seed}/{split}")  # a string seeds through sha512, not through hash()
    left = questions
    while left > 0:
        if len(built) % len(kinds) == 0:
            order.shuffle(kinds)
        rng = Random(f"{seed}/{split}/{len(built)}")
        kind = kinds[len(built) % len(kinds)]
        length = draw_length(rng)
        count = rng.choices(list(QUESTIONS_PER_PASSAGE), list(QUESTIONS_PER_PASSAGE.values()))[0]
        count = _share(left, min(QUESTIONS_PER_PASSAGE) if length < SHORT_WORDS else count)
        passage = build_passage(kind, split, rng, count, length)
        while passage.title in titles:
            passage = build_passage(kind, split, rng, count, length)
        titles.add(passage.title)
        built.append(passage)
        left -= count
    return tuple(built)


def _share(left: int, count: int) -> int:
    """The passage's number of questions, such that the next one is not left with fewer than the minimum."""
    least, most = min(QUESTIONS_PER_PASSAGE), max(QUESTIONS_PER_PASSAGE)
    if left <= most:
        return left
    return min(count, max(least, left - least))


def examples(built: tuple[Passage, ...], split: Split, seed: int) -> tuple[QAExample, ...]:
    """The questions of the passages in SQuAD's shape."""
    return tuple(
        QAExample(f"embedded-{seed}-{split}-{i:04d}-{k}", query.question, passage.context, query.answers, passage.title)
        for i, passage in enumerate(built)
        for k, query in enumerate(passage.queries)
    )
