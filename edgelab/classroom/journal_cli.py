"""`edgelab journal show | verify | path`: the journal on the command line.

    edgelab journal verify                       # exit status 1 when a record was altered
    edgelab journal verify hand-in/journal.jsonl
    edgelab journal verify analysis-ada.json     # the journal inside, and whether its end is there

Lesson 00 shows the same in the notebook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgelab.classroom import journal, tampering
from edgelab.classroom.journal_page import page
from edgelab.classroom.language import _, ngettext
from edgelab.classroom.tampering import Reading
from edgelab.classroom.worksheets import answers as worksheet_answers
from edgelab.classroom.worksheets.answers import Citation
from edgelab.errors import EdgelabError, MissingFileError

journal_app = typer.Typer(help="The journal: what was measured, predicted and solved.")

File = Annotated[
    Path | None,
    typer.Argument(help="A journal file; by default the workspace's.", show_default=False),
]


@journal_app.command()
def show(
    file: File = None,
    limit: Annotated[int, typer.Option(min=1, help="How many records, counted from the end.")] = 20,
) -> None:
    """Show the last records."""
    typer.echo(page(_journal(file), limit).text)


@journal_app.command()
def verify(file: File = None) -> None:
    """Check that no record was edited, removed or moved; of a hand-in also that the last one is there."""
    try:
        path, reading, head = _read(file)
    except EdgelabError as error:
        raise _stop(error) from error
    for problem in reading.problems:
        typer.echo(problem.text)
    count = len(reading.entries)
    text = ngettext("{n} sound record in {path}", "{n} sound records in {path}", count)
    typer.echo(text.format(n=count, path=path))
    if head is None:
        text = _(
            "Records that were cut off at the end can't be seen in a journal alone: a hand-in "
            "(`analysis-….json`) names the last one, so verify that file."
        )
        typer.echo(text)
    elif not any(problem.kind == "cut" for problem in reading.problems):
        text = _("Record {number}, the last one that the worksheet names, is there.")
        typer.echo(text.format(number=head.record))
    if any(problem.tampering for problem in reading.problems):
        raise typer.Exit(1)


@journal_app.command()
def path() -> None:
    """Print where the journal is."""
    typer.echo(journal.path())


def _read(file: Path | None) -> tuple[Path, Reading, Citation | None]:
    """Return a journal, and the last record that the worksheet with it names."""
    if file is not None and file.suffix.lower() == ".json" and file.is_file():
        answers = worksheet_answers.parse(file.read_bytes(), file.name)
        content = worksheet_answers.journal_content(answers)
        if content is None:
            says = _("There is no journal in {file}; it is put in when the worksheet is handed in.")
            raise MissingFileError(says.format(file=file.name))
        head = answers.journal_head
        return file, tampering.read(content, _cited(head)), head
    chosen = _journal(file)
    head = _own_head() if file is None else None
    return chosen.path, chosen.reading(_cited(head)), head


def _own_head() -> Citation | None:
    """Return what the workspace's worksheet named when it was last saved."""
    from edgelab.classroom.worksheets.worksheet import answers_path

    try:
        own = worksheet_answers.parse(answers_path().read_bytes())
    except (OSError, EdgelabError):
        return None
    return own.journal_head


def _cited(head: Citation | None) -> dict[int, str]:
    return {head.record: head.hash} if head else {}


def _journal(file: Path | None) -> journal.Journal:
    if file is None:
        return journal.the_journal()
    if not file.is_file():
        typer.echo(_("There is no file {path}.").format(path=file), err=True)
        raise typer.Exit(2)
    return journal.Journal(file)


def _stop(error: EdgelabError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)
