# %% [markdown]
# # 24 · Ten times faster: thanks to what?
#
# After this lesson you can
# - put six networks into one table (latency, time gain, size, size reduction, memory) that says what it compares;
# - split a large ratio into its steps, and name the one that quantization may claim;
# - check that a small and fast network still gives the same answers;
# - say which savings add up (pruning, clustering, distillation, fewer bits), and where each shows;
# - choose under constraints, from a Pareto front too, and defend the choice with your own measurements.
#
# Needs: the fair comparison of lesson 10 and the int8 files of lesson 20. Time: see the table in README, measured.
# Feeds the worksheet: part 1 *Efficient architectures*, part 3 *Performance measurements*.
#
# ResNet50 and MobileNetV2 have ImageNet weights where they can be downloaded once. Elsewhere they stay
# untrained: right for size and latency, and every table says so. EfficientNet-Lite0 always has real weights.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import statistics
import time

from edgelab import benchmark, convert, data, keras, models, quantize, report, workshop
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.measuring import compare

begin("24", PROFILE)
# By profile: calibration images, crops to compare answers on, rounds of the comparison, and epochs of
# pruning, clustering and training for int8.
IMAGES, CROPS, ROUNDS = {"ci": (8, 40, 2), "class": (16, 100, 4), "full": (100, 400, 8)}[PROFILE]
EPOCHS = {"ci": (1, 1, 1), "class": (3, 1, 1), "full": (6, 2, 2)}[PROFILE]

# %% [markdown]
# ## The arithmetic says one thing, the stopwatch another
#
# ResNet50 is a large classic; MobileNetV2 was made for phones. What does one image cost each of them, counted in
# multiply-accumulates (MACs, lesson 10)?

# %%
networks = {"ResNet50": models.resnet50(), "MobileNetV2": models.mobilenet_v2()}
macs = {name: benchmark.counts(network).macs for name, network in networks.items()}
for name, count in macs.items():
    print(f"{name:12}{count / 1e6:8,.0f} million MACs")
print(f"{'ratio':12}{macs['ResNet50'] / macs['MobileNetV2']:8.1f}")

# %%
predict(
    "naive",
    "Timed with model.predict(), how many times faster than ResNet50 is MobileNetV2?",
    unit="×",
    canned=10,
)


# %%
def naive_ms(network, key):
    """Return the median milliseconds of predict(), as most tutorials time it."""
    image = models.preprocess(key, data.crops(n=1).x)
    network.predict(image, verbose=0)  # the first call builds a graph
    times = []
    for _ in range(5):
        start = time.perf_counter()
        network.predict(image, verbose=0)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


large_ms = naive_ms(networks["ResNet50"], "resnet50")
small_ms = naive_ms(networks["MobileNetV2"], "mobilenet_v2")
reveal("naive", large_ms / small_ms)

# %% [markdown]
# If the stopwatch shows a much smaller ratio than the arithmetic, you know the reason from lesson 10: much of a
# `predict()` call is not the network. So a table made this way hides what a small architecture
# (*architecture*) is worth. And a table that times the large network this way, and the small one otherwise,
# makes it look better than it is. You will build both tables, and say which is which. From now on everything
# runs with one thread; the stopwatch above let `predict()` use all cores.
#
# ## Six files
#
# Three networks, each as a float file and as an int8 file for LiteRT. Photographs show the quantizer which
# values are typical. The first run takes a while; the files are kept.

# %%
networks["EfficientNet-Lite0"] = models.efficientnet_lite0()
keys = dict(zip(networks, ("resnet50", "mobilenet_v2", "efficientnet_lite0"), strict=True))
weights = {name: models.info(network).weights for name, network in networks.items()}
photos = data.crops(n=IMAGES, role="calibration")  # 0 to 255, not yet prepared for any network
files = {}
for name, network in networks.items():
    prepared = photos.map(models.preprocessor(keys[name]))
    files[f"{name} float32"] = convert.to_tflite(network, f"{name}-float32.tflite", prepared.x[:2])
    files[f"{name} int8"] = quantize.full_integer(network, prepared, f"{name}-int8.tflite")
