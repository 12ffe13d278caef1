"""What a worksheet asks: parts, questions and fields, in French and English, read from one YAML file.

    schema = load("analysis")                 # worksheets/analysis.yaml
    schema.field("3.tests.load.result").unit  # "ms"

A question is a text, a number, a choice, a checklist or a table. Whatever it is, it comes down to *fields*:
one field is one place to write, with an identifier of its own ("3.tests.load.result"), and answers are kept
by field. An unknown key in the file is an error. Lesson 01.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field as Checked, ValidationError, model_validator

from edgelab import workspace
from edgelab.classroom.worksheets.figures import FIGURES, units_of
from edgelab.errors import InputError, MissingFileError

Language = Literal["en", "fr"]
Kind = Literal["text", "number", "choice", "tick"]
_NAME = re.compile(r"[a-z0-9_]+")
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is not built everywhere


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Strict):
    """One text in the languages of the worksheet."""

    en: str = Checked(min_length=1)
    fr: str = Checked(min_length=1)

    def say(self, lang: str) -> str:
        """Return the text in a language ("en" or "fr")."""
        return self.fr if lang == "fr" else self.en


class Source(_Strict):
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


class Derived(_Strict):
    """A number that follows from two others: how much less the second is than the first, in percent."""

    rule: Literal["reduction_percent", "difference_points"]
    before: str  # identifiers of fields
    after: str


class Option(_Strict):
    """One answer of a choice or one line of a checklist."""

    id: str = Checked(pattern=_NAME.pattern)
    label: Label


class Cell(_Strict):
    """What one cell of a table asks; what is left out is as in its column."""

    unit: str | None = None
    source: Source | None = Checked(default=None, alias="from")
    derived: Derived | None = None
    tolerance: float | None = Checked(default=None, gt=0, lt=1)


class Column(Cell):
    """One column of a table."""

    id: str = Checked(pattern=_NAME.pattern)
    label: Label
    type: Literal["text", "number", "choice"] = "text"
    options: tuple[Option, ...] = ()


class Row(_Strict):
    """One row of a table: its title, and what its cells ask beyond their columns."""

    id: str = Checked(pattern=_NAME.pattern)
    label: Label | None = None  # None: a row that is free to fill
    cells: dict[str, Cell] = {}


class _Asked(_Strict):
    id: str = Checked(pattern=_NAME.pattern)
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


class Part(_Strict):
    """One part of the worksheet."""

    id: str = Checked(pattern=_NAME.pattern)
    title: Label
    intro: Label | None = None
    questions: tuple[Question, ...] = Checked(min_length=1)


class Field(_Strict):
    """One place to write."""

    id: str
    part: str
    question: str  # identifier of the question with its part: "3.tests"
    kind: Kind
    label: Label
    unit: str = ""
    options: tuple[Option, ...] = ()
    source: Source | None = None
    derived: Derived | None = None
    tolerance: float = 0.02
    lines: int = 1
    form: Literal["text", "date"] = "text"
    required: bool = True


class Schema(_Strict):
    """A whole worksheet."""

    id: str = Checked(pattern=_NAME.pattern)
    version: int = Checked(ge=1)
    title: Label
    intro: Label | None = None
    parts: tuple[Part, ...] = Checked(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields = [
            field.id for part in self.parts for q in part.questions for field in _fields(part, q)
        ]
        twice = sorted({name for name in fields if fields.count(name) > 1})
        if twice:
            raise ValueError(f"these identifiers stand twice: {', '.join(twice)}")
        for field in self.fields:
            figure = field.source.figure if field.source else None
            if figure and field.kind == "number" and field.unit not in units_of(figure):
                raise ValueError(
                    f"{field.id} asks for {figure} in {field.unit!r}; its units are {', '.join(units_of(figure))}"
                )
            for name in (field.derived.before, field.derived.after) if field.derived else ():
                if name not in fields:
                    raise ValueError(f"{field.id} is derived from {name!r}, which is no field")
        return self

    @functools.cached_property
    def fields(self) -> tuple[Field, ...]:
        """Return every place to write, in the order of the worksheet."""
        return tuple(f for part in self.parts for q in part.questions for f in _fields(part, q))

    @functools.cached_property
    def points(self) -> float:
        """Return how many points the whole worksheet gives."""
        return sum(question.points for _name, question in self.questions())

    def questions(self) -> Iterator[tuple[str, Question]]:
        """Yield each question with its whole identifier ("1.quantization_principle")."""
        for part in self.parts:
            for question in part.questions:
                yield f"{part.id}.{question.id}", question

    def field(self, name: str) -> Field:
        """Return one field.

        Raises:
            InputError: there is none of this name; near ones are named.
        """
        found = next((field for field in self.fields if field.id == name), None)
        if found is None:
            import difflib

            near = difflib.get_close_matches(name, [field.id for field in self.fields], 3, 0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise InputError(f"The worksheet {self.id!r} has no field {name!r}.{hint}")
        return found

    def fields_of(self, question: str) -> tuple[Field, ...]:
        """Return the fields of one question, by its whole identifier ("3.tests")."""
        return tuple(field for field in self.fields if field.question == question)

    @functools.cached_property
    def hash(self) -> str:
        """Return a short hash of all that is asked: answers tell by it for which edition they were."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]


