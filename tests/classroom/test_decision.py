from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from edgelab import report, workflow
from edgelab.classroom import decision
from edgelab.classroom.language import speaking
from edgelab.errors import InputError
from edgelab.workflow import requirements
from edgelab.workflow.requirements import Requirements
from tests.workflow.test_recommend import image, language

LINUX = replace(workflow.typical("linux", "intel", memory_bytes=16e9), measured_here=False)


def test_it_begins_at_this_machine() -> None:
    here, widget = workflow.assess(), decision.decision_explorer()
    shown = widget.platform.value, widget.processor.value, widget.accelerator.value
    assert shown == (here.platform, here.processor, here.accelerator)
    assert widget.recommendation.framework == workflow.recommend(Requirements("language")).framework


def test_the_charts_are_those_of_the_pure_function() -> None:
    widget = decision.decision_explorer(hardware=LINUX)
    same = report.decision_tree(widget.recommendation, "framework", language="en")
    with speaking("en"):
        assert widget.charts[0].table.rows == same.table.rows
        assert widget.charts[0].png == same.png
    assert len(widget.charts) == 2


def test_every_switch_of_the_requirements_is_there() -> None:
    assert set(decision.SWITCHES) == set(requirements.SWITCHES)


def test_a_control_changes_the_answer() -> None:
    widget = decision.decision_explorer(hardware=LINUX)
    assert widget.recommendation.framework == "llama.cpp"
    widget.switches["long_prompts"].value = True
    assert widget.recommendation.framework == "openvino"
    assert "OpenVINO" in widget.words.value
    widget.priority.value = "quality"
    assert widget.recommendation.quantization == "weights8"


def test_another_system_offers_its_own_hardware() -> None:
    widget = decision.decision_explorer(hardware=LINUX)
    widget.platform.value = "ios"
    assert [value for _text, value in widget.processor.options] == ["arm"]
    assert widget.accelerator.value == "apple"
    widget.platform.value = "linux"
    assert (widget.processor.value, widget.accelerator.value) == ("intel", "none")
    widget.processor.value = "other"
    assert [value for _text, value in widget.accelerator.options] == ["none"]


def test_switches_without_a_meaning_for_a_kind_are_off() -> None:
    widget = decision.decision_explorer(hardware=LINUX)
    assert widget.switches["calibration"].disabled
    widget.kind.value = "image"
    assert widget.switches["long_prompts"].disabled
    assert not widget.switches["calibration"].disabled


def test_memory_decides_what_fits() -> None:
    widget = decision.decision_explorer(hardware=LINUX, model=language(1_000_000_000))
    widget.priority.value = "quality"
    widget.memory.value = 1e9
    assert widget.recommendation.quantization == "weights4"
    assert widget.kind.disabled


def test_where_nothing_runs_the_card_says_so() -> None:
    widget = decision.decision_explorer(hardware=LINUX)
    widget.platform.value = "embedded"
    assert widget.recommendation.framework is None
    assert len(widget.charts) == 1
    assert "microcontroller" in widget.words.value


def test_the_card_tells_size_cautions_and_alternatives_in_french() -> None:
    found = workflow.recommend(Requirements("image"), LINUX, image())
    with speaking("fr"):
        text = decision.answer(found).text
    assert "Les poids occupent environ" in text
    assert "Attention" in text
    assert "ONNX Runtime" in text


def test_without_a_kernel_the_static_twin_stands_in_its_place() -> None:
    bundle = decision.decision_explorer(hardware=LINUX)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "<table" in bundle["text/html"]
    assert "llama.cpp" in bundle["text/plain"]


def test_contradictions_are_refused() -> None:
    with pytest.raises(InputError, match="of the kind 'language'"):
        decision.decision_explorer(Requirements("image"), LINUX, language())
