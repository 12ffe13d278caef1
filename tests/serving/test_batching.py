from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgelab.serving.batching import Batcher


def doubled(pixels: np.ndarray) -> np.ndarray:
    return pixels * 2


def test_everybody_gets_the_rows_of_their_own_images():
    sizes: list[int] = []
    batcher = Batcher(doubled, images=8, wait_ms=5, threads=2, seen=sizes.append)

    def ask(number: int) -> bool:
        mine = np.full((1 + number % 3, 2), number)
        return np.array_equal(batcher.run(mine)[0], 2 * mine)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(300)))
    batcher.close()
    assert sum(sizes) == sum(1 + number % 3 for number in range(300))
    assert max(sizes) <= 8


def test_images_that_come_together_run_together():
    sizes: list[int] = []
    batcher = Batcher(doubled, images=4, wait_ms=10_000, seen=sizes.append)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: batcher.run(np.zeros((1, 2))), range(4)))
    batcher.close()
    assert sizes == [4]  # full, so nobody waited the ten seconds


def test_one_that_comes_alone_waits_no_longer_than_the_bound():
    batcher = Batcher(doubled, images=100, wait_ms=30)
    begin = time.perf_counter()
    _, waited = batcher.run(np.zeros((1, 2)))
    assert time.perf_counter() - begin >= 0.03
    assert waited >= 0.03
    batcher.close()


def test_a_request_larger_than_a_batch_runs_alone_and_whole():
    sizes: list[int] = []
    batcher = Batcher(doubled, images=4, wait_ms=1, seen=sizes.append)
    assert batcher.run(np.ones((9, 2)))[0].shape == (9, 2)
    batcher.close()
    assert sizes == [9]


def test_what_does_not_fit_comes_first_in_the_next_batch():
    begun, gate = threading.Event(), threading.Event()
    order: list[int] = []

    def slow(pixels: np.ndarray) -> np.ndarray:
        begun.set()
        gate.wait(10)
        order.append(len(pixels))
        return pixels

    batcher = Batcher(slow, images=4, wait_ms=50)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(batcher.run, np.ones((4, 1)))]
        begun.wait(10)
        for size in (3, 2):  # five do not fit into one batch
            asked.append(threads.submit(batcher.run, np.ones((size, 1))))
            time.sleep(0.02)
        gate.set()
        assert [len(one.result(10)[0]) for one in asked] == [4, 3, 2]
    batcher.close()
    assert order == [4, 3, 2]


def test_an_error_reaches_all_of_a_batch_and_the_next_batch_runs():
    def picky(pixels: np.ndarray) -> np.ndarray:
        if pixels.sum() > 0:
            raise ValueError("not today")
        return pixels

    batcher = Batcher(picky, images=2, wait_ms=10_000)
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(batcher.run, np.ones((1, 2))) for _ in range(2)]
        for one in asked:
            with pytest.raises(ValueError, match="not today"):
                one.result(10)
    assert batcher.run(np.zeros((2, 2)))[0].shape == (2, 2)
    batcher.close()


def test_closing_answers_those_who_still_wait():
    batcher = Batcher(doubled, images=100, wait_ms=60_000)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(batcher.run, np.ones((1, 2)))
        time.sleep(0.05)
        batcher.close()
        assert asked.result(5)[0].tolist() == [[2, 2]]
