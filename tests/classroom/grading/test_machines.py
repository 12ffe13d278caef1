"""The class's machines: gains within one comparison, each record once, no names, nothing forged crashes it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from edgelab.classroom import tampering
from edgelab.classroom.chain import Entry
from edgelab.classroom.grading import machines, machines_chart
from edgelab.classroom.grading.machines import Gain, Machine
from edgelab.classroom.worksheets import measuring
from tests import records_made, submissions_made as made

MACHINE = {"cpu": "A", "int8": ["AVX2", "AVX-512 VNNI"], "cores": 4}


def entry(payload, digest="d" * 64):
    return Entry("comparison", "c", payload, 1, "", digest)


def compared(*measurements, half=0.01, **more):
    return records_made.comparison(*measurements, half=half).to_dict() | {"machine": MACHINE} | more


def test_a_gain_is_the_ratio_that_was_measured_in_turn_with_its_interval():
    payload = compared(
        records_made.measurement("float32", 3.0, 400), records_made.measurement("int8", 1.0, 100)
    )
    payload["ratios"][1] |= {"low": 0.4, "value": 0.5, "high": 0.8}  # the medians say a third
    (gain,) = machines.gained([entry(payload)])
    assert gain.machine == Machine("A", "AVX-512 VNNI", 4)
    assert (gain.technique, gain.smaller) == ("int8", 4)
    assert (gain.low, gain.faster, gain.high) == (1.25, 2, 2.5)


def test_one_float_model_is_the_reference_of_all_whatever_their_names():
    names = (
        "float32",
        "dynamic range",
        "int8, 100 images",
        "pruned 90%",
        "distilled",
        "int4 weights",
    )
    payload = compared(*(records_made.measurement(n, 1 + i) for i, n in enumerate(names)))
    found = {gain.technique for gain in machines.gained([entry(payload)])}
    assert found == {"dynamic", "int8", "pruned", "distilled", "int4"}


def test_the_journal_of_the_exemplars_shows_four_techniques():
    reading = tampering.read(measuring.journal_path().read_bytes())
    gains = {gain.technique: gain for gain in machines.gained(reading.entries)}
    assert gains.keys() == {"dynamic", "int8", "pruned", "distilled"}
    assert gains["pruned"].faster == pytest.approx(1.0005, abs=1e-4)  # by the medians 0.998
    assert gains["pruned"].low < 1 < gains["pruned"].high


def test_the_reference_need_not_come_first():
    payload = compared(
        records_made.measurement("int8", 1.0), records_made.measurement("float32", 3.0), half=0.3
    )
    (gain,) = machines.gained([entry(payload)])
    assert (gain.low, gain.faster, gain.high) == pytest.approx((2.7, 3, 3.3))


def test_another_network_or_runtime_is_no_reference():
    payload = compared(
        records_made.measurement("ResNet float32", 3.0, macs=9),
        records_made.measurement("MobileNet int8", 1.0, macs=3),
        records_made.measurement("ResNet int8", 1.0, runtime="onnx"),
        records_made.measurement("ResNet int8 b", 1.0, threads=2),
    )
    assert machines.gained([entry(payload)]) == ()


def test_among_several_float_models_the_name_decides_then_the_work():
    payload = compared(
        records_made.measurement("float32", 3.0, macs=9),
        records_made.measurement("student alone", 2.0, macs=3),
        records_made.measurement("int8", 1.0, macs=9),
        records_made.measurement("dynamic range", 1.5, macs=9),
        records_made.measurement("distilled and smaller", 0.5, macs=2),
    )
    found = {gain.technique: gain.faster for gain in machines.gained([entry(payload)])}
    assert found == {"int8": pytest.approx(3), "dynamic": pytest.approx(2)}


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


@pytest.mark.parametrize(
    "ratios",
    [
        None,
        [],
        [3, {"name": "int8"}],
        [
            {"name": n, "reference": "float32", "low": 2, "value": 1, "high": 0}
            for n in ("float32", "int8")
        ],
        [
            {"name": n, "reference": "float32", "low": "1", "value": 1e300, "high": 1}
            for n in ("float32", "int8")
        ],
    ],
)
def test_without_a_ratio_there_is_no_gain(ratios):
    payload = compared(
        records_made.measurement("float32", 3.0), records_made.measurement("int8", 1.0)
    )
    assert machines.gained([entry(payload | {"ratios": ratios})]) == ()


def test_a_copied_record_counts_once_in_whatever_chain_it_stands():
    payload = compared(
        records_made.measurement("float32", 3.0), records_made.measurement("int8", 1.0)
    )
    every = [g for key in "abc" for g in machines.gained([entry(payload, key * 64)], key)]
    (row,) = machines.pooled(every)
    assert row.students == 1


OWN = Machine("A", "", 2)


def gain(faster, record, student, busy=False):
    return Gain(OWN, "int8", faster, faster - 0.1, faster + 0.1, None, busy, record, student)


def test_a_students_repeats_count_once_and_two_students_make_no_median():
    gains = [gain(2.0, "a", "zoe"), gain(2.2, "b", "zoe"), gain(2.4, "c", "zoe")]
    (row,) = machines.pooled(gains)
    assert (row.students, row.points) == (1, (2.2,))
    assert (row.low, row.high) == pytest.approx((1.9, 2.5))
    assert "one student" in row.spread
    (row,) = machines.pooled([*gains, gain(4.0, "d", "ali")])
    assert (row.points, row.low, row.high) == ((2.2, 4.0), 2.2, 4.0)
    (row,) = machines.pooled([*gains, gain(4.0, "d", "ali"), gain(5.0, "e", "eve")])
    assert (row.points, row.students) == ((4.0,), 3)


def test_few_machines_are_shown_as_few():
    chart = machines_chart.chart(machines.pooled([gain(2.0, "a", "zoe"), gain(4.0, "d", "ali")]))
    assert chart is not None
    assert "2.00 / 4.00 times as fast (1 machine, 2 students)" in chart.alt
    assert "2; 4" in chart.to_html()
    assert "zoe" not in chart.to_html()


def test_the_table_has_more_techniques_than_the_chart_has_panels():
    names = ("int8", "float16", "dynamic", "pruned", "distilled")
    gains = [replace(gain(2.0, name, "zoe"), technique=name) for name in names]
    chart = machines_chart.chart(machines.pooled(gains))
    assert chart is not None
    assert all(name in chart.to_html() for name in names)


def test_measurements_beside_other_work_count_only_where_there_are_no_others():
    gains = [gain(2.0, "a", "zoe"), gain(9.0, "b", "ali", busy=True)]
    (row,) = machines.pooled(gains)
    assert (row.points, row.busy, row.students) == ((2.0,), False, 1)
    (row,) = machines.pooled(gains[1:])
    assert (row.points, row.busy) == ((9.0,), True)


def test_the_class_shows_what_each_instruction_set_gains(graded_class):
    rows = machines.pooled(gain for g in graded_class.result.graded for gain in g.gains)
    found = {row.machine.cpu: row.points[0] for row in rows if row.technique == "int8"}
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
