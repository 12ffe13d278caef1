"""The web addresses, asked as a client asks; the server in a process of its own is in test_server.py."""

from __future__ import annotations

import base64
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from edgelab.serving import api, configuration
from edgelab.serving.configuration import Practices
from tests.serving import made


def refusal(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.get_data(as_text=True)
    error = response.json["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == response.headers["X-Request-Id"]
    return error


def test_an_image_as_a_form_gets_its_classes_with_probabilities(client):
    rgb = made.noise(1)
    answer = client.post(
        "/predict?top=2", data=made.form(made.file(Image.fromarray(rgb)), name="cat.png")
    )
    assert answer.status_code == 200
    result = answer.json["results"][0]
    assert result["name"] == "cat.png"
    assert [guess["class"] for guess in result["probabilities"]] == list(made.CLASSES)
    found = [guess["probability"] for guess in result["probabilities"]]
    assert found == pytest.approx(made.by_hand(rgb), abs=1e-5)
    assert [guess["probability"] for guess in result["top"]] == sorted(found, reverse=True)[:2]
    assert set(answer.json["milliseconds"]) == {"decode", "wait", "inference", "total"}
    assert answer.json["model"]["name"] == "colours"
    assert len(answer.json["model"]["sha256"]) == 64


def test_the_same_image_as_json_gets_the_same_answer(client):
    content = made.file(Image.fromarray(made.noise(2)))
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    answers = [
        client.post("/predict", data=made.form(content)),
        client.post("/predict", json=made.encoded(content)),
        client.post("/predict", json={"images": [{"data": uri}]}),
    ]
    assert len({json.dumps(a.json["results"][0]["probabilities"]) for a in answers}) == 1


def test_many_images_are_answered_in_their_order(client):
    colours = ["red", "green", "blue", "black"] * 4
    answer = client.post("/predict", json=made.encoded(*(made.png(c) for c in colours)))
    found = [result["top"][0]["class"] for result in answer.json["results"]]
    assert found == ["dark" if colour == "black" else colour for colour in colours]


def test_one_bad_image_refuses_the_request_and_all_bad_ones_are_named(client):
    half = made.file(Image.fromarray(made.noise(1)))[:150]
    body = made.encoded(made.png(), b"nothing", made.png(), half)
    body["images"].append({"name": "last", "data": "no base64!"})
    error = refusal(client.post("/predict", json=body), 422, "bad_images")
    assert [(one["index"], one["code"]) for one in error["images"]] == [
        (1, "not_an_image"),
        (3, "truncated"),
        (4, "bad_base64"),
    ]
    assert "3 of 5" in error["message"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"GIF89a nonsense", "not_an_image"), (made.png()[:50], "truncated")],
)
def test_a_bad_file_in_a_form_is_named(client, content, code):
    error = refusal(client.post("/predict", data=made.form(content)), 422, "bad_images")
    assert error["images"][0]["code"] == code


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("text/plain", b"hello", 415, "unsupported_media_type"),
        ("image/png", made.png(), 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"images=x", 415, "unsupported_media_type"),
        ("", b"hello", 415, "unsupported_media_type"),
        ("application/json", b"", 400, "bad_json"),
        ("application/json", b"{", 400, "bad_json"),
        ("application/json", b'{"images": [}', 400, "bad_json"),
        ("application/json", b"\xff\xfe", 400, "bad_json"),
        ("application/json", b"[" * 100_000, 400, "bad_json"),
        ("application/json", b"null", 422, "invalid_request"),
        ("application/json", b"[]", 422, "invalid_request"),
        ("application/json", b'{"images": []}', 422, "invalid_request"),
        ("application/json", b'{"images": "x"}', 422, "invalid_request"),
        ("application/json", b'{"images": [{"data": 7}]}', 422, "invalid_request"),
        ("application/json", b'{"images": [{"name": "x"}]}', 422, "invalid_request"),
        ("application/json", b'{"images": [{"data": ""}], "x": 1}', 422, "invalid_request"),
        ("application/json", b'{"image": [{"data": ""}]}', 422, "invalid_request"),
        ("multipart/form-data", b"hello", 400, "no_images"),
        ("multipart/form-data; boundary=x", b"hello", 400, "no_images"),
        ("multipart/form-data; boundary=x", b"", 400, "no_images"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400, "no_images"),
    ],
)
def test_a_body_of_another_form_is_refused_with_what_is_wrong(client, kind, body, status, code):
    refusal(client.post("/predict", data=body, content_type=kind), status, code)


def test_where_json_is_broken_is_said(client):
    answer = client.post("/predict", data=b'{"images":\n  x', content_type="application/json")
    assert "line 2, column 3" in refusal(answer, 400, "bad_json")["message"]


