"""`edgelab journal show | verify | path`: the journal on the command line.

    edgelab journal verify                       # exit status 1 when a record was altered
    edgelab journal verify hand-in/journal.jsonl

Lesson 00 shows the same in the notebook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgelab.classroom import journal
from edgelab.classroom.journal_page import page
from edgelab.classroom.language import _, ngettext
from edgelab.errors import EdgelabError

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
    """Check that no record was edited, removed or moved."""
    chosen = _journal(file)
    try:
        problems = chosen.verify()
        count = len(chosen.reading().entries)
    except EdgelabError as error:
        raise _stop(error) from error
    for problem in problems:
        typer.echo(problem.text)
    text = ngettext("{n} sound record in {path}", "{n} sound records in {path}", count)
    typer.echo(text.format(n=count, path=chosen.path))
    if any(problem.tampering for problem in problems):
        raise typer.Exit(1)


@journal_app.command()
def path() -> None:
    """Print where the journal is."""
    typer.echo(journal.path())


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
