"""What runs where: frameworks against platforms, processors, accelerators and needs.

    matrices.support("openvino", "linux", "language", processor="intel").state     # "yes"
    matrices.strategy("llama.cpp", "language", "weights4").name                     # "Q4_K_M"

The data is `matrices.yaml`, each cell with what it rests on: a lesson that measures it, the wheels that were
published, or documentation that the course repeats and could not verify on its machines. Lesson 35.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from edgelab.workflow.labels import FOLDER, Label, Said, Source, Strict, read
from edgelab.workflow.names import known

State = Literal["yes", "partly", "no"]
ORDER: tuple[State, ...] = ("no", "partly", "yes")


class Processor(Strict):
    """How a framework stands to one processor on one platform, where that differs from elsewhere."""

    state: State
    note: Label | None = None


class Cell(Strict):
    """One entry as it is written: a state, for some kinds of model only where it says so."""

    state: State
    source: Source
    note: Label | None = None
    kinds: tuple[str, ...] | None = None  # None: every kind that the framework has a format for
    partly: dict[str, Label] = Field(default_factory=dict)  # kind → the reserve with which it runs

    @model_validator(mode="after")
    def _reserves_are_told(self) -> Self:
        if self.state == "partly" and self.note is None:
            raise ValueError("`partly` needs a note that says with which reserve")
        return self


class PlatformCell(Cell):
    """A platform's entry: the state on its processors, and the accelerators that are used there."""

    accelerators: dict[str, Cell] = Field(default_factory=dict)
    processors: dict[str, Processor] = Field(default_factory=dict)


class Framework(Strict):
    """A framework that runs models: name, package, licence, formats, and where it runs."""

    name: str
    package: str
    packages: dict[str, str] = Field(
        default_factory=dict
    )  # kind → package, where it is another one
    licence: str
    open: bool
    formats: dict[str, str]
    reads: tuple[str, ...]
    against: dict[str, Said]
    processors: dict[str, State]
    support: dict[str, PlatformCell]

    def package_for(self, kind: str) -> str:
        """Return the package that runs a kind of model."""
        return self.packages.get(kind, self.package)


class Target(Strict):
    """Processors of a platform, and the accelerators that stand beside them."""

    processors: tuple[str, ...] = Field(min_length=1)
    accelerators: tuple[str, ...] = Field(min_length=1)


class Scheme(Strict):
    """A way of storing weights, whatever the framework: its name, and bits of a weight with its scales."""

    bits: float | None
    say: Label


class Strategy(Strict):
    """What a scheme is in one framework: its name there, and the tool that makes it."""

    name: str
    tool: str
    source: Source


class Need(Strict):
    """How far a framework meets a requirement."""

    state: State
    source: Source
    note: Label | None = None


class Matrices(Strict):
    """All of `matrices.yaml`."""

    kinds: dict[str, Label]
    platforms: dict[str, Label]
    accelerators: dict[str, Label]
    processors: dict[str, Label]
    idle: Label
    stranger: Label
    targets: dict[str, tuple[Target, ...]]
    frameworks: dict[str, Framework]
    needs: dict[str, Label]
    meets: dict[str, dict[str, Need]]
    schemes: dict[str, Scheme]
    strategies: dict[str, dict[str, dict[str, Strategy]]]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for problem in _unknown_names(self):
            raise ValueError(problem)
        return self


@dataclass(frozen=True)
class Support:
    """Whether a framework runs a kind of model on a target: the state, the reserve, and what says so."""

    state: State
    note: Label | None
    source: Source


@functools.cache
def load() -> Matrices:
    """Return the matrices."""
    return read(FOLDER / "matrices.yaml", Matrices)


@functools.cache
def targets() -> tuple[tuple[str, str, str], ...]:
    """Return every combination of platform, processor and accelerator that exists."""
    return tuple(
        (platform, processor, accelerator)
        for platform, rows in load().targets.items()
        for row in rows
        for processor, accelerator in itertools.product(row.processors, row.accelerators)
    )


