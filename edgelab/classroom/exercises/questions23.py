"""The questions at the end of lesson 23."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "23.q1",
    N_("Network A has a third of B's weights. Which of the two answers sooner?"),
    Option(
        N_("A: fewer weights, less to do."),
        N_(
            "A weight of a convolution works at every position of its image. Few weights used at many "
            "positions are much work."
        ),
    ),
    Option(
        N_(
            "Cannot be told from the weights; counting the work says more, and only measuring tells."
        ),
        N_(
            "Weights decide about the file, positions about the work, the processor about the time."
        ),
        right=True,
    ),
    Option(
        N_("B: more weights make better use of the processor."),
        N_(
            "Sometimes large layers do run at a higher rate, but nothing follows from the number alone."
        ),
    ),
)

define(
    "23.q2",
    N_("The app is too large to download. Which knob helps?"),
    Option(
        N_("A lower resolution: smaller pictures, smaller network."),
        N_("The kernels are the same at every resolution: the file keeps its size."),
    ),
    Option(
        N_("A smaller width: every layer keeps fewer filters."),
        N_(
            "Most weights go with the square of the width. The last layer, one line a class, may not "
            "shrink at all."
        ),
        right=True,
    ),
    Option(
        N_("Either: both make the network do less."),
        N_("Both save work. Only one of them saves weights."),
    ),
)

define(
    "23.q3",
    N_(
        "A separable convolution makes about eight times fewer multiply-accumulates. Suppose it is only "
        "four times faster. Where did the rest go?"
    ),
    Option(
        N_("The count is wrong."),
        N_("You counted it by hand, and the file says the same."),
    ),
    Option(
        N_(
            "Probably into its depthwise half: little work for each number read; its rate in the table "
            "tells."
        ),
        N_(
            "If that half has the lowest rate, the rest went there. One suspect is memory: put the layer "
            "into lesson 10's roofline."
        ),
        right=True,
    ),
    Option(
        N_("Into Python, which calls two layers instead of one."),
        N_("The runtime executes both layers of a file in one call."),
    ),
)

define(
    "23.q4",
    N_(
        "Of a thing that has no class, the network says one of its classes, 70 % sure. What follows?"
    ),
    Option(
        N_("With a threshold of 70 % one would have caught it, and all the others."),
        N_(
            "Known things often get less than that, unknown ones sometimes more: a threshold trades one "
            "mistake for the other."
        ),
    ),
    Option(
        N_("70 % of such pictures show that thing."),
        N_(
            "That holds, at best, for pictures like those of the training. This one is not like them."
        ),
    ),
    Option(
        N_(
            "Nothing about the thing: it has to share 100 % among its classes, and no class means none."
        ),
        N_("Softmax compares classes with each other. Whether any of them fits is not asked."),
        right=True,
    ),
)
