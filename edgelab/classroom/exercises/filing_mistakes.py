"""The misconceptions that the checks of lesson 01 know: what each would give, and what to say about it.

Each entry is a name, a function that makes the wrong result (or recognises it), what seems to have
happened, and what to try next.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from edgelab.classroom.language import N_

IMPROVING: tuple[tuple[str, Callable[[float, float], float], str, str], ...] = (
    (
        "share",
        lambda before, after: (before - after) / before,
        N_("This is a share between 0 and 1."),
        N_("A percentage is a hundred times as much."),
    ),
    (
        "what-is-left",
        lambda before, after: 100 * after / before,
        N_("This is what is left, in percent of what was there."),
        N_("How much is gone?"),
    ),
    (
        "growth",
        lambda before, after: 100 * (after - before) / before,
        N_("This is by how much it grew: a smaller file comes out below 0."),
        N_("Less is better here: turn the difference round."),
    ),
    (
        "of-the-new",
        lambda before, after: 100 * (before - after) / after,
        N_("You divided by the new value, so a file can become more than 100 % smaller."),
        N_("A percentage is of what was there before."),
    ),
    (
        "factor",
        lambda before, after: before / after,
        N_("This says how many times smaller it is."),
        N_("The worksheet asks for percent: 4 times smaller is 75 % less."),
    ),
    (
        "difference",
        lambda before, after: before - after,
        N_("This is the difference, in MB or ms."),
        N_("Which share of the value before is it?"),
    ),
    (
        "never-worse",
        lambda before, after: abs(100 * (before - after) / before),
        N_("What became worse shows as an improvement."),
        N_("Leave the sign: a slower model has a negative improvement."),
    ),
    (
        "never-worse",
        lambda before, after: max(0.0, 100 * (before - after) / before),
        N_("What became worse shows as no change."),
        N_("Leave the sign: a slower model has a negative improvement."),
    ),
)

AGREEING: tuple[tuple[str, Callable[[float, float, float], bool], str, str], ...] = (
    (
        "exact",
        lambda typed, recorded, _tolerance: typed == recorded,
        N_("Only equal figures agree for you: whoever writes 61 for 61.04 is rejected."),
        N_("Allow a difference: the tolerance times the recorded figure."),
    ),
    (
        "absolute",
        lambda typed, recorded, tolerance: abs(typed - recorded) <= tolerance,
        N_("You allow the same difference for kilobytes and for gigabytes."),
        N_("The tolerance is a share: multiply it by the recorded figure."),
    ),
    (
        "one-sided",
        lambda typed, recorded, tolerance: typed - recorded <= tolerance * abs(recorded),
        N_("A typed figure that is far too small passes."),
        N_("Without its sign, a difference counts in both directions: `abs(…)`."),
    ),
    (
        "one-sided",
        lambda typed, recorded, tolerance: recorded - typed <= tolerance * abs(recorded),
        N_("A typed figure that is far too large passes."),
        N_("Without its sign, a difference counts in both directions: `abs(…)`."),
    ),
    (
        "of-the-typed",
        lambda typed, recorded, tolerance: abs(typed - recorded) <= tolerance * abs(typed),
        N_("You measure the tolerance by what was typed, so a wrong figure sets its own limit."),
        N_("The recorded figure is the one to trust: multiply the tolerance by that."),
    ),
    (
        "sign-of-the-recorded",
        lambda typed, recorded, tolerance: abs(typed - recorded) <= tolerance * recorded,
        N_("For a recorded figure below 0 nothing can agree: the allowed difference is negative."),
        N_("An improvement may be negative: take `abs(recorded)`."),
    ),
    (
        "percent",
        lambda typed, recorded, tolerance: 100 * abs(typed - recorded) <= tolerance * abs(recorded),
        N_("You took the tolerance for a percentage: 0.02 means 2 %."),
        N_("Leave out the factor of 100."),
    ),
    (
        "sizes-only",
        lambda typed, recorded, tolerance: (
            abs(abs(typed) - abs(recorded)) <= tolerance * abs(recorded)
        ),
        N_("-102 and 102 agree for you, and one is a gain and the other a loss."),
        N_("Subtract first, then take the absolute value."),
    ),
    (
        "everything",
        lambda _typed, _recorded, _tolerance: True,
        N_("Everything agrees for you, whatever was typed."),
        N_("When must the answer be False?"),
    ),
    (
        "upside-down",
        lambda typed, recorded, tolerance: abs(typed - recorded) > tolerance * abs(recorded),
        N_("You return True where the two differ too much."),
        N_("Turn the comparison round."),
    ),
)

_OLD_BYTES = 230_000


def record() -> dict[str, Any]:
    """Return a record as a line of the journal holds it, with what the exercise needs."""
    measurements = [
        {"name": "float32", "size": {"file_bytes": 900_000}, "latency": {"median_ms": 0.03}},
        {"name": "int8", "size": {"file_bytes": _OLD_BYTES}, "latency": {"median_ms": 0.02}},
    ]
    return {
        "number": 3,
        "kind": "comparison",
        "name": "float32 / int8",
        "payload": {"measurements": measurements},
        "prev": "0" * 64,
        "hash": "8c1f" * 16,
    }


def _bytes(changed: dict[str, Any]) -> Any:
    try:
        return changed["payload"]["measurements"][1]["size"]["file_bytes"]
    except (LookupError, TypeError):
        return None


def _rest(changed: dict[str, Any], size: Any) -> dict[str, Any]:
    """Return a record with another size in the place that was to be changed."""
    whole = copy.deepcopy(changed)
    if _bytes(whole) is not None:
        whole["payload"]["measurements"][1]["size"]["file_bytes"] = size
    return whole


EDITING: tuple[tuple[str, Callable[[dict[str, Any], dict[str, Any]], bool], str, str], ...] = (
    (
        "unchanged",
        lambda before, after: before == after,
        N_("The record is as it was."),
        N_("Assign the new value inside of the record, and return the record."),
    ),
    (
        "rehashed",
        lambda before, after: after.get("hash") != before["hash"],
        N_(
            "You changed the hash as well. Then the next record, which carries the old one, shows it."
        ),
        N_("Change the size only."),
    ),
    (
        "first-model",
        lambda before, after: (
            _bytes(after) == _bytes(before)
            and after["payload"]["measurements"][0] != before["payload"]["measurements"][0]
        ),
        N_("You changed the first model; the optimised one is the second."),
        N_("Lists count from 0: the second entry is `[1]`."),
    ),
    (
        "other-figure",
        lambda before, after: _bytes(after) == _bytes(before),
        N_("The size of the second model's file is as it was; something else was changed."),
        N_('It stands in `record["payload"]["measurements"][1]["size"]["file_bytes"]`.'),
    ),
    (
        "more-than-the-size",
        lambda before, after: _rest(after, _bytes(before)) != before,
        N_("More was changed than the size."),
        N_("Change one value and leave everything else as it was."),
    ),
    (
        "not-half",
        lambda before, after: (
            not isinstance(_bytes(after), int | float)
            or abs(_bytes(after) - _bytes(before) / 2) > 1
        ),
        N_("The new size is not half of the old one."),
        N_("Divide what stands there by 2."),
    ),
)
