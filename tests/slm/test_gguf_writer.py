"""A written GGUF file holds the model that went in: names, numbers, words, answers."""

from __future__ import annotations

from dataclasses import replace

import gguf
import numpy as np
import pytest

from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.slm import gguf_writer, hf_folder, llama, tokenizer
from tests.slm import tiny

IDS = [0, 5, 300, 17, 511, 42, 99, 280, 3, 260] * 4


def hugging_face_logits(folder, ids):
    torch = pytest.importorskip("torch", reason="the reference needs torch")
    transformers = pytest.importorskip("transformers", reason="the reference needs transformers")
    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0].numpy()


@pytest.fixture
def llama_cpp():
    package = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

    def load(path):
        return package.Llama(
            str(path), n_ctx=256, n_threads=1, logits_all=True, verbose=False, type_k=0, type_v=0
        )

    return load


def logits_of(engine, ids):
    engine.reset()
    engine.eval(ids)
    return np.array(engine.scores[: len(ids)])


def test_llama_cpp_and_transformers_give_the_same_logits(tmp_path, llama_cpp):
    expected = hugging_face_logits(tiny.folder(tmp_path / "tiny"), IDS)
    engine = llama_cpp(gguf_writer.write(tmp_path / "tiny", tmp_path / "tiny.gguf", "f32"))
    got = logits_of(engine, IDS)
    engine.close()
    assert np.abs(expected).max() > 1
    assert np.abs(got - expected).max() < 1e-3


def test_without_the_other_order_of_rows_the_logits_are_others(tmp_path, llama_cpp, monkeypatch):
    right = llama_cpp(tiny.gguf(tmp_path / "right.gguf"))
    monkeypatch.setattr(gguf_writer, "pairs_beside", lambda matrix, _heads: matrix)
    wrong = llama_cpp(tiny.gguf(tmp_path / "wrong.gguf"))
    assert np.abs(logits_of(right, IDS) - logits_of(wrong, IDS)).max() > 0.1
    right.close()
    wrong.close()


def test_llama_cpp_cuts_and_joins_text_as_the_tokenizer_does(tmp_path, llama_cpp):
    engine = llama_cpp(tiny.gguf(tmp_path / "tiny.gguf"))
    expected = tokenizer.ids(tiny.checkpoint().tokenizer, tiny.TEXTS)
    for text, ids in zip(tiny.TEXTS, expected, strict=True):
        assert engine.tokenize(text.encode(), add_bos=False) == ids
        assert engine.detokenize(ids).decode() == text
    engine.close()


def test_half_precision_halves_the_matrices_and_leaves_the_norms(tmp_path):
    model = tiny.checkpoint()
    read = gguf.GGUFReader(gguf_writer.write(model, tmp_path / "half.gguf"))
    types = {tensor.name: tensor.tensor_type.name for tensor in read.tensors}
    assert set(types) == {tensor.gguf for tensor in llama.tensors_of(model.shape)}
    assert {kind for name, kind in types.items() if "norm" in name} == {"F32"}
    assert {kind for name, kind in types.items() if "norm" not in name} == {"F16"}
    stored = next(t for t in read.tensors if t.name == "blk.1.ffn_up.weight").data
    original = model.tensors["model.layers.1.mlp.up_proj.weight"]
    assert np.array_equal(stored, original.astype(np.float16))


def test_the_two_orders_of_rows_undo_each_other():
    matrix = np.arange(256 * 3).reshape(256, 3)
    beside = llama.pairs_beside(matrix, 4)
    assert np.array_equal(llama.pairs_apart(beside, 4), matrix)
    # Row i and row i + 32 of a head of 64 turn together; in GGUF they are neighbours.
    assert np.array_equal(beside[[0, 1, 2, 64, 65]], matrix[[0, 32, 1, 64, 96]])


def test_a_model_with_an_output_layer_of_its_own_is_written_too(tmp_path, llama_cpp):
    shape = replace(tiny.SHAPE, tied=False, layers=1)
    expected = hugging_face_logits(tiny.folder(tmp_path / "untied", shape=shape), IDS)
    engine = llama_cpp(gguf_writer.write(tmp_path / "untied", tmp_path / "untied.gguf", "f32"))
    assert np.abs(logits_of(engine, IDS) - expected).max() < 1e-3
    engine.close()


def test_a_folder_comes_back_as_it_was_written(tmp_path):
    model = tiny.checkpoint()
    again = hf_folder.read(hf_folder.write(model, tmp_path / "tiny"))
    assert again.shape == model.shape
    assert again.tokenizer == model.tokenizer
    assert all(np.array_equal(again.tensors[name], model.tensors[name]) for name in model.tensors)


def test_numbers_that_half_precision_cannot_hold_are_refused(tmp_path):
    model = tiny.checkpoint()
    name = "model.layers.0.mlp.up_proj.weight"
    for bad in (1e5, np.nan):
        broken = model.with_tensors({name: np.full_like(model.tensors[name], bad)})
        with pytest.raises(InputError, match=r"f32"):
            gguf_writer.write(broken, tmp_path / "broken.gguf")
    assert not list(tmp_path.iterdir())


def test_what_is_no_llama_folder_is_told_as_such(tmp_path):
    with pytest.raises(MissingFileError):
        gguf_writer.write(tmp_path / "nothing", tmp_path / "x.gguf")
    folder = tiny.folder(tmp_path / "tiny")
    with pytest.raises(InputError, match="use one of f32, f16"):
        gguf_writer.write(folder, tmp_path / "x.gguf", "q4_0")
    config = folder / "config.json"
    text = config.read_text()
    config.write_text(text.replace('"model_type": "llama"', '"model_type": "gpt2"'))
    with pytest.raises(InputError, match="gpt2"):
        gguf_writer.write(folder, tmp_path / "x.gguf")
    config.write_text(text.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    with pytest.raises(FormatError, match=r"lacks 9 tensors"):
        gguf_writer.write(folder, tmp_path / "x.gguf")
    config.write_text(text)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(FormatError, match="truncated"):
        gguf_writer.write(folder, tmp_path / "x.gguf")


def test_a_tokenizer_that_cuts_otherwise_is_refused(tmp_path):
    model = tiny.checkpoint()
    other = replace(model, tokenizer={**model.tokenizer, "pre_tokenizer": {"type": "Metaspace"}})
    with pytest.raises(InputError, match="Metaspace"):
        gguf_writer.write(other, tmp_path / "x.gguf")
