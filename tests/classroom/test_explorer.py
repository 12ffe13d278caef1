from __future__ import annotations

import base64

import pytest

from edgelab.classroom import explorer
from edgelab.classroom.language import speaking
from edgelab.errors import InputError, SplitError
from edgelab.reporting import pareto
from tests.records_made import comparison, float_and_int8, measurement
from tests.reporting.test_pareto import made


def test_the_chart_is_that_of_the_pure_function() -> None:
    widget = explorer.pareto_explorer(made())
    same = explorer.figure(made(), "size_gzip_bytes", "accuracy", "accuracy", {})
    assert widget.chart.png == same.png


def test_sliders_change_the_recommendation_and_its_sentence() -> None:
    widget = explorer.pareto_explorer(made(), {"size_gzip_bytes": 20_000})
    assert widget.choice.name == "int8"
    widget.limits["size_gzip_bytes"].value = min(
        value for _text, value in widget.limits["size_gzip_bytes"].options if value
    )
    assert not widget.choice.satisfied
    assert "tiny" in widget.words.value
    assert "No model keeps all limits" in widget.words.value
    widget.limits["size_gzip_bytes"].value = explorer.NO_LIMIT
    assert widget.choice.limits == {}


def test_a_figure_against_itself_is_asked_back() -> None:
    widget = explorer.pareto_explorer(made())
    before = widget.chart
    widget.y.value = widget.x.value
    assert widget.chart is before
    assert "two different figures" in widget.words.value


def test_only_what_was_measured_can_be_limited() -> None:
    bare = comparison(measurement("a"), measurement("b", 0.5, 50_000))
    widget = explorer.pareto_explorer(bare)
    assert set(widget.limits) == {"size_gzip_bytes", "latency_ms"}
    assert {widget.x.value, widget.y.value} == {"size_gzip_bytes", "latency_ms"}


def test_without_a_kernel_the_static_twin_stands_in_its_place() -> None:
    bundle = explorer.pareto_explorer(made())._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "<table" in bundle["text/html"]


def test_the_sentence_speaks_french() -> None:
    with speaking("fr"):
        text = explorer.sentence(pareto.choose(made(), "latency_ms", {"accuracy": 0.99}))
    assert "Aucun modèle" in text
    assert "**float32**" in text


def test_the_sentence_names_ties_and_the_only_one_left() -> None:
    assert "can't be told apart" in explorer.sentence(pareto.choose(made(), "accuracy"))
    only = pareto.choose(made(), "latency_ms", {"size_gzip_bytes": 4_500})
    assert explorer.sentence(only) == "Only **tiny** keeps the limits."


def test_nothing_to_explore_is_an_error() -> None:
    with pytest.raises(InputError):
        explorer.pareto_explorer([])


def test_test_images_are_not_there_to_explore() -> None:
    with pytest.raises(SplitError, match="on the test images"):
        explorer.pareto_explorer(float_and_int8())
