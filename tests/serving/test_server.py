"""The server in a process of its own, with clients that are slow, rude, many, or gone."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import signal
import socket
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from edgelab.errors import InputError, ServerError
from edgelab.serving import background, configuration
from edgelab.serving.background import Background
from edgelab.serving.server import thread_count
from tests.serving import made

BODY = json.dumps(made.encoded(made.png("blue"))).encode()
HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n%s\r\n"
)


def address(server: Background) -> tuple[str, int]:
    parts = urlsplit(server.url)
    return parts.hostname, parts.port


def connection(server: Background, seconds: float = 30) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(*address(server), timeout=seconds)


def predict(server: Background, body: bytes = BODY) -> tuple[int, dict]:
    with contextlib.closing(connection(server)) as line:
        line.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())


def is_blue(server: Background) -> bool:
    status, answer = predict(server)
    return status == 200 and answer["results"][0]["top"][0]["class"] == "blue"


def raw(server: Background, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces with a pause between, and return all that comes back until the other side closes."""
    with socket.create_connection(address(server), timeout=30) as line:
        received = b""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
                if select.select([line], [], [], pause)[0]:
                    break  # the answer came before the end of the request
            while block := line.recv(65536):
                received += block
        return received


def test_it_answers_on_this_machine_only(server):
    assert server.url.startswith("http://127.0.0.1:")
    assert is_blue(server)
    assert background.get(f"{server.url}/readyz") == {"status": "ready"}


def test_one_connection_carries_many_requests(server):
    with contextlib.closing(connection(server)) as line:
        for _ in range(20):
            line.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
            answer = line.getresponse()
            assert answer.status == 200
            answer.read()


def test_a_request_that_trickles_in_is_refused_and_holds_nobody_up(server):
    # One byte every tenth of a second would take a minute; two seconds are allowed.
    head = HEAD % (len(BODY), b"Accept-Language: fr\r\n")
    with ThreadPoolExecutor(8) as threads:
        slow = [
            threads.submit(raw, server, head, *[bytes([b]) for b in BODY[:40]], pause=0.1)
            for _ in range(8)
        ]
        time.sleep(0.5)
        assert all(is_blue(server) for _ in range(10))
        for one in slow:
            answer = one.result(60)
            assert answer.startswith(b"HTTP/1.1 408")
            assert json.loads(answer.split(b"\r\n\r\n")[1])["error"]["code"] == "too_slow"
            assert "arriver" in answer.decode()


def test_headers_that_trickle_in_are_refused_too(server):
    pieces = [b"POST /predict HTTP/1.1\r\n", *[b"X-%d: 1\r\n" % n for n in range(30)]]
    assert raw(server, *pieces, pause=0.15).split()[1] == b"408"


