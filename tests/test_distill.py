from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgelab import distill, evaluate, keras
from edgelab.distilling import school
from edgelab.errors import InputError, SplitError
from edgelab.images.splits import Split

CLASSES = 4


@pytest.fixture(scope="module")
def train() -> Split:
    """Return images of a bright spot in one of four corners, in noise that makes some hard."""
    return spots("train", 256)


@pytest.fixture(scope="module")
def held_out() -> Split:
    return spots("test", 200, seed=1)


def spots(role: str, count: int, seed: int = 0) -> Split:
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    x = random.normal(0, 0.45, (count, 6, 6, 1)).astype(np.float32)
    for image, label in zip(x, labels, strict=True):
        image[3 * (label // 2) : 3 * (label // 2) + 3, 3 * (label % 2) : 3 * (label % 2) + 3] += 0.6
    return Split("spots", role, x, labels, tuple("abcd"))


def build(seed: int = 0, classes: int = CLASSES, shape: tuple[int, ...] = (6, 6, 1)) -> Any:
    k = keras.keras()
    start = k.initializers.GlorotUniform(seed=seed + 1)
    image = k.Input(shape, name="image")
    x = k.layers.Flatten(name="flat")(image)
    return k.Model(
        image, k.layers.Dense(classes, kernel_initializer=start, name="logits")(x), name="linear"
    )


@pytest.fixture(scope="module")
def right(train: Split) -> np.ndarray:
    """Return logits of a teacher that is always right and quite sure."""
    return (6 * np.eye(CLASSES)[train.y]).astype(np.float32)


def test_soft_labels_sum_to_one_and_grow_softer() -> None:
    logits = np.array([[4.0, 1.0, -2.0], [0.0, 900.0, 3.0]])
    cold, hot = distill.soft_labels(logits), distill.soft_labels(logits, 10)
    np.testing.assert_allclose(cold.sum(axis=1), 1)
    assert hot[0].max() < cold[0].max()
    assert np.isfinite(cold).all()


def test_an_agreeing_student_pays_nothing_for_the_soft_part() -> None:
    logits = np.array([[1.0, 2.0, 3.0]])
    assert distill.loss(logits + 5, logits, np.array([2]), 4.0, 0.0) == pytest.approx(0, abs=1e-12)


def test_at_high_temperature_the_squared_loss_tends_to_the_matched_logits() -> None:
    # Hinton et al. 2015, section 2.1: with zero-mean logits the slope is (z − v) / N.
    z, v = np.array([[0.5, -0.2, -0.3]]), np.array([[-0.1, 0.4, -0.3]])
    step, slopes = 1e-4, []
    for i in range(3):
        moved = [z + s * step * np.eye(3)[i] for s in (1, -1)]
        up, down = (distill.loss(m, v, np.array([0]), 200.0, 0.0) for m in moved)
        slopes.append((up - down) / (2 * step))
    np.testing.assert_allclose(slopes, ((z - v) / 3)[0], atol=2e-3)


def test_the_compiled_loss_is_the_one_in_numpy() -> None:
    random = np.random.default_rng(0)
    student, teacher = random.normal(0, 3, (2, 8, CLASSES)).astype(np.float32)
    labels = np.array([0, 1, 2, 3, -1, 1, -1, 2])
    hot = np.zeros((8, CLASSES), np.float32)
    hot[labels >= 0, labels[labels >= 0]] = 1
    loop = school._Loop(build(), 1, school.recipe(1, 8, 1e-3))
    loop.temperature.assign(3.0)
    loop.alpha.assign(0.3)
    got = float(loop.loss(np.hstack([hot, teacher]), student).numpy().mean())
    assert got == pytest.approx(distill.loss(student, teacher, labels, 3.0, 0.3), rel=1e-5)


def test_without_a_teacher_training_is_plain_keras(train: Split) -> None:
    k = keras.keras()
    steps, order = 4, school._order(np.arange(len(train)), 4, 64, seed=5)
    plain = build(3)
    schedule = k.optimizers.schedules.CosineDecay(1e-2, steps)
    loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    plain.compile(k.optimizers.Adam(schedule), loss=loss)
    for rows in order:
        plain.train_on_batch(train.x[rows], train.y[rows])
    ours = distill.alone(build(3), train, epochs=1, seed=5, rate=1e-2)
    for a, b in zip(plain.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_one_loop_serves_many_students_as_if_each_had_its_own(
    train: Split, right: np.ndarray
) -> None:
    school._loops.clear()
    shared = school.School(train, right, school.recipe(1, 32, 1e-2))
    for seed in (0, 1):
        together = shared.train(build(seed), seed, 2.0, 0.5)
        assert len(school._loops) == 1
        school._loops.clear()
        fresh = school.School(train, right, school.recipe(1, 32, 1e-2))
        own = fresh._fit(build(seed), seed, 2.0, 0.5, None)
        for a, b in zip(together.get_weights(), own, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_student_of_hidden_labels_learns_them_from_its_teacher(
    train: Split, held_out: Split, right: np.ndarray
) -> None:
    few = distill.hide_labels(train, 8)
    assert (few.y >= 0).sum() == 8
    assert sorted(few.y[few.y >= 0]) == [0, 0, 1, 1, 2, 2, 3, 3]
    taught = distill.train(build(), right, few, epochs=10, rate=2e-2)
    own = distill.alone(build(), few, epochs=10, rate=2e-2)
    scores = [evaluate.accuracy(model, held_out).value for model in (own, taught)]
    assert scores[1] > scores[0] + 0.02


def test_pairs_begin_alike_and_the_control_does_not_hear_the_teacher(
    train: Split, held_out: Split, right: np.ndarray
) -> None:
    teacher = distill.train(build(9), right, train, epochs=5)
    settings: dict[str, Any] = {"seeds": (0, 1), "epochs": 2}
    first = distill.against_alone(build, teacher, train, held_out, **settings)
    other = distill.against_alone(
        build, teacher, train, held_out, answers=-right, temperature=2.0, **settings
    )
    assert first.alone == other.alone
    assert first.distilled != other.distilled
    assert other.verdict != "better"
    assert first.parameters == (148, 148)
    assert first.seeds == (0, 1)


def test_a_grid_has_every_cell_and_its_control(train: Split, right: np.ndarray) -> None:
    validation = replace(spots("train", 60, seed=2), name="validation")
    found = distill.grid(
        build, right, train, validation, temperatures=(1, 4), alphas=(0.0, 0.5, 0.9),
        seeds=(0, 1), epochs=1,
    )  # fmt: skip
    assert found.accuracy.shape == (2, 3, 2)
    assert found.alone.shape == (2,)
    assert ((found.accuracy > 0) & (found.accuracy <= 1)).all()
    student = distill.train(build(1), right, train, temperature=4, alpha=0.5, seed=1, epochs=1)
    assert found.accuracy[1, 1, 1] == evaluate.accuracy(student, validation).value


def test_training_says_nothing_but_its_progress(
    train: Split, right: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    school._loops.clear()
    school.School(train, right, school.recipe(1, 64, 1e-3)).train(build(77), 77, 4.0, 0.2)
    out, err = capfd.readouterr()
    assert "AutoGraph" not in out + err


def test_spoilt_answers_keep_the_winner_and_nothing_else() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 5))
    got = distill.without_similarity(logits)
    np.testing.assert_array_equal(got.argmax(axis=1), logits.argmax(axis=1))
    others = np.sort(got, axis=1)[:, :-1]
    np.testing.assert_allclose(np.ptp(others, axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=1), logits.sum(axis=1), atol=1e-5)


def test_students_of_digits_are_as_small_as_they_say() -> None:
    assert distill.tiny().count_params() == 3262
    assert distill.small().count_params() == 10578


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"alpha": 1.2}, r"alpha is 1\.2"),
        ({"alpha": -0.1}, "alpha is -0.1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"rate": 0.0}, "rate is 0"),
        ({"batch": 0}, "batch 0"),
    ],
)
def test_values_out_of_range_are_refused(
    train: Split, right: np.ndarray, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        distill.train(build(), right, train, **{"epochs": 1, **options})


def test_a_student_with_other_classes_than_its_teacher_is_refused(
    train: Split, right: np.ndarray
) -> None:
    with pytest.raises(InputError, match="tells 3 classes apart, its teacher 4"):
        distill.train(build(classes=3), right, train, epochs=1)
    with pytest.raises(InputError, match="its teacher 5"):
        distill.train(build(), np.zeros((len(train), 5), np.float32), train, epochs=1)


def test_a_student_of_other_images_is_refused(train: Split, right: np.ndarray) -> None:
    with pytest.raises(InputError, match="takes images of shape"):
        distill.train(build(shape=(8, 8, 1)), right, train, epochs=1)


def test_a_teacher_that_gives_probabilities_is_refused(train: Split, right: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"gives probabilities.*np\.log"):
        distill.train(build(), distill.soft_labels(right), train, epochs=1)


def test_answers_for_other_images_or_without_numbers_are_refused(
    train: Split, right: np.ndarray
) -> None:
    with pytest.raises(InputError, match="256 images"):
        distill.train(build(), right[:10], train, epochs=1)
    with pytest.raises(InputError, match="NaN"):
        distill.train(build(), right * np.nan, train, epochs=1)


def test_the_test_split_teaches_and_chooses_nothing(
    train: Split, held_out: Split, right: np.ndarray
) -> None:
    with pytest.raises(SplitError):
        distill.alone(build(), held_out, epochs=1)
    with pytest.raises(SplitError):
        distill.grid(build, right, train, held_out, epochs=1)


def test_a_control_needs_labels_and_a_verdict_two_seeds(
    train: Split, held_out: Split, right: np.ndarray
) -> None:
    nothing = replace(train, y=np.full(len(train), -1))
    with pytest.raises(InputError, match="needs labels"):
        distill.alone(build(), nothing, epochs=1)
    for seeds in ((0,), (1, 1), ()):
        with pytest.raises(InputError, match="two different"):
            distill.against_alone(build, build(), train, held_out, seeds=seeds)


@pytest.mark.parametrize("keep", [0, 257])
def test_labels_that_are_not_there_cannot_be_kept(train: Split, keep: int) -> None:
    with pytest.raises(InputError, match=f"{keep} of them"):
        distill.hide_labels(train, keep)


def test_a_diverging_training_says_so(train: Split, right: np.ndarray) -> None:
    huge = replace(train, x=train.x * np.float32(1e30))
    with pytest.raises(InputError, match="diverged"):
        distill.train(build(), right, huge, epochs=2, rate=1e8)
