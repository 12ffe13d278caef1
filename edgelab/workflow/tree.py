"""The decision tree as data: questions with answers, leaves with reasons; checked before anybody trusts it.

    tree = load()
    tree.walk("framework", {"kind": "image", "platform": "android"}).leaf.choose      # "litert"

`check` names what is wrong with a tree: an answer that is missing, one that can't occur, a question that decides
nothing, a choice that does not exist. `load` refuses a tree with any. Lesson 35.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field

from edgelab.errors import FormatError, InputError
from edgelab.workflow import matrices
from edgelab.workflow.labels import FOLDER, Label, Source, Strict, read

FRAMEWORK, QUANTIZATION = "framework", "quantization"
NONE = "none"  # no framework runs it
# Facts that the matrices give the values of.
_FROM_MATRICES = {
    "kind": "kinds",
    "platform": "platforms",
    "accelerator": "accelerators",
    "processor": "processors",
}


class Fact(Strict):
    """Something that decides: the question that asks for it, and the values that it can have."""

    ask: Label | None = None  # None: nobody asks, only cautions look at it
    values: dict[str, Label] | tuple[str, ...] | None = None  # None: those of the matrices


class Leaf(Strict):
    """The end of a path: what is chosen (None: nothing runs it), why, and on what that rests."""

    choose: str | None
    why: Label
    source: Source


class Answer(Strict):
    """One branch: the values that lead into it, and what comes then."""

    when: tuple[str, ...] = Field(min_length=1)
    then: Question | Leaf


class Question(Strict):
    """One question with its answers."""

    ask: str
    answers: tuple[Answer, ...]


class Caution(Strict):
    """What is said beside a choice when each of these facts has one of these values."""

    when: dict[str, tuple[str, ...]] = Field(min_length=1)
    say: Label
    source: Source

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Tell whether all conditions hold; a fact that is not known meets none."""
        return all(facts.get(fact) in values for fact, values in self.when.items())


@dataclass(frozen=True)
class Step:
    """One question that was answered: the fact, its value, and both in words."""

    fact: str
    value: str
    question: Label
    answer: Label


@dataclass(frozen=True)
class Path:
    """The way through a tree: the steps, and the leaf at their end."""

    steps: tuple[Step, ...]
    leaf: Leaf


class Tree(Strict):
    """All of `tree.yaml`."""

    facts: dict[str, Fact]
    framework: Question
    quantization: Question
    cautions: dict[str, Caution]

    def values(self, fact: str) -> dict[str, Label]:
        """Return the values of a fact with their labels (the value itself where nobody asks for it)."""
        given = self.facts[fact].values
        if isinstance(given, dict):
            return given
        if isinstance(given, tuple):
            return {value: Label(en=value, fr=value) for value in given}
        if fact == FRAMEWORK:
            return _frameworks()
        labels: dict[str, Label] = getattr(matrices.load(), _FROM_MATRICES[fact])
        return labels

    def question(self, name: str) -> Question:
        """Return one of the two trees: "framework" or "quantization"."""
        return self.framework if name == FRAMEWORK else self.quantization

    def walk(self, name: str, facts: Mapping[str, str]) -> Path:
        """Answer the questions of one of the two trees.

        Raises:
            InputError: a fact that is asked for is missing or has a value that no answer has.
        """
        steps: list[Step] = []
        here: Question | Leaf = self.question(name)
        while isinstance(here, Question):
            asked = self.facts[here.ask].ask
            value = facts.get(here.ask)
            taken = next((a for a in here.answers if value in a.when), None)
            if value is None or taken is None or asked is None:
                known = ", ".join(v for a in here.answers for v in a.when)
                raise InputError(f"{here.ask} is {value!r}; the decision tree knows {known} here.")
            steps.append(Step(here.ask, value, asked, self.values(here.ask)[value]))
            here = taken.then
        return Path(tuple(steps), here)


@functools.cache
def _frameworks() -> dict[str, Label]:
    rows = matrices.load().frameworks.items()
    return {name: Label(en=row.name, fr=row.name) for name, row in rows}


@functools.cache
def load() -> Tree:
    """Return the tree of the course.

    Raises:
        FormatError: it has a defect; the first few are named.
    """
    tree = read(FOLDER / "tree.yaml", Tree)
    if problems := check(tree):
        raise FormatError(f"{FOLDER / 'tree.yaml'}: {'; '.join(problems[:4])}.")
    return tree


def check(tree: Tree) -> list[str]:
    """Return what is wrong with a tree, each in one sentence; [] when nothing is."""
    found = [*_of_facts(tree)]
    if found:  # what follows relies on the facts
        return found
    data = matrices.load()
    targets = [
        {"platform": platform, "processor": processor, "accelerator": accelerator}
        for platform, processor, accelerator in matrices.targets()
    ]
    worlds = [{"kind": kind, **target} for kind in data.kinds for target in targets]
    found += _of_question(tree, tree.framework, worlds, {}, "framework")
    pairs = [
        {"kind": kind, FRAMEWORK: name}
        for kind in data.kinds
        for name in sorted(chosen(tree, tree.framework, kind) - {NONE})
        if name in data.frameworks
    ]
    found += _of_question(tree, tree.quantization, pairs, {}, "quantization")
    asked = _asked(tree.framework) | _asked(tree.quantization)
    looked_at = {fact for caution in tree.cautions.values() for fact in caution.when}
    found += [f"the fact {f!r} decides nothing" for f in tree.facts if f not in asked | looked_at]
    return found


