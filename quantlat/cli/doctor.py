"""``quantlat doctor``: this machine, and which runtimes can be used on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantlat.latency.machine import MachineFacts

_ISA = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "amx_int8": "AMX INT8",
    "amx_bf16": "AMX BF16",
    "avx512_bf16": "AVX-512 BF16",
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Show what decides speed on this machine, and which runtimes are usable and how to get the others."""
    from quantlat.cli.console import stdout_to_stderr
    from quantlat.latency.machine import read_machine_facts
    from quantlat.pipeline.run import package_versions
    from quantlat.runtimes import all_runtimes

    with stdout_to_stderr():
        facts = read_machine_facts()
        runtimes = {runtime.name: runtime.availability() for runtime in all_runtimes()}
        packages = package_versions()
    advice = list(_advice(facts))
    if as_json:
        report = {
            "machine": facts.model_dump(mode="json")
            | {"fingerprint": facts.fingerprint, "usable_cores": facts.usable_cores},
            "runtimes": {
                name: {
                    "usable": found.usable,
                    "reason": found.reason,
                    "install": found.install,
                    "version": found.version,
                }
                for name, found in runtimes.items()
            },
            "packages": packages,
            "advice": advice,
        }
        typer.echo(json.dumps(report))
        return
    for label, text in _facts(facts):
        typer.echo(f"{label:>13}  {text}")
    typer.echo("")
    for name, found in runtimes.items():
        if found.usable:
            typer.echo(f"{name:>13}  usable, version {found.version}")
        else:
            typer.echo(f"{name:>13}  not usable: {found.reason}" + (f" → {found.install}" if found.install else ""))
    for line in advice:
        typer.echo(f"\n{line}")


def _facts(facts: MachineFacts) -> Iterator[tuple[str, str]]:
    yield "processor", facts.cpu_model + (" (virtual machine)" if facts.virtualised else "")
    yield (
        "instructions",
        ", ".join(f"{name} {'yes' if facts.has(flag) else 'no'}" for flag, name in _ISA.items()),
    )
    yield "topology", f"{facts.sockets} socket(s), {facts.cores} cores, {facts.threads} threads"
    quota = "no quota" if facts.cpu_quota is None else f"quota {facts.cpu_quota:g} CPUs"
    yield "usable", f"{facts.usable_cores} cores ({len(facts.affinity)} CPUs in the affinity mask, {quota})"
    free = "" if facts.available_gib is None else f", {facts.available_gib:.1f} GiB available"
    yield "memory", f"{facts.memory_gib:.1f} GiB{free}"
    yield "load", "unknown" if facts.load_1m is None else f"{facts.load_1m:.2f} (1 minute)"
    yield "governor", facts.governor or "not visible"
    yield "fingerprint", facts.fingerprint


def _advice(facts: MachineFacts) -> Iterator[str]:
    if not facts.has_int8_instructions:
        yield (
            "This processor has no INT8 instructions (VNNI or AMX): INT8 models will hardly be faster than "
            "fp32 here. Use an Intel Xeon of 2019 (Cascade Lake) or later."
        )
    if facts.load_1m is not None and facts.load_1m > 0.5 * facts.usable_cpus:
        yield (
            f"Other work is running (load {facts.load_1m:.1f} on {facts.usable_cpus} usable CPUs): latencies "
            "measured now will be too long and unsteady."
        )
    if facts.governor not in (None, "performance"):
        yield (
            f"The frequency governor is '{facts.governor}': set it to 'performance' before measuring "
            "(`cpupower frequency-set -g performance`)."
        )
