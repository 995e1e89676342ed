"""The paths of the HTTP interface. They parse and answer; :mod:`quantlat.serving.service` does the work."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from quantlat.serving.errors import ErrorBody, RequestError
from quantlat.serving.metrics import CONTENT_TYPE
from quantlat.serving.middleware import ARRIVED
from quantlat.serving.page import PAGE
from quantlat.serving.schema import (
    AnswerBodies,
    AnswerResult,
    ClassifyBodies,
    ClassifyResult,
    EmbedBodies,
    EmbedResult,
    Health,
    ModelInfo,
    RateBodies,
    RateResult,
)
from quantlat.serving.service import Service

_MEANINGS = {
    400: "the body is not JSON",
    401: "no valid API key",
    404: "the bundle has another task",
    408: "the body came too slowly",
    413: "the body is too large, or its texts have more tokens than may wait",
    421: "the Host header names a host that this server does not answer for",
    422: "a field is missing, unknown or out of range, or the list too long",
    429: "overloaded; see Retry-After",
    500: "it could not be computed",
    503: "not now: the queue is full or the server is shutting down",
    504: "the deadline passed before its turn; it was not computed",
}

router = APIRouter()


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in statuses}


_WORK = _responses(400, 401, 404, 408, 413, 421, 422, 429, 500, 503, 504)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


@router.post("/v1/answer", responses=_WORK)
async def answer(request: Request, body: Annotated[AnswerBodies, Body()]) -> AnswerResult | list[AnswerResult]:
    """Find the span of a passage that answers a question. A list is answered by a list in the same order."""
    bodies = body if isinstance(body, list) else [body]
    results = await _service(request).answer(bodies, request.receive, request.scope[ARRIVED])
    return results if isinstance(body, list) else results[0]


@router.post("/v1/classify", responses=_WORK)
async def classify(request: Request, body: Annotated[ClassifyBodies, Body()]) -> ClassifyResult | list[ClassifyResult]:
    """Classify a text. A list is answered by a list in the same order."""
    bodies = body if isinstance(body, list) else [body]
    results = await _service(request).classify(bodies, request.receive, request.scope[ARRIVED])
    return results if isinstance(body, list) else results[0]


@router.post("/v1/rate", responses=_WORK)
async def rate(request: Request, body: Annotated[RateBodies, Body()]) -> RateResult | list[RateResult]:
    """Rate a text or a pair of texts. A list is answered by a list in the same order."""
    bodies = body if isinstance(body, list) else [body]
    results = await _service(request).rate(bodies, request.receive, request.scope[ARRIVED])
    return results if isinstance(body, list) else results[0]


@router.post("/v1/embed", responses=_WORK)
async def embed(request: Request, body: Annotated[EmbedBodies, Body()]) -> EmbedResult | list[EmbedResult]:
    """Turn a text into a vector. A list is answered by a list in the same order."""
    bodies = body if isinstance(body, list) else [body]
    results = await _service(request).embed(bodies, request.receive, request.scope[ARRIVED])
    return results if isinstance(body, list) else results[0]


@router.get("/v1/model", responses=_responses(401, 421, 429))
async def model(request: Request) -> ModelInfo:
    """What is served, with its profiles and limits."""
    return _service(request).info


@router.get("/health", responses=_responses(421, 500))
async def health(request: Request) -> Health:
    """Whether the process works: restart it when not."""
    if not _service(request).queue.alive:
        raise RequestError(500, "not_computing", "the thread that computes has ended")
    return Health(status="ok")


@router.get("/ready", responses=_responses(421, 503))
async def ready(request: Request) -> Health:
    """Whether requests are accepted: send them elsewhere when not."""
    queue = _service(request).queue
    if not (queue.alive and queue.accepts):
        raise RequestError(503, "not_ready", "the queue is full, or the server is shutting down", retry_after_s=1.0)
    return Health(status="ready")


@router.get(
    "/metrics",
    response_class=Response,
    responses={**_responses(401, 421, 429), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Metrics in the Prometheus text format."""
    return Response(_service(request).metrics.text(), media_type=CONTENT_TYPE)


async def page(request: Request) -> Response:
    """The page at ``/`` and its files."""
    file = PAGE[request.url.path]
    return Response(file.content, media_type=file.media_type)


for path in PAGE:
    router.add_api_route(path, page, include_in_schema=False)
