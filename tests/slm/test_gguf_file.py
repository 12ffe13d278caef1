"""What stands in a GGUF file, and that no file, however broken, does more than raise a clear error."""

from __future__ import annotations

import ctypes
import math
import struct
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest

from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.slm import gguf_file, gguf_header, llama
from edgelab.slm.gguf_types import TYPES
from tests.slm import tiny

# The package's own table says 40 bytes for Q8_1; ggml, asked itself below, says 36.
WRONG_IN_THE_PACKAGE = {"Q8_1"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", precision="f16")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = llama.Shape(vocabulary=512, hidden=64, layers=1, heads=1, kv_heads=1, feed_forward=64, context=64)  # fmt: skip
    return tiny.gguf(tmp_path_factory.mktemp("small") / "small.gguf", precision="f16", shape=shape)


def damaged(source: Path, tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / f"damaged-{source.name}"
    path.write_bytes(content)
    return path


def test_the_header_is_what_the_package_gguf_reads(model: Path) -> None:
    ours, theirs = gguf_file.read(model), gguf.GGUFReader(model)
    assert ours.version == 3
    assert ours.data_start == theirs.data_offset
    assert set(ours.metadata) == {key for key in theirs.fields if not key.startswith("GGUF.")}
    for key, value in ours.metadata.items():
        assert value == theirs.fields[key].contents(), key
    assert [
        (t.name, t.shape[::-1], t.type, t.offset, t.size_bytes, t.count) for t in ours.tensors
    ] == [
        (t.name, tuple(t.shape), t.tensor_type.name, t.data_offset, t.n_bytes, t.n_elements)
        for t in theirs.tensors
    ]


def test_the_raw_bytes_are_the_tensor(model: Path) -> None:
    file, name = gguf_file.read(model), "blk.0.ffn_down.weight"
    expected = tiny.checkpoint().tensors["model.layers.0.mlp.down_proj.weight"]
    np.testing.assert_array_equal(file.raw(name).view(np.float16), expected.astype(np.float16))
    with pytest.raises(ValueError, match="read-only"):
        file.raw(name)[0, 0] = 1


def test_types_and_bits_are_counted(model: Path) -> None:
    file = gguf_file.read(model)
    assert file.types == {"F16": 15, "F32": 5}
    assert file.matrix_types == {"F16": 15}
    assert file.parameters == tiny.SHAPE.parameters
    weights = tiny.SHAPE.parameters
    norms = 5 * tiny.SHAPE.hidden
    assert file.bits_per_weight == pytest.approx((16 * (weights - norms) + 32 * norms) / weights)
    assert not file.is_quantized
    assert file.setting("block_count") == tiny.SHAPE.layers
    assert "15 F16, 5 F32" in repr(file)


def test_bits_are_those_of_the_bytes_on_the_disk(model: Path) -> None:
    file = gguf_file.read(model)
    between = sum(t.size_bytes for t in file.tensors)
    assert file.size_bytes - file.data_start - between < 32 * len(file.tensors)
    assert file.bits_per_weight == 8 * between / file.parameters


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_as_large_as_ggml_says(name: str) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    kind = TYPES[name]
    folder = Path(llama_cpp.__file__).parent / "lib"
    library = ctypes.CDLL(str(next(p for p in folder.iterdir() if "ggml-base" in p.name)))
    library.ggml_type_name.restype = ctypes.c_char_p
    library.ggml_type_size.restype = ctypes.c_size_t
    library.ggml_blck_size.restype = ctypes.c_int64
    assert library.ggml_type_name(kind.number).decode().upper() == name
    assert library.ggml_blck_size(kind.number) == kind.block
    assert library.ggml_type_size(kind.number) == kind.size


def test_a_type_is_as_large_as_the_package_says() -> None:
    for kind in gguf.GGMLQuantizationType:
        if kind.name not in WRONG_IN_THE_PACKAGE:
            assert (TYPES[kind.name].block, TYPES[kind.name].size) == gguf.GGML_QUANT_SIZES[kind]
    assert TYPES["Q4_0"].bits == 4.5


def test_a_file_cut_anywhere_is_an_error(small: Path, tmp_path: Path) -> None:
    whole = small.read_bytes()
    start = gguf_file.read(small).data_start
    cuts = [*range(40), *range(40, start, 97), start, (start + len(whole)) // 2, len(whole) - 33]
    for cut in cuts:
        with pytest.raises(FormatError, match=r"truncated|no GGUF"):
            gguf_file.read(damaged(small, tmp_path, whole[:cut]))


def test_flipped_bytes_end_in_a_file_or_in_a_clear_error(small: Path, tmp_path: Path) -> None:
    whole, random = bytearray(small.read_bytes()), np.random.default_rng(0)
    start = gguf_file.read(small).data_start
    outcomes = set()
    for _ in range(300):
        # Half of the flips go where the small numbers and the tensors' entries are.
        broken = whole.copy()
        low, high = (0, 400) if random.random() < 0.5 else (start - 1500, start)
        for place in random.integers(low, high, 3):
            broken[place] = random.integers(256)
        try:
            outcomes.add(type(gguf_file.read(damaged(small, tmp_path, bytes(broken)))))
        except FormatError:
            outcomes.add(FormatError)
    assert outcomes == {gguf_file.GgufFile, FormatError}


HUGE = 10**15
ABSURD = {
    "tensors": struct.pack("<4sIQQ", b"GGUF", 3, HUGE, 0),
    "keys": struct.pack("<4sIQQ", b"GGUF", 3, 0, HUGE),
    "a name": struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 2**63),
    "a list of numbers": struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"k", 9, 4, HUGE),
    "a list of texts": struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"k", 9, 8, HUGE),
    "a list of lists": struct.pack("<4sIQQQ1sIIQ", b"GGUF", 3, 0, 1, 1, b"k", 9, 9, HUGE),
    "sides": struct.pack("<4sIQQQ1sI", b"GGUF", 3, 1, 0, 1, b"t", 2**31),
    "a side": struct.pack("<4sIQQQ1sIQQIQ", b"GGUF", 3, 1, 0, 1, b"t", 2, 2**62, 2**62, 0, 0),
}


