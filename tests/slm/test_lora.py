"""Detours change nothing at first, learn, and are one matrix with the old one afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab.errors import InputError
from edgelab.slm import from_gguf, gguf_writer, llama, lora, pump_task, tokenizer, torch_llama
from tests.slm import tiny


@pytest.fixture(autouse=True, scope="module")
def _torch():
    pytest.importorskip("torch", reason="tuning needs torch")
    pytest.importorskip("transformers", reason="tuning needs transformers")


@pytest.fixture(scope="module")
def few():
    return pump_task.data(train=8, validation=4, test=4)


@pytest.fixture(scope="module")
def tuned(few):
    return lora.tune(tiny.checkpoint(), few.train, few.train, steps=40, rate=1e-2, every=20)


class Torch:
    """The smallest thing with `generate`: greedy, without a cache."""

    def __init__(self, checkpoint):
        self.words, self.model = checkpoint.tokenizer, torch_llama.from_checkpoint(checkpoint)

    def generate(self, prompt, tokens=64):
        (ids,) = tokenizer.ids(self.words, [prompt])
        asked = len(ids)
        while len(ids) < asked + tokens and 0 not in ids[asked:]:
            ids.append(int(torch_llama.logits(self.model, np.array([ids]))[0, -1].argmax()))
        return tokenizer.text(self.words, ids[asked:])


def test_no_question_comes_twice():
    task = pump_task.data()
    parts = (task.train, task.validation, task.test)
    assert [len(part) for part in parts] == [200, 40, 100]
    questions = [example.question for part in parts for example in part]
    assert len(set(questions)) == len(questions)
    assert pump_task.data() == task
    assert pump_task.data(seed=1) != task
    assert task.test[0].question.startswith("# ")
    assert task.test[0].answer.startswith('record = {"device": "')


def test_an_answer_counts_only_if_it_is_exact(few):
    class Says:
        def __init__(self, text):
            self.text = text

        def generate(self, prompt, tokens=64):  # noqa: ARG002
            return next(self.text(e) for e in few.test if e.question == prompt)

    assert pump_task.exact(Says(lambda e: e.answer + "# more"), few.test).right == 4
    spoilt = pump_task.exact(Says(lambda e: e.answer.replace('"temp"', "'temp'")), few.test)
    assert (spoilt.right, spoilt.asked, len(spoilt.wrong)) == (0, 4, 4)
    assert pump_task.exact(Says(lambda _: ""), few.test).right == 0


def test_the_loss_falls_and_so_few_numbers_learned(tuned):
    (_, _, start), *_, (_, _, end) = tuned.curve
    assert end < start / 3
    shape = tiny.SHAPE
    assert set(tuned.down) == set(llama.matrices(shape))
    sizes = [tensor.size for tensor in llama.tensors_of(shape) if tensor.name in tuned.down]
    assert tuned.trainable == sum(8 * (outputs + inputs) for outputs, inputs in sizes)


def test_merged_matrices_answer_as_matrices_with_detours(tuned, few, tmp_path):
    base = tiny.checkpoint()
    merged = lora.merge(base, tuned)
    assert set(merged.tensors) == set(base.tensors)
    assert np.array_equal(merged.tensors[llama.EMBEDDING], base.tensors[llama.EMBEDDING])
    (encoded,) = lora.encoded(base, few.train[:1])
    model = torch_llama.from_checkpoint(merged)
    beside = torch_llama.from_checkpoint(base)
    torch = torch_llama.torch()
    for name, down in tuned.down.items():
        matrix = beside.get_submodule(name.removesuffix(".weight"))
        a, b = torch.from_numpy(down), torch.from_numpy(tuned.up[name])
        matrix.register_forward_hook(
            lambda _m, x, y, a=a, b=b: y + tuned.scale * (x[0] @ a.T) @ b.T
        )
    ids = np.array([encoded[0]])
    got, expected = torch_llama.logits(model, ids), torch_llama.logits(beside, ids)
    assert np.abs(expected).max() > 1
    assert np.abs(got - expected).max() < 1e-3
    again = from_gguf.read(gguf_writer.write(merged, tmp_path / "merged.gguf", "f32"))
    assert all(np.array_equal(again.tensors[n], merged.tensors[n]) for n in merged.tensors)


def test_what_was_learnt_by_heart_is_answered_by_the_merged_model_and_not_before(tuned, few):
    base = tiny.checkpoint()
    assert pump_task.exact(Torch(base), few.train).right == 0
    assert pump_task.exact(Torch(lora.merge(base, tuned)), few.train).right >= 6


def test_a_detour_changes_nothing_before_it_learns(few):
    still = lora.tune(tiny.checkpoint(), few.train, few.validation, steps=1, rate=0.0)
    assert still.curve[0][2] == still.curve[-1][2]
    merged = lora.merge(tiny.checkpoint(), still)
    assert all(np.array_equal(merged.tensors[n], t) for n, t in tiny.checkpoint().tensors.items())


def test_no_example_or_one_longer_than_the_context_is_refused(few):
    with pytest.raises(InputError, match="0 and 4 examples"):
        lora.tune(tiny.checkpoint(), [], few.validation)
    long = pump_task.Example("# " + "x y " * 600, "z\n")
    with pytest.raises(InputError, match="context ends at 512"):
        lora.tune(tiny.checkpoint(), [long], few.validation)
