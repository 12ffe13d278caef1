"""The key-value cache: the formula is what llama.cpp reserves, and what the process grows by."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from edgelab.errors import FormatError, InputError
from edgelab.slm import kv_cache, llama_library
from tests.slm import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("kv") / "tiny.gguf")


def described(path: Path, **settings: object) -> Path:
    """Write a GGUF file of metadata alone."""
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in settings.items():
        key = "llama." + name.replace("__", ".")
        if isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_uint32(key, int(str(value)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_the_formula_by_hand(model: Path) -> None:
    cache = kv_cache.plan(model, 512)
    # layers, keys and values, heads, numbers of a head, tokens, bytes of a float16
    assert cache.bytes == 2 * 2 * 2 * 64 * 512 * 2
    assert cache.token_bytes == 1024
    assert kv_cache.plan(model, 512, "q8_0").bytes * 32 == cache.bytes / 2 * 34
    assert kv_cache.plan(model, 512, "f16", "q4_0").bytes == cache.bytes / 2 * (1 + 18 / 64)
    assert kv_cache.plan(model, 300).context == 512  # rounded up, as llama.cpp does
    assert kv_cache.Cache.from_dict(cache.to_dict()) == cache


@pytest.mark.parametrize("context", [256, 300, 512, 4096])
@pytest.mark.parametrize(
    "kinds", [("f32", "f32"), ("f16", "f16"), ("q8_0", "q8_0"), ("q4_0", "f16")]
)
def test_the_formula_is_what_llama_cpp_reserves(
    model: Path, context: int, kinds: tuple[str, str]
) -> None:
    pytest.importorskip("llama_cpp")
    keys, values = kinds
    told = kv_cache.probe(str(model), context, keys, values)["told_bytes"]
    planned = kv_cache.plan(model, context, keys, values).bytes
    assert planned == pytest.approx(told, abs=0.0051 * 2**20)


def test_a_fresh_process_grows_by_the_cache(model: Path) -> None:
    pytest.importorskip("llama_cpp")
    short, long = kv_cache.measure(model, (512, 16384), "f32")
    expected = long.cache.bytes - short.cache.bytes
    assert expected == 15872 * 2048
    assert long.growth_bytes - short.growth_bytes == pytest.approx(expected, rel=0.1)


def test_heads_may_differ_from_layer_to_layer(tmp_path: Path) -> None:
    path = described(
        tmp_path / "m.gguf", block_count=3, embedding_length=256, attention__head_count=4,
        attention__head_count_kv=[4, 2, 1],
    )  # fmt: skip
    cache = kv_cache.plan(path, 256)
    assert cache.bytes == (4 + 2 + 1) * 2 * 64 * 256 * 2
    assert cache.heads == pytest.approx(7 / 3)


def test_keys_and_values_may_have_different_lengths(tmp_path: Path) -> None:
    path = described(
        tmp_path / "m.gguf", block_count=1, embedding_length=256, attention__head_count=4,
        attention__key_length=96, attention__value_length=64,
    )  # fmt: skip
    assert kv_cache.plan(path, 256, "f32").bytes == 4 * (96 + 64) * 256 * 4


def test_what_the_formula_does_not_describe_is_refused(tmp_path: Path) -> None:
    common = {"block_count": 1, "embedding_length": 80, "attention__head_count": 4}
    with pytest.raises(InputError, match=r"blocks of 32, and a head .* is 20"):
        kv_cache.plan(described(tmp_path / "a.gguf", **common), 256, "q8_0")
    with pytest.raises(InputError, match="sliding_window is 128"):
        kv_cache.plan(described(tmp_path / "b.gguf", **common, attention__sliding_window=128), 256)
    with pytest.raises(FormatError, match="block_count"):
        kv_cache.plan(described(tmp_path / "c.gguf", embedding_length=80), 256)
    with pytest.raises(FormatError, match="1 layers and lists the heads of 2"):
        kv_cache.plan(
            described(tmp_path / "d.gguf", **common, attention__head_count_kv=[1, 1]), 256
        )


def test_a_wrong_type_and_no_context_are_refused(model: Path) -> None:
    with pytest.raises(
        InputError, match="keys is 'int8'; a cache is stored as f32, f16, q8_0, q4_0"
    ):
        kv_cache.plan(model, 512, "int8")
    with pytest.raises(InputError, match="context is 0"):
        kv_cache.plan(model, 0)


def test_a_quantized_value_cache_needs_flash_attention(model: Path) -> None:
    pytest.importorskip("llama_cpp")
    with pytest.raises(InputError, match="needs flash attention"):
        llama_library.open_model(model, values="q8_0", flash_attention=False)
    llama_library.open_model(model, keys="q8_0", flash_attention=False).close()  # keys alone do not
    llama_library.open_model(model, keys="q8_0", values="q8_0").close()  # switched on by itself


def test_llama_cpp_itself_wants_flash_attention_for_quantized_values(model: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    with llama_library.listening() as log, pytest.raises(ValueError, match="context"):
        llama_cpp.Llama(str(model), type_v=8, flash_attn=False, verbose=False)
    assert "flash_attn" in log.complaints
