from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgelab.serving.admission import Admission
from edgelab.serving.configuration import Queue
from edgelab.serving.errors import RefusedError


def until(true) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_no_more_are_at_work_at_once_than_there_are_turns():
    admission = Admission(3, Queue(length=100, wait_ms=10_000))
    inside = most = 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with admission.turn():
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(work, range(200)))
    assert most == 3
    assert admission.working == admission.waiting == 0


def test_who_finds_the_queue_full_is_told_at_once_and_when_to_come_back():
    admission = Admission(1, Queue(length=0, retry_after_s=7))
    with admission.turn():
        begin = time.perf_counter()
        with pytest.raises(RefusedError) as refused, admission.turn():
            pass
        assert time.perf_counter() - begin < 5
    assert refused.value.code == "overloaded"
    assert refused.value.status == 503
    assert refused.value.retry_after_s == 7
    with admission.turn():  # and then there is room again
        pass


def test_who_waits_too_long_is_told_so_and_leaves_the_queue():
    admission = Admission(1, Queue(length=5, wait_ms=20))
    with admission.turn():
        with pytest.raises(RefusedError, match="overloaded"), admission.turn():
            pass
        assert admission.waiting == 0
    with admission.turn() as waited:
        assert waited < 5
    assert admission.working == 0


def test_who_waits_gets_in_in_the_order_of_coming():
    admission = Admission(1, Queue(length=10, wait_ms=10_000))
    order: list[int] = []

    def work(number: int) -> None:
        with admission.turn():
            order.append(number)

    with ThreadPoolExecutor(5) as threads, admission.turn():
        for number in range(5):
            threads.submit(work, number)
            until(lambda n=number: admission.waiting == n + 1)
    assert order == [0, 1, 2, 3, 4]


def test_a_turn_is_given_back_after_an_error():
    admission = Admission(1, Queue(length=0))
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), admission.turn():
            raise ValueError("x")
    assert admission.working == 0


def test_without_a_queue_of_its_own_all_are_let_in():
    admission = Admission(1, Queue(enabled=False, length=0))
    with admission.turn(), admission.turn(), admission.turn():
        assert admission.working == 3
    assert admission.working == 0


def test_nobody_new_is_let_in_when_the_server_is_about_to_stop():
    admission = Admission(1, Queue())
    admission.stopping = True
    with pytest.raises(RefusedError, match="stopping"), admission.turn():
        pass


def test_turns_are_neither_lost_nor_doubled_when_waits_end_as_turns_come():
    admission = Admission(2, Queue(length=50, wait_ms=1))

    def work(_: int) -> None:
        try:
            with admission.turn():
                time.sleep(0.0009)
        except RefusedError:
            pass

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(work, range(2000)))
    assert admission.working == admission.waiting == 0
