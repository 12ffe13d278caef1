"""A chart that nobody is locked out of: a picture, its description in words, its numbers as a table.

In JupyterLab a chart shows as HTML (the picture with alternative text, the table folded below it);
where HTML does not show, as a PNG; on a terminal, as the description and the table.

    chart = report.bars(result)
    chart.table.rows, chart.alt
    chart.save("latency.png")
"""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab import workspace
from edgelab.figures import style
from edgelab.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

# An executed notebook carries every picture twice (once in the HTML), so it is kept small: a drawn
# chart has few colours and takes a palette, photographs become a JPEG of fewer pixels.
_COLOURS = 192
_PHOTO_SCALE = 0.7


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure with its description and its table twin.

    Args:
        figure: drawn in the course's style; it belongs to this chart alone.
        table: the numbers of the figure.
        alt: what a person who cannot see the figure needs to know.
        photographic: it holds photographs, so the file keeps all colours.
    """

    figure: Figure
    table: Table
    alt: str
    photographic: bool = False

    @functools.cached_property
    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        from PIL import Image

        with self._drawn() as image:
            flat = None if self.photographic else image.quantize(_COLOURS, dither=Image.Dither.NONE)
            return _encoded(flat or image, "PNG", optimize=True)

    @functools.cached_property
    def picture(self) -> tuple[str, bytes]:
        """Return what a notebook stores: the mime type and the file (a JPEG of photographs)."""
        if not self.photographic:
            return "image/png", self.png
        with self._drawn() as image:
            smaller = image.resize([round(side * _PHOTO_SCALE) for side in image.size])
            return "image/jpeg", _encoded(smaller, "JPEG", quality=85, optimize=True)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height on the page, in pixels."""
        width, height = self.figure.get_size_inches()
        return round(width * style.DISPLAY_DPI), round(height * style.DISPLAY_DPI)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a PNG file and return its path."""
        return workspace.atomic_write(workspace.artefact_path(path), self.png)

    def to_html(self, summary: str = "The numbers as a table") -> str:
        """Return the picture with its alternative text, and the table folded below it."""
        width, _ = self.size
        mime, data = self.picture
        return (
            f'<figure style="margin:0.3em 0"><img alt="{html.escape(self.alt, quote=True)}" '
            f'width="{width}" style="max-width:100%;height:auto" '
            f'src="data:{mime};base64,{_base64(data)}"/>'
            f'<details style="margin:0.2em 0 0.6em 0"><summary>{html.escape(summary)}</summary>'
            f"{self.table._repr_html_()}</details></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.alt}\n{self.table!r}"

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.size
        mime, data = self.picture
        bundle = {"text/plain": repr(self), "text/html": self.to_html(), mime: _base64(data)}
        return bundle, {mime: {"alt": self.alt, "width": width, "height": height}}

    @contextlib.contextmanager
    def _drawn(self) -> Iterator[Image]:
        from PIL import Image

        raw = io.BytesIO()
        with style.applied():
            self.figure.savefig(raw, format="png", dpi=style.RENDER_DPI)
        raw.seek(0)
        with Image.open(raw) as image:
            yield image.convert("RGB")


def _encoded(image: Image, form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, format=form, **options)
    return target.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
