from __future__ import annotations

import numpy as np
import pytest

from edgelab import report
from edgelab.errors import InputError
from tests.records_made import accuracy, comparison, measurement

PHOTO = np.zeros((40, 60, 3), np.uint8)
ANSWERS = [("Egyptian cat", 0.6), ("tabby", 0.2), ("tiger cat", 0.1), ("lynx", 0.05)]


def test_each_picture_shows_its_three_likeliest_classes() -> None:
    chart = report.pictures([PHOTO], [ANSWERS], ["cat"])
    assert chart.table.rows == [
        {
            "Picture": "cat",
            "First": "Egyptian cat 60 %",
            "Second": "tabby 20 %",
            "Third": "tiger cat 10 %",
        }
    ]
    assert "cat: Egyptian cat 60%" in chart.alt


def test_bars_are_as_long_as_the_probabilities() -> None:
    axes = report.pictures([PHOTO], [ANSWERS]).figure.axes[1]
    assert [bar.get_width() for bar in axes.patches[1::2]] == [0.6, 0.2, 0.1]


def test_several_models_stand_below_each_other() -> None:
    models = {"float32": [ANSWERS], "int8": [ANSWERS[1:]]}
    assert report.pictures([PHOTO], models, ["cat"]).table.column("Model") == ["float32", "int8"]


def test_fewer_answers_than_three_leave_blanks() -> None:
    row = report.pictures([PHOTO], [ANSWERS[:1]]).table.rows[0]
    assert (row["Second"], row["Third"]) == ("–", "–")


def test_grey_pictures_and_pictures_alone_can_be_shown() -> None:
    assert report.pictures([np.zeros((8, 8)), np.zeros((8, 8, 1))]).png


def test_numbers_that_do_not_match_are_named() -> None:
    with pytest.raises(InputError, match="1 photographs and 2 predictions"):
        report.pictures([PHOTO], [ANSWERS, ANSWERS])
    with pytest.raises(InputError, match="1 photographs and 2 titles"):
        report.pictures([PHOTO], titles=["a", "b"])
    with pytest.raises(InputError, match="list is empty"):
        report.pictures([])
    with pytest.raises(InputError, match=r"not \(2, 3, 4, 5\)"):
        report.pictures([np.zeros((2, 3, 4, 5))])


def test_agreement_is_the_share_of_equal_answers() -> None:
    chart = report.agreement({"a": [1, 2, 3, 4], "b": [1, 2, 3, 0], "c": [0, 0, 0, 0]})
    assert chart.table.column("Same answer (%)") == [75.0, 0.0, 25.0]
    assert chart.table.column("Images that differ") == [1, 4, 3]


def test_agreement_is_taken_from_a_comparison_of_trained_models() -> None:
    seen = accuracy(2, 3, predictions=(1, 2, 3))
    result = comparison(
        measurement("float32", accuracy=seen),
        measurement("int8", accuracy=accuracy(1, 3, predictions=(1, 2, 0))),
        measurement("untrained", accuracy=seen, weights="none"),
    )
    assert report.agreement(result).table.column("Model") == ["int8"]


def test_agreement_needs_two_models_and_the_same_images() -> None:
    with pytest.raises(InputError, match="of 1"):
        report.agreement({"a": [1]})
    with pytest.raises(InputError, match="different numbers of images"):
        report.agreement({"a": [1], "b": [1, 2]})
