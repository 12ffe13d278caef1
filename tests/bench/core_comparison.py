"""How often is a comparison wrong, and how small a difference does it find?

A/A: the same file loaded afresh as A and as B. Planted: B truly does 5, 2.5 or 1.25 % more work.
Each on a quiet machine, with another process on one core, and with one on every core; these work
two thirds of the time, in bursts. Last, many candidates with few rounds, as lessons 10 and 24 compare.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from edgelab import progress, runtimes
from edgelab.measuring import compare, machine
from tests.bench import planted
from tests.bench.figure import Figure, at_most, share_at_least, share_at_most

AA_TRIALS = int(os.environ.get("EDGELAB_BENCH_AA", "60"))
PLANTED_TRIALS = int(os.environ.get("EDGELAB_BENCH_PLANTED", "40"))
FEW_TRIALS = 20
LIMITS = compare.LIMITS["class"]


def figures() -> Iterator[Figure]:
    """Measure all cases under all loads."""
    loads = {"quiet": 0, "one core loaded in bursts": 1, "all in bursts": machine.cores()}
    for label, processes in loads.items():
        with burners(processes):
            yield from onnx_cases(label)
            yield from lite_cases(label)
    yield few_rounds()


def onnx_cases(label: str) -> Iterator[Figure]:
    """Compare stacks of matrix products in ONNX Runtime."""
    base, more, most = (planted.matmul_stack(n) for n in (40, 41, 42))
    yield from wrong(f"onnxruntime, {label}", base)
    yield found(f"onnxruntime 5 %, {label}", base, most, 95)
    yield found(f"onnxruntime 2.5 %, {label}", base, more, 90)


def lite_cases(label: str) -> Iterator[Figure]:
    """Compare stacks of convolutions in LiteRT."""
    base, more, most = (planted.convolution_stack(n) for n in (40, 41, 42))
    eighty, eighty_one = planted.convolution_stack(80), planted.convolution_stack(81)
    yield from wrong(f"litert, {label}", base)
    yield found(f"litert 5 %, {label}", base, most, 95)
    yield found(f"litert 2.5 %, {label}", base, more, 90)
    yield found(f"litert 1.25 %, {label}", eighty, eighty_one, 80)


def few_rounds() -> Figure:
    """Compare one file with itself as eight candidates in four rounds; count the false alarms."""
    file = planted.convolution_stack(40)
    limit = compare.Limits(min_rounds=4, max_rounds=4, pairs=4, seconds=60)
    names = [str(i) for i in range(8)]
    words: list[str] = []
    for seed in progress.bar(range(FEW_TRIALS), "A/A of eight", unit="trial"):
        with machine.exclusive():
            evidence = compare.rounds([loader(file)] * len(names), limit, seed)
        words += [ratio.verdict for ratio in compare.verdict(evidence, names)[1:]]
    false = sum(word != "cannot tell" for word in words)
    name = "A/A called different, litert, eight candidates in four rounds"
    return share_at_most(name, false, len(words), 5, note=f"{false} of {len(words)} ratios")


def wrong(label: str, file: Path) -> list[Figure]:
    """Count how often the same file is called different from itself, and how long a trial takes."""
    verdicts, seconds = trials(f"A/A {label}", file, file, AA_TRIALS)
    wrong = sum(v != "cannot tell" for v in verdicts)
    note = f"{wrong} of {len(verdicts)}"
    name = f"A/A called different, {label}"
    result = [share_at_most(name, wrong, len(verdicts), 5, note=note)]
    if label.endswith("quiet"):
        median = statistics.median(seconds)
        result.append(at_most(f"seconds a comparison, {label}", median, "s", 2))
    return result


def found(label: str, a: Path, b: Path, percent: float) -> Figure:
    """Count how often the slower of two files is found."""
    verdicts, _ = trials(label, a, b, PLANTED_TRIALS)
    hits = sum(v == "slower" for v in verdicts)
    note = f"{hits} of {len(verdicts)}"
    return share_at_least(f"planted found, {label}", hits, len(verdicts), percent, note=note)


def trials(label: str, a: Path, b: Path, count: int) -> tuple[list[str], list[float]]:
    """Run whole comparisons and return their verdicts and seconds."""
    verdicts, seconds = [], []
    for seed in progress.bar(range(count), label, unit="trial"):
        with machine.exclusive():
            evidence = compare.rounds([loader(a), loader(b)], LIMITS, seed)
        verdicts.append(compare.verdict(evidence, ["a", "b"])[1].verdict)
        seconds.append(evidence.seconds)
    return verdicts, seconds


def loader(path: Path) -> compare.Loader:
    """Return a loader of a file with a random input."""

    def load() -> compare.Loaded:
        runner = runtimes.load(path)
        return runner.prepare(runtimes.example(runner)), runner.close

    return load


@contextlib.contextmanager
def burners(count: int) -> Iterator[None]:
    """Keep other processes busy in bursts, as a browser or a virus scanner would."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_burst, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    if processes:
        time.sleep(2)  # until they have imported Python
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _burst() -> None:
    rng = random.Random()
    while True:
        end = time.perf_counter() + 0.2 * rng.random()
        while time.perf_counter() < end:
            sum(range(1000))
        time.sleep(0.1 * rng.random())
