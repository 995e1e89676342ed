"""The quantile against SciPy's."""

from __future__ import annotations

import pytest
from scipy.special import stdtrit

from quantlat.latency.student_t import two_sided_t


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("degrees", [*range(1, 12), 19, 63])
def test_it_is_students_t(degrees: int, level: float) -> None:
    assert two_sided_t(degrees, level) == pytest.approx(stdtrit(degrees, 0.5 + level / 2), rel=1e-9)
