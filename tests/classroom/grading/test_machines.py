"""The class's machines: gains within one comparison, each record once, no names, nothing forged crashes it."""

from __future__ import annotations

import random

import pytest

from edgelab.classroom.chain import Entry
from edgelab.classroom.grading import machines, machines_chart
from edgelab.classroom.grading.machines import Gain, Machine
from tests import records_made, submissions_made as made

MACHINE = {"cpu": "A", "int8": ["AVX2", "AVX-512 VNNI"], "cores": 4}


def entry(payload, digest="d" * 64):
    return Entry("comparison", "c", payload, 1, "", digest)


def compared(*measurements, **more):
    return records_made.comparison(*measurements).to_dict() | {"machine": MACHINE} | more


def test_a_gain_is_the_float_models_time_over_its_own():
    payload = compared(
        records_made.measurement("float32", 3.0, 400), records_made.measurement("int8", 1.0, 100)
    )
    (gain,) = machines.gained([entry(payload)])
    assert gain.machine == Machine("A", "AVX-512 VNNI", 4)
    assert (gain.technique, gain.faster, gain.smaller) == ("int8", pytest.approx(3), 4)


def test_another_network_or_runtime_is_no_reference():
    payload = compared(
        records_made.measurement("ResNet float32", 3.0),
        records_made.measurement("MobileNet int8", 1.0),
        records_made.measurement("ResNet int8", 1.0, runtime="onnx"),
        records_made.measurement("ResNet int8 b", 1.0, threads=2),
    )
    assert machines.gained([entry(payload)]) == ()


@pytest.mark.parametrize("change", [{"simulated": True}, {"measured_here": False}])
def test_what_was_not_measured_here_is_left_out(change):
    payload = compared(
        records_made.measurement("float32", 3.0), records_made.measurement("int8", 1.0, **change)
    )
    assert machines.gained([entry(payload)]) == ()


@pytest.mark.parametrize(
    "forged",
    [
        {"measurements": None},
        {"measurements": [1, {}, {"name": 3}, {"name": "int8"}]},
        {
            "measurements": [
                {"name": "float32", "latency": 3},
                {"name": "int8", "latency": {"samples_ms": ["a"]}},
            ]
        },
        {
            "measurements": [
                {
                    "name": n,
                    "latency": {"samples_ms": [s]},
                    "size": {"file_bytes": "x"},
                    "machine": {"cpu": 3},
                }
                for n, s in (("float32", 1e-300), ("int8", True))
            ]
        },
    ],
)
def test_forged_records_say_nothing(forged):
    assert machines.gained([entry(forged)]) == ()


def test_a_copied_record_counts_once():
    payload = compared(
        records_made.measurement("float32", 3.0), records_made.measurement("int8", 1.0)
    )
    both = machines.gained([entry(payload)]) * 2
    (row,) = machines.pooled(both)
    assert row.comparisons == 1


def test_measurements_beside_other_work_count_only_where_there_are_no_others():
    own = Machine("A", "", 2)
    gains = [Gain(own, "int8", 2.0, None, False, "a"), Gain(own, "int8", 9.0, None, True, "b")]
    (row,) = machines.pooled(gains)
    assert (row.faster, row.busy) == (2.0, False)
    (row,) = machines.pooled(gains[1:])
    assert (row.faster, row.busy) == (9.0, True)


def test_the_class_shows_what_each_instruction_set_gains(graded_class):
    rows = machines.pooled(gain for g in graded_class.result.graded for gain in g.gains)
    found = {row.machine.cpu: row.faster for row in rows if row.technique == "int8"}
    planted = {cpu: gain for cpu, *_rest, gain in made.MACHINES}
    assert set(found) <= set(planted)
    assert all(abs(found[cpu] / planted[cpu] - 1) < 0.25 for cpu in found)


def test_the_chart_has_a_table_twin_and_names_nobody(graded_class):
    chart = machines_chart.chart(
        machines.pooled(gain for g in graded_class.result.graded for gain in g.gains)
    )
    shown = chart.to_html() + (graded_class.out / "machines.csv").read_text("utf-8-sig")
    assert not [one.name for one in graded_class.made if one.name in shown]
    assert "int8 with AVX2" in chart.alt
    assert machines_chart.chart([]) is None


def test_a_processors_name_is_a_strangers_text():
    _, entries = made.journal(random.Random(1), 20)
    payload = next(e.payload for e in entries if e.kind == "comparison")
    for model in payload["measurements"]:
        model["machine"] = MACHINE | {"cpu": "=cmd\n" + "x" * 500}
    gain = machines.gained([entry(payload)])[0]
    assert len(gain.machine.cpu) <= 60
    assert "\n" not in gain.machine.cpu