@pytest.mark.parametrize("field", ["image", "files", "images[]"])
def test_a_file_in_another_field_is_refused_and_the_field_named(client, field):
    answer = client.post("/predict", data={field: (io.BytesIO(made.png()), "a.png")})
    assert field in refusal(answer, 422, "invalid_request")["message"]


def test_a_text_where_a_file_is_expected_is_refused(client):
    answer = client.post("/predict", data={"images": "hello"}, content_type="multipart/form-data")
    refusal(answer, 422, "invalid_request")


def test_a_request_over_a_limit_is_refused_with_the_limit(application):
    client = application(limits={"images": 2, "body_bytes": 5000, "pixels": 100}).test_client()
    error = refusal(
        client.post("/predict", data=made.form(*3 * [made.png()])), 422, "too_many_images"
    )
    assert "3 images" in error["message"]
    refusal(client.post("/predict", json=made.encoded(*3 * [made.png()])), 422, "too_many_images")
    error = refusal(client.post("/predict", data=b"x" * 6000), 413, "body_too_large")
    assert "5000" in error["message"]
    answer = client.post("/predict", data=made.form(made.png(size=(11, 10))))
    error = refusal(answer, 422, "bad_images")
    assert "11 × 10" in error["images"][0]["message"]


def test_without_limits_the_same_requests_are_taken(application):
    limits = {"images": 2, "body_bytes": 5000, "pixels": 100, "seconds": 1e-9}
    off = {"request_limits": False}
    client = application(limits=limits, practices=off).test_client()
    large = made.file(Image.fromarray(made.noise(1, 60)))
    assert len(large) > 5000
    assert client.post("/predict", data=made.form(*3 * [large])).status_code == 200


def test_a_form_of_thousands_of_parts_is_refused(client):
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n' for n in range(5000)
    )
    answer = client.post(
        "/predict", data=f"{parts}--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    refusal(answer, 413, "body_too_large")


def test_a_request_that_takes_too_long_is_given_up(application):
    client = application(limits={"seconds": 1e-9}).test_client()
    refusal(client.post("/predict", data=made.form(made.png())), 504, "deadline")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
        ("/etc/shadow", "shadow"),
        ("..", ".."),
        ("<script>alert(1)</script>.png", "script>.png"),
        ("a\x00b\r\nc.png", "abc.png"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("x" * 300, "x" * 100),
        ("été.png", "été.png"),
    ],
)
def test_a_name_is_only_shown_and_does_nothing(client, given, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = client.post("/predict", json=made.encoded(made.png(), name=given))
    assert answer.json["results"][0]["name"] == shown
    assert answer.content_type == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert list(tmp_path.rglob("*")) == []  # the workspace is not even made


def test_uploads_never_become_files(client, monkeypatch):
    import tempfile

    def refused(*_, **__):
        raise AssertionError("a file was made")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refused)
    large = made.file(Image.fromarray(made.noise(1, 600)))
    assert len(large) > 1_000_000
    assert client.post("/predict", data=made.form(large)).status_code == 200


def test_messages_and_labels_are_in_the_language_of_the_request(application, network):
    client = application().test_client()
    french = {"Accept-Language": "fr-FR,fr;q=0.9"}
    assert (
        "vide"
        in client.post("/predict", data=made.form(b""), headers=french).json["error"]["images"][0][
            "message"
        ]
    )
    assert "n’y a rien" in client.get("/nothing", headers=french).json["error"]["message"]
    english = client.get("/nothing?lang=en", headers=french).json["error"]["message"]
    assert english.startswith("There is nothing")
    assert client.get("/nothing").json["error"]["message"] == english  # nothing is left over


def test_two_requests_at_once_in_two_languages_do_not_mix(application):
    app = application()

    def ask(number: int) -> bool:
        spoken, word = (("fr", "n’y a rien"), ("en", "nothing"))[number % 2]
        return word in app.test_client().get(f"/no?lang={spoken}").json["error"]["message"]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(200)))


@pytest.mark.parametrize("query", ["top=0", "top=5", "top=x", "top=", "lang=de", "lang=", "tpo=1"])
def test_a_query_that_does_not_fit_is_refused_and_named(client, query):
    error = refusal(
        client.post(f"/predict?{query}", data=made.form(made.png())), 422, "invalid_request"
    )
    assert query.split("=")[0] in error["message"]


def test_the_same_image_again_is_answered_from_the_cache(application):
    app = application()
    client = app.test_client()
    first, second = (
        client.post("/predict", json=made.encoded(made.png("blue"), made.png(c))).json["results"]
        for c in ("red", "green")
    )
    assert [result["cached"] for result in first] == [False, False]
    assert [result["cached"] for result in second] == [True, False]
    assert second[0]["probabilities"] == first[0]["probabilities"]
    off = application(practices={"answer_cache": False}).test_client()
    answers = [off.post("/predict", data=made.form(made.png())) for _ in range(2)]
    assert not any(answer.json["results"][0]["cached"] for answer in answers)


