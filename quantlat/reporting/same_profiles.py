"""Profiles of one configuration: measured once, and said to be the same wherever a reader would wonder."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.reporting.collect import ReportData
from quantlat.reporting.rows import BASELINE_LETTERS, LatencyRow, ProfileRow, Role, profile_key


def same_notes(data: ReportData) -> tuple[str, ...]:
    """``“balanced” is the same configuration as “full”: …`` for every configuration of several names."""
    notes = []
    for profile in data.profiles:
        others = [f"“{name}”" for name in data.names_of(profile.name) if name != profile.name]
        if others and profile.same_as is None:
            verb = "is" if len(others) == 1 else "are"
            notes.append(
                f"{' and '.join(others)} {verb} the same configuration as “{profile.name}”: it was measured once, and "
                "each of its names shows that measurement."
            )
    return tuple(notes)


def same_text(profile: ProfileRow) -> str:
    """``same configuration as full``; empty for a profile of its own."""
    return f"same configuration as {profile.same_as}" if profile.same_as is not None else ""


@dataclass(frozen=True)
class TimedModel:
    """A baseline or a configuration that was timed; ``name`` joins the names of equal profiles: ``full = balanced``."""

    name: str
    row: LatencyRow
    recommended: bool

    @property
    def is_profile(self) -> bool:
        """Whether quantlat made it; baselines are what it is compared with."""
        return self.row.role is Role.PROFILE


def timed_models(data: ReportData) -> tuple[TimedModel, ...]:
    """Everything that was timed in the headline's setting, each once: baselines (a) to (d), then configurations."""
    found = []
    for role, letter in BASELINE_LETTERS.items():
        if (row := data.latency_of(role.value)) is not None:
            found.append(TimedModel(f"({letter}) {row.label}", row, recommended=False))
    for profile in data.profiles:
        row = data.latency_of(profile_key(profile.name))
        if row is not None and profile.same_as is None:
            names = data.names_of(profile.name)
            found.append(TimedModel(" = ".join(names), row, data.headline.profile in names))
    return tuple(found)
