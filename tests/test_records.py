from __future__ import annotations

import json

import pytest

from edgelab import records
from edgelab.errors import InputError
from edgelab.records import (
    Accuracy,
    Comparison,
    Distribution,
    Latency,
    Measurement,
    Ratio,
    Size,
)


def latency(runs: int, value: float = 2.0) -> Latency:
    return Latency(tuple(value + i * 1e-4 for i in range(runs)), 1.9, 2.1, 0.5, 5)


def measurement(name: str = "int8", **changes: object) -> Measurement:
    values: dict[str, object] = {
        "name": name,
        "runtime": "litert",
        "threads": 1,
        "size": Size(1000, 1200, 1100, 900),
        "latency": latency(100),
        "accuracy": Accuracy(90, 100, 0.83, 0.94, "test", "digits", (1, 2, 3)),
        "throughput": {1: 10.0, 8: 40.0},
        "notes": ("a note",),
    }
    return Measurement(**(values | changes))  # type: ignore[arg-type]


def test_percentiles_are_withheld_when_the_sample_cannot_carry_them() -> None:
    assert latency(63).p90_ms is None
    assert latency(64).p90_ms is not None
    assert latency(661).p99_ms is None
    assert latency(662).p99_ms is not None


def test_percentiles_agree_with_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    sample = latency(700)
    assert sample.p99_ms == pytest.approx(numpy.quantile(sample.samples_ms, 0.99))


def test_a_latency_of_an_older_record_still_loads_and_says_what_it_knows() -> None:
    old = {"samples_ms": [1.0, 2.0, 3.0], "low_ms": 1.5, "high_ms": 2.5, "seconds": 0.1}
    found = Latency.from_dict(old | {"warmup_runs": 7})
    assert (found.runs, found.median_ms, found.mean_ms) == (3, 2.0, 2.0)
    assert not found.thinned
    assert "earlier version" in found.bounds


def test_the_figures_of_a_thinned_latency_survive_json() -> None:
    whole = Distribution.of([float(i) for i in range(1, 1001)])
    before = Latency((5.0, 9.0), 480.0, 520.0, 1.0, 3, whole, 6)
    after = Latency.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after == before
    assert (after.runs, after.max_ms, after.thinned) == (1000, 1000.0, True)
    assert after.spread == pytest.approx(499.5 / 500.5)


def test_a_ratio_tells_its_level_and_an_older_one_is_a_comparisons() -> None:
    from edgelab.measuring import compare

    values = Ratio("b", "a", 1.1, 1.0, 1.2, "slower", 5, 0.005).to_dict()
    del values["level"]
    old = Ratio.from_dict(values)
    assert old.level == compare.LEVEL
    assert f"at {100 * compare.LEVEL:g} %, slower (5 fresh instances)" in repr(old)
    single = Ratio("b", "a", 1.1, 1.0, 1.2, "slower", 1, 0.005, level=0.95)
    assert "at 95 %, slower (runs of one load)" in repr(single)


def test_an_older_accuracy_does_not_know_which_images_were_wrong() -> None:
    values = Accuracy(90, 100, 0.83, 0.94, "test", "digits").to_dict()
    del values["wrong"]
    assert not Accuracy.from_dict(values).by_image
    assert Accuracy(99, 100, 0.9, 1.0, "test", "digits", wrong=(3,)).by_image
    assert Accuracy(100, 100, 0.9, 1.0, "test", "digits").by_image


def test_a_measurement_survives_json() -> None:
    before = measurement()
    after = Measurement.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after == before
    assert after.throughput == {1: 10.0, 8: 40.0}


def test_a_comparison_survives_json() -> None:
    ratio = Ratio("b", "a", 1.1, 1.0, 1.2, "slower", 5, 0.005, (1.1, 1.2))
    before = Comparison((measurement("a"), measurement("b")), (ratio, ratio), 1.0, False, 0)
    assert Comparison.from_dict(json.loads(json.dumps(before.to_dict()))) == before


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(InputError, match="no field 'megabytes'"):
        Size.from_dict({"megabytes": 3})


def test_figures_have_flat_names() -> None:
    m = measurement()
    assert m["size_gzip_bytes"] == 900
    assert m["accuracy"] == pytest.approx(0.9)
    assert m["memory_bytes"] is None
    assert m.interval("latency_ms") == (1.9, 2.1)
    assert m.interval("size_file_bytes") is None


def test_an_unknown_figure_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"speed.*latency_ms"):
        measurement()["speed"]


def test_the_report_warns_of_a_wide_spread_with_a_remedy() -> None:
    wide = Latency(tuple(1.0 + 0.5 * (i % 2) for i in range(100)), 1.0, 1.5, 0.2)
    text = repr(measurement(latency=wide))
    assert "worthless" in text
    assert "close other programs" in text
    assert "worthless" not in repr(measurement())


def test_the_report_says_when_the_machine_was_busy() -> None:
    assert "machine busy" in repr(measurement(busy=True))


def test_an_unknown_candidate_lists_the_compared_ones() -> None:
    comparison = Comparison((measurement("a"),), (), 1.0, False, 0)
    with pytest.raises(InputError, match="'z' was not compared; these were: a"):
        comparison["z"]


def test_published_records_are_found_by_kind_and_name() -> None:
    records.publish("prediction", "int8_size", {"value": 4})
    records.publish("measurement", "int8", measurement())
    assert [r.name for r in records.history("prediction")] == ["int8_size"]
    assert records.history("measurement", "int8")[0].payload["runtime"] == "litert"
    assert records.history(name="nothing") == []


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.0146, "14.6 µs"),
        (4.45, "4.45 ms"),
        (95.2, "95.2 ms"),
        (1260, "1.26 s"),
        (None, "not measured"),
    ],
)
def test_durations_read_as_a_person_says_them(milliseconds: float | None, text: str) -> None:
    assert records.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(900, "900 B"), (63_752, "63.8 kB"), (102.05e6, "102 MB"), (2.9e9, "2.90 GB")],
)
def test_amounts_are_decimal(size: float, text: str) -> None:
    assert records.amount(size) == text
