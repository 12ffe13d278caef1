"""What goes wrong when one rule of a fair comparison is to be broken (exercise 10.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _
from edgelab.measuring.stopwatch import ORDERS

# From two loads on the interval knows that loads differ. (With two it is so wide that it hardly errs.)
_FEW_LOADS = 2


def judge_plan(given: Any, fair: Mapping[str, Any]) -> str:
    """Return praise for a plan that breaks one rule and names it; else raise `Wrong`."""
    plan, rule = _plan_and_rule(given, fair)
    changed = [key for key in fair if plan[key] != fair[key]]
    if not changed:
        raise Wrong(
            "nothing-changed",
            _("The plan is still the fair one."),
            _("Change one entry: `plan[...] = ...`."),
        )
    if len(changed) > 1:
        raise Wrong(
            "several-changes",
            _("{n} entries differ. If the result is wrong, nobody knows which one did it.").format(
                n=len(changed)
            ),
            _("Change exactly one, and leave the others fair."),
        )
    entry = changed[0]
    _spoils(entry, plan[entry])
    rules = {"loads": "loading", "warm_up": "warm-up", "order": "turns"}
    if rule not in rules.values():
        raise Wrong(
            "unknown-rule",
            _("The rules are called {names}; yours is {rule}.").format(
                names=", ".join(f"`{name}`" for name in rules.values()), rule=f"`{rule}`"
            ),
            _("Give back the plan and one of these words."),
        )
    if rule != rules[entry]:
        raise Wrong(
            "wrong-reason",
            _("You changed {entry}, and gave the reason {rule}.").format(
                entry=f"`{entry}`", rule=f"`{rule}`"
            ),
            _("Which rule does this entry stand for?"),
        )
    praise = {
        "loads": _("One load is luck: it keeps its own speed, and the interval does not know it."),
        "warm_up": _("The side with less warm-up is timed while it is still slow, in every trial."),
        "order": _(
            "What changes with time hits one side only: caches, clock rate, other programs."
        ),
    }
    return praise[entry]


def _plan_and_rule(given: Any, fair: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    pair = isinstance(given, tuple | list) and len(given) == 2
    if not pair or not isinstance(given[0], Mapping) or set(given[0]) != set(fair):
        raise Wrong(
            "not-plan-and-rule",
            _("Your function should give back the whole plan, and the word for the rule."),
            _('End with `return plan, "..."`, and keep the plan\'s three entries.'),
        )
    return dict(given[0]), str(given[1]).strip().lower()


def _spoils(entry: str, value: Any) -> None:
    """Raise `Wrong` unless this value of an entry can be run and is unfair."""
    runnable = {
        "loads": lambda: isinstance(value, int) and 1 <= value <= 60,
        "warm_up": lambda: len(value) == 2 and all(isinstance(v, int) and v >= 0 for v in value),
        "order": lambda: value in ORDERS,
    }
    try:
        possible = runnable[entry]()
    except TypeError:
        possible = False
    if not possible:
        raise Wrong(
            "not-runnable",
            _("With {entry} = {value} the trial cannot run.").format(
                entry=f"`{entry}`", value=f"`{value!r}`"
            ),
            _("Look at the fair plan: keep the kind of value, change the value."),
        )
    if entry == "warm_up" and value[0] == value[1]:
        raise Wrong(
            "still-fair",
            _("The warm-up is shorter or longer, and still equal for both: that is fair."),
            _("Give one side less than the other."),
        )
    if entry == "warm_up" and min(value) >= 10:
        raise Wrong(
            "still-fair",
            _("Both sides are warm after that many runs: nobody will see the difference."),
            _("How many runs has the side that should look slow?"),
        )
    if entry == "loads" and value >= _FEW_LOADS:
        raise Wrong(
            "still-fair",
            _("With {n} loads the interval is wider, and still over loads: that is fair.").format(
                n=value
            ),
            _("When does a single load decide everything?"),
        )
