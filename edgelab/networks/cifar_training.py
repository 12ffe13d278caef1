"""The long training of the CIFAR-10 networks that the course ships: hours, so it survives interruption.

    EDGELAB_DATA=<folder> edgelab train resnet8 --epochs 120
    EDGELAB_DATA=<folder> edgelab train resnet8_wide --epochs 60
    EDGELAB_DATA=<folder> edgelab train resnet8 --epochs 120 --teacher resnet8_wide

The command writes a checkpoint after every epoch and goes on from there when it is started again.
The weights that are kept are those of the epoch that was best on the *validation* images; the test
images are looked at once, at the end. Lessons 20, 21 and 24 use the ResNet8 that was trained this way.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgelab import workspace
from edgelab.errors import EdgelabError, InputError
from edgelab.images import cifar
from edgelab.networks import architectures, long_training, weights


def train(
    name: str,
    epochs: int,
    seed: int = 0,
    teacher: str | None = None,
    target: Path | None = None,
) -> Path:
    """Train a network on CIFAR-10 and write its weights with a record of how they were made.

    SGD with Nesterov momentum, warm-up and a cosine schedule, batches of 128, random flips and
    shifts of up to 4 pixels. Interrupted, it goes on from the last complete epoch when called again.

    Args:
        name: "resnet8", or "resnet8_wide" (twice as many filters, a teacher).
        epochs: passes over the 45,000 training images.
        seed: of weights, order and augmentation.
        teacher: name of a network whose weights are where this function writes them; the student
            then learns from its answers as well.
        target: the `.npz` file to write; a `.json` of the same name goes beside it. Default: in
            the workspace's `models/`.

    Returns:
        The path of the weights.

    Raises:
        InputError: an unknown name, or no epoch.
        MissingDataError: the whole of CIFAR-10 is not on this machine, or the teacher's weights.
    """
    if epochs < 1:
        raise InputError(f"epochs is {epochs}; train for at least one.")
    model = network(name, seed)
    parts = long_training.read()
    master = network(teacher) if teacher else None
    taught_by = weights.read(master, weights_file(teacher)) if teacher else {}
    run = long_training.fit(model, parts, {}, epochs=epochs, seed=seed, teacher=master)
    validation, test = parts["validation"], parts["test"]
    right, total = long_training.correct(model, test), len(test.labels)
    options = (f" --seed {seed}" if seed else "") + (f" --teacher {teacher}" if teacher else "")
    record = {
        "model": name,
        "dataset": cifar.SOURCE,
        "images": "JPEG copy: accuracies are not comparable with those on the original arrays",
        "command": f"EDGELAB_DATA=<folder> edgelab train {name} --epochs {epochs}{options}",
        "recipe": long_training.RECIPE + (long_training.TEACHING if teacher else ""),
        "seed": seed,
        "epochs": epochs,
        "best_epoch": run.best_epoch,
        "chosen_on": "validation",
        "validation_accuracy": round(run.best_accuracy, 4),
        "validation_images": len(validation.labels),
        "test_correct": right,
        "test_images": total,
        "test_accuracy": round(right / total, 4),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": workspace.versions("tensorflow", "tf-keras", "numpy"),
    }
    if teacher:
        kept = ("model", "sha256", "test_accuracy", "command")
        record["teacher"] = {fact: taught_by[fact] for fact in kept}
    return weights.write(model, target or weights_file(name), record)


def network(name: str, seed: int = 0) -> Any:
    """Return one of the networks that can be trained here, untrained.

    Raises:
        InputError: an unknown name.
    """
    build = {
        "resnet8": lambda: architectures.resnet8(seed=seed),
        "resnet8_wide": lambda: architectures.resnet8(seed=seed, width=32),
    }
    if name not in build:
        raise InputError(f"There is no network {name!r} to train here; it has {', '.join(build)}.")
    return build[name]()


def weights_file(name: str) -> Path:
    """Return where a training writes its weights, unless told otherwise."""
    return workspace.workspace() / "models" / f"{name}_cifar10.npz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `edgelab train`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="edgelab train", description="Train a network on CIFAR-10."
    )
    parser.add_argument("name", choices=["resnet8", "resnet8_wide"], help="which network")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--teacher", help="a network trained before, to learn from")
    parser.add_argument("--out", type=Path, help="the .npz file to write (default: workspace)")
    parser.add_argument("--ship", action="store_true", help="replace the weights in data/models/")
    given = parser.parse_args(arguments)
    shipped = workspace.data_dir() / "models" / f"{given.name}_cifar10.npz"
    # TensorFlow leaves oneDNN off on processors without VNNI. There it halves the time of training this
    # network, and makes depthwise convolutions forty times slower: so only this command asks for it.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        path = train(
            given.name,
            given.epochs,
            given.seed,
            given.teacher,
            shipped if given.ship else given.out,
        )
    except EdgelabError as error:
        print(error)
        return 1
    record = json.loads(path.with_suffix(".json").read_text())
    print(
        f"{path}: accuracy {record['validation_accuracy']:.4f} on {record['validation_images']:,} "
        f"validation images, {record['test_accuracy']:.4f} on {record['test_images']:,} test images"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
