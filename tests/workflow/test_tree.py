from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import yaml

from edgelab.errors import InputError
from edgelab.workflow import facts, hardware, matrices, tree
from edgelab.workflow.labels import FOLDER
from edgelab.workflow.requirements import Requirements
from edgelab.workflow.tree import Leaf, Question

DATA = yaml.safe_load((FOLDER / "tree.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def data() -> Any:
    """Return the tree as plain data that a test may spoil."""
    return copy.deepcopy(DATA)


def defects(data: Any) -> str:
    return "; ".join(tree.check(tree.Tree.model_validate(data)))


def branch(question: Any, *values: str) -> Any:
    """Return what comes after answering questions with these values."""
    for value in values:
        question = next(a for a in question["answers"] if value in a["when"])["then"]
    return question


def test_the_course_s_tree_has_no_defect(data: Any) -> None:
    assert defects(data) == ""


def test_every_leaf_is_reached_by_some_requirements() -> None:
    loaded = tree.load()
    switches = ("open_source", "compiler", "many_users", "long_prompts")
    reached: set[int] = set()
    pairs: set[tuple[str, str]] = set()
    for kind, values, place in itertools.product(
        ("image", "language"), itertools.product((True, False), repeat=4), matrices.targets()
    ):
        asked = Requirements(kind, place[0], **dict(zip(switches, values, strict=True)))
        leaf = loaded.walk(tree.FRAMEWORK, facts.of(asked, hardware.typical(*place))).leaf
        reached.add(id(leaf))
        if leaf.choose:
            pairs.add((kind, leaf.choose))
    free = ("quantized", "calibration", "tiny", "priority", "room")
    for (kind, name), values in itertools.product(
        pairs, itertools.product(*(loaded.values(fact) for fact in free))
    ):
        case = {"kind": kind, "framework": name, **dict(zip(free, values, strict=True))}
        reached.add(id(loaded.walk(tree.QUANTIZATION, case).leaf))
    for name in (tree.FRAMEWORK, tree.QUANTIZATION):
        for leaf in tree.leaves(loaded.question(name)):
            assert id(leaf) in reached, leaf


def test_every_question_and_answer_speaks_both_languages() -> None:
    loaded = tree.load()

    def walk(here: Question | Leaf) -> None:
        if isinstance(here, Leaf):
            return
        asked = loaded.facts[here.ask].ask
        assert asked.say("en") != asked.say("fr")
        for answer in here.answers:
            assert all(loaded.values(here.ask)[value].say("fr") for value in answer.when)
            walk(answer.then)

    walk(loaded.framework)
    walk(loaded.quantization)


def test_a_missing_answer_is_a_defect(data: Any) -> None:
    data["framework"]["answers"][0]["then"]["answers"].pop()
    assert "platform has no answer for any" in defects(data)


def test_an_answer_that_can_t_occur_is_a_defect(data: Any) -> None:
    branch(data["framework"], "image", "macos")["answers"][0]["then"] = {
        "ask": "accelerator",
        "answers": [
            {"when": ["apple"], "then": branch(data["framework"], "image", "android")},
            {"when": ["none", "nvidia"], "then": branch(data["framework"], "image", "any")},
        ],
    }
    assert "accelerator is never nvidia here" in defects(data)


def test_a_question_that_decides_nothing_is_a_defect(data: Any) -> None:
    question = branch(data["framework"], "image", "ios")
    question["answers"][1]["then"] = question["answers"][0]["then"]
    assert "asking for licence decides nothing" in defects(data)


def test_asking_the_same_twice_is_a_defect(data: Any) -> None:
    question = branch(data["framework"], "image", "ios")
    question["answers"][0]["then"] = copy.deepcopy(question)
    assert "licence is never open here" in defects(data)


def test_a_value_in_two_answers_is_a_defect(data: Any) -> None:
    branch(data["quantization"], "language", "no")["answers"][1]["when"].append("none")
    assert "room answers none twice" in defects(data)


def test_a_choice_that_the_matrix_denies_is_a_defect(data: Any) -> None:
    branch(data["framework"], "image", "android")["choose"] = "coreml"
    assert "coreml does not run on android" in defects(data)


def test_a_choice_that_does_not_exist_is_a_defect(data: Any) -> None:
    branch(data["framework"], "image", "android")["choose"] = "caffe"
    branch(data["quantization"], "language", "yes")["choose"] = "weights3"
    assert "no framework 'caffe'" in defects(data)
    assert "no scheme 'weights3'" in defects(data)


def test_choosing_nothing_where_something_runs_is_a_defect(data: Any) -> None:
    branch(data["framework"], "language", "ios")["choose"] = None
    assert "chooses nothing although something runs on ios" in defects(data)


def test_facts_and_cautions_are_checked(data: Any) -> None:
    data["facts"]["weather"] = {"values": ["sun", "rain"]}
    assert "the fact 'weather' decides nothing" in defects(data)
    data["cautions"]["depthwise"]["when"]["scheme"] = ["static9"]
    assert "scheme is never static9" in defects(data)
    data["cautions"]["depthwise"]["when"] = {"mood": ["good"]}
    assert "'mood', which is no fact" in defects(data)
    data["framework"]["ask"] = "mood"
    assert "a question asks for 'mood'" in defects(data)


def test_a_walk_without_an_answer_is_refused() -> None:
    with pytest.raises(InputError, match="platform is None; the decision tree knows linux"):
        tree.load().walk(tree.FRAMEWORK, {"kind": "image"})
    with pytest.raises(InputError, match="kind is 'sound'"):
        tree.load().walk(tree.FRAMEWORK, {"kind": "sound"})
