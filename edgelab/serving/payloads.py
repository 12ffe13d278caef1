"""The body of a request → names and bytes, within limits; nothing is decoded here yet.

Two forms are taken: what a browser's form sends (`multipart/form-data`, files in the field `images`),
and what a program sends (JSON with base64). No file is ever called as somebody wishes: a name is only a
text that goes back to its sender. `../../etc/passwd` loses its folders, and that is all it can do.

What limits bring: what is too large is refused before it costs anything, so that one client can't take
what all share. Off (`request_limits`): whatever comes is tried. Lesson 43.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgelab.serving.configuration import Limits
from edgelab.serving.errors import ImageError, RefusedError

_NAME_LENGTH = 100
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;[\w.=+-]+)*;base64,", re.ASCII | re.IGNORECASE)
_POSITION = re.compile(r"line (\d+) column (\d+)")
_Body = TypeVar("_Body", bound=BaseModel)
JSON, FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True)
class Upload:
    """One image as it came: the content is not decoded, the name is only to be shown.

    `fault` is what is wrong with it already, kept so that all bad images can be named together.
    """

    name: str
    content: bytes
    fault: ImageError | None = None

    def bytes(self) -> bytes:
        """Return the file.

        Raises:
            ImageError: it could not be read.
        """
        if self.fault:
            raise self.fault
        return self.content


class EncodedImage(BaseModel):
    """An image in JSON."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", description="To recognise the answer by.")
    data: str = Field(
        description="The file as base64, or as a data URI.",
        json_schema_extra={"format": "base64-image"},
    )


class EncodedImages(BaseModel):
    """The body of /predict as JSON."""

    model_config = ConfigDict(extra="forbid")

    images: list[EncodedImage] = Field(min_length=1)


class EncodedOne(BaseModel):
    """The body of /search as JSON."""

    model_config = ConfigDict(extra="forbid")

    image: EncodedImage


class FormRequest(Request):
    """Flask's request, which keeps uploaded files in memory: they are few and small, within limits."""

    def _get_file_stream(
        self, *_: Any, **__: Any
    ) -> BytesIO:  # werkzeug would open a temporary file
        return BytesIO()


def read(request: Request, limits: Limits) -> list[Upload]:
    """Return the images of a request to /predict.

    Raises:
        RefusedError: another kind of body, a damaged one, no image, too many or too large ones.
    """
    require_small(request, limits)
    if request.mimetype == FORM:
        uploads = _from_form(request, "images")
    elif request.mimetype == JSON:
        uploads = _from_json(request, limits)
    else:
        raise RefusedError("unsupported_media_type", given=request.mimetype[:100] or "?")
    _require_few(len(uploads), limits)
    return uploads


def read_one(request: Request, limits: Limits) -> Upload:
    """Return the image of a request to /search, which takes exactly one, in the field `image`.

    Raises:
        RefusedError: another kind of body, a damaged or too large one, no image or several.
    """
    require_small(request, limits)
    if request.mimetype == JSON:
        return _upload(_validated(EncodedOne, request).image)
    if request.mimetype != FORM:
        raise RefusedError("unsupported_media_type", given=request.mimetype[:100] or "?")
    uploads = _from_form(request, "image")
    if len(uploads) != 1:
        raise RefusedError("invalid_request", place="image")
    return uploads[0]


def require_small(request: Request, limits: Limits) -> None:
    """Refuse a body over the limit before it is read.

    Raises:
        RefusedError: it is too large.
    """
    if (request.content_length or 0) > limits.body_bytes:
        raise RefusedError("body_too_large", limit=limits.body_bytes)


def decoded(data: str) -> bytes:
    """Return the bytes of base64 or of a data URI.

    Raises:
        ImageError: it is neither.
    """
    if head := _DATA_URI.match(data):
        data = data[head.end() :]
    try:
        return base64.b64decode(data.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError("bad_base64") from error


def shown(name: str) -> str:
    """Return a file's name as it may be shown: no folders, no control characters, not too long."""
    return _UNSHOWABLE.sub("", re.split(r"[/\\]", name)[-1])[:_NAME_LENGTH]


def place(error: ValidationError) -> str:
    """Return which value is wrong: "images.0.data"."""
    return ".".join(map(str, error.errors(include_url=False)[0]["loc"]))[:_NAME_LENGTH]


def _from_form(request: Request, field: str) -> list[Upload]:
    files, texts = request.files, request.form
    if not files and not texts:
        raise RefusedError("no_images", field=field)
    if unknown := [key[:_NAME_LENGTH] for key in [*files, *texts] if key != field]:
        raise RefusedError("invalid_request", place=unknown[0])
    if texts:
        raise RefusedError("invalid_request", place=field)
    return [Upload(shown(file.filename or ""), file.read()) for file in files.getlist(field)]


def _from_json(request: Request, limits: Limits) -> list[Upload]:
    body = _validated(EncodedImages, request)
    _require_few(len(body.images), limits)
    return [_upload(image) for image in body.images]


def _validated(model: type[_Body], request: Request) -> _Body:
    try:
        return model.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        damaged = error.errors(include_url=False)[0]
        if damaged["type"] != "json_invalid":
            raise RefusedError("invalid_request", place=place(error) or "?") from error
        where = _POSITION.search(damaged["ctx"]["error"])
        line, column = where.groups() if where else ("?", "?")
        raise RefusedError("bad_json", line=line, column=column) from error


def _upload(image: EncodedImage) -> Upload:
    try:
        return Upload(shown(image.name), decoded(image.data))
    except ImageError as fault:
        return Upload(shown(image.name), b"", fault)


def _require_few(given: int, limits: Limits) -> None:
    if given > limits.images:
        raise RefusedError("too_many_images", given=given, limit=limits.images)
