"""Output that must have a form: a JSON schema becomes a grammar, and the grammar forbids every other token.

    schema = {"type": "object", "properties": {"pump": {"type": "integer"}}, "required": ["pump"]}
    got = grammar.forced("model.gguf", "Pump 3 is hot. As JSON: ", schema)
    got.value                          # {'pump': 3}, or another number: the form is forced, the truth is not
    got.notes                          # what the grammar could not guarantee this time

At every step llama.cpp crosses out the tokens that the grammar does not allow, and the best of the others is taken. So
the output can't leave the form, and that is all: `NOT_GUARANTEED` says what remains. Lesson 31.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgelab.errors import InputError
from edgelab.serialize import Serializable
from edgelab.slm import llama_library
from edgelab.slm.prompt_cache import Session

NOT_GUARANTEED = (
    "That it is true: a grammar knows the form of an answer and nothing of its content.",
    "That it ends: when the tokens run out inside the object, what is there is no JSON.",
    "What a grammar can't say: bounds of numbers, items that differ, one field that depends on another.",
    "That the model would have said so: if every token that it wanted is forbidden, the least unlikely is taken.",
)
# What llama-cpp-python's converter reads, by the branch that it takes; anything else is dropped without a word.
_HARMLESS = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions"}  # fmt: skip
_FORMATS = ("date", "time", "date-time", "uuid", "uuid1", "uuid2", "uuid3", "uuid4", "uuid5")


@dataclass(frozen=True)
class Forced(Serializable):
    """A forced answer, and what the grammar could not guarantee about it."""

    text: str
    value: Any  # what the JSON says; None if it is not complete
    complete: bool  # it is whole JSON
    valid: bool  # it also keeps to everything in the schema, the parts that the grammar dropped included
    tokens: int
    seconds: float
    notes: tuple[str, ...]


def of_schema(schema: Mapping[str, Any]) -> str:
    """Return the grammar of a JSON schema in llama.cpp's notation (GBNF).

    Raises:
        InputError: no JSON schema, or a part of it that has no grammar (a pattern that is not anchored).
        MissingRuntimeError: llama.cpp is not installed.
    """
    llama_cpp = llama_library.package()
    try:
        text = llama_cpp.llama_grammar.json_schema_to_gbnf(json.dumps(schema))
    except (AssertionError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise InputError(
            f"This schema could not become a grammar ({type(error).__name__}: {error}). Use type, properties, "
            "required, enum, items, and patterns that begin with ^ and end with $."
        ) from error
    # The converter lets a text hold line ends and other control characters, which JSON does not allow.
    return str(
        re.sub(
            r'^char ::= \[\^"\\\\\]', r'char ::= [^"\\\\\\x00-\\x1F\\x7F]', text, flags=re.MULTILINE
        )
    )


def dropped(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of a schema that its grammar does not enforce, as paths: "age.minimum"."""
    return tuple(_dropped(schema, ""))


def forced(
    model: str | os.PathLike[str] | Session,
    prompt: str,
    schema: Mapping[str, Any],
    *,
    tokens: int = 128,
    temperature: float = 0.0,
    seed: int = 0,
    threads: int = 1,
) -> Forced:
    """Let a model answer in the form of a JSON schema.

    Args:
        model: a GGUF file, or an open session.
        prompt: a text, as it is (for a chat model: `chat.prompt(…)`).
        schema: of the answer.
        tokens: of the answer, at most.
        temperature: 0 takes the most likely of the allowed tokens; above, they are drawn.
        seed: of the drawing.
        threads: that compute, where a file is given.

    Raises:
        InputError: a schema without a grammar, an empty prompt, or one that is longer than the context.
        FormatError: no GGUF file.
        MissingRuntimeError: llama.cpp is not installed.
    """
    rules = of_schema(schema)
    if tokens < 1:
        raise InputError(f"tokens is {tokens}; an answer has at least 1.")
    if temperature < 0:
        raise InputError(f"temperature is {temperature}; it is 0 or a number above.")
    with contextlib.ExitStack() as stack:
        if isinstance(model, Session):
            session = model
        else:
            room = len(prompt.encode()) + tokens + 8  # a byte a token, at most
            session = stack.enter_context(Session(model, context=room, threads=threads))
        ids = session.encode(prompt, special=True)
        session.checked(ids, tokens)
        llama_cpp, llama = llama_library.package(), session.llama
        _require_parsed(llama_cpp, llama, rules)
        llama.set_seed(seed)
        stream = llama.generate(
            ids, temp=temperature, grammar=llama_cpp.LlamaGrammar.from_string(rules, verbose=False)
        )
        begin, said, count = time.perf_counter(), b"", 0
        for token in stream:
            if session.is_end(token):
                break
            said += session.decode(token)
            count += 1
            if count == tokens:
                break
        stream.close()
        seconds = time.perf_counter() - begin
    return _judged(said.decode("utf-8", errors="replace"), schema, count, seconds)


