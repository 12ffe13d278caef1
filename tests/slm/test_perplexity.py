import math

import numpy as np
import pytest

from edgelab import history, slm
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.slm import course, perplexity, scores, texts, windows
from edgelab.slm.windows import Windows
from tests.slm import tiny


@pytest.fixture(scope="module")
def cut():
    return Windows("random", np.random.default_rng(0).integers(0, 512, (4, 33)))


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """Return the tiny model with its weights moved a little, as quantizing would."""
    checkpoint = tiny.checkpoint()
    random = np.random.default_rng(1)
    for name, weights in checkpoint.tensors.items():
        noise = random.normal(0, 0.02, weights.shape) * weights.std()
        checkpoint.tensors[name] = (weights + noise).astype(np.float32)
    path = tmp_path_factory.mktemp("rough") / "rough.gguf"
    from edgelab.slm import gguf_writer

    with slm.load(gguf_writer.write(checkpoint, path, "f32"), keys="f32", values="f32") as model:
        yield model


def log_softmax(logits):
    """Compute it independently, straight from the definition, in long double."""
    wide = logits.astype(np.longdouble)
    return np.log(np.exp(wide) / np.exp(wide).sum(axis=-1, keepdims=True))


def test_surprise_and_divergence_follow_their_definitions():
    random = np.random.default_rng(0)
    p, q = random.normal(0, 5, (2, 150, 40)).astype(np.float32)
    ids = random.integers(0, 40, 151)
    log_p, log_q = log_softmax(p), log_softmax(q)
    padded = np.concatenate([p, p[:1]])
    expected = -log_p[np.arange(150), ids[1:]]
    np.testing.assert_allclose(scores.surprise(padded, ids), expected.astype(float), rtol=1e-12)
    kl = (np.exp(log_p) * (log_p - log_q)).sum(axis=1).astype(float)
    np.testing.assert_allclose(scores.divergence(p, q), kl, rtol=1e-12)
    assert scores.divergence(p, p).max() == 0


def test_huge_scores_do_not_overflow():
    logits = np.array([[3e4, 0.0], [0.0, 0.0]], np.float32)
    assert scores.surprise(logits, np.array([0, 1])) == pytest.approx(3e4)


def test_perplexity_and_its_errors_follow_their_definitions(exact, cut):
    found = perplexity.measure(exact, cut)
    nll = np.stack(
        [-log_softmax(exact.logits(w)[:-1])[np.arange(32), w[1:]].astype(float) for w in cut.ids]
    )
    value = math.exp(nll.mean())
    assert found.value == pytest.approx(value, rel=1e-6)
    assert found.nll == pytest.approx(nll.mean(), rel=1e-6)
    assert found.standard_error_tokens == pytest.approx(
        value * nll.std(ddof=1) / math.sqrt(128), rel=1e-5
    )
    assert found.standard_error_windows == pytest.approx(
        value * nll.mean(1).std(ddof=1) / 2, rel=1e-5
    )
    assert found.windows_nll == pytest.approx(nll.mean(1).tolist())
    assert (found.tokens, found.window, found.text) == (128, 33, "random")


def test_perplexity_agrees_with_torch_on_the_same_logits(exact, cut):
    torch = pytest.importorskip("torch")
    losses = [
        torch.nn.functional.cross_entropy(
            torch.from_numpy(exact.logits(ids)[:-1]), torch.from_numpy(ids[1:].astype(np.int64))
        ).item()
        for ids in cut.ids
    ]
    expected = math.exp(sum(losses) / len(losses))
    assert perplexity.measure(exact, cut).value == pytest.approx(expected, rel=1e-3)


