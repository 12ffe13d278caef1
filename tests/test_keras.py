from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import keras
from edgelab.errors import FormatError


def test_keras_is_the_legacy_one() -> None:
    assert keras.keras().Model.__module__.startswith("tf_keras")


def test_a_kernel_with_keras_3_is_told_to_restart() -> None:
    code = (
        "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'\n"
        "import tensorflow as tf; tf.keras.Model\n"
        "from edgelab import EdgelabError, keras\n"
        "try:\n    keras.tf()\nexcept EdgelabError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("KerasError")
    assert "Restart the kernel and import edgelab first" in done.stdout


def test_importing_edgelab_imports_nothing_heavy() -> None:
    code = (
        "import sys, edgelab\n"
        "heavy = ['tensorflow', 'torch', 'openvino', 'onnxruntime', 'matplotlib', 'sklearn',\n"
        "         'scipy', 'pandas', 'ipywidgets', 'ai_edge_litert', 'mlx', 'llama_cpp']\n"
        "print([h for h in heavy if h in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_saved_model_comes_back_with_its_outputs(
    tiny_model: Any, tiny_images: np.ndarray
) -> None:
    path = keras.save(tiny_model, "m.keras")
    again = keras.load(path)
    expected = tiny_model.predict(tiny_images, verbose=0)
    np.testing.assert_allclose(again.predict(tiny_images, verbose=0), expected, atol=1e-6)


def test_a_truncated_file_is_named(tiny_files: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.keras"
    broken.write_bytes(tiny_files["m.keras"].read_bytes()[:1000])
    with pytest.raises(FormatError, match=r"broken\.keras.*truncated"):
        keras.load(broken)


def test_a_clone_shares_no_weights(tiny_model: Any) -> None:
    copy = keras.clone(tiny_model)
    first = copy.get_weights()
    copy.set_weights([w * 0 for w in first])
    assert any(np.abs(w).sum() > 0 for w in tiny_model.get_weights())


def test_quiet_hides_output_and_lets_errors_through(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="shown"), keras.quiet():
        print("hidden")
        raise ValueError("shown")
    assert capfd.readouterr().out == ""