@functools.cache
def support(
    framework: str, platform: str, kind: str, processor: str, accelerator: str = "none"
) -> Support:
    """Say whether a framework runs a kind of model on a target.

    A framework that runs on the processor and has no use for the target's accelerator runs there `partly`.

    Args:
        framework: a key of `load().frameworks`.
        platform: "linux", "ios", … ("any": on all systems).
        kind: "image" or "language".
        processor: "intel", "amd" (any other x86 too), "arm" or "other".
        accelerator: "none", "apple", "nvidia", "intel", "amd" or "mobile".

    Raises:
        InputError: a name that the matrices don't know.
    """
    data = load()
    known("framework", framework, data.frameworks)
    known("platform", platform, data.platforms)
    known("kind of model", kind, data.kinds)
    known("processor", processor, data.processors)
    known("accelerator", accelerator, data.accelerators)
    row = data.frameworks[framework]
    cell = row.support.get(platform)
    if cell is None:
        nowhere = Source(kind="documentation", where=f"{row.name}: no build is published")
        return Support("no", None, nowhere)
    found = _of_cell(row, cell, kind, accelerator)
    here = cell.processors.get(processor) or Processor(state=row.processors[processor])
    if ORDER.index(here.state) < ORDER.index(found.state):
        return Support(here.state, here.note or data.stranger, found.source)
    return found


@functools.cache
def runs(
    platform: str, kind: str, processor: str, accelerator: str = "none"
) -> Mapping[str, Support]:
    """Return the frameworks that run a kind of model on a target, those without a reserve first.

    Raises:
        InputError: as `support`.
    """
    found = {
        name: support(name, platform, kind, processor, accelerator) for name in load().frameworks
    }
    ordered = sorted(found.items(), key=lambda item: -ORDER.index(item[1].state))
    return MappingProxyType({name: there for name, there in ordered if there.state != "no"})


def strategy(framework: str, kind: str, scheme: str) -> Strategy:
    """Return what a scheme is called and made with in a framework.

    Raises:
        InputError: this framework has no such scheme for this kind of model.
    """
    schemes = load().strategies.get(framework, {}).get(kind, {})
    known(f"scheme of {framework} for the kind {kind!r}", scheme, schemes)
    return schemes[scheme]


def _of_cell(row: Framework, cell: PlatformCell, kind: str, accelerator: str) -> Support:
    base = _of_kind(row, cell, kind)
    if accelerator == "none":
        return base
    used = cell.accelerators.get(accelerator)
    found = None if used is None else _of_kind(row, used, kind)
    if found is not None and found.state != "no":
        return found
    if base.state == "no":
        return found or base
    return Support("partly", load().idle, base.source)


def _of_kind(row: Framework, cell: Cell, kind: str) -> Support:
    if kind in cell.partly:
        return Support("partly", cell.partly[kind], cell.source)
    served = kind in row.formats and (cell.kinds is None or kind in cell.kinds)
    return Support(cell.state if served else "no", cell.note, cell.source)


def _unknown_names(data: Matrices) -> Iterator[str]:
    """Yield what is wrong with names across the file: each in one sentence."""
    for name, row in data.frameworks.items():
        kinds = [*row.formats, *row.against, *row.packages]
        cells = [
            *row.support.values(),
            *(a for p in row.support.values() for a in p.accelerators.values()),
        ]
        kinds += [k for cell in cells for k in (*(cell.kinds or ()), *cell.partly)]
        yield from _strange(f"frameworks.{name}", kinds, data.kinds)
        yield from _strange(f"frameworks.{name}.support", row.support, data.platforms)
        for platform, cell in row.support.items():
            rows = data.targets[platform]
            place = f"frameworks.{name}.support.{platform}"
            yield from _strange(place, cell.accelerators, [a for r in rows for a in r.accelerators])
            yield from _strange(place, cell.processors, [p for r in rows for p in r.processors])
        if set(row.processors) != set(data.processors):
            yield f"frameworks.{name}.processors must name exactly {', '.join(data.processors)}"
        if set(row.against) != set(row.formats):
            yield f"frameworks.{name}.against must speak of exactly {', '.join(row.formats)}"
    if set(data.targets) != set(data.platforms):
        yield "targets must name exactly the platforms"
    for target in (row for rows in data.targets.values() for row in rows):
        yield from _strange("targets", target.processors, data.processors)
        yield from _strange("targets", target.accelerators, data.accelerators)
    if set(data.meets) != set(data.frameworks):
        yield "meets must name exactly the frameworks"
    for name, needs in data.meets.items():
        if set(needs) != set(data.needs):
            yield f"meets.{name} must name exactly {', '.join(data.needs)}"
    yield from _strange("strategies", data.strategies, data.frameworks)
    for name, by_kind in data.strategies.items():
        yield from _strange(f"strategies.{name}", by_kind, data.frameworks[name].formats)
        for kind, schemes in by_kind.items():
            yield from _strange(f"strategies.{name}.{kind}", schemes, data.schemes)


def _strange(place: str, names: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
    wanted = list(dict.fromkeys(allowed))
    for name in names:
        if name not in wanted:
            yield f"{place}: there is no {name!r}; there are {', '.join(wanted)}"
