"""Small framed pieces of feedback: the same content as HTML and as plain text.

    card = Card("Passed", tone="success")
    card.say("The largest value lands on the largest code.")
    card.show()

Colours come from JupyterLab's theme (light or dark) with fallbacks for other places; nothing is
said by colour alone. There is no script and no widget, so a saved notebook, its HTML page and a
terminal show the same. All text is escaped; `code` in backticks and **bold** are the only markup.
"""

from __future__ import annotations

import html
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

TONES = {
    "success": "var(--jp-success-color1, #2e7d32)",
    "attention": "var(--jp-warn-color1, #e65100)",
    "info": "var(--jp-brand-color1, #1976d2)",
    "neutral": "var(--jp-border-color1, #9e9e9e)",
}
_FRAME = (
    "border:1px solid var(--jp-border-color2, #bdbdbd);border-left:4px solid {colour};"
    "border-radius:3px;padding:.5em .9em;margin:.4em 0;max-width:52em;"
    "background:var(--jp-layout-color1, transparent);"
    "color:var(--jp-content-font-color1, inherit);line-height:1.45"
)
_CELL = "text-align:{align};padding:.15em 1.2em .15em 0;vertical-align:top;background:transparent"
_CODE = re.compile(r"`([^`]+)`")
# A power in code (`2 ** n`) has spaces inside its stars.
_BOLD = re.compile(r"\*\*(?!\s)(.+?)(?<!\s)\*\*")
_NUMBERLIKE = re.compile(r"[-+\u2212]?\d[\d\s.,]*(\s\S{1,3})?")
_WIDTH = 88


class Card:
    """A titled frame; add its content with `say`, `table` and `fold`, in the order of reading."""

    def __init__(self, title: str = "", tone: str = "neutral") -> None:
        self._colour = TONES[tone]
        # The neutral colour is a frame's, too faint for text.
        ink = "inherit" if tone == "neutral" else self._colour
        self._html = [f'<div style="font-weight:600;color:{ink}">{markup(title)}</div>']
        self._text = [plain(title)]
        if not title:
            self._html, self._text = [], []

    def say(self, text: str, quiet: bool = False) -> None:
        """Add a paragraph; a quiet one is smaller (where a record went, for instance)."""
        style = "margin:.25em 0" + (";font-size:.85em;opacity:.75" if quiet else "")
        self._html.append(f'<div style="{style}">{markup(text)}</div>')
        self._text.append(_wrapped(plain(text)))

    def code(self, text: str) -> None:
        """Add a line of code exactly as it stands."""
        self._html.append(
            f'<pre style="margin:.25em 0;padding:0;background:transparent">{html.escape(text)}</pre>'
        )
        self._text.append("    " + text)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table; columns whose cells are all numbers are aligned to the right."""
        columns = list(zip(*rows, strict=True)) or [()] * len(header)
        aligns = ["right" if c and all(map(_is_number, c)) else "left" for c in columns]
        head = "".join(
            f'<th scope="col" style="{_CELL.format(align=a)}">{markup(h)}</th>'
            for h, a in zip(header, aligns, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="{_CELL.format(align=a)}">{markup(cell)}</td>'
                for cell, a in zip(row, aligns, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        self._html.append(
            '<table style="margin:.3em 0;border-collapse:collapse">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        self._text.append(_text_table(header, rows, aligns))

    def fold(self, summary: str, text: str) -> None:
        """Add something that opens on a click; the plain twin shows it below its summary."""
        self._html.append(
            f'<details style="margin:.25em 0"><summary style="cursor:pointer">{markup(summary)}'
            f'</summary><div style="margin:.2em 0 .3em 1.2em">{markup(text)}</div></details>'
        )
        self._text.append(plain(summary) + "\n" + _wrapped(plain(text), indent="    "))

    @property
    def html(self) -> str:
        """Return the card as one piece of HTML."""
        return f'<div style="{_FRAME.format(colour=self._colour)}">{"".join(self._html)}</div>'

    @property
    def text(self) -> str:
        """Return the card as plain text."""
        return "\n".join(self._text)

    def bundle(self) -> dict[str, str]:
        """Return both twins by mime type."""
        return {"text/plain": self.text, "text/html": self.html}

    def show(self) -> None:
        """Show the card: in a notebook as HTML with its text twin, elsewhere as text."""
        display(self.bundle())

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def display(bundle: dict[str, Any], changing: bool = False) -> Any:
    """Show a mime bundle in a notebook, or print its text elsewhere.

    Returns:
        For one that is `changing`, in a notebook, the handle by which to update it; else None.
    """
    if not in_notebook():
        print(bundle["text/plain"])
        return None
    from IPython.display import display as show

    return show(bundle, raw=True, display_id=changing or None)  # type: ignore[no-untyped-call]


def in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this code."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")  # a terminal IPython has none


def markup(text: str) -> str:
    """Return text as safe HTML: escaped, with `code`, **bold** and line breaks."""
    escaped = _CODE.sub(r"<code>\1</code>", html.escape(text))
    return _BOLD.sub(r"<strong>\1</strong>", escaped).replace("\n", "<br>")


def plain(text: str) -> str:
    """Return text without the marks for bold; backticks stay, they read well in a terminal."""
    return _BOLD.sub(r"\1", text)


def _is_number(cell: str) -> bool:
    return bool(_NUMBERLIKE.fullmatch(cell)) or cell in ("", "-", "–")


def _wrapped(text: str, indent: str = "") -> str:
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)


def _text_table(header: Sequence[str], rows: Sequence[Sequence[str]], aligns: Sequence[str]) -> str:
    cells = [[plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  "
        + "  ".join(
            cell.rjust(width) if align == "right" else cell.ljust(width)
            for cell, width, align in zip(row, widths, aligns, strict=True)
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
