"""Fall back: under pressure a smaller model answers, a little worse and much sooner.

    fall_back = FallBack(small, above_queue=4)
    engine = fall_back.choose(usual, waiting=admission.waiting)

An answer of the second-best model is worth more than a 503. Which model answered stands in the answer,
so that a client that minds can ask again later. It needs a model that is really faster: measure both.

Off: the usual model answers, whatever waits. Lesson 43.
"""

from __future__ import annotations

from edgelab.serving.engine import Engine


class FallBack:
    """Chooses between the usual model and a smaller one.

    Args:
        engine: the smaller model; None where there is none, or the practice is off.
        above_queue: how many requests must wait before it answers.
    """

    def __init__(self, engine: Engine | None, above_queue: int) -> None:
        self.engine = engine
        self._above = above_queue

    def choose(self, usual: Engine, waiting: int) -> Engine:
        """Return the model that answers now."""
        return self.engine if self.engine is not None and waiting > self._above else usual
