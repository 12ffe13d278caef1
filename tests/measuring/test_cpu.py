from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgelab import benchmark, records, runtimes, workspace
from edgelab.errors import MissingFileError
from edgelab.measuring import cpu, machine


def working_ms(milliseconds: float) -> None:
    end = time.process_time() + milliseconds / 1e3
    while time.process_time() < end:
        pass


def test_work_keeps_a_core_busy_and_waiting_does_not() -> None:
    runs, cpu_s, wall_s = cpu.while_running(lambda: time.sleep(0.006))
    assert runs >= cpu.RUNS
    assert wall_s >= cpu.SECONDS
    assert cpu_s < 0.5 * wall_s
    runs, cpu_s, wall_s = cpu.while_running(lambda: working_ms(6))
    # Other programs may have the core meanwhile: that lengthens the clock's time only.
    assert cpu_s == pytest.approx(0.006 * runs, rel=0.2)
    assert wall_s > 0.9 * cpu_s


def test_a_short_inference_is_repeated_until_the_clock_can_tell() -> None:
    runs, _, wall_s = cpu.while_running(lambda: None)
    assert runs > cpu.RUNS
    assert wall_s >= cpu.SECONDS


def test_one_thread_keeps_at_most_one_core_busy(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["m.tflite"]
    use = benchmark.cpu_use(file)
    assert use.threads == 1
    assert 0 < use.cores < 1.3
    assert use.share == use.cores / machine.cores()
    assert use.cores == pytest.approx(use.cpu_s / use.wall_s)
    assert "1 thread, " in repr(use)
    kept = records.history("cpu")[-1]
    assert kept.name == "m"
    assert kept.payload["cores"] == use.cores
    assert kept.payload["artefact"] == workspace.file_hash(file)


def test_threads_are_those_asked_for(tiny_files: dict[str, Path]) -> None:
    assert benchmark.cpu_use(tiny_files["m.onnx"], threads=2).threads == 2
    two = runtimes.Candidate(tiny_files["m.tflite"], threads=2)
    assert benchmark.cpu_use(two).threads == 2


@pytest.mark.usefixtures("one_child")
def test_keras_is_measured_in_a_process_with_the_stated_threads(
    tiny_files: dict[str, Path],
) -> None:
    compiled = runtimes.Candidate(tiny_files["m.keras"], "keras-compiled")
    use = benchmark.cpu_use(compiled)
    assert (use.threads, use.runs >= cpu.RUNS) == (1, True)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingFileError, match=r"nowhere\.tflite"):
        benchmark.cpu_use("nowhere.tflite")
