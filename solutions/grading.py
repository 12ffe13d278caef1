# %% [markdown]
# # Grading a class (for instructors)
#
# This notebook grades a folder of worksheets: it checks every figure against the student's journal, proposes points where
# they can be proposed, and puts the rest to you, with the rubric beside each answer. The same runs in a terminal:
# `edgelab grade worksheets/analysis.yaml submissions/ --out grades/`.
#
# What you need is a folder of hand-ins: a folder a student, single files, or the ZIP file that Moodle or Canvas
# makes of all. Set `SUBMISSIONS` below; as long as it is empty, three made-up hand-ins (the exemplars of the rubric)
# show what happens.

# %% tags=["parameters"]
SUBMISSIONS = ""  # "submissions", or "Analysis-class-2026.zip"
OUT = "grades"
LMS = ""  # the CSV file that Moodle or Canvas exported, to be filled
PROFILE = "class"

# %%
from pathlib import Path

from edgelab import workspace
from edgelab.classroom import grading

out = workspace.workspace() / OUT
submissions = Path(SUBMISSIONS) if SUBMISSIONS else grading.exemplars(out / "exemplars")
result = grading.grade("analysis", submissions, out, export=Path(LMS) if LMS else None)
print(grading.told(result))

# %% [markdown]
# Every file that was found is in the gradebook, also one that could not be read; its reason is in the row. `class.html`
# has the same as a page, with what needs a look: journals that were changed, hand-ins that are too similar.
# A likeness is a reason to ask, no proof.
#
# ## Who handed in what

# %%
grading.overview(result)

# %% [markdown]
# *To mark* counts the questions that only a person can judge. Points that are proposed rest on the journal: a figure
# counts when a record has it, and nothing is proposed where the journal is missing or was changed.
#
# ## Mark
#
# One answer at a time, rubric and usual mistakes below it. What you type is saved at once in the student's sheet
# (`sheets/*.yaml`), which you may also edit by hand. Nothing overwrites your marks: when somebody hands in late, run the
# cell above that grades (`result = …`) again, then the next one for a new place to mark. If an answer changed after you
# marked it, the sheet says so and keeps your mark.

# %%
desk = grading.desk(out)
desk

# %% [markdown]
# ## Write gradebook and feedback again
#
# This reads your marks from the sheets and writes the gradebook, one page of feedback for each student
# (`feedback/*.html`, in the language of the worksheet), and, if you gave one, the file for Moodle or Canvas: only its
# column for marks is filled, and only where a mark is complete and the cell is empty.

# %%
result = grading.grade("analysis", submissions, out, export=Path(LMS) if LMS else None)
print(grading.told(result))

# %% [markdown]
# ## Question by question
#
# A question with a low share was hard, or badly asked. The chart counts what is marked so far.

# %%
grading.by_question(result)

# %% [markdown]
# ## The class's machines
#
# Each laptop measured the same techniques. Together they are an experiment that no single machine can run: what
# does int8 gain on a processor with instructions for it, and on one without? Names are left out, so this chart may be
# shown to the class. With the three exemplars there is one machine only.

# %%
grading.class_machines(result)
