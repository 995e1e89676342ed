"""What happens to a request before its body is read: host, key, size, number under way; and headers of every response.

Plain ASGI, because Starlette's ``BaseHTTPMiddleware`` would read a body before it can be refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from quantlat.serving.errors import RequestError, overloaded
from quantlat.serving.metrics import Metrics
from quantlat.serving.options import ServerOptions
from quantlat.serving.schema import PATHS

logger = logging.getLogger("quantlat.serving")

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ARRIVED = "quantlat.arrived_s"
"""Key of the scope: when the whole request was there, by :func:`time.monotonic`."""

_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_LINGER_S, _LINGER_IDLE_S = 10.0, 1.0
"""How long the rest of a refused body is thrown away, altogether and while nothing comes."""

_OPEN = ("/health", "/ready", "/", "/page.css", "/page.js", "/icon.svg", "/samples.json", "/openapi.json")
_ENDPOINTS = (*PATHS.values(), "/v1/model", "/health", "/ready", "/metrics", "/openapi.json", "/")


class KeyRing:
    """The accepted keys, as hashes: comparing takes the same time whatever was sent and whichever key it is."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = tuple(hashlib.sha256(key.encode("ascii")).digest() for key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def holds(self, key: bytes) -> bool:
        """Whether ``key`` is accepted; looks at every key."""
        digest, found = hashlib.sha256(key).digest(), False
        for own in self._digests:
            found |= hmac.compare_digest(own, digest)
        return found


class Gate:
    """Lets requests in, counts them, and gives every response its security headers."""

    def __init__(self, app: App, options: ServerOptions, metrics: Metrics) -> None:
        self._app = app
        self._limits = options.limits
        self._keys = KeyRing(options.api_keys)
        self._hosts = options.hosts
        self._log = options.log_requests
        self._metrics = metrics
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_s, status = time.monotonic(), 499  # nobody was there any more to get a response

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in names)]
            await send(message)

        self._under_way += 1
        self._metrics.requests_in_flight.inc()
        try:
            await self._admit(scope, receive, send_with_headers)
        finally:
            self._under_way -= 1
            self._metrics.requests_in_flight.dec()
            self._finish(scope, status, time.monotonic() - start_s)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_once(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            self._check(scope)
            body = await read_body(receive, self._limits.body_bytes, self._limits.body_timeout_s)
            scope[ARRIVED] = time.monotonic()
            if body is not None:
                await self._app(scope, replay(body, receive), send_once)
        except RequestError as error:
            if not started:
                await respond(send, error, receive)

    def _check(self, scope: Scope) -> None:
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        if self._hosts and _host(_header(headers, b"host")) not in self._hosts:
            raise RequestError(
                421, "unknown_host", "the Host header names a host that this server does not answer for",
                "Start it with --allowed-host.",
            )  # fmt: skip
        if self._keys and scope["path"] not in _OPEN and not self._keys.holds(_key(headers)):
            raise RequestError(401, "no_key", "a valid API key is needed", "Send the header: Authorization: Bearer KEY")
        if self._under_way > self._limits.requests and scope["path"] not in _OPEN:
            self._metrics.rejected.labels("overloaded").inc()
            raise overloaded(1_000.0)
        length = _header(headers, b"content-length")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise _too_large(self._limits.body_bytes)

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = scope["path"] if scope["path"] in _ENDPOINTS else "other"
        self._metrics.requests.labels(endpoint, str(status)).inc()
        self._metrics.request_seconds.labels(endpoint).observe(seconds)
        if self._log:
            logger.info("%s %s %d %.1f ms", scope["method"], endpoint, status, seconds * 1e3)


async def read_body(receive: Receive, limit: int, timeout_s: float) -> bytes | None:
    """The whole body, cut off at a size and after a time; ``None`` when the client went away.

    Raises:
        RequestError: it is too large (413) or comes too slowly (408).
    """
    until_s, pieces, size, more = time.monotonic() + timeout_s, [], 0, True
    while more:
        try:
            message = await asyncio.wait_for(receive(), max(until_s - time.monotonic(), 0.001))
        except TimeoutError:
            raise RequestError(408, "too_slow", "the request's body did not arrive in time") from None
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return b"".join(pieces)


def replay(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was already read, then waits for the client to go away."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def respond(send: Send, error: RequestError, receive: Receive) -> None:
    """Send an error as a response to a request whose body may not have been read."""
    body = error.body()
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    unread = error.status in (408, 413)  # the connection cannot be used again
    if unread:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if unread:
        await linger(receive)
    await send({"type": "http.response.body", "body": b""})


async def linger(receive: Receive) -> None:
    """Throw away what still comes of a body, for a while.

    A connection that is closed while its client is sending is reset, and the reset destroys the response that says
    why (RFC 9112, section 9.6). The client has the whole response already, and may close.
    """
    until_s, more = time.monotonic() + _LINGER_S, True
    while more and (left_s := until_s - time.monotonic()) > 0:
        try:
            message = await asyncio.wait_for(receive(), min(left_s, _LINGER_IDLE_S))
        except TimeoutError:
            return
        more = message["type"] == "http.request" and message.get("more_body", False)


def _too_large(limit: int) -> RequestError:
    return RequestError(
        413, "body_too_large", f"the request's body is larger than {limit} bytes", "Divide it into several requests."
    )


def _header(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def _host(value: bytes) -> str:
    """Host name without its port: ``localhost:8000`` and ``[::1]:8000``."""
    text = value.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _key(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    scheme, _, key = _header(headers, b"authorization").partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else _header(headers, b"x-api-key")
