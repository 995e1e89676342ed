"""Errors as a client sees them: an HTTP status, a code for programs, a message and a hint for people."""

from __future__ import annotations

import math

from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """What went wrong. ``code`` is stable; ``message`` and ``hint`` are for people."""

    code: str
    message: str
    hint: str | None = None


class ErrorBody(BaseModel):
    """The body of every response that is not a success."""

    error: ErrorDetail = Field(description="what went wrong")


class RequestError(Exception):
    """A request that is not answered.

    Args:
        status: HTTP status.
        code: stable, for programs.
        message: what was expected and what came; never text of the request.
        retry_after_s: seconds after which it is worth to try again.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str | None = None, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """``Retry-After`` in whole seconds, at least one."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        return headers

    def body(self) -> bytes:
        """The response's JSON."""
        detail = ErrorDetail(code=self.code, message=self.message, hint=self.hint)
        return ErrorBody(error=detail).model_dump_json(exclude_none=True).encode()


def overloaded(wait_ms: float) -> RequestError:
    """The queue is full."""
    return RequestError(
        429,
        "overloaded",
        "the server has more work waiting than it accepts; this request was not queued",
        "Try again after the time in Retry-After.",
        retry_after_s=wait_ms / 1e3,
    )


def deadline_passed(deadline_ms: float) -> RequestError:
    """The deadline passed before the request's turn came."""
    return RequestError(
        504,
        "deadline_passed",
        f"the deadline of {deadline_ms:g} ms passed while the request waited; it was not computed",
        "Ask for a longer deadline_ms, or send fewer requests.",
    )


def computing_failed() -> RequestError:
    """A defect of the server or its runtime."""
    return RequestError(
        500, "computing_failed", "the model could not compute this text; the server's log names the cause"
    )


def shutting_down() -> RequestError:
    """SIGTERM came before the request was queued."""
    return RequestError(
        503, "shutting_down", "the server is shutting down and accepts no more requests", retry_after_s=1.0
    )
