"""What is counted of a network: layers with their parameters and multiply-accumulates, for one image.

A multiply-accumulate (MAC) is one multiplication and one addition. How a file or a network is counted stands
in `counts` and the modules beside it, one for each format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgelab.errors import UncountableError


@dataclass(frozen=True)
class Layer:
    """One layer's costs for a single image."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class Counts:
    """A network's costs for a single image."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Return the multiply-accumulates of one inference."""
        return sum(layer.macs for layer in self.layers)


def macs(kernel: Sequence[int], output: Sequence[int]) -> int:
    """Return the multiply-accumulates of one layer: its whole kernel at every output position.

    Args:
        kernel: shape of the weights, all of which one position uses.
        output: shape of the output without the batch, channels last.
    """
    return math.prod(kernel) * math.prod(output[:-1])


def uncountable(name: str, kind: str, why: str = "holds weights") -> UncountableError:
    """Return the error about an operator that can't be counted."""
    return UncountableError(
        f"{name!r} ({kind}) {why}, and how many multiply-accumulates it takes is not known here. Sizes and "
        "times can be measured all the same; count this network with another tool."
    )


def holds_weights(shape: Sequence[int]) -> bool:
    """Tell whether a constant of this shape is a matrix or more: scales and biases are vectors."""
    return sum(side > 1 for side in shape) > 1
