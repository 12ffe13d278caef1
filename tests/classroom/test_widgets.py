from __future__ import annotations

import base64

import pytest

from edgelab import report
from edgelab.classroom import widgets
from edgelab.classroom.language import speaking
from edgelab.errors import InputError
from tests.records_made import accuracy, comparison, float_and_int8, measurement


def test_the_chart_is_that_of_the_pure_function() -> None:
    chart = widgets.comparison_chart(float_and_int8()).chart
    assert chart.png == report.bars(float_and_int8(), by="latency_ms").png


def test_controls_only_change_the_arguments() -> None:
    widget = widgets.comparison_chart(float_and_int8())
    widget.metric.value = "size_gzip_bytes"
    widget.kind.value = "gain"
    widget.sort.value = "name"
    assert (
        widget.chart.alt == widgets.figure(float_and_int8(), "size_gzip_bytes", "gain", "name").alt
    )
    assert "4.00\N{NO-BREAK SPACE}× smaller" in widget.picture.value


def test_every_combination_of_controls_can_be_drawn() -> None:
    for metric in widgets.METRICS:
        for kind in widgets.KINDS:
            assert widgets.figure(float_and_int8(), metric, kind, "value").table.rows


def test_only_what_was_measured_can_be_chosen() -> None:
    bare = comparison(measurement("a", memory_bytes=None), measurement("b", memory_bytes=None))
    offered = {key for _text, key in widgets.comparison_chart(bare).metric.options}
    assert offered == set(widgets.METRICS) - {"memory_bytes", "accuracy"}


def test_an_accuracy_has_no_gain() -> None:
    widget = widgets.comparison_chart(float_and_int8())
    widget.kind.value = "gain"
    widget.metric.value = "accuracy"
    assert widget.kind.disabled
    assert "Accuracy: float32 90" in widget.chart.alt
    widget.metric.value = "latency_ms"
    assert not widget.kind.disabled


def test_without_a_kernel_the_static_twin_stands_in_its_place() -> None:
    bundle = widgets.comparison_chart(float_and_int8())._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "<img alt=" in bundle["text/html"]
    assert "<table" in bundle["text/html"]
    assert "float32" in bundle["text/plain"]


def test_the_twin_shows_what_the_controls_say() -> None:
    widget = widgets.comparison_chart(float_and_int8())
    before = widget._repr_mimebundle_()["image/png"]
    widget.metric.value = "size_file_bytes"
    assert widget._repr_mimebundle_()["image/png"] != before


def test_controls_are_labelled_for_those_who_hear_them() -> None:
    widget = widgets.comparison_chart(float_and_int8())
    for control in (widget.metric, widget.kind, widget.sort):
        assert control.description
        assert control.tooltip


def test_controls_speak_french() -> None:
    with speaking("fr"):
        widget = widgets.comparison_chart(float_and_int8())
    assert dict(widget.metric.options)["Latence"] == "latency_ms"
    assert widget.chart.figure.axes[0].get_title(loc="left") == "Latence"


def test_a_simulated_model_is_refused() -> None:
    with pytest.raises(InputError, match="simulated"):
        widgets.comparison_chart(float_and_int8(simulated=True))


def test_measurements_that_were_not_compared_offer_no_gain_in_time() -> None:
    widget = widgets.comparison_chart(
        [measurement("a", accuracy=accuracy()), measurement("b", accuracy=accuracy())]
    )
    assert widget.kind.disabled