@pytest.mark.parametrize("what", ABSURD)
def test_an_absurd_count_is_an_error_and_takes_no_memory(what: str, tmp_path: Path) -> None:
    path = tmp_path / "absurd.gguf"
    path.write_bytes(ABSURD[what] + bytes(100))
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"announces|sides|truncated"):
        gguf_file.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


def entry(name: bytes, sides: tuple[int, ...], kind: int, offset: int) -> bytes:
    dims = struct.pack(f"<{len(sides)}Q", *sides)
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", len(sides)) + dims + struct.pack("<IQ", kind, offset)  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([entry(b"a", (33,), 2, 0)], "multiple of 32"),  # Q4_0
        ([entry(b"a", (32,), 0, 1)], "multiples of 32"),
        ([entry(b"a", (32,), 0, 0), entry(b"a", (32,), 0, 128)], "stands once"),
        ([entry(b"a", (0, 4), 0, 0)], "can't be right"),
        ([entry(b"a", (32,), 4711, 0)], "type 4711, which this reader does not"),
        ([entry(b"a", (10**6,), 0, 0)], "ends at byte"),
    ],
)
def test_an_entry_that_can_not_be_is_an_error(
    entries: list[bytes], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "entry.gguf"
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(entries), 0) + b"".join(entries)
    path.write_bytes(header + bytes(1024))
    with pytest.raises(FormatError, match=said):
        gguf_file.read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has 0 bytes"),
        (b"PK\x03\x04 a zip file", "begins with"),
        (struct.pack("<4sIQQ", b"GGUF", 1, 0, 0), "too old or new"),
        (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "big-endian"),
        (struct.pack("<4sIQQQ1sIQ1sI", b"GGUF", 3, 0, 2, 1, b"k", 0, 1, b"k", 0), "damaged"),
        (struct.pack("<4sIQQQ1sI", b"GGUF", 3, 0, 1, 1, b"k", 77) + bytes(9), "the type 77"),
    ],
)
def test_what_is_no_gguf_is_told_apart(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=said):
        gguf_file.read(path)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        gguf_file.read(tmp_path / "none.gguf")
    with pytest.raises(FormatError, match="is a folder"):
        gguf_file.read(tmp_path)


def test_an_unknown_tensor_and_an_unknown_setting_are_errors(model: Path) -> None:
    file = gguf_file.read(model)
    with pytest.raises(InputError, match=r"no tensor 'blk\.9\.ffn_up\.weight'.*blk\.0\.ffn_up"):
        file.tensor("blk.9.ffn_up.weight")
    with pytest.raises(FormatError, match=r"llama\.moon_phase"):
        file.setting("moon_phase")


def test_a_file_without_blocks_has_no_bits_of_them(tmp_path: Path) -> None:
    path = tmp_path / "empty.gguf"
    path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 0))
    assert math.isnan(gguf_file.read(path).block_bits_per_weight)
    assert gguf_header.read(path).data_start == 32
