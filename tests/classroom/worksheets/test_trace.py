from __future__ import annotations

import pytest

from edgelab.classroom.worksheets.trace import trace
from edgelab.classroom.worksheets.worksheet import Worksheet
from edgelab.errors import InputError
from tests.classroom.worksheets import made

pytestmark = pytest.mark.usefixtures("journal")
NO_BREAK = "\N{NO-BREAK SPACE}"


def filled(lang: str = "en") -> Worksheet:
    made.publish_all()
    ws = Worksheet("analysis", lang=lang)
    ws.fill()
    return ws


def test_a_measured_figure_comes_from_its_record() -> None:
    (way,) = trace(filled(), "3.tests.size_optimised.result").ways
    assert [step.is_record for step in way] == [True, False]
    assert way[0].title == "record 1, comparison"
    assert [step.value for step in way] == [f"4{NO_BREAK}MB", f"4{NO_BREAK}MB"]


def test_a_derived_figure_comes_from_two_cells() -> None:
    found = trace(filled("fr"), "3.before_after.size.improvement")
    assert [way[-1].value for way in found.ways] == [f"14{NO_BREAK}Mo", f"4{NO_BREAK}Mo"]
    assert found.end is not None
    assert found.end.value == f"71,43{NO_BREAK}%"


def test_an_overtyped_cell_stands_beside_the_record() -> None:
    ws = filled()
    ws.answer("3.tests.load.result", "1 ms")
    (way,) = trace(ws, "3.tests.load.result").ways
    assert [step.value for step in way] == [f"12.4{NO_BREAK}ms", f"1{NO_BREAK}ms"]
    assert way[1].more == "typed"


def test_an_empty_cell_has_no_record() -> None:
    (way,) = trace(Worksheet("analysis"), "3.tests.load.result").ways
    assert [step.value for step in way] == ["–"]


def test_everything_is_escaped_and_there_is_a_text_twin() -> None:
    ws = filled()
    ws.answer("3.tests.load.configuration", "<script>")
    found = trace(ws, "3.tests.load.configuration")
    assert "<script>" not in found._repr_html_()
    assert "→" in repr(trace(ws, "3.before_after.size.improvement"))


def test_an_unknown_field_is_an_error_that_names_near_ones() -> None:
    with pytest.raises(InputError, match=r"3\.tests\.load\.result"):
        trace(Worksheet("analysis"), "3.tests.load.results")
