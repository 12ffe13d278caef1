"""ONNX Runtime: the engine, and folders that the model builder writes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import FormatError, InputError, ParityError
from edgelab.slm import engines, forward, llama, parity, rounding, to_onnx
from edgelab.slm.rounding import Rule
from tests.slm import tiny

pytest.importorskip("onnxruntime_genai", reason="onnxruntime-genai is not installed")
pytestmark = pytest.mark.skipif(
    "onnxruntime" not in engines.available(), reason="onnxruntime is not installed"
)
SHAPE = replace(tiny.SHAPE, feed_forward=768)  # not as wide as the vocabulary, see `to_onnx.check`


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("onnx") / "tiny", shape=SHAPE)


@pytest.fixture(scope="module")
def folder(source: Path) -> Path:
    return to_onnx.convert(source, source.parent / "full")


@pytest.fixture(scope="module")
def int4(source: Path) -> Path:
    return to_onnx.convert(source, source.parent / "int4", "int4")


@pytest.fixture(scope="module")
def model(folder: Path) -> Iterator[slm.LanguageModel]:
    with slm.load(folder) as loaded:
        yield loaded


def test_a_conversion_computes_the_formula_of_its_weights(folder, model):
    text = "".join(tiny.TEXTS)
    ids = model.encode(text)
    assert model.decode(ids) == text
    expected = forward.logits(tiny.checkpoint(shape=SHAPE), ids)
    np.testing.assert_allclose(model.logits(ids), expected, atol=1e-4)
    assert parity.read(folder).top1_agreement == 1
    assert (model.context, model.vocabulary, model.ends) == (512, 512, frozenset({0}))


def test_token_by_token_gives_what_the_whole_text_gives(model):
    ids = model.encode(tiny.TEXTS[0])
    together = model.logits(ids).argmax(axis=1)
    assert [model.start(ids[:5]), *map(model.step, ids[5:])] == together[4:].tolist()
    assert model.start(ids[:5]) == together[4]  # from an empty cache again


def test_the_whole_context_can_be_used_and_no_more(folder):
    with slm.load(folder, context=16) as model:
        model.start(list(range(1, 16)))
        model.step(3)
        with pytest.raises(InputError, match="full"):
            model.step(3)
        with pytest.raises(InputError, match="17 tokens"):
            model.logits(list(range(17)))


def test_four_bits_are_our_own_quantizer_of_the_same_kind(int4):
    weights = tiny.checkpoint(shape=SHAPE)
    rule = Rule("extreme", 4, 32, "float32")
    ours = rounding.rounded(weights, rule)
    head = rounding.quantize(weights.tensors[llama.EMBEDDING], rule).values
    # The output layer is rounded, the table of embeddings is not: they are no longer one.
    untied = llama.Checkpoint(
        replace(SHAPE, tied=False), {**ours.tensors, llama.HEAD: head}, weights.tokenizer
    )
    with slm.load(int4) as model:
        ids = model.encode(parity.TEXT)[:64]
        found = model.logits(ids)
    expected, before = forward.logits(untied, ids), forward.logits(weights, ids)
    moved, apart = np.abs(before - expected).mean(), np.abs(found - expected).mean()
    assert apart < 0.1 * moved


def test_a_layer_that_the_builder_mistakes_is_refused(tmp_path):
    same = tiny.folder(tmp_path / "same")  # feed-forward part as wide as the vocabulary
    with pytest.raises(InputError, match=r"gate_proj.*as many as there are tokens"):
        to_onnx.convert(same, tmp_path / "x")


def test_other_weights_than_the_source_s_do_not_pass(folder):
    other = tiny.checkpoint(seed=1, shape=SHAPE)
    with pytest.raises(ParityError, match="does not compute what it was made from"):
        to_onnx.finish(other, folder, "another model", exact=True)


def test_bad_input_is_told(source, folder, tmp_path):
    with pytest.raises(InputError, match="'int3'"):
        to_onnx.convert(source, tmp_path / "x", "int3")
    with pytest.raises(FormatError, match="no Hugging Face folder"):
        to_onnx.convert(folder, tmp_path / "x")
    with pytest.raises(InputError, match="no option 'cache'"):
        slm.load(folder, cache="f32")
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "model.onnx.data").write_bytes(b"")
    with pytest.raises(FormatError, match="could not be loaded by onnxruntime"):
        slm.load(broken)
    (broken / "genai_config.json").write_text("{}")
    with pytest.raises(FormatError, match="damaged"):
        slm.load(broken)