weights

# %% [markdown]
# ## Everything in turn
#
# The six files, and ResNet50 as a Keras model twice: through `predict()` and as one *compiled call* (lesson 10).
# Everything is loaded afresh in each round and timed in turn with one thread. Memory is measured in
# fresh processes. Loading Keras models takes most of the time, so there are few rounds and wide intervals.

# %%
predict(
    "headline",
    "How many times faster is the MobileNetV2 int8 file than ResNet50 through predict()?",
    unit="×",
    canned=10,
)
predict(
    "int8", "And how many times faster than the MobileNetV2 float file is it?", unit="×", canned=2
)

# %%
from edgelab import runtimes

resnet50 = keras.save(networks["ResNet50"], "ResNet50.keras")
untouched = weights["ResNet50"]
candidates = {
    "ResNet50 predict()": runtimes.Candidate(resnet50, "keras-predict", weights=untouched),
    "ResNet50 compiled call": runtimes.Candidate(resnet50, "keras-compiled", weights=untouched),
}
for name, file in files.items():
    candidates[name] = runtimes.Candidate(file, weights=weights[name.split()[0]])
list(candidates)

# %%
from edgelab.reporting import rebase

table_rows = [name for name in candidates if "compiled" not in name]
rounds = compare.Limits(min_rounds=ROUNDS, max_rounds=ROUNDS, pairs=3, seconds=120)
remembered = table_rows if PROFILE != "ci" else list(files)[-2:]  # each takes a process of its own
result = benchmark.compare(candidates, accuracy=False, memory=remembered, limits=rounds)
reveal("headline", 1 / result.ratio("MobileNetV2 int8").value)
(bits,) = rebase.steps(result, ["MobileNetV2 float32", "MobileNetV2 int8"])
reveal("int8", 1 / bits.value)

# %% [markdown]
# Course material often shows one table like the next one: its first row, the reference (*référence*), is ResNet50
# timed with `predict()`. The compiled call is left out for now.

# %%
course = rebase.seen_from("ResNet50 predict()", result, table_rows)
columns = (
    "latency_ms",
    "time_gain",
    "size_file_bytes",
    "size_reduction",
    "memory_bytes",
    "weights",
)
as_taught = report.table(course, columns=columns)

# %% tags=["result"]
from dataclasses import replace

replace(
    as_taught, caption=f"Everything against predict(), as it is often taught. {as_taught.caption}"
)

# %% [markdown]
# ### Exercise 1: one line
#
# Both gains in the table, of time and of size, are the same calculation: how many times less?


# %%
def gain(before, after):
    """Return how many times less `after` is than `before`."""
    ### BEGIN SOLUTION
    return before / after
    ### END SOLUTION


check("24.1 gain", gain)

# %%
hint("24.1 gain", 1)
hint("24.1 gain", 2)

# %% [markdown]
# The gains of the MobileNetV2 int8 file, by hand and as in the table. For time the two differ a little: the table
# compares the undisturbed (fastest) runs round by round, you compared two medians.

# %%
from edgelab.reporting import results

my_gain = working("24.1 gain", gain, workshop.gain)
before, after = result["ResNet50 predict()"], result["MobileNetV2 int8"]
for key, column in {"latency_ms": "time_gain", "size_file_bytes": "size_reduction"}.items():
    in_table = results.view(course).value(after.name, column)
    print(f"{column:15} by hand {my_gain(before[key], after[key]):6.2f}, table {in_table:6.2f}")

# %%
report.workshop(course)

# %% [markdown]
# **What you can conclude:** the order of the bars, for this machine and one thread; grey is float, blue is int8.
# The two int8 questions have different answers. Size: about the same factor for each network, since every weight
# becomes one byte. Speed: look. If a blue latency bar is hardly shorter than the grey one above it, or longer,
# then this processor lacks fast instructions for int8 (below you will see which it has).
#
# **What you can't:** say that MobileNetV2 int8 "is" so many times faster than ResNet50. The reference was called in
# another way, by another runtime. How much of the bar is the call?
#
# ## Where does the headline come from?
#
# Between the first row and MobileNetV2 int8 lie four changes. Measured one at a time, they form a path with five stops:

# %%
way = [
    "ResNet50 predict()",
    "ResNet50 compiled call",
    "ResNet50 float32",
    "MobileNetV2 float32",
    "MobileNetV2 int8",
]
changes = ["call", "runtime", "architecture", "8-bit numbers"]
stops_ms = [result[name]["latency_ms"] for name in way]
for name, ms in zip(way, stops_ms, strict=True):
    print(f"{name:24}{ms:7.1f} ms")

# %% [markdown]
# ### Exercise 2: the steps
#
# Write what each *step* from one stop to the next gained. Multiplied, the steps must give the whole.


# %%
def factors(values):
    """Return the gain of each step, from a value to the one after it."""
    ### BEGIN SOLUTION
    return [values[i] / values[i + 1] for i in range(len(values) - 1)]
    ### END SOLUTION


check("24.2 factors", factors)

# %%
hint("24.2 factors", 1)
hint("24.2 factors", 2)

# %% [markdown]
# Your steps beside the library's, which knows their intervals. A step below 1 is a loss; a verdict *cannot tell* means
# that the interval holds 1, or that the difference is too small to matter.

# %%
from edgelab.reporting import tables

by_hand = working("24.2 factors", factors, workshop.factors)(stops_ms)
rows = []
for change, mine, step in zip(changes, by_hand, rebase.steps(result, way), strict=True):
    rows.append((change, mine, 1 / step.value, 1 / step.high, 1 / step.low, step.verdict))
tables.of_rows(
    ("What changed", "By hand (×)", "Library (×)", "Low", "High", "Verdict"),
    rows,
    caption=f"Gain in time of each step. Low and High: the library's {100 * compare.LEVEL:g} % interval.",
)

# %%
call_ms = max(0, stops_ms[0] - stops_ms[1])
report.cost_split(
    {
        "ResNet50 predict()": {"the network": stops_ms[1], "call overhead": call_ms},
        **{name: {"the network": ms} for name, ms in zip(way[1:], stops_ms[1:], strict=True)},
    },
    title="From the headline's reference to MobileNetV2 int8",
)

# %% [markdown]
# **What you can conclude:** which change does the work. Call and runtime are won without touching the network;
# the architecture is another network with other answers; only the last step is quantization
# (*quantification*).
#
# **What you can't:** move a factor to another network. The call weighs less on ResNet50 than it would on MobileNetV2, whose
# network is done sooner: that is what the two stopwatches at the beginning showed.
#
# So here is the honest table: equal runtime, equal call, equal thread; the reference is the float file of ResNet50.

# %% tags=["result"]
honest = rebase.seen_from("ResNet50 float32", result, list(files))
fair = report.table(honest, columns=columns[:4])
replace(fair, caption=f"The same run, between equal runtimes. {fair.caption}")

# %% [markdown]
# Turn the figures over as you like. The controls need a running notebook; elsewhere the picture stands still.

# %%
from edgelab.classroom.widgets import comparison_chart

comparison_chart(honest)

# %% [markdown]
# **What you can conclude:** each figure has its own order of the networks. Gzip hardly shrinks float weights, and
# peak memory holds the file, a packed copy of the weights and the activations (lesson 10).
#
# **What you can't:** choose by one figure, or by these at all: nothing here says whether the answers are still right.
#
# ## The four sizes

# %%
sizes = ("size_nominal_bytes", "size_file_bytes", "size_gzip_bytes", "size_memory_bytes")
report.table(honest, columns=sizes)

# %% [markdown]
# Int8 divides the nominal size by nearly four; the file holds scales, biases and the graph as well, which do not shrink.
# A phone downloads the compressed file; to gzip, weights look much like noise, so it saves little on either kind.
#
# ## Two claims
#
# Each is judged for every pair of your table that fits its words.

# %%
report.claim("workshop-speed", course)

