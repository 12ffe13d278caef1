from __future__ import annotations

import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.explaining.explain import Explanation
from tests.evidence_made import explanation, part, side


def pruned() -> Explanation:
    """Return a candidate that loses nine tenths of its time to zeros."""
    return explanation(side("pruned", 1.0, part(zeros=0.9)), without={"zeros": 1.0})


def dynamic() -> Explanation:
    """Return a candidate whose runtime tells the time of its operators."""
    after = side("dynamic", 8.0, part(bits=8, arithmetic="dynamic"), runtime="onnxruntime")
    times = {"Relu": 0.2, "ConvInteger": 7.0, "DynamicQuantizeLinear": 0.5}
    return explanation(after, operators_ms=times)


def test_the_parts_of_a_candidate_s_time_add_up_to_all_of_it() -> None:
    chart = report.lost_time([pruned(), dynamic()])
    for row in chart.table.rows:
        parts = [
            row[c] for c in ("Promised (%)", "Main cause (%)", "Others (%)", "Unexplained (%)")
        ]
        assert sum(parts) == pytest.approx(100)
    widths = [bar.get_width() for bar in chart.figure.axes[0].patches[:4]]
    assert widths[:2] == pytest.approx([10, 90])


def test_the_cause_is_told_in_words() -> None:
    chart = report.lost_time(pruned())
    assert "zeros without structure" in chart.alt
    assert "zeros without structure" in chart.table.notes[0]


def test_a_kept_promise_is_all_blue() -> None:
    row = report.lost_time(explanation(side("same", 1.1))).table.rows[0]
    assert (row["Promised (%)"], row["Unexplained (%)"]) == (100, 0)


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(InputError, match=r"benchmark\.explain"):
        report.lost_time([])


def test_operators_are_ordered_by_their_time() -> None:
    table = report.operator_times(dynamic()).table
    assert table.column("Operator") == ["ConvInteger", "DynamicQuantizeLinear", "Relu"]
    assert sum(table.column("Share (%)")) == pytest.approx(100)


def test_many_kinds_of_operators_are_summed_up() -> None:
    times = {f"Kind{i}": 1.0 + i for i in range(12)}
    found = explanation(side("many", 80.0, runtime="onnxruntime"), operators_ms=times)
    table = report.operator_times(found).table
    assert len(table.rows) == 8
    assert table.column("Operator")[-1] == "5 other kinds"
    assert sum(table.column("Share (%)")) == pytest.approx(100)


def test_a_runtime_that_does_not_tell_is_named() -> None:
    with pytest.raises(InputError, match="ran in litert"):
        report.operator_times(pruned())
