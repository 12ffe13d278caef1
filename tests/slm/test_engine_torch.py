"""PyTorch computes what llama.cpp computes: two independent implementations of one network."""

import math

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import FormatError, InputError
from edgelab.slm import perplexity, windows
from tests.slm import tiny
from tests.slm.conftest import need


@pytest.fixture(scope="module")
def reference(folder):
    need("torch")
    with slm.load(folder) as model:
        yield model


def test_tokens_and_logits_agree_with_llama_cpp(exact, reference):
    text = "".join(tiny.TEXTS)
    ids = exact.encode(text)
    assert reference.encode(text) == ids
    assert reference.decode(ids) == text
    assert reference.ends == exact.ends
    np.testing.assert_allclose(reference.logits(ids), exact.logits(ids), atol=1e-4)


def test_greedy_and_seeded_texts_are_the_same_in_both(exact, reference):
    for temperature in (0.0, 0.8):
        texts = [m.generate("def x", 40, temperature, seed=3) for m in (exact, reference)]
        assert texts[0] == texts[1]


def test_step_by_step_gives_the_same_as_all_at_once(reference):
    ids = reference.encode(tiny.TEXTS[0])
    together = reference.logits(ids).argmax(axis=1)
    assert [reference.start(ids[:5]), *map(reference.step, ids[5:])] == together[4:].tolist()


def test_perplexity_agrees_with_the_loss_that_transformers_computes(exact, reference):
    torch = pytest.importorskip("torch")
    ids = np.random.default_rng(1).integers(0, 512, (3, 64))
    with torch.inference_mode():
        tokens = torch.from_numpy(ids)
        # Its loss scores every token but the first of each row.
        loss = reference._model(input_ids=tokens, labels=tokens).loss.item()
    cut = windows.Windows("random", ids)
    for model in (exact, reference):
        assert perplexity.measure(model, cut).value == pytest.approx(math.exp(loss), rel=1e-3)
    apart = perplexity.compare(exact, reference, cut)
    assert apart.kl == pytest.approx(0, abs=1e-8)
    assert apart.top1_agreement == 1


def test_a_folder_without_a_tokenizer_or_with_damaged_weights_is_refused(folder, tmp_path):
    need("torch")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="no option 'keys'"):
        slm.load(copy, keys="f32")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(FormatError, match="could not be loaded by torch"):
        slm.load(copy)
    (copy / "tokenizer.json").unlink()
    with pytest.raises(FormatError, match=r"no tokenizer\.json"):
        slm.load(copy)
