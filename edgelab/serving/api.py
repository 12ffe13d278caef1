"""The web addresses, put together: HTTP on one side, `service` on the other.

    app = api.create(Settings())                 # a Flask application; `server` puts it on a port
    app.test_client().get("/readyz")

Here are the addresses that tell about the application itself, for those who run it: does it live, is it
ready, which models, which numbers, what can be asked. What it is there for is in `predict_routes`;
what happens around every request in `application`. Lesson 43.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, jsonify

from edgelab.serving import predict_routes, schemas
from edgelab.serving.application import Application
from edgelab.serving.configuration import Settings
from edgelab.serving.logs import Log
from edgelab.serving.metrics import CONTENT_TYPE
from edgelab.serving.service import Service
from edgelab.serving.versions import described


def create(
    settings: Settings,
    log: Log | None = None,
    parts: Sequence[Callable[[Application], object]] = (),
) -> Application:
    """Return the application.

    Args:
        settings: what is served, and how.
        log: where its lines go; by default to standard error, if the settings want them.
        parts: further routes; each is called with the application.

    Raises:
        EdgelabError: a model can't be loaded.
    """
    written = log or Log(enabled=settings.practices.structured_logs)
    app = Application(Service(settings), written)
    _add_states(app)
    for part in (predict_routes.add, *parts):
        part(app)
    return app


def _add_states(app: Application) -> None:
    service = app.service

    @app.get("/models", responses={200: schemas.Models})
    def models(query: schemas.Query) -> Response:  # noqa: ARG001 - checked before we are called
        """List the models, and what share of the clients each answers."""
        smaller = service.fall_back.engine
        return jsonify(
            models=service.versions.described(),
            fall_back=described(smaller) if smaller else None,
        )

    @app.get("/healthz", responses={200: schemas.State})
    def alive(query: schemas.Query) -> Response:  # noqa: ARG001
        """Tell that the process lives; where this fails, it is to be started anew."""
        return jsonify(status="alive")

    @app.get("/readyz", responses={200: schemas.State, 503: schemas.State})
    def ready(query: schemas.Query) -> tuple[Response, int]:  # noqa: ARG001
        """Tell whether requests are welcome; where this fails, a balancer sends them elsewhere."""
        stopping = service.admission.stopping
        return jsonify(status="stopping" if stopping else "ready"), 503 if stopping else 200

    metrics_type = {"content": {"text/plain": {"schema": {"type": "string"}}}}

    @app.get("/metrics", responses={200: metrics_type})
    def metrics(query: schemas.Query) -> Response:  # noqa: ARG001
        """Show counters and times in the format of Prometheus."""
        return Response(service.metrics.text(), content_type=CONTENT_TYPE)

    @app.get("/openapi.json", doc_ui=False)
    def description() -> Response:
        return jsonify(app.api_doc)
