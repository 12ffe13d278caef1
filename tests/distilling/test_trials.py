from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from edgelab.distilling import trials
from edgelab.distilling.trials import Grid, Trials
from edgelab.errors import InputError
from edgelab.records import Accuracy


def accuracy(right: np.ndarray, truth: np.ndarray) -> Accuracy:
    answers = np.where(right, truth, (truth + 1) % 10)
    return Accuracy(
        int(right.sum()), len(truth), 0.0, 1.0, "test", "digits", tuple(int(a) for a in answers)
    )


def made(gain: float, spread: float = 0.0, seeds: int = 5, images: int = 1000) -> Trials:
    """Return pairs in which the teacher mends this share of the images, more or less."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 10, images)
    alone, distilled = [], []
    for seed in range(seeds):
        right = random.random(images) < 0.8
        share = gain + spread * (seed - (seeds - 1) / 2)
        change = random.random(images) < abs(share) / (0.2 if share > 0 else 0.8)
        alone.append(accuracy(right, truth))
        distilled.append(accuracy(right | change if share > 0 else right & ~change, truth))
    teacher = accuracy(np.ones(images, bool), truth)
    return Trials(
        "made", tuple(range(seeds)), tuple(alone), tuple(distilled), teacher, truth, 4.0, 0.1,
        200, 3500, (2914, 56858),
    )  # fmt: skip


def test_the_interval_over_seeds_is_students_t_of_the_differences() -> None:
    values = [0.012, -0.003, 0.008, 0.010, 0.001]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert trials.over_seeds(values) == pytest.approx((expected.low, expected.high))


def test_the_interval_by_pairs_agrees_with_the_one_of_differences() -> None:
    a, b = np.array([0.9, 0.91, 0.92]), np.array([0.93, 0.92, 0.95])
    got = trials.paired_interval(a, b, trials.t_factor(3))
    assert got == pytest.approx(trials.over_seeds(b - a))


@pytest.mark.parametrize("values", [[0.1], [], [0.1, np.nan], [[0.1, 0.2]]])
def test_one_run_shows_no_spread(values: list[float]) -> None:
    with pytest.raises(InputError, match=r"two pairs|not finite"):
        trials.over_seeds(values)


def test_a_gain_that_every_seed_and_most_images_show_is_better() -> None:
    found = made(0.08)
    assert (found.verdict, found.wins) == ("better", 5)
    assert "5 of 5 pairs won: better" in repr(found)


def test_a_loss_is_worse_and_a_gain_of_one_seed_is_neither() -> None:
    assert made(-0.08).verdict == "worse"
    assert made(0.002, spread=0.03).verdict == "cannot tell"


def test_the_whole_interval_is_never_narrower_than_the_one_over_seeds() -> None:
    for found in (made(0.03), made(0.0, spread=0.02), made(0.05, images=60)):
        assert found.interval[0] <= found.over_seeds[0]
        assert found.interval[1] >= found.over_seeds[1]


def test_what_is_kept_has_the_interval_of_the_loss_against_the_teacher() -> None:
    found = made(0.08)
    low, high = found.kept_interval
    assert low < found.kept < high
    assert (low + high) / 2 == pytest.approx(found.kept)
    wide = np.ptp(made(0.08, images=100).kept_interval)
    assert wide > np.ptp(found.kept_interval)


def test_seeds_and_images_add_up_like_the_sides_of_a_right_angle() -> None:
    changes = np.random.default_rng(1).integers(-1, 2, (5, 400))
    low, high = trials.over_seeds_and_images(changes)
    seeds = np.ptp(trials.over_seeds(changes.mean(axis=1))) / 2
    images = 1.96 * changes.mean(axis=0).std(ddof=1) / np.sqrt(400)
    assert (low + high) / 2 == pytest.approx(changes.mean())
    assert (high - low) / 2 == pytest.approx(np.hypot(seeds, images))


def test_pairs_of_students_have_the_same_interval() -> None:
    found = made(0.03, spread=0.01)
    right = [
        np.array([np.asarray(a.predictions) == found.truth for a in group], int)
        for group in (found.alone, found.distilled)
    ]
    assert found.interval == pytest.approx(trials.over_seeds_and_images(right[1] - right[0]))


@pytest.mark.parametrize("shape", [(1, 50), (5, 1), (50,)])
def test_one_seed_or_one_image_shows_no_spread(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"two pairs|two images"):
        trials.over_seeds_and_images(np.zeros(shape))


def test_few_images_make_it_wide() -> None:
    widths = [np.ptp(made(0.05, images=images).interval) for images in (40, 400, 4000)]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    # Ground truth: each image has a gain of its own with mean 2 points, each seed shifts all.
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        truth = np.zeros(300, int)
        shift = 0.01 * random.normal(size=4)
        groups: tuple[list[Accuracy], list[Accuracy]] = ([], [])
        for s in range(4):
            chance = np.clip(0.78 + shift[s], 0, 1)
            groups[0].append(accuracy(random.random(300) < 0.76, truth))
            groups[1].append(accuracy(random.random(300) < chance, truth))
        low, high = Trials(
            "made", (0, 1, 2, 3), tuple(groups[0]), tuple(groups[1]), groups[0][0], truth, 4.0,
            0.1, 300, 300, (1, 1),
        ).interval  # fmt: skip
        covered += low <= 0.02 <= high
    assert covered >= 0.95 * 200


def grid() -> Grid:
    alone = np.array([0.90, 0.92])
    accuracy = alone + np.array([[[0.0, 0.01], [0.02, 0.02]], [[0.05, -0.05], [-0.01, 0.0]]])
    return Grid((1.0, 4.0), (0.1, 0.9), (0, 1), accuracy, alone, 300)


def test_the_best_cell_has_the_best_mean_not_the_best_seed() -> None:
    assert grid().best == (1.0, 0.9)
    assert grid().choice == (1.0, 0.9, True)


def test_a_cell_is_compared_seed_by_seed() -> None:
    np.testing.assert_allclose(grid().differences(4.0, 0.1), [0.05, -0.05])
    assert not grid().worth_a_test(4.0, 0.1)


def test_a_cell_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no cell T 3"):
        grid().differences(3, 0.1)


def test_a_grid_shows_itself() -> None:
    assert "alone 91.0" in repr(grid())
