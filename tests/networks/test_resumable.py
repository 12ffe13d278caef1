import numpy as np
import pytest

from edgelab.keras import keras
from edgelab.networks import resumable


def run(marks: float = 0.0) -> resumable.Run:
    """Return the run of a network of one weight, whose weight is set to `marks`."""
    image = keras().Input((1,), name="x")
    model = keras().Model(
        image, keras().layers.Dense(1, use_bias=False, name="w")(image), name="one"
    )
    model.compile(optimizer=keras().optimizers.SGD(), loss="mse")
    found = resumable.Run(model, {"what": "a test"})
    if marks:
        model.set_weights([np.full((1, 1), marks, np.float32)])
    return found


def weight(of: resumable.Run) -> float:
    return float(of.model.get_weights()[0][0, 0])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path))


def test_the_best_epoch_comes_back_not_the_last():
    first = run(1.0)
    first.keep(1, 0.5)
    first.model.set_weights([np.full((1, 1), 2.0, np.float32)])
    first.keep(2, 0.4)
    again = run()
    assert (again.epochs_done, again.best_epoch, again.best_accuracy) == (2, 1, 0.5)
    assert weight(again) == 2.0  # training goes on from the last epoch
    again.restore_best()
    assert weight(again) == 1.0


def test_an_equal_accuracy_is_no_better_one_after_going_on_either():
    accuracy = 4321 / 4900  # not a float32
    run(1.0).keep(1, accuracy)
    again = run(2.0)
    again.keep(2, accuracy)
    assert again.best_epoch == 1
    again.restore_best()
    assert weight(again) == 1.0


def test_interrupted_between_its_two_files_the_best_before_is_kept(monkeypatch):
    first = run(1.0)
    first.keep(1, 0.5)
    first.model.set_weights([np.full((1, 1), 2.0, np.float32)])

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(first._manager, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        first.keep(2, 0.9)
    again = run()
    assert (again.epochs_done, again.best_epoch) == (1, 1)
    again.restore_best()
    assert weight(again) == 1.0
    again.keep(2, 0.4)  # the repeated epoch may come out lower
    again.restore_best()
    assert weight(again) == 1.0
    assert [file.name for file in again.folder.glob("best-*.npz")] == ["best-1.npz"]
