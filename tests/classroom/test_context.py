from __future__ import annotations

import pytest

from edgelab import workspace
from edgelab.classroom import context
from edgelab.errors import InputError


def test_a_lesson_is_begun_once_and_known_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_LESSON", "")
    context.begin("20", "full")
    assert context.current_lesson() == "20"
    assert workspace.profile() == "full"
    context.begin("24")
    assert context.current_lesson("int8_size") == "24"
    assert workspace.profile() == "full"


def test_a_name_says_its_lesson() -> None:
    assert context.current_lesson("10.2 percentile") == "10"
    assert context.current_lesson("int8_size") is None


def test_the_open_notebook_says_its_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/a/notebooks/20_quantization.ipynb")
    assert context.current_lesson("int8_size") == "20"
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/a/20_courses/Untitled.ipynb")
    assert context.current_lesson("int8_size") is None


@pytest.mark.parametrize("name", ["2", "020", "ab", "20_x", ""])
def test_a_lesson_is_two_digits(name: str) -> None:
    with pytest.raises(InputError, match="two digits"):
        context.begin(name)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(InputError, match="fast"):
        context.begin("20", "fast")


def test_outside_of_a_notebook_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_PROFILE", "class")
    assert not context.person_present()


def test_a_variable_decides_whether_somebody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_HEADLESS", "0")
    assert context.person_present()
    monkeypatch.setenv("EDGELAB_HEADLESS", "1")
    assert not context.person_present()
    monkeypatch.setenv("EDGELAB_HEADLESS", "yes")
    with pytest.raises(InputError, match="EDGELAB_HEADLESS is 'yes'"):
        context.person_present()
