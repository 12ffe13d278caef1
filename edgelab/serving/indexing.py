"""Make an index of a folder of images: read, embed, and keep a small picture of each.

    made = indexing.of_folder(Path("holidays"), network="efficientnet_lite0")
    made.folder, made.images, made.left_out       # {"sofa.heic": "no image, or of a kind …"}

A file that can't be read is named and left out. Sub-folders are taken as classes. A picture goes through the same
`preprocessing` as one that is sent later: with another way to shrink it, an image would not even find itself.
`edgelab index FOLDER` is this on the command line; `default` is the index of the course's sample of CIFAR-10. Lesson 43.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgelab import progress, workspace
from edgelab.errors import InputError, MissingDataError
from edgelab.images import cifar, pictures
from edgelab.serving import embedding, index, payloads, preprocessing
from edgelab.serving.embedding import Embedding
from edgelab.serving.errors import ImageError, sentence

SAMPLE = "cifar10-sample"
THUMBNAIL_SIDE = 96
MOST_PIXELS = (
    120_000_000  # of one file; one's own photographs may be larger than what strangers may send
)
_BATCH = 16
_LEADS_OUT = "a link that leads out of the folder"


@dataclass(frozen=True)
class Made:
    """An index that was made."""

    folder: Path
    images: int
    left_out: dict[str, str] = field(default_factory=dict)


def of_folder(source: Path, target: Path | None = None, network: str = embedding.DEFAULT) -> Made:
    """Make an index of all images in a folder and its sub-folders.

    Args:
        source: the folder; the name of the first sub-folder of an image is its class.
        target: where the index goes; by default `indexes/NAME` in the workspace.
        network: a name of `embedding.names()`.

    Returns:
        Where it is, how many images it holds, and which files were left out, with the reason.

    Raises:
        MissingDataError: there is no such folder, or the network's weights are not here.
        InputError: it holds no image, or none that can be read.
        StorageError: the index could not be written; an older one is untouched.
    """
    base = Path(source).expanduser()
    if not base.is_dir():
        raise MissingDataError(
            f"There is no folder {str(source)!r}. Make it, and put images into it."
        )
    files = pictures.image_files(base, deep=True)
    if not files:
        raise InputError(
            f"The folder {base} holds no image: no file in it ends in {', '.join(pictures.SUFFIXES)}."
        )
    name = payloads.shown(base.resolve().name) or "index"
    names: list[tuple[str, str | None]] = []
    small: list[bytes] = []
    left_out: dict[str, str] = {}
    with Embedding(network) as network_:

        def images() -> Iterator[np.ndarray]:
            for file in progress.bar(files, "Embedding images", unit="image"):
                shown = _shown(file.relative_to(base))
                try:
                    content = _content(file, base)
                    pixels = preprocessing.pixels(content, network_.size, MOST_PIXELS)
                    thumbnail = preprocessing.pixels(content, THUMBNAIL_SIDE, MOST_PIXELS)
                except ImageError as error:
                    left_out[shown] = sentence(error.code, error.details)
                except OSError as error:
                    left_out[shown] = error.strerror or str(error)
                else:
                    folders = file.relative_to(base).parts[:-1]
                    names.append((shown, payloads.shown(folders[0]) if folders else None))
                    small.append(_jpeg(thumbnail))
                    yield pixels

        vectors = _embedded(images(), network_)
        if not names:
            raise InputError(
                f"Not one of {len(files)} files could be read: {pictures.listed(left_out)}."
            )
        facts = _about(name, network_) | {"left_out": left_out}
        folder = target or workspace.workspace() / "indexes" / name
        return Made(index.write(folder, facts, vectors, names, small), len(names), left_out)


def default() -> Path:
    """Return the index of the course's sample of CIFAR-10, made when it is first asked for.

    Raises:
        MissingDataError: the sample or the weights are not in the clone.
    """
    key = {
        "what": "index of the CIFAR-10 sample",
        "sample": workspace.file_hash(workspace.data_dir() / cifar.SAMPLE_FILE),
        "network": embedding.sha256(embedding.DEFAULT),
        "code": workspace.code_hashes(
            *(f"serving/{name}.py" for name in ("indexing", "index", "embedding", "exact"))
        ),
        "versions": workspace.versions("numpy", "pillow", "ai-edge-litert"),
    }
    return workspace.cached(key, _make_default, "-index")


def _make_default(target: Path) -> None:
    names: list[tuple[str, str | None]] = []
    small: list[bytes] = []
    with Embedding() as network:

        def images() -> Iterator[np.ndarray]:
            for role, read in cifar.read_sample().items():
                part = read()
                for number, (pixels, label) in enumerate(
                    zip(part.images, part.labels, strict=True)
                ):
                    names.append((f"{role}-{number:04d}", cifar.CLASSES[label]))
                    small.append(_jpeg(pixels))
                    yield pixels

        vectors = _embedded(images(), network)
        facts = _about(SAMPLE, network) | {"left_out": {}}
        index.write(target, facts, vectors, names, small)


def _embedded(images: Iterator[np.ndarray], network: Embedding) -> np.ndarray:
    """Return the vectors of pictures that come one by one, float32 (n, d)."""
    found: list[np.ndarray] = []
    batch: list[np.ndarray] = []
    for pixels in images:
        batch.append(pixels)
        if len(batch) == _BATCH:
            found.append(network.vectors(np.stack(batch)))
            batch.clear()
    if batch:
        found.append(network.vectors(np.stack(batch)))
    return np.concatenate(found) if found else np.empty((0, network.dimensions), np.float32)


def _about(name: str, network: Embedding) -> dict[str, object]:
    return {"name": name, "network": network.name, "network_sha256": network.sha256}


def _content(file: Path, base: Path) -> bytes:
    # A link to a picture elsewhere would show to everybody what was never put into this folder.
    if not file.resolve().is_relative_to(base.resolve()):
        raise OSError(None, _LEADS_OUT)
    return file.read_bytes()


def _shown(path: Path) -> str:
    """Return a path inside the folder as it may be shown: no control characters, not too long."""
    return "/".join(payloads.shown(part) for part in path.parts)


def _jpeg(pixels: np.ndarray) -> bytes:
    """Return a picture as a JPEG file without any of the notes of the original: no place, no camera."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return stream.getvalue()
