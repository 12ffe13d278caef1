"""Soft labels and the loss of a student, in NumPy: what the training computes, to read and to check.

Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, sections 2 and 2.1.
"""

from __future__ import annotations

import numpy as np

from edgelab.distilling import school


def soft_labels(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities over the classes, softer the higher the temperature.

    Args:
        logits: (n, classes), any size.
        temperature: above 0; 1 gives the plain softmax.

    Returns:
        float64 (n, classes); each row sums to 1.

    Raises:
        InputError: a temperature that is not above 0.
    """
    from scipy import special

    school.require_temperature(temperature)
    return np.asarray(special.softmax(np.asarray(logits, np.float64) / temperature, axis=-1))


def loss(
    student: np.ndarray,
    teacher: np.ndarray,
    labels: np.ndarray,
    temperature: float = 4.0,
    alpha: float = 0.1,
) -> float:
    """Return the loss that a student is trained with, computed in NumPy.

    Args:
        student: logits (n, classes).
        teacher: logits (n, classes).
        labels: class numbers (n,); -1 where the class is not known, which leaves out the hard part.
        temperature: of the soft labels.
        alpha: weight of the hard labels, 0 to 1.

    Returns:
        The mean over the images.

    Raises:
        InputError: a temperature or an alpha out of range.

    Source: Hinton et al. 2015, section 2. The gradient of the soft part shrinks with 1/T², so it is
        multiplied by T²: alpha then means about the same at every high temperature.
    """
    school.require_alpha(alpha)
    p, q = soft_labels(teacher, temperature), soft_labels(student, temperature)
    soft = np.sum(p * (np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-300))), axis=1)
    plain = soft_labels(student)
    known = np.asarray(labels) >= 0
    right = plain[np.arange(len(plain)), np.where(known, labels, 0)]
    hard = np.where(known, -np.log(np.maximum(right, 1e-300)), 0.0)
    return combine(float(hard.mean()), float(soft.mean()), temperature, alpha)


def combine(hard: float, soft: float, temperature: float, alpha: float) -> float:
    """Return the loss of its two parts: the labels' weighs alpha, the teacher's T² and the rest.

    Args:
        hard: cross entropy with the labels.
        soft: KL divergence from the teacher's soft labels, at this temperature.
        temperature: of the soft labels.
        alpha: weight of the labels, 0 to 1.
    """
    return alpha * hard + (1 - alpha) * temperature**2 * soft


def without_similarity(logits: np.ndarray) -> np.ndarray:
    """Return logits with the same winner in each row, and all other classes alike.

    A teacher that answers so is as right as before, and tells nothing about which classes resemble
    each other. Lesson 22 asks whether its students miss it.

    Args:
        logits: (n, classes); a row's other classes get their mean.
    """
    given = np.asarray(logits, np.float32)
    rows, winner = np.arange(len(given)), given.argmax(axis=1)
    top = given[rows, winner]
    spoilt = np.repeat(
        ((given.sum(axis=1) - top) / (given.shape[1] - 1))[:, None], given.shape[1], 1
    )
    spoilt[rows, winner] = top
    return spoilt
