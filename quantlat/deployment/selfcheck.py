"""Does this bundle answer here as it was validated, and as fast as it promises?

Two guards. The ISA guard compares the CPU's instruction sets with those of the machine that validated the bundle: a
missing one makes the bundle slower, which is a warning. The golden self-check answers stored inputs: results outside
tolerance refuse to serve, and the message names the likely cause. Several popular stacks lose accuracy on CPUs without
VNNI, because their 8-bit products saturate in 16 bits there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quantlat.deployment.golden import GoldenOutcome, compare, read_golden
from quantlat.deployment.manifest import GOLDEN
from quantlat.deployment.requests import AnswerRequest
from quantlat.errors import BundleError
from quantlat.latency.machine import INT8_ISA, MachineFacts
from quantlat.quantization.layout import EMBEDDING, QUESTION_ANSWERING, TEXT_REGRESSION

if TYPE_CHECKING:
    import numpy as np

    from quantlat.deployment.manifest import BundleManifest
    from quantlat.deployment.predictor import Predictor


def guard(predictor: Predictor, folder: Path, facts: MachineFacts) -> tuple[str, ...]:
    """Both guards; returns the warnings.

    Raises:
        BundleError: the golden inputs are not answered as they should be.
    """
    outcome = check_golden(predictor, folder)
    if not outcome.passed:
        raise BundleError(
            f"the bundle does not answer here as it was validated: its logits differ by {outcome.error:.0%} of their "
            f"spread ({outcome.tolerance:.0%} allowed), {outcome.agreeing} of {outcome.cases} golden inputs agree",
            likely_cause(predictor, facts),
        )
    return isa_warnings(predictor.manifest, facts)


def missing_isa(manifest: BundleManifest, facts: MachineFacts) -> tuple[str, ...]:
    """Instruction sets of the validated machine that this one lacks."""
    return tuple(isa for isa in manifest.machine.isa if not facts.has(isa))


def isa_warnings(manifest: BundleManifest, facts: MachineFacts) -> tuple[str, ...]:
    """Why the promised latency may not hold on this CPU."""
    missing = missing_isa(manifest, facts)
    if not missing:
        return ()
    text = f"this CPU ({facts.cpu_model}) lacks {', '.join(missing)} of the validated one ({manifest.machine.cpu})"
    if any(isa in INT8_ISA for isa in missing) and not facts.has_int8_instructions:
        text += ": without int8 dot products expect several times the promised latency"
    return (text + "; the answers are right, the promised latency is not measured for it",)


def likely_cause(predictor: Predictor, facts: MachineFacts) -> str:
    """What most probably made the results wrong."""
    missing = missing_isa(predictor.manifest, facts)
    where = f"runtime {predictor.runtime}" + (f", kernels {predictor.kernels}" if predictor.kernels else "")
    if missing:
        return (
            f"Likely cause: this CPU lacks {', '.join(missing)}, which the bundle was validated with, and the {where} "
            "computes INT8 in another way without. Serve on a CPU that has them, or package the run on this machine."
        )
    return (
        f"The CPU has every instruction set of the validation; likely cause: another version of the {where} than "
        "the bundle's. Install what its requirements.txt lists, or package the run again."
    )


def check_golden(predictor: Predictor, folder: Path) -> GoldenOutcome:
    """Answer the golden inputs at the most accurate profile."""
    golden = read_golden(folder / GOLDEN)
    profile = next(iter(predictor.profiles))
    logits: list[np.ndarray] = []
    results: list[str] = []
    for case in golden.cases:
        if predictor.manifest.task == QUESTION_ANSWERING:
            prepared = predictor.prepare(AnswerRequest(case.text, case.context or ""))
            logits.append(predictor.logits(prepared.windows[:1], profile)[0])
            results.append(predictor.run([prepared], profile)[0].text)
        elif predictor.manifest.task == EMBEDDING:
            logits.append(predictor.embed([case.text], profile=profile))
            results.append(case.result)  # a point has no decision beside its numbers
        else:
            logits.append(predictor.logits([predictor.text_window(case.text, case.context)], profile)[0][None])
            if predictor.manifest.task == TEXT_REGRESSION:
                results.append(case.result)  # nor has a rating
            else:
                results.append(str(predictor.classify(case.text, case.context, profile=profile).index))
    return compare(golden, logits, results)
