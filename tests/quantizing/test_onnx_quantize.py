from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import evaluate, quantize
from edgelab.errors import (
    FormatError,
    InputError,
    MissingFileError,
    MissingRuntimeError,
    SplitError,
)
from edgelab.measuring import machine
from edgelab.quantizing import affine, onnx_quantize


def constants(file: Path) -> dict[str, np.ndarray]:
    import onnx

    return {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(str(file)).graph.initializer}


def integer_kernel(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    return next(v for v in constants(file).values() if v.dtype == np.int8 and v.shape == shape)


def test_static_weights_are_those_of_affine_quantization_by_hand(
    tiny_files: dict[str, Path], tiny_split: Any, tiny_model: Any
) -> None:
    calibration = tiny_split("calibration")
    file = quantize.onnx_static(tiny_files["m.onnx"], calibration, "q.onnx", reduce_range=False)
    kernel = tiny_model.get_layer("first").get_weights()[0].transpose(3, 2, 0, 1)
    expected = affine.quantize(kernel, affine.fit(kernel, 8, axis=0))
    difference = np.abs(integer_kernel(file, kernel.shape).astype(int) - expected)
    assert difference.max() <= 1  # a tie may fall either way in float32
    assert (difference == 0).mean() > 0.9


def test_activations_are_unsigned(tiny_files: dict[str, Path], tiny_split: Any) -> None:
    file = quantize.onnx_static(tiny_files["m.onnx"], tiny_split("calibration"), "q.onnx")
    points = {v.dtype for v in constants(file).values() if v.ndim == 0 and v.dtype.kind in "iu"}
    assert np.dtype("uint8") in points


def test_one_scale_for_all_where_channels_are_not_wanted(
    tiny_files: dict[str, Path], tiny_split: Any
) -> None:
    calibration = tiny_split("calibration")
    apart = quantize.onnx_static(tiny_files["m.onnx"], calibration, "c.onnx")
    together = quantize.onnx_static(tiny_files["m.onnx"], calibration, "t.onnx", per_channel=False)
    sizes = [
        max(v.size for k, v in constants(f).items() if k.endswith("_scale"))
        for f in (apart, together)
    ]
    assert sizes[0] > 1
    assert sizes[1] == 1


def test_a_reduced_range_uses_seven_bits(tiny_files: dict[str, Path], tiny_split: Any) -> None:
    calibration = tiny_split("calibration")
    file = quantize.onnx_static(tiny_files["m.onnx"], calibration, "r.onnx", reduce_range=True)
    widest = max(
        np.abs(v.astype(int)).max() for v in constants(file).values() if v.dtype == np.int8
    )
    assert widest <= 64


def test_by_default_the_range_suits_this_machine(
    tiny_files: dict[str, Path], tiny_split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibration, source = tiny_split("calibration"), tiny_files["m.onnx"]
    for instructions, reduced in ((["AVX2"], True), (["AVX2", "AVX-512 VNNI"], False)):
        there = {"int8": instructions, "system": "Linux x86_64"}
        monkeypatch.setattr(machine, "describe", lambda there=there: there)
        file = quantize.onnx_static(source, calibration, "d.onnx").read_bytes()
        asked = quantize.onnx_static(source, calibration, "a.onnx", reduce_range=reduced)
        assert file == asked.read_bytes()


@pytest.mark.parametrize(
    ("instructions", "system", "expected"),
    [
        (["AVX2"], "Linux x86_64", True),
        ([], "Windows AMD64", True),
        (["AVX2", "AVX-VNNI"], "Windows AMD64", False),
        (["AMX int8"], "Linux x86_64", False),
        (["NEON dot product"], "Darwin arm64", False),
    ],
)
def test_only_x86_without_vnni_saturates(
    instructions: list[str], system: str, expected: bool
) -> None:
    assert onnx_quantize.saturates(instructions, system) is expected


@pytest.mark.parametrize("verb", ["static", "dynamic"])
def test_the_answers_are_kept(
    tiny_files: dict[str, Path], tiny_split: Any, tiny_model: Any, verb: str
) -> None:
    images = tiny_split("validation").x
    if verb == "static":
        file = quantize.onnx_static(tiny_files["m.onnx"], tiny_split("calibration"), "q.onnx")
    else:
        file = quantize.onnx_dynamic(tiny_files["m.onnx"], "q.onnx")
    expected = np.asarray(tiny_model(images))
    got = evaluate.predict(file, images)
    assert np.abs(got - expected).max() < 0.05 * np.ptp(expected)
    assert evaluate.agreement(expected, got) > 0.85


def test_a_keras_model_is_converted_first(tiny_model: Any, tiny_split: Any) -> None:
    assert quantize.onnx_static(tiny_model, tiny_split("calibration"), "q.onnx").is_file()
    assert quantize.onnx_dynamic(tiny_model, "d.onnx").is_file()


def test_bad_input_is_refused(
    tiny_files: dict[str, Path], tiny_split: Any, tiny_images: np.ndarray, tmp_path: Path
) -> None:
    source = tiny_files["m.onnx"]
    with pytest.raises(SplitError, match="test images"):
        quantize.onnx_static(source, tiny_split("test"), "q.onnx")
    with pytest.raises(InputError, match="hold NaN"):
        quantize.onnx_static(source, np.full_like(tiny_images, np.nan), "q.onnx")
    with pytest.raises(InputError, match="no images"):
        quantize.onnx_static(source, tiny_images[:0], "q.onnx")
    with pytest.raises(InputError, match=r"\(n, 8, 8, 1\)"):
        quantize.onnx_static(source, tiny_images[:, :4], "q.onnx")
    with pytest.raises(MissingFileError):
        quantize.onnx_dynamic("gone.onnx", "q.onnx")
    with pytest.raises(FormatError, match="is neither"):
        quantize.onnx_dynamic(tiny_files["m.tflite"], "q.onnx")
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(source.read_bytes()[:3000])
    with pytest.raises(FormatError, match="truncated"):
        quantize.onnx_dynamic(cut, "q.onnx")


def test_a_missing_package_is_named(
    tiny_files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    import onnxruntime

    monkeypatch.delattr(onnxruntime, "quantization", raising=False)
    with pytest.raises(MissingRuntimeError, match="pip install onnx onnxruntime"):
        quantize.onnx_dynamic(tiny_files["m.onnx"], "q.onnx")
