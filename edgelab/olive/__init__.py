"""Olive: a whole optimisation written down as data, and run by one command.

    static = olive.configuration("static", model="float32.onnx", calibration=digits.calibration)
    result = olive.run(static, "digits-olive")
    result.path                     # the optimised model
    result.table()                  # what was tried, measured by Olive's own evaluator

A configuration names the input model, the passes that change it, the data that they need, and how candidates are
judged. Those in `workflows/` are plain JSON, as Olive's own command line takes them. Lesson 32.
"""

from edgelab.olive.configurations import WORKFLOWS, configuration
from edgelab.olive.results import Candidate, Result
from edgelab.olive.runner import int4, run

__all__ = ["WORKFLOWS", "Candidate", "Result", "configuration", "int4", "run"]
