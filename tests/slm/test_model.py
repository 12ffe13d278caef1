from pathlib import Path

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import FormatError, InputError, MissingFileError, MissingRuntimeError
from edgelab.slm import artefact, engines, model as interface
from edgelab.slm.engine_llama import LlamaCpp
from tests.slm import tiny

TEXT = "".join(tiny.TEXTS)


def test_text_becomes_tokens_and_text_again(exact):
    ids = exact.encode(TEXT)
    assert exact.decode(ids) == TEXT
    assert len(ids) > 100


def test_a_spelled_out_special_token_is_one_token_and_has_no_text(exact):
    assert exact.encode("<|endoftext|>") == [0]
    assert exact.decode([0]) == ""
    assert exact.ends == {0}


def test_nothing_is_added_to_a_text(exact):
    assert exact.encode("def") + exact.encode("abc") == [
        *exact.encode("def"),
        *exact.encode("abc"),
    ]
    assert exact.encode("") == []


def test_logits_come_for_every_position(exact):
    scores = exact.logits(exact.encode("def read"))
    assert scores.shape == (len(exact.encode("def read")), exact.vocabulary)
    assert scores.dtype == np.float32


def test_step_by_step_gives_the_same_logits_as_all_at_once(exact):
    ids = exact.encode(TEXT)[:40]
    together = exact.logits(ids)
    greedy = [exact.start(ids[:8]), *(exact.step(token) for token in ids[8:])]
    assert greedy == together[7:].argmax(axis=1).tolist()


def test_logits_longer_than_one_batch_agree_with_a_shorter_context(gguf):
    ids = np.random.default_rng(0).integers(1, 512, 600)
    with slm.load(gguf, context=700, keys="f32", values="f32") as longer:
        longer._block = 256
        first = longer.logits(ids)
        longer._block = 512
        np.testing.assert_allclose(first, longer.logits(ids), atol=1e-4)


def test_an_earlier_prompt_changes_nothing(exact):
    ids = exact.encode("def read(path):")
    first = [exact.start(ids), *(exact.step(t) for t in ids)]
    exact.start(exact.encode(TEXT)[:100])
    assert [exact.start(ids), *(exact.step(t) for t in ids)] == first


def test_the_same_prompt_is_read_again_and_not_answered_from_a_cache(exact):
    lib, ids = exact._lib, exact.encode(TEXT)[:50]
    exact.start(ids)
    before = lib.llama_perf_context(exact.raw.ctx).n_p_eval
    exact.start(ids)
    assert lib.llama_perf_context(exact.raw.ctx).n_p_eval == before + 50


def test_the_package_itself_can_be_used_in_between(exact):
    def answer():
        return exact.raw.create_completion("def x", max_tokens=8, temperature=0)["choices"][0]

    first = answer()
    exact.start(
        exact.encode(TEXT)[:60]
    )  # the package must not take its old prompt to be there still
    assert answer()["text"] == first["text"]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], "at least one token"),
        ([1, -3], "no token -3"),
        ([1, 512], "no token 512"),
        ([[1, 2]], "one row"),
        ([1.5], "whole numbers"),
        ("def", "whole numbers"),
        ([1] * 513, "513 tokens.*holds 512"),
    ],
)
def test_what_is_no_prompt_is_refused_with_a_reason(exact, ids, words):
    for call in (exact.logits, exact.start):
        with pytest.raises(InputError, match=words):
            call(ids)


def test_decoding_a_token_outside_the_vocabulary_is_refused(exact):
    with pytest.raises(InputError, match="vocabulary is 0 to 511"):
        exact.decode([600])


def test_a_step_needs_a_start_and_room_in_the_context(gguf):
    with slm.load(gguf, context=4) as model:
        with pytest.raises(InputError, match=r"call start\(ids\) before"):
            model.step(1)
        model.start([1, 2, 3])
        with pytest.raises(InputError, match="no token 9999"):
            model.step(9999)
        model.step(1)
        with pytest.raises(InputError, match="context of tiny is full: it holds 4"):
            model.step(1)
        model.logits([1])
        with pytest.raises(InputError, match="nothing to go on from"):
            model.step(1)


