# %% [markdown]
# # 24 · Ten times faster: thanks to what?
#
# After this lesson you can
# - put six networks into one table (latency, time gain, size, size reduction, memory) that says what it compares;
# - split a large ratio into its steps, and name the one that quantization may claim;
# - check that a small and fast network still gives the same answers;
# - choose a network under a constraint, and defend the choice with your own measurements.
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

from edgelab import benchmark, compare, convert, data, evaluate, keras, models, quantize
from edgelab import rebase, report, runtimes, tables, workshop
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.classroom.defence import defend
from edgelab.classroom.widgets import comparison_chart

begin("24", PROFILE)
# By profile: calibration images, crops to compare answers on, rounds of the comparison.
IMAGES, CROPS, ROUNDS = {"ci": (8, 40, 3), "class": (16, 100, 4), "full": (100, 400, 8)}[PROFILE]

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
    for _ in range(7):
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
# makes it look better than it is. You will build both tables, and say which is which.
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
    files[f"{name} float32"] = convert.to_tflite(network, f"{name}-float32.tflite")
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
resnet50 = keras.save(networks["ResNet50"], "ResNet50.keras")
untouched = weights["ResNet50"]
candidates = {
    "ResNet50, predict()": runtimes.Candidate(resnet50, "keras-predict", weights=untouched),
    "ResNet50, compiled call": runtimes.Candidate(resnet50, "keras-compiled", weights=untouched),
}
for name, file in files.items():
    candidates[name] = runtimes.Candidate(file, weights=weights[name.split()[0]])
rounds = compare.Limits(min_rounds=ROUNDS, max_rounds=ROUNDS, pairs=4, seconds=120)
result = benchmark.compare(candidates, accuracy=False, memory=True, limits=rounds)
reveal("headline", 1 / result.ratio("MobileNetV2 int8").value)

# %% [markdown]
# Course material often shows one table like the next one: its first row, the reference (*référence*), is ResNet50
# timed with `predict()`. The compiled call is left out for now.

# %% tags=["result"]
names = [name for name in result.names if "compiled" not in name]
course = rebase.seen_from("ResNet50, predict()", result, names)
report.table(
    course,
    columns=(
        "latency_ms",
        "time_gain",
        "size_file_bytes",
        "size_reduction",
        "memory_bytes",
        "weights",
    ),
)

# %% [markdown]
# ### Exercise 1: one line
#
# Both gains in the table, of time and of size, are the same sum: how many times less?


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
# Two cells of the table by hand. The time gain may differ in the last digit: the table compares round by round, and
# takes the fast tenth of the runs, not the median.

# %%
my_gain = working("24.1 gain", gain, workshop.gain)
first, last = course.reference, course["MobileNetV2 int8"]
for key, column in (("latency_ms", "time_gain"), ("size_file_bytes", "size_reduction")):
    by_hand = my_gain(first[key], last[key])
    in_table = report.table(course, columns=(column,)).column(report.QUANTITIES_HEADER)[4]
    print(f"{column:15} by hand {by_hand:6.2f}, table {in_table:6.2f}")
