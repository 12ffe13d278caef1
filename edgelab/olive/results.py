"""What a run of Olive leaves: the model, the candidates with their figures, the log.

result.best.figures["accuracy-accuracy_score"]
result.table()                                   # one row a candidate
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab.errors import FormatError
from edgelab.serialize import Serializable

_NO_PARAMETERS = ("data_config", "quant_mode")


@dataclass(frozen=True)
class Candidate(Serializable):
    """One model that Olive made or was given.

    Attributes:
        name: Olive's own name for it.
        passed: the pass that made it; None for the input model.
        parameters: of the pass, those that differ between the candidates.
        figures: what the evaluator measured, empty without one. Latencies are Olive's, in milliseconds.
        meets_goals: whether it keeps the constraints; None without an evaluator.
        pareto: whether no other candidate is better in everything.
    """

    name: str
    passed: str | None
    parameters: dict[str, Any]
    figures: dict[str, float]
    meets_goals: bool | None
    pareto: bool


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        path: the optimised model, a file or a folder; None if no candidate meets the constraints.
        folder: where everything of the run lies, its configuration in workflow.json.
        log: what Olive said.
        seconds: that the run took; 0.0 when the result was kept from an earlier one.
        candidates: the input model first.
    """

    path: Path | None
    folder: Path
    log: Path
    seconds: float
    candidates: tuple[Candidate, ...]

    @property
    def met(self) -> tuple[Candidate, ...]:
        """Return the new models that keep the constraints (all of them where nothing was judged)."""
        return tuple(c for c in self.candidates if c.passed and c.meets_goals is not False)

    def table(self) -> list[dict[str, Any]]:
        """Return one row a candidate: what was chosen, what was measured, whether the goals are met."""
        return [
            {
                "candidate": c.passed or "input",
                **c.parameters,
                **c.figures,
                "meets_goals": c.meets_goals,
                "pareto": c.pareto,
            }
            for c in self.candidates
        ]

    def __repr__(self) -> str:
        made = len([c for c in self.candidates if c.passed])
        met = f", {len(self.met)} of them within the constraints" if self._judged else ""
        where = self.path.name if self.path else "no model"
        return (
            f"Olive made {made} candidate{'s' * (made != 1)}{met}: {where} in {self.seconds:.0f} s"
        )

    @property
    def _judged(self) -> bool:
        return any(c.meets_goals is not None for c in self.candidates)


def candidates(footprint: Path) -> tuple[Candidate, ...]:
    """Read the candidates of a run from the file in which Olive keeps its steps.

    Raises:
        FormatError: another version of Olive wrote it than edgelab knows.
    """
    try:
        nodes: list[dict[str, Any]] = list(
            json.loads(footprint.read_text(encoding="utf-8")).values()
        )
        settings = [_settings(node) for node in nodes]
        return tuple(_candidate(node, _differing(settings)) for node in nodes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{footprint} is not what Olive 0.13 writes ({type(error).__name__}: {error}). Install that version: "
            "`pip install olive-ai -c constraints.txt`."
        ) from error


def _candidate(node: dict[str, Any], differing: set[str]) -> Candidate:
    metrics = node["metrics"] or {}
    values: dict[str, Any] = metrics.get("value") or {}
    return Candidate(
        name=node["model_id"],
        passed=node["from_pass"],
        parameters={key: v for key, v in _settings(node).items() if key in differing},
        figures={key: float(metric["value"]) for key, metric in values.items()},
        meets_goals=metrics["if_goals_met"] if values else None,
        pareto=bool(node["is_pareto_frontier"]),
    )


def _settings(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node["pass_run_config"] or {}
    return {key: value for key, value in found.items() if key not in _NO_PARAMETERS}


def _differing(settings: list[dict[str, Any]]) -> set[str]:
    made = [setting for setting in settings if setting]
    return {
        key
        for setting in made
        for key, value in setting.items()
        if any(o.get(key) != value for o in made)
    }
