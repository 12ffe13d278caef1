# %% [markdown]
# # 22 · What does a teacher know that the labels don't say?
#
# After this lesson you can
# - say what a soft label (*étiquette douce*) is, and write the loss that a student network learns from;
# - compare training with a teacher and training alone so that luck can't decide, and read the verdict;
# - choose a temperature and an alpha, and say how sure the choice is;
# - name the settings in which distillation (*distillation*) helps, and those in which it does not.
#
# Needs: the idea of lesson 10 that a difference needs an interval, nothing else. Time: see the table in README,
# measured. Feeds the worksheet: part 1 *Techniques explored* (distillation), part 3 *Performance measurements*.
#
# There are five short exercises. Each has two hints, and the lesson goes on where one is not solved.

# %% tags=["parameters"]
PROFILE = "class"

# %%
from dataclasses import replace

import numpy as np

from edgelab import benchmark, convert, data, distill, evaluate, models, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.distilling import trials
from edgelab.reporting import tables

begin("22", PROFILE)
LABELS = 200  # of the 3,500 training images, where labels are few
GRID_SEEDS, TEMPERATURES = ((0, 1), (1, 4)) if PROFILE == "ci" else ((0, 1, 2), (1, 2, 4, 8))

# %% [markdown]
# ## A digit that it has never seen
#
# The *teacher* (*enseignant*) is the network of lesson 20. The *student* (*élève*) is a network of the same kind with
# far fewer weights. It gets all training images *except the threes*: it never sees a 3, and no label says "3". For each
# image that it does see, it is told what the teacher thinks of it, class by class.

# %%
digits = data.digits()
teacher = models.load("digits_cnn")
for name, network in {"teacher": teacher, "student": distill.small()}.items():
    print(f"{name}: {network.count_params():,} parameters")

# %%
predict("never_seen", "How many of the threes among the test images does it recognise?", "%", 0)

# %%
rows = np.flatnonzero(digits.train.y != 3)
no_threes = replace(digits.train, x=digits.train.x[rows], y=digits.train.y[rows])
# alpha=0: it listens to the teacher alone; temperature: explained below
student = distill.train(distill.small(), teacher, no_threes, temperature=8, alpha=0)
alone = distill.alone(distill.small(), no_threes)
threes = digits.test.y == 3

table = []
for name, network in {"alone": alone, "with the teacher": student, "teacher": teacher}.items():
    right = np.array(evaluate.accuracy(network, digits.test).predictions) == digits.test.y
    table.append((name, 100 * right[threes].mean(), 100 * right[~threes].mean()))
reveal("never_seen", table[1][1])
tables.of_rows(("Trained", "Threes recognised (%)", "Other digits (%)"), table)

# %% [markdown]
# The student alone can't do it: for its labels, "3" does not exist. If the second row shows many threes, then that student has
# read, in the answers to thousands of other digits, what a 3 must look like: "an 8, a bit like a 3", "a 5, a bit more like a 3".
# (Hinton, Vinyals and Dean described this experiment in 2015.) What the wrong answers of a good network know is called *dark
# knowledge*.
#
# **What you can't conclude:** that teachers always help. Here the labels were missing altogether. The rest of this lesson
# asks when a teacher is worth having, and each time trains the same student without one: the *control* (*témoin*).
#
# ## What the teacher says
#
# A network ends in *logits*, one number a class. A softmax turns them into probabilities (*probabilités*). On most digits this
# teacher is so sure that nothing else can be seen. The digits below are those on which it was least sure, from the validation
# split. Below them: its probabilities, and the same after the logits were divided by 4, the *temperature* (*température*).

# %%
logits = evaluate.predict(teacher, digits.validation.x)
surest = distill.soft_labels(logits).max(axis=1)
hard = np.argsort(surest)[:4]
shown = np.append(hard, surest.argmax())
report.soft_labels(
    digits.validation.x[shown], logits[shown], digits.validation.y[shown], temperatures=(1, 4)
)

