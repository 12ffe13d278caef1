"""What the classes are called, in the language of the request.

    labels.label("airplane")        # "airplane", or "avion" to a French client

The name of a class is for programs and never changes; its label is for people. A class that the
catalogue does not know, of a model of your own, is called by its name.
"""

from __future__ import annotations

from edgelab.serving.language import N_, _

# The ten classes of CIFAR-10, in the order of the network's outputs.
CIFAR10 = (
    N_("airplane"),
    N_("automobile"),
    N_("bird"),
    N_("cat"),
    N_("deer"),
    N_("dog"),
    N_("frog"),
    N_("horse"),
    N_("ship"),
    N_("truck"),
)


def label(name: str) -> str:
    """Return what a person reads for a class."""
    return _(name)
