"""The parts put together: from the images of a request to its answer. Start reading here.

    service = Service(Settings())
    answer = service.predict(lambda: uploads, client="192.0.2.7")
    answer.engine.name, answer.probabilities[0], answer.milliseconds

`predict` is the whole way, and every practice is one line in it. There is no HTTP in this module: the
same parts answer a web request, a test, and a cell of a notebook. Lesson 43.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.serving import configuration, preprocessing
from edgelab.serving.admission import Admission
from edgelab.serving.answer_cache import AnswerCache
from edgelab.serving.batching import Batcher
from edgelab.serving.configuration import Settings
from edgelab.serving.engine import Engine
from edgelab.serving.errors import ImageError, ImageFault, RefusedError
from edgelab.serving.fall_back import FallBack
from edgelab.serving.metrics import Metrics
from edgelab.serving.payloads import Upload
from edgelab.serving.versions import Versions


@dataclass(frozen=True)
class Answer:
    """What was found out about the images of one request, in their order."""

    engine: Engine
    uploads: list[Upload]
    probabilities: np.ndarray  # float32 (images, classes)
    cached: list[bool]
    milliseconds: dict[str, float]  # decode, wait, inference, total


class Service:
    """Models and practices, as the settings say.

    Args:
        settings: what is served, and how.

    Raises:
        EdgelabError: a model can't be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        practices = settings.practices
        self.settings = settings
        self.metrics = Metrics()
        self.admission = Admission(settings.turns, practices.queue)
        self.cache = AnswerCache(
            practices.answer_cache.entries if practices.answer_cache.enabled else 0
        )
        self.versions = Versions(
            [self._loaded(model) for model in settings.models],
            [model.share for model in settings.models],
            split=practices.ab_split,
        )
        preprocessing.load_readers()
        smaller = practices.fall_back.model if practices.fall_back.enabled else None
        self.fall_back = FallBack(
            self._loaded(smaller) if smaller else None, practices.fall_back.above_queue
        )
        # A picture takes most memory while it unpacks, so only as many do at once as there are workers.
        self._unpacking = threading.BoundedSemaphore(settings.workers)
        batching = practices.micro_batching
        self._batchers = {
            id(engine): Batcher(
                engine.run,
                batching.images,
                batching.wait_ms,
                settings.workers,
                self.metrics.batch,
            )
            for engine in self.engines
            if batching.enabled
        }
        self.metrics.gauge("waiting", "Requests that wait", lambda: self.admission.waiting)
        self.metrics.gauge("working", "Requests at work", lambda: self.admission.working)
        self.metrics.gauge("cache_entries", "Answers remembered", lambda: len(self.cache))

    def predict(
        self,
        read: Callable[[], Sequence[Upload]],
        client: str = "",
        gone: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Return the probabilities of every image of a request.

        Args:
            read: returns the images; called when it is this request's turn, since that is work too.
            client: who asks, for the A/B split.
            gone: tells whether the client has left meanwhile.

        Raises:
            RefusedError: the request is not answered; its code says why.
        """
        begin = time.perf_counter()
        with self.admission.turn() as waited:
            if gone():  # nobody is left to read the answer
                raise RefusedError("client_left")
            decoding = time.perf_counter()
            uploads = list(read())
            engine = self.fall_back.choose(self.versions.choose(client), self.admission.waiting)
            keys = [self.cache.key(upload.content, engine.sha256) for upload in uploads]
            known = [self.cache.get(key) for key in keys]
            new = [index for index, found in enumerate(known) if found is None]
            pixels = self._decoded(uploads, new, engine.size, begin)
            inferring = time.perf_counter()
            rows, waited_for_batch = self._run(engine, pixels)
            for index, row in zip(new, rows, strict=True):
                known[index] = row
                self.cache.put(keys[index], row)
        end = time.perf_counter()
        seconds = {
            "decode": inferring - decoding,
            "wait": waited + waited_for_batch,
            "inference": end - inferring - waited_for_batch,
            "total": end - begin,
        }
        milliseconds = {name: 1000 * value for name, value in seconds.items()}
        self.metrics.staged(milliseconds)
        self.metrics.images(engine.name, engine.version, len(new), len(uploads) - len(new))
        computed = set(new)
        cached = [index not in computed for index in range(len(uploads))]
        return Answer(engine, uploads, np.array(known), cached, milliseconds)

    def close(self) -> None:
        """End the threads and release the models."""
        for batcher in self._batchers.values():
            batcher.close()
        for engine in self.engines:
            engine.close()

    def _decoded(
        self, uploads: Sequence[Upload], wanted: list[int], size: int, begin: float
    ) -> np.ndarray:
        """Return the pixels of the wanted images; every bad one is named, not only the first."""
        limits, faults, found = self.settings.bounds, [], []
        for index in wanted:
            # An image can't be interrupted while it unpacks, so the time is looked at between two.
            if time.perf_counter() - begin > limits.seconds:
                raise RefusedError("deadline", seconds=f"{limits.seconds:g}")
            upload = uploads[index]
            try:
                with self._unpacking:
                    found.append(preprocessing.pixels(upload.bytes(), size, limits.pixels))
            except ImageError as fault:
                faults.append(ImageFault(index, upload.name, fault.code, fault.details))
        if faults:
            raise RefusedError("bad_images", tuple(faults), count=len(faults), total=len(uploads))
        return np.stack(found) if found else np.empty((0, size, size, 3), np.uint8)

    def _run(self, engine: Engine, pixels: np.ndarray) -> tuple[np.ndarray, float]:
        if not len(pixels):  # everything was in the cache
            return np.empty((0, len(engine.classes)), np.float32), 0.0
        if batcher := self._batchers.get(id(engine)):
            return batcher.run(pixels)
        return engine.run(pixels), 0.0

    def _loaded(self, model: configuration.Model) -> Engine:
        practices, workers = self.settings.practices, self.settings.workers
        return Engine(
            model,
            workers,
            one_load=practices.one_load,
            interpreter_per_worker=practices.interpreter_per_worker,
        )

    @property
    def engines(self) -> list[Engine]:
        """Return every model that may answer."""
        return [*self.versions.engines, *([self.fall_back.engine] if self.fall_back.engine else [])]