# %% [markdown]
# **What you can conclude:** what the teacher takes each digit for, and what it finds similar. The last digit is the one that it
# is surest of: at T = 1 its soft label says nothing more than the label (vermillion), at T = 4 it begins to speak.
#
# **What you can't:** that the teacher is right. Where the highest bar is blue, it is wrong, and a student would be taught the error.
#
# ### Exercise 1: soft labels
#
# Divide the logits by the temperature, then take the softmax of each row: `np.exp`, divided by the row's sum.


# %%
def soft(logits, temperature):
    """Return the probabilities of each image (a row), softer the higher the temperature."""
    ### BEGIN SOLUTION
    e = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1, keepdims=True)
    ### END SOLUTION


check("22.1 soft labels", soft)

# %%
hint("22.1 soft labels", 1)
hint("22.1 soft labels", 2)

# %% [markdown]
# ## Two voices, one loss
#
# Small enough to print: one image, three classes, the teacher's logits and the student's. How wrong is the student? The label
# asks for the probability of the right class (*cross entropy*, *entropie croisée*). The teacher asks how far the student's soft
# labels are from its own (*KL divergence*, *divergence de Kullback-Leibler*):

# %%
soften = working("22.1 soft labels", soft, distill.soft_labels)
of_teacher, of_student, label = np.array([[6.0, 3.0, -1.0]]), np.array([[2.0, 1.5, 0.5]]), 0
T = 4
p, q = soften(of_teacher, T), soften(of_student, T)
hard_part = -np.log(soften(of_student, 1)[0, label])
soft_part = np.sum(p * np.log(p / q))
print("teacher's soft label", p[0].round(3), " student's", q[0].round(3))
print(
    f"cross entropy with the label {hard_part:.4f}, KL divergence from the teacher {soft_part:.4f}"
)

# %% [markdown]
# *Alpha* is the weight of the label's voice, 1 − alpha that of the teacher's. One thing is missing. Training follows the
# *slope* (*pente*) of the loss: by how much does it change when the student moves one of its logits a little? Look what the temperature
# does to the slope of the soft part:

# %%
nudge = np.array([[0.001, 0.0, 0.0]])
rows = []
for t in (1, 2, 4, 8, 16):
    kl = [
        np.sum(soften(of_teacher, t) * np.log(soften(of_teacher, t) / soften(z, t)))
        for z in (of_student + nudge, of_student - nudge)
    ]
    slope = abs(kl[0] - kl[1]) / (2 * nudge.max())
    rows.append((t, slope, t * slope, t**2 * slope))
tables.of_rows(("T", "Slope", "Slope × T", "Slope × T²"), rows)

# %% [markdown]
# The hotter, the weaker the teacher's voice: once because the student's probabilities move more slowly (1/T), once more
# because the two soft labels lie closer together (1/T). Look at the last rows: at high temperatures only the last column
# settles; at T = 1 and 2 it still grows. Hinton's 1/T² is the rule for high temperatures.
#
# ### Exercise 2: the loss
#
# Put the two parts together: alpha for `hard`, the rest for `soft`, and the factor that keeps the teacher's voice about equally
# strong at all high temperatures.


# %%
def combine(hard, soft, temperature, alpha):
    """Return the loss of a student from its two parts."""
    ### BEGIN SOLUTION
    return alpha * hard + (1 - alpha) * temperature**2 * soft
    ### END SOLUTION


check("22.2 loss", combine)

# %%
hint("22.2 loss", 1)
hint("22.2 loss", 2)

# %%
together = working("22.2 loss", combine, distill.combine)
by_hand = together(hard_part, soft_part, T, 0.1)
library = distill.loss(of_student, of_teacher, np.array([label]), temperature=T, alpha=0.1)
print(f"by hand {by_hand:.6f}, library {library:.6f}")

