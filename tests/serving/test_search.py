"""POST /search and GET /thumbnails through the application, and the default index."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgelab import data, keras, models
from edgelab.errors import InputError
from edgelab.serving import api, configuration, embedding, exact, indexing, search_routes
from edgelab.serving.embedding import Embedding
from edgelab.serving.index import Index
from edgelab.serving.logs import Log
from edgelab.serving.search import Search
from tests.serving import colours, made

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    colours.use(monkeypatch, tmp_path)
    base = tmp_path / "pictures"
    for number in range(6):
        colours.picture(base / "cat" / f"{number}.png", (255 - 20 * number, 0, 0))
    colours.picture(base / "sky.png", "blue")
    return indexing.of_folder(base, tmp_path / "an.index").folder


@pytest.fixture
def client(folder: Path, network: Path) -> Iterator[Any]:
    values = made.settings(network, search={"index": str(folder)}, limits={"body_bytes": 50_000})
    settings = configuration.checked(values)
    log = Log(enabled=False, stream=io.StringIO())
    app = api.create(settings, log, parts=[search_routes.part(settings)])
    yield app.test_client()
    app.service.close()


def form(content: bytes, name: str = "me.png") -> dict[str, Any]:
    return {"image": (io.BytesIO(content), name)}


def test_similar_images_come_back_with_their_pictures(client: Any) -> None:
    answer = client.post("/search?k=3", data=form(made.png("red")))
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["index"] == {"name": "pictures", "size": 7, "dimensions": 4}
    assert [r["name"] for r in found["results"]] == ["cat/0.png", "cat/1.png", "cat/2.png"]
    assert found["results"][0]["class"] == "cat"
    assert found["results"][0]["similarity"] == pytest.approx(1, abs=1e-5)
    assert set(found["milliseconds"]) == {"decode", "embed", "search", "total"}
    parts = [found["milliseconds"][part] for part in ("decode", "embed", "search")]
    assert sum(parts) <= found["milliseconds"]["total"] + 0.01
    picture = client.get(found["results"][0]["thumbnail"])
    assert picture.content_type == "image/jpeg"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert np.asarray(Image.open(io.BytesIO(picture.data)))[40, 40].argmax() == 0


def test_json_is_taken_as_well(client: Any) -> None:
    body = {"image": {"name": "a", "data": base64.b64encode(made.png("blue")).decode()}}
    found = client.post("/search", json=body).get_json()
    assert found["results"][0]["name"] == "sky.png"
    assert found["results"][0]["class"] is None
    assert len(found["results"]) == 7


def test_classes_are_named_in_french_too(client: Any) -> None:
    found = client.post("/search?lang=fr", data=form(made.png("red"))).get_json()
    assert (found["results"][0]["class"], found["results"][0]["label"]) == ("cat", "chat")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"data": form(b"")}, 422, "bad_images"),
        ({"data": form(b"no image")}, 422, "bad_images"),
        ({"data": form(made.png()[:40])}, 422, "bad_images"),
        ({"data": form(b"x" * 60_000)}, 413, "body_too_large"),
        ({"data": {}, "content_type": "multipart/form-data"}, 400, "no_images"),
        ({"data": {"images": (io.BytesIO(made.png()), "a.png")}}, 422, "invalid_request"),
        (
            {"data": {"image": [(io.BytesIO(made.png()), "a"), (io.BytesIO(made.png()), "b")]}},
            422,
            "invalid_request",
        ),
        ({"data": {"image": "a"}, "content_type": "multipart/form-data"}, 422, "invalid_request"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"data": b"{", "content_type": "application/json"}, 400, "bad_json"),
        ({"json": {}}, 422, "invalid_request"),
        ({"json": {"image": {"data": "§"}}}, 422, "bad_images"),
        ({"json": {"image": {"data": "AAAA", "more": 1}}}, 422, "invalid_request"),
        ({"json": {"image": {"data": "AAAA"}, "images": []}}, 422, "invalid_request"),
    ],
)
def test_a_bad_request_is_refused(client: Any, options: dict, status: int, code: str) -> None:
    answer = client.post("/search", **options)
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert error["message"]


@pytest.mark.parametrize("query", ["k=0", "k=51", "k=x", "k=", "other=1", "lang=de"])
def test_a_bad_query_is_refused(client: Any, query: str) -> None:
    answer = client.post(f"/search?{query}", data=form(made.png()))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "invalid_request")


def test_a_form_without_an_image_is_told_the_name_of_its_field(client: Any) -> None:
    answer = client.post("/search", data={}, content_type="multipart/form-data")
    assert "“image”" in answer.get_json()["error"]["message"]


def test_a_refusal_speaks_french(client: Any) -> None:
    answer = client.post("/search", data=form(b""), headers={"Accept-Language": "fr"})
    assert answer.get_json()["error"]["images"][0]["message"] == "Le fichier est vide."


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\x.png", SCRIPT, "a\x00b", "n" * 9999]
)
def test_a_name_does_nothing(client: Any, name: str) -> None:
    answer = client.post("/search", data=form(b"bad", name))
    assert answer.status_code == 422
    assert answer.content_type == "application/json"
    told = answer.get_json()["error"]["images"][0]["name"]
    assert "/" not in told or told == SCRIPT
    assert len(told) <= 100


@pytest.mark.parametrize(
    "path",
    [
        "/thumbnails/7",
        "/thumbnails/-1",
        "/thumbnails/999999999999999999999",
        "/thumbnails/../index.json",
        "/thumbnails/..%2findex.json",
        "/thumbnails/%2e%2e/%2e%2e/etc/passwd",
        "/thumbnails/1.5",
        "/thumbnails/x",
        "/thumbnails/",
    ],
)
def test_there_is_no_way_out_of_the_thumbnails(client: Any, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")


def test_the_description_holds_both_addresses(client: Any) -> None:
    description = client.get("/openapi.json").get_json()
    assert {"/search", "/thumbnails/{number}"} <= set(description["paths"])
    assert "EncodedImage" in description["components"]["schemas"]


def test_a_search_of_an_index_of_another_network_does_not_start(
    folder: Path, tmp_path: Path
) -> None:
    made.network(tmp_path / "colours.onnx", scale=2.0)
    with pytest.raises(InputError, match="another network"):
        Search(folder)


def test_the_default_index_is_the_sample_and_finds_the_same_class() -> None:
    index = Index(indexing.default())
    assert (index.size, index.dimensions) == (1200, 64)
    test = data.cifar10(sample=True).test
    pixels = (test.x[::10] * 255).round().astype(np.uint8)
    with Embedding(workers=1) as network:
        index.require_network(network.sha256)
        vectors = network.vectors(pixels)
    # Each finds itself first, then mostly its own class.
    found = [index.search(vector, 11) for vector in vectors]
    assert np.mean([f[0].similarity > 0.9999 for f in found]) == 1
    labels = [test.classes[y] for y in test.y[::10]]
    same = [n.label == label for f, label in zip(found, labels, strict=True) for n in f[1:]]
    assert np.mean(same) > 0.5  # 0.1 by chance
    # The second time it is there already.
    assert indexing.default() == index.folder


def test_the_default_embedding_is_the_networks_last_but_one_layer() -> None:
    model = models.load("resnet8")
    test = data.cifar10(sample=True).test
    features = keras.keras().Model(model.input, model.get_layer("average").output)
    expected = exact.unit(features.predict(test.x[:50], verbose=0))
    with Embedding() as network:
        got = network.vectors((test.x[:50] * 255).round().astype(np.uint8))
    assert got.shape == (50, 64)
    assert np.linalg.norm(got, axis=1) == pytest.approx(np.ones(50))
    assert (got * expected).sum(axis=1).min() > 0.95
    assert embedding.file("resnet8").stat().st_size < 120_000
