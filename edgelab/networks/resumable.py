"""A training that survives an interruption: the state of the last complete epoch, on disk.

    run = Run(model, {"epochs": 120, "seed": 0})
    for epoch in range(run.epochs_done, 120):
        ...
        run.keep(epoch + 1, accuracy)
    run.restore_best()

`cifar_training` trains for hours this way. Lesson 20 uses what came out.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from edgelab import workspace
from edgelab.keras import quiet, tf


class Run:
    """The state of a long training on disk: last epoch, best epoch, so that it can go on."""

    def __init__(self, model: Any, key: dict[str, Any]) -> None:
        text = json.dumps({**key, "network": model.get_config()}, sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = workspace.cache_dir() / f"training-{model.name}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = model
        self.epochs_done, self.best_epoch, self.best_accuracy = 0, 0, -1.0
        model.optimizer.build(model.trainable_variables)
        # The epoch is inside the checkpoint, so weights and epoch cannot disagree after a crash.
        self._epoch = tf().Variable(0, dtype="int64")
        # In float64: an accuracy that comes back rounded would make a later, equal one the best.
        self._best = tf().Variable([0.0, -1.0], dtype="float64")
        checkpoint = tf().train.Checkpoint(
            model=model, optimizer=model.optimizer, epoch=self._epoch, best=self._best
        )
        self._manager = tf().train.CheckpointManager(checkpoint, str(self.folder), max_to_keep=2)
        if self._manager.latest_checkpoint:
            with quiet():
                checkpoint.restore(self._manager.latest_checkpoint).assert_consumed()
            self.epochs_done = int(self._epoch.numpy())
            self.best_epoch, self.best_accuracy = int(self._best[0]), float(self._best[1])
            print(f"Going on after epoch {self.epochs_done} (kept in {self.folder}).")

    def keep(self, epoch: int, accuracy: float) -> None:
        """Write the checkpoint of this epoch, and its weights if they are the best so far."""
        if accuracy > self.best_accuracy:
            self.best_epoch, self.best_accuracy = epoch, accuracy
            with workspace.storing(self._best_file()) as temporary:
                np.savez(temporary, *self.model.get_weights())
        self._epoch.assign(epoch)
        self._best.assign([self.best_epoch, self.best_accuracy])
        self._manager.save(checkpoint_number=epoch)
        # Only now: until the checkpoint is there, an interrupted training goes on from the best before.
        for file in self.folder.glob("best-*.npz"):
            if file != self._best_file():
                file.unlink()

    def restore_best(self) -> None:
        """Put the weights of the best epoch into the model."""
        with np.load(self._best_file()) as stored:
            self.model.set_weights([stored[f"arr_{i}"] for i in range(len(stored.files))])

    def _best_file(self) -> Path:
        return self.folder / f"best-{self.best_epoch}.npz"
