"""Tables and charts of what was measured: pure functions of records, nothing is measured here.

    report.table(result)
    report.bars(result, by=("size_file_bytes", "latency_ms"))
    report.claim("int8-size", result)

Every chart is a `Chart`: a picture, its description in words (`.alt`) and its numbers as a table
(`.table`). Colours belong to techniques and stay the same through the course. This module only
gathers the functions; each family has a module of its own in `edgelab/figures/`.
"""

from __future__ import annotations

from edgelab.figures.architectures import sweep, work_and_time
from edgelab.figures.bits import accuracy_by_bits
from edgelab.figures.calibration import calibration
from edgelab.figures.causes import lost_time, operator_times
from edgelab.figures.chart import Chart
from edgelab.figures.claim import ClaimCheck, claim
from edgelab.figures.comparison import bars, workshop
from edgelab.figures.confidence import Sure, confidence
from edgelab.figures.costs import cost_split, roofline, throughput_curve
from edgelab.figures.decision import decision_tree
from edgelab.figures.distillation import pairs, soft_labels, temperature_grid
from edgelab.figures.fairness import aa_trials, interleaving
from edgelab.figures.kernels import kernels
from edgelab.figures.layers import channels, outlier, sensitivity
from edgelab.figures.numbers import error_by_bits, number_line, rounding_error
from edgelab.figures.pareto import pareto
from edgelab.figures.patterns import zero_patterns
from edgelab.figures.predictions import agreement, pictures
from edgelab.figures.pruning import (
    pruning_scan,
    pruning_schedule,
    sparsity_ladder,
    weights_going,
)
from edgelab.figures.scaling import call_cost, partial_gain, thread_times
from edgelab.figures.timing import latency_histogram, timeline
from edgelab.reporting.claims import Claim
from edgelab.reporting.losses import losses
from edgelab.reporting.quantities import QUANTITIES
from edgelab.reporting.result_tables import table
from edgelab.reporting.tables import Table

__all__ = [
    "QUANTITIES",
    "Chart",
    "Claim",
    "ClaimCheck",
    "Sure",
    "Table",
    "aa_trials",
    "accuracy_by_bits",
    "agreement",
    "bars",
    "calibration",
    "call_cost",
    "channels",
    "claim",
    "confidence",
    "cost_split",
    "decision_tree",
    "error_by_bits",
    "interleaving",
    "kernels",
    "latency_histogram",
    "losses",
    "lost_time",
    "number_line",
    "operator_times",
    "outlier",
    "pairs",
    "pareto",
    "partial_gain",
    "pictures",
    "pruning_scan",
    "pruning_schedule",
    "roofline",
    "rounding_error",
    "sensitivity",
    "soft_labels",
    "sparsity_ladder",
    "sweep",
    "table",
    "temperature_grid",
    "thread_times",
    "throughput_curve",
    "timeline",
    "weights_going",
    "work_and_time",
    "workshop",
    "zero_patterns",
]
