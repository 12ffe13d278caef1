from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgelab import evaluate, runtimes
from edgelab.errors import InputError


def split(x: np.ndarray, y: np.ndarray) -> Any:
    class Handle(SimpleNamespace):
        def __len__(self) -> int:
            return len(self.y)

    return Handle(x=x, y=y, name="test", dataset="tiny")


def scores(right: list[bool], labels: np.ndarray) -> Any:
    answers = np.where(right, labels, (labels + 1) % 10)
    return evaluate.score(answers, split(np.zeros((len(labels), 1)), labels))


def test_an_artefact_and_the_model_in_memory_predict_alike(
    tiny_model: Any, tiny_images: np.ndarray, tiny_files: dict[str, Path]
) -> None:
    expected = evaluate.predict(tiny_model, tiny_images)
    for name in ("m.tflite", "m.onnx", "m.keras"):
        np.testing.assert_allclose(
            evaluate.predict(tiny_files[name], tiny_images), expected, atol=1e-5
        )
    with runtimes.load(tiny_files["m.onnx"]) as runner:
        np.testing.assert_allclose(evaluate.predict(runner, tiny_images), expected, atol=1e-5)


def test_accuracy_counts_right_answers(tiny_model: Any, tiny_images: np.ndarray) -> None:
    answers = tiny_model.predict(tiny_images, verbose=0).argmax(axis=1)
    labels = answers.copy()
    labels[:8] = (labels[:8] + 1) % 10
    found = evaluate.accuracy(tiny_model, split(tiny_images, labels))
    assert (found.correct, found.total) == (24, 32)
    assert found.low < 0.75 < found.high


def test_no_images_is_an_error(tiny_model: Any) -> None:
    with pytest.raises(InputError, match="no images"):
        evaluate.predict(tiny_model, np.zeros((0, 8, 8, 1), np.float32))


def test_equal_models_cannot_be_told_apart() -> None:
    labels = np.arange(100) % 10
    a = scores([True] * 90 + [False] * 10, labels)
    found = evaluate.paired(a, a, labels)
    assert found.difference == 0
    assert found.verdict == "cannot tell"
    assert found.p_value == 1


def test_a_clear_loss_is_worse_and_a_clear_gain_better() -> None:
    labels = np.arange(1000) % 10
    a = scores([True] * 950 + [False] * 50, labels)
    b = scores([True] * 850 + [False] * 150, labels)
    assert evaluate.paired(a, b, labels).verdict == "worse"
    assert evaluate.paired(b, a, labels).verdict == "better"


def test_the_interval_is_newcombes_published_example() -> None:
    # Newcombe 1998, table II, row with cells 36, 12, 2, 0: method 10 gives 0.0569 to 0.3404.
    labels = np.zeros(50, int)
    a = scores([True] * 36 + [True] * 12 + [False] * 2, labels)
    b = scores([True] * 36 + [False] * 12 + [True] * 2, labels)
    found = evaluate.paired(b, a, labels)
    assert found.difference == pytest.approx(0.20)
    assert found.low == pytest.approx(0.0569, abs=0.002)
    assert found.high == pytest.approx(0.3404, abs=0.002)


def test_records_that_know_their_images_need_no_labels() -> None:
    labels = np.arange(100) % 10
    a = scores([True] * 90 + [False] * 10, labels)
    b = scores([False] * 3 + [True] * 90 + [False] * 7, labels)
    assert a.wrong == tuple(range(90, 100))
    assert evaluate.paired(a, b) == evaluate.paired(a, b, labels)


def test_a_record_that_does_not_know_its_images_needs_labels() -> None:
    labels = np.arange(100) % 10
    a = scores([True] * 90 + [False] * 10, labels)
    with pytest.raises(InputError, match="give the labels"):
        evaluate.paired(replace(a, wrong=()), a)


def test_different_images_are_refused() -> None:
    ten, twenty = np.zeros(10, int), np.zeros(20, int)
    with pytest.raises(InputError, match="same images"):
        evaluate.paired(scores([True] * 10, ten), scores([True] * 20, twenty), ten)


def test_agreement_is_of_classes_not_of_scores() -> None:
    a = np.eye(4)
    assert evaluate.agreement(a, a * 0.1) == 1.0
    assert evaluate.agreement(a, a[::-1]) == 0.0
