"""What an edited Markdown worksheet brings: only what was changed in it since it was exported.

found = edits(text, schema, answers, taken)
found.fields            # {"3.analysis": "new text", "4.strengths": ""} to be written
found.both              # fields that were changed here as well: left as they are here
found.outside           # text that stands at no place
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.cards import Card
from edgelab.classroom.language import _
from edgelab.classroom.worksheets import exported, markdown_places, markdown_rest
from edgelab.classroom.worksheets.answers import Answers, plain
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import EdgelabError, MissingFileError

_MOST_FILES = 20  # of which is remembered what was taken
_MOST_LINES = 12  # that are shown


@dataclass(frozen=True)
class Edits:
    """What was changed in a Markdown file."""

    id: str  # of the export, or the file's name
    fields: Mapping[str, str] = field(default_factory=dict)
    both: tuple[str, ...] = ()
    outside: tuple[tuple[int, str], ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)  # of `fields`, once they are taken


def edits(
    path: Path,
    schema: Schema,
    answers: Answers,
    taken: Mapping[str, Mapping[str, str]],
    over: bool = False,
) -> Edits:
    """Return what a file says otherwise than when it was exported, or last taken over.

    Args:
        path: of an export or a blank worksheet, edited.
        schema: the worksheet.
        answers: as they stand now.
        taken: what was taken over before (see `remembered`).
        over: take also what was changed in the worksheet meanwhile.

    Raises:
        FormatError: the file's encoding is unknown.
        InputError: it is no worksheet in Markdown, or has a place that is unknown or stands twice.
    """
    text = markdown_places.read(path, schema)
    said = exported.said_in(text) or exported.Said(path.name)
    bare = exported.without(text)
    before = {**said.places, **taken.get(said.id, {})}
    fields: dict[str, str] = {}
    both = []
    digests = {}
    for name, typed in markdown_places.parse(bare, schema).items():
        place, entry = schema.field(name), answers.entries.get(name)
        now, here = exported.digest(place, typed), exported.digest(place, plain(entry))
        old = before.get(name, "")
        if now in (old, here):
            continue
        # What the journal filled in is nobody's text: a typed one goes before it.
        changed_here = here != old and entry is not None and entry.typed is not None
        if changed_here and not over:
            both.append(name)
            continue
        fields[name], digests[name] = typed, now
    outside = tuple(markdown_rest.outside(bare, schema))
    return Edits(said.id, fields, tuple(both), outside, digests)


def place(given: str | Path, answers: Path) -> Path:
    """Return the file that is meant: as given, else beside the answers, where an export stands.

    Raises:
        MissingFileError: it is in neither place.
    """
    path = Path(given).expanduser()
    if path.parent == Path() and not path.exists():
        path = answers.with_name(path.name)
    if not path.exists():
        says = _("There is no file {path}. Give the path of the edited Markdown worksheet.")
        raise MissingFileError(says.format(path=path))
    return path


def says_more(path: Path, answers: Path, schema: Schema, now: Answers) -> bool:
    """Tell whether an edited file says anything that was not taken over."""
    try:
        found = edits(path, schema, now, remembered(answers))
    except EdgelabError:
        return True
    return bool(found.fields or found.both or found.outside)


def remembered(answers: Path) -> dict[str, dict[str, str]]:
    """Return what was taken over from each file so far, as digests by field."""
    try:
        content = json.loads(_memory(answers).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: digests for name, digests in content.items() if isinstance(digests, dict)}


def remember(answers: Path, found: Edits, taken: Mapping[str, Mapping[str, str]]) -> None:
    """Keep beside the answers what was taken over from a file now."""
    if not found.digests:
        return
    now = {**taken.get(found.id, {}), **found.digests}
    kept = {**{k: v for k, v in taken.items() if k != found.id}, found.id: now}
    last = dict(list(kept.items())[-_MOST_FILES:])
    workspace.atomic_write(_memory(answers), json.dumps(last, indent=1) + "\n")


def tell(path: Path, found: Edits) -> None:
    """Show what was not taken over, and what to do; nothing where all was."""
    if not found.both and not found.outside:
        return
    card = Card(_("Not everything in {file} was taken over").format(file=path.name), "attention")
    if found.both:
        says = _(
            "Changed in the file and in the worksheet since the export; the worksheet’s stays: {fields}. "
            "To take the file’s: `ws.take(…, over=True)`."
        )
        card.say(says.format(fields=", ".join(found.both)))
    if found.outside:
        card.say(_("Text outside of the places. Move it between a place’s two markers:"))
    says = _("Line {line}: {text}")
    for line, text in found.outside[:_MOST_LINES]:
        card.say(says.format(line=line, text=text if len(text) <= 100 else text[:100] + "…"))
    if len(found.outside) > _MOST_LINES:
        card.say(_("And {n} more.").format(n=len(found.outside) - _MOST_LINES))
    card.show()


def _memory(answers: Path) -> Path:
    return answers.with_name(f"{answers.stem}.taken.json")
