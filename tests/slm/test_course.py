"""The course's own model: its text, its command, what it writes, what is told when it is not there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgelab import cli, slm
from edgelab.errors import FormatError, MissingDataError
from edgelab.slm import corpus, course, course_training, from_gguf, llama, tokenizer, training


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a standard library of a few files, with what must be left out."""
    folder = tmp_path_factory.mktemp("library")
    files = {name: _module(name) for names in corpus.HELD_OUT.values() for name in names}
    files |= {f"lib{i}.py": _module(f"lib{i}.py") for i in range(4)}
    files |= {
        "test/test_heapq.py": "assert 'a test'",
        "encodings/cp1252.py": "table = 0",
        "_sysconfigdata__linux.py": "build = '/home/somebody'",
        "site-packages/other/__init__.py": "other = 1",
        "data.py": "#\ttab   \nx = '" + "0" * 500 + "'\ny = 1\n",
        "latin.py": "# -*- coding: latin-1 -*-\nname = 'Jos\xe9'\n".encode("latin-1"),
        "broken.py": b"\xff\xfe\x00",
        "empty.py": "",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def _module(name: str) -> str:
    lines = [
        f'def f{i}_{name[:3]}(value, other={i % 7}):\n    """Return {i} of {name}."""\n    return value + {i}\n'
        for i in range(90)
    ]
    return "\n\n".join(lines)


def test_the_text_is_cleaned_and_leaves_out_what_is_no_prose_or_not_everywhere(library):
    text = corpus.read(library)
    assert set(text.train) == {"data.py", "latin.py", *(f"lib{i}.py" for i in range(4))}
    assert text.train["data.py"] == "#   tab\ny = 1\n"
    assert "Jos\u00e9" in text.train["latin.py"]
    for role, names in corpus.HELD_OUT.items():
        assert tuple(text.held_out[role]) == names


def test_the_hash_tells_one_text_from_another(library):
    text = corpus.read(library)
    assert text.hash == corpus.read(library).hash
    other = corpus.Text({**text.train, "lib0.py": "x = 1\n"}, text.held_out, text.python)
    assert other.hash != text.hash


def test_the_real_library_has_all_modules_that_are_kept_apart_and_none_claims_a_copyright():
    text = corpus.read()
    assert sum(map(len, text.train.values())) > 5_000_000
    roles = list(corpus.HELD_OUT.values())
    assert not set(roles[0]) & set(roles[1])
    for modules in text.held_out.values():
        assert not modules.keys() & text.train.keys()
        assert [name for name, module in modules.items() if corpus.has_own_notice(module)] == []
    assert corpus.has_own_notice("# Copyright (c) 2001 Somebody")


def test_a_library_without_sources_is_told_as_such(tmp_path):
    with pytest.raises(MissingDataError, match="has no source of"):
        corpus.read(tmp_path)


@pytest.fixture
def trained(library, tmp_path, monkeypatch):
    """Train a small network on the small library through the real command."""
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("transformers", reason="training needs transformers")
    shape = llama.Shape(
        vocabulary=320,
        hidden=32,
        layers=1,
        heads=2,
        kv_heads=1,
        feed_forward=64,
        context=512,
        head_size=16,
    )
    read = corpus.read
    monkeypatch.setattr(course, "SHAPE", shape)
    monkeypatch.setattr(course_training, "train", _with_shape(course_training.train, shape))
    monkeypatch.setattr(corpus, "read", lambda: read(library))
    monkeypatch.setattr(training, "_BATCHES", ((2, 64), (1, 128)))
    monkeypatch.setattr(course, "folder", lambda: tmp_path / "shipped")
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "shipped"


def _with_shape(train, shape):
    return lambda recipe, folder: train(recipe, folder, shape)


def test_the_command_writes_a_model_that_is_loaded_and_the_passages_it_is_tested_on(
    trained, monkeypatch, capsys
):
    monkeypatch.setattr("sys.argv", ["edgelab", "train", "stdlib-4m", "--steps", "12", "--ship"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "on 8,176 tokens of the test modules" in capsys.readouterr().out
    model = from_gguf.read(slm.course_model())
    assert model.shape == course.SHAPE
    record = course.record()
    assert record["command"] == "edgelab train stdlib-4m --steps 12"
    assert record["tokens"] == 12 * 128
    assert record["test_perplexity"] == pytest.approx(np.exp(record["test_loss"]), rel=1e-3)
    passages = course.held_out()
    assert passages.ids.shape == (16, 512)
    assert passages.modules == corpus.HELD_OUT["test"]
    for text, ids in zip(passages.texts, passages.ids, strict=True):
        assert tokenizer.ids(model.tokenizer, [text])[0][:512] == ids.tolist()
    # The perplexity of the record is that of the file, to the last digit that is told.
    from edgelab.slm import torch_llama

    nats = training.loss_of(torch_llama.from_checkpoint(model), passages.ids)
    assert float(np.exp(nats.mean())) == pytest.approx(record["test_perplexity"], abs=2e-3)


def test_a_model_or_passages_that_are_not_the_record_s_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "folder", lambda: tmp_path)
    with pytest.raises(MissingDataError, match=r"train stdlib-4m"):
        slm.course_model()
    right = {"sha256": "0" * 64, "held_out": {"sha256": "0" * 64}}
    (tmp_path / "stdlib-4m.json").write_text(json.dumps(right))
    with pytest.raises(MissingDataError, match=r"f16\.gguf is not here"):
        slm.course_model()
    (tmp_path / "stdlib-4m-f16.gguf").write_bytes(b"another")
    (tmp_path / "stdlib-4m-held-out.json").write_text("{}")
    with pytest.raises(FormatError, match="git"):
        slm.course_model()
    with pytest.raises(FormatError, match="held-out"):
        course.held_out()
    (tmp_path / "stdlib-4m.json").write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        course.record()