# %% [markdown]
# **What you can conclude:** whether the claim depends on the reference. If the two rows get different verdicts, the
# wording was too short to be true or false: *which* ResNet50, called *how*?
#
# **What you can't:** that whoever says it lies. They measured; they did not say what.

# %%
from edgelab.measuring import machine

print("For int8 this processor has:", ", ".join(machine.describe()["int8"]) or "nothing special")
report.claim("int8-speed", honest)

# %% [markdown]
# **What you can conclude:** whether int8 was faster *in these networks on this processor*. With VNNI, AMX or NEON dot product
# instructions one multiplies and adds many bytes in one step; with AVX2 alone it takes several.
#
# **What you can't:** that int8 is fast or slow in general.
#
# ## Do they still see the same?
#
# EfficientNet-Lite0 with its real weights, float and int8, on photographs that calibration has not seen.

# %%
from edgelab import evaluate

pictures = [photo for photo in data.photos() if photo.role == "validation"][:3]
answers = {}
for kind in ("float32", "int8"):
    scores = [
        evaluate.predict(
            files[f"EfficientNet-Lite0 {kind}"], models.preprocess("efficientnet_lite0", photo.rgb)
        )
        for photo in pictures
    ]
    answers[kind] = [models.top(each)[0] for each in scores]
report.pictures(pictures, answers)

# %% [markdown]
# **What you can conclude:** on these few pictures, whether int8 changed an answer or only how sure it is.
#
# **What you can't:** an accuracy. That takes thousands of labelled images. What many views *without* labels can show is
# how often the two give the same answer (*accord*).

# %%
predict(
    "agreement",
    "On how many of 100 views does int8 give the float version's answer?",
    unit="%",
    canned=95,
)

# %% [markdown]
# ### Exercise 3: the same answer
#
# Both arrays have one row an image and one column a class. In which share of the rows is the same class largest?


# %%
def share_of_same(a, b):
    """Return the share of images to which both networks give the same class, 0 to 1."""
    ### BEGIN SOLUTION
    return (a.argmax(axis=1) == b.argmax(axis=1)).mean()
    ### END SOLUTION


check("24.3 same answer", share_of_same)

# %%
hint("24.3 same answer", 1)
hint("24.3 same answer", 2)

# %% [markdown]
# Each network with trained weights, on random views of photographs; yours beside the library's.

# %%
views = data.crops(n=CROPS)
outputs, agreements = {}, {}
for name, key in keys.items():
    if weights[name] == "none":
        continue  # untrained: no answers to keep
    prepared = views.map(models.preprocessor(key)).x
    outputs[name] = [evaluate.predict(files[f"{name} {k}"], prepared) for k in ("float32", "int8")]
    agreements[name] = workshop.agreement(*outputs[name])
reveal("agreement", 100 * agreements["EfficientNet-Lite0"].share)

# %%
my_share = working("24.3 same answer", share_of_same, workshop.share_of_same)
rows = []
for name, found in agreements.items():
    by_hand = my_share(*outputs[name])
    rows.append((name, *(100 * v for v in (by_hand, found.share, found.low, found.high))))
tables.of_rows(
    ("Network", "By hand (%)", "Library (%)", "Low (%)", "High (%)"),
    rows,
    caption=f"Same answer of float and int8 on {CROPS} views of photographs; {IMAGES} others calibrated.",
    notes=(f"Weights: {', '.join(f'{name} {kind}' for name, kind in weights.items())}.",),
)

# %% [markdown]
# **What you can conclude:** how often quantization with these calibration views changes an answer. Look at the views yourself if the share is low: a
# random view often shows a piece of wall, and its float answer is a guess as well.
#
# **What you can't:** that the missing share is lost accuracy: where the two differ, either may be right. Nor anything about an
# untrained network, which has no answers to keep. And views of one photograph resemble each other, so the true doubt is
# larger than from low to high. Lesson 20 calibrates the same network on more images: if more answers stayed the same
# there, a part of what you see is calibration, not int8.
#
# ## Break it, and look at the table
#
# Quantization needs calibration images (*images de calibration*) that look to the network as they will later. Let
# that go wrong: same network, same number of images, same call.

