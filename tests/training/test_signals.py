from __future__ import annotations

import os
import signal

import pytest

from quantlat.training.signals import DeferredSignals


def test_ctrl_c_waits_for_the_end_of_the_step() -> None:
    finished = False
    with pytest.raises(KeyboardInterrupt), DeferredSignals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        finished = True
        signals.deliver()
    assert finished


def test_a_second_ctrl_c_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), DeferredSignals():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second signal was held back")


def test_a_signal_is_not_lost_when_the_work_ends_first() -> None:
    with pytest.raises(KeyboardInterrupt), DeferredSignals():
        os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_before_are_called_and_put_back() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    mine = signal.getsignal(signal.SIGTERM)
    try:
        with DeferredSignals() as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            assert seen == []
            signals.deliver()
            assert seen == [signal.SIGTERM]
            signals.deliver()
        assert seen == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