def everything(network, tmp_path) -> dict:
    other = str(made.network(tmp_path / "small.onnx", scale=0.5))
    model = {"name": "small", "path": other, "classes": list(made.CLASSES)}
    names = [name for name in Practices.model_fields if name != "fall_back"]
    return {**dict.fromkeys(names, True), "fall_back": {"enabled": True, "model": model}}


@pytest.mark.parametrize("practice", [*Practices.model_fields, "none", "all"])
def test_answers_are_the_same_with_every_practice_alone_all_and_none(
    application, network, tmp_path, practice
):
    on = everything(network, tmp_path)
    bare = configuration.bare(configuration.Settings()).practices.model_dump()
    chosen = bare | (on if practice == "all" else {k: v for k, v in on.items() if k == practice})
    client = application(practices=chosen).test_client()
    images = [made.noise(seed) for seed in range(6)]

    def ask(number: int) -> bool:
        rgb = images[number % 6]
        answer = client.application.test_client().post(
            "/predict", data=made.form(made.file(Image.fromarray(rgb)))
        )
        found = [guess["probability"] for guess in answer.json["results"][0]["probabilities"]]
        # Under pressure the smaller model may answer, and says so.
        scale = 0.5 if answer.json["model"]["name"] == "small" else 1.0
        return found == pytest.approx(made.by_hand(rgb, scale), abs=1e-5)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(24)))


def test_no_more_pictures_unpack_at_once_than_there_are_workers(application, monkeypatch):
    from edgelab.serving import preprocessing

    app = application(workers=2, practices={"micro_batching": {"images": 16, "wait_ms": 20}})
    inside = most = 0
    lock, unpack = threading.Lock(), preprocessing.pixels

    def watched(*arguments):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        try:
            return unpack(*arguments)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(preprocessing, "pixels", watched)
    with ThreadPoolExecutor(12) as threads:
        asked = [
            threads.submit(
                app.test_client().post,
                "/predict",
                data=made.form(*[made.png(size=(300 + n, 300))] * 4),
            )
            for n in range(24)
        ]
        assert {one.result(60).status_code for one in asked} == {200}
    assert most == 2


def test_when_many_wait_the_smaller_model_answers_and_says_so(application, network, tmp_path):
    on = everything(network, tmp_path)["fall_back"] | {"above_queue": 0}
    app = application(workers=1, practices={"fall_back": on, "queue": {"wait_ms": 10_000}})
    with app.service.admission.turn(), ThreadPoolExecutor(3) as threads:
        asked = [
            threads.submit(app.test_client().post, "/predict", data=made.form(made.png()))
            for _ in range(3)
        ]
        while app.service.admission.waiting < 3:
            pass
        app.service.admission._leave()
        names = [one.result(20).json["model"]["name"] for one in asked]
        app.service.admission._enter()
    assert sorted(names) == ["colours", "small", "small"]  # the last one found nobody behind it


def test_too_many_at_once_are_told_to_come_back(application):
    app = application(workers=1, practices={"queue": {"length": 1, "wait_ms": 10_000}})
    release = threading.Event()
    with ThreadPoolExecutor(2) as threads, app.service.admission.turn():
        waiting = threads.submit(app.test_client().post, "/predict", data=made.form(made.png()))
        while app.service.admission.waiting < 1:
            release.wait(0.001)
        refused = app.test_client().post("/predict", data=made.form(made.png()))
        refusal(refused, 503, "overloaded")
        assert refused.headers["Retry-After"] == "1"
        assert app.test_client().get("/healthz").status_code == 200
        app.service.admission._leave()
        assert waiting.result(20).status_code == 200
        app.service.admission._enter()


def test_two_versions_side_by_side_share_the_clients(application, network, tmp_path):
    other = str(made.network(tmp_path / "v2.onnx", scale=0.5))
    model = {"name": "colours", "classes": list(made.CLASSES)}
    app = application(
        models=[{**model, "path": str(network)}, {**model, "path": other, "version": "2"}]
    )
    listed = app.test_client().get("/models").json
    assert [(one["version"], one["share"]) for one in listed["models"]] == [("1", 0.5), ("2", 0.5)]
    assert len({one["sha256"] for one in listed["models"]}) == 2
    versions = {}
    for _ in range(2):
        for number in range(40):
            answer = app.test_client().post(
                "/predict", data=made.form(made.png()), headers={"X-Client-Key": f"k{number}"}
            )
            versions.setdefault(number, set()).add(answer.json["model"]["version"])
    assert all(len(seen) == 1 for seen in versions.values())
    assert {next(iter(seen)) for seen in versions.values()} == {"1", "2"}


