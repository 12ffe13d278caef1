"""edgelab: learn edge-AI model optimisation by measuring it.

The workshop in a few lines:

    from edgelab import benchmark, convert, data, models, quantize, report

    digits  = data.digits()
    model   = models.train(models.digits_cnn(), digits)
    float32 = convert.to_tflite(model, "float32.tflite")
    int8    = quantize.full_integer(model, digits.calibration, "int8.tflite")
    result  = benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)
    report.table(result)

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from edgelab.errors import EdgelabError
from edgelab.keras import prepare_environment

__version__ = "0.1.0"
__all__ = ["EdgelabError", "__version__"]

prepare_environment()
