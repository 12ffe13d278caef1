"""What goes wrong with the sum of an offer (exercise 25.4), and a made-up call in which it shows.

    judge_sum(gain, elsewhere, share)      # of the student's own application, and of `made_up()`

In the student's own application the network may take a hundredth of the call. Then right and wrong sums all
lie near 1, so the function is tried on another call as well.
"""

from __future__ import annotations

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number
from edgelab.explaining import diagnosis, levers
from edgelab.explaining.anatomy import Anatomy, Part
from edgelab.explaining.evidence import Evidence, Side
from edgelab.explaining.explain import Explanation

APPLICATION = "half in an application"  # the name of the offer's candidate in the lesson
# A gain may be rounded, by this much or by this share of what it is above 1.
_ROUNDED, _SHARE_OF_THE_GAIN = 0.005, 0.1
# The made-up call, in milliseconds: the right sum and each usual wrong one are far apart.
_CALL_MS, _NETWORK_MS = 2.0, 1.4


def judge_sum(gain: float, elsewhere: float, share: float) -> None:
    """Raise `Wrong` unless a gain follows from the network's share, in the journal and elsewhere.

    Args:
        gain: of the student's own application.
        elsewhere: of the made-up one, in which wrong sums are easy to tell apart.
        share: of the student's own call that the network takes.
    """
    wanted = levers.whole_gain(share, levers.FACTOR)
    other = _NETWORK_MS / _CALL_MS
    if not _near_gain(elsewhere, levers.whole_gain(other, levers.FACTOR)):
        if _near_gain(gain, wanted) and abs(elsewhere - gain) < 1e-9:
            raise Wrong(
                "same-for-all",
                _("Your function gives the same gain for every application."),
                _("Compute it from the explanation that the function is given."),
            )
        _judge_offer(elsewhere, other)
        raise Wrong(
            "not-your-gain",
            _(
                "In a call of {call} ms, of which the network takes {network} ms, the whole does not "
                "become {got} times faster."
            ).format(
                call=format_number(_CALL_MS),
                network=format_number(_NETWORK_MS),
                got=format_number(elsewhere, 2),
            ),
            _("Take both times from the explanation, and `whole_gain` for the rest."),
        )
    if not _near_gain(gain, wanted):
        raise Wrong(
            "not-your-gain",
            _("From your own times the whole becomes {wanted} times faster, not {got}.").format(
                wanted=format_number(wanted, 3), got=format_number(gain, 3)
            ),
            _("Take both times from the explanation, and `whole_gain` for the rest."),
        )


def _judge_offer(gain: float, share: float) -> None:
    """Raise `Wrong` for the answers that most people would give at once."""
    if _near_gain(gain, levers.FACTOR):
        raise Wrong(
            "factor-of-the-part",
            _("That is what the network wins, not the whole call."),
            _("Which share of the call is the network?"),
        )
    if _near_gain(gain, levers.whole_gain(1 - share, levers.FACTOR)):
        raise Wrong(
            "share-of-the-rest",
            _("You made the Python code faster, and left the network as it is."),
            _("The offer is about the network: its share is the network's time over the call's."),
        )
    if _near_gain(gain, 1 / (1 - share)):
        raise Wrong(
            "network-for-nothing",
            _("That would be the gain if the network took no time at all."),
            _("Four times faster still takes a quarter: `share / 4`."),
        )


def _near_gain(got: float, wanted: float) -> bool:
    return abs(got - wanted) <= max(_ROUNDED, _SHARE_OF_THE_GAIN * (wanted - 1))


def made_up() -> Explanation:
    """Return an explanation of an application in which the network takes most of the call."""
    # The network alone keeps its promise; the rest of the call is what the application loses.
    promise, around_ms = 20, _CALL_MS - _NETWORK_MS
    full_ms = promise * _NETWORK_MS + around_ms
    ratio = _CALL_MS / full_ms
    return Explanation(
        diagnosis.diagnose(
            Evidence(
                _side("full", promise * 1_000_000, full_ms, full_ms - around_ms),
                _side(APPLICATION, 1_000_000, _CALL_MS, _NETWORK_MS),
                ratio,
                ratio,
                ratio,
                without={"python": _NETWORK_MS},
            )
        )
    )


def _side(name: str, macs: int, latency_ms: float, alone_ms: float) -> Side:
    layer = Part("conv", "CONV_2D", macs, 1000, 32, 0.0, "float")
    return Side(name, "litert", 1, latency_ms, Anatomy((layer,)), {1: alone_ms})
