"""A student's worksheet: answer, fill, audit, export and hand in.

    ws = Worksheet("analysis", lang="fr")
    ws.answer("3.tests.load.result", "12,4 ms")     # saved at once
    ws.fill()                                       # measured cells, from the journal
    ws.audit().errors                               # what is to be mended
    ws.form()                                       # the same in a notebook, to click and type
    ws.hand_in()                                    # one file, the journal inside

The answers are one JSON file in the workspace (`answers/analysis.json`). Lesson 01.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from edgelab import workspace
from edgelab.classroom import journal as journals, language as languages
from edgelab.classroom.journal import Journal
from edgelab.classroom.worksheets import (
    answers as files,
    audit as audits,
    choosing,
    filling,
    handing_in,
    refusing,
    values,
)
from edgelab.classroom.worksheets.answers import Answers, Entry, Subjects, plain
from edgelab.classroom.worksheets.audit import Audit
from edgelab.classroom.worksheets.evidence import Compared, Evidence
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.loading import load
from edgelab.classroom.worksheets.questions import Language
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.store import Store
from edgelab.errors import InputError, JournalError


class Worksheet:
    """One worksheet with its answers.

    Args:
        name: of a schema in `worksheets/`, or the path of a YAML file.
        lang: "en" or "fr"; None takes the one of the answers, or of the system.
        path: of the answers; None takes `answers/NAME.json` in the workspace.
        journal: to fill and check from; None takes the workspace's.

    Raises:
        MissingFileError: there is no such worksheet.
        FormatError: the answers are damaged; a copy is kept, nothing is overwritten.
        InputError: the file holds the answers of another worksheet, or the language is unknown.
    """

    def __init__(
        self,
        name: str | Path = "analysis",
        lang: str | None = None,
        path: str | Path | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.schema: Schema = load(name)
        self.journal = journal or journals.the_journal()
        given = Path(path).expanduser() if path else answers_path(self.schema.id)
        begun = _language(lang or languages.language())
        self._store = Store(given, self.schema, begun)
        if lang and self.answers.language != begun:
            self.answers.language = begun  # saved with the first change

    @property
    def path(self) -> Path:
        """Return where the answers are kept."""
        return self._store.path

    @property
    def answers(self) -> Answers:
        """Return what stands in the worksheet."""
        return self._store.answers

    @property
    def lang(self) -> Language:
        """Return the worksheet's language, "en" or "fr"."""
        return self.answers.language

    @lang.setter
    def lang(self, code: str) -> None:
        with self._store.change() as kept:
            kept.language = _language(code)

    @property
    def unsaved(self) -> bool:
        """Return whether answers wait in memory because the file could not be written."""
        return self._store.unsaved

    def refresh(self) -> bool:
        """Read the file again if another notebook changed it; tell whether it did."""
        return self._store.refresh()

    def evidence(self) -> Evidence:
        """Return the sound records of the journal, ready to be asked."""
        return Evidence(self.journal.reading().entries)

    def comparisons(self) -> tuple[Compared, ...]:
        """Return the comparisons that the worksheet may speak of, oldest first."""
        return self.evidence().comparisons()

    def value(self, field: str) -> files.Value | None:
        """Return what stands in a field, None where nothing does.

        Raises:
            InputError: there is no such field; near ones are named.
        """
        return cast(
            "files.Value | None", plain(self.answers.entries.get(self.schema.field(field).id))
        )

    def answer(
        self, field: str | Mapping[str, Any], value: Any = None, *, keep: bool = False
    ) -> None:
        """Write into one field, or into several at once, and save.

        Args:
            field: an identifier ("3.analysis"), or a dictionary of identifiers and values.
            value: a text as a person types it ("12,4 ms"), a number, a truth value; None or "" empties
                the field, which then fills itself from the journal again where it can.
            keep: keep what can't be understood as it was typed, for the audit to name it; otherwise it
                is an error, and nothing is changed.

        Raises:
            InputError: an unknown field, or a value that the field does not take.
            StorageError: the file can't be written; the answers are kept in memory.
        """
        given = dict(field) if isinstance(field, Mapping) else {field: value}
        entries = {name: self._entry(self.schema.field(name), v, keep) for name, v in given.items()}
        with self._store.change() as kept:
            for name, entry in entries.items():
                before = kept.entries.get(name)
                if entry is None:
                    kept.entries.pop(name, None)
                else:
                    entry.measured = before.measured if before else None
                    kept.entries[name] = entry
            self._fill(kept)

    def subjects(
        self, record: int | None = None, original: str | None = None, optimised: str | None = None
    ) -> Subjects:
        """Choose what part 3 speaks of, fill its cells, and return the choice.

        Args:
            record: number of a comparison in the journal; None takes the latest that has these models.
            original: the model before; None takes the comparison's reference.
            optimised: the model after; None takes the smallest of the others.

        Raises:
            InputError: there is no such comparison or model; those that there are, are named.
        """
        chosen = choosing.chosen(self.evidence(), record, original, optimised)
        with self._store.change() as kept:
            kept.subjects = chosen
            self._fill(kept)
        return chosen

    def fill(self) -> tuple[str, ...]:
        """Fill what the journal can fill, save, and return the fields that changed.

        What a person wrote stays; the measured value is kept beside it.

        Raises:
            JournalError: the journal can't be read.
        """
        entries = self.journal.reading().entries
        with self._store.change() as kept:
            return filling.fill(self.schema, kept, entries)

    def audit(self) -> Audit:
        """Return what is missing, wrong or doubtful: the audit that the instructor runs."""
        with languages.speaking(self.lang):
            return audits.audit(self.schema, self.answers, self.journal.reading())

    def show(self) -> None:
        """Show how far each part is, and what is to be mended."""
        from edgelab.classroom.worksheets import card

        with languages.speaking(self.lang):
            card.overview(self.schema, self.answers, self.audit()).show()

    def form(self) -> Any:
        """Return the form: the worksheet to click and type in, saved at every change."""
        return importlib.import_module("edgelab.classroom.worksheets.form").form(self)

    def export(self, kind: Literal["md", "html"] = "html", path: str | Path | None = None) -> Path:
        """Write the filled worksheet as Markdown or as a page to read and print.

        A Markdown file that was edited since it was exported is not lost: where it says anything that was
        not taken over, a copy stays beside it.

        Args:
            kind: "md" (can be edited and taken over again, see `take`) or "html" (one file; its PDF is
                made with the browser's print).
            path: where to; None takes `NAME.LANGUAGE.md` beside the answers.
        """
        from edgelab.classroom.worksheets import paper, taking

        text = paper.text(kind, self.schema, self.answers, self.audit)
        target = Path(path or self.path.with_name(f"{self.schema.id}.{self.lang}.{kind}"))
        target = target.expanduser()
        with languages.speaking(self.lang):
            done, copy = paper.put(
                text, target, lambda: taking.says_more(target, self.path, self.schema, self.answers)
            )
            paper.tell_copy(done, copy)
        return done

    def take(self, path: str | Path, over: bool = False) -> tuple[str, ...]:
        """Take over what was changed by hand in a Markdown worksheet since it was exported.

        What was emptied or unticked there is emptied here. What stands in the file where nothing is read,
        and what was changed here as well, is shown and left as it is.

        Args:
            path: an export, or the blank `worksheets/analysis.fr.md`, edited. A place that is empty in a
                blank one leaves what stands here.
            over: take the file's text also where the worksheet's was changed meanwhile.

        Returns:
            The identifiers of the fields that changed.

        Raises:
            MissingFileError: there is no such file.
            FormatError: its encoding is unknown.
            InputError: it is no Markdown worksheet, or a marker in it is no field of this one; nothing
                is changed.
        """
        from edgelab.classroom.worksheets import taking

        with languages.speaking(self.lang):
            here = taking.place(path, self.path)
            taken = taking.remembered(self.path)
            found = taking.edits(here, self.schema, self.answers, taken, over)
            if found.fields:
                self.answer(found.fields, keep=True)
            taking.remember(self.path, found, taken)
            taking.tell(here, found)
        return tuple(found.fields)

    def hand_in(self, path: str | Path | None = None, show: bool = True) -> Path:
        """Write the file to hand in: the answers and the whole journal, and return its path.

        Args:
            path: a folder or a file; None takes `handed-in/` in the workspace. In a folder the file is
                named after the student.
            show: whether to say so where the worksheet has no name.
        """
        whole = handing_in.whole(self.answers, self.journal)
        given = Path(path).expanduser() if path else workspace.workspace() / "handed-in"
        target = given if given.suffix == ".json" else given / handing_in.file_name(whole)
        files.write(target, whole)
        with languages.speaking(self.lang):
            if show:
                handing_in.tell(whole, target)
        return target

    def _entry(self, field: Field, given: Any, keep: bool) -> Entry | None:
        with languages.speaking(self.lang):
            understood = values.understand(field, given)
        if understood.value is None:
            return None
        if not keep:
            with languages.speaking(self.lang):
                wrong = refusing.wrong(field, understood)
            if wrong:
                raise InputError(f"{field.id}: {wrong}")
        typed = values.clean(given) if isinstance(given, str) else str(given)
        return Entry(value=understood.value, typed=typed, when=files.now())

    def _fill(self, kept: Answers) -> None:
        """Bring derived and measured cells up to date; a journal that can't be read is no reason to stop."""
        try:
            filling.fill(self.schema, kept, self.journal.reading().entries)
            kept.journal_head = handing_in.head(self.journal)
        except JournalError:
            filling.fill(self.schema, kept, ())

    def __repr__(self) -> str:
        parts = audits.progress(self.schema, self.answers)
        filled, asked = sum(p.filled for p in parts), sum(p.asked for p in parts)
        return f"Worksheet({self.schema.id!r}, lang={self.lang!r}): {filled} of {asked} places filled, {self.path}"


def answers_path(name: str = "analysis") -> Path:
    """Return where the workspace keeps the answers of a worksheet."""
    return workspace.workspace() / "answers" / f"{name}.json"


def _language(code: str) -> Language:
    with languages.speaking(code):
        return cast("Language", languages.language())
