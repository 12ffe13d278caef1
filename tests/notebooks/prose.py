"""How high a Markdown text stands on the page, and which measured figures were typed into it."""

from __future__ import annotations

import re

_COLUMNS = 100  # characters in a line of text in JupyterLab
_HEADINGS = {1: 3.0, 2: 2.5, 3: 2.0}
_NUMBER = r"\d+(?:[.,]\d+)?"
_COMPARED = (
    "faster slower smaller larger bigger quicker lighter heavier fewer less more better worse"
)
_THAN = "(?:" + "|".join(_COMPARED.split()) + ")"
_FIGURES = (
    rf"\b{_NUMBER}\s*(?:×|x|times|fois|-fold)\s+(?:as\s+)?{_THAN}\b",
    rf"\b{_THAN}\s+by\s+(?:a factor of\s+)?{_NUMBER}",
    rf"\b{_NUMBER}\s*(?:%|per ?cent)\s*(?:of\s+)?(?:accuracy|correct|{_THAN})\b",
    rf"\baccuracy\s+(?:of|is|was|falls to|drops to|rises to)\s+(?:about\s+)?{_NUMBER}",
    rf"\b{_NUMBER}\s*(?:ms|µs|milliseconds?|microseconds?)\b",
    rf"\b{_NUMBER}\s*(?:kB|KB|KiB|MB|MiB)\b",
    rf"\b{_NUMBER}\s+(?:percentage\s+)?points\b",
)


def lines(markdown: str) -> float:
    """Return about how many lines of the page a text takes."""
    total = 0.0
    for block in re.split(r"\n\s*\n", markdown.strip()):
        rest = block
        if heading := re.match(r"(#+) ", block):
            total += _HEADINGS.get(len(heading[1]), 1.5)
            rest = block.partition("\n")[2]
        if rest.startswith(("```", "|", "- ", "* ", "1. ", "> ")):
            total += sum(_wrapped(line) for line in rest.split("\n"))
        elif rest:  # a paragraph flows, whatever its line breaks in the source
            total += _wrapped(" ".join(rest.split("\n")))
        total += 0.6
    return total


def figures(markdown: str) -> list[str]:
    """Return what reads like a measured result in a text, leaving out code and quotations."""
    text = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    text = re.sub(r"^>.*$", "", text, flags=re.MULTILINE)
    text = " ".join(re.sub(r"`[^`]*`", "", text).split())
    return [match[0] for pattern in _FIGURES for match in re.finditer(pattern, text)]


def _wrapped(line: str) -> int:
    return max(1, -(-len(line) // _COLUMNS))
