"""What to pull first: the gain of a part against the gain of the whole.

    levers.whole_gain(share=0.1, factor=4)       # 1.08: a tenth of the time made four times faster
    levers.choose(explanation)                   # the answer to an offer, with its reason

Before somebody makes a part faster, a sum tells what the whole can win by it. Lesson 25.
"""

from __future__ import annotations

import math
from pathlib import Path

from edgelab.errors import InputError
from edgelab.explaining.explain import Explanation
from edgelab.measuring import machine
from edgelab.runtimes import Candidate

# Why `choose` chose what it did.
REASON = "It is where most of the time goes; a faster network leaves that time as it is."
FACTOR = 4.0  # how much faster the network would become, in the offer of exercise 25.4
_TOO_MANY = 8  # threads for each core


def whole_gain(share: float, factor: float) -> float:
    """Return how many times faster the whole becomes when a part of it becomes faster.

    Args:
        share: of the whole time that the part takes, 0 to 1.
        factor: how many times faster the part becomes; infinity removes it.

    Raises:
        InputError: a share outside 0 to 1, or a factor that is not above 0.

    Source: Amdahl (1967), Validity of the single processor approach, AFIPS conference proceedings 30,
        p. 483.
    """
    if not 0 <= share <= 1 or not factor > 0:
        raise InputError(
            f"A share lies between 0 and 1 and a factor above 0; got {share} and {factor}."
        )
    left = 1 - share + share / factor
    return 1 / left if left else math.inf


def network_share(found: Explanation) -> float:
    """Return the share of a pipeline's time that its network takes.

    Raises:
        InputError: the candidate was no `Pipeline`, so nothing stands around the network.
    """
    alone = found.evidence.without.get("python")
    if alone is None:
        raise InputError(
            f"{found.names[1]} was explained without the Python code around it: give explain a "
            "benchmark.Pipeline."
        )
    return min(1.0, alone / found.evidence.after.latency_ms)


def choose(found: Explanation) -> tuple[float, str, str]:
    """Answer an offer to make a pipeline's network faster: what it brings, and what to do first.

    Args:
        found: the explanation of the pipeline.

    Returns:
        The gain of the whole if the network became `FACTOR` times faster, the key of the cause to work
        on first, and the reason.

    Raises:
        InputError: as `network_share`; or no cause was found.
    """
    if found.cause is None:
        raise InputError(f"Nothing was found that limits {found.names[1]}, so there is no lever.")
    return whole_gain(network_share(found), FACTOR), found.cause, REASON


def spoiled(path: Path) -> tuple[Candidate, str]:
    """Return a file that will run slower than it could, and the letter of the reason (lesson 25)."""
    return Candidate(path, threads=_TOO_MANY * machine.cores()), "a"