def load(source: str | Path) -> Schema:
    """Read a worksheet's schema.

    Args:
        source: a name ("analysis", in the folder `worksheets/`) or the path of a YAML file.

    Raises:
        MissingFileError: there is no such file.
        InputError: it is no YAML, or no schema; every place that is wrong is named.
    """
    path = find(source)
    return _load(path, path.read_bytes())


@functools.lru_cache(maxsize=8)
def _load(path: Path, raw: bytes) -> Schema:
    # Reading YAML takes tenths of a second, and every cell of a notebook may open the worksheet.
    try:
        content = yaml.load(raw.decode("utf-8"), _YAML)  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {error}") from error
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path} is no worksheet schema:\n{wrong(error)}") from error


def known() -> tuple[str, ...]:
    """Return the names of the worksheets that this course has."""
    folder = workspace.data_dir().parent / "worksheets"
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def solutions() -> Path:
    """Return the folder of rubrics and exemplars, which is the instructor's."""
    return workspace.data_dir().parent / "solutions" / "worksheets"


def find(source: str | Path) -> Path:
    """Return the path of a schema, given its name or its path.

    Raises:
        MissingFileError: there is no such file.
    """
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"}:
        path = workspace.data_dir().parent / "worksheets" / f"{source}.yaml"
    if not path.is_file():
        raise MissingFileError(
            f"There is no worksheet schema {path}. Give a name such as 'analysis', or the path of a YAML file."
        )
    return path


def wrong(error: ValidationError) -> str:
    """Return every place of a file that is wrong, a line each."""
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(step) for step in problem["loc"]) or "the whole file"
        lines.append(f"  {place}: {problem['msg']}")
    return "\n".join(lines)


def _fields(part: Part, question: Any) -> list[Field]:
    name = f"{part.id}.{question.id}"
    common: dict[str, Any] = {"part": part.id, "question": name, "required": question.required}
    told: dict[str, Any]
    match question:
        case TextQuestion():
            told = {"source": question.source, "lines": question.lines, "form": question.form}
            return [Field(id=name, kind="text", label=question.label, **common, **told)]
        case NumberQuestion():
            told = {
                key: getattr(question, key) for key in ("unit", "source", "derived", "tolerance")
            }
            return [Field(id=name, kind="number", label=question.label, **common, **told)]
        case ChoiceQuestion():
            told = {"options": question.options}
            return [Field(id=name, kind="choice", label=question.label, **common, **told)]
        case ChecklistQuestion():
            return _ticks(name, question, common)
        case _:
            return [
                _cell(name, question, row, column, common)
                for row in question.rows
                for column in question.columns
            ]


def _ticks(name: str, question: ChecklistQuestion, common: dict[str, Any]) -> list[Field]:
    found = []
    for option in question.options:
        place = f"{name}.{option.id}"
        found.append(Field(id=place, kind="tick", label=option.label, **common))
        if question.explain:
            texts = {**common, "label": question.explain, "lines": 2}
            found.append(Field(id=f"{place}.how", kind="text", **texts))
    return found


def _cell(
    name: str, question: TableQuestion, row: Row, column: Column, common: dict[str, Any]
) -> Field:
    own = row.cells.get(column.id, Cell())
    return Field(
        id=f"{name}.{row.id}.{column.id}",
        kind=column.type,
        label=_joined(row.label, column.label) if row.label else column.label,
        unit=own.unit or column.unit or "",
        options=column.options,
        source=own.source or column.source,
        derived=own.derived or column.derived,
        tolerance=own.tolerance or column.tolerance or question.tolerance,
        lines=2 if column.type == "text" else 1,
        **common,
    )


def _joined(row: Label, column: Label) -> Label:
    return Label(en=f"{row.en}: {column.en}", fr=f"{row.fr} : {column.fr}")