def test_a_closed_model_says_so_everywhere(gguf):
    model = slm.load(gguf)
    stream = model.stream("def")
    next(stream)
    model.close()
    model.close()
    calls = (
        lambda: model.encode("a"),
        lambda: model.decode([1]),
        lambda: model.logits([1]),
        lambda: model.start([1]),
        lambda: model.step(1),
        lambda: model.generate("a"),
        lambda: list(stream),
        model.prompt_speed,
        model.perplexity,
    )
    for call in calls:
        with pytest.raises(InputError, match="tiny is closed; load it again"):
            call()


def test_a_truncated_file_is_refused(gguf, tmp_path):
    for size in (3, 100, 20_000, gguf.stat().st_size - 1):
        short = tmp_path / "short.gguf"
        short.write_bytes(gguf.read_bytes()[:size])
        with pytest.raises(FormatError, match=r"short\.gguf"):
            slm.load(short)


def test_another_file_under_the_name_of_a_model_is_refused(tmp_path):
    (tmp_path / "picture.gguf").write_bytes(b"\x89PNG" * 100)
    with pytest.raises(FormatError, match="is no GGUF file"):
        slm.load(tmp_path / "picture.gguf")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="it holds nothing"):
        slm.load(tmp_path / "empty")
    with pytest.raises(MissingFileError):
        slm.load(tmp_path / "nowhere.gguf")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threads": 0}, "threads is 0"),
        ({"context": 0}, "context is 0"),
        ({"engine": "onyx"}, "no engine 'onyx'"),
        ({"engine": "torch"}, "torch reads huggingface; this artefact is gguf"),
        ({"flash": True}, "no option 'flash'"),
        ({"keys": "f64"}, "f64"),
    ],
)
def test_settings_that_do_not_exist_are_refused(gguf, options, words):
    with pytest.raises(InputError, match=words):
        slm.load(gguf, **options)


def test_a_missing_engine_names_the_command(gguf, monkeypatch):
    monkeypatch.setattr(LlamaCpp, "modules", ("no_such_package",))
    with pytest.raises(MissingRuntimeError, match="pip install llama-cpp-python"):
        slm.load(gguf)
    assert "llama.cpp" not in slm.available()


def test_an_artefact_is_told_by_its_content(gguf, folder, tmp_path):
    assert artefact.kind(gguf) == "gguf"
    assert artefact.kind(folder) == "huggingface"
    safetensors = pytest.importorskip("safetensors.numpy")
    (tmp_path / "config.json").write_text("{}")
    weights = {"w": np.zeros(1, np.float32)}
    safetensors.save_file(weights, tmp_path / "model.safetensors", {"format": "mlx"})
    assert artefact.kind(tmp_path) == "mlx"
    (tmp_path / "genai_config.json").write_text("{}")
    assert artefact.kind(tmp_path) == "onnx"
    (tmp_path / "openvino_model.xml").write_text("")
    assert artefact.kind(tmp_path) == "openvino"


def test_a_folder_with_damaged_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for content in (b"", b"\xff" * 50, b"\x02\0\0\0\0\0\0\0{]", b"\x02\0\0\0\0\0\0\0[]"):
        (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(FormatError, match=r"no whole \.safetensors"):
            artefact.kind(tmp_path)


def test_every_engine_says_what_it_is():
    for name in engines.names():
        cls = engines._known()[name]
        assert issubclass(cls, interface.LanguageModel)
        assert cls.engine == name
        assert cls.kinds
        assert set(cls.kinds) <= set(artefact.KINDS)
        assert cls.package
        assert cls.modules


def test_a_model_may_be_given_a_name(gguf: Path):
    with slm.load(gguf, name="Q8_0") as model:
        assert model.name == "Q8_0"
