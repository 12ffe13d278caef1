"""What is said when a request is refused: a code for programs, a status for HTTP, a sentence for people.

    raise RefusedError("too_many_images", given=90, limit=64)

A good refusal says what was given, what is expected and what to do, in the reader's language, and shows
nothing of the server's inside. The status tells whose turn it is: 4xx, the client must change something;
503, the same request may work in a second. Lesson 43.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edgelab.errors import EdgelabError
from edgelab.serving.language import N_, _

# For each code the status and the sentence.
CODES: dict[str, tuple[int, str]] = {
    # About the request as a whole
    "bad_request": (400, N_("The request can't be understood: this is no proper HTTP.")),
    "bad_json": (400, N_("The body is no valid JSON: look at line {line}, column {column}.")),
    "no_images": (
        400,
        N_("There is no image in the form, or the form is damaged. Send files as “{field}”."),
    ),
    "not_found": (404, N_("There is nothing at this address.")),
    "method_not_allowed": (405, N_("This address does not take {method}.")),
    "too_slow": (
        408,
        N_("The request took longer than {seconds} s to arrive. Send smaller images."),
    ),
    "body_too_large": (
        413,
        N_("The request is larger than {limit} bytes. Send fewer or smaller images."),
    ),
    "headers_too_large": (431, N_("The headers of the request are too large.")),
    "unsupported_media_type": (
        415,
        N_("Send images as multipart/form-data or as application/json; this is {given}."),
    ),
    "invalid_request": (
        422,
        N_("“{place}” can't be used: it is missing, unknown, or not what /openapi.json describes."),
    ),
    "too_many_images": (
        422,
        N_("The request holds {given} images; at most {limit} are taken at once."),
    ),
    "bad_images": (
        422,
        N_("Nothing was computed, because {count} of {total} images can't be used."),
    ),
    "client_left": (499, N_("The client went away before its turn came.")),
    "internal": (
        500,
        N_("Something went wrong here. It is logged under the number of this request."),
    ),
    "overloaded": (503, N_("Too many requests are waiting. Try again in {seconds} s.")),
    "stopping": (503, N_("The server is about to stop. Try again in {seconds} s.")),
    "deadline": (504, N_("The answer took longer than {seconds} s. Send fewer or smaller images.")),
    # About one image
    "empty": (422, N_("The file is empty.")),
    "bad_base64": (422, N_("The data is no valid base64.")),
    "not_an_image": (
        422,
        N_("This is no image, or of a kind that is not taken here. Send JPEG, PNG, WebP or GIF."),
    ),
    "truncated": (422, N_("The image is damaged or cut off. Save or send it again.")),
    "too_many_pixels": (
        422,
        N_("The image has {width} × {height} pixels; at most {limit} in all are taken."),
    ),
    "animated": (422, N_("The image moves or has several pages. Send one still picture.")),
    "unsupported_pixels": (
        422,
        N_("The pixels are of kind {mode}, whose range is not known. Save it with 8 bits."),
    ),
}


class RefusedError(EdgelabError):
    """A request that is not answered.

    Args:
        code: one of `CODES`.
        images: what is wrong with which image, where that is the reason.
        retry_after_s: when to try again, where that may help.
        details: the numbers and words of the sentence.
    """

    def __init__(
        self,
        code: str,
        images: tuple[ImageFault, ...] = (),
        retry_after_s: int | None = None,
        **details: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.images = images
        self.retry_after_s = retry_after_s
        self.details = details

    @property
    def status(self) -> int:
        """Return the status of HTTP."""
        return CODES[self.code][0]

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the answer, in the language of the request."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": sentence(self.code, self.details),
            "request_id": request_id,
            "images": [fault.body() for fault in self.images],
        }
        return {"error": error}


@dataclass(frozen=True)
class ImageFault:
    """What is wrong with one image of a request."""

    index: int
    name: str
    code: str
    details: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return it as part of an answer, in the language of the request."""
        message = sentence(self.code, self.details)
        return {"index": self.index, "name": self.name, "code": self.code, "message": message}


class ImageError(EdgelabError):
    """One image can't be used; `details` are the numbers and words of its sentence."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def sentence(code: str, details: dict[str, Any]) -> str:
    """Return what is said about a code, in the language of the request."""
    return _(CODES[code][1]).format(**details)
