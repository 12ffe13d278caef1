"""Some operators become integers; the shores between them and the floats are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, runtimes
from edgelab.errors import FormatError, InputError, MissingFileError, SplitError
from edgelab.explaining import anatomy
from edgelab.quantizing import islands

LAYERS = 3


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((6, 8, 8, 8), dtype=np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("islands")
    return convert.to_onnx(islands.network(8, channels=8, layers=LAYERS), folder / "abs.onnx")


def outputs(file: Path, images: np.ndarray) -> np.ndarray:
    with runtimes.load(file) as runner:
        return np.concatenate([runner.run(image[None]) for image in images])


def test_only_what_was_asked_for_becomes_integers(source: Path, images: np.ndarray) -> None:
    parts = anatomy.of(islands.only(source, images, "islands.onnx")).parts
    assert {p.arithmetic for p in parts if p.kind == "Conv"} == {anatomy.INTEGER}
    assert {p.arithmetic for p in parts if p.kind != "Conv"} == {anatomy.FLOAT}


def test_every_island_has_a_shore_on_both_sides(source: Path, images: np.ndarray) -> None:
    assert anatomy.of(source).converters == 0
    assert anatomy.of(islands.only(source, images, "islands.onnx")).converters >= 2 * LAYERS


def test_the_answers_stay_those_of_the_float_file(source: Path, images: np.ndarray) -> None:
    expected = outputs(source, images)
    got = outputs(islands.only(source, images, "islands.onnx"), images)
    assert np.abs(got - expected).max() < 0.1 * np.abs(expected).max()


def test_nothing_reaches_the_page(
    source: Path, images: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    islands.only(source, images[:5], "islands.onnx")  # other images, so it is not kept yet
    assert capfd.readouterr().err == ""


def test_operators_that_are_not_there_are_named(source: Path, images: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"none of the operators LSTM; it has Abs, Conv"):
        islands.only(source, images, "islands.onnx", kinds=("LSTM",))


def test_the_test_split_is_refused(tiny_files: dict[str, Path], tiny_split: Any) -> None:
    with pytest.raises(SplitError):
        islands.only(tiny_files["m.onnx"], tiny_split("test"), "islands.onnx")


def test_another_shape_is_refused(source: Path) -> None:
    with pytest.raises(InputError):
        islands.only(source, np.zeros((2, 9, 9, 8), np.float32), "islands.onnx")


def test_another_format_and_a_file_that_is_not_there_are_named(images: np.ndarray) -> None:
    with pytest.raises(FormatError, match=r"m\.tflite is none"):
        islands.only("m.tflite", images, "islands.onnx")
    with pytest.raises(MissingFileError, match="absent"):
        islands.only("absent.onnx", images, "islands.onnx")
