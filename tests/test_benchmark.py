from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, benchmark, records, runtimes, workspace
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.files import counts
from edgelab.measuring import child, energy, memory, overhead, roofline
from edgelab.measuring.compare import Limits

QUICK = Limits(min_rounds=2, max_rounds=2, pairs=2, seconds=5)


def test_a_comparison_measures_everything_and_is_published(
    tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    pair = {"float32": tiny_files["m.tflite"], "int8": tiny_files["int8.tflite"]}
    result = benchmark.compare(pair, on=tiny_images, limits=QUICK)
    assert result.names == ("float32", "int8")
    assert result["int8"]["size_file_bytes"] == tiny_files["int8.tflite"].stat().st_size
    assert result["int8"].artefact_hash != result["float32"].artefact_hash
    assert result.ratio("int8").instances == 2
    assert result["float32"].energy_source == "estimated"
    assert records.history("comparison")[-1].name == "float32 / int8"
    assert "float32 (litert, 1 thread)" in repr(result)


def test_each_candidate_has_its_own_seconds_warm_up_and_loads(
    tiny_files: dict[str, Path],
) -> None:
    from tests.bench import planted

    pair = {"small": tiny_files["m.onnx"], "large": planted.matmul_stack(10, 1024)}
    result = benchmark.compare(pair, limits=QUICK)
    small, large = (result[name].latency for name in pair)
    assert small is not None
    assert large is not None
    for latency in (small, large):
        timed = latency.runs * latency.mean_ms / 1e3
        assert latency.seconds == pytest.approx(timed, abs=0.002)
        assert latency.instances == 2
    assert small.seconds + large.seconds < result.seconds
    # A slow candidate is warmed up with fewer runs; the first run of each load counts.
    assert 2 * (1 + 2 * 2) <= large.warmup_runs < small.warmup_runs <= 2 * (1 + 2 * 10)


def test_keras_is_compared_in_a_process_of_its_own(tiny_files: dict[str, Path]) -> None:
    both = {
        "predict": runtimes.Candidate(tiny_files["m.keras"], "keras-predict"),
        "litert": tiny_files["m.tflite"],
    }
    result = benchmark.compare(both, limits=QUICK)
    assert result.ratio("litert").verdict in ("faster", "cannot tell")
    assert result["predict"].runtime == "keras-predict"


def test_a_model_in_memory_can_be_compared(tiny_model: Any, tiny_files: dict[str, Path]) -> None:
    result = benchmark.compare({"keras": tiny_model, "onnx": tiny_files["m.onnx"]}, limits=QUICK)
    assert result["keras"].parameters == tiny_model.count_params()


def test_one_candidate_is_no_comparison(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"at least two.*benchmark.measure"):
        benchmark.compare({"only": tiny_files["m.tflite"]})


def test_different_thread_counts_are_refused(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["m.tflite"]
    mixed = {"one": runtimes.Candidate(file), "two": runtimes.Candidate(file, threads=2)}
    with pytest.raises(InputError, match=r"\[1, 2\] threads"):
        benchmark.compare(mixed)


def test_a_broken_candidate_is_named_before_anything_is_timed(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"broken\.tflite"):
        benchmark.compare({"good": tiny_files["m.tflite"], "bad": broken})


def test_an_error_in_the_child_process_keeps_its_kind(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"broken\.keras"):
        benchmark.compare({"good": tiny_files["m.keras"], "bad": broken}, limits=QUICK)


def test_a_number_is_no_artefact(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="'b' is a int"):
        benchmark.compare({"a": tiny_files["m.tflite"], "b": 3})


def test_a_wrong_image_shape_is_named(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"\(n, 8, 8, 1\)"):
        benchmark.measure(tiny_files["m.tflite"], on=np.zeros((3, 5, 5, 1), np.float32))


def test_a_measurement_has_memory_and_energy(tiny_files: dict[str, Path]) -> None:
    result = benchmark.measure(tiny_files["m.tflite"])
    assert result.memory_bytes is not None
    assert 0 <= result.memory_bytes < 100_000_000
    assert result.energy_mj == pytest.approx(result["latency_ms"] * energy.ASSUMED_WATTS)


def test_the_noise_floor_compares_a_file_with_itself(tiny_files: dict[str, Path]) -> None:
    ratio = benchmark.noise_floor(tiny_files["m.tflite"])
    assert ratio.low <= ratio.value <= ratio.high
    assert ratio.name == "A again"


def test_throughput_covers_every_batch_size(tiny_files: dict[str, Path]) -> None:
    found = benchmark.throughput(tiny_files["m.onnx"], batches=(1, 4))
    assert set(found) == {1, 4}
    assert all(value > 0 for value in found.values())
    kept = records.history("throughput")[-1].payload
    assert kept["artefact"] == workspace.file_hash(tiny_files["m.onnx"])


def test_overhead_names_the_harness_and_every_runtime() -> None:
    found = benchmark.overhead(runs=2000)
    assert {"harness", "litert", "onnxruntime"} <= set(found)
    assert all(value >= 0 for value in found.values())


def test_an_identity_model_returns_its_input() -> None:
    for path in overhead.artefacts():
        with runtimes.load(path) as runner:
            value = np.array([[0.25]], np.float32)
            assert runner.run(value) == value


def test_counts_agree_with_a_count_by_hand(tiny_model: Any, tiny_files: dict[str, Path]) -> None:
    first, depthwise, last = 8 * 8 * 3 * 3 * 1 * 4, 8 * 8 * 3 * 3 * 4, 8 * 8 * 4 * 10
    assert counts.of(tiny_model).macs == first + depthwise + last
    assert counts.of(tiny_model).parameters == tiny_model.count_params()
    for name in ("m.tflite", "m.onnx", "m.keras"):
        assert counts.of(tiny_files[name]).macs == first + depthwise + last
    assert counts.of(tiny_files["m.tflite"]).parameters == tiny_model.count_params()


def test_counts_agree_with_tensorflows_profiler(tiny_model: Any) -> None:
    from edgelab import keras

    tf = keras.tf()
    graph = tf.function(tiny_model).get_concrete_function(tf.TensorSpec((1, 8, 8, 1), tf.float32))
    with keras.quiet():
        from tensorflow.python.profiler import model_analyzer, option_builder

        options = option_builder.ProfileOptionBuilder.float_operation()
        profile = model_analyzer.profile(graph.graph, options=options)
    by_hand = 2 * counts.of(tiny_model).macs
    # The profiler also counts bias additions, one for each output value.
    assert by_hand <= profile.total_float_ops <= 1.15 * by_hand


def test_counting_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("x")
    with pytest.raises(InputError, match=r"m\.txt"):
        counts.of(tmp_path / "m.txt")


def test_memory_of_a_larger_model_is_larger(tmp_path: Path) -> None:
    from tests.bench import planted

    small = memory.measure(planted.matmul_stack(2, width=64))
    large = memory.measure(planted.matmul_stack(10, width=1024))
    assert large.peak_bytes - small.peak_bytes > 0.8 * 10 * 1024 * 1024 * 4


def test_memory_of_a_missing_file_is_an_error() -> None:
    with pytest.raises(MissingFileError):
        memory.measure("gone.tflite")


def test_a_child_that_dies_is_reported_with_its_status() -> None:
    from edgelab.errors import EdgelabError

    with pytest.raises(EdgelabError, match="status 3"):
        child.run("os:_exit", status=3)


def test_the_roof_limits_by_memory_below_the_ridge_and_by_arithmetic_above() -> None:
    roof = roofline.Roof(gflops=100, gbytes=20, threads=1)
    assert roof.ridge == 5
    assert roof.attainable(1) == 20
    assert roof.attainable(50) == 100


def test_a_point_counts_two_operations_for_each_multiply_accumulate(tiny_model: Any) -> None:
    network = counts.of(tiny_model)
    point = roofline.point("tiny", network, latency_ms=1.0)
    assert point.gflops == pytest.approx(2 * network.macs / 1e6)
    eight = roofline.point("tiny", network, latency_ms=1.0, bits=8)
    assert eight.intensity == pytest.approx(4 * point.intensity)


def test_accuracy_is_counted_on_labelled_images_only(
    tiny_files: dict[str, Path], tiny_images: np.ndarray
) -> None:
    from edgelab.images.splits import Split

    classes = tuple("0123456789")
    labels = np.zeros(len(tiny_images), np.int64)
    labelled = Split("tiny", "test", tiny_images, labels, classes)
    unlabelled = Split("tiny", "test", tiny_images, labels - 1, classes)
    file = tiny_files["m.tflite"]
    assert benchmark.measure(file, on=labelled, memory=False)["accuracy"] is not None
    assert benchmark.measure(file, on=unlabelled, memory=False)["accuracy"] is None
    untrained = runtimes.Candidate(file, weights="none")
    assert benchmark.measure(untrained, on=labelled, memory=False)["accuracy"] is None


def test_a_comparison_measures_the_peak_memory_of_each_candidate() -> None:
    from tests.bench import planted

    files = {"small": planted.matmul_stack(2, width=64), "large": planted.matmul_stack(10, 1024)}
    result = benchmark.compare(files, memory=True)
    alone = memory.measure(files["large"]).peak_bytes
    assert result["large"]["memory_bytes"] == pytest.approx(alone, rel=0.2)
    assert result["small"]["memory_bytes"] < result["large"]["memory_bytes"]
    only_small = benchmark.compare(files, memory=["small"])
    assert only_small["large"]["memory_bytes"] is None
    assert only_small["small"]["memory_bytes"] is not None
    with pytest.raises(InputError, match="'tiny', which is not compared; these are: small, large"):
        benchmark.compare(files, memory=["tiny"])


def test_freed_memory_goes_back_to_the_system() -> None:
    before = memory.resident()
    blocks = [bytearray(50_000) for _ in range(4000)]  # small enough to stay in the heap
    kept = blocks[-1]
    del blocks
    artefacts.give_memory_back()
    assert memory.resident() - before < 100_000_000
    assert len(kept) == 50_000


def test_times_alone_are_compared_when_asked(tiny_files: dict[str, Path]) -> None:
    files = {"float32": tiny_files["m.tflite"], "int8": tiny_files["int8.tflite"]}
    result = benchmark.compare(files, limits=QUICK, sizes=False)
    assert (result["int8"].size, result["int8"].macs) == (None, None)
    assert result["int8"].latency is not None
    assert benchmark.compare(files, limits=QUICK)["int8"].size is not None
