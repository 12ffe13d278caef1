# %% [markdown]
# # 00 · What can this machine do?
#
# After this lesson you can
# - read what this machine has for edge AI, and what it lacks;
# - go once round the course's loop: predict, measure, find the record;
# - choose data, profile and language.
#
# Needs: nothing. Time: a few minutes to read; how long it runs: see the table in README, measured.
# Feeds the worksheet: part 3 *Performance measurements* (size, one image).
#
# A notebook (*carnet*) is made of cells. Shift + Enter runs one and goes to the next: do it from top to bottom.

# %% tags=["parameters"]
PROFILE = "class"

# %%
from edgelab import benchmark, convert, data, models, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal

begin("00", PROFILE)
predict("speed", "How many digits a second can one core read here?", "images/s", canned=100)

# %% [markdown]
# Keep your guess: the answer comes in a minute. First, what is this machine?

# %%
from edgelab import doctor

doctor.report()

# %% [markdown]
# A line with `--` is an option that is not here, and the course goes on without it. *Instructions for int8* decide whether
# 8-bit networks will be fast on your processor, or only small. *Runtimes* (*moteurs d'exécution*) are the
# programs that run a finished network. If lessons are listed, their minutes come from a short probe of this machine.
#
# ## A network that reads digits
#
# Five thousand handwritten digits come with the course, and a small network learns them here (the first time it
# takes a moment; the result is kept).

# %%
digits = data.digits()
model = models.load("digits_cnn")
pictures = digits.validation.x[:3]
answers = models.top(model.predict(pictures, verbose=0), classes=digits.classes)
report.pictures([(255 * p[..., 0]).astype("uint8") for p in pictures], answers)

# %% [markdown]
# The bars are what the network believes. What you can't conclude from three digits: how often it is right.
#
# ## Predict
#
# How large will this network be as a file? It has so many parameters (*paramètres*), and float32, the usual
# number format, takes four bytes (*octets*) each:

# %%
parameters = benchmark.counts(model).parameters
print(f"{parameters:,} parameters")

# %% [markdown]
# ### Exercise 1: your first one
#
# Replace the `...` and run the cell. The check tells whether it is right and, if not, what probably happened.
# One kB is 1,000 bytes.


# %%
def size_kb(parameters):
    """Return the kB that this many float32 parameters take."""
    ### BEGIN SOLUTION
    return parameters * 4 / 1000
    ### END SOLUTION


check("00.1 size", size_kb)

# %%
hint("00.1 size", 1)
hint("00.1 size", 2)

# %%
predict("size", "How large is the whole file?", unit="kB", canned=100)

# %% [markdown]
# ## Measure
#
# One line converts the network for LiteRT, a runtime for small machines; one line measures it. (LiteRT is the new name of
# TensorFlow Lite; its files still end in `.tflite`.)

# %%
float32 = convert.to_tflite(model, "float32.tflite")
measured = benchmark.measure(float32, on=digits.test, name="digits")
measured

# %%
reveal("size", measured["size_file_bytes"] / 1000)
reveal("speed", 1000 / measured["latency_ms"])

# %% [markdown]
# The report above gives intervals (*intervalles*): ranges that the true value probably lies in. And it says so when a number
# is doubtful: perhaps the machine was busy. The file holds a little more than its parameters: the plan of the network. How such a time is
# measured, and when not to believe it, is lesson 10.
#
# ## Find the record
#
# Everything that you guess, measure or solve is written down at once:

# %%
from edgelab.classroom import journal

journal.show()

# %% [markdown]
# This is your journal (*journal*). You can close the notebook at any time and lose nothing. Each record (*trace*) has a
# number and a hash (*empreinte*). A worksheet (*fiche d'analyse*) that is handed in cites such records for its figures, so
# nobody types results. This is how one is cited:

# %%
record = journal.find("measurement")[-1]
print(f"part 3, size and one image: record {record.number}, hash {record.hash[:12]}…")

# %% [markdown]
# ## See it in the worksheet
#
# The worksheet asks for two models, one before and one after. So here is a second one: the same network with 8-bit
# numbers (*int8*, lesson 20), measured in turn with the first.

# %%
from edgelab import quantize

int8 = quantize.full_integer(model, digits.calibration, "int8.tflite")
result = benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)

# %%
from edgelab.classroom.worksheets import Worksheet
from edgelab.classroom.worksheets.trace import trace

worksheet = Worksheet("analysis")
worksheet.fill()
trace(worksheet, "3.before_after.latency.before")

# %% [markdown]
# On the left a record of your journal, on the right the cell (*cellule*) of the worksheet that it filled. Nobody typed it.
# Lesson 01 shows the whole worksheet.
#
# ## Choose your data
#
# The digits are the default. CIFAR-10 (small photographs) comes as a sample; set the variable `EDGELAB_DATA` to a
# folder with the whole of it (how, is told below). Or take your own pictures: a folder that holds one folder for each class. To try it, some
# digits as files, in two classes:

# %%
from PIL import Image

from edgelab import workspace

folder = workspace.workspace() / "my_images"
for i, label in enumerate(digits.validation.y[:60]):
    file = folder / ("odd" if label % 2 else "even") / f"{i}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((255 * digits.validation.x[i, ..., 0]).astype("uint8")).save(file)

mine = data.folder(folder, size=28)
for dataset in (digits, data.cifar10(sample=True), mine):
    print(dataset.test)

# %% [markdown]
# Every data set has four parts: *train* for learning, *calibration* for showing typical values, *validation* for all your
# choices, *test* for the end. The library refuses to choose on *test*.
#
# ## Choose profile and language
#
# `PROFILE` at the top decides how much is measured: `class` is made for a laptop, `ci` takes seconds and is less
# exact, `full` measures longer, and takes the whole data where a lesson says so. Checks, hints and questions speak English
# or French, as your system does; the variable `EDGELAB_LANG` (`fr` or `en`) chooses.
#
# A variable is set before JupyterLab starts. In a terminal, in the clone: `EDGELAB_LANG=fr make lab`. In PowerShell:
# `$env:EDGELAB_LANG = "fr"`, then `.venv\Scripts\edgelab lab`. `EDGELAB_DATA` is set likewise. The same hint in French:

# %%
from edgelab.classroom.language import speaking

with speaking("fr"):  # for this cell only
    hint("00.1 size", 1)

# %% [markdown]
# ## Questions

# %%
question("00.q1")

# %%
question("00.q2")

# %% [markdown]
# ## Where to go next
#
# Next is lesson 01, the worksheet that all lessons feed. Lesson 10 makes you hard to fool by a number; if you are in a hurry,
# lesson 24 is the workshop with everything in one table. Every lesson can be entered directly.

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("00")
worksheet_progress("00")