def test_clients_that_leave_in_the_middle_do_no_harm(server):
    for end in (10, 60, len(HEAD) + 5, len(HEAD) + len(BODY) // 2):
        for _ in range(10):
            with socket.create_connection(address(server), timeout=10) as line:
                line.sendall((HEAD % (len(BODY), b"") + BODY)[:end])
    for _ in range(30):  # these send all and do not wait for the answer
        with socket.create_connection(address(server), timeout=10) as line:
            line.sendall(HEAD % (len(BODY), b"") + BODY)
    assert all(is_blue(server) for _ in range(10))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /nowhere HTTP/9.9\r\n\r\n", 404),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", 431),
        (b"POST /predict HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 404),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # somebody speaks TLS
    ],
)
def test_what_is_no_proper_request_is_refused_in_the_usual_form(server, sent, status):
    answer = raw(server, sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    assert answer.startswith(b"HTTP/1.")
    assert int(answer.split()[1]) == status
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["message"]
    assert is_blue(server)


def test_a_body_over_the_limit_is_refused_with_the_limit(server):
    status, answer = predict(server, json.dumps(made.encoded(b"x" * 200_000)).encode())
    assert (status, answer["error"]["code"]) == (413, "body_too_large")
    assert "200000" in answer["error"]["message"]


def test_a_client_that_asks_first_is_told_before_it_sends_a_gigabyte(server):
    head = HEAD % (10**9, b"Expect: 100-continue\r\n")
    assert raw(server, head).startswith(b"HTTP/1.1 413")


def test_thousands_of_bad_requests_among_good_ones(server):
    bad = [
        b"hello\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        HEAD % (3, b"Connection: close\r\n") + b"{{{",
        HEAD % (len(BODY), b"Connection: close\r\n") + BODY.replace(b"iVBOR", b"AAAAA"),
        b"DELETE /predict HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n",
    ]
    found: Counter[str] = Counter()
    lock = threading.Lock()

    def attack(number: int) -> None:
        answer = raw(server, bad[number % len(bad)])
        with lock:
            found[answer[9:10].decode()] += 1

    with ThreadPoolExecutor(6) as threads:
        attacks = [threads.submit(attack, number) for number in range(3000)]
        good = [is_blue(server) for _ in range(100)]
        for one in attacks:
            one.result(60)
    assert all(good)
    assert found == {"4": 3000}


@pytest.fixture
def slow_server(network):
    """Start a server on which a request waits 600 ms for its batch."""
    practices = {"micro_batching": {"images": 64, "wait_ms": 600}, "answer_cache": False}
    settings = made.settings(network, workers=1, practices=practices)
    with Background(configuration.checked(settings)) as running:
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't ask a process to end")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_being_served_when_the_end_comes_gets_the_whole_answer(slow_server, number):
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(predict, slow_server) for _ in range(8)]
        time.sleep(0.3)
        slow_server.signal(number)
        time.sleep(0.1)
        with pytest.raises(ConnectionError):
            socket.create_connection(address(slow_server), timeout=5).close()
        statuses = [one.result(20)[0] for one in asked]
    assert statuses == [200] * 8
    assert slow_server.ended(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't ask a process to end")
def test_without_a_graceful_end_who_is_being_served_is_dropped(network):
    practices = {"micro_batching": {"images": 64, "wait_ms": 5000}, "graceful_shutdown": False}
    settings = made.settings(network, workers=1, practices=practices)
    with Background(configuration.checked(settings)) as running, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(predict, running)
        time.sleep(0.5)
        running.signal(signal.SIGTERM)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            asked.result(30)
        assert running.ended(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't ask a process to end")
def test_an_open_connection_is_told_to_close_and_does_not_delay_the_end(slow_server):
    idle = socket.create_connection(address(slow_server), timeout=20)
    line = connection(slow_server)
    line.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
    time.sleep(0.2)
    begin = time.monotonic()
    slow_server.signal(signal.SIGTERM)
    answer = line.getresponse()
    assert answer.status == 200
    assert answer.headers["Connection"] == "close"
    assert idle.recv(10) == b""
    assert slow_server.ended(20) == 0
    assert time.monotonic() - begin < 8
    idle.close()
    line.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't ask a process to end")
def test_a_second_signal_ends_it_at_once(slow_server):
    with socket.create_connection(address(slow_server), timeout=20) as unfinished:
        unfinished.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
        time.sleep(0.2)
        slow_server.signal(signal.SIGTERM)
        time.sleep(0.3)
        assert slow_server.running  # it waits for the rest of that request
        slow_server.signal(signal.SIGTERM)
        assert slow_server.ended(20) == 128 + signal.SIGTERM


def test_it_ends_with_the_process_that_started_it(network):
    with Background(configuration.checked(made.settings(network))) as running:
        running.let_go()
        assert running.ended(20) == 0


def test_who_leaves_while_waiting_is_not_computed(network):
    settings = configuration.checked(made.settings(network, workers=1))
    long = json.dumps(made.encoded(*[made.png(size=(1000, 1000))] * 60)).encode()
    with Background(settings) as running, ThreadPoolExecutor(1) as threads:
        for _ in range(20):  # until one left while the long one was at work
            answer = threads.submit(predict, running, long)
            time.sleep(0.1)
            for _ in range(3):
                with socket.create_connection(address(running), timeout=10) as line:
                    line.sendall(HEAD % (len(BODY), b"") + BODY)
            assert answer.result(60)[0] == 200
            if "client_left" in running.log(1000):
                break
        assert '"code": "client_left"' in running.log(1000)
        assert is_blue(running)


def test_what_is_refused_before_the_application_is_logged_and_counted(server):
    answer = raw(server, b"POST /predict HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
    number = json.loads(answer.split(b"\r\n\r\n")[1])["error"]["request_id"]
    assert number in server.log(1000)
    with contextlib.closing(connection(server)) as line:
        line.request("GET", "/metrics")
        assert b'edgelab_refused_total{code="body_too_large"}' in line.getresponse().read()


def test_a_port_that_is_taken_is_an_error_that_names_it(server, network):
    port = address(server)[1]
    settings = configuration.checked(made.settings(network, port=port))
    with pytest.raises(ServerError, match=rf"port {port}.*--port"), Background(settings):
        pass


def test_a_server_that_is_not_running_is_named():
    with pytest.raises(InputError, match="not running"):
        Background().pid  # noqa: B018 - asking is the test


def test_there_are_threads_to_refuse_while_all_others_work_or_wait(network):
    settings = configuration.checked(made.settings(network, workers=3))
    assert thread_count(settings) > settings.turns + settings.practices.queue.length
    assert thread_count(configuration.switched(settings, off=["queue"])) == 3


def test_overload_is_refused_and_the_rest_served(network):
    practices = {"queue": {"length": 2, "wait_ms": 1000}, "answer_cache": False}
    settings = configuration.checked(made.settings(network, workers=1, practices=practices))
    body = json.dumps(made.encoded(*[made.png(size=(400, 400))] * 20)).encode()
    with Background(settings) as running, ThreadPoolExecutor(16) as threads:
        statuses = Counter(
            status for status, _ in threads.map(lambda _: predict(running, body), range(100))
        )
        assert set(statuses) == {200, 503}
        assert is_blue(running)
