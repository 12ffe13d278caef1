"""A training learns, ends with the same bits after an interruption, and keeps the best step, not the last."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import workspace
from edgelab.errors import InputError, MissingRuntimeError
from edgelab.slm import llama, torch_llama, training
from edgelab.slm.training import Recipe

SHAPE = llama.Shape(
    vocabulary=64,
    hidden=32,
    layers=2,
    heads=2,
    kv_heads=1,
    feed_forward=64,
    context=64,
    head_size=16,
)


@pytest.fixture(autouse=True)
def _small(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("transformers", reason="training needs transformers")
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path))
    monkeypatch.setattr(training, "_BATCHES", ((4, 32), (2, 64)))


@pytest.fixture
def text():
    """Return a text whose next token follows from the last: three more, modulo the vocabulary."""
    return ((np.arange(4000) * 3) % 64).astype(np.uint16)


def validation(text):
    return np.stack([text[:64], text[200:264]])


def same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[n], second[n]) for n in first)


def test_it_learns_what_follows_what(text):
    result = training.fit(SHAPE, text, validation(text), Recipe(40, rate=1e-2, warm_up=5, every=10))
    start, end = result.curve[0][2], result.curve[-1][2]
    assert 4.0 < start < 4.4  # nothing known: about log(64) = 4.16 nats
    assert end < 1.5
    assert [step for step, *_ in result.curve] == [0, 10, 20, 30, 40]
    assert result.tokens == 40 * 128
    assert result.best_loss == min(point[2] for point in result.curve)


def test_it_learns_with_16_bits_too_where_the_processor_has_them(text, monkeypatch):
    monkeypatch.setattr(training, "_arithmetic", lambda: "bfloat16 autocast")
    result = training.fit(SHAPE, text, validation(text), Recipe(30, rate=1e-2, warm_up=5, every=30))
    assert result.arithmetic == "bfloat16 autocast"
    assert {value.dtype for value in result.weights.values()} == {np.dtype(np.float32)}
    assert result.best_loss < 2.5


@pytest.mark.parametrize("stopped_at", [13, 26])
def test_an_interrupted_training_ends_with_the_same_bits(text, monkeypatch, stopped_at, capsys):
    recipe = Recipe(30, rate=1e-2, warm_up=5, every=10, dropout=0.2)
    whole = training.fit(SHAPE, text, validation(text), recipe, {"run": "whole"})
    update, done = training._Run.update, []

    def interrupted(self, windows):
        if self.step == stopped_at and not done:
            done.append(self.step)
            raise KeyboardInterrupt
        return update(self, windows)

    monkeypatch.setattr(training._Run, "update", interrupted)
    key = {"run": "interrupted"}
    with pytest.raises(KeyboardInterrupt):
        training.fit(SHAPE, text, validation(text), recipe, key)
    again = training.fit(SHAPE, text, validation(text), recipe, key)
    assert f"after step {stopped_at // 10 * 10}" in capsys.readouterr().out
    assert again.curve == whole.curve
    assert same(again.weights, whole.weights)


def test_killed_while_the_state_is_written_the_one_before_is_whole(text, monkeypatch):
    recipe = Recipe(20, every=10)
    torch = torch_llama.torch()
    save = torch.save

    def killed(state, path):
        if state["step"] == 20:
            path.write_bytes(b"half a sta")
            raise KeyboardInterrupt
        save(state, path)

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        training.fit(SHAPE, text, validation(text), recipe)
    (state,) = workspace.cache_dir().glob("training-language-*.pt")
    assert torch.load(state, weights_only=True)["step"] == 10


def test_a_finished_training_is_not_done_again(text, monkeypatch):
    recipe = Recipe(10, every=5)
    first = training.fit(SHAPE, text, validation(text), recipe)

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(training._Run, "update", never)
    assert same(training.fit(SHAPE, text, validation(text), recipe).weights, first.weights)


def test_the_best_step_is_kept_not_the_last(text):
    # A validation text without the rule that is learnt: the surer the model, the worse.
    against = np.random.default_rng(0).integers(0, 64, (2, 64))
    result = training.fit(SHAPE, text, against, Recipe(20, rate=1e-2, warm_up=2, every=5))
    assert result.best_step < 20
    assert result.best_loss < result.curve[-1][2]


def test_a_pass_over_the_text_sees_each_window_once_and_the_next_pass_others():
    recipe = Recipe(200)
    numbered = np.arange(4001)
    windows = 124  # one less than fit, so that the cuts can move
    seen = np.concatenate([training.batch(numbered, recipe, s) for s in range(windows // 4)])
    starts = np.sort(seen[:, 0])
    assert (np.diff(starts) == 32).all()
    assert (np.diff(seen, axis=1) == 1).all()
    later = training.batch(numbered, recipe, windows // 4 + 1)
    assert set(later[:, 0] % 32) != {starts[0] % 32}
    assert np.array_equal(training.batch(numbered, recipe, 7), training.batch(numbered, recipe, 7))


def test_the_last_quarter_sees_the_whole_context_and_the_rate_rises_then_falls():
    recipe = Recipe(100, rate=1.0, warm_up=10)
    assert [recipe.batch_at(step) for step in (0, 74, 75, 99)] == [
        (4, 32),
        (4, 32),
        (2, 64),
        (2, 64),
    ]
    assert training.batch(np.arange(4000), recipe, 99).shape == (2, 65)
    rates = [recipe.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert np.argmax(rates) in (9, 10)
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] < 0.001


def test_dropout_is_at_work_while_training_and_never_in_an_answer(text):
    model = torch_llama.build(SHAPE, dropout=0.5)
    ids = text[None, :20]
    model.eval()
    answer = torch_llama.logits(model, ids)
    assert np.array_equal(answer, torch_llama.logits(model, ids))
    plain = torch_llama.from_checkpoint(torch_llama.checkpoint(model, SHAPE, {}))
    assert np.allclose(answer, torch_llama.logits(plain, ids), atol=1e-5)
    model.train()
    assert not np.array_equal(torch_llama.logits(model, ids), torch_llama.logits(model, ids))


def test_a_training_that_diverges_says_so(text):
    with pytest.raises(InputError, match="diverged"):
        training.fit(SHAPE, text, validation(text), Recipe(200, rate=1e25, warm_up=1, every=200))


def test_too_little_text_or_no_step_is_refused(text):
    with pytest.raises(InputError, match="20 tokens"):
        training.fit(SHAPE, text[:20], validation(text), Recipe(10))
    with pytest.raises(InputError, match="steps is 0"):
        Recipe(0)
    with pytest.raises(InputError, match="dropout"):
        Recipe(5, dropout=1.0)


def test_without_torch_the_error_tells_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingRuntimeError, match="pip install"):
        torch_llama.torch()
