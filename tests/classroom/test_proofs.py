"""Every check of every lesson is proven: by wrong answers that it names, and by right ones that pass."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgelab.classroom import exercises
from edgelab.classroom.exercises import exercise, exercises_of, registry
from tests.classroom import answers

HERE = Path(__file__).parent
PACKAGE = Path(exercises.__path__[0])


def lessons() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(exercises.__path__)]
    return sorted(name.removeprefix("lesson") for name in names if name.startswith("lesson"))


def proofs() -> list[ModuleType]:
    """Return the test modules that hold right and wrong answers."""
    found = [
        importlib.import_module(f"tests.classroom.{path.stem}")
        for path in sorted(HERE.glob("test_lesson*.py"))
    ]
    return [module for module in found if hasattr(module, "WRONG")]


WRONG: dict[str, Any] = {}
RIGHT: dict[str, Any] = {}
for proof in proofs():
    WRONG |= proof.WRONG
    RIGHT |= proof.RIGHT

ALL = [found.name for lesson in lessons() for found in exercises_of(lesson)]


@pytest.mark.parametrize("name", ALL)
def test_a_check_is_proven_by_three_wrong_answers_and_two_variants(name: str) -> None:
    assert answers.shortfalls(name, WRONG, RIGHT) == []


def test_no_proof_is_for_an_exercise_that_is_gone() -> None:
    assert sorted({*WRONG, *RIGHT}) == sorted(ALL)


@pytest.mark.parametrize("proof", proofs(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_answers_are_put_to_the_checks(proof: ModuleType) -> None:
    """A module that names answers and forgets to import the tests would prove nothing."""
    wanted = [name for name in answers.__all__ if name.startswith("test_")]
    assert len(wanted) == 4
    assert [name for name in wanted if not hasattr(proof, name)] == []


def test_an_exercise_without_its_proof_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_exercises", dict(registry._exercises))

    @exercise("98.1 new", "Nobody has tried to get it wrong yet", hints=("a", "b"))
    def new(answer: Any) -> None:
        answer.number(1)

    (found,) = exercises_of("98")
    nothing = answers.shortfalls(found.name, WRONG, RIGHT)
    assert [sentence.partition(",")[0] for sentence in nothing] == [
        "98.1 new: 0 plausible wrong answers",
        "98.1 new: 0 correct variants; 2 are wanted",
    ]


def one(x: float) -> float:
    return x


def other(x: float) -> float:
    return 2 * x / 2


@pytest.mark.parametrize(
    ("wrong", "right", "lacks"),
    [
        ({"doubled": [one], "halved": [one], "squared": [one]}, [one, other], []),
        ({"doubled": [one, other, one], "halved": [one]}, [one, other], ["2 plausible"]),
        ({"a": [one], "b": [one], "wrong-values": [one]}, [one, other], ["2 plausible"]),
        ({"a": [one], "signature": [one], "TypeError": [one]}, [one, other], ["1 plausible"]),
        ({"a": [one], "b": [one], "c": []}, [one, other], ["2 plausible"]),
        ({"a": [one], "b": [one], "c": [one]}, [one, one], ["1 correct"]),
    ],
)
def test_what_counts_as_proof(wrong: Any, right: Any, lacks: list[str]) -> None:
    found = answers.shortfalls("98.1 new", {"98.1 new": wrong}, {"98.1 new": right})
    assert [sentence.split(": ")[1].split(",")[0].split(" ")[:2] for sentence in found] == [
        text.split(" ") for text in lacks
    ]


def literals(path: Path) -> Iterator[str]:
    """Yield the misconceptions that a module can name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Wrong":
            # `Wrong("a" if … else "b", …)` names two; names put together are in the answers' table.
            given = [] if isinstance(node.args[0], ast.JoinedStr) else ast.walk(node.args[0])
            for part in given:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_every_misconception_that_a_check_can_name_is_provoked_by_some_answer() -> None:
    proven = {name for families in WRONG.values() for name in families}
    tested = "".join(path.read_text("utf-8") for path in HERE.glob("test_*.py"))
    named = {name for path in sorted(PACKAGE.glob("*.py")) for name in literals(path)}
    assert len(named) > 150
    unproven = sorted(name for name in named - proven if f'"{name}"' not in tested)
    assert unproven == []


def test_the_rule_of_proof_is_the_one_that_is_promised() -> None:
    assert (answers.FEWEST_WRONG, answers.FEWEST_RIGHT) == (3, 2)
    text = (HERE.parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    assert "at least three plausible wrong answers" in text
    assert "at least two correct variants" in text
    assert inspect.getdoc(answers)
