"""What Olive loads by its path (`user_script`): images from a file as a data set, and scores turned into classes.

Runs inside Olive's process only. The file is what `configurations` wrote: arrays x (n, …) float32 and y (n,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from olive.data.registry import Registry


class Images:
    """Images with labels, one at a time, as torch's loader asks for them."""

    def __init__(self, path: str, input_name: str) -> None:
        with np.load(path) as stored:
            self.x, self.y = stored["x"], stored["y"]
        self.input_name = input_name

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], int]:
        return {self.input_name: self.x[index]}, int(self.y[index])


@Registry.register_dataset()
def edgelab_images(path: str, input_name: str, **_: Any) -> Images:
    """Return the images of a file."""
    return Images(path, input_name)


@Registry.register_post_process()
def edgelab_classes(scores: Any, **_: Any) -> Any:
    """Return the class with the highest score of each image."""
    return scores.argmax(dim=-1)
