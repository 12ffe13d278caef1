"""What a worksheet may ask, as its YAML file says it: parts, questions, options and tables.

    Label(en="Latency", fr="Latence").say("fr")     # "Latence"

A question is a text, a number, a choice, a checklist or a table. An unknown key in the file is an error.
Lesson 01.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field as Checked, model_validator

from edgelab.classroom.worksheets.figures import FIGURES

Language = Literal["en", "fr"]
NAME = r"[a-z0-9_]+"  # of what has an identifier


class Strict(BaseModel):
    """A model that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Strict):
    """One text in the languages of the worksheet."""

    en: str = Checked(min_length=1)
    fr: str = Checked(min_length=1)

    def say(self, lang: str) -> str:
        """Return the text in a language ("en" or "fr")."""
        return self.fr if lang == "fr" else self.en


class Source(Strict):
    """Where the journal has what belongs into a field.

    Either a figure of one of the two models that part 3 speaks of (a field of text takes how it was measured,
    in words), or what a lesson kept: a part of a note, or the paragraph of a defended choice.
    """

    figure: str | None = None  # a key of `figures.FIGURES`
    model: Literal["original", "optimised"] | None = None
    note: str | None = None  # "20.part1"
    part: str | None = None  # "principle"
    item: int | None = Checked(default=None, ge=0)  # of a part with several texts
    choice: str | None = None  # "24.choice"

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        kinds = [self.figure is not None, self.note is not None, self.choice is not None]
        if sum(kinds) != 1:
            raise ValueError("a source is exactly one of `figure`, `note` and `choice`")
        if (self.figure is None) != (self.model is None):
            raise ValueError("`figure` and `model` belong together")
        if (self.note is None) != (self.part is None):
            raise ValueError("`note` and `part` belong together")
        if self.figure is not None and self.figure not in FIGURES:
            raise ValueError(f"there is no figure {self.figure!r}; there are {', '.join(FIGURES)}")
        return self


class Derived(Strict):
    """A number that follows from two others: how much less the second is than the first, in percent."""

    rule: Literal["reduction_percent", "difference_points"]
    before: str  # identifiers of fields
    after: str


class Option(Strict):
    """One answer of a choice or one line of a checklist."""

    id: str = Checked(pattern=NAME)
    label: Label


class Cell(Strict):
    """What one cell of a table asks; what is left out is as in its column."""

    unit: str | None = None
    source: Source | None = Checked(default=None, alias="from")
    derived: Derived | None = None
    tolerance: float | None = Checked(default=None, gt=0, lt=1)


class Column(Cell):
    """One column of a table."""

    id: str = Checked(pattern=NAME)
    label: Label
    type: Literal["text", "number", "choice"] = "text"
    options: tuple[Option, ...] = ()


class Row(Strict):
    """One row of a table: its title, and what its cells ask beyond their columns."""

    id: str = Checked(pattern=NAME)
    label: Label | None = None  # None: a row that is free to fill
    cells: dict[str, Cell] = {}


class _Asked(Strict):
    id: str = Checked(pattern=NAME)
    label: Label
    help: Label | None = None
    points: float = Checked(default=0, ge=0)
    lessons: tuple[Annotated[str, Checked(pattern=r"\d\d")], ...] = ()  # that feed it
    required: bool = True


class TextQuestion(_Asked):
    """A text, of a line or of several."""

    type: Literal["text"]
    lines: int = Checked(default=4, ge=1)
    form: Literal["text", "date"] = "text"
    source: Source | None = Checked(default=None, alias="from")


class NumberQuestion(_Asked):
    """A number with its unit."""

    type: Literal["number"]
    unit: str = ""
    source: Source | None = Checked(default=None, alias="from")
    derived: Derived | None = None
    tolerance: float = Checked(default=0.02, gt=0, lt=1)  # relative


class ChoiceQuestion(_Asked):
    """One of several answers."""

    type: Literal["choice"]
    options: tuple[Option, ...] = Checked(min_length=2)


class ChecklistQuestion(_Asked):
    """Any number of lines to tick, each with a text of its own where `explain` is set."""

    type: Literal["checklist"]
    options: tuple[Option, ...] = Checked(min_length=1)
    explain: Label | None = None


class TableQuestion(_Asked):
    """Rows and columns, each cell a field."""

    type: Literal["table"]
    columns: tuple[Column, ...] = Checked(min_length=1)
    rows: tuple[Row, ...] = Checked(min_length=1)
    tolerance: float = Checked(default=0.02, gt=0, lt=1)


Question = Annotated[
    TextQuestion | NumberQuestion | ChoiceQuestion | ChecklistQuestion | TableQuestion,
    Checked(discriminator="type"),
]


class Part(Strict):
    """One part of the worksheet."""

    id: str = Checked(pattern=NAME)
    title: Label
    intro: Label | None = None
    questions: tuple[Question, ...] = Checked(min_length=1)