# %%
predict(
    "broken",
    "Calibrated on unsuitable images, on how many of 100 views is the answer kept?",
    unit="%",
    canned=50,
)

# %% [markdown]
# ### Exercise 4: break it and say why
#
# `pixels` is an array of floats from 0 to 255. The network was trained on photographs that `models.preprocess` has brought to
# about −1 to 1. Return calibration images that the converter accepts without a word, and that ruin the network; and the
# letter of what goes wrong:
#
# - a: the weights are rounded with wrong scales
# - b: the range found does not fit what the network sees later, so few codes are used, or values are cut off
# - c: the file is damaged
# - d: eight bits are too few for this network


# %%
def wrong_calibration(pixels):
    """Return float images of the same shape, in a range that the network never sees, and the letter."""
    ### BEGIN SOLUTION
    return pixels, "b"
    ### END SOLUTION


check("24.4 break it", wrong_calibration)

# %%
hint("24.4 break it", 1)
hint("24.4 break it", 2)

# %%
spoil = working("24.4 break it", wrong_calibration, workshop.unprepared)
unsuitable, reason = spoil(photos.x)
broken = quantize.full_integer(
    networks["EfficientNet-Lite0"], unsuitable, "EfficientNet-Lite0-broken.tflite"
)
prepared = views.map(models.preprocessor("efficientnet_lite0")).x
kept = workshop.agreement(outputs["EfficientNet-Lite0"][0], evaluate.predict(broken, prepared))
reveal("broken", 100 * kept.share)

# %%
trio = {name: candidates[name] for name in files if "EfficientNet" in name}
trio["EfficientNet-Lite0 int8, broken"] = runtimes.Candidate(broken, weights="imagenet")
few = compare.Limits(min_rounds=3, max_rounds=3, pairs=4, seconds=20)
ruined = benchmark.compare(trio, accuracy=False, limits=few)
report.table(ruined, columns=("latency_ms", "time_gain", "size_file_bytes", "size_reduction"))

# %% [markdown]
# Read the table again: would you have noticed? It ranks the broken network like the sound one. Scales found on values far
# too large leave all that the network really sees a few codes; scales found on far too small ones cut nearly all of
# it off. A table without a look at the answers is half a table.
#
# ## Choose, and defend it
#
# > **The brief.** A phone app names what the camera sees. Its download may grow by 20 MB at most, compressed.
# > Its answers must mean something. Choose, and say what your choice costs: megabytes, milliseconds or answers.
#
# ### Exercise 5: choose and defend
#
# Return four things from your own `result`: the name as in the table, the download in MB (gzip), the latency in ms,
# and one sentence: why, and at what cost. The check compares the figures with your journal, and asks whether another
# network that fits is better in everything measured. It does not judge the sentence.


# %%
def choice(result):
    """Return name, download in MB, latency in ms, and the reason."""
    ### BEGIN SOLUTION
    fits = [m for m in result.measurements if m.weights != "none" and m["size_gzip_bytes"] <= 20e6]
    best = min(fits, key=lambda m: m["size_gzip_bytes"])
    reason = "It is the smallest that fits; it costs some of the float file's answers."
    return best.name, best["size_gzip_bytes"] / 1e6, best["latency_ms"], reason
    ### END SOLUTION


check("24.5 choice", choice)

# %%
hint("24.5 choice", 1)
hint("24.5 choice", 2)

# %% [markdown]
# A paragraph built from your records, with your sentence at its end. Every figure in it was measured on this
# machine; the steps are there, so is the doubt. You could read it to somebody who asks back.

# %%
from edgelab.classroom.defence import defend

my_choice = working("24.5 choice", choice, workshop.choose)(result)
defend(result, agreements, my_choice, limit_mb=20)

# %% [markdown]
# ## Savings that add up
#
# So far one technique at a time. There are more: weights left out (*élagage*, pruning, lesson 21), weights that share a
# few values (*partage de poids* or *regroupement*, clustering), and a smaller network taught by a larger one (*distillation*,
# lesson 22). Which savings add up? First on one kernel of the digits network: the same weights, changed step by step, as bytes
# and compressed.

