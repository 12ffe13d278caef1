"""The web addresses of visual search: POST /search, GET /thumbnails/7.

    app = api.create(settings, parts=[search_routes.part(settings)])

They stand beside those of `api` and keep its rules: a number and a language for every request, the same queue, the
same refusals, the same description. A small picture is asked for by its number; there is no path in it that could
lead anywhere. Lesson 43.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Response, g, jsonify, request
from pydantic import BaseModel, Field

from edgelab.serving import indexing, payloads, schemas
from edgelab.serving.application import Application
from edgelab.serving.configuration import Settings
from edgelab.serving.errors import RefusedError
from edgelab.serving.labels import label
from edgelab.serving.payloads import FORM, JSON, EncodedOne
from edgelab.serving.search import Search

MOST_NEIGHBOURS = 50


class SearchQuery(schemas.Query):
    """What /search may be asked for."""

    k: int = Field(10, ge=1, le=MOST_NEIGHBOURS, description="How many images come back, at most.")


class SearchedIndex(BaseModel):
    """The index that was searched."""

    name: str
    size: int = Field(description="Images in it.")
    dimensions: int = Field(description="Numbers in a vector.")


class Neighbour(BaseModel):
    """An image that resembles the one that was sent."""

    id: int
    name: str
    name_of_class: str | None = Field(alias="class", description="The same in every language.")
    label: str | None = Field(description="The class for people, in the language of the request.")
    similarity: float = Field(ge=-1, le=1, description="Cosine of the angle between the vectors.")
    thumbnail: str = Field(description="Address of a small picture of it.")


class SearchMilliseconds(BaseModel):
    """Where the time went."""

    decode: float = Field(description="From the body to pixels.")
    embed: float = Field(description="From pixels to a vector.")
    search: float = Field(description="From the vector to its neighbours.")
    total: float = Field(description="With the wait for a turn.")


class Neighbours(BaseModel):
    """The answer of /search."""

    request_id: str
    index: SearchedIndex
    results: list[Neighbour] = Field(description="The most similar first.")
    milliseconds: SearchMilliseconds


class ThumbnailPath(BaseModel):
    """The number of an image in the index."""

    number: int = Field(ge=0)


def part(settings: Settings) -> Callable[[Application], object]:
    """Return what adds visual search to an application, the index and its network loaded.

    Raises:
        EdgelabError: the index can't be used.
    """
    search = Search(settings.search.index or indexing.default(), settings.workers)

    def add(app: Application) -> None:
        _add_search(app, search)
        _add_thumbnails(app, search)

    return add


def _add_search(app: Application, search: Search) -> None:
    service, limits = app.service, app.service.settings.bounds
    refusals: dict[str | int, Any] = dict.fromkeys((400, 408, 413, 415, 503, 504), schemas.Refused)
    encoded = EncodedOne.model_json_schema(ref_template="#/components/schemas/{model}")
    app.components_schemas.update(encoded.pop("$defs"))

    @app.post("/search", request_body=_body(encoded), responses={200: Neighbours, **refusals})
    def similar(query: SearchQuery) -> Response:
        """Find the images of the index that resemble an image."""
        begin = time.perf_counter()
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        with service.admission.turn():
            if gone():  # nobody is left to read the answer
                raise RefusedError("client_left")
            answer = search.similar(lambda: payloads.read_one(request, limits), query.k, limits)
        times = answer.milliseconds | {"total": 1000 * (time.perf_counter() - begin)}
        times = {stage: round(ms, 3) for stage, ms in times.items()}
        g.facts = {"index": search.index.name, "stages": times}
        index = search.index
        return jsonify(
            request_id=g.id,
            index={"name": index.name, "size": index.size, "dimensions": index.dimensions},
            results=[
                {
                    "id": found.id,
                    "name": found.name,
                    "class": found.label,
                    "label": found.label and label(found.label),
                    "similarity": round(found.similarity, 6),
                    "thumbnail": f"/thumbnails/{found.id}",
                }
                for found in answer.found
            ],
            milliseconds=times,
        )


def _add_thumbnails(app: Application, search: Search) -> None:
    picture = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}

    @app.get("/thumbnails/<int:number>", responses={200: picture, 404: schemas.Refused})
    def thumbnail(path: ThumbnailPath, query: schemas.Query) -> Response:  # noqa: ARG001
        """Show a small picture of an image in the index."""
        content = search.index.thumbnail(path.number)
        if content is None:
            raise RefusedError("not_found")
        return Response(content, content_type="image/jpeg")


def _body(encoded: dict[str, Any]) -> dict[str, Any]:
    """Return the description of /search's body: two forms of the same."""
    form = {
        "type": "object",
        "properties": {"image": {"type": "string", "format": "binary"}},
        "required": ["image"],
        "additionalProperties": False,
    }
    return {"required": True, "content": {FORM: {"schema": form}, JSON: {"schema": encoded}}}
