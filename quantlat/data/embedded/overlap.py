"""How much of a question's wording stands around its answer, as in SQuAD, whose questions paraphrase one sentence.

A content word that the question shares with the fact points to the answer if the answer's slot is nearer to it than
every other slot of the same type; otherwise it points to a distractor.
"""

from __future__ import annotations

import re
from functools import cache

from quantlat.data.embedded.inventory import words

_TOKEN = re.compile(r"\{(\w+)(?::\w+)?\}|([a-z]+)|([.;:,])", re.IGNORECASE)
_BREAKS = {".": 9, ";": 6, ":": 4, ",": 2, "and": 2, "while": 2, "whereas": 2, "but": 2}  # words that a break counts as
_FUNCTION_WORDS = frozenset(
    words(
        """a an the of in on at by to for from with and or but as it its that which who whom whose what when where
    why how did do does was were is are be been had has have into out up down not no many much long far this
    these those there s he she his her him they their them after before during than then so first
    while whereas person people place town year time thing reason"""
    )
)


@cache
def cue_overlap(question: str, fact: str, slot: str, same_type: frozenset[str]) -> int:
    """Shared content words that point to ``slot`` less half of those that point to another slot of ``same_type``.

    Args:
        question: a question's wording.
        fact: the wording of the fact that answers it.
        slot: the slot that answers.
        same_type: all slots of the answer's type.
    """
    places: dict[str, list[int]] = {}
    marks: dict[str, list[int]] = {}
    position = 0
    for name, word, pause in _TOKEN.findall(fact):
        position += _BREAKS.get(pause or word, 1)
        if name:
            marks.setdefault(name, []).append(position)
        elif word and word.lower() not in _FUNCTION_WORDS:
            places.setdefault(stem(word), []).append(position)
    own = marks.get(slot, [])
    others = [at for name, at_all in marks.items() if name in same_type and name != slot for at in at_all]
    near = far = 0
    for word in _content_words(question) & places.keys():
        pointing = any(
            min(abs(at - mine) for mine in own) <= min((abs(at - other) for other in others), default=99)
            for at in places[word]
        )
        near, far = near + pointing, far + (not pointing)
    return near - far // 2


def stem(word: str) -> str:
    """The word without its inflection, nearly: five letters at most."""
    word = word.lower()
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:5]


@cache
def _content_words(question: str) -> frozenset[str]:
    found = (word for _, word, _ in _TOKEN.findall(question) if word)
    return frozenset(stem(word) for word in found if word.lower() not in _FUNCTION_WORDS)
