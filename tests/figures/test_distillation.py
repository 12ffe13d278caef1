from __future__ import annotations

import numpy as np
import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.distilling.test_trials import grid, made


def test_soft_labels_stand_below_each_image_and_in_the_table() -> None:
    logits = np.array([[9.0, 5.0, 0.0], [1.0, 2.0, 8.0]])
    chart = report.soft_labels(np.zeros((2, 4, 4, 1)), logits, [0, 2], temperatures=(1, 5))
    assert len(chart.figure.axes) == 6
    assert chart.table.column("T") == [1, 5, 1, 5]
    assert chart.table.column("First")[0].startswith("0 (98.")
    assert "image 2 (label 2)" in chart.alt


def test_too_many_images_or_missing_labels_are_errors() -> None:
    with pytest.raises(InputError, match="One to 6"):
        report.soft_labels(np.zeros((7, 4, 4)), np.zeros((7, 3)), np.zeros(7))
    with pytest.raises(InputError, match="2 images, 1 rows"):
        report.soft_labels(np.zeros((2, 4, 4)), np.zeros((1, 3)), [0, 1])


def test_pairs_show_each_seed_the_teacher_and_the_verdict() -> None:
    chart = report.pairs([made(0.08), made(-0.05)])
    assert chart.table.column("Verdict") == ["better", "worse"]
    assert chart.table.column("Pairs won") == ["5 of 5", "0 of 5"]
    left, right = chart.figure.axes
    assert len(left.lines) == 2 * (5 * 3 + 1)
    assert any("better" in text.get_text() for text in right.texts)
    assert "not from 0" in left.get_xlabel()


def test_one_setting_needs_no_list_and_none_is_an_error() -> None:
    assert len(report.pairs(made(0.02)).table.rows) == 1
    with pytest.raises(InputError, match="nothing to draw"):
        report.pairs([])


def test_a_grid_marks_its_best_cell_and_shows_the_control() -> None:
    chart = report.temperature_grid(grid())
    axes = chart.figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()][-1] == "1 (alone)"
    (frame,) = axes.patches
    assert (round(frame.get_x()), round(frame.get_y())) == (1, 0)
    assert len(chart.table.rows) == 4
    assert "best at T 1, alpha 0.9" in chart.alt
