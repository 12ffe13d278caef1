from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgelab import report
from edgelab.errors import InputError
from edgelab.figures import layers
from edgelab.quantizing import affine
from edgelab.quantizing.sensitivity import LayerSensitivity, Scan
from tests.records_made import accuracy

KERNEL = (
    np.random.default_rng(0).normal(0, 1, (3, 3, 6, 1))
    * np.geomspace(0.01, 1, 6)[None, None, :, None]
)


def scan(*losses: int) -> Scan:
    found = tuple(
        LayerSensitivity(
            f"net/conv_{i}/Conv2D;net/bn_{i}/FusedBatchNormV3",
            "CONV_2D",
            4,
            100,
            1000 * (i + 1),
            0.01 * loss,
            0.9,
            accuracy(90 - loss),
        )
        for i, loss in enumerate(losses)
    )
    return Scan("float32.tflite", 4, found, accuracy(90), 100_000, 50_000, 100)


def test_channels_of_a_depthwise_kernel_are_its_third_axis() -> None:
    chart = report.channels(KERNEL)
    assert len(chart.table.rows) == 6
    largest = np.abs(KERNEL).max(axis=(0, 1, 3))
    assert chart.table.column("Channel") == list(np.argsort(-largest))


def test_codes_within_a_range_are_those_of_the_shared_grid() -> None:
    table = report.channels(KERNEL).table
    codes = np.abs(affine.quantize(KERNEL, affine.fit(KERNEL, 8)))
    most = {i: int(codes[:, :, i].max()) for i in range(6)}
    assert table.column("Codes within its range") == [
        2 * most[i] + 1 for i in table.column("Channel")
    ]


def test_a_channel_of_zeros_has_one_code() -> None:
    kernel = np.concatenate([KERNEL, np.zeros((3, 3, 1, 1))], axis=2)
    chart = report.channels(kernel)
    assert chart.table.column("Codes within its range")[-1] == 1
    assert "every channel but those of zeros" in chart.alt


def test_many_channels_are_summed_up() -> None:
    rows = report.channels(np.random.default_rng(0).normal(0, 1, (3, 3, 3, 64))).table.rows
    assert rows[0] == {"Quantity": "channels", "Value": 64}


def test_an_outlier_takes_codes_from_all_others() -> None:
    values = np.random.default_rng(0).normal(0, 1, 300)
    table = report.outlier(values, factor=20, bits=4).table
    before, after = table.column("Codes used by the others")
    assert after < before
    assert table.column("Codes used by the others") == [
        e.codes_used for e in affine.outlier_effect(values, (1, 20), 4)
    ]


def test_codes_beside_the_axis_are_named_at_its_edges() -> None:
    values = np.append(np.random.default_rng(0).uniform(-1, 1, 300), [-1.0, 1.0])
    before, after = report.outlier(values, factor=10, bits=4).figure.axes
    assert not [text for text in before.texts if "code" in text.get_text()]
    assert [text.get_text() for text in after.texts if "code" in text.get_text()] == [
        "← code −1 at −1.43",
        "code 1 at 1.43 →",
    ]


def test_sensitivity_shows_lost_points_in_the_order_of_the_network() -> None:
    chart = report.sensitivity(scan(12, 0, 1))
    left, right = chart.figure.axes
    assert [bar.get_width() for bar in left.patches] == [pytest.approx(v) for v in (12.0, 0.0, 1.0)]
    assert [bar.get_width() for bar in right.patches] == [1.0, 2.0, 3.0]
    assert [t.get_text() for t in left.get_yticklabels()] == ["conv_0", "conv_1", "conv_2"]
    assert "costliest is net/conv_0" in chart.alt


def test_sensitivity_without_classes_shows_the_divergence() -> None:
    chart = report.sensitivity(replace(scan(12, 3), baseline=None))
    assert chart.figure.axes[0].get_xlabel() == "KL divergence"


def test_sensitivity_by_divergence_when_asked() -> None:
    left = report.sensitivity(scan(12, 3), by="kl").figure.axes[0]
    assert [bar.get_width() for bar in left.patches] == [pytest.approx(v) for v in (0.12, 0.03)]
    with pytest.raises(InputError, match="not by 'size'"):
        report.sensitivity(scan(12, 3), by="size")


def test_a_layer_that_gained_is_drawn_to_the_left() -> None:
    axes = report.sensitivity(scan(5, -2)).figure.axes[0]
    assert axes.get_xlim()[0] < -2


def test_layer_names_that_would_be_alike_stay_whole() -> None:
    assert layers._short_layers(["a/conv/Conv2D", "b/conv/Conv2D"]) == [
        "a/conv/Conv2D",
        "b/conv/Conv2D",
    ]


def test_an_empty_scan_is_an_error() -> None:
    with pytest.raises(InputError, match="no layer"):
        report.sensitivity(replace(scan(1), layers=()))