# %% [markdown]
# ## The same student, twice
#
# The control has everything in common with the student: first weights, images, their order, number of steps, even the code. It is
# the same loss with alpha = 1, where the teacher is silent. From here on the student is smaller still, so that a teacher has
# something to add: `distill.tiny()`. All images have their labels here. What does the teacher add?

# %%
print(f"tiny student: {distill.tiny().count_params():,} parameters")
predict("one_gain", "With a teacher: how many points of test accuracy more?", "points", canned=2)

# %%
pair = {
    "alone": distill.alone(distill.tiny(seed=0), digits.train, seed=0),
    "with a teacher": distill.train(distill.tiny(seed=0), teacher, digits.train, seed=0),
}
found = {name: evaluate.accuracy(network, digits.test) for name, network in pair.items()}
for name, accuracy in found.items():
    print(f"{name}: {accuracy.correct} of {accuracy.total} right")
reveal("one_gain", 100 * (found["with a teacher"].value - found["alone"].value))

# %% [markdown]
# One pair, one number. Would another start have told the same? A *seed* (*graine*) sets the first weights and the order of the
# images. Here are more pairs, each with a seed of its own:

# %%
everything = distill.against_alone(
    distill.tiny, teacher, digits.train, digits.test, name="all labels, good teacher"
)
rows = [
    (seed, 100 * a.value, 100 * b.value, 100 * (b.value - a.value))
    for seed, a, b in zip(everything.seeds, everything.alone, everything.distilled, strict=True)
]
tables.of_rows(
    ("Seed", "Alone (%)", "With a teacher (%)", "Difference (points)"),
    rows,
    write={"Difference (points)": "{:+.1f}".format},
)

# %% [markdown]
# ### Exercise 3: more than luck?
#
# The two of a pair began alike, so take their difference first. The mean of n differences is uncertain by their standard deviation
# (`std(ddof=1)`) divided by √n. Student's t says how many of these to go to each side for 95 %: that is `factor`.


# %%
def interval(alone, distilled, factor):
    """Return the lower and the upper end of the mean difference of the pairs."""
    ### BEGIN SOLUTION
    differences = distilled - alone
    half = factor * differences.std(ddof=1) / np.sqrt(len(differences))
    return differences.mean() - half, differences.mean() + half
    ### END SOLUTION


check("22.3 interval", interval)

# %%
hint("22.3 interval", 1)
hint("22.3 interval", 2)

# %%
my_interval = working("22.3 interval", interval, trials.paired_interval)
before, after = (np.array([a.value for a in g]) for g in (everything.alone, everything.distilled))
by_hand = my_interval(before, after, trials.t_factor(len(before)))
print("by hand, in points", np.round(100 * np.array(by_hand), 3))
print("library, in points", np.round(100 * np.array(everything.over_seeds), 3))
everything

# %% [markdown]
# The library's last line is a little wider: your interval asks what other *seeds* would do on these test images; the library
# also allows for other *images*. If it says *cannot tell*, the honest report is: with these labels, the teacher adds
# nothing that these pairs can show. If it says *better*, read how much: the interval, not the luckiest pair.
#
# ## When labels are few
#
# Labels cost work, images often nothing. Keep 200 labels and hide the others. The control trains on those 200 images, as many
# steps as before. The student sees all 3,500: for most of them, nobody tells it the right class, only the teacher's opinion.

# %%
predict("few_gain", "And now: how many points does the teacher add?", "points", canned=5)

# %%
few = distill.hide_labels(digits.train, LABELS)
few_good = distill.against_alone(
    distill.tiny, teacher, few, digits.test, name=f"{LABELS} labels, good teacher"
)
reveal("few_gain", 100 * few_good.difference)
few_good

# %% [markdown]
# Say it honestly: this teacher was trained on *all* labels, those that the student may not see. They reach it through the
# teacher. That is a real case (the teacher is bought or published, its data is not), and no proof that labels are superfluous.
# What if the teacher has seen no more than the student? Here is one that was trained on the same 200 labels, and for two epochs
# only (each as many steps as one over all 3,500 images):