def test_a_model_that_knows_nothing_is_as_perplexed_as_its_vocabulary(cut, tmp_path):
    checkpoint = tiny.checkpoint()
    for name, weights in checkpoint.tensors.items():
        if weights.ndim == 2:
            checkpoint.tensors[name] = np.zeros_like(weights)
    from edgelab.slm import gguf_writer

    with slm.load(gguf_writer.write(checkpoint, tmp_path / "none.gguf", "f32")) as model:
        found = perplexity.measure(model, cut)
    assert found.value == pytest.approx(512, rel=1e-5)
    assert found.standard_error_tokens == pytest.approx(0, abs=1e-3)


def test_one_window_has_no_error_over_windows(exact, cut):
    assert perplexity.measure(exact, Windows("one", cut.ids[:1])).standard_error_windows is None


def test_a_model_does_not_diverge_from_itself(exact, cut):
    found = perplexity.compare(exact, exact, cut)
    assert (found.kl, found.nll_difference, found.standard_error) == (0, 0, 0)
    assert found.top1_agreement == 1


def test_divergence_follows_its_definition(exact, rough, cut):
    found = perplexity.compare(rough, exact, cut)
    log_p = np.concatenate([log_softmax(exact.logits(w)[:-1]) for w in cut.ids])
    log_q = np.concatenate([log_softmax(rough.logits(w)[:-1]) for w in cut.ids])
    came = np.arange(128), cut.ids[:, 1:].ravel()
    difference = (log_p[came] - log_q[came]).astype(float)
    assert found.kl == pytest.approx(
        float((np.exp(log_p) * (log_p - log_q)).sum(1).mean()), rel=1e-5
    )
    assert found.nll_difference == pytest.approx(difference.mean(), abs=1e-6)
    assert found.standard_error == pytest.approx(difference.std(ddof=1) / math.sqrt(128), rel=1e-4)
    assert found.top1_agreement == pytest.approx((log_p.argmax(1) == log_q.argmax(1)).mean())
    assert 0 < found.kl < 0.1
    assert found.perplexity / found.reference_perplexity == pytest.approx(
        math.exp(found.nll_difference)
    )


def test_the_paired_error_is_smaller_than_that_of_the_perplexity(exact, rough, cut):
    # The reason why models are compared token by token.
    alone = perplexity.measure(rough, cut)
    assert perplexity.compare(rough, exact, cut).standard_error < (
        alone.standard_error_tokens / alone.value / 3
    )


def test_a_reference_that_was_computed_before_gives_the_same(exact, rough, cut):
    reference = slm.Reference.of(exact, cut)
    kept, direct = slm.compare(rough, reference), slm.compare(rough, exact, cut)
    assert (kept.kl, kept.nll_difference) == (direct.kl, direct.nll_difference)
    assert kept.reference == direct.reference == "tiny, llama.cpp"
    assert kept.reference_hash == direct.reference_hash
    with pytest.raises(InputError, match="Leave the windows out"):
        slm.compare(rough, reference, Windows("other", cut.ids[:2]))


def test_a_reference_that_would_fill_the_memory_is_refused(exact, cut):
    many = Windows("long", np.ones((5000, 300), np.int32))
    with pytest.raises(InputError, match=r"take 3\.1 GB"):
        slm.Reference.of(exact, many)


def test_models_with_other_tokens_are_not_compared(exact, cut, tmp_path):
    from dataclasses import replace

    shape = replace(tiny.SHAPE, vocabulary=600, layers=1)
    with (
        slm.load(tiny.gguf(tmp_path / "other.gguf", shape=shape)) as other,
        pytest.raises(InputError, match="600 tokens and the reference 512"),
    ):
        slm.compare(other, exact, cut)


def test_broken_weights_are_named_and_not_averaged(cut, tmp_path):
    checkpoint = tiny.checkpoint()
    checkpoint.tensors["model.norm.weight"][:] = np.nan
    from edgelab.slm import gguf_writer

    with (
        slm.load(gguf_writer.write(checkpoint, tmp_path / "nan.gguf", "f32")) as model,
        pytest.raises(FormatError, match="no numbers"),
    ):
        perplexity.measure(model, cut)


