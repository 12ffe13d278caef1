"""Records as JSON and back: frozen dataclasses, nested ones and tuples included.

    values = record.to_dict()              # dictionaries, lists, numbers, strings
    Measurement.from_dict(values) == record

An unknown key is an error, never skipped.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Self

from edgelab.errors import InputError


class Serializable:
    """Dictionaries out and back, by field, nested records and tuples included."""

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-safe dictionaries and lists."""
        return typing.cast("dict[str, Any]", _plain(self))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a record from `to_dict`.

        Raises:
            InputError: a key that this record does not have.
        """
        hints = typing.get_type_hints(cls)
        unknown = sorted(set(values) - set(hints))
        if unknown:
            raise InputError(f"{cls.__name__} has no field {unknown[0]!r}; it has {sorted(hints)}.")
        return cls(**{key: _typed(hints[key], value) for key, value in values.items()})


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _typed(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        return tuple(_typed(arguments[0], item) for item in value)
    if origin is dict:
        return {arguments[0](key): item for key, item in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return typing.cast("type[Serializable]", hint).from_dict(value)
    return value
