"""How a worksheet is marked: for each question what earns which share of its points, and usual mistakes.

    rubric = load("analysis")                       # solutions/worksheets/analysis.rubric.yaml
    rubric.of("3.analysis").criteria[0].share       # 0.5
    rubric.lines("3.analysis", "fr")                # to stand beside the place for the mark

A question without an entry, an entry without a question, and shares that do not make a whole are errors.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field as Checked, ValidationError, model_validator

from edgelab.classroom.language import AVAILABLE, _, format_number, speaking
from edgelab.classroom.worksheets import loading
from edgelab.classroom.worksheets.questions import Label
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError, MissingFileError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Strict):
    """One thing that earns a share of a question's points."""

    share: float = Checked(gt=0, le=1)
    label: Label
    columns: tuple[
        str, ...
    ] = ()  # of a table, whose cells earn this share; () where a person judges


class Guide(_Strict):
    """How one question is marked."""

    criteria: tuple[Criterion, ...] = Checked(min_length=1)
    mistakes: tuple[Label, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(criterion.share for criterion in self.criteria)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of its criteria make {total:g} instead of 1")
        return self


class Rubric(_Strict):
    """How a whole worksheet is marked."""

    worksheet: str
    questions: dict[str, Guide]

    def of(self, question: str) -> Guide:
        """Return how one question is marked ("3.analysis").

        Raises:
            InputError: it gives no points, or there is no such question.
        """
        if question not in self.questions:
            raise InputError(f"The rubric of {self.worksheet!r} has no question {question!r}.")
        return self.questions[question]

    def weights(self) -> dict[str, dict[str, float]]:
        """Return for each question that can be verified the share of its points that each column earns."""
        found = {
            question: {
                column: criterion.share / len(criterion.columns)
                for criterion in guide.criteria
                for column in criterion.columns
            }
            for question, guide in self.questions.items()
        }
        return {question: shares for question, shares in found.items() if shares}

    def lines(self, question: str, lang: str) -> tuple[str, ...]:
        """Return the criteria with their points, and the usual mistakes, in a language."""
        points = {name: asked.points for name, asked in loading.load(self.worksheet).questions()}
        guide = self.of(question)
        with speaking(lang):
            earned = _("{points} pt: {criterion}")
            found = [
                earned.format(
                    points=format_number(criterion.share * points[question]),
                    criterion=criterion.label.say(lang),
                )
                for criterion in guide.criteria
            ]
            found += [_("Mistake: {mistake}").format(mistake=m.say(lang)) for m in guide.mistakes]
        return tuple(found)

    def guidance(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return the lines of every question, by language and question."""
        return {
            lang: {question: self.lines(question, lang) for question in self.questions}
            for lang in AVAILABLE
        }


def load(worksheet: str) -> Rubric:
    """Read the rubric of a worksheet.

    Args:
        worksheet: its name, "analysis".

    Raises:
        MissingFileError: there is no rubric; it is the instructor's and may not be handed out.
        InputError: it is no YAML or no rubric, or does not fit the worksheet; every place is named.
    """
    path = loading.solutions() / f"{worksheet}.rubric.yaml"
    if not path.is_file():
        raise MissingFileError(
            f"There is no rubric {path}. It belongs to the instructor's files in solutions/worksheets/."
        )
    return parse(path.read_bytes(), path, loading.load(worksheet))


@functools.lru_cache(maxsize=8)
def _parsed(content: bytes) -> object:
    return yaml.safe_load(content.decode("utf-8"))


def parse(content: bytes, path: Path, schema: Schema) -> Rubric:
    """Return the rubric that a file holds (see `load`)."""
    try:
        rubric = Rubric.model_validate(_parsed(content))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {error}") from error
    except ValidationError as error:
        raise InputError(f"{path} is no rubric:\n{loading.wrong(error)}") from error
    asked = {name for name, question in schema.questions() if question.points}
    wrong = [
        f"no question of that name gives points: {name}"
        for name in sorted(rubric.questions.keys() - asked)
    ]
    wrong += [f"nothing is said about: {name}" for name in sorted(asked - rubric.questions.keys())]
    wrong += _columns(rubric, schema)
    if rubric.worksheet != schema.id:
        wrong.insert(0, f"it is for the worksheet {rubric.worksheet!r} instead of {schema.id!r}")
    if wrong:
        raise InputError(f"{path} does not fit its worksheet:\n  " + "\n  ".join(wrong))
    return rubric


def _columns(rubric: Rubric, schema: Schema) -> list[str]:
    """Return what is wrong with the columns that criteria name: all of a table, each once, or none."""
    wrong = []
    for name, question in schema.questions():
        guide = rubric.questions.get(name)
        named = [column for c in guide.criteria for column in c.columns] if guide else []
        has = [column.id for column in question.columns] if question.type == "table" else []
        if named and sorted(named) != sorted(has):
            wrong.append(f"{name} names the columns {', '.join(named)}; it has {', '.join(has)}")
    return wrong
