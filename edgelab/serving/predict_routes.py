"""The web address that the application is there for: POST /predict, images in, classes out.

The route checks what it is asked for, lets `service` find the answer, and writes it down: every class
with its name for programs, its label in the reader's language, and its probability. Lesson 43.
"""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, request

from edgelab.serving import payloads, schemas
from edgelab.serving.application import Application
from edgelab.serving.labels import label
from edgelab.serving.payloads import EncodedImages
from edgelab.serving.service import Answer
from edgelab.serving.versions import described

CLIENT_KEY = "X-Client-Key"  # a client's own name for the A/B split; without it, its address counts


def add(app: Application) -> None:
    """Add /predict to an application."""
    service, limits = app.service, app.service.settings.bounds
    query_type = schemas.predict_query(min(len(e.classes) for e in service.versions.engines))
    answers: dict[Any, Any] = dict.fromkeys((400, 408, 413, 415, 503, 504), schemas.Refused)

    def predict(query: Any) -> Response:
        """Tell what is on images.

        A request is answered as a whole: one bad image refuses it, and all bad ones are named.
        """
        answer = service.predict(
            lambda: payloads.read(request, limits),
            client=request.headers.get(CLIENT_KEY) or request.remote_addr or "",
            gone=request.environ.get("waitress.client_disconnected", lambda: False),
        )
        times = {stage: round(ms, 3) for stage, ms in answer.milliseconds.items()}
        g.facts = {"images": len(answer.uploads), "cached": sum(answer.cached), "stages": times}
        g.facts |= {"model": answer.engine.name, "version": answer.engine.version}
        return jsonify(
            request_id=g.id,
            model=described(answer.engine),
            results=_results(answer, query.top),
            milliseconds=times,
        )

    predict.__annotations__["query"] = query_type
    encoded = EncodedImages.model_json_schema(ref_template="#/components/schemas/{model}")
    app.components_schemas.update(encoded["$defs"])
    app.post(
        "/predict",
        request_body=schemas.predict_body(limits.images),
        responses={200: schemas.Prediction, **answers},
    )(predict)


def _results(answer: Answer, top: int) -> list[dict[str, Any]]:
    names = [(name, label(name)) for name in answer.engine.classes]
    results = []
    for upload, row, cached in zip(
        answer.uploads, answer.probabilities.tolist(), answer.cached, strict=True
    ):
        guesses = [
            {"class": name, "label": shown, "probability": round(probability, 6)}
            for (name, shown), probability in zip(names, row, strict=True)
        ]
        best = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:top]
        results.append(
            {
                "name": upload.name,
                "cached": cached,
                "top": [guesses[index] for index in best],
                "probabilities": guesses,
            }
        )
    return results
