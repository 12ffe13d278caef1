from __future__ import annotations

import gc
import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest

from edgelab.errors import StorageError
from edgelab.measuring import machine, timing


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_the_machine_names_what_decides_int8_speed() -> None:
    found = machine.describe()
    assert found["cpu"]
    assert found["cores"] >= 1
    assert set(found["int8"]) <= set(machine.INT8_INSTRUCTIONS.values())


def test_the_cache_of_a_core_is_read_where_the_system_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(machine, "_CACHES", str(tmp_path))
    assert machine.own_cache_bytes() is None
    for number, (level, size) in enumerate([("1", "32K"), ("2", "1280K"), ("3", "32M")]):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        (folder / "level").write_text(f"{level}\n")
        (folder / "size").write_text(f"{size}\n")
    assert machine.own_cache_bytes() == 1280 * 1024


def test_the_fingerprint_is_stable_and_holds_no_host_name() -> None:
    assert machine.fingerprint() == machine.fingerprint()
    assert len(machine.fingerprint()) == 12


def test_another_process_counts_as_others_and_our_own_work_does_not() -> None:
    other = multiprocessing.get_context("spawn").Process(target=spin, args=(3.0,))
    with machine.watch() as alone:
        spin(0.5)
    other.start()
    time.sleep(0.6)
    with machine.watch() as disturbed:
        time.sleep(0.8)
    other.join()
    assert disturbed.others > alone.others
    assert disturbed.others > 0.5


def test_a_busy_measurement_is_repeated_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.Load, "busy", property(lambda _self: True))
    calls: list[int] = []
    _, busy = machine.quietly(lambda: calls.append(1), attempts=3)
    assert busy
    assert len(calls) == 3


def test_a_quiet_measurement_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.Load, "busy", property(lambda _self: False))
    calls: list[int] = []
    _, busy = machine.quietly(lambda: calls.append(1))
    assert not busy
    assert len(calls) == 1


def hold(folder: str, seconds: float, events: object) -> None:
    import os

    os.environ["EDGELAB_WORKSPACE"] = folder
    with machine.exclusive():
        events.put(("in", time.time()))  # type: ignore[attr-defined]
        time.sleep(seconds)
        events.put(("out", time.time()))  # type: ignore[attr-defined]


def test_two_processes_never_time_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    events = context.Queue()
    processes = [context.Process(target=hold, args=(str(tmp_path), 0.3, events)) for _ in range(2)]
    for process in processes:
        process.start()
    seen = sorted((events.get(timeout=60) for _ in range(4)), key=lambda e: e[1])
    for process in processes:
        process.join()
    assert [what for what, _ in seen] == ["in", "out", "in", "out"]


def test_an_unwritable_lock_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine, "_lock", refuse)
    with pytest.raises(StorageError, match="EDGELAB_WORKSPACE"), machine.exclusive():
        pass


def test_a_sample_meets_its_minimum_of_runs_and_seconds() -> None:
    limits = timing.Budget(min_runs=30, min_seconds=0.1, max_seconds=5)
    latency = timing.sample(lambda: spin(0.001), limits)
    assert latency.runs >= 30
    assert latency.seconds >= 0.1
    assert latency.low_ms <= latency.median_ms <= latency.high_ms
    assert "within one load" in latency.bounds


def test_the_collector_is_off_inside_and_on_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), timing.collector_off():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()


def blocks(count: int, runs: int = 40) -> list[int]:
    """Return times in blocks of which the first run is four times as slow as the others."""
    return [80_000 if i % runs == 0 else 20_000 + i % 7 for i in range(count * runs)]


def test_a_record_keeps_a_thousand_samples_and_the_figures_of_all_runs() -> None:
    samples = blocks(1000)
    latency = timing.summarize([samples], 1.0, 0)
    assert len(latency.samples_ms) == timing.SAMPLES_KEPT
    assert latency.thinned
    assert latency.runs == 40_000
    in_ms = np.array(samples) / 1e6
    assert latency.p90_ms == pytest.approx(np.quantile(in_ms, 0.90))
    assert latency.p99_ms == pytest.approx(np.quantile(in_ms, 0.99))
    assert latency.mean_ms == pytest.approx(in_ms.mean())
    assert (latency.min_ms, latency.max_ms) == pytest.approx((in_ms.min(), in_ms.max()))


def test_first_runs_of_blocks_are_drawn_as_often_as_they_happen() -> None:
    # One run in forty of 40,000: every fortieth run would be nothing but those.
    kept = np.array(timing.summarize([blocks(1000)], 1.0, 0).samples_ms)
    assert np.mean(kept > 0.05) == pytest.approx(1 / 40, abs=0.015)


def test_the_drawn_samples_stay_in_their_order_and_are_the_same_each_time() -> None:
    first, again = (timing.summarize([range(1, 5001)], 1.0, 0) for _ in range(2))
    assert list(first.samples_ms) == sorted(first.samples_ms)
    assert first == again


def test_few_runs_are_all_kept() -> None:
    latency = timing.summarize([[3, 1, 2]], 1.0, 4)
    assert latency.samples_ms == (3e-6, 1e-6, 2e-6)
    assert not latency.thinned
    assert (latency.instances, latency.warmup_runs) == (1, 4)


def test_the_medians_bounds_widen_when_instances_differ() -> None:
    rng = np.random.default_rng(0)
    same = [[int(t) for t in rng.normal(1e5, 1e3, 200)] for _ in range(5)]
    differing = [[int(t) for t in rng.normal(1e5 + 5e3 * i, 1e3, 200)] for i in range(5)]
    narrow, wide = timing.summarize(same, 1.0, 0), timing.summarize(differing, 1.0, 0)
    assert wide.high_ms - wide.low_ms > 5 * (narrow.high_ms - narrow.low_ms)
    assert narrow.bounds == "95 % interval over 5 fresh loads"


def test_a_block_times_every_run() -> None:
    assert len(timing.block(lambda: None, 7)) == 7
