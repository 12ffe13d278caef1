"""What every defended choice is asked for, whichever lesson asks."""

from __future__ import annotations

from typing import Any

import pytest

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.exercises.defended import chosen, judge_reason
from tests.records_made import float_and_int8


@pytest.mark.parametrize("given", [None, "int8", ("int8", 1.0, "small"), ("int8", 1, 2, "why", 3)])
def test_four_things_are_wanted(given: Any) -> None:
    with pytest.raises(Wrong, match="four, please") as caught:
        chosen(given, float_and_int8(), "four, please", "return …")
    assert (caught.value.misconception, caught.value.next_step) == ("not-four", "return …")


def test_a_model_that_was_not_compared_is_refused_with_the_names() -> None:
    with pytest.raises(Wrong, match="int4") as caught:
        chosen(("int4", 1.0, 2.0, "why"), float_and_int8(), "", "")
    assert caught.value.misconception == "unknown-model"
    assert all(name in caught.value.next_step for name in float_and_int8().names)


def test_a_right_answer_comes_back_as_it_was_given() -> None:
    name = float_and_int8().names[1]
    assert chosen([name, 1.0, 2.0, "why"], float_and_int8(), "", "") == (name, 1.0, 2.0, "why")


@pytest.mark.parametrize("reason", [None, 3, "", "it is small"])
def test_a_few_words_are_no_reason(reason: Any) -> None:
    with pytest.raises(Wrong, match="missing") as caught:
        judge_reason(reason, "missing", "why?")
    assert caught.value.misconception == "no-reason"


def test_four_words_are_a_reason_whatever_they_say() -> None:
    def refused(reason: str) -> str:
        try:
            judge_reason(reason, "missing", "why?")
        except Wrong as wrong:
            return wrong.misconception
        return ""

    reasons = ("It is small.", "It is small enough.", "It is small enough and fast.")
    assert [refused(reason) for reason in reasons] == ["no-reason", "", ""]
