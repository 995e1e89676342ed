"""Numbers with sensible digits and units."""

from __future__ import annotations

import pytest

from quantlat.reporting import formatting as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1484.6, "1,485"),
        (563.2, "563"),
        (99.96, "100"),
        (27.94, "27.9"),
        (9.996, "10.0"),
        (0.04812, "0.0481"),
        (0, "0"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert fmt.significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-0.004, "0.00"), (0.314, "+0.31"), (-1.5, "−1.50"), (0.0, "0.00"), (-0.0, "0.00")]
)
def test_differences_have_a_sign_and_zero_has_none(value: float, text: str) -> None:
    assert fmt.signed(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.997, ">99 %"), (1.0, "100 %")]
)
def test_a_share_that_is_not_all_never_reads_as_all(share: float, text: str) -> None:
    assert fmt.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (9.97, "10 s"), (45.2, "45 s"), (59.7, "1 min 00 s"), (192, "3 min 12 s"), (3725, "1 h 02 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_an_interval_has_the_digits_of_its_estimate() -> None:
    assert fmt.span(27.1234, 28.3999, 27.94) == "[27.1, 28.4]"
    assert fmt.span(540.2, 571.8, 563.2) == "[540, 572]"


def test_faster_slower_and_about_the_same() -> None:
    assert fmt.faster(3.57, "x") == "3.6× faster than x"
    assert fmt.faster(0.5, "x") == "2.0× slower than x"
    assert fmt.faster(1.02, "x") == fmt.faster(0.99, "x") == "about as fast as x"


def test_cpu_names_lose_trademarks_and_clock() -> None:
    assert fmt.short_cpu("Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz") == "Intel Xeon Platinum 8488C"
    assert fmt.short_cpu("AMD EPYC 7763 64-Core Processor") == "AMD EPYC 7763 64-Core"
