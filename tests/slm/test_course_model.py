"""The model that ships is the one that its record describes, in llama.cpp as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import MissingDataError
from edgelab.slm import corpus, course, from_gguf, tokenizer
from tests.slm import tiny


@pytest.fixture(scope="module")
def shipped():
    try:
        return slm.course_model()
    except MissingDataError:
        pytest.skip("the course's model is not trained yet")


@pytest.fixture(scope="module")
def engine(shipped):
    package = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    model = package.Llama(
        str(shipped), n_ctx=512, n_threads=1, logits_all=True, verbose=False, type_k=0, type_v=0
    )
    yield model
    model.close()


def test_its_shape_is_the_course_s_and_its_passages_are_its_own(shipped):
    model, passages = from_gguf.read(shipped), course.held_out()
    assert model.shape == course.SHAPE
    assert model.shape.parameters == course.record()["parameters"] == 4_196_608
    assert passages.ids.shape == (16, 512)
    assert [
        ids[:512] for ids in tokenizer.ids(model.tokenizer, passages.texts)
    ] == passages.ids.tolist()


def test_no_passage_was_learnt_from_or_carries_a_notice(shipped):
    passages = course.held_out()
    assert passages.modules == corpus.HELD_OUT["test"]
    assert not any(corpus.has_own_notice(text) for text in passages.texts)


def test_the_perplexity_of_the_record_is_what_llama_cpp_computes(engine):
    nats = []
    for window in course.held_out().ids:
        engine.reset()
        engine.eval(window.tolist())
        logits = np.array(engine.scores[:511], np.float64)
        top = logits.max(axis=1)
        total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        nats.append(total - logits[np.arange(511), window[1:]])
    perplexity = np.exp(np.mean(nats))
    assert perplexity == pytest.approx(course.record()["test_perplexity"], rel=1e-3)
    assert perplexity < 24  # a trial of half an hour reached 22


def test_text_becomes_tokens_and_text_again_without_loss(engine, shipped):
    words = from_gguf.read(shipped).tokenizer
    texts = [*tiny.TEXTS, *corpus.read().held_out["test"].values()]
    for text, ids in zip(texts, tokenizer.ids(words, texts), strict=True):
        assert engine.tokenize(text.encode(), add_bos=False) == ids
        assert tokenizer.text(words, ids) == text
        assert engine.detokenize(ids).decode() == text