# %%
weak = distill.alone(models.digits_cnn(seed=7), few, epochs=2)
for name, network in {"good teacher": teacher, "weak teacher": weak}.items():
    print(f"{name}: {evaluate.accuracy(network, digits.test).value:.1%} on test")

# %%
predict("weak_gain", "All labels, and the weak teacher: how many points?", "points", canned=-1)

# %%
weak_all, weak_few = (
    distill.against_alone(distill.tiny, weak, split, digits.test, name=f"{labels}, weak teacher")
    for labels, split in (("all labels", digits.train), (f"{LABELS} labels", few))
)
reveal("weak_gain", 100 * weak_all.difference)
report.pairs([everything, few_good, weak_all, weak_few])

# %% [markdown]
# **What you can conclude:** a teacher is worth what it knows *beyond the labels at hand*. Compare the black mark, the teacher's own
# accuracy, with the grey points, the students alone: where the mark lies far to the right, there is much to hand over; where it
# lies to the left, a student that listens is pulled down to its teacher. The last row asks whether a teacher without any
# advantage in labels can still help, by what it makes of images without labels; read its verdict.
#
# **What you can't:** carry the sizes over. Another student, teacher or task has other gaps.
#
# ## Which temperature, which alpha?
#
# So far T = 4 and alpha = 0.1. A grid (*grille*) tries others. Since something will be *chosen*, it is judged on the
# validation images. Each cell holds the mean over several seeds and, below, its gain over the control.

# %%
grid = distill.grid(
    distill.tiny,
    teacher,
    digits.train,
    digits.validation,
    temperatures=TEMPERATURES,
    alphas=(0.1, 0.5, 0.9),
    seeds=GRID_SEEDS,
)
report.temperature_grid(grid)

# %% [markdown]
# **What you can conclude:** roughly where good cells lie. Open the table: compare how far *worst seed* and *best seed* of one cell
# are apart with how far two neighbouring cells are.
#
# **What you can't:** that the framed cell is the best one. It is the best of many noisy numbers on few images, and so partly the
# luckiest. This is called the *winner's curse* (*malédiction du vainqueur*).
#
# ### Exercise 4: choose, and say whether it is worth a test
#
# `grid.mean` is the heat map, `grid.temperatures` and `grid.alphas` its rows and columns. `grid.differences(t, alpha)` holds a cell's
# gains over the control, one a seed; `trials.over_seeds` makes their interval. Return the temperature, the alpha,
# and `True` only if that interval lies above 0. For the best of many cells this interval is too hopeful: it knows nothing of the
# choice, nor of other images. `True` means *worth a test*, not *shown*.


# %%
def choose(grid):
    """Return temperature, alpha, and whether the gain's interval on validation lies above 0."""
    ### BEGIN SOLUTION
    row, column = np.unravel_index(grid.mean.argmax(), grid.mean.shape)
    temperature, alpha = grid.temperatures[row], grid.alphas[column]
    low = trials.over_seeds(grid.differences(temperature, alpha))[0]
    return temperature, alpha, bool(low > 0)
    ### END SOLUTION


check("22.4 grid", choose)

# %%
hint("22.4 grid", 1)
hint("22.4 grid", 2)

# %% [markdown]
# The choice is made; now, once, the test images. Does the gain of the framed cell come along? Beside it stands what you had before
# any search: T = 4 and alpha = 0.1, the same seeds.

# %%
temperature, alpha, worth_a_test = working("22.4 grid", choose, lambda grid: grid.choice)(grid)
promised = 100 * grid.differences(temperature, alpha).mean()
chosen = distill.against_alone(
    distill.tiny, teacher, digits.train, digits.test,
    temperature=temperature, alpha=alpha, name=f"chosen: T {temperature:g}, alpha {alpha:g}",
)  # fmt: skip
print(f"validation promised {promised:+.2f} points (worth a test: {worth_a_test}), test says:")
print(chosen)
report.pairs([replace(everything, name="not searched: T 4, alpha 0.1"), chosen])

