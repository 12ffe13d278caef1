"""The small parts: answer cache, versions, fall back, metrics, logs, language."""

from __future__ import annotations

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgelab.classroom import translations
from edgelab.serving import configuration, errors, labels, language, logs, versions
from edgelab.serving.answer_cache import AnswerCache
from edgelab.serving.engine import Engine
from edgelab.serving.fall_back import FallBack
from edgelab.serving.metrics import Metrics
from edgelab.serving.versions import Versions
from tests.serving import made


def row(value: float) -> np.ndarray:
    return np.full(4, value, np.float32)


def test_the_cache_forgets_what_was_not_asked_for_longest():
    cache = AnswerCache(2)
    a, b, c = (cache.key(content, "model") for content in (b"a", b"b", b"c"))
    cache.put(a, row(1))
    cache.put(b, row(2))
    assert cache.get(a) is not None
    cache.put(c, row(3))
    assert cache.get(b) is None
    assert [cache.get(key)[0] for key in (a, c)] == [1, 3]
    assert len(cache) == 2


def test_another_model_or_another_byte_is_another_key():
    cache = AnswerCache(9)
    keys = {cache.key(content, model) for content in (b"a", b"b") for model in ("m1", "m2")}
    assert len(keys) == 4
    assert cache.key(b"a", "m1") in keys


def test_a_cache_without_entries_remembers_nothing():
    cache = AnswerCache(0)
    cache.put(cache.key(b"a", "m"), row(1))
    assert cache.get(cache.key(b"a", "m")) is None
    assert len(cache) == 0


def test_a_kept_row_does_not_keep_its_whole_batch_nor_change_with_it():
    cache, batch = AnswerCache(9), np.ones((1000, 4), np.float32)
    cache.put(b"k", batch[3])
    batch[3] = 0
    kept = cache.get(b"k")
    assert kept.base is None
    assert kept.tolist() == [1, 1, 1, 1]


def test_many_threads_leave_the_cache_whole():
    cache = AnswerCache(50)

    def use(number: int) -> None:
        key = cache.key(bytes([number % 100]), "m")
        found = cache.get(key)
        assert found is None or found[0] == number % 100
        cache.put(key, row(number % 100))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(5000)))
    assert len(cache) == 50


@pytest.fixture
def two(network, tmp_path) -> list[Engine]:
    other = made.network(tmp_path / "other.onnx", scale=0.5)
    models = [
        configuration.Model(name="colours", version=version, path=path, classes=made.CLASSES)
        for version, path in (("1", network), ("2", other))
    ]
    return [Engine(model, 1) for model in models]


def test_shares_are_kept_and_a_client_always_gets_the_same_model(two):
    split = Versions(two, [3, 1], split=True)
    clients = [f"192.0.2.{number}" for number in range(256)] + [f"key-{n}" for n in range(4000)]
    first = {client: split.choose(client).version for client in clients}
    assert first == {client: split.choose(client).version for client in clients}
    assert Counter(first.values())["2"] / len(clients) == pytest.approx(0.25, abs=0.03)


def test_moving_a_share_moves_only_that_share_of_the_clients(two):
    before, after = (Versions(two, [1 - share, share], split=True) for share in (0.1, 0.3))
    clients = [f"key-{number}" for number in range(2000)]
    moved = [c for c in clients if before.choose(c) is not after.choose(c)]
    assert len(moved) / len(clients) == pytest.approx(0.2, abs=0.03)
    assert all(after.choose(client).version == "2" for client in moved)


def test_without_a_split_the_first_model_answers_all(two):
    plain = Versions(two, [1, 5], split=False)
    assert {plain.choose(f"key-{n}").version for n in range(100)} == {"1"}
    assert [model["share"] for model in plain.described()] == [1, 0]


def test_a_share_of_zero_is_nobody(two):
    none = Versions(two, [0, 1], split=True)
    assert {none.choose(f"key-{n}").version for n in range(500)} == {"2"}


@pytest.mark.parametrize("client", ["", "é", "\udcff", "x" * 10_000])
def test_every_client_has_a_place(client):
    assert 0 <= versions.place(client) < 1


def test_the_smaller_model_answers_only_under_pressure(two):
    usual, small = two
    fall_back = FallBack(small, above_queue=4)
    assert fall_back.choose(usual, waiting=4) is usual
    assert fall_back.choose(usual, waiting=5) is small
    assert FallBack(None, 0).choose(usual, waiting=99) is usual


def test_metrics_see_a_tenth_of_a_millisecond_and_keep_few_series():
    metrics = Metrics()
    metrics.answered("/predict", "POST", 200, 0.00008)
    for number in range(50):
        metrics.answered("none", f"METHOD{number}", 405, 0.1)
    text = metrics.text().decode()
    assert 'edgelab_request_seconds_bucket{le="0.0001",route="/predict"} 1.0' in text
    assert 'edgelab_requests_total{method="other",route="none",status="405"} 50.0' in text
    assert "METHOD" not in text


def test_two_applications_in_one_process_count_apart():
    first, second = Metrics(), Metrics()
    first.refused("overloaded")
    assert 'code="overloaded"' in first.text().decode()
    assert 'code="overloaded"' not in second.text().decode()


@pytest.mark.parametrize("given", ["abc-123_X.y", "a" * 64])
def test_a_sane_request_number_is_taken(given):
    assert logs.request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "a" * 65, "a b", "a\nb", "é", "<script>", "a;b"])
def test_any_other_gets_a_new_number(given):
    made_up = logs.request_id(given)
    assert made_up != given
    assert len(made_up) == 32


def test_a_log_line_is_one_line_of_json_whatever_is_in_it():
    stream = io.StringIO()
    log = logs.Log(stream=stream)
    log.request(request_id="1", path="/a\nb\u2028\x00" + "x" * 1000, status=404)
    log.broke("2", ValueError("two\nlines"))
    first, second = stream.getvalue().splitlines()
    assert len(json.loads(first)["path"]) == 200
    assert "two" in json.loads(second)["error"]


def test_a_log_that_is_off_still_writes_what_broke():
    stream = io.StringIO()
    log = logs.Log(enabled=False, stream=stream)
    log.request(request_id="1", path="/", status=200)
    assert stream.getvalue() == ""
    log.broke("2", ValueError("x"))
    assert "ValueError" in stream.getvalue()


def test_the_french_catalogue_of_the_application_is_complete():
    assert translations.offenders(domain=language.DOMAIN) == []


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB", "en"),
        ("de, fr;q=0.5", "fr"),
        ("de", "en"),
        ("", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("\x00;;;q=", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_prefers(header, spoken):
    assert language.chosen(header) == spoken


def test_a_browser_that_says_nothing_gets_the_language_of_the_course(monkeypatch):
    monkeypatch.setenv("EDGELAB_LANG", "fr")
    assert language.chosen("") == "fr"
    assert labels.label("airplane") == "avion"


def test_a_class_of_somebody_s_own_model_is_called_by_its_name():
    with language.speaking("fr"):
        assert labels.label("my cat") == "my cat"


def test_every_refusal_has_a_sentence_that_all_its_numbers_fit_into():
    numbers = dict.fromkeys(
        (
            "given",
            "limit",
            "seconds",
            "place",
            "line",
            "column",
            "method",
            "count",
            "total",
            "field",
        ),
        7,
    ) | {"width": 1, "height": 2, "mode": "F"}
    for spoken in language.AVAILABLE:
        with language.speaking(spoken):
            for code, (status, _) in errors.CODES.items():
                assert 400 <= status < 600
                assert "{" not in errors.sentence(code, numbers)
