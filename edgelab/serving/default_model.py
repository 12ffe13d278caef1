"""The model that is served when none is named: the course's ResNet8 for CIFAR-10, in 8-bit integers.

Its weights ship as float32. Quantizing them takes half a minute, most of it to import TensorFlow; the
result is kept by content, so a later start reads one small file and imports nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgelab import workspace
from edgelab.images import cifar


def path() -> Path:
    """Return the `.tflite` file, made when it is asked for the first time on this machine.

    Raises:
        MissingDataError: the weights or the sample of CIFAR-10 are not in the clone.
    """
    shipped = workspace.data_dir()
    key = {
        "what": "the shipped ResNet8 in int8",
        "weights": workspace.file_hash(shipped / "models" / "resnet8_cifar10.npz"),
        "calibration": workspace.file_hash(shipped / cifar.SAMPLE_FILE),
        "code": workspace.code_hashes(
            *("quantize.py", "convert.py", "networks/architectures.py", "serving/default_model.py")
        ),
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    return workspace.cached(key, _make, "-resnet8-int8.tflite")


def _make(target: Path) -> None:
    from edgelab import models, quantize

    calibration = cifar.read_sample()["calibration"]().images
    scaled = np.asarray(calibration, np.float32) / np.float32(255)
    quantize.full_integer(models.load("resnet8"), scaled, target)
