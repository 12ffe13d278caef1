"""What goes in and comes out, as types: from them the description at /openapi.json is made.

A description that is written by hand drifts from the code. Here one class checks a request and describes
it at the same time; and the tests throw thousands of requests at the application that are made from its
own description, and hold every answer against it. Lesson 43.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from edgelab.serving.payloads import FORM, JSON, EncodedImages

Probability = Annotated[float, Field(ge=0, le=1)]


class Query(BaseModel):
    """What every address may be asked for."""

    model_config = ConfigDict(extra="forbid")

    lang: Literal["en", "fr"] | None = Field(None, description="Language of labels and messages.")

    @classmethod
    @functools.cache  # flask-openapi asks for it with every request
    def model_json_schema(cls, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return the description of the query."""
        return super().model_json_schema(**options)


class PredictQuery(Query):
    """What /predict may be asked for."""

    top: int = Field(3, ge=1, description="How many classes stand in `top`.")


class Guess(BaseModel):
    """A class and how likely it is."""

    name: str = Field(alias="class", description="For programs; the same in every language.")
    label: str = Field(description="For people, in the language of the request.")
    probability: Probability


class Result(BaseModel):
    """The answer to one image."""

    name: str
    cached: bool = Field(description="Whether the same image was answered before.")
    top: list[Guess]
    probabilities: list[Guess] = Field(description="All classes, in the order of the outputs.")


class AnsweredBy(BaseModel):
    """The model that answered."""

    name: str
    version: str
    sha256: str
    runtime: str


class Milliseconds(BaseModel):
    """Where the time went."""

    decode: float = Field(description="From the body to pixels.")
    wait: float = Field(description="For a turn, and for a batch.")
    inference: float
    total: float


class Prediction(BaseModel):
    """The answer of /predict."""

    request_id: str
    model: AnsweredBy
    results: list[Result]
    milliseconds: Milliseconds


class Served(AnsweredBy):
    """A model that is served."""

    share: Probability = Field(description="Of the clients.")
    classes: list[str]


class Models(BaseModel):
    """The answer of /models."""

    models: list[Served]
    fall_back: AnsweredBy | None


class State(BaseModel):
    """The answer of /healthz and /readyz."""

    status: Literal["alive", "ready", "stopping"]


class Fault(BaseModel):
    """What is wrong with one image."""

    index: int
    name: str
    code: str
    message: str


class Problem(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="For programs.")
    message: str = Field(description="For people.")
    request_id: str
    images: list[Fault]


class Refused(BaseModel):
    """Every answer with a status of 400 or more."""

    error: Problem


def predict_query(classes: int) -> type[PredictQuery]:
    """Return the query of /predict for models of so many classes."""
    top = (int, Field(min(3, classes), ge=1, le=classes, description="How many stand in `top`."))
    return create_model("PredictQuery", __base__=PredictQuery, top=top)


def predict_body(images: int) -> dict[str, Any]:
    """Return the description of /predict's body: two forms of the same.

    Args:
        images: that a request may carry.
    """
    encoded = EncodedImages.model_json_schema(ref_template="#/components/schemas/{model}")
    encoded.pop("$defs")
    encoded["properties"]["images"]["maxItems"] = images
    file = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {
            "images": {"type": "array", "items": file, "minItems": 1, "maxItems": images}
        },
        "required": ["images"],
        "additionalProperties": False,
    }
    return {
        "required": True,
        "content": {FORM: {"schema": form}, JSON: {"schema": encoded}},
    }