def test_a_window_longer_than_the_context_is_refused(gguf, cut):
    with (
        slm.load(gguf, context=16) as model,
        pytest.raises(InputError, match=r"33 tokens.*holds 16"),
    ):
        perplexity.measure(model, cut)


def test_what_is_measured_is_published_and_comes_back_from_json(exact, rough, cut):
    import json

    first, second = perplexity.measure(exact, cut), perplexity.compare(rough, exact, cut)
    found = history.find("language-quality")
    assert [record.name for record in found] == [
        "tiny, llama.cpp",
        "rough, llama.cpp against tiny, llama.cpp",
    ]
    payloads = [json.loads(json.dumps(record.payload)) for record in found]
    assert slm.Perplexity.from_dict(payloads[0]) == first
    assert slm.Divergence.from_dict(payloads[1]) == second
    assert first.settings["keys"] == "f32"
    assert len(first.artefact_hash) == 64


def test_windows_are_spread_from_the_beginning_to_the_end():
    ids = list(range(100))
    assert windows.cut("t", ids, 10).ids.tolist() == np.arange(100).reshape(10, 10).tolist()
    spread = windows.cut("t", ids, 10, 3).ids
    assert spread[:, 0].tolist() == [0, 45, 90]
    assert spread[-1, -1] == 99


@pytest.mark.parametrize(
    ("ids", "window", "count", "words"),
    [
        ([1] * 9, 10, None, "fewer than one window of 10"),
        ([1] * 9, 1, None, "2 tokens or more"),
        ([1] * 9, 3, 0, "count is at least 1"),
    ],
)
def test_windows_that_can_not_be_cut_are_refused(ids, window, count, words):
    with pytest.raises(InputError, match=words):
        windows.cut("t", ids, window, count)


def test_windows_are_told_apart_by_their_tokens(cut):
    assert cut.hash == Windows("other name", cut.ids).hash
    assert cut.hash != Windows("random", cut.ids[:, :-1]).hash
    with pytest.raises(InputError, match="whole numbers"):
        Windows("floats", cut.ids.astype(float))


def test_the_shared_prose_is_prose():
    text = texts.prose()
    assert len(text.split()) > 1000
    assert "====" not in text
    assert ":func:" not in text
    assert all(len(paragraph.split()) >= 10 for paragraph in text.strip().split("\n\n"))


def test_a_model_reads_the_shared_text_by_default(exact):
    found = exact.perplexity()
    assert (found.text, found.window) == ("prose", 512)
    assert 100 < found.value < 5000  # it knows nothing


def test_a_missing_text_names_the_remedy(monkeypatch):
    monkeypatch.setattr(texts.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDataError, match="pip install scikit-learn"):
        texts.prose()


def shipped(passages):
    """Return held-out passages as the course ships them."""
    return course.HeldOut(
        np.array([ids for ids, _ in passages]), tuple(t for _, t in passages), (), ""
    )


def test_the_held_out_text_is_read_as_shipped_and_by_its_own_tokenizer_only(exact, monkeypatch):
    text = " ".join(tiny.TEXTS)
    ids = exact.encode(text)[:64]
    monkeypatch.setattr(course, "held_out", lambda: shipped([(ids, text)] * 5))
    cut = texts.windows(exact, "held-out", window=20, count=3)
    assert cut.ids.tolist() == [ids[:20]] * 3
    for wrong in (
        {"window": 65},
        {"window": 1},
        {"window": 9, "count": 6},
        {"window": 9, "count": 0},
    ):
        with pytest.raises(InputError, match="5 windows of 2 to 64"):
            texts.windows(exact, "held-out", **wrong)
    monkeypatch.setattr(course, "held_out", lambda: shipped([(ids[::-1], text)]))
    with pytest.raises(InputError, match="another tokenizer"):
        texts.windows(exact, "held-out", window=20, count=1)


def test_an_unknown_text_is_refused(exact):
    with pytest.raises(InputError, match="no shared text 'poems'"):
        texts.windows(exact, "poems")
