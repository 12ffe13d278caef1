"""Planted causes on real files; the whole list, several times each, is in the bench."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import benchmark, records
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.explaining import causes
from edgelab.explaining.explain import Explanation
from edgelab.runtimes import Candidate
from tests.slow_pairs import Pairs, pixel_by_pixel


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return Pairs(tmp_path_factory.mktemp("pairs"))


@pytest.mark.parametrize(
    ("method", "cause"),
    [
        ("zeros", "zeros"),
        ("kernels", "kernels"),
        ("no_delegate", "kernels"),
        ("widened", "widened"),
        ("narrow", "narrow"),
        ("dynamic", "dynamic"),
        ("threads", "threads"),
        ("python", "python"),
    ],
)
def test_a_planted_cause_is_named(pairs: Pairs, method: str, cause: str) -> None:
    found = benchmark.explain(*getattr(pairs, method)())
    assert found.cause == cause, found
    assert found.findings[0].seen
    assert causes.CAUSES[cause].remedy in repr(found)


@pytest.mark.parametrize("method", ["the_same", "half_the_layers"])
def test_where_there_is_no_cause_none_is_found(pairs: Pairs, method: str) -> None:
    found = benchmark.explain(*getattr(pairs, method)())
    assert found.cause is None, found
    assert "No cause found" in found.verdict
    assert found.findings == ()


@pytest.mark.parametrize("method", ["pooling", "some_python"])
def test_no_cause_is_named_for_a_reason_that_is_not_known(pairs: Pairs, method: str) -> None:
    found = benchmark.explain(*getattr(pairs, method)())
    assert not found.diagnosis.kept
    assert found.cause is None, found
    assert "No cause found" in found.verdict


def test_an_explanation_is_published_and_comes_back_from_its_record(pairs: Pairs) -> None:
    found = benchmark.explain(pairs.float32, pairs.float32)
    (record,) = records.history("explanation")
    assert record.name == "float32 / float32 again"
    assert Explanation.from_dict(record.payload) == found


def test_names_can_be_given(pairs: Pairs) -> None:
    found = benchmark.explain(pairs.float32, pairs.float32, names=("a", "b"))
    assert found.names == ("a", "b")


def test_what_is_no_artefact_is_refused() -> None:
    with pytest.raises(InputError, match="'model' is a int"):
        benchmark.explain(3, 4)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingFileError, match="absent"):
        benchmark.explain("absent.tflite", "absent.tflite")


def test_a_damaged_file_is_named(tmp_path: Path, tiny_files: dict[str, Path]) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(tiny_files["m.tflite"].read_bytes()[:200])
    with pytest.raises(FormatError, match="broken"):
        benchmark.explain(tiny_files["m.tflite"], broken)


def test_no_images_and_images_of_another_shape_are_refused(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["m.tflite"]
    with pytest.raises(InputError, match="empty"):
        benchmark.explain(file, file, on=np.zeros((0, 8, 8, 1), np.float32))
    with pytest.raises(InputError, match="takes a batch of shape"):
        benchmark.explain(file, file, on=np.zeros((1, 9, 9, 1), np.float32))


def test_a_pipeline_around_a_keras_file_is_refused(tiny_files: dict[str, Path]) -> None:
    def prepare(picture: Any) -> np.ndarray:
        return np.zeros((1, 8, 8, 1), np.float32)

    pipeline = benchmark.Pipeline(tiny_files["m.keras"], prepare, None)
    with pytest.raises(InputError, match=r"runs in TensorFlow.*Convert it"):
        benchmark.explain(pipeline, pipeline)


def test_a_format_without_anatomy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"model\.gguf: an anatomy is read from"):
        benchmark.explain(file, Candidate(file))


def test_the_loop_over_pixels_computes_what_it_should() -> None:
    picture = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    assert np.allclose(pixel_by_pixel(picture), picture[None, ::2, ::2] / 255)
