"""Forced output: even a model that knows nothing keeps to the form, and what is not forced is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgelab.errors import InputError
from edgelab.slm import grammar, prompt_cache
from tests.slm import tiny

pytest.importorskip("llama_cpp")

PUMP: dict[str, Any] = {
    "type": "object",
    "properties": {"pump": {"enum": [1, 2, 3]}, "state": {"enum": ["hot", "cold"]}},
    "required": ["pump", "state"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.gguf(tmp_path_factory.mktemp("grammar") / "tiny.gguf")


def test_noise_is_forced_into_the_form(model: Path) -> None:
    with prompt_cache.Session(model, context=256) as session:
        free = session.llama.create_completion("def f(", max_tokens=40, temperature=0)
        with pytest.raises(json.JSONDecodeError):
            json.loads(free["choices"][0]["text"])
        for seed in range(10):
            got = grammar.forced(session, "def f(", PUMP, temperature=1.0, seed=seed)
            assert got.complete, got
            assert got.valid
            assert got.value == json.loads(got.text)
            assert set(got.value) == {"pump", "state"}
            assert got.notes == ()


def test_a_file_will_do_instead_of_a_session_and_greedy_repeats_itself(model: Path) -> None:
    first, second = (grammar.forced(model, "x = ", PUMP) for _ in range(2))
    assert first.text == second.text
    assert grammar.Forced.from_dict(first.to_dict()) == first


def test_an_answer_that_does_not_end_is_said_to_be_none(model: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    got = grammar.forced(model, "x", schema, tokens=12, temperature=1.0, seed=3)
    assert (got.complete, got.valid, got.value, got.tokens) == (False, False, None, 12)
    assert any("not complete" in note for note in got.notes)


def test_texts_hold_no_characters_that_json_forbids(model: Path) -> None:
    schema = {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 3}
    with prompt_cache.Session(model, context=512) as session:
        for seed in range(12):
            got = grammar.forced(session, "x", schema, tokens=300, temperature=1.5, seed=seed)
            assert got.complete, got.text


def test_a_bound_is_not_enforced_and_breaking_it_is_found(model: Path) -> None:
    schema = {"type": "integer", "maximum": -1}
    with prompt_cache.Session(model, context=256) as session:
        answers = [
            grammar.forced(session, "x", schema, tokens=30, temperature=1.0, seed=seed)
            for seed in range(8)
        ]
    assert all("The grammar does not enforce maximum." in a.notes for a in answers)
    broken = [a for a in answers if a.complete and not a.valid]
    assert broken
    assert any("breaks the schema" in note for note in broken[0].notes)


@pytest.mark.parametrize(
    ("schema", "parts"),
    [
        (PUMP, ()),
        ({"type": "integer", "minimum": 0, "maximum": 9}, ("minimum", "maximum")),
        ({"type": "string", "pattern": "^a$", "maxLength": 3}, ("maxLength",)),
        ({"type": "string", "format": "email"}, ("format",)),
        ({"type": "string", "format": "date"}, ()),
        ({"type": "array", "items": {"type": "number", "minimum": 1}, "uniqueItems": True},
         ("uniqueItems", "items.minimum")),
        ({"properties": {"a": {"type": "object", "properties": {"b": {"type": "integer", "multipleOf": 5}}}},
          "minProperties": 1}, ("minProperties", "a.b.multipleOf")),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "number", "exclusiveMaximum": 0}}},
         ("n.exclusiveMaximum",)),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 3}]}, ("anyOf.minimum",)),
    ],
)  # fmt: skip
def test_what_a_grammar_drops_is_listed(schema: dict[str, Any], parts: tuple[str, ...]) -> None:
    assert grammar.dropped(schema) == parts
    assert "root ::=" in grammar.of_schema(schema)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nonsense"}, "could not become a grammar"),
        ({"type": "string", "pattern": "abc"}, "could not become a grammar"),
        ({"type": "string", "pattern": r"^\d+$"}, "write \\[0-9\\] for a digit"),
        ({"$ref": "#/nowhere"}, "could not become a grammar"),
        ({"$ref": "https://example.org/schema"}, "could not become a grammar"),
    ],
)
def test_a_schema_without_a_grammar_is_refused(
    schema: dict[str, Any], said: str, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=said):
        grammar.forced(model, "x", schema)
    assert capfd.readouterr() == ("", "")


def test_bad_settings_are_refused(model: Path) -> None:
    with pytest.raises(InputError, match="tokens is 0"):
        grammar.forced(model, "x", PUMP, tokens=0)
    with pytest.raises(InputError, match="temperature is -1"):
        grammar.forced(model, "x", PUMP, temperature=-1)
    with pytest.raises(InputError, match="no token"):
        grammar.forced(model, "", PUMP)
    with (
        prompt_cache.Session(model, context=256) as session,
        pytest.raises(InputError, match="the context holds 256"),
    ):
        grammar.forced(session, "x", PUMP, tokens=300)