def _judged(text: str, schema: Mapping[str, Any], tokens: int, seconds: float) -> Forced:
    import jsonschema

    notes = [f"The grammar does not enforce {part}." for part in dropped(schema)]
    value, complete, valid = None, True, False
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        complete = False
        notes.append(
            f"After {tokens} tokens it is not complete: no JSON. Give it more, or bound its texts."
        )
    if complete:
        try:
            jsonschema.validate(value, schema)
            valid = True
        except jsonschema.ValidationError as error:
            notes.append(f"It has the form and yet breaks the schema: {error.message}.")
    return Forced(text, value, complete, valid, tokens, seconds, tuple(notes))


def _require_parsed(llama_cpp: Any, llama: Any, rules: str) -> None:
    """Refuse a grammar that llama.cpp can't read: using it would end the whole process."""
    # The parser complains past the log, straight to the screen.
    with llama_cpp._utils.suppress_stdout_stderr(disable=False):
        sampler = llama_cpp.llama_sampler_init_grammar(llama._model.vocab, rules.encode(), b"root")
    if not sampler:
        raise InputError(
            "llama.cpp can't read the grammar that this schema gives. A pattern may use what its notation lacks (\\d, \\w, "
            f"look-ahead): write [0-9] for a digit. The grammar is:\n{rules}"
        )
    llama_cpp.llama_sampler_free(sampler)


def _dropped(schema: Any, where: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    kept = _enforced(schema)
    for key in schema:
        if key not in kept and key not in _HARMLESS:
            yield f"{where}{key}"
    for key in ("properties", "$defs", "definitions"):
        for name, inner in (schema.get(key) or {}).items():
            yield from _dropped(inner, f"{where}{name}.")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems", "items"):
        inner = schema.get(key)
        for part in inner if isinstance(inner, list) else [inner]:
            yield from _dropped(part, f"{where}{key}.")
    yield from _dropped(schema.get("additionalProperties"), f"{where}additionalProperties.")


def _enforced(schema: Mapping[str, Any]) -> set[str]:
    """Return the keys that count in this place: the converter takes the first branch that fits."""
    kind = schema.get("type")
    strings = kind in (None, "string")
    branches = (
        ("$ref" in schema, {"$ref"}),
        ("oneOf" in schema, {"oneOf"}),
        ("anyOf" in schema, {"anyOf"}),
        (isinstance(kind, list), {"type"}),
        ("const" in schema, {"const", "type"}),
        ("enum" in schema, {"enum", "type"}),
        (
            kind in (None, "object") and bool({"properties", "additionalProperties"} & schema.keys()),
            {"type", "properties", "required", "additionalProperties"},
        ),
        (kind in (None, "object") and "allOf" in schema, {"type", "allOf"}),
        (kind in (None, "array") and isinstance(schema.get("items"), Mapping), {"type", "items", "minItems", "maxItems"}),
        (kind in (None, "array") and bool({"items", "prefixItems"} & schema.keys()), {"type", "items", "prefixItems"}),
        (strings and "pattern" in schema, {"type", "pattern"}),
        (strings and schema.get("format") in _FORMATS, {"type", "format"}),
        (kind == "string", {"type", "minLength", "maxLength"}),
    )  # fmt: skip
    return next((keys for fits, keys in branches if fits), {"type"})
