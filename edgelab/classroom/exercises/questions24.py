"""The questions at the end of lesson 24."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "24.q1",
    N_(
        "A slide says: “Quantization made our network twenty times faster.” Before: a float ResNet50 "
        "through `predict()`. After: an int8 MobileNetV2 file in LiteRT. What is wrong?"
    ),
    Option(
        N_("Nothing: before and after were both measured."),
        N_("The figure may be true, its cause is not: four things changed at once."),
    ),
    Option(
        N_("It names one of four changes. The call, the runtime and the architecture changed too."),
        N_("Only the step from float to int8 of one network in one runtime is quantization's."),
        right=True,
    ),
    Option(
        N_("LiteRT is not as exact as Keras, so the two can't be compared."),
        N_("A float LiteRT file gives the same outputs up to rounding; each conversion checks it."),
    ),
)

define(
    "24.q2",
    N_("An int8 network agrees with its float version on 85 of 100 views. What follows?"),
    Option(
        N_("Its accuracy is 15 points lower."),
        N_(
            "Where the two differ, either may be right, or neither. Agreement needs no labels and is no "
            "accuracy."
        ),
    ),
    Option(
        N_("It answers differently now and then; how often it is right needs labelled images."),
        N_("Agreement shows change. Whether the change hurts is another measurement (lesson 20)."),
        right=True,
    ),
    Option(
        N_("Nothing, since 100 views are too few for any statement."),
        N_(
            "The interval says how much 100 independent images would tell. Views of few pictures tell "
            "less, but a collapse shows at once."
        ),
    ),
)

define(
    "24.q3",
    N_("Calibrated on the wrong range, the network was useless. Which figure gave it away?"),
    Option(
        N_("The file size: broken weights compress differently."),
        N_("The weights are the same, only scales of activations differ: same size within bytes."),
    ),
    Option(
        N_("The latency: wrong numbers take longer."),
        N_("An integer routine takes the same time whatever its numbers are."),
    ),
    Option(
        N_("Only its answers, compared with those of the float network."),
        N_(
            "A table of size and speed ranks a broken network like a sound one: look at answers too."
        ),
        right=True,
    ),
)

define(
    "24.q4",
    N_("A pruned int8 file is as large as any int8 file, and far smaller once compressed. Why?"),
    Option(
        N_("The converter leaves the zeros out of the file."),
        N_("It writes every weight, zero or not: one byte each."),
    ),
    Option(
        N_("Zeros are bytes like others; compression writes runs and frequent values shorter."),
        N_("So it counts for a download, and neither for flash without compression nor for speed."),
        right=True,
    ),
    Option(
        N_("Compression rounds the weights once more."),
        N_("Gzip is exact: every byte comes back."),
    ),
)
