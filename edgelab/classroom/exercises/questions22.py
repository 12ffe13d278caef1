"""The questions at the end of lesson 22."""

from __future__ import annotations

from edgelab.classroom.language import N_
from edgelab.classroom.questions import Option, define

define(
    "22.q1",
    N_("What can a soft label tell a student that a label can't?"),
    Option(
        N_("Which class is right, with more digits."),
        N_("The label already says which class is right."),
    ),
    Option(
        N_("How difficult the image is for the student."),
        N_("The teacher knows nothing of the student; it speaks of its own doubt."),
    ),
    Option(
        N_("Which other classes the image resembles, and how sure the teacher is."),
        N_(
            "A 7 that looks a bit like a 1 says something about both. Hinton called it dark knowledge."
        ),
        right=True,
    ),
)

define(
    "22.q2",
    N_("Why does the control, the same student without a teacher, belong to every report?"),
    Option(
        N_("Because the student is smaller than its teacher, and one wants to see by how much."),
        N_("For that one compares with the teacher. The control asks what the *teaching* brought."),
    ),
    Option(
        N_("Without it, what the training alone achieves is credited to the teacher."),
        N_("Same start, same images, same steps: what is left of a difference is the teacher's."),
        right=True,
    ),
    Option(
        N_("It is faster to train, so it is a useful first test."),
        N_("It takes as long. It is there because a difference needs two numbers."),
    ),
)

define(
    "22.q3",
    N_(
        "With 200 labels a student gains many points from a teacher that was trained on all 3,500. What "
        "is the honest way to tell it?"
    ),
    Option(
        N_("“The teacher carries what it learnt from labels that this student never saw.”"),
        N_(
            "That is a real use: the teacher exists, its data does not leave its owner, images are free."
        ),
        right=True,
    ),
    Option(
        N_("“Distillation replaces labels: 200 suffice.”"),
        N_("The labels were needed, by the teacher. They reached the student through it."),
    ),
    Option(
        N_("“The comparison is unfair and says nothing.”"),
        N_(
            "It says what the teacher is worth where labels are few. It only must say where it comes from."
        ),
    ),
)

define(
    "22.q4",
    N_(
        "On a small validation split the best of twelve cells gains a point. What will it gain on test?"
    ),
    Option(
        N_("The same, since temperature and alpha stay as they are."),
        N_("The best of many is best partly by luck, and the luck does not come along."),
    ),
    Option(
        N_("Probably less: the best of many noisy cells was chosen for its noise as well."),
        N_("It is called the winner's curse. Therefore test is looked at after the choice, once."),
        right=True,
    ),
    Option(
        N_("Probably more, since the test split has more images."),
        N_("More images make an estimate surer, not larger."),
    ),
)
