"""A whole worksheet: its parts, the places to write in them, and how one is looked up.

    schema = load("analysis")                 # `loading`: from worksheets/analysis.yaml
    schema.field("3.tests.load.result").unit  # "ms"

`questions.py` says what can be asked, `fields.py` what it comes down to: one field is one place to write,
with an identifier of its own ("3.tests.load.result"). Lesson 01.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
from collections.abc import Iterator
from typing import Self

from pydantic import Field as Checked, model_validator

from edgelab.classroom.worksheets.fields import Field, fields_of
from edgelab.classroom.worksheets.figures import units_of
from edgelab.classroom.worksheets.questions import NAME, Label, Part, Question, Strict
from edgelab.errors import InputError


class Schema(Strict):
    """A whole worksheet."""

    id: str = Checked(pattern=NAME)
    version: int = Checked(ge=1)
    title: Label
    intro: Label | None = None
    parts: tuple[Part, ...] = Checked(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields = [
            field.id for part in self.parts for q in part.questions for field in fields_of(part, q)
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
        return tuple(f for part in self.parts for q in part.questions for f in fields_of(part, q))

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
