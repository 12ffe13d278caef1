"""Texts in two languages, and YAML files that are checked key by key.

    class Profile(Strict): title: Label
    read(Path("ios.yaml"), Profile).title.say("fr")

What a tree, a matrix or a profile says stands in YAML beside the code, in English and French. A key that
nobody knows, or one that stands twice, is an error: a misspelt key must never be skipped in silence.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edgelab.errors import FormatError, InputError, MissingFileError

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "fr")
# The one in C is not built everywhere; it is ten times faster.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MEASURED, DOCUMENTED = "measured", "documentation"


class Strict(BaseModel):
    """A record of a YAML file: no unknown keys, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Strict):
    """One text in the languages of the course."""

    en: str = Field(min_length=1)
    fr: str = Field(min_length=1)

    def say(self, language: str | None = None) -> str:
        """Return the text in "en" or "fr", by default in the language of `EDGELAB_LANG`, else English."""
        return self.fr if spoken(language) == "fr" else self.en


class Source(Strict):
    """What a statement rests on: a lesson that measures it, or documentation that this course repeats.

    Attributes:
        kind: "measured" or "documentation".
        where: the lesson's number ("33"), the package index, or whose documentation.
    """

    kind: Literal["measured", "documentation"]
    where: str = Field(min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, given: Any) -> Any:
        """Read "measured: 33" and "documentation: llama.cpp" as well."""
        if isinstance(given, str):
            kind, _, where = given.partition(":")
            return {"kind": kind.strip(), "where": where.strip()}
        return given

    def say(self, language: str | None = None) -> str:
        """Return the source in words."""
        french = spoken(language) == "fr"
        colon = "\N{NO-BREAK SPACE}:" if french else ":"
        if self.kind == MEASURED:
            if not self.where.isdigit():
                return f"{'vérifié' if french else 'checked'}{colon} {self.where}"
            return f"{'mesuré, leçon' if french else 'measured, lesson'} {self.where}"
        return f"documentation{colon} {self.where}"


class Said(Strict):
    """A statement with its source."""

    say: Label
    source: Source


def spoken(language: str | None = None) -> str:
    """Return the language of what is said: as given, else as `EDGELAB_LANG` says, else English.

    Raises:
        InputError: another language than English or French was asked for.
    """
    if language is not None and language not in LANGUAGES:
        raise InputError(f"There is no language {language!r} here; choose 'en' or 'fr'.")
    code = language or os.environ.get("EDGELAB_LANG", "en")[:2].lower()
    return code if code in LANGUAGES else "en"


AnyStrict = TypeVar("AnyStrict", bound=Strict)


def read(path: Path, model: type[AnyStrict]) -> AnyStrict:
    """Read a YAML file into a checked record.

    Args:
        path: of the file.
        model: what it must be.

    Raises:
        MissingFileError: there is no such file.
        FormatError: it is no YAML, or a key is unknown, missing, twice there or holds a wrong value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(
            f"There is no file {path}. Restore it, or check the name."
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is no text in UTF-8 ({error.reason}).") from error
    return parse(text, model, str(path))


def parse(text: str, model: type[AnyStrict], name: str) -> AnyStrict:
    """Read YAML text into a checked record; `name` says in errors where the text comes from.

    Raises:
        FormatError: as `read`.
    """
    try:
        values = yaml.load(text, _NoKeyTwice)  # noqa: S506 - a safe loader that also refuses repeated keys
    except yaml.YAMLError as error:
        raise FormatError(f"{name} is no readable YAML: {error}") from error
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(_fault(entry) for entry in error.errors()[:4])
        more = f" (and {error.error_count() - 4} more)" if error.error_count() > 4 else ""
        raise FormatError(f"{name}: {faults}{more}.") from error


def _fault(entry: Any) -> str:
    place = ".".join(str(part) for part in entry["loc"])
    said = {
        "extra_forbidden": "this key is unknown here",
        "missing": "this key is missing",
    }.get(entry["type"], entry["msg"].removeprefix("Value error, "))
    return f"{place}: {said}" if place else said


class _NoKeyTwice(_SafeLoader):
    """A safe loader that refuses a key that stands twice, which YAML itself resolves in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.start_mark
                )
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found
