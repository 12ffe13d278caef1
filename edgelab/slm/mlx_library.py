"""Apple's MLX, as edgelab drives it: imported late, quiet, and with the rotary embedding that the model has.

    mx = mlx_library.package()
    network = mlx_library.network("stdlib-4m-mlx4")      # an mlx.nn.Module
    mlx_library.device()                                 # "cpu", or "gpu" on a Mac

Everything about language models that touches mlx and mlx-lm imports them from here. On a Mac they compute on its
graphics processor. On Linux they compute on the processor with a plain BLAS in one thread, which is right and slow:
no figure from there says anything about Apple hardware. There is no MLX for Windows. Lesson 34.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import platform
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgelab import keras
from edgelab.errors import FormatError, MissingRuntimeError

# What mlx-lm takes where it does not find a base outside of `rope_parameters`.
SILENT_BASE = 10_000.0


def package() -> Any:
    """Return the module mlx.core.

    Raises:
        MissingRuntimeError: mlx is not installed.
    """
    core = _imported("mlx.core")
    if device() == "cpu":
        # It would call the C++ compiler for seconds to join two operations of the first layer.
        core.disable_compile()
    return core


def layers() -> Any:
    """Return the module mlx.nn.

    Raises:
        MissingRuntimeError: mlx is not installed.
    """
    package()
    return _imported("mlx.nn")


def optimizers() -> Any:
    """Return the module mlx.optimizers.

    Raises:
        MissingRuntimeError: mlx is not installed.
    """
    package()
    return _imported("mlx.optimizers")


def models(part: str) -> Any:
    """Return a module of mlx-lm: "utils", "models.cache", "tuner.lora".

    Raises:
        MissingRuntimeError: mlx or mlx-lm is not installed.
    """
    package()
    with keras.quiet():  # transformers tells what it can do without torch
        return _imported(f"mlx_lm.{part}")


def device() -> str:
    """Return where MLX computes here: "cpu" or "gpu".

    Raises:
        MissingRuntimeError: mlx is not installed.
    """
    core = _imported("mlx.core")
    return "gpu" if core.default_device().type == core.DeviceType.gpu else "cpu"


def network(folder: Path, rope_theta: float | None = None) -> Any:
    """Load the network of an MLX folder, or of a Hugging Face folder.

    Args:
        folder: with config.json and .safetensors files.
        rope_theta: base of the rotary embedding; None takes the folder's, wherever it is written.

    Returns:
        The module of mlx-lm, its weights in memory.

    Raises:
        FormatError: config.json is missing or damaged.
        MissingRuntimeError: mlx or mlx-lm is not installed.
    """
    base = rope_base(folder) if rope_theta is None else rope_theta
    content = config(folder)
    stretched = content.get("rope_parameters") or {}
    # A key of None would say that there is no base at all.
    changed: dict[str, Any] = {} if base is None else {"rope_theta": base}
    if stretched.get("rope_type", "default") != "default" and not content.get("rope_scaling"):
        changed["rope_scaling"] = stretched
    return models("utils").load_model(folder, model_config=changed)[0]


def rope_base(folder: Path) -> float | None:
    """Return the base of a model's rotary embedding, from either place where config.json may have it.

    Transformers 5 writes it into `rope_parameters`. mlx-lm reads `rope_theta` outside of it only, and where that is
    missing takes 10,000 and says nothing: a model made with another base runs, and gets worse with every token.

    Raises:
        FormatError: config.json is missing or damaged.
    """
    content = config(folder)
    base = (content.get("rope_parameters") or {}).get("rope_theta", content.get("rope_theta"))
    return None if base is None else float(base)


def config(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's config.json.

    Raises:
        FormatError: it is missing or damaged.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(
            f"{folder.name} has no readable config.json ({error}): make it again."
        ) from error
    return content


def how_to_install() -> str:
    """Return what installs MLX on this machine, or that nothing does."""
    if platform.system() == "Windows" or (platform.system(), platform.machine()) == (
        "Darwin",
        "x86_64",
    ):
        return (
            "There is no MLX for this machine: it runs on Macs with an Apple processor, and on Linux on the "
            "processor only. Go on with the reference run (edgelab.slm.mlx_reference)."
        )
    extra = "" if platform.system() == "Darwin" else "[cpu]"
    return (
        f"Install everything with `make lab`, or this with `pip install {shlex.quote('mlx' + extra)} mlx-lm "
        "-c constraints.txt`."
    )


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep what mlx-lm prints out of a notebook."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingRuntimeError(
            f"This needs MLX, and {module} can't be imported here ({error}). {how_to_install()}"
        ) from error
