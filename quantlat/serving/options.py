"""What an operator can set about the server, and the limits that keep one request from hurting the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from quantlat.errors import DataError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Limits:
    """Sizes beyond which a request is refused.

    Attributes:
        body_bytes: largest request body; checked against ``Content-Length`` before anything is read, and while reading.
        body_timeout_s: time a client has to send its body.
        items: questions or texts in one request.
        question_chars: longest question, in Unicode code points.
        text_chars: longest passage or text.
        requests: requests that may be under way at once.
    """

    body_bytes: int = 1 << 20
    body_timeout_s: float = 10.0
    items: int = 64
    question_chars: int = 2_000
    text_chars: int = 100_000
    requests: int = 256


@dataclass(frozen=True)
class QueueOptions:
    """How requests are batched, and what happens when there are too many.

    Attributes:
        batch_tokens: real tokens of one batch, unless a single text has more.
        tokens: real tokens that may wait; one more and the answer is 429.
        degrade_after_ms: expected waiting time at which profiles become one step faster, at twice this two
            steps, and so on.
        deadline_ms: how long a request may wait that names no ``deadline_ms``.
    """

    batch_tokens: int = 1_024
    tokens: int = 32_768
    degrade_after_ms: float = 250.0
    deadline_ms: float = 10_000.0

    def __post_init__(self) -> None:
        if self.batch_tokens < 1 or self.tokens < self.batch_tokens:
            raise DataError(
                f"the queue must hold at least one batch, got {self.tokens} tokens to wait and batches of "
                f"{self.batch_tokens}",
                "Raise --max-queue-tokens or lower --max-batch-tokens.",
            )


@dataclass(frozen=True)
class ServerOptions:
    """Everything about a server but its model.

    Attributes:
        host: address to bind to.
        port: port to bind to; 0 lets the system choose.
        api_keys: accepted keys; none means that no key is asked for.
        allowed_hosts: values of the ``Host`` header that are answered; empty means any. On a loopback address
            only its own names are: a page from elsewhere cannot reach the server by DNS rebinding.
        drain_s: time that accepted requests have to finish after SIGTERM.
        log_requests: one line per request on stderr, without any text of it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ()
    drain_s: float = 30.0
    log_requests: bool = False
    limits: Limits = Limits()
    queue: QueueOptions = QueueOptions()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that are answered; empty means any."""
        if self.allowed_hosts or self.host not in LOOPBACK:
            return self.allowed_hosts
        return LOOPBACK


MIN_KEY_CHARS = 16


def read_api_keys(path: Path) -> tuple[str, ...]:
    """Keys of a file, one per line; empty lines and lines that begin with ``#`` do not count.

    Raises:
        DataError: there is no such file, no key in it, or one that is too short or not printable ASCII.
    """
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", "--api-key-file takes a file with one key per line.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} holds characters outside ASCII", "Keys travel in an HTTP header.") from None
    keys = [line.strip() for line in text.splitlines()]
    keys = [key for key in keys if key and not key.startswith("#")]
    for number, key in enumerate(keys, 1):
        if len(key) < MIN_KEY_CHARS or not key.isprintable() or " " in key:
            raise DataError(
                f"{path}: key {number} must be at least {MIN_KEY_CHARS} printable characters without spaces",
                "Make one with: openssl rand -hex 24",
            )
    if not keys:
        raise DataError(f"{path} holds no key", "Write one key per line.")
    return tuple(keys)
