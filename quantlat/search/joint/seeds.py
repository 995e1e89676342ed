"""Where a joint search starts: what was trained on each axis, alone and combined."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from quantlat.models.subnetwork import WidthConfig, kept_layers

if TYPE_CHECKING:
    from quantlat.search.joint.space import Genome, JointSpace

Change = Callable[["Genome"], "Genome"]


def first_genomes(space: JointSpace) -> Iterator[Genome]:
    """The whole model, then combinations of the axes' changes: mild and few ones first."""
    # the last axis varies fastest, so combinations without fp32 come before those with it
    ladders = [ladder for axis, ladder in reversed(_ladders(space).items()) if axis in space.axes]
    yield space.whole
    chosen = itertools.product(*([None, *enumerate(ladder, start=1)] for ladder in ladders))
    combinations = [[change for change in row if change is not None] for row in chosen]
    for row in sorted(combinations, key=lambda row: sum(step for step, _ in row) + 0.5 * len(row)):
        genome = space.whole
        for _, change in row:
            genome = change(genome)
        yield genome


def _ladders(space: JointSpace) -> dict[str, list[Change]]:
    """Changes of each axis, the mildest first."""
    late = space.retention.late_profiles()
    constant = space.retention.constant_rates(4)
    tokens = dict.fromkeys(
        [late[len(late) // 4], constant[len(constant) // 2], late[(3 * len(late)) // 4], constant[-1]]
    )
    half = space.layers // 2
    return {
        "retention": [_changed(ratios=config.ratios) for config in tokens],
        "width": [
            _changed(heads=WidthConfig.uniform(space.encoder, m).heads)
            for m in sorted(set(space.widths), reverse=True)
            if m < 1.0
        ],
        "depth": [
            _changed(runs=tuple(i in kept_layers(space.layers, m) for i in range(space.layers)))
            for m in sorted(set(space.depths), reverse=True)
            if m < 1.0
        ],
        "precision": [
            _changed(fp32=tuple(i >= half for i in range(space.layers))),
            _changed(fp32=tuple(i < half for i in range(space.layers))),
            _changed(fp32=(True,) * space.layers),
        ],
    }


def _changed(**entries: object) -> Change:
    return lambda genome: replace(genome, **entries)  # type: ignore[arg-type]
