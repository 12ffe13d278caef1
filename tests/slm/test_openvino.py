"""OpenVINO: the engine, the way from GGUF, and weights rounded by NNCF that are our own quantizer's."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm import (
    engines,
    forward,
    from_gguf,
    gguf_writer,
    llama,
    openvino_library,
    openvino_words,
    parity,
    rounding,
    to_openvino,
)
from edgelab.slm.rounding import Rule
from tests.slm import tiny

pytestmark = pytest.mark.skipif(
    "openvino" not in engines.available(), reason="openvino is not installed"
)
SPECIAL = "<|endoftext|>"


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("openvino") / "tiny.gguf", precision="f16")


@pytest.fixture(scope="module")
def folder(gguf: Path) -> Path:
    return to_openvino.convert(gguf, gguf.parent / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> Iterator[slm.LanguageModel]:
    with slm.load(folder, cache="f32") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def weights(gguf: Path) -> llama.Checkpoint:
    """Return the weights as the folder has them: norms in 16 bits too."""
    checkpoint = from_gguf.read(gguf)
    halves = {k: v.astype(np.float16).astype(np.float32) for k, v in checkpoint.tensors.items()}
    return checkpoint.with_tensors(halves)


def test_a_conversion_computes_the_formula_of_its_weights(folder, model, weights):
    ids = model.encode("".join(tiny.TEXTS))
    np.testing.assert_allclose(model.logits(ids), forward.logits(weights, ids), atol=1e-4)
    kept = parity.read(folder)
    assert kept.top1_agreement == 1
    assert 0 < kept.max_abs < parity.FLOAT * kept.span


def test_text_is_cut_as_the_file_says_and_comes_back_whole(model, weights):
    tokenizers = pytest.importorskip("tokenizers")
    import json

    own = tokenizers.Tokenizer.from_str(json.dumps(weights.tokenizer))
    # Line ends with blanks, signs in a row, digits: where the package's own rule cuts otherwise.
    for text in (*tiny.TEXTS, '\n    """Say."""\n\n\n  x == -1.5e10', parity.TEXT):
        ids = model.encode(text)
        assert ids == own.encode(text, add_special_tokens=False).ids
        assert model.decode(ids) == text
    ids = model.encode(f"a{SPECIAL}b")
    assert 0 in ids
    assert model.decode(ids) == "ab"
    half = model.encode("é")[:1]
    assert model.decode(half) == "\N{REPLACEMENT CHARACTER}"


def test_token_by_token_gives_what_the_whole_text_gives(model):
    ids = model.encode(tiny.TEXTS[0])
    together = model.logits(ids).argmax(axis=1)
    assert [model.start(ids[:5]), *map(model.step, ids[5:])] == together[4:].tolist()
    assert model.start(ids[:5]) == together[4]  # from an empty cache again


def test_greedy_text_is_that_of_the_formula(model, weights):
    ids = model.encode("def x")
    for _ in range(20):
        ids.append(int(forward.logits(weights, ids)[-1].argmax()))
    assert model.generate("def x", 20) == model.decode(ids[len(model.encode("def x")) :])


def test_settings_are_read_back_from_the_network(folder, model):
    assert model.settings["precision"] == "f32"
    assert model.settings["cache"] == "f32"
    assert (model.context, model.vocabulary, model.ends) == (512, 512, frozenset({0}))
    assert model.bits_per_weight == pytest.approx(16, rel=0.02)
    with slm.load(folder, context=100, cache="u8") as small:
        assert small.settings["cache"] == "u8"
        with pytest.raises(InputError, match="100"):
            small.logits(np.zeros(101, int))


@pytest.mark.parametrize("options", [{"precision": "int3"}, {"cache": "q8_0"}, {"keys": "f32"},
                                     {"dynamic_quantization": -1}])  # fmt: skip
def test_an_unknown_option_is_refused(folder, options):
    with pytest.raises(InputError):
        slm.load(folder, **options)


@pytest.mark.parametrize(
    ("mode", "rule"),
    [
        ("int4_asym", Rule("zero_point", 4, 32)),
        ("int4_sym", Rule("extreme", 4, 64)),
        ("int8_asym", Rule("zero_point", 8, 0)),
    ],
)
def test_nncf_rounds_as_our_own_quantizer(folder, weights, tmp_path, mode, rule):
    pytest.importorskip("nncf")
    rounded = to_openvino.compress(folder, tmp_path / mode, mode, rule.block or 32)
    ours = rounding.rounded(weights, rule)
    table = rounding.quantize(weights.tensors[llama.EMBEDDING], Rule("zero_point", 8, 0)).values
    ours = ours.with_tensors({llama.EMBEDDING: table})
    with slm.load(rounded, cache="f32", dynamic_quantization=0) as model:
        ids = model.encode(parity.TEXT)[:64]
        found = model.logits(ids)
        assert model.bits_per_weight < (9 if mode.startswith("int8") else 5.5)
    expected, before = forward.logits(ours, ids), forward.logits(weights, ids)
    # Another kind, block or treatment of the embedding is as far away as no rounding at all.
    moved, apart = np.abs(before - expected).mean(), np.abs(found - expected).mean()
    assert apart < 0.1 * moved


def test_a_gguf_file_runs_directly_where_that_is_asked_for(gguf, model):
    with slm.load(gguf, engine="openvino", cache="f32") as direct:
        ids = direct.encode("def read(path):")
        np.testing.assert_array_equal(direct.logits(ids), model.logits(ids))


def test_a_type_that_it_does_not_read_is_named(tmp_path, gguf, folder):
    wide = gguf_writer.write(tiny.checkpoint(), tmp_path / "wide.gguf", "f32")
    with pytest.raises(InputError, match=r"holds F32.*reads F16"):
        to_openvino.convert(wide, tmp_path / "x")
    with pytest.raises(InputError, match="holds F32"):
        slm.load(wide, engine="openvino")
    with pytest.raises(FormatError, match="no OpenVINO folder"):
        to_openvino.compress(tiny.folder(tmp_path / "hf"), tmp_path / "x")
    for wrong in (
        {"mode": "int3"},
        {"group": 1},
        {"group": 48},
        {"mode": "int8_sym", "all_layers": True},
    ):
        with pytest.raises(InputError):
            to_openvino.compress(folder, tmp_path / "x", **wrong)
    with pytest.raises(InputError, match="cuts text as 'other'"):
        openvino_words.mend(folder, "other")


def test_a_damaged_folder_or_file_is_told(gguf, folder, tmp_path):
    half = tmp_path / "half.gguf"
    half.write_bytes(gguf.read_bytes()[:200_000])
    with pytest.raises(FormatError):
        to_openvino.convert(half, tmp_path / "x")
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "openvino_model.xml").write_bytes(b"<net")
    with pytest.raises(FormatError, match="can't load broken"):
        slm.load(broken)
    with pytest.raises(FormatError, match="holds no comparison"):
        parity.read(tmp_path)


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nncf", None)
    with pytest.raises(MissingRuntimeError, match="pip install nncf"):
        openvino_library.nncf()
