"""The questions at the end of lesson 20."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "20.q1",
    N_("A network in int8 is four times smaller and not faster on your machine. What fits best?"),
    Option(
        N_("Something went wrong: int8 is always faster."),
        N_("Published ratios run from slower to more than ten times faster. Only measuring tells."),
    ),
    Option(
        N_(
            "This processor has no fast instructions for 8 bits, or the network is too small to gain."
        ),
        N_(
            "Fewer bytes are certain, less time is not: int8 adds work to every layer, and only the "
            "right instructions and enough computing make up for it. Compare your tables of lessons "
            "20 and 24."
        ),
        right=True,
    ),
    Option(
        N_("The file on disk is compressed, and is unpacked again for each inference."),
        N_("The weights are loaded once. They stay in memory as int8."),
    ),
)

define(
    "20.q2",
    N_("Why must calibration images not come from the test split?"),
    Option(
        N_("Calibration needs more images than the test split has."),
        N_("A hundred images often suffice, and the number is not the point."),
    ),
    Option(
        N_("The ranges would be fitted to the very images that the accuracy is measured on."),
        N_("Then the accuracy says how well it works on images that it has seen, not on new ones."),
        right=True,
    ),
    Option(
        N_("The test images have labels, and calibration wants images without."),
        N_("Calibration ignores labels: it only looks at the ranges of the activations."),
    ),
)

define(
    "20.q3",
    N_("Where does a scale per output channel help most?"),
    Option(
        N_("Where the filters of a layer differ widely in magnitude, as in depthwise layers."),
        N_("With one shared scale, the filter with the largest weights decides the step of all."),
        right=True,
    ),
    Option(
        N_("Where the layer has many weights."),
        N_("The number of weights does not matter: what matters is how unequal the filters are."),
    ),
    Option(
        N_("Everywhere, because it makes the file smaller."),
        N_(
            "The error shrinks and the file grows: each channel stores a scale and a zero point. That "
            "weighs most where a layer has many channels and few weights, as depthwise layers do."
        ),
    ),
)

define(
    "20.q4",
    N_("Int8 after training costs your network nothing that you can measure. And training for it?"),
    Option(
        N_("It is always worth it: the network learns to live with rounding."),
        N_(
            "It can only win back what was lost. Where nothing was lost, it costs hours for nothing."
        ),
    ),
    Option(
        N_("Leave it; keep it for fewer bits, or for a network that int8 does hurt."),
        N_("There is room to win: at two bits, or with one scale for a depthwise layer."),
        right=True,
    ),
    Option(
        N_("It makes the file smaller than int8 after training does."),
        N_("The weights take eight bits either way: the sizes are the same but for some bytes."),
    ),
)
