from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import runtimes
from edgelab.errors import FormatError, InputError, MissingFileError, MissingRuntimeError


@pytest.mark.parametrize(
    ("file", "runtime"),
    [
        ("m.tflite", None),
        ("m.tflite", "litert-builtin"),
        ("m.onnx", None),
        ("m.keras", "keras-predict"),
        ("m.keras", "keras-compiled"),
        ("m.keras", "keras-eager"),
    ],
)
def test_every_runtime_gives_the_networks_outputs(
    tiny_files: dict[str, Path],
    tiny_model: Any,
    tiny_images: np.ndarray,
    file: str,
    runtime: str | None,
) -> None:
    expected = tiny_model.predict(tiny_images, verbose=0)
    with runtimes.load(tiny_files[file], runtime=runtime) as runner:
        np.testing.assert_allclose(runner.run(tiny_images), expected, atol=1e-5)
        runner.prepare(tiny_images[:1])()


def test_an_integer_model_takes_and_gives_floats(
    tiny_files: dict[str, Path], tiny_model: Any, tiny_images: np.ndarray
) -> None:
    expected = tiny_model.predict(tiny_images, verbose=0)
    with runtimes.load(tiny_files["int8.tflite"]) as runner:
        assert runner.input_spec.dtype == "int8"
        error = np.abs(runner.run(tiny_images) - expected).max()
    assert error < 0.05 * np.ptp(expected)


def test_prepare_runs_the_very_batch(tiny_files: dict[str, Path], tiny_images: np.ndarray) -> None:
    with runtimes.load(tiny_files["m.tflite"]) as runner:
        runner.prepare(tiny_images[:3])()
        assert runner.input_spec.shape[1:] == (8, 8, 1)


def test_a_single_image_without_batch_is_explained(
    tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    with (
        runtimes.load(tiny_files["m.tflite"]) as runner,
        pytest.raises(InputError, match=r"\(n, 8, 8, 1\).*\(8, 8, 1\).*images\[:1\]"),
    ):
        runner.run(tiny_images[0])


def test_a_wrong_shape_is_named(tiny_files: dict[str, Path]) -> None:
    with (
        runtimes.load(tiny_files["m.onnx"]) as runner,
        pytest.raises(InputError, match=r"\(2, 9, 9, 1\)"),
    ):
        runner.run(np.zeros((2, 9, 9, 1), np.float32))


def test_unscaled_integers_are_refused(tiny_files: dict[str, Path]) -> None:
    with (
        runtimes.load(tiny_files["m.tflite"]) as runner,
        pytest.raises(InputError, match=r"uint8.*Scale it first"),
    ):
        runner.run(np.zeros((1, 8, 8, 1), np.uint8))


def test_text_is_refused(tiny_files: dict[str, Path]) -> None:
    with (
        runtimes.load(tiny_files["m.tflite"]) as runner,
        pytest.raises(InputError, match="takes numbers"),
    ):
        runner.run(np.full((1, 8, 8, 1), "a"))


def test_an_empty_batch_is_refused(tiny_files: dict[str, Path]) -> None:
    with (
        runtimes.load(tiny_files["m.tflite"]) as runner,
        pytest.raises(InputError, match="empty"),
    ):
        runner.run(np.zeros((0, 8, 8, 1), np.float32))


def test_a_missing_artefact_is_named() -> None:
    with pytest.raises(MissingFileError, match=r"gone\.tflite"):
        runtimes.load("gone.tflite")


@pytest.mark.parametrize("suffix", [".tflite", ".onnx", ".keras"])
def test_a_truncated_artefact_is_named(
    tiny_files: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    broken = tmp_path / f"broken{suffix}"
    broken.write_bytes(tiny_files[f"m{suffix}"].read_bytes()[:700])
    with pytest.raises(FormatError, match=r"broken.*truncated"):
        runtimes.load(broken)


def test_a_file_of_another_format_is_named(tiny_files: dict[str, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tflite"
    wrong.write_bytes(tiny_files["m.onnx"].read_bytes())
    with pytest.raises(FormatError, match=r"wrong\.tflite"):
        runtimes.load(wrong)


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"\.keras.*\.onnx.*\.tflite"):
        runtimes.load(tmp_path / "m.pkl")


def test_a_runtime_that_does_not_run_this_file_is_refused(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"onnxruntime runs \.onnx"):
        runtimes.load(tiny_files["m.tflite"], runtime="onnxruntime")


def test_a_runtime_that_is_not_installed_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.xml").write_text("<net/>")
    monkeypatch.setattr("edgelab.runtimes.util.find_spec", lambda _name: None)
    with pytest.raises(MissingRuntimeError, match=r"openvino.*make lab"):
        runtimes.load(tmp_path / "m.xml")


def test_zero_threads_are_refused(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="threads is 0"):
        runtimes.load(tiny_files["m.tflite"], threads=0)


def test_available_names_versions_of_what_is_installed() -> None:
    assert runtimes.available()["litert"][0].isdigit()
