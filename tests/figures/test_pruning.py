from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edgelab import report
from edgelab.errors import InputError
from edgelab.pruning import masks
from edgelab.pruning.pruning_scan import LayerPoints, PruningScan, ScanPoint
from edgelab.records import Accuracy, Size

KERNEL = np.random.default_rng(0).normal(0, 0.1, (3, 3, 8, 12))


def accuracy(value: float, total: int = 300) -> Accuracy:
    correct = round(value * total)
    bounds = stats.binomtest(correct, total).proportion_ci(method="wilson")
    return Accuracy(correct, total, bounds.low, bounds.high, "validation", "digits")


def made_scan() -> PruningScan:
    def layer(name: str, weights: int, values: tuple[float, float]) -> LayerPoints:
        points = tuple(
            ScanPoint(s, round(s * weights), 1 - v, accuracy(v))
            for s, v in zip((0.5, 0.9), values, strict=True)
        )
        return LayerPoints(name, weights, points)

    layers = (layer("conv1", 144, (0.9, 0.3)), layer("hidden", 51_200, (0.97, 0.95)))
    return PruningScan("net", layers, accuracy(0.97), 300)


def test_the_histogram_counts_what_goes_and_what_stays() -> None:
    chart = report.weights_going(KERNEL, 0.75)
    stay, go = chart.table.rows
    assert (stay["How many"], go["How many"]) == (216, 648)
    assert stay["Smallest magnitude"] >= go["Largest magnitude"]
    assert chart.png[:4] == b"\x89PNG"
    assert "648" in chart.alt


def test_nothing_or_almost_everything_may_go() -> None:
    assert report.weights_going(KERNEL, 0).table.rows[1]["How many"] == 0
    assert report.weights_going(KERNEL, 0.999).table.rows[0]["How many"] == 1


def test_the_scan_tells_layers_and_weights() -> None:
    chart = report.pruning_scan(made_scan())
    assert chart.table.column("Layer") == ["conv1", "hidden"]
    assert chart.table.column("90 % zeros")[0] == pytest.approx(30)
    assert "most sensitive is conv1 with 144 of 51,344" in chart.alt
    assert chart.png


def test_an_empty_scan_is_refused() -> None:
    with pytest.raises(InputError, match="no layer"):
        report.pruning_scan(PruningScan("net", (), accuracy(0.9), 300))


def test_the_schedule_shows_each_curve() -> None:
    chart = report.pruning_schedule({"a": [0, 0.5, 0.9], "b": [0, 0.9]})
    assert chart.table.rows[-1]["a (%)"] == pytest.approx(90)
    assert chart.table.rows[-1]["b (%)"] is None
    with pytest.raises(InputError, match="no schedule"):
        report.pruning_schedule({"a": []})


def test_the_ladder_shows_accuracy_and_sizes() -> None:
    sizes = {0.0: Size(1, 1, 100_000, 90_000), 0.9: Size(1, 1, 100_000, 20_000)}
    chart = report.sparsity_ladder(
        {"naive": {0.9: accuracy(0.4)}, "b": {0.0: accuracy(0.9)}}, sizes
    )
    last = chart.table.rows[-1]
    assert (last["file (B)"], last["gzip (B)"]) == (100_000, 20_000)
    assert last["b (%)"] is None
    assert "naive 40.0 %" in chart.alt
    assert chart.png
    with pytest.raises(InputError, match="nothing to draw"):
        report.sparsity_ladder({"naive": {}}, sizes)


def test_patterns_are_told_apart() -> None:
    filters = KERNEL.copy()
    filters[..., :6] = 0
    chart = report.zero_patterns(
        {
            "single": KERNEL * masks.largest(KERNEL, 0.5),
            "2:4": KERNEL * masks.two_of_four(KERNEL),
            "filters": filters,
        }
    )
    assert chart.table.column("Zeros (%)") == pytest.approx([50, 50, 50])
    assert chart.table.column("Filters of zeros only") == [0, 0, 6]
    assert chart.table.column("2:4 along the inputs")[1] == "yes"
    assert chart.png
    assert report.zero_patterns({"dense": KERNEL[0, 0]}).png
    with pytest.raises(InputError, match="shape"):
        report.zero_patterns({"flat": KERNEL.ravel()})
    with pytest.raises(InputError, match="no kernel"):
        report.zero_patterns({})
