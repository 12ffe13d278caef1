"""The prompt cache: what is used again, that it changes no result, and what it saves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgelab.errors import FormatError, InputError
from edgelab.slm import prompt_cache
from tests.slm import tiny

pytest.importorskip("llama_cpp")

TEXT = "def read(path):\n    return path.read_text()\n" * 8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("prompt") / "tiny.gguf")


@pytest.fixture
def session(model: Path) -> Iterator[prompt_cache.Session]:
    with prompt_cache.Session(model, context=512) as opened:
        yield opened


def test_what_was_processed_is_used_again_and_changes_nothing(
    session: prompt_cache.Session, model: Path
) -> None:
    ids = session.encode(TEXT)
    assert session.process(ids).reused == 0
    assert session.process(ids).reused == len(ids) - 1  # the last one's scores are asked for
    other = [*ids[:50], *ids[60:]]
    same = next(i for i, (a, b) in enumerate(zip(ids, other, strict=False)) if a != b)
    warm = session.process(other)
    assert (warm.reused, warm.tokens) == (same, len(other))
    with prompt_cache.Session(model, context=512) as fresh:
        cold = fresh.process(other)
    # Keys and values are kept in 16 bits, and a batch of another size adds up in another order.
    np.testing.assert_allclose(warm.logits, cold.logits, atol=0.05)
    assert warm.logits.argmax() == cold.logits.argmax()


def test_going_on_is_the_same_as_a_longer_prompt(session: prompt_cache.Session) -> None:
    ids = session.encode(TEXT)
    first = session.process(ids[:40]).logits
    scores = [session.go_on(token) for token in ids[40:44]]
    assert not np.shares_memory(first, scores[0])
    assert session.process(ids[:45]).reused == 44
    session.forget()
    np.testing.assert_allclose(session.process(ids[:44]).logits, scores[-1], atol=0.05)


def test_another_prompt_in_between_destroys_it(session: prompt_cache.Session) -> None:
    ids = session.encode(TEXT)
    session.process(ids)
    session.process(ids[5:10])
    assert session.process(ids).reused == 0


def test_forgetting_forgets(session: prompt_cache.Session) -> None:
    ids = session.encode(TEXT)
    session.process(ids)
    session.forget()
    assert session.process(ids).reused == 0


def test_text_longer_than_the_context_names_both_numbers(session: prompt_cache.Session) -> None:
    with pytest.raises(InputError, match=r"600 tokens .* the context holds 512"):
        session.process([1] * 600)
    with pytest.raises(InputError, match=r"500 tokens and an answer of 20 are 520 .* 512"):
        session.checked([1] * 500, 20)
    with pytest.raises(InputError, match="no token"):
        session.process([])


def test_a_closed_session_says_so(model: Path) -> None:
    session = prompt_cache.Session(model)
    session.close()
    session.close()
    with pytest.raises(InputError, match="is closed"):
        session.encode("x")


def test_the_first_token_comes_sooner_from_the_cache(model: Path) -> None:
    found = {r.case: r for r in prompt_cache.first_token(model, TEXT, ("why?", "when"), repeats=3)}
    assert tuple(found) == prompt_cache.CASES
    cold, same, beginning, after = found.values()
    assert cold.reused_tokens == after.reused_tokens == 0
    assert same.reused_tokens == same.prompt_tokens - 1
    assert 0 < beginning.reused_tokens < same.reused_tokens
    assert len(cold.samples_ms) == 3
    assert min(cold.samples_ms) > 2 * min(same.samples_ms)
    assert prompt_cache.FirstToken.from_dict(cold.to_dict()) == cold


def test_two_equal_prompts_and_no_repeats_are_refused(model: Path) -> None:
    with pytest.raises(InputError, match="must differ"):
        prompt_cache.first_token(model, TEXT, ("a", "a"))
    with pytest.raises(InputError, match="repeats is 0"):
        prompt_cache.first_token(model, TEXT, repeats=0)


def test_a_damaged_model_is_no_crash(model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(model.read_bytes()[:-1000])
    with pytest.raises(FormatError, match="truncated"):
        prompt_cache.Session(cut)
    strange = tmp_path / "strange.gguf"
    strange.write_bytes(model.read_bytes().replace(b"llama", b"lhama"))
    with pytest.raises(FormatError, match=r"could not open strange\.gguf: .*lhama"):
        prompt_cache.Session(strange)