def chosen(tree: Tree, start: Question | Leaf, kind: str) -> set[str]:
    """Return everything that the leaves below a question choose for one kind of model."""
    if isinstance(start, Leaf):
        return {start.choose or NONE}
    answers = [a for a in start.answers if start.ask != "kind" or kind in a.when]
    return {name for answer in answers for name in chosen(tree, answer.then, kind)}


def leaves(start: Question | Leaf) -> Iterator[Leaf]:
    """Yield every leaf below a question, from top to bottom."""
    if isinstance(start, Leaf):
        yield start
        return
    for answer in start.answers:
        yield from leaves(answer.then)


def _asked(start: Question | Leaf) -> set[str]:
    if isinstance(start, Leaf):
        return set()
    return {start.ask}.union(*(_asked(answer.then) for answer in start.answers))


def _of_facts(tree: Tree) -> Iterator[str]:
    asked = _asked(tree.framework) | _asked(tree.quantization)
    for fact in sorted(asked - set(tree.facts)):
        yield f"a question asks for {fact!r}, which is no fact"
    for name, known in tree.facts.items():
        if known.values is None and name not in (*_FROM_MATRICES, FRAMEWORK):
            yield f"the fact {name!r} has no values"
        if name in asked and (known.ask is None or isinstance(known.values, tuple)):
            yield f"the fact {name!r} is asked for and has no question or no labels"
    for name, caution in tree.cautions.items():
        for fact, values in caution.when.items():
            if fact not in tree.facts:
                yield f"the caution {name!r} looks at {fact!r}, which is no fact"
            else:
                strange = set(values) - set(tree.values(fact))
                if strange:
                    yield f"the caution {name!r}: {fact} is never {', '.join(sorted(strange))}"


def _of_question(
    tree: Tree,
    here: Question | Leaf,
    worlds: list[dict[str, str]],
    free: Mapping[str, frozenset[str]],
    place: str,
) -> Iterator[str]:
    """Yield the defects below a question.

    Args:
        tree: for its facts.
        here: where the check stands.
        worlds: the combinations of facts that belong together which can still occur here.
        free: for the other facts asked so far, the values that can still occur.
        place: the way to here, for messages.
    """
    if isinstance(here, Leaf):
        yield from _of_leaf(here, worlds, place)
        return
    tied = here.ask in worlds[0]
    all_values = frozenset(tree.values(here.ask))
    possible = {w[here.ask] for w in worlds} if tied else free.get(here.ask, all_values)
    answered = [value for answer in here.answers for value in answer.when]
    for value in sorted(set(possible) - set(answered)):
        yield f"{place}: {here.ask} has no answer for {value}"
    for value in sorted(set(answered) - set(possible)):
        yield f"{place}: {here.ask} is never {value} here"
    for value in sorted({v for v in answered if answered.count(v) > 1}):
        yield f"{place}: {here.ask} answers {value} twice"
    if len(here.answers) < 2 or all(a.then == here.answers[0].then for a in here.answers):
        yield f"{place}: asking for {here.ask} decides nothing"
    for answer in here.answers:
        left = [w for w in worlds if w[here.ask] in answer.when] if tied else worlds
        values = frozenset(answer.when) & frozenset(possible)
        if left and values:
            narrowed = free if tied else {**free, here.ask: values}
            way = f"{place} > {here.ask} {'/'.join(answer.when)}"
            yield from _of_question(tree, answer.then, left, narrowed, way)


def _of_leaf(leaf: Leaf, worlds: list[dict[str, str]], place: str) -> Iterator[str]:
    data = matrices.load()
    if place.startswith(FRAMEWORK):
        if leaf.choose is not None and leaf.choose not in data.frameworks:
            yield f"{place}: there is no framework {leaf.choose!r}"
            return
        for world in worlds:
            target = world["platform"], world["kind"], world["processor"], world["accelerator"]
            if leaf.choose and matrices.support(leaf.choose, *target).state == "no":
                yield f"{place}: {leaf.choose} does not run on {', '.join(target)}"
            if leaf.choose is None and matrices.runs(*target):
                yield f"{place}: chooses nothing although something runs on {', '.join(target)}"
        return
    for world in worlds:
        schemes = data.strategies.get(world[FRAMEWORK], {}).get(world["kind"], {})
        if leaf.choose not in schemes:
            yield f"{place}: {world[FRAMEWORK]} has no scheme {leaf.choose!r} for {world['kind']}"