# %% [markdown]
# **What you can conclude:** only the number from the test images may be reported. If it is smaller than promised, that is what the winner's curse predicts;
# one pair of numbers proves it no more than one throw proves a coin false. What counts: does the chosen setting's interval lie
# above 0, and above what T = 4, alpha = 0.1 gained without any search? For the second question, pairs once more: the student of the
# chosen setting less the one of the same seed without a search.

# %%
gains = [a.value - b.value for a, b in zip(chosen.distilled, everything.distilled, strict=True)]
low, high = (100 * bound for bound in trials.over_seeds(gains))
print(f"chosen less not searched: {100 * np.mean(gains):+.2f} points [{low:+.2f}, {high:+.2f}]")

# %% [markdown]
# If this interval holds 0, the search has shown nothing: what the framed cell gains, the first guess may gain too. (All zeros? Then
# the grid chose what you had.)
#
# ## A teacher that is always right and tells nothing
#
# Is it really the similarity of the classes that teaches? Take the setting with few labels, where there was the largest gap to fill,
# and spoil the teacher's answers: every answer stays what it was, and nothing is said about the other classes.
#
# ### Exercise 5: break it and say why
#
# Return changed logits and a letter. The largest logit of each row must stay the largest, by far; the others must no longer tell
# which class is similar. What did the student lose? **a** the right answers, **b** a part of the images, **c** what an image
# resembles besides, **d** nothing, a softmax does not notice.


# %%
def spoil(logits):
    """Return logits with the same winners that tell nothing else, and the letter of what is lost."""
    ### BEGIN SOLUTION
    rows, winner = np.arange(len(logits)), logits.argmax(axis=1)
    spoilt = np.full_like(logits, logits.min())
    spoilt[rows, winner] = logits[rows, winner]
    return spoilt, "c"
    ### END SOLUTION


check("22.5 spoil", spoil)

# %%
hint("22.5 spoil", 1)
hint("22.5 spoil", 2)

# %%
predict("spoilt", "Which share of the gain is left without the similarities?", unit="%", canned=30)


# %%
def library_spoil(logits):
    """Return what the library makes of the exercise."""
    return distill.without_similarity(logits), "c"


answers = evaluate.predict(teacher, few.x)
spoilt_answers = working("22.5 spoil", spoil, library_spoil)(answers)[0]
spoilt = distill.against_alone(
    distill.tiny, teacher, few, digits.test, answers=spoilt_answers, name="spoilt answers"
)
gained = few_good.difference  # where nothing was gained, no share of it can be left
reveal("spoilt", 100 * spoilt.difference / gained if gained > 0 else None)
report.pairs([replace(few_good, name="the teacher's answers"), spoilt])

# %% [markdown]
# **What you can conclude:** how much of this gain needs soft labels. If most of it is left, the right answers to thousands of
# images without labels did the work, and similarity was the smaller part. If much is lost, the dark knowledge was what counted.
#
# **What you can't:** conclude that similarity is worthless. The student that had never seen a 3 lived on nothing else. Spoil its
# teacher's answers too:

# %%
mute = distill.without_similarity(evaluate.predict(teacher, no_threes.x))
student = distill.train(distill.small(), mute, no_threes, temperature=8, alpha=0)
right = np.array(evaluate.accuracy(student, digits.test).predictions) == digits.test.y
print(f"threes recognised: {right[threes].mean():.0%}, other digits: {right[~threes].mean():.0%}")

# %% [markdown]
# The same technique, two settings. If the two results differ, the reasons do: right answers for images without labels here,
# similarity there. A report that says "distillation brought so many points" and not *which* of the two it lived on has told
# half of it.
#
# ## What it is good for
#
# A student is not made to be nearly as good. It is made to be small. Two sizes of student, taught by the good teacher, beside it:

# %%
networks = {
    "teacher": teacher,
    "tiny": pair["alone"],
    "tiny distilled": pair["with a teacher"],
    "small": distill.alone(distill.small(), digits.train),
    "small distilled": distill.train(distill.small(), teacher, digits.train),
}
files = {}
for name, network in networks.items():
    files[name] = convert.to_tflite(network, f"{name.replace(' ', '-')}.tflite")
result = benchmark.compare(files, on=digits.test)
report.table(
    result, columns=("parameters", "size_file_bytes", "latency_ms", "time_gain", "accuracy")
)

# %%
report.bars(result, by=("size_file_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** what the smaller architecture saves in bytes and time, on this machine with one thread. With and
# without teacher, a student has the same size and, up to noise, the same speed: distillation changes the values of weights,
# nothing else. What it can change is the accuracy.
#
# **What you can't:** see from one pair whether it does. That took several seeds.
#
# Three claims that circulate, each judged for every pair of the table that fits its words:

# %%
report.claim("distilled-accuracy", result)

# %% [markdown]
# **What you can conclude:** for which student it holds. If the verdicts differ, the sentence was about *one* teacher and *one* student,
# and a size was left out. **What you can't:** that the teaching did it. A student of that size may keep as much alone.

# %%
report.claim("distilled-better", result)

# %% [markdown]
# **What you can conclude:** what one pair of each size shows on these images; *cannot tell here* is the usual answer for a point or
# less. **What you can't:** set it against the pairs above: several seeds are the better evidence.

# %%
report.claim("distilled-speed", result)

# %% [markdown]
# **What you can conclude:** that a small architecture is fast. **What you can't:** credit distillation with it. The student without
# a teacher is as fast.
#
# ## In your own words
#
# For part 1 of the worksheet: the principle (*principe*) in two sentences, three advantages (*avantages*) and three
# drawbacks (*inconvénients*) *that you saw*, each with its number. Type no number: take it from this run, as in
# `f"{seen['points, few labels']:+.1f} points with few labels."` The teacher that must exist first is a drawback too.

# %%
large, small = (result[name] for name in ("teacher", "small distilled"))
seen = {
    "points, few labels": 100 * few_good.difference,
    "points, all labels": 100 * everything.difference,
    "points, weak teacher": 100 * weak_all.difference,
    "kept": 100 * small.accuracy.value / large.accuracy.value,
    "file": large["size_file_bytes"] / small["size_file_bytes"],
    "as fast": 1 / result.ratio("small distilled").value,
    "parameters": teacher.count_params(),
}
{name: round(value, 2) for name, value in seen.items()}

# %%
principle = (
    ### BEGIN SOLUTION
    "A small network learns from the answers of a large one. Softened by a temperature, they say "
    "which class is right, and also what the image resembles."
    ### END SOLUTION
)
advantages = [
    ### BEGIN SOLUTION
    f"With {LABELS} labels the teacher was worth {seen['points, few labels']:+.1f} points.",
    f"The small student keeps {seen['kept']:.1f} % of the teacher's accuracy.",
    f"Its file is {seen['file']:.1f} times smaller, and it is {seen['as fast']:.1f} times as fast.",
    ### END SOLUTION
]

# %%
from edgelab.classroom import note

drawbacks = [
    ### BEGIN SOLUTION
    f"With all labels the teacher was worth {seen['points, all labels']:+.1f} points.",
    f"A weak teacher was worth {seen['points, weak teacher']:+.1f} points.",
    f"A teacher must be there first: here one with {seen['parameters']:,} parameters.",
    ### END SOLUTION
]
note("22.part1", principle=principle, advantages=advantages, drawbacks=drawbacks)

# %% [markdown]
# ## Questions

# %%
question("22.q1")

# %%
question("22.q2")

# %%
question("22.q3")

# %%
question("22.q4")

# %% [markdown]
# ## Where to go next
#
# Next is lesson 23, architectures that are small by design: often the better first step. Lesson 24 combines: a distilled student, then
# quantized, beside pruned and clustered networks.

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("22")
worksheet_progress("22")
