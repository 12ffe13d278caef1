"""Making an index of a folder, and reading it."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from edgelab import cli, workspace
from edgelab.errors import FormatError, InputError, MissingDataError, MissingFileError
from edgelab.serving import embedding, graph, indexing
from edgelab.serving.embedding import Embedding
from edgelab.serving.index import Index
from tests.serving import colours, made


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return colours.use(monkeypatch, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base = tmp_path / "pictures"
    for name, colour in {"red/a.png": "red", "red/b.png": (200, 20, 0), "sky.png": "blue"}.items():
        colours.picture(base / name, colour)
    return base


def vector(colour: str) -> np.ndarray:
    with Embedding() as network:
        return network.vectors(np.asarray(made.picture(colour))[None])[0]


def test_an_index_finds_what_looks_alike(folder: Path) -> None:
    made_index = indexing.of_folder(folder)
    assert (made_index.images, made_index.left_out) == (3, {})
    index = Index(made_index.folder)
    assert (index.size, index.dimensions, index.name, index.method) == (3, 4, "pictures", "exact")
    found = index.search(vector("red"), 2)
    assert [(f.name, f.label) for f in found] == [("red/a.png", "red"), ("red/b.png", "red")]
    assert found[0].similarity == pytest.approx(1)
    assert index.search(vector("blue"), 1)[0] == index.search(vector("blue"), 3)[0]
    assert index.search(vector("blue"), 1)[0].label is None


def test_vectors_are_those_of_the_network(folder: Path) -> None:
    index = Index(indexing.of_folder(folder).folder)
    with Embedding() as network:
        pixels = np.asarray(made.picture((200, 20, 0)))[None]
        expected = made.WEIGHTS.T @ (np.array([200, 20, 0]) / 255) + made.BIAS
        assert network.vectors(pixels)[0] == pytest.approx(
            expected / np.linalg.norm(expected), abs=1e-5
        )
        assert index.search(network.vectors(pixels)[0], 1)[0].name == "red/b.png"


def test_thumbnails_are_small_pictures_without_notes(folder: Path) -> None:
    with Image.open(folder / "sky.png") as image:
        noted = image.convert("RGB").resize((500, 300))
        exif = Image.Exif()
        exif[0x010F] = "a camera"
        noted.save(folder / "sky.jpg", exif=exif)
    index = Index(indexing.of_folder(folder).folder)
    for found in index.search(vector("blue"), 10):
        content = index.thumbnail(found.id)
        assert content is not None
        with Image.open(io.BytesIO(content)) as small:
            assert (small.format, small.size) == ("JPEG", (96, 96))
            assert not small.getexif()
            middle = np.asarray(small)[48, 48].argmax()
            assert middle == (0 if found.label == "red" else 2)
    assert index.thumbnail(-1) is None
    assert index.thumbnail(4) is None


def test_an_index_loads_without_the_images_and_without_the_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = indexing.of_folder(folder).folder
    query = vector("red")
    for file in sorted(folder.rglob("*.png")):
        file.unlink()
    monkeypatch.setattr(embedding, "file", lambda _name: pytest.fail("embedded again"))
    monkeypatch.setattr(graph, "build", lambda *_: pytest.fail("built again"))
    assert Index(target).search(query, 1)[0].name == "red/a.png"


def test_many_images_get_a_graph(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "WORTH_IT", 3)
    index = Index(indexing.of_folder(folder).folder)
    assert index.method == "graph"
    assert [f.name for f in index.search(vector("red"), 2)] == ["red/a.png", "red/b.png"]


def test_files_that_cannot_be_read_are_named_and_left_out(folder: Path) -> None:
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    whole = made.file(made.picture("red", (64, 64)), "JPEG")
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    made_index = indexing.of_folder(folder)
    assert made_index.images == 3
    assert set(made_index.left_out) == {"empty.png", "text.jpg", "cut.jpg"}
    assert Index(made_index.folder).left_out == made_index.left_out
    assert made_index.left_out["empty.png"] == "The file is empty."


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = colours.picture(tmp_path / "elsewhere" / "secret.png", "green")
    try:
        (folder / "link.png").symlink_to(secret)
        (folder / "inside.png").symlink_to(folder / "sky.png")
    except OSError:
        pytest.skip("links need a permission here")
    made_index = indexing.of_folder(folder)
    assert made_index.left_out == {"link.png": "a link that leads out of the folder"}
    assert made_index.images == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids these names")
def test_a_name_is_only_shown(folder: Path) -> None:
    script = "<img src=x onerror=alert(1)>.png"
    colours.picture(folder / script, "green")
    colours.picture(folder / "a\nb\x1b[2J\u202egnp.png", "green")
    raw = os.fsencode(folder) + b"/\xff\xfe.png"
    colours.picture(Path(os.fsdecode(raw)), "green")
    index = Index(indexing.of_folder(folder).folder)
    names = {f.name for f in index.search(vector("green"), 3)}
    assert script in names
    assert "ab[2Jgnp.png" in names
    assert all(name.isprintable() for name in names)


def test_an_index_replaces_an_older_one_whole_or_not_at_all(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "mine.index"
    indexing.of_folder(folder, target)
    colours.picture(folder / "grass.png", "green")
    with monkeypatch.context() as broken:
        broken.setattr(np, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            indexing.of_folder(folder, target)
    assert Index(target).size == 3
    indexing.of_folder(folder, target)
    assert Index(target).size == 4
    assert [p.name for p in tmp_path.glob(".partial-*")] == []


@pytest.mark.parametrize("name", ["vectors.npy", "names.json", "thumbnails.bin", "thumbnails.npy"])
def test_a_damaged_index_is_refused(folder: Path, name: str) -> None:
    target = indexing.of_folder(folder).folder
    file = target / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(FormatError, match=f"{name} is not the file"):
        Index(target)
    file.unlink()
    with pytest.raises(FormatError, match="edgelab index"):
        Index(target)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 99}', '{"version": 1}', '{"version": 1, "files": 3}']
)
def test_an_index_whose_facts_are_damaged_is_refused(folder: Path, content: str) -> None:
    target = indexing.of_folder(folder).folder
    (target / "index.json").write_text(content)
    with pytest.raises(FormatError, match="damaged"):
        Index(target)


def test_an_index_of_another_network_is_refused(folder: Path, network: Path) -> None:
    index = Index(indexing.of_folder(folder).folder)
    index.require_network(workspace.file_hash(network))
    made.network(network, scale=2.0)
    with pytest.raises(InputError, match="another network"):
        index.require_network(embedding.sha256("resnet8"))


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="edgelab index"):
        Index(tmp_path)
    with pytest.raises(MissingDataError, match="no folder"):
        indexing.of_folder(tmp_path / "nowhere")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="holds no image"):
        indexing.of_folder(tmp_path / "nothing")
    (tmp_path / "nothing" / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="Not one of 1 files"):
        indexing.of_folder(tmp_path / "nothing")
    with pytest.raises(InputError, match="no network 'vgg'"):
        Embedding("vgg")


def test_bytes_are_asked_for() -> None:
    with Embedding() as network, pytest.raises(InputError, match="uint8"):
        network.vectors(np.zeros((1, 8, 8, 3), np.float32))


def test_the_command_names_what_it_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "text.jpg").write_text("no picture")
    target = tmp_path / "mine.index"
    result = CliRunner().invoke(cli.app, ["index", str(folder), "--out", str(target)])
    assert result.exit_code == 0, result.output
    assert "left out: text.jpg: This is no image" in result.output
    assert "3 images" in result.output
    assert json.loads((target / "index.json").read_text())["name"] == "pictures"
