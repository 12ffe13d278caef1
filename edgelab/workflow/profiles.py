"""Deployment profiles: what a target usually gets, as a file that is checked key by key.

    profile = load("ios")
    profile.table()
    profile.recommend()                    # what the decision tree says for the same target

A profile names format, precision, threads, memory budget, packaging, and what to check before a release. It is
a beginning to copy and to change; `read` checks a changed one just as strictly. Lesson 35.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from edgelab.reporting.tables import Table, of_rows
from edgelab.workflow import hardware, labels, matrices, names
from edgelab.workflow.labels import FOLDER, Label, Source, Strict
from edgelab.workflow.recommend import Recommendation, recommend
from edgelab.workflow.requirements import Requirements


class Deployed(Strict):
    """What one kind of model gets on the target."""

    framework: str
    format: str
    precision: str  # a scheme of the matrices
    why: Label
    source: Source


class Threads(Strict):
    """How many threads one inference takes: a number, or the physical cores up to a number."""

    rule: Literal["fixed", "physical_cores"]
    most: int = Field(ge=1)
    why: Label

    def on(self, cores: int) -> int:
        """Return the threads to use where there are so many physical cores."""
        return self.most if self.rule == "fixed" else max(1, min(self.most, cores))


class Budget(Strict):
    """The memory that the process may take."""

    process_mb: float = Field(gt=0)
    share: float = Field(gt=0, le=1)  # of the machine's memory, whichever is less
    why: Label

    def on(self, memory_bytes: float) -> float:
        """Return the bytes that the process may take on a machine of so much memory."""
        return min(self.process_mb * 1e6, self.share * memory_bytes)


class Packaging(Strict):
    """How the model reaches the target."""

    files: tuple[str, ...] = Field(min_length=1)
    how: Label
    source: Source


class Check(Strict):
    """One thing to check before a release, and what of edgelab helps with it."""

    id: str = Field(pattern=r"[a-z_]+")
    say: Label
    tool: str | None = None  # "edgelab.convert.parity"


class Target(Strict):
    """The machine that a profile is for."""

    platform: str
    processor: str
    accelerator: str
    many_users: bool = False
    long_prompts: bool = False


class Profile(Strict):
    """One deployment profile."""

    id: str = Field(pattern=r"[a-z_]+")
    title: Label
    target: Target
    models: dict[str, Deployed]
    not_run: dict[str, Label] = Field(
        default_factory=dict
    )  # kind of model → why it does not run there
    threads: Threads
    memory: Budget
    packaging: Packaging
    checks: tuple[Check, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _agrees_with_the_matrices(self) -> Self:
        data, target = matrices.load(), self.target
        there = target.platform, target.processor, target.accelerator
        if there not in matrices.targets():
            raise ValueError(f"target: the matrices know no {', '.join(there)}")
        if set(self.models) | set(self.not_run) != set(data.kinds) or set(self.models) & set(
            self.not_run
        ):
            raise ValueError(
                f"models and not_run together name each of {', '.join(data.kinds)} once"
            )
        for kind, model in self.models.items():
            row = data.frameworks.get(model.framework)
            if row is None or kind not in row.formats:
                raise ValueError(
                    f"models.{kind}: no framework {model.framework!r} for {kind} models"
                )
            found = matrices.support(
                model.framework, target.platform, kind, target.processor, target.accelerator
            )
            if found.state == "no":
                raise ValueError(
                    f"models.{kind}: {model.framework} does not run on {', '.join(there)}"
                )
            if model.format != row.formats[kind]:
                raise ValueError(
                    f"models.{kind}.format: {model.framework} has {row.formats[kind]!r}"
                )
            if model.precision not in data.strategies[model.framework][kind]:
                raise ValueError(
                    f"models.{kind}.precision: {model.framework} has no {model.precision!r}"
                )
        if len({check.id for check in self.checks}) < len(self.checks):
            raise ValueError("checks: an id stands twice")
        return self

    def requirements(self, kind: str) -> Requirements:
        """Return the requirements that this profile answers, for one kind of model."""
        target = self.target
        return Requirements(
            kind,
            target.platform,
            many_users=target.many_users,
            long_prompts=target.long_prompts,
        )

    def recommend(self, kind: str) -> Recommendation:
        """Return what the decision tree recommends for this target.

        Raises:
            InputError: another kind of model.
        """
        there = self.target.platform, self.target.processor, self.target.accelerator
        return recommend(self.requirements(kind), hardware.typical(*there))

    def table(self, language: str | None = None) -> Table:
        """Return the profile as a table."""
        data, french = matrices.load(), labels.spoken(language) == "fr"
        rows = []
        for kind, model in self.models.items():
            precision = data.schemes[model.precision].say.say(language)
            text = f"{data.frameworks[model.framework].name}, {model.format}, {precision}"
            rows.append((data.kinds[kind].say(language), text))
            rows.append(("", f"{model.why.say(language)} ({model.source.say(language)})"))
        rows += [
            (data.kinds[k].say(language), why.say(language)) for k, why in self.not_run.items()
        ]
        threads = f"{self.threads.most}: {self.threads.why.say(language)}"
        share = f"{100 * self.memory.share:.0f}\N{NO-BREAK SPACE}%"
        if french:
            threads = threads.replace(": ", "\N{NO-BREAK SPACE}: ", 1)
            limit = f"{self.memory.process_mb:g} Mo et {share} de la mémoire au plus"
        else:
            limit = f"at most {self.memory.process_mb:g} MB, and {share} of the memory"
        words = ("fils", "mémoire", "livraison") if french else ("threads", "memory", "packaging")
        rows += [
            (words[0], threads),
            (words[1], f"{limit}; {self.memory.why.say(language)}"),
            (words[2], f"{', '.join(self.packaging.files)}; {self.packaging.how.say(language)}"),
        ]
        check = "vérifier" if french else "check"
        rows += [
            (check, c.say.say(language) + (f" ({c.tool})" if c.tool else "")) for c in self.checks
        ]
        head = ("Quoi", "Comment") if french else ("What", "How")
        return of_rows(head, rows, caption=self.title.say(language))

    def __repr__(self) -> str:
        return repr(self.table())

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def available() -> tuple[str, ...]:
    """Return the ids of the profiles that the course ships."""
    return tuple(sorted(file.stem for file in (FOLDER / "profiles").glob("*.yaml")))


@functools.cache
def load(name: str) -> Profile:
    """Return a profile of the course.

    Raises:
        InputError: there is no such profile; the nearest are named.
        FormatError: its file has a defect.
    """
    names.known("deployment profile", name, available())
    return read(FOLDER / "profiles" / f"{name}.yaml")


def read(path: str | Path) -> Profile:
    """Read a profile from a file of your own.

    Raises:
        MissingFileError: there is no such file.
        FormatError: an unknown or missing key, a value that contradicts the matrices.
    """
    return labels.read(Path(path), Profile)
