"""What the load client sends: images as a browser's form sends them, or as JSON with base64.

load_payloads.multipart([("cat.png", content)])
[load_payloads.multipart([image]) for image in load_payloads.sample(200)]
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Payload:
    """What one request sends: a body and its type; without a body it is a GET."""

    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def multipart(images: Sequence[tuple[str, bytes]], name: str = "images", **headers: str) -> Payload:
    """Return images as a browser's form sends them.

    Args:
        images: file name and content of each.
        name: of the form's field.
        headers: further headers, `_` for `-`: `Accept_Language="fr"`.
    """
    digest = hashlib.sha256(b"".join(content for _, content in images)).hexdigest()
    boundary = f"edgelab-{digest[:32]}".encode()
    body = b""
    for file_name, content in images:
        body += b"--" + boundary + b"\r\n"
        body += f'Content-Disposition: form-data; name="{name}"; '.encode()
        body += f'filename="{_quoted(file_name)}"\r\n'.encode()
        body += b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    body += b"--" + boundary + b"--\r\n"
    return Payload(body, f"multipart/form-data; boundary={boundary.decode()}", _named(headers))


def base64_json(images: Sequence[tuple[str, bytes]], **headers: str) -> Payload:
    """Return images as JSON with base64 (arguments as `multipart`); a third larger than the files."""
    listed = [{"name": name, "data": base64.b64encode(c).decode()} for name, c in images]
    return Payload(json.dumps({"images": listed}).encode(), "application/json", _named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _quoted(name: str) -> str:
    """Return a file name as browsers write it into a form (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def sample(count: int = 200) -> list[tuple[str, bytes]]:
    """Return test images of the CIFAR-10 sample that the course ships, as PNG files.

    Args:
        count: how many, of up to 1,000; every class has its share.
    """
    from PIL import Image

    from edgelab import data

    found = []
    for number, rgb in enumerate(data.cifar10(sample=True).test.take(count).x):
        file = io.BytesIO()
        Image.fromarray((rgb * 255).round().astype("uint8")).save(file, "PNG")
        found.append((f"{number:04d}.png", file.getvalue()))
    return found
