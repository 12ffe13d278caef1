import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser

import numpy as np
import pytest
from PIL import Image

from edgelab.errors import InputError, ServerError
from edgelab.serving import load_client, load_generator, load_payloads
from edgelab.serving.load_client import LoadResult
from edgelab.serving.load_payloads import Payload
from tests.serving.small_server import OK, serving

CAT = load_payloads.multipart([("cat.png", b"\x89PNG of a cat")])


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Send from this process, but in the tests of the other process: starting one takes a second."""
    if "other_process" not in request.node.name:
        call = lambda _function, **arguments: load_generator.generate(**arguments)  # noqa: E731
        monkeypatch.setattr(load_client.child, "run", call)


@contextmanager
def raw_server(*answers: bytes, read: bool = True) -> Iterator[str]:
    """Answer each connection with given bytes and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            listener.settimeout(0.05)
            rest = list(answers)
            while not ended.is_set():
                try:
                    line, _ = listener.accept()
                except TimeoutError:
                    continue
                with line:
                    line.settimeout(1)
                    if read and line.recv(65536):
                        line.sendall(rest.pop(0) if len(rest) > 1 else rest[0])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            thread.join()


def test_a_closed_loop_sends_one_request_a_client_at_a_time() -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def answer(_: object) -> tuple[int, bytes]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        with lock:
            under_way -= 1
        return OK

    with serving(answer) as server:
        result = load_client.run(server.url, [CAT], clients=3, seconds=0.4)
    assert most == 3
    assert result.sent == len(server.asked) == result.statuses["200"]
    assert result.accepted is not None
    assert result.accepted.min_ms >= 20
    assert result.throughput == pytest.approx(result.sent / result.seconds)


def test_payloads_are_sent_in_turn_with_their_headers() -> None:
    mine = [Payload(b"%d" % i, "text/plain", {"X-Client": f"c{i}"}) for i in range(3)]
    with serving() as server:
        load_client.run(f"{server.url}/predict?top=3", mine, clients=1, seconds=0.2)
    assert [a.body for a in server.asked[:6]] == [b"0", b"1", b"2"] * 2
    assert {(a.body, a.headers["X-Client"]) for a in server.asked} == {
        (b"0", "c0"),
        (b"1", "c1"),
        (b"2", "c2"),
    }
    assert {(a.method, a.path) for a in server.asked} == {("POST", "/predict?top=3")}


def test_an_address_is_one_line() -> None:
    with serving() as server:
        load_client.run(f"{server.url}/é b\r\nX: y?z=%20", [CAT], clients=1, seconds=0.1)
    assert {a.path for a in server.asked} == {"/%C3%A9%20bX:%20y?z=%20"}


def test_without_a_body_it_is_a_get() -> None:
    with serving() as server:
        load_client.run(f"{server.url}/healthz", [Payload()], clients=1, seconds=0.1)
    assert {a.method for a in server.asked} == {"GET"}


def test_connections_are_kept_from_request_to_request() -> None:
    with serving() as server:
        result = load_client.run(server.url, [CAT], clients=2, seconds=0.3)
    assert result.sent > 10
    assert server.connections <= 3  # one to see whether anybody answers, one for each client


def test_a_server_that_keeps_no_connection_is_asked_again() -> None:
    with serving(keep=False) as server:
        result = load_client.run(server.url, [CAT], clients=1, seconds=0.3)
    assert result.failures == {}
    assert result.statuses["200"] == result.sent > 1


def test_an_open_loop_sends_when_requests_are_due() -> None:
    with serving() as server:
        result = load_client.run(server.url, [CAT], "open", rate=200, seconds=1, seed=3)
    moments = load_generator._arrivals(200, 1, 3)
    assert result.sent + result.unsent == len(moments)
    sent = np.array([a.when for a in server.asked])
    # Gaps are those of the plan, but for what a busy machine adds here and there.
    gaps = np.diff(sent)[: len(moments) - 1]
    assert np.median(np.abs(gaps - np.diff(moments)[: len(gaps)])) < 0.005
    assert result.late is not None


def test_arrivals_are_a_poisson_process() -> None:
    moments = np.array(load_generator._arrivals(1000, 100, 1))
    gaps = np.diff(moments)
    assert moments[-1] < 100
    assert len(moments) == pytest.approx(100_000, rel=0.02)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.02)
    assert load_generator._arrivals(50, 2, 7) == load_generator._arrivals(50, 2, 7)


def test_who_waits_behind_a_stop_is_counted_from_when_it_was_due() -> None:
    begin: list[float] = []
    lock = threading.Lock()

    def answer(_: object) -> tuple[int, bytes]:
        with lock:  # one at a time; the first stops everybody for 0.6 s
            if not begin:
                begin.append(time.monotonic())
                time.sleep(0.6)
        return OK

    with serving(answer) as server:
        result = load_client.run(server.url, [CAT], "open", rate=100, seconds=1, in_flight=1)
    assert result.accepted is not None
    # About sixty requests were due meanwhile: they waited for 0.3 s on average.
    waited = [t for t in result.accepted_ms if t > 100]
    assert len(waited) > 35
    assert result.late is not None
    assert result.late.max_ms > 400


def test_what_was_due_and_never_sent_is_counted() -> None:
    with serving(lambda _: (time.sleep(0.3), OK)[1]) as server:
        result = load_client.run(server.url, [CAT], "open", rate=100, seconds=0.5, in_flight=2)
    assert result.unsent > 30
    assert result.sent + result.unsent == len(load_generator._arrivals(100, 0.5, 0))
    assert f"{result.unsent} were due and never sent" in repr(result)


