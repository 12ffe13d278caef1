"""The Flask application: what happens around every route, however the request ends.

Before a route begins, its request gets a number and a language; after it, a line in the log and a place
in the metrics. Whatever a route raises becomes a refusal with a code and a sentence (`errors`); what
nobody expected becomes a 500 that shows nothing and is logged. The routes are in `api`,
`predict_routes` and further modules. Lesson 43.
"""

from __future__ import annotations

import contextlib
import time

from flask import Response, g, jsonify, request
from flask_openapi.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

import edgelab
from edgelab.serving import language, logs, payloads, schemas
from edgelab.serving.errors import RefusedError
from edgelab.serving.logs import Log
from edgelab.serving.service import Service

REQUEST_ID = "X-Request-Id"
SAFETY = {
    # A file that was sent here must never come back as a page with scripts in it.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Application(OpenAPI):
    """A Flask application that describes itself, with the service behind it."""

    request_class = payloads.FormRequest

    def __init__(self, service: Service, log: Log) -> None:
        super().__init__(
            "edgelab.serving",
            info={"title": "edgelab", "version": edgelab.__version__},
            doc_ui=False,
            validation_error_model=schemas.Refused,
            validation_error_callback=_invalid,
            responses={500: schemas.Refused, 422: schemas.Refused},
        )
        self.openapi_version = "3.1.0"
        self.service, self.log = service, log
        self.json.sort_keys = False  # type: ignore[attr-defined]
        self.before_request(self._begin)
        self.after_request(self._end)
        self.teardown_request(self._forget)
        self.register_error_handler(Exception, self._refuse)

    def refused_before(self, request_id: str, status: int, code: str) -> None:
        """Count and log what the server refused before it could become a request of ours."""
        self.service.metrics.answered("none", "none", status, 0.0)
        self.service.metrics.refused(code)
        self.log.request(request_id=request_id, path="", status=status, code=code)

    def _begin(self) -> None:
        g.begin = time.perf_counter()
        g.id = logs.request_id(request.headers.get(REQUEST_ID))
        given = request.args.get("lang")
        if given not in language.AVAILABLE:
            given = language.chosen(request.headers.get("Accept-Language", ""))
        g.spoken = contextlib.ExitStack()
        g.spoken.enter_context(language.speaking(given))
        g.facts = {}

    def _end(self, response: Response) -> Response:
        seconds = time.perf_counter() - g.begin
        response.headers.update({REQUEST_ID: g.id, **SAFETY})
        response.headers.setdefault("Cache-Control", "no-store")
        route = request.url_rule.rule if request.url_rule else "none"
        self.service.metrics.answered(route, request.method, response.status_code, seconds)
        self.log.request(
            request_id=g.id,
            method=request.method,
            path=request.path,
            status=response.status_code,
            milliseconds=round(1000 * seconds, 3),
            **g.facts,
        )
        return response

    def _forget(self, _error: BaseException | None) -> None:
        if "spoken" in g:
            g.spoken.close()

    def _refuse(self, error: Exception) -> Response:
        """Turn whatever was raised into an answer that says what to do."""
        refusal = self._understood(error)
        if refusal.code == "internal":
            self.log.broke(g.id, error)
        self.service.metrics.refused(refusal.code)
        g.facts["code"] = refusal.code
        response = jsonify(refusal.body(g.id))
        response.status_code = refusal.status
        if refusal.retry_after_s is not None:
            response.headers["Retry-After"] = str(refusal.retry_after_s)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    def _understood(self, error: Exception) -> RefusedError:
        if isinstance(error, RefusedError):
            return error
        if isinstance(error, MethodNotAllowed):
            return RefusedError("method_not_allowed", method=request.method[:20])
        if isinstance(error, RequestEntityTooLarge):
            return RefusedError("body_too_large", limit=self.service.settings.bounds.body_bytes)
        if isinstance(error, NotFound):
            return RefusedError("not_found")
        if isinstance(error, HTTPException):
            return RefusedError("bad_request")
        return RefusedError("internal")


def _invalid(error: ValidationError) -> Response:
    """Refuse a query that does not fit its description."""
    raise RefusedError("invalid_request", place=payloads.place(error)) from error
