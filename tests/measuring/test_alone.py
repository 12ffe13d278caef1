"""Timing one artefact: here, or where its threads are those of the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import benchmark, runtimes
from edgelab.errors import InputError
from edgelab.measuring import alone, child, energy, timing
from edgelab.measuring.timing import Budget
from edgelab.runtimes import Candidate
from tests.one_child import OneChild

QUICK = Budget(min_runs=10, min_seconds=0.0, max_seconds=1.0)


def refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("a Keras model was timed in this process, on all of its cores")


@pytest.fixture
def no_timing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "sample", refuse)
    monkeypatch.setattr(timing, "block", refuse)


def threads_of_tensorflow() -> int:
    """Return how many threads TensorFlow was given in this process; runs in the child."""
    from edgelab import keras

    keras.tf()
    import os

    return int(os.environ["TF_NUM_INTRAOP_THREADS"])


@pytest.mark.usefixtures("no_timing_here")
def test_a_keras_model_is_measured_in_a_process_that_has_its_threads(
    tiny_files: dict[str, Path], one_child: OneChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def noting(function: str, *, threads: int = 1, **arguments: Any) -> Any:
        asked.append((function, threads))
        return one_child.run(function, threads=threads, **arguments)

    monkeypatch.setattr(child, "run", noting)
    found = benchmark.measure(
        Candidate(tiny_files["m.keras"], "keras-compiled", threads=1), memory=False, limits=QUICK
    )
    assert asked == [("edgelab.measuring.alone:timed_in_child", 1)]
    assert found.threads == 1
    assert found.latency is not None
    assert found.latency.runs >= 10
    assert found.energy_mj == pytest.approx(found.latency.median_ms * energy.ASSUMED_WATTS)


@pytest.mark.usefixtures("no_timing_here", "one_child")
def test_the_throughput_of_a_keras_model_is_measured_there_as_well(
    tiny_files: dict[str, Path],
) -> None:
    found = benchmark.throughput(Candidate(tiny_files["m.keras"], "keras-compiled"), (1, 4))
    assert set(found) == {1, 4}
    assert all(value > 0 for value in found.values())


@pytest.mark.usefixtures("no_timing_here")
def test_the_energy_of_a_keras_model_is_read_there_as_well(
    tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def answer(function: str, **arguments: Any) -> list[Any]:
        asked.append({"function": function} | arguments)
        return [12.5, "rapl"]

    monkeypatch.setattr(energy, "counters", lambda: {"package": (0, 1)})
    monkeypatch.setattr(child, "run", answer)
    candidate = Candidate(tiny_files["m.keras"], "keras-predict", threads=2)
    image = np.zeros((3, 8, 8, 1), np.float32)
    assert alone.energy_of(candidate, image, 1.0) == (12.5, "rapl")
    assert (asked[0]["function"], asked[0]["threads"]) == (
        "edgelab.measuring.alone:energy_in_child",
        2,
    )
    assert np.shape(asked[0]["image"]["values"]) == (1, 8, 8, 1)


@pytest.mark.usefixtures("one_child")
def test_an_error_about_the_image_comes_back_from_there(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"\(n, 8, 8, 1\)"):
        alone.timed(Candidate(tiny_files["m.keras"]), np.zeros((1, 5, 5, 1), np.float32), QUICK)


def test_other_artefacts_are_timed_here(
    tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "run", refuse)
    for name in ("m.tflite", "m.onnx"):
        candidate = Candidate(tiny_files[name])
        assert not alone.apart(candidate)
        assert alone.timed(candidate, limits=QUICK).latency.instances == 1
    assert [run.runs >= 10 for run in alone.batches(candidate, (1, 2), QUICK)] == [True, True]


def test_what_comes_back_is_what_was_measured_there() -> None:
    latency = timing.summarize([list(range(1, 2000))], 1.0, 5)
    before = alone.Timed(latency, 3.0, "estimated", busy=True)
    assert alone.Timed.from_dict(json.loads(json.dumps(before.to_dict()))) == before


@pytest.mark.usefixtures("one_child")
def test_tensorflow_has_the_stated_threads_in_a_process_of_its_own() -> None:
    assert child.run("tests.measuring.test_alone:threads_of_tensorflow", threads=1) == 1


def test_a_photograph_fits_into_the_request_to_another_process() -> None:
    photo = np.random.default_rng(0).random((224, 224, 3)).tolist()
    assert child.run("tests.measuring.test_alone:shape_of", values=photo) == [224, 224, 3]


def shape_of(values: list[Any]) -> list[int]:
    """Return the shape of nested lists; runs in the child."""
    return list(np.shape(values))


def test_every_runtime_with_fixed_threads_is_measured_apart() -> None:
    fixed = {n for n in runtimes.names() if runtimes._known()[n].threads_fixed_at_import}
    assert fixed == {"keras-predict", "keras-compiled", "keras-eager"}
