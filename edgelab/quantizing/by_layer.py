"""What was found for each layer of a network, asked for by position or by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from edgelab.errors import InputError


class Named(Protocol):
    """What was found for one layer."""

    @property
    def layer(self) -> str:
        """Return the layer's name."""
        ...


Entry = TypeVar("Entry", bound=Named)


class ByLayer(Generic[Entry]):
    """Behaves like a sequence of its `layers`; a layer's name is an index too."""

    layers: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, key: int | str) -> Entry:
        if isinstance(key, int):
            return self.layers[key]
        for layer in self.layers:
            if layer.layer == key:
                return layer
        names = ", ".join(layer.layer for layer in self.layers)
        raise InputError(f"There is no layer {key!r} in this scan; it has {names}.")
