"""Olive runs the course's configurations for real; what it refuses is told in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import evaluate, olive, slm
from edgelab.errors import EdgelabError, FormatError, InputError, MissingRuntimeError, SplitError
from edgelab.olive import runner
from edgelab.slm import parity
from tests.slm import tiny

pytest.importorskip("olive", reason="olive-ai is not installed")


@pytest.fixture
def static(tiny_files: dict[str, Path], tiny_split: Any) -> dict[str, Any]:
    return olive.configuration("static", tiny_files["m.onnx"], tiny_split("calibration"))


def test_dynamic_and_static_quantization_keep_the_answers(
    tiny_files: dict[str, Path], tiny_split: Any, tiny_model: Any, static: dict[str, Any]
) -> None:
    images = tiny_split("validation").x
    expected = np.asarray(tiny_model(images))
    for configuration in (olive.configuration("dynamic", tiny_files["m.onnx"]), static):
        result = olive.run(configuration, "made")
        assert result.path is not None
        apart = np.abs(evaluate.predict(result.path, images) - expected)
        assert 0 < apart.mean() < 0.03 * np.ptp(expected)
        assert result.candidates[0].passed is None
        assert len(result.met) == 1
        assert "Running workflow" in result.log.read_text()


def test_a_search_measures_every_candidate_and_keeps_to_the_constraint(
    tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    calibration, validation = tiny_split("calibration"), tiny_split("validation")
    configuration = olive.configuration(
        "search", tiny_files["m.onnx"], calibration, validation, max_drop=0.5
    )
    result = olive.run(configuration, "searched")
    tried = [row for row in result.table() if row["candidate"] != "input"]
    assert {(row["per_channel"], row["reduce_range"]) for row in tried} == {
        (a, b) for a in (True, False) for b in (True, False)
    }
    assert all(row["latency-p50"] > 0 and row["size-bytes"] > 1000 for row in tried)
    assert result.path is not None
    assert len(result.met) == 4
    # Olive's accuracy is ours.
    best = evaluate.accuracy(result.path, validation).value
    assert best in {c.figures["accuracy-accuracy_score"] for c in result.met}


def test_four_bits_of_a_language_model_are_those_of_the_builder(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime_genai", reason="onnxruntime-genai is not installed")
    from edgelab.slm import to_onnx

    source = tiny.folder(tmp_path / "tiny", shape=replace(tiny.SHAPE, feed_forward=768))
    folder = olive.int4(source, tmp_path / "int4")
    direct = to_onnx.convert(source, tmp_path / "direct", "int4")
    assert parity.read(folder).top1_agreement == parity.read(direct).top1_agreement
    ids = list(range(1, 50))
    with slm.load(folder) as one, slm.load(direct) as other:
        np.testing.assert_array_equal(one.logits(ids), other.logits(ids))


def test_a_wrong_key_or_value_is_named(static: dict[str, Any]) -> None:
    static["passes"]["int8"]["per_channel"] = "perhaps"
    with pytest.raises(InputError, match=r"refuses the configuration.*per_channel.*'perhaps'"):
        olive.run(static, "x")


def test_a_run_that_fails_tells_the_log_s_last_lines(
    static: dict[str, Any], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    static["input_model"]["model_path"] = str(broken)
    with pytest.raises(EdgelabError, match=r"failed.*log \(.*x\.log\) ends with.*Error") as caught:
        olive.run(static, "x")
    assert len(str(caught.value)) < 1500


def test_a_run_that_takes_too_long_is_stopped(static: dict[str, Any]) -> None:
    static["passes"]["int8"]["per_channel"] = False  # a run that is not in the cache
    with pytest.raises(EdgelabError, match="stopped after 0 s"):
        olive.run(static, "x", timeout_s=0.2)
    assert not Path("x").exists()


def test_bad_input_is_refused_before_olive_starts(
    tiny_files: dict[str, Path], tiny_split: Any, static: dict[str, Any]
) -> None:
    file = tiny_files["m.onnx"]
    with pytest.raises(InputError, match="no workflow 'magic'"):
        olive.configuration("magic", file)
    with pytest.raises(InputError, match="needs calibration"):
        olive.configuration("static", file)
    with pytest.raises(InputError, match="takes no calibration"):
        olive.configuration("dynamic", file, tiny_split("calibration"))
    with pytest.raises(SplitError):
        olive.configuration("static", file, tiny_split("test"))
    with pytest.raises(SplitError):
        olive.configuration("search", file, tiny_split("calibration"), tiny_split("test"))
    with pytest.raises(FormatError, match=r"takes an \.onnx file"):
        olive.configuration("dynamic", tiny_files["m.tflite"])
    with pytest.raises(InputError, match="JSON values only"):
        olive.run({**static, "passes": {"x": object()}}, "x")
    with pytest.raises(InputError, match="a dictionary"):
        olive.run([], "x")  # type: ignore[arg-type]


def test_nothing_is_sent_and_a_missing_package_is_named(
    static: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runner.QUIET["CI"] == "1"
    assert runner.QUIET["OLIVE_DISABLE_TELEMETRY"] == "1"
    monkeypatch.setattr(runner, "_NEEDED", ("olive", "not_there"))
    with pytest.raises(MissingRuntimeError, match=r"needs not_there.*pip install"):
        olive.run(static, "x")
