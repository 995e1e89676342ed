"""Generated pairs of sentences with a rating: how much of what the first says does the second say, too?

A report has five facts (who, what, where, when, with whom). The second sentence repeats it in another wording with none
to all five of them changed; the rating is the number of facts they share, 0 to 5, as STS-B's judgements are. Words are
shared whatever the rating, and the dev part speaks of people that the training part does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from quantlat.data.embedded.texts import DEEDS, PEOPLE, PLACES, TIMES, Split
from quantlat.data.examples import RatedExample
from quantlat.errors import DataError

FACTS = 5
_WORDINGS = (
    "{who} {what} in {where} {when} , and {other} was there too .",
    "{when} , {who} {what} in {where} together with {other} .",
    "in {where} , {who} {what} {when} while {other} looked on .",
    "it was {who} who {what} {when} in {where} , with {other} .",
)


def generate_rated_pairs(
    train_texts: int, dev_texts: int, seed: int = 7
) -> tuple[tuple[RatedExample, ...], tuple[RatedExample, ...]]:
    """Training and dev pairs without repeats, the ratings equally often; the same for the same arguments.

    Raises:
        DataError: more pairs than there are different ones.
    """
    return _split("train", train_texts, seed), _split("dev", dev_texts, seed)


def _split(split: Split, count: int, seed: int) -> tuple[RatedExample, ...]:
    rng = Random(f"{seed}/{split}/ratings")  # a string seeds through sha512, not through hash()
    found: dict[tuple[str, str], int] = {}
    failures = 0
    while len(found) < count:
        rating = len(found) % (FACTS + 1)
        pair = _pair(rng, split, rating)
        if pair not in found:
            found[pair] = rating
            failures = 0
        elif (failures := failures + 1) > 10_000:
            raise DataError(
                f"there are not {count:,} different generated {split} pairs",
                f"Lower {split}_texts of the embedded source.",
            )
    return tuple(
        RatedExample.of(f"embedded-{seed}-{split}-{number:05d}", first, second, float(rating))
        for number, ((first, second), rating) in enumerate(found.items())
    )


def _pair(rng: Random, split: Split, rating: int) -> tuple[str, str]:
    people = rng.sample(PEOPLE[split], 4)
    deeds = [f"{past} {what}" for past, _, what in DEEDS]
    facts: dict[str, Sequence[str]] = {
        "who": people[:2],
        "other": people[2:],
        "what": rng.sample(deeds, 2),
        "where": rng.sample(PLACES, 2),
        "when": rng.sample(TIMES, 2),
    }
    changed = set(rng.sample(list(facts), FACTS - rating))
    first, second = rng.sample(_WORDINGS, 2)
    said = {name: values[0] for name, values in facts.items()}
    again = {name: values[name in changed] for name, values in facts.items()}
    return first.format(**said), second.format(**again)
