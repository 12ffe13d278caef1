from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgelab import evaluate, report
from edgelab.errors import InputError
from edgelab.records import Accuracy, Comparison
from tests.records_made import float_and_int8

LABELS = np.zeros(200, int)


def answers(wrong: range) -> Accuracy:
    """Return an accuracy on 200 images of class 0; those in the range were taken for class 1."""
    given = [int(at in wrong) for at in range(200)]
    right = given.count(0)
    return Accuracy(right, 200, 0.0, 1.0, "test", "digits", tuple(given))


def compared(*accuracies: Accuracy | None) -> Comparison:
    made = float_and_int8()
    pairs = zip(made.measurements, accuracies, strict=True)
    return replace(made, measurements=tuple(replace(m, accuracy=a) for m, a in pairs))


def test_differences_are_paired_and_in_points() -> None:
    before, after = answers(range(10)), answers(range(40))
    table = report.losses(compared(before, after), LABELS)
    assert table.column("Accuracy (%)") == [95.0, 80.0]
    assert table.column("Difference (points)") == [None, pytest.approx(-15.0)]
    assert table.column("Verdict") == ["reference", "worse"]
    pair = evaluate.paired(before, after, LABELS)
    low, high = f"{-100 * pair.low:.1f}", f"{-100 * pair.high:.1f}"
    assert table.column("Interval (points)")[1] == f"\u2212{low} to \u2212{high}"


def test_a_difference_of_nothing_carries_no_sign() -> None:
    table = report.losses(compared(answers(range(10)), answers(range(10))), LABELS)
    assert [cell.text for cell in table.cells[1]][2].strip() == "0.0"


def test_the_caption_says_which_images() -> None:
    table = report.losses(compared(answers(range(5)), answers(range(5))), LABELS)
    assert "200 images (digits, test)" in table.caption


def test_a_model_without_accuracy_is_named() -> None:
    with pytest.raises(InputError, match="'int8' was not measured"):
        report.losses(compared(answers(range(5)), None), LABELS)


def test_labels_of_other_images_are_refused() -> None:
    with pytest.raises(InputError, match="same images"):
        report.losses(compared(answers(range(5)), answers(range(5))), LABELS[:100])
