from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edgelab.errors import InputError
from edgelab.measuring import compare
from edgelab.reporting import result_tables, results
from tests.records_made import accuracy, comparison, float_and_int8, latency, measurement


def test_the_reference_stands_in_the_first_row() -> None:
    table = result_tables.table(float_and_int8())
    assert table.column("Model") == ["float32", "int8"]
    assert table.cells[0][2].text.strip() == "reference 1"


def test_a_table_has_at_most_seven_columns_with_units() -> None:
    table = result_tables.table(float_and_int8())
    assert table.columns == (
        "Model",
        "Latency (ms)",
        "Time gain (×)",
        "File size (kB)",
        "Size reduction (×)",
        "Accuracy (%)",
        "Peak memory (kB)",
    )


def test_the_numbers_are_those_of_the_records() -> None:
    result = float_and_int8()
    table = result_tables.table(result)
    assert table.column("Latency (ms)") == [result[n]["latency_ms"] for n in result.names]
    assert table.column("Time gain (×)") == [1.0, pytest.approx(2.0)]
    assert table.column("Size reduction (×)") == [1.0, 4.0]


def test_a_gain_is_the_reference_over_the_candidate_with_its_interval() -> None:
    shown = results.view(float_and_int8())
    low, high = shown.interval("int8", "time_gain") or (0, 0)
    assert (low, high) == (pytest.approx(1 / 0.51), pytest.approx(1 / 0.49))
    assert shown.verdict("int8", "time_gain") == "faster"


def test_a_ratio_without_evidence_has_an_endless_interval() -> None:
    result = float_and_int8()
    loose = replace(result.ratios[1], low=0.0, high=math.inf, verdict="cannot tell")
    shown = results.view(replace(result, ratios=(result.ratios[0], loose)))
    assert shown.interval("int8", "time_gain") == (0.0, math.inf)
    assert "cannot tell" in repr(
        result_tables.table(replace(result, ratios=(result.ratios[0], loose)))
    )


def test_four_size_gains_say_smaller_or_larger() -> None:
    shown = results.view(comparison(measurement("a"), measurement("b", file_bytes=200_000)))
    for key in ("size_reduction", "gzip_reduction", "nominal_reduction", "weights_reduction"):
        assert shown.verdict("b", key) == "larger"
    assert shown.verdict("b", "memory_reduction") == "more"


def test_columns_can_be_chosen() -> None:
    table = result_tables.table(float_and_int8(), columns=("size_gzip_bytes", "gzip_reduction"))
    assert table.columns == ("Model", "Compressed size (gzip) (kB)", "Size reduction (gzip) (×)")


def test_seven_columns_beside_the_name_are_refused() -> None:
    keys = (*result_tables.DEFAULT_COLUMNS, "load_ms")
    with pytest.raises(InputError, match="6 at most"):
        result_tables.table(float_and_int8(), columns=keys)


def test_an_unknown_column_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no quantity 'size'.*size_file_bytes"):
        result_tables.table(float_and_int8(), columns=("size",))


@pytest.mark.parametrize("key", ["latency_ms", "size_file_bytes", "time_gain", "memory_bytes"])
def test_a_simulated_model_has_no_size_and_no_speed(key: str) -> None:
    with pytest.raises(InputError, match="'int8' is simulated"):
        result_tables.table(float_and_int8(simulated=True), columns=(key,))


def test_the_accuracy_of_a_simulated_model_is_shown_and_marked() -> None:
    table = result_tables.table(float_and_int8(simulated=True), columns=("accuracy",))
    assert table.cells[1][0].text == "int8, simulated"


def test_untrained_weights_have_no_accuracy_and_a_note() -> None:
    table = result_tables.table(float_and_int8(weights="none"))
    assert table.column("Accuracy (%)")[1] is None
    assert "Untrained weights (int8): only size and latency mean anything." in table.notes


def test_a_reference_run_is_marked() -> None:
    table = result_tables.table(float_and_int8(measured_here=False))
    assert table.cells[1][0].text == "int8, not measured here"
    assert any("Not measured here (int8)" in note for note in table.notes)


def test_a_busy_machine_is_told() -> None:
    assert any(
        "Machine busy" in note for note in result_tables.table(float_and_int8(busy=True)).notes
    )


def test_several_runtimes_are_told_apart() -> None:
    table = result_tables.table(float_and_int8(runtime="onnxruntime"))
    assert [row[0].text for row in table.cells] == ["float32, LiteRT", "int8, ONNX Runtime"]


def test_percentiles_that_the_sample_cannot_carry_are_withheld() -> None:
    table = result_tables.table(float_and_int8(), columns=("latency_p90_ms", "latency_p99_ms"))
    assert table.cells[0][2].text == "withheld"
    assert any("needs 662 runs" in note for note in table.notes)


def test_models_that_were_not_compared_have_no_time_gain() -> None:
    alone = [measurement("a"), measurement("b", 2.0)]
    assert "Time gain (×)" not in result_tables.table(alone).columns
    assert any("not in turn" in note for note in result_tables.table(alone).notes)
    with pytest.raises(InputError, match=r"benchmark\.compare"):
        result_tables.table(alone, columns=("time_gain",))


def test_one_measurement_makes_a_table_without_ratios() -> None:
    assert not any("reduction" in name for name in result_tables.table(measurement()).columns)


def test_nothing_to_show_is_an_error() -> None:
    with pytest.raises(InputError, match="list is empty"):
        result_tables.table([])


def test_what_is_no_measurement_is_named() -> None:
    with pytest.raises(InputError, match="not str"):
        result_tables.table(["int8.tflite"])  # type: ignore[list-item]


def test_two_measurements_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Two measurements are called 'a'"):
        result_tables.table([measurement("a"), measurement("a")])


def test_tiny_and_huge_values_share_a_table() -> None:
    result = comparison(
        measurement("huge", 95.0, 102_300_000, latency=latency(95.0, 0.5)),
        measurement("tiny", 0.015, 12_000, latency=latency(0.015, 0.0001)),
    )
    text = repr(result_tables.table(result))
    assert "95.0" in text
    assert "0.0150" in text
    assert "0.012" in text


def test_accuracy_names_its_images() -> None:
    m = measurement(accuracy=accuracy(90, 100, dataset="cifar10"))
    assert "Accuracy on 100 images, cifar10 test." in result_tables.table(m).notes


def test_the_caption_tells_what_each_interval_is() -> None:
    result = float_and_int8()
    six = tuple(replace(m, latency=replace(m.latency, instances=6)) for m in result.measurements)
    caption = result_tables.table(replace(result, measurements=six)).caption
    assert "in brackets the 95 % interval over 6 fresh loads" in caption
    assert f"time gain: faster or slower is said at {100 * compare.LEVEL:g} %" in caption
    assert "accuracy: in brackets the 95 % interval" in caption


def test_one_load_and_few_loads_are_not_called_more_than_they_are() -> None:
    one = measurement(latency=replace(latency(), instances=1))
    assert "within one load; another load may differ" in result_tables.table(one).caption
    few = measurement(latency=replace(latency(), instances=3))
    caption = result_tables.table(few, columns=("latency_ms",)).caption
    assert "smallest and largest median of 3 fresh loads" in caption
    assert "95 %" not in caption


def test_the_size_in_memory_says_that_it_is_calculated() -> None:
    table = result_tables.table(float_and_int8(), columns=("size_memory_bytes",))
    assert table.columns[1] == "Weights in memory (calculated) (kB)"