def test_rejected_requests_are_told_apart() -> None:
    count = iter(range(10**6))
    with serving(lambda _: (503, b"no") if next(count) % 2 else OK) as server:
        result = load_client.run(server.url, [CAT], clients=1, seconds=0.3)
    assert abs(result.statuses["200"] - result.statuses["503"]) <= 1
    assert len(result.accepted_ms) == result.statuses["200"]
    assert result.rejected is not None
    assert result.rejected.runs == result.statuses["503"]
    assert "× 503" in repr(result)


def test_warm_up_is_sent_and_not_counted() -> None:
    with serving(lambda _: (time.sleep(0.01), OK)[1]) as server:
        result = load_client.run(server.url, [CAT], clients=1, seconds=0.2, warm_up=0.4)
    assert len(server.asked) > 1.5 * result.sent
    assert result.seconds < 0.4


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
        (b"nonsense\r\n\r\n", "closed"),
        (b"HTTP/1.1\r\n\r\n", "closed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "closed"),
    ],
)
def test_half_an_answer_is_none(answer: bytes, failure: str) -> None:
    with raw_server(answer) as url:
        result = load_client.run(url, [CAT], clients=1, seconds=0.15)
    assert set(result.failures) <= {failure, "refused"}
    assert result.failures[failure] >= 1
    assert result.statuses == {}
    assert result.accepted is None


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n1;x=1\r\nf\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nup to the end",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
)
def test_every_way_to_end_an_answer_is_understood(answer: bytes) -> None:
    with raw_server(answer) as url:
        result = load_client.run(url, [CAT], clients=1, seconds=0.1)
    assert result.statuses["200"] >= 1


def test_a_server_that_says_nothing_is_given_up() -> None:
    with serving(lambda _: (time.sleep(1), OK)[1]) as server:
        result = load_client.run(server.url, [CAT], clients=1, seconds=0.1, timeout=0.2)
    assert result.failures == {"timeout": 1}


def test_a_percentile_needs_its_sample() -> None:
    with serving(lambda _: (time.sleep(0.02), OK)[1]) as server:
        few = load_client.run(server.url, [CAT], clients=1, seconds=0.2)
    assert few.accepted is not None
    assert few.accepted.p90_ms is None
    assert "p90 (under 64 answers)" in repr(few)


def test_a_result_survives_json() -> None:
    with serving() as server:
        result = load_client.run(server.url, [CAT], clients=1, seconds=0.1)
    assert LoadResult.from_dict(result.to_dict()) == result


def test_it_sends_from_an_other_process() -> None:
    with serving() as server:
        result = load_client.run(server.url, [CAT], clients=2, seconds=0.3)
    assert result.statuses["200"] == result.sent == len(server.asked)
    assert 0 < result.client_cores < 2


def test_the_error_of_the_other_process_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServerError, match="edgelab serve"):
        load_client.run(f"http://127.0.0.1:{port}/", [CAT], seconds=0.1)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://93.184.216.34/predict", "not this machine"),
        ("http://0.0.0.0:8000/", "not this machine"),
        ("http://127.0.0.1.invalid/", "not this machine"),
        ("http://127.0.0.1@93.184.216.34/", "address like"),
        ("https://127.0.0.1/", "address like"),
        ("127.0.0.1:8000", "address like"),
        ("file:///etc/passwd", "address like"),
        ("http://127.0.0.1:port/", "no address"),
    ],
)
def test_only_this_machine_is_asked(url: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_client.run(url, [CAT])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"mode": "half"}, "closed, open"),
        ({"clients": 0}, "from 1 to"),
        ({"clients": 100_000}, "from 1 to"),
        ({"seconds": 0}, "up to"),
        ({"seconds": float("nan")}, "up to"),
        ({"seconds": 1e6}, "up to"),
        ({"mode": "open"}, "how many requests are due"),
        ({"mode": "open", "rate": float("inf")}, "how many requests are due"),
        ({"rate": 5.0}, "no rate"),
        ({"mode": "open", "rate": 1e6, "seconds": 60}, "more than"),
        ({"timeout": 0}, "some time"),
        ({"payloads": []}, "nothing to send"),
        ({"payloads": [Payload(headers={"X": "a\r\nY: b"})]}, "line break"),
    ],
)
def test_values_out_of_their_bounds_are_refused(wrong: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_client.run(**{"url": "http://127.0.0.1:9/", "payloads": [CAT], **wrong})


def test_a_form_is_one_that_others_read() -> None:
    payload = load_payloads.multipart([('a".png', b"\x00\r\n--\xff"), ("b\r\nc", b"")], "images")
    head = b"Content-Type: " + payload.content_type.encode() + b"\r\n\r\n"
    parts = BytesParser().parsebytes(head + payload.body).get_payload()
    assert [p.get_filename() for p in parts] == ["a%22.png", "b%0D%0Ac"]
    assert [p.get_param("name", header="content-disposition") for p in parts] == ["images"] * 2
    assert parts[0].get_payload(decode=True) == b"\x00\r\n--\xff"


def test_headers_of_a_payload_are_named_as_python_names() -> None:
    payload = load_payloads.base64_json([("a", b"x")], Accept_Language="fr")
    assert payload.headers == {"Accept-Language": "fr"}
    assert payload.content_type == "application/json"


def test_the_sample_is_png_files_of_the_test_images() -> None:
    files = load_payloads.sample(20)
    assert len({content for _, content in files}) == 20
    with Image.open(io.BytesIO(files[0][1])) as image:
        assert (image.size, image.format) == ((32, 32), "PNG")