def test_a_stopping_server_says_so(application):
    app = application()
    client = app.test_client()
    assert client.get("/readyz").json == {"status": "ready"}
    app.service.admission.stopping = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    refusal(client.post("/predict", data=made.form(made.png())), 503, "stopping")


def test_a_client_that_has_left_costs_no_more_work(application, lines):
    client = application().test_client()
    answer = client.post(
        "/predict",
        data=made.form(made.png()),
        environ_overrides={"waitress.client_disconnected": lambda: True},
    )
    assert answer.status_code == 499
    assert json.loads(lines.getvalue())["code"] == "client_left"


def test_every_request_leaves_one_line_with_its_number_and_nothing_that_was_sent(client, lines):
    sent = {"X-Request-Id": "from-a-gateway", "X-Client-Key": "secret-key"}
    client.post("/predict", data=made.form(made.png(), name="holiday.png"), headers=sent)
    client.get("/nothing")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["request_id"] == "from-a-gateway"
    assert first["status"] == 200
    assert first["images"] == 1
    assert first["model"] == "colours"
    assert (second["status"], second["code"]) == (404, "not_found")
    assert "holiday" not in lines.getvalue()
    assert "secret-key" not in lines.getvalue()


def test_our_own_mistake_is_logged_and_not_shown(application, lines, monkeypatch):
    app = application()
    monkeypatch.setattr(
        app.service.versions, "choose", lambda client: 1 / 0 if client is not None else None
    )
    error = refusal(app.test_client().post("/predict", data=made.form(made.png())), 500, "internal")
    assert "division" not in json.dumps(error)
    broke = json.loads(lines.getvalue().splitlines()[0])
    assert "ZeroDivisionError" in broke["error"]
    assert broke["request_id"] == error["request_id"]
    assert app.service.admission.working == 0


def test_metrics_count_what_happened(client):
    client.post("/predict", data=made.form(made.png(), made.png("blue")))
    client.post("/predict", data=made.form(made.png(), b""))
    client.get("/some/where")
    text = client.get("/metrics").get_data(as_text=True)
    for line in (
        'edgelab_requests_total{method="POST",route="/predict",status="200"} 1.0',
        'edgelab_requests_total{method="POST",route="/predict",status="422"} 1.0',
        'edgelab_requests_total{method="GET",route="none",status="404"} 1.0',
        'edgelab_images_total{from_cache="no",model="colours",version="1"} 2.0',
        'edgelab_refused_total{code="bad_images"} 1.0',
        'edgelab_stage_seconds_count{stage="inference"} 1.0',
        "edgelab_waiting 0.0",
    ):
        assert line in text


def test_the_wrong_method_is_told_which_are_right(client):
    answer = client.get("/predict")
    refusal(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_the_description_names_every_address_and_the_limits(application):
    client = application(limits={"images": 5}).test_client()
    described = client.get("/openapi.json").json
    assert set(described["paths"]) == {"/predict", "/models", "/healthz", "/readyz", "/metrics"}
    predict = described["paths"]["/predict"]["post"]
    for kind in ("multipart/form-data", "application/json"):
        schema = predict["requestBody"]["content"][kind]["schema"]
        assert schema["properties"]["images"]["maxItems"] == 5
    top = next(one for one in predict["parameters"] if one["name"] == "top")
    assert top["schema"]["maximum"] == len(made.CLASSES)


def test_further_parts_add_their_own_addresses(network):
    settings = configuration.checked(made.settings(network))
    app = api.create(settings, parts=[lambda app: app.add_url_rule("/more", view_func=lambda: "x")])
    assert app.test_client().get("/more").get_data() == b"x"
    app.service.close()


def test_bad_requests_among_good_ones_do_the_good_ones_no_harm(application):
    app = application(practices={"queue": {"length": 100, "wait_ms": 60_000}})
    images = [made.noise(seed) for seed in range(8)]
    bad = [
        {"data": b"{", "content_type": "application/json"},
        {"data": b"x" * 1000, "content_type": "text/plain"},
        {"json": {"images": [{"data": "AAAA"}]}},
        {"json": {"images": 7}},
    ]

    def ask(number: int) -> bool:
        client = app.test_client()
        if number % 4:
            return 400 <= client.post("/predict", **bad[number % len(bad)]).status_code < 500
        rgb = images[number % 8]
        answer = client.post("/predict", json=made.encoded(made.file(Image.fromarray(rgb))))
        found = [guess["probability"] for guess in answer.json["results"][0]["probabilities"]]
        return bool(np.allclose(found, made.by_hand(rgb), atol=1e-5))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(2000)))
    assert app.service.admission.working == 0
