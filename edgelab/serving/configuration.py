"""What the application is set to: where it listens, which models, which limits, which practices.

    settings = configuration.load("serving.yaml", ["practices.queue.length=4"])
    configuration.switched(Settings(), on=["micro_batching"], off=["answer_cache"])

A file in YAML says only what differs from the defaults below. A key that does not exist is an error: a
misspelt limit that is skipped in silence is no limit. Every practice can be switched off, so that what
it brings can be measured. Lesson 43.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from edgelab.errors import InputError, MissingFileError

_NAME = r"^[\w.\-]{1,64}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Part):
    """One model to serve."""

    name: Annotated[str, Field(pattern=_NAME)] = "resnet8-int8"
    version: Annotated[str, Field(pattern=_NAME)] = "1"
    path: Path | None = None  # None: the ResNet8 that ships with the course, in 8 bits
    share: Annotated[float, Field(ge=0)] = 1.0  # of the clients, beside the others' (A/B split)
    input_range: tuple[float, float] = (0.0, 1.0)  # what the bytes 0 and 255 become
    classes: tuple[str, ...] | None = None  # None: those of CIFAR-10


class Limits(_Part):
    """What one request may ask for; more is refused before it costs anything."""

    body_bytes: Annotated[int, Field(ge=1024)] = 16 * 2**20
    pixels: Annotated[int, Field(ge=1)] = (
        25_000_000  # of one image; a decoded pixel takes 3 or 4 bytes
    )
    images: Annotated[int, Field(ge=1)] = 64
    seconds: Annotated[float, Field(gt=0)] = 10.0  # to receive a request, and again to answer it
    connections: Annotated[int, Field(ge=1)] = 200


# Not quite without limits, so that a page can still be drawn up that describes them.
_NO_LIMITS = Limits(
    body_bytes=2**40, pixels=2**40, images=2**20, seconds=24 * 3600, connections=10_000
)


class Switch(_Part):
    """A practice that can be switched off; in YAML, `true` and `false` are enough."""

    enabled: bool = True


class MicroBatching(Switch):
    """Run the images of several requests together."""

    enabled: bool = False  # a processor gains little by it: measure before you switch it on
    images: Annotated[int, Field(ge=2)] = 16  # in one batch, at most
    wait_ms: Annotated[float, Field(ge=0)] = 2.0  # for the images of others, at most


class AnswerCache(Switch):
    """Remember the answers to images that came before."""

    entries: Annotated[int, Field(ge=1)] = 4096


class Queue(Switch):
    """Let a bounded number of requests wait, for a bounded time."""

    length: Annotated[int, Field(ge=0)] = 16
    wait_ms: Annotated[float, Field(ge=0)] = 500.0
    retry_after_s: Annotated[int, Field(ge=1)] = 1


class FallBack(Switch):
    """Let a smaller model answer when many requests wait."""

    enabled: bool = False  # it needs a model
    model: Model | None = None
    above_queue: Annotated[int, Field(ge=0)] = 4


def _switch(value: Any) -> Any:
    """Read `true` and `false`; and numbers for a practice, without another word, switch it on."""
    if isinstance(value, bool):
        return {"enabled": value}
    return {"enabled": True, **value} if isinstance(value, dict) else value


class Practices(_Part):
    """What a careful application does; each can be switched off."""

    request_limits: bool = True
    one_load: bool = True
    interpreter_per_worker: bool = True
    micro_batching: Annotated[MicroBatching, BeforeValidator(_switch)] = MicroBatching()
    answer_cache: Annotated[AnswerCache, BeforeValidator(_switch)] = AnswerCache()
    queue: Annotated[Queue, BeforeValidator(_switch)] = Queue()
    fall_back: Annotated[FallBack, BeforeValidator(_switch)] = FallBack()
    ab_split: bool = True  # matters with two models or more
    structured_logs: bool = True
    graceful_shutdown: bool = True


class VisualSearch(Switch):
    """Find images that resemble one that is sent."""

    index: Path | None = None  # what `edgelab index` made; None: the course's sample of CIFAR-10


class Settings(_Part):
    """Everything that can be set."""

    host: str = "127.0.0.1"  # this machine only; another address shows the server to the network
    port: Annotated[int, Field(ge=0, le=65535)] = 8043  # 0: any free one
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    models: Annotated[tuple[Model, ...], Field(min_length=1)] = (Model(),)
    limits: Limits = Limits()
    practices: Practices = Practices()
    search: Annotated[VisualSearch, BeforeValidator(_switch)] = VisualSearch()

    @property
    def bounds(self) -> Limits:
        """Return the limits that hold: as set, or none to speak of where the practice is off."""
        return self.limits if self.practices.request_limits else _NO_LIMITS

    @property
    def turns(self) -> int:
        """Return how many requests may be at work at once."""
        batching = self.practices.micro_batching
        # Those that wait for a batch use no processor, so there may be as many as fit into one.
        return max(self.workers, batching.images) if batching.enabled else self.workers


def load(file: str | Path | None = None, changes: Sequence[str] = ()) -> Settings:
    """Return the settings of a file, with changes.

    Args:
        file: in YAML; None takes the defaults.
        changes: "limits.images=8", "practices.queue.length=4", …: a place and a value in YAML.

    Raises:
        MissingFileError: there is no such file.
        InputError: no YAML, a key that does not exist, or a value out of range; all of them are named.
    """
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = _parsed(Path(file).read_text(encoding="utf-8"), str(file)) or {}
        except OSError as error:
            raise MissingFileError(
                f"The configuration {str(file)!r} can't be read ({error.strerror}). Check the path."
            ) from error
        if not isinstance(values, dict):
            raise InputError(f"{file} must hold names and values, as in `port: 8043`.")
    for change in changes:
        _change(values, change)
    return checked(values)


def checked(values: dict[str, Any]) -> Settings:
    """Return settings from plain values.

    Raises:
        InputError: a key that does not exist or a value out of range; all of them are named.
    """
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']} (given: {one['input']!r})"
            for one in error.errors(include_url=False)
        )
        raise InputError(
            f"The serving configuration can't be used: {wrong}. `edgelab serve --show` prints every "
            "setting with its name."
        ) from error
    _require_sense(settings)
    return settings


def switched(settings: Settings, on: Iterable[str] = (), off: Iterable[str] = ()) -> Settings:
    """Return the settings with practices switched on or off; their other numbers stay.

    Raises:
        InputError: there is no practice of this name, or one that is switched on lacks something.
    """
    values = settings.model_dump()
    for names, state in ((on, True), (off, False)):
        for name in names:
            practice = values["practices"].get(name)
            if practice is None:
                known = ", ".join(values["practices"])
                raise InputError(f"There is no practice {name!r}; choose from {known}.")
            values["practices"][name] = (
                practice | {"enabled": state} if isinstance(practice, dict) else state
            )
    return checked(values)


def with_model(settings: Settings, path: Path) -> Settings:
    """Return the settings with one model, from a file, in place of theirs; it is called as its file.

    Raises:
        InputError: the file's name can't be the name of a model.
    """
    models = [{"name": path.stem, "path": path}]
    return checked(settings.model_dump() | {"models": models})


def bare(settings: Settings) -> Settings:
    """Return the settings with every practice switched off."""
    return switched(settings, off=Practices.model_fields)


def written(settings: Settings) -> str:
    """Return the settings as YAML, as a file to start from."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _require_sense(settings: Settings) -> None:
    if settings.practices.fall_back.enabled and settings.practices.fall_back.model is None:
        raise InputError(
            "practices.fall_back is on and names no model: add `model: {name: …, path: …}`, or "
            "switch it off."
        )
    if not any(model.share for model in settings.models):
        raise InputError("Every model has share 0, so none could answer: give one a share above 0.")
    known = [(model.name, model.version) for model in settings.models]
    if len(set(known)) < len(known):
        raise InputError("Two models have the same name and version: give them different versions.")


def _change(values: dict[str, Any], change: str) -> None:
    place, separator, value = change.partition("=")
    if not separator:
        raise InputError(f"{change!r} is no change: write a name and a value, as in `port=8044`.")
    *folders, last = place.strip().split(".")
    inside = values
    for name in folders:
        step = inside.setdefault(name, {})
        if not isinstance(step, dict):
            step = inside[name] = {"enabled": step}
        inside = step
    inside[last] = _parsed(value, change)


def _parsed(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is no YAML: {' '.join(str(error).split())}") from error