# %%
import zlib

import numpy as np

digits, teacher = data.digits(), models.load("digits_cnn")
kernel = teacher.get_layer("hidden").kernel.numpy()
pruned = np.where(np.abs(kernel) < np.quantile(np.abs(kernel), 0.9), 0, kernel)
step = np.abs(pruned).max() / 7
codes = np.round(pruned / step).astype(np.int8)
versions = {"as trained": kernel, "9 of 10 are zero": pruned, "few values": step * codes}
rows = []
for name, values in {**versions, "few values as 8-bit codes": codes}.items():
    raw = np.asarray(values, np.int8 if values is codes else np.float32).tobytes()
    rows.append((name, len(np.unique(values)), len(raw), len(zlib.compress(raw, 9))))
tables.of_rows(("Weights", "Different values", "Bytes", "Compressed bytes"), rows)

# %% [markdown]
# Zeros and repeated values take as much room as any others, until something compresses them. Eight-bit codes are small at once.
# So the savings add up, in the *download*, as long as no step undoes the one before: training for int8 moves weights, also those
# that were zero or shared a value, unless something holds them. *PCQAT* trains for int8 and keeps zeros and clusters as they
# are (Han, Mao and Dally called the whole chain *deep compression*).

# %%
predict(
    "added_up",
    "Pruned, clustered and quantized: how many times smaller is the download than the float file's?",
    unit="×",
    canned=10,
)

# %%
from edgelab import combined, distill, prune

sparse = prune.gradually(teacher, digits, prune.sparing_ends(teacher, 0.9), EPOCHS[0])
combos = {
    "float32": convert.to_tflite(teacher, "digits-float32.tflite"),
    "int8": quantize.full_integer(teacher, digits.calibration, "digits-int8.tflite"),
    "pruned int8": quantize.full_integer(sparse, digits.calibration, "digits-pruned-int8.tflite"),
    "PCQAT int8": combined.prune_cluster_quantize(
        teacher, digits, "digits-pcqat.tflite", sparsity=0.9, clusters=16, epochs=EPOCHS
    ),
}

# %%
for size, build in {"small": distill.small, "tiny": distill.tiny}.items():
    student = distill.train(build(), teacher, digits.train)
    file, name = f"digits-{size}.tflite", f"distilled {size}"
    combos[name] = convert.to_tflite(student, file)
    combos[f"{name} int8"] = quantize.full_integer(student, digits.calibration, f"int8-{file}")

# %% [markdown]
# One of these will be chosen, so accuracy is measured on the *validation* images.

# %%
together = benchmark.compare(combos, on=digits.validation)
whole, least = (together[name]["size_gzip_bytes"] for name in ("float32", "PCQAT int8"))
reveal("added_up", whole / least)
report.table(
    together,
    columns=("size_file_bytes", "size_gzip_bytes", "gzip_reduction", "latency_ms", "accuracy"),
)

# %% [markdown]
# **What you can conclude:** where each saving shows. The int8 files of the large network have about the same size; they differ in
# the compressed column. *int8 → pruned int8* is what zeros save, *pruned int8 → PCQAT* what clusters add (there the network was
# trained on as well: look at its accuracy).
#
# **What you can't:** rank accuracies that lie a point apart on so few images. Nor expect PCQAT to be faster than int8: its zeros are
# multiplied like any other number (lesson 25).
#
# A smaller network saves bytes in both columns; look at time and accuracy too. Do the factors multiply? Each alone, their
# product, and both together:

# %%
rows = []
for key in ("size_file_bytes", "size_gzip_bytes", "latency_ms"):
    network, bits, both = (
        together["float32"][key] / together[name][key]
        for name in ("distilled tiny", "int8", "distilled tiny int8")
    )
    rows.append((key, network, bits, network * bits, both))
tables.of_rows(("Times less", "Distilled tiny", "Int8", "Product", "Together"), rows)

