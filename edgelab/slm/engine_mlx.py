"""Apple's MLX as a `LanguageModel`: MLX folders, and Hugging Face folders where it is asked for.

    with slm.load("stdlib-4m-mlx4") as model:
        model.settings                          # {"device": "gpu", "precision": "float32", "bits": 4, "group": 64, …}
    slm.load("stdlib-4m-hf", engine="mlx")      # unconverted

MLX computes where it decides to: on the graphics processor of a Mac, else on the processor with a plain BLAS. It has
no setting for threads, so `threads` says 1 whatever was asked for: one thread gives it work, and on Linux one thread
does it. Every prompt starts with an empty cache. Lesson 34.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edgelab.errors import FormatError, InputError
from edgelab.slm import hf_folder, mlx_library
from edgelab.slm.engines import register
from edgelab.slm.model import LanguageModel

DEFAULT_CONTEXT = 2048
_OPTIONS = ("device", "rope_theta")


@register
class Mlx(LanguageModel):
    """MLX folders, and Hugging Face folders, through mlx-lm.

    Options of `load`:
        device: "cpu" or "gpu"; None takes MLX's own choice.
        rope_theta: another base of the rotary embedding than the folder's, to see what a wrong one does.
    """

    engine: ClassVar[str] = "mlx"
    package: ClassVar[str] = "mlx-lm"
    modules: ClassVar[tuple[str, ...]] = ("mlx", "mlx_lm")
    kinds: ClassVar[tuple[str, ...]] = ("mlx", "huggingface")

    def __init__(self, path: Path, threads: int, options: dict[str, Any]) -> None:
        super().__init__(path, threads, options)
        device, theta = _checked(options)
        self.threads = 1
        self._mx: Any = mlx_library.package()
        self._tokenizer: Any = _tokenizer(path)
        self._network: Any = mlx_library.network(path, theta)
        self._caches: Any = mlx_library.models("models.cache")
        self._device: Any = getattr(self._mx, device)
        self._cache: Any = None
        config = mlx_library.config(path)
        self.vocabulary = int(config["vocab_size"])
        trained = int(config.get("max_position_embeddings") or DEFAULT_CONTEXT)
        self.context = min(options.get("context") or DEFAULT_CONTEXT, trained)
        self.ends = hf_folder.end_tokens(path)
        self.bits_per_weight = float(
            mlx_library.models("utils").compute_bits_per_weight(self._network)
        )
        base = mlx_library.rope_base(path) if theta is None else theta
        self.settings = {
            "context": self.context,
            "device": device,
            "precision": _precision(self._network),
            **{
                name: config["quantization"][key] for name, key in _GRID if "quantization" in config
            },
            "rope_theta": mlx_library.SILENT_BASE if base is None else base,
        }

    @classmethod
    def how_to_install(cls) -> str:
        """Return what installs MLX on this machine, or that nothing does."""
        return mlx_library.how_to_install()

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def _logits(self, ids: np.ndarray) -> np.ndarray:
        self._cache = None
        with self._mx.stream(self._device):
            return self._array(self._network(self._mx.array(ids)[None])[0])

    def _start(self, ids: np.ndarray) -> np.ndarray:
        self._cache = self._caches.make_prompt_cache(self._network)
        with self._mx.stream(self._device):
            tokens = self._mx.array(ids)[None]
            if len(ids) > 1:
                # MLX computes what is asked for only: with the cache alone, no scores of these tokens.
                self._network(tokens[:, :-1], cache=self._cache)
                self._mx.eval([layer.state for layer in self._cache])
            return self._last(tokens[:, -1:])

    def _step(self, token: int) -> np.ndarray:
        with self._mx.stream(self._device):
            return self._last(self._mx.array([[token]]))

    def _close(self) -> None:
        self._network = self._cache = None
        self._mx.clear_cache()

    def _last(self, tokens: Any) -> np.ndarray:
        return self._array(self._network(tokens, cache=self._cache)[0, -1])

    def _array(self, scores: Any) -> np.ndarray:
        """Compute, and return float32."""
        return np.array(scores.astype(self._mx.float32))


_GRID = (("bits", "bits"), ("group", "group_size"))


def _checked(options: dict[str, Any]) -> tuple[str, float | None]:
    """Return the device and the base that the options ask for."""
    if unknown := sorted(set(options) - {"context", *_OPTIONS}):
        raise InputError(f"MLX has no option {unknown[0]!r}; it takes {' and '.join(_OPTIONS)}.")
    own = mlx_library.device()
    device, theta = options.get("device") or own, options.get("rope_theta")
    if device not in ("cpu", "gpu") or (device == "gpu" and own == "cpu"):
        raise InputError(f"device is {device!r}; MLX computes on {own!r} here.")
    if theta is not None and not theta > 0:
        raise InputError(f"rope_theta is {theta!r}; it is a number above 0, such as 10,000.")
    return device, theta


def _tokenizer(path: Path) -> Any:
    import tokenizers

    words = path / "tokenizer.json"
    if not words.is_file():
        raise FormatError(f"{path} has no tokenizer.json, so no text becomes tokens.")
    return tokenizers.Tokenizer.from_file(str(words))


def _precision(network: Any) -> str:
    """Return the type in which the network computes: that of what is not quantized, its last norm."""
    return str(network.model.norm.weight.dtype).removeprefix("mlx.core.")
