"""The ASGI application of one loaded bundle: wiring, errors, life span."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import quantlat
from quantlat.deployment import Predictor
from quantlat.serving.endpoints import router
from quantlat.serving.errors import RequestError
from quantlat.serving.middleware import App, Gate
from quantlat.serving.options import ServerOptions
from quantlat.serving.schema import complete
from quantlat.serving.service import Service

_DESCRIPTION = "Positions are Unicode code points of the text. Times are milliseconds."
_SHAPES = ("single", "list")
_MOST_MISTAKES = 8
_NO_JSON = RequestError(400, "no_json", "the request's body is not JSON in UTF-8")


def create_app(predictor: Predictor, options: ServerOptions) -> App:
    """The application; it begins and ends to compute with its life span.

    Args:
        predictor: a loaded bundle; stays the caller's to close, after the application was shut down.
    """
    service = Service(predictor, options)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await asyncio.to_thread(service.close)

    api = FastAPI(
        title="quantlat",
        version=quantlat.__version__,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    api.state.service = service
    api.include_router(router)
    api.add_exception_handler(RequestError, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    describe = api.openapi
    profiles, task = tuple(predictor.profiles), predictor.manifest.task
    api.openapi = lambda: complete(describe(), options.limits, profiles, task)  # type: ignore[method-assign]
    return Gate(api, options, service.metrics)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return Response(error.body(), error.status, error.headers, "application/json")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _refused(request, _explain(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI could not parse the body
        return await _refused(request, _NO_JSON)
    code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "bad_request")
    response = await _refused(request, RequestError(error.status_code, code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


def _explain(mistakes: Sequence[Any]) -> RequestError:
    """Every mistake with its place, and never the value, which is text of the request."""
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return _NO_JSON
    told: dict[str, None] = {}
    for mistake in mistakes:
        place = ".".join(str(part) for part in mistake["loc"][1:] if part not in _SHAPES)
        told[f"{place}: {mistake['msg']}" if place else str(mistake["msg"])] = None
    return RequestError(422, "invalid", "; ".join(list(told)[:_MOST_MISTAKES]))