# %% [markdown]
# Where less was saved together than the product promises: scales, graph and call do not shrink with the weights. The smaller the
# network, the less is left for int8.
#
# ### Exercise 6: when does one beat another?
#
# With two figures there is often no best. But some models nobody would choose. `a` and `b` are lists of figures, *small is good* in all
# of them (bytes, milliseconds, errors). When does a beat b?


# %%
def beats(a, b):
    """Return True when nobody would choose b because of a."""
    ### BEGIN SOLUTION
    pairs = list(zip(a, b, strict=True))
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)
    ### END SOLUTION


check("24.6 front", beats)

# %%
hint("24.6 front", 1)
hint("24.6 front", 2)

# %% [markdown]
# What no other beats is the *Pareto front* (*front de Pareto*). Yours beside the library's, for download and errors:

# %%
from edgelab.reporting import pareto

my_beats = working("24.6 front", beats, pareto.beats)
costs = {m.name: [m["size_gzip_bytes"], 1 - m["accuracy"]] for m in together.measurements}
mine = [n for n in costs if not any(my_beats(other, costs[n]) for other in costs.values())]
print("by hand:", sorted(mine))
print("library:", sorted(pareto.front(together, ("size_gzip_bytes", "accuracy"))))

# %% [markdown]
# > **The brief.** A meter reads handwritten digits. Its update may have 20 kB compressed at most, and it must read at least
# > 93 % of the validation images correctly. Of what is left, take the fastest.
#
# Set the limits with the sliders and look what is left. (Without a running notebook the picture stands still.)

# %%
from edgelab.classroom.explorer import pareto_explorer

goal, limits = "latency_ms", {"size_gzip_bytes": 20_000, "accuracy": 0.93}
explorer = pareto_explorer(together, limits, goal=goal)
explorer

# %% [markdown]
# **What you can conclude:** who is on the front (the grey steps), what the limits cross out (tinted), and who is left. Slide a limit until
# nothing is left: the explorer then names what comes nearest and what it misses.
#
# **What you can't:** see the doubt of a single point as nothing. Its bars overlap with its neighbour's: a limit of accuracy between
# the two decides by luck.
#
# ### Exercise 7: choose and defend
#
# Return four things from your own `result`: the name, the download in kB (gzip), the accuracy in percent, and one sentence with
# your reason. Where no model keeps both limits, choose the nearest: it has the smallest sum of the shares by which limits are
# missed (a tenth too many bytes counts as much as a tenth too few right answers).


# %%
def combination(result):
    """Return name, download in kB, accuracy in percent, and the reason."""
    ### BEGIN SOLUTION
    name = pareto.choose(result, goal, limits).name
    chosen = result[name]
    reason = "Of the models that keep both limits, or come nearest, it answers fastest."
    return name, chosen["size_gzip_bytes"] / 1e3, 100 * chosen["accuracy"], reason
    ### END SOLUTION


check("24.7 combination", combination)

# %%
hint("24.7 combination", 1)
hint("24.7 combination", 2)

# %% [markdown]
# The choice is made. Only now the test images: the chosen file against the float file, image by image. The paragraph takes its
# figures from your measurements and goes to the journal, where the worksheet finds it. If you choose again after this, it says
# so: the test images have been seen then.

# %%
from edgelab.classroom.combination import defend_combination, library_choice


def library_combination(result):
    """Return what the library chooses."""
    return library_choice(result, goal, limits)


my_combination = working("24.7 combination", combination, library_combination)(together)
before, after = (
    evaluate.accuracy(combos[name], digits.test) for name in ("float32", my_combination[0])
)
tested = evaluate.paired(before, after, digits.test.y)
defend_combination(together, my_combination, limits, tested)

# %% [markdown]
# ## Questions

# %%
question("24.q1")

# %%
question("24.q2")

# %%
question("24.q3")

# %%
question("24.q4")

# %% [markdown]
# ## Where to go next
#
# Next is lesson 25: why is something *not* faster? For the worksheet: the figures of the honest tables belong in part 3, and your two paragraphs
# are a first draft of your analysis. To repeat the whole comparison with more rounds and images, set
# `PROFILE = "full"` in the first cell. Your guesses, exercises and records:

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("24")
worksheet_progress("24")
