import contextlib
import json

import pytest

from edgelab import history, medians, slm
from edgelab.errors import InputError
from edgelab.measuring import machine
from edgelab.measuring.timing import Budget
from edgelab.slm import speed
from edgelab.slm.prompts import Prompts

SHORT = Budget(min_runs=5, min_seconds=0.0, max_seconds=5.0)


@pytest.fixture(scope="module")
def model(gguf):
    with slm.load(gguf) as loaded:
        yield loaded


def test_speeds_are_published_and_come_back_from_json(model):
    found = [model.prompt_speed(tokens=32), model.generation_speed(tokens=8)]
    assert [s.phase for s in found] == ["prompt", "generation"]
    assert [s.tokens for s in found] == [32, 8]
    records = history.find("language-speed")
    assert [r.name for r in records] == ["tiny, llama.cpp, prompt", "tiny, llama.cpp, generation"]
    again = [slm.Speed.from_dict(json.loads(json.dumps(r.payload))) for r in records]
    assert again == found
    for s in found:
        assert s.low <= s.tokens_per_second <= s.high
        assert s.file_bytes == model.path.stat().st_size
        assert s.bits_per_weight == 32


def test_tokens_per_second_are_those_of_the_median_repeat():
    made = slm.Speed(
        name="m", engine="e", file_bytes=1, threads=1, phase="prompt", tokens=100, before=0,
        seconds=(1.0, 2.0, 4.0), low_seconds=1.0, high_seconds=4.0,
    )  # fmt: skip
    assert (made.low, made.tokens_per_second, made.high) == (25, 50, 100)
    assert made.bounds == "fastest and slowest of 3 repeats"
    assert "spreads" in made.doubts[0]


def test_every_prompt_begins_with_another_token(model):
    prompts = Prompts(model, 5)
    first = [int(prompts.next()[0]) for _ in range(512)]
    assert sorted(first) == list(range(512))
    assert prompts.next().max() < 512


def test_the_engine_really_reads_every_token_of_every_repeat(model):
    perf = model._lib.llama_perf_context
    before = perf(model.raw.ctx)
    read, written = before.n_p_eval, before.n_eval
    found = speed.prompt(model, 40, SHORT)
    assert perf(model.raw.ctx).n_p_eval - read == 40 * (len(found.seconds) + 1)  # one to warm up
    found = speed.generation(model, 10, before=6, limits=SHORT)
    assert perf(model.raw.ctx).n_eval - written == 10 * (len(found.seconds) + 1)


def test_the_lock_is_held_while_the_model_works(model, monkeypatch):
    held, seen = [], []

    @contextlib.contextmanager
    def exclusive():
        held.append(True)
        yield
        held.pop()

    monkeypatch.setattr(machine, "exclusive", exclusive)
    start = type(model)._start
    monkeypatch.setattr(
        type(model), "_start", lambda self, ids: seen.append(bool(held)) or start(self, ids)
    )
    speed.prompt(model, 8, SHORT)
    assert seen
    assert all(seen)


def test_a_busy_machine_is_written_down(model, monkeypatch):
    monkeypatch.setattr(machine, "quietly", lambda measure, _: (measure(), True))
    found = speed.prompt(model, 8, SHORT)
    assert found.busy
    assert "machine busy" in repr(found)


def test_a_slow_model_is_timed_three_times_at_least(monkeypatch):
    ticks = iter(range(0, 1000, 10))
    monkeypatch.setattr(speed.time, "perf_counter", lambda: float(next(ticks)))
    assert len(speed._rounds([lambda: 1.0], Budget(7, 1.0, 10.0))[0]) == 3


def test_several_models_take_turns_and_share_the_first_place():
    calls = []
    repeats = [lambda name=name: calls.append(name) or 0.1 for name in "abc"]
    seconds = speed._rounds(repeats, Budget(3, 0.0, 10.0))
    assert "".join(calls) == "abcbcacab"
    assert seconds == [[0.1] * 3] * 3


def test_models_in_turn_have_a_record_each(gguf, model):
    with slm.load(gguf, name="again", keys="f32", values="f32") as other:
        found = speed.in_turn([model, other], "generation", 4, limits=SHORT)
    assert [s.name for s in found] == ["tiny", "again"]
    assert [len(s.seconds) for s in found] == [5, 5]
    assert [r.payload["name"] for r in history.find("language-speed")] == ["tiny", "again"]


def test_a_later_call_draws_other_prompts(model, monkeypatch):
    seen = []
    start = type(model)._start
    monkeypatch.setattr(
        type(model), "_start", lambda self, ids: seen.append(ids.tobytes()) or start(self, ids)
    )
    speed.prompt(model, 16, SHORT)
    speed.prompt(model, 16, SHORT)
    assert len(set(seen)) == len(seen) == 12


@pytest.mark.parametrize(
    ("count", "phase", "words"), [(0, "prompt", "list is empty"), (1, "reading", "'reading'")]
)
def test_nothing_and_no_phase_are_refused(model, count, phase, words):
    with pytest.raises(InputError, match=words):
        speed.in_turn([model] * count, phase)


@pytest.mark.parametrize(("tokens", "words"), [(0, "0 tokens"), (-5, "-5"), (513, "513.*512")])
def test_lengths_that_do_not_fit_are_refused(model, tokens, words):
    with pytest.raises(InputError, match=words):
        model.prompt_speed(tokens)
    with pytest.raises(InputError, match=words):
        model.generation_speed(tokens)


def test_bounds_by_rank_hold_the_median_as_often_as_they_say():
    # Two of the times bound the median; for 5 repeats and fewer the outer ones are all there is.
    expected = {1: (1, 1), 3: (1, 3), 5: (1, 5), 6: (1, 6), 8: (1, 8), 9: (2, 8), 21: (6, 16)}
    for count, bounds in expected.items():
        assert medians.by_rank(range(1, count + 1)) == bounds


def test_memory_of_a_fresh_process_holds_the_weights(model):
    found = model.peak_memory()
    assert found.peak_bytes >= model.path.stat().st_size
    assert found.peak_bytes < 300_000_000
    assert found.load_ms > 0
    assert found.first_token_ms > 0
    assert history.find("language-memory")[0].payload["peak_bytes"] == found.peak_bytes
    assert slm.Footprint.from_dict(found.to_dict()) == found


def test_memory_grows_with_the_context_that_was_asked_for(gguf):
    peaks = []
    for context in (256, 16384):
        with slm.load(gguf, context=context) as model:
            peaks.append(model.peak_memory().peak_bytes)
    # 16,128 tokens × 2 layers × keys and values × 2 heads × 64 × 2 bytes
    assert peaks[1] - peaks[0] > 0.5 * 16128 * 2 * 2 * 2 * 64 * 2
