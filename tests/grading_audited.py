"""What came out of grading strangers' files, looked at by independent eyes: rows, cells, pages, sheets, places.

offences(out, count)          # [] when everybody is in, and nothing is injected anywhere
"""

from __future__ import annotations

import csv
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

_DANGEROUS = {
    "script",
    "iframe",
    "object",
    "embed",
    "link",
    "base",
    "form",
    "svg",
    "a",
    "input",
    "button",
}
_FORMULA = re.compile(r"^[\s\"'\u00a0]*[=+\-@＝＋－＠]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def offences(out: Path, count: int) -> list[str]:
    """Return everything that should not be in a folder of results."""
    found = _book(out / "gradebook.csv", count)
    for path in [*(out / "feedback").glob("*.html"), out / "class.html"]:
        found += [f"{path.name}: {each}" for each in _page(path)]
    for path in (out / "sheets").glob("*.yaml"):
        found += [f"{path.name}: {each}" for each in _sheet(path)]
    return found


def snapshot(folder: Path, without: Path) -> dict[str, str]:
    """Return what stands in a folder, by path, one folder left out."""
    return {
        str(path.relative_to(folder)): (
            "link" if path.is_symlink() else _digest(path) if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
        if path != without and without not in path.parents
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _book(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    found = [] if len(rows) == count else [f"{len(rows)} rows for {count} submissions"]
    for row in rows:
        if len(row) != len(header):
            found.append(f"a row of {len(row)} cells for {len(header)} columns: {row[:2]}")
            continue
        named = dict(zip(header, row, strict=True))
        for cell in row:
            # An apostrophe in front is what defuses; a bare minus sign would be a number.
            if _FORMULA.match(cell) and not cell.startswith("'"):
                found.append(f"a formula: {cell[:60]!r}")
            if any(c in cell for c in "\n\r\t\0"):
                found.append(f"a cell of several lines: {cell[:60]!r}")
        if named["status"] == "unreadable" and not named["reason"]:
            found.append(f"unreadable without a reason: {row[0]}")
        if "stumbled" in named["reason"] or "ended its process" in named["reason"]:
            found.append(f"crashed: {named['name'][:40]}: {named['reason'][:160]}")
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DANGEROUS:
            self.found.append(f"an element {tag}")
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or ""):
                self.found.append(f"an attribute {name}")
            if tag == "img" and name == "src" and not (value or "").startswith("data:image/"):
                self.found.append("a picture from elsewhere")


def _page(path: Path) -> list[str]:
    content = path.read_text("utf-8")
    reader = _Reader()
    # Each different tag once: the parser is slow, and a page has few different ones.
    body = re.sub(r"<style>.*?</style>", "", content, count=1, flags=re.DOTALL)
    for tag in dict.fromkeys(re.findall(r"<[^<>]*(?:>|(?=<)|\Z)", body)):
        reader.feed(tag)
    found = list(reader.found)
    if "default-src 'none'" not in content:
        found.append("no policy")
    if path.name != "class.html" and "<img" in content:
        found.append("a picture")
    return found


def _sheet(path: Path) -> list[str]:
    try:
        content = yaml.load(path.read_bytes(), Loader=_LOADER)
    except yaml.YAMLError as error:
        return [f"no YAML: {error}"]
    questions = content["questions"]
    given = [q["question"] for q in questions if q.get("points") is not None]
    return [f"points that nobody gave: {given}"] if given else []
