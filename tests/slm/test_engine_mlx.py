"""MLX computes what llama.cpp computes, says where, and does not fall for the base that it can't see."""

from __future__ import annotations

import dataclasses
import json
import platform
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm import engines, mlx_library
from tests.slm import tiny
from tests.slm.conftest import need

BASE = 100_000.0


@pytest.fixture(scope="module")
def model(folder):
    need("mlx")
    with slm.load(folder, engine="mlx", device="cpu") as loaded:
        yield loaded


@pytest.fixture
def as_transformers_writes_it(tmp_path):
    """Return a model of another base, written down in `rope_parameters` only."""
    need("mlx")
    shape = dataclasses.replace(tiny.SHAPE, rope_theta=BASE)
    folder = tiny.folder(tmp_path / "other base", shape=shape)
    config = json.loads((folder / "config.json").read_text())
    del config["rope_theta"]
    assert config["rope_parameters"]["rope_theta"] == BASE
    (folder / "config.json").write_text(json.dumps(config))
    return folder, tiny.gguf(tmp_path / "other.gguf", shape=shape)


def test_tokens_logits_and_texts_are_llama_cpp_s(exact, model):
    text = "".join(tiny.TEXTS)
    ids = exact.encode(text)
    assert model.encode(text) == ids
    assert model.decode(ids) == text
    assert (model.ends, model.vocabulary, model.context) == (exact.ends, 512, 512)
    np.testing.assert_allclose(model.logits(ids), exact.logits(ids), atol=1e-4)
    for temperature in (0.0, 0.8):
        texts = [m.generate("def x", 40, temperature, seed=3) for m in (exact, model)]
        assert texts[0] == texts[1]


def test_step_by_step_gives_the_same_as_all_at_once(model):
    ids = model.encode(tiny.TEXTS[0])
    together = model.logits(ids).argmax(axis=1)
    for asked in (1, 5):
        steps = [model.start(ids[:asked]), *map(model.step, ids[asked:])]
        assert steps == together[asked - 1 :].tolist()


def test_a_prompt_does_not_answer_from_the_one_before(model):
    ids = model.encode(tiny.TEXTS[0])
    first = model.start(ids)
    offsets = {layer.offset for layer in model._cache}
    assert model.start(ids) == first
    assert {layer.offset for layer in model._cache} == offsets == {len(ids)}


def test_the_threads_are_the_one_that_works_and_not_those_asked_for(folder, model):
    with slm.load(folder, engine="mlx", threads=2) as two:
        assert two.threads == 1
    assert model.settings == {
        "context": 512,
        "device": "cpu",
        "precision": "float32",
        "rope_theta": 10_000.0,
    }
    assert model.bits_per_weight == 32


@pytest.mark.skipif(platform.system() != "Linux", reason="counts threads in /proc")
def test_one_thread_computes_on_linux():
    need("mlx")
    from edgelab.measuring import child

    assert child.run("tests.slm.test_engine_mlx:threads_that_multiply") == 1


def threads_that_multiply():
    """Return how many threads spend processor time on products of matrices; runs in a process of its own."""
    mx = mlx_library.package()

    def ticks():
        tasks = Path("/proc/self/task").glob("*/stat")
        fields = {t.parent.name: t.read_text().rsplit(")", 1)[1].split() for t in tasks}
        return {name: int(f[11]) + int(f[12]) for name, f in fields.items()}

    matrix = mx.random.normal((512, 512))
    mx.eval(matrix)
    before = ticks()
    for _ in range(8):
        mx.eval(matrix @ matrix)
    spent = {name: n - before.get(name, 0) for name, n in ticks().items()}
    return sum(n > 0.2 * sum(spent.values()) for n in spent.values())


def test_mlx_lm_alone_takes_another_base_and_the_engine_does_not(
    as_transformers_writes_it, exact_of
):
    folder, gguf = as_transformers_writes_it
    alone = mlx_library.models("utils").load_model(folder)[0]
    assert alone.args.rope_theta == mlx_library.SILENT_BASE, "mlx-lm reads it now: the mend can go"
    ids = np.random.default_rng(0).integers(0, 512, 64)
    with (
        slm.load(folder, engine="mlx") as mended,
        slm.load(folder, engine="mlx", rope_theta=mlx_library.SILENT_BASE) as wrong,
    ):
        right, other = mended.logits(ids), wrong.logits(ids)
        assert (mended.settings["rope_theta"], wrong.settings["rope_theta"]) == (BASE, 10_000)
    expected = exact_of(gguf).logits(ids)
    np.testing.assert_allclose(right, expected, atol=1e-4)
    # The first token is not turned, so nothing shows there, and more with every token.
    np.testing.assert_allclose(other[0], expected[0], atol=1e-4)
    assert np.abs(other - expected)[32:].max() > 0.1


@pytest.fixture
def exact_of():
    need("llama.cpp")
    opened = []

    def load(path):
        opened.append(slm.load(path, keys="f32", values="f32"))
        return opened[-1]

    yield load
    for model in opened:
        model.close()


def test_a_stretched_embedding_written_the_new_way_reaches_mlx(folder, tmp_path):
    need("mlx")
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    config["rope_parameters"] |= {
        "rope_type": "linear",
        "factor": 4.0,
    }
    (copy / "config.json").write_text(json.dumps(config))
    assert mlx_library.network(copy).layers[0].self_attn.rope.scale == 0.25


def test_wrong_options_and_damaged_folders_are_refused(folder, tmp_path):
    need("mlx")
    for options, message in (
        ({"keys": "f32"}, "no option 'keys'; it takes device and rope_theta"),
        ({"device": "npu"}, "device is 'npu'"),
        ({"rope_theta": -1}, "rope_theta is -1"),
    ):
        with pytest.raises(InputError, match=message):
            slm.load(folder, engine="mlx", **options)
    copy = shutil.copytree(folder, tmp_path / "copy")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(FormatError, match="could not be loaded by mlx"):
        slm.load(copy, engine="mlx")
    (copy / "tokenizer.json").unlink()
    with pytest.raises(FormatError, match=r"no tokenizer\.json"):
        slm.load(copy, engine="mlx")


@pytest.mark.parametrize(
    ("system", "processor", "message"),
    [
        ("Windows", "AMD64", "no MLX for this machine.*reference run"),
        ("Darwin", "x86_64", "no MLX for this machine.*reference run"),
        ("Darwin", "arm64", r"pip install mlx mlx-lm"),
        ("Linux", "x86_64", r"pip install 'mlx\[cpu\]' mlx-lm"),
    ],
)
def test_what_is_missing_is_told_with_the_command_of_this_system(
    folder, monkeypatch, system, processor, message
):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    monkeypatch.setattr(engines.util, "find_spec", lambda name: None if "mlx" in name else name)
    with pytest.raises(MissingRuntimeError, match=message):
        slm.load(folder, engine="mlx")
