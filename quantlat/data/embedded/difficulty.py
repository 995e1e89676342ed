"""The knobs of the set's difficulty and shape; everything that tunes it is here.

What makes it easier, strongest first: a larger ``LEXICAL_OVERLAP_PREFERENCE`` and ``MIN_OVERLAP`` (questions in the
words of the sentence that answers them, as nearly all of SQuAD's are), less ``COREFERENCE``, a smaller
``SURNAME_SHARE`` (persons with their full names), a smaller ``RIVAL_SHARE``. What makes it harder is the opposite,
more ``MIN_DISTRACTORS`` and longer passages.
"""

from __future__ import annotations

MIN_DISTRACTORS = 3
"""Other values of the answer's type in the passage, at least."""

LEXICAL_OVERLAP_PREFERENCE = 2.0
"""A question wording with k cues, content words that the fact has around the answer, has weight exp(preference * k)."""

MIN_OVERLAP = 1
"""Questions with fewer cues are not asked."""

CLEAR_OVERLAP = 2
"""Questions with so many cues are asked before others with the same type of answer."""

FIRST_OF_TYPE_KEEP = 0.75
"""A question whose answer is the first value of its type in the passage is kept with this probability."""

COREFERENCE = 0.3
"""Share of later mentions of the subject by a phrase ("the company", "she") instead of its name."""

SURNAME_SHARE = 0.3
"""Share of later mentions of a person by surname alone."""

RIVAL_SHARE = 0.3
"""Probability that facts about the rival or neighbour may be chosen for a passage."""

FILLER_SHARE = 0.12
"""Probability, per fact, that a sentence without values follows somewhere in the passage."""

QUESTIONS_PER_PASSAGE = {3: 2, 4: 3, 5: 3, 6: 2}
"""Number of questions and its weight; passages under ``SHORT_WORDS`` have the smallest number."""

SHORT_WORDS = 85
"""Shorter passages state too few facts for many questions."""

WORDS_MEDIAN = 99.0
"""Median passage length in words; one word is about 1.35 WordPiece tokens here."""

WORDS_SIGMA = 0.42
"""Standard deviation of the logarithm of the length: p90 is exp(1.28 * sigma) times the median."""

WORDS_RANGE = (48, 260)
"""Lengths are drawn within this range."""

RETRY_GROWTH = 1.02
"""A passage that offers too few questions is tried again with this many times the length."""

FACT_CHANCE = 8.0
"""How much chance there is in choosing the facts of a passage; at 0 those that allow the most questions win."""

TITLES_SHARE = 0.75
"""How many of the possible titles of a kind a set may use; drawing an unused one becomes slow when few are left."""
