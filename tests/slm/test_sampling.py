import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import InputError
from edgelab.slm import sampling
from edgelab.slm.sampling import Pieces, Sampler

BROKEN = "\N{REPLACEMENT CHARACTER}"


def test_without_temperature_the_first_of_the_highest_scores_is_taken():
    assert Sampler().choose(np.array([1.0, 5.0, 5.0, 2.0], np.float32)) == 1


def test_tokens_are_drawn_as_often_as_softmax_says():
    logits = np.array([2.0, 1.0, 0.0, -np.inf], np.float32)
    sampler = Sampler(temperature=0.5, seed=1)
    drawn = np.bincount([sampler.choose(logits) for _ in range(20_000)], minlength=4) / 20_000
    expected = np.exp(np.array([4.0, 2.0, 0.0, -np.inf]))
    np.testing.assert_allclose(drawn, expected / expected.sum(), atol=0.01)
    assert drawn[3] == 0


def test_a_tiny_temperature_takes_the_highest_score():
    logits = np.array([900.0, 1000.0, 999.0], np.float32)
    assert {Sampler(1e-6, seed).choose(logits) for seed in range(20)} == {1}


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(exact, temperature):
    with pytest.raises(InputError, match="temperature is"):
        exact.stream("def", temperature=temperature)


def test_a_seed_repeats_a_text_and_another_changes_it(exact):
    first, again, other = (exact.generate("def", 30, 1.0, seed) for seed in (5, 5, 6))
    assert first == again != other


def test_a_stream_joined_is_the_text(exact):
    assert "".join(exact.stream("def", 30)) == exact.generate("def", 30)


@pytest.mark.parametrize(
    "text", ["Café, naïve", "\U0001f40d\U0001f469\u200d\U0001f4bb!", "你好，世界", "Да"]
)
def test_a_character_that_is_spread_over_tokens_comes_whole(exact, text):
    pieces = Pieces(exact)
    found = [pieces.add(token) for token in exact.encode(text)]
    assert "" in found  # some token ended inside a character
    assert not any(BROKEN in piece for piece in found)
    assert "".join(found) + pieces.rest() == text


def test_a_character_that_is_cut_off_is_left_out(exact):
    pieces = Pieces(exact)
    found = [pieces.add(token) for token in exact.encode("ab\U0001f40d")[:-1]]
    assert "".join(found) + pieces.rest() == "ab"


def test_bytes_that_are_no_text_do_not_hold_up_what_follows(exact):
    half = exact.encode("\U0001f40d")[:-1]
    pieces = Pieces(exact)
    found = [pieces.add(token) for token in [*half, *exact.encode("abc")]]
    assert "".join(found) == BROKEN + "abc"


def test_every_text_of_a_hot_model_is_what_its_tokens_say(exact):
    sampler, ids = Sampler(2.0, seed=1), exact.encode("def")
    token, written = sampler.choose(exact._begin(ids)), []
    for _ in range(100):
        if token in exact.ends:
            break
        written.append(token)
        token = sampler.choose(exact._go_on(token))
    whole = exact.decode(written)
    pieces = list(sampling.pieces(exact, ids, len(written), Sampler(2.0, seed=1)))
    assert whole.startswith("".join(pieces))
    assert set(whole[len("".join(pieces)) :]) <= {BROKEN}


def test_generation_stops_at_the_end_of_the_text(exact, monkeypatch):
    whole = exact.generate("def", 20)
    token = exact.start(exact.encode("def"))
    monkeypatch.setattr(exact, "ends", frozenset({token}))
    assert whole
    assert exact.generate("def", 20) == ""


def test_closing_a_stream_early_leaves_the_model_usable(exact):
    whole = exact.generate("def", 20)
    stream = exact.stream("def", 20)
    next(stream)
    stream.close()
    assert exact.generate("def", 20) == whole


def test_a_stream_that_was_disturbed_says_so_and_mixes_no_texts(exact):
    stream = exact.stream("def", 40)
    next(stream)
    exact.generate("class", 5)
    with pytest.raises(InputError, match="used for something else while it was streaming"):
        list(stream)


@pytest.mark.parametrize(
    ("prompt", "tokens", "words"),
    [
        ("", 5, "prompt is empty"),
        ("def", 0, "tokens is 0"),
        ("x" * 2000, 5, "the context holds 512"),
        ("def", 600, "600 are 60.* the context holds 512"),
        (b"def", 5, "takes a text, not bytes"),
    ],
)
def test_a_prompt_that_can_not_be_continued_is_refused_at_once(exact, prompt, tokens, words):
    with pytest.raises(InputError, match=words):
        exact.stream(prompt, tokens)


def test_the_last_token_of_the_context_can_be_written(gguf):
    with slm.load(gguf, context=20) as model:
        n = len(model.encode("def"))
        assert model.generate("def", 20 - n)
        with pytest.raises(InputError):
            model.generate("def", 21 - n)
