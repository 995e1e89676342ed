"""The knobs of the set's difficulty and shape; everything that tunes it is here.

What makes it harder, strongest first: a larger ``LEXICAL_OVERLAP_PENALTY`` (questions that share no word with the
sentence that answers them), more ``COREFERENCE``, more ``MIN_DISTRACTORS``, a larger ``RIVAL_SHARE``, longer passages.
What makes it easier is the opposite, and ``SURNAME_SHARE`` = 0 (persons always with the same full name).
"""

from __future__ import annotations

MIN_DISTRACTORS = 3
"""Other values of the answer's type in the passage, at least."""

LEXICAL_OVERLAP_PENALTY = 0.4
"""A question wording that shares k content words with the fact is chosen with weight exp(-penalty * k)."""

FIRST_OF_TYPE_KEEP = 0.75
"""A question whose answer is the first value of its type in the passage is kept with this probability."""

COREFERENCE = 0.6
"""Share of later mentions of the subject by a phrase ("the company", "she") instead of its name."""

SURNAME_SHARE = 0.75
"""Share of later mentions of a person by surname alone."""

RIVAL_SHARE = 0.5
"""Probability that facts about the rival or neighbour may be chosen for a passage."""

FILLER_SHARE = 0.12
"""Probability, per fact, that a sentence without values follows somewhere in the passage."""

QUESTIONS_PER_PASSAGE = {3: 2, 4: 3, 5: 3, 6: 2}
"""Number of questions and its weight; passages under ``SHORT_WORDS`` have the smallest number."""

SHORT_WORDS = 85
"""Shorter passages state too few facts for many questions."""

WORDS_MEDIAN = 103.0
"""Median passage length in words; one word is about 1.35 WordPiece tokens here."""

WORDS_SIGMA = 0.42
"""Standard deviation of the logarithm of the length: p90 is exp(1.28 * sigma) times the median."""

WORDS_RANGE = (48, 260)
"""Lengths are drawn within this range."""

RETRY_GROWTH = 1.02
"""A passage that offers too few questions is tried again with this many times the length."""

FACT_CHANCE = 8.0
"""How much chance there is in choosing the facts of a passage; at 0 those that allow the most questions win."""
