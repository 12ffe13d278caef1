# %% [markdown]
# # 10 · How long does one image take?
#
# After this lesson you can
# - time one inference (*inférence*: one run of a trained network) so that somebody else gets your number;
# - say which percentiles your runs can carry, and whether two files really differ;
# - read four sizes, peak memory, throughput and an energy estimate for what they are;
# - count the work of a network by hand, and say what limits it on this machine.
#
# Needs: Python, and having seen a Keras model once. Time: see the table in README, measured.
# Feeds the worksheet: part 3 *Performance measurements* (loading time, one image, a batch, sizes, memory, CPU use).
#
# What a network has learnt makes it neither larger nor slower. So the networks of this lesson are
# untrained, and the tables say so.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import time

import numpy as np

from edgelab import benchmark, convert, data, keras, models, report, runtimes
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.measuring import stopwatch

begin("10", PROFILE)
# In profile ci one small network must do, so that the whole lesson takes seconds.
SIZE, WIDTH = (96, 0.35) if PROFILE == "ci" else (224, 1.0)

# %% [markdown]
# ## A loop around `model.predict()`
#
# Here is a small network that reads digits. Most tutorials time it like this: a loop, and a division.

# %%
model = models.digits_cnn()
image = data.digits().test.x[:1]  # one image, in a batch of one


def loop_ms(call, runs):
    """Return the mean milliseconds of one call."""
    call()  # the first call builds a graph: not timed
    begin_s = time.perf_counter()
    for _ in range(runs):
        call()
    return (time.perf_counter() - begin_s) / runs * 1e3


predict_ms = loop_ms(lambda: model.predict(image, verbose=0), 20)
print(f"model.predict: {predict_ms:.1f} ms for one image")

# %% [markdown]
# Now save the same network, with the same weights, as a file for LiteRT, a runtime (*moteur d'exécution*)
# for small machines. Nothing is optimised, no number gets smaller. How much faster could it be?

# %%
predict("speedup", "As a LiteRT file: how many times faster is one image?", unit="×", canned=2)

# %%
digits_lite = convert.to_tflite(model, "digits.tflite")  # stops here if the answers differed
with runtimes.load(digits_lite) as runner:
    inference = runner.prepare(image)  # inference() runs one image, no more
    file_ms = loop_ms(inference, 1000)

reveal("speedup", predict_ms / file_ms)

# %% [markdown]
# The answers are the same, so the network is the same. What takes the time, then? Ask a network that does
# nothing at all, in turn with the real one.

# %%
k = keras.keras()
nothing = k.Sequential([k.layers.Input((28, 28, 1)), k.layers.Flatten()])
times = {"the digits network": [], "nothing": []}
for _ in range(12):  # in turn, so that both meet the same moments of the machine
    for network, each in zip((model, nothing), times.values(), strict=True):
        each.append(loop_ms(lambda network=network: network.predict(image, verbose=0), 1))
for name, each in times.items():
    print(f"predict() of {name}: {np.median(each):.1f} ms, from {min(each):.1f} to {max(each):.1f}")

# %%
called_ms, nothing_ms = (float(np.median(each)) for each in times.values())
overhead_ms = min(nothing_ms, called_ms)
parts = {"the rest": called_ms - overhead_ms, "call overhead": overhead_ms}
report.cost_split(
    {"model.predict()": parts, "LiteRT file": {"the network": file_ms}},
    title="Where the time of one call goes: the digits network",
)

# %% [markdown]
# **What you can conclude:** how much of the loop's time `predict()` takes for doing nothing. It is made for
# thousands of images and sets up a data pipeline at every call. Such time is called *call overhead* (*surcoût
# d'appel*). If it fills the bar, the loop has measured `predict()` and hardly the network. The rest holds the network; a
# rest that is smaller than the scatter printed above can't be told from 0.
#
# **What you can't:** that LiteRT computes so many times faster. For a network this small the call is
# nearly everything. And `predict()` may use all cores here, the file only one. The last section splits the call off for
# real networks, with one thread each.

# %% [markdown]
# ## One run is not like another
#
# A mean over a loop also hides how the runs differ. So take the time of each run. From here on the subject
# is MobileNetV2, a network for phones, together with ResNet50, a large classic (only in profiles `class` and
# `full`). The first conversion takes a while; the result is kept.

# %%
networks = {"MobileNetV2": models.mobilenet_v2(weights=None, alpha=WIDTH, size=SIZE)}
if PROFILE != "ci":
    networks["ResNet50"] = models.resnet50(weights=None)
photo = models.preprocess("mobilenet_v2", data.crops(n=1, size=SIZE).x)
lite = {name: convert.to_tflite(network, f"{name}.tflite") for name, network in networks.items()}


# %%
def each_run_ms(inference, runs):
    """Return the milliseconds of every single run."""
    times = []
    for _ in range(runs):
        begin_s = time.perf_counter()
        inference()
        times.append((time.perf_counter() - begin_s) * 1e3)
    return times


with runtimes.load(lite["MobileNetV2"]) as runner:
    inference = runner.prepare(photo)
    first, later = each_run_ms(inference, 10), each_run_ms(inference, 150)
report.timeline(later, warmup=first, title="Every run of MobileNetV2, in order")

# %% [markdown]
# **Look for three things:** slow first runs (memory is fetched for the first time, caches are empty: the *warm-up*,
# *échauffement*); single runs that stick out, because another program took the core; whole stretches on another level,
# because the clock rate or the load of the machine changed. Not every machine shows all three. A mean follows the runs
# that stick out; the *median* (*médiane*), the run in the middle, does not.
#
# **What you can't conclude:** that the first run is unimportant. It is what the first user waits for; it is
# only another question.

# %% [markdown]
# ### Exercise 1: a stopwatch
#
# Write the loop once and for all: warm up, time each run on its own, give back the median in milliseconds.
# `clock()` returns seconds; use it instead of `time.perf_counter()`, so that the check can hand in its own.

# %%
from statistics import median


def median_ms(inference, warmup=10, runs=50, clock=time.perf_counter):
    """Return the median milliseconds of one run, after a warm-up that is not timed."""
    ### BEGIN SOLUTION
    for _ in range(warmup):
        inference()
    times = []
    for _ in range(runs):
        start = clock()
        inference()
        times.append((clock() - start) * 1e3)
    return median(times)
    ### END SOLUTION


# %%
check("10.1 median", median_ms)

# %%
hint("10.1 median", 1)
hint("10.1 median", 2)

# %% [markdown]
# The library's `benchmark.measure` does the same, keeps every run, and adds an interval. Do both agree? (`working(…)`
# returns your function when its check passes, else the library's, so the lesson goes on either way.)

# %%
my_median_ms = working("10.1 median", median_ms, stopwatch.median_ms)
with runtimes.load(lite["MobileNetV2"]) as runner:
    by_hand = my_median_ms(runner.prepare(photo), runs=100)
measured = {
    name: benchmark.measure(runtimes.Candidate(path, weights="none"), name=name)
    for name, path in lite.items()
}
print(f"by hand {by_hand:.2f} ms, library {measured['MobileNetV2']['latency_ms']:.2f} ms")

# %%
report.latency_histogram(measured["MobileNetV2"])

# %% [markdown]
# **What you can conclude:** the run in the middle, and how sure that is: the interval of the median. If it
# is narrow and the two numbers above still differ, the machine was not equally busy both times, or it was another
# load of the file.
#
# A 95 % interval (*intervalle de confiance*) is a range computed from the runs. If you repeated the whole measurement
# many times, about 19 of 20 such ranges would hold the true value. Wide means: not sure yet.
#
# **What you can't:** read a percentile (*centile*) that the chart withholds. The p99 is the time that one
# run in a hundred exceeds. How many runs show that?

# %% [markdown]
# ## What can twenty runs know about one in a hundred?
#
# Draw twenty runs out of many, again and again, and look at the "p99" that each draw would report.

# %%
from edgelab.reporting import tables

with runtimes.load(digits_lite) as runner:
    many_us = 1e3 * np.array(each_run_ms(runner.prepare(image), 6000))[1000:]
draw = np.random.default_rng(0)
rows = []
for runs in (20, 100, 700, 2000):
    p99 = [np.percentile(draw.choice(many_us, runs), 99) for _ in range(300)]
    rows.append((runs, *np.quantile(p99, [0.05, 0.5, 0.95])))
tables.of_rows(
    ("Runs in a draw", "Low p99 (µs)", "Middle p99 (µs)", "High p99 (µs)"),
    rows,
    caption="300 draws each; low and high leave out one draw in twenty at each end.",
)

# %% [markdown]
# With few runs the "p99" is little more than the slowest run: a matter of luck. A rule that benchmarks
# use (MLPerf) asks for enough runs that at least two of them should lie above the percentile.
#
# ### Exercise 2: when may a percentile be shown?
#
# Each run is faster than the percentile with the chance `percentile / 100`. Give back the chance that *at
# most one* of the runs is slower. That is: none is slower, or exactly one is (any of the runs).


# %%
def chance_of_too_few(percentile, runs):
    """Return the chance that at most one of the runs is slower than the percentile."""
    faster = percentile / 100
    ### BEGIN SOLUTION
    none = faster**runs
    exactly_one = runs * (1 - faster) * faster ** (runs - 1)
    return none + exactly_one
    ### END SOLUTION


check("10.2 percentile", chance_of_too_few)

# %%
hint("10.2 percentile", 1)
hint("10.2 percentile", 2)

# %% [markdown]
# The smallest number of runs for which this chance falls to one in a hundred, yours beside the library's:

# %%
from edgelab import records

chance = working("10.2 percentile", chance_of_too_few, stopwatch.chance_of_too_few)
needed = {p: next(n for n in range(2, 2000) if chance(p, n) <= 0.01) for p in (50, 90, 95, 99)}
print("by hand:", needed)
print("library:", {90: records.RUNS_FOR_P90, 99: records.RUNS_FOR_P99})

# %% [markdown]
# ## The same file against itself
#
# Percentiles describe one file. Most questions are about two: is B faster than A? Before you trust a method
# for that, give it two that are equal (an *A/A test*): the same file, loaded twice, 300 runs each, and
# the usual 95 % interval of the ratio. Twelve times. (The file is an ONNX file this time. ONNX is another file format for
# networks, ONNX Runtime the program that runs it.)

# %%
predict(
    "aa",
    "In how many of 12 comparisons is a file called different from itself?",
    unit="of 12",
    canned=1,
)

# %%
digits_onnx = convert.to_onnx(model, "digits.onnx")


def one_after_the_other(path):
    """Load and time a file, load and time it again, and compare."""
    times = []
    for _ in ("A", "B"):
        with runtimes.load(path) as runner:
            inference = runner.prepare(image)
            each_run_ms(inference, 20)  # warm-up
            times.append(each_run_ms(inference, 300))
    return stopwatch.ratio_of_medians(*times)  # with its 95 % interval


naive = [one_after_the_other(digits_onnx) for _ in range(12)]
reveal("aa", sum(trial.verdict != "cannot tell" for trial in naive))

# %%
report.aa_trials(naive, title="One load each, one after the other")

# %% [markdown]
# Orange: called different, because the interval leaves out 0 *and* the dot lies outside the grey band. A difference under half
# a percent is not worth a verdict. (`benchmark.compare` asks for a stricter level than 95 %, because it compares several files.)
#
# **What you can conclude:** how often this method gives a false alarm (*fausse alerte*) on your machine. Its
# promise of 95 % would be one in twenty. The interval knows how the runs of *one loaded instance* scatter. It does not know that
# every load lands elsewhere in memory and keeps its own speed as long as it lives: *loading is a random
# effect*. And what comes second meets another moment of the machine.
#
# **What you can't:** repair it with more runs. They make the interval narrower around the wrong value.
#
# ## Fair: fresh loads, equal warm-up, in turn

# %%
report.interleaving()

# %% [markdown]
# Each round loads both afresh, warms both up equally, and takes turns in random order; what is loaded first
# in one round is loaded second in the next. A round gives one ratio; the interval is over the rounds. `benchmark.compare` does this with your files, and
# `stopwatch.trial` in small, with one file against itself. What you can't see in the picture: how many rounds it
# takes. Twelve trials again:

# %%
fair = [stopwatch.trial(digits_onnx, **stopwatch.FAIR, seed=seed) for seed in range(12)]
report.aa_trials(fair, title="Fresh loads, in turn")

# %% [markdown]
# **What you can conclude:** whether a fair method gives fewer false alarms on the same machine, with the same file.
# Its intervals are wider for two reasons: they know about loading, and each side has fewer timed runs (60, not 300).
#
# **What you can't:** see a smaller difference than they show. That is the *noise floor* (*plancher de bruit*).
# The library measures it with more runs:

# %%
benchmark.noise_floor(digits_onnx)

# %% [markdown]
# The verdict knows three words: *faster*, *slower* and *cannot tell*. The third is an honest result, not a
# failure. On a busy machine the interval grows. Another word here is one of the false alarms that remain: a fair
# method keeps them rare, none can exclude them. Do not run the cell until you like it: run it five times, and write down
# all five words.
#
# ### Exercise 3: break it, and say why
#
# `stopwatch.trial` takes any plan. This is the fair one that you have just seen. `loads`: how often each side is loaded afresh.
# `warm_up`: untimed runs of A, then of B. `order`: of the timed runs, `"in turn"` or `"one after the other"`.

# %%
stopwatch.FAIR

# %% [markdown]
# Change *exactly one* entry of the dictionary so that the same file looks different from itself, and name the rule that you
# broke: `"loading"` (one load is luck), `"warm-up"` (it must be equal), or `"turns"` (time must not favour one). End with
# `return plan, "…"`, with the rule's word. The next picture shows what your plan does.


# %%
def broken(plan):
    """Return the plan with one entry spoiled, and the rule that it breaks."""
    ### BEGIN SOLUTION
    plan["warm_up"] = (0, 20)
    return plan, "warm-up"
    ### END SOLUTION


check("10.3 break it", broken)

# %%
hint("10.3 break it", 1)
hint("10.3 break it", 2)

# %%
plan, rule = working("10.3 break it", broken, stopwatch.broken)(dict(stopwatch.FAIR))
spoiled = [stopwatch.trial(digits_onnx, **plan, seed=seed) for seed in range(12)]
report.aa_trials(spoiled, title=f"Spoiled on purpose: {rule}")

# %% [markdown]
# **What you can conclude:** whether the dots have moved to one side of zero. That is a *bias* (*biais*): every
# trial is wrong in the same direction, and more trials do not help. Unequal warm-up and a fixed order give a
# bias; a single load gives errors in both directions.
#
# **What you can't:** that the plan is fair if no trial is called different here. On a noisy machine the
# intervals are wide and hide the error. Spoil another entry and look again.
#
# ## Four sizes
#
# How large is a network? A parameter (*paramètre*) in float32 takes four bytes, so the network has a
# *nominal* size. The file, the compressed file and the memory have others.

# %%
report.bars(
    list(measured.values()),
    by=("size_nominal_bytes", "size_file_bytes", "size_gzip_bytes", "size_memory_bytes"),
)

# %% [markdown]
# **What you can conclude:** nominal is what the method promises, *file* is what the disk holds, *gzip* is what a
# download costs, *in memory* is what the runtime keeps after loading. A ratio of two sizes means something only
# within one kind and between equal formats. Float weights hardly compress: they look like noise.
#
# **What you can't:** what running it needs. Activations (*activations*, the numbers between layers), copies
# of weights and the runtime itself come on top.
#
# ## Peak memory
#
# How much memory does MobileNetV2 need at most, while it is loaded and run?

# %%
predict("memory", "Peak memory of MobileNetV2: how many times its file?", unit="×", canned=1)

# %% [markdown]
# The obvious way: ask this process for its memory before and after loading. Do it twice.

# %%
import psutil

process, kept = psutil.Process(), []
for attempt in ("first load", "second load"):
    before = process.memory_info().rss
    kept.append(runtimes.load(lite["MobileNetV2"]))
    kept[-1].prepare(photo)()
    print(f"{attempt}: {(process.memory_info().rss - before) / 1e6:.1f} MB more")
for runner in kept:
    runner.close()

# %% [markdown]
# The same file, the same work, perhaps quite another answer: a notebook's process holds freed memory that
# the next load can take without asking. So `benchmark.footprint` starts a *fresh process*, loads
# and runs the file there, and reads the peak (*pic de mémoire*) that the system noted. Python and the runtime are subtracted.

# %%
again = [benchmark.footprint(lite["MobileNetV2"]) for _ in range(2)]
for attempt in again:
    print(f"fresh process: {attempt.peak_bytes / 1e6:.1f} MB at the peak")
reveal("memory", again[0].peak_bytes / measured["MobileNetV2"]["size_file_bytes"])

# %% [markdown]
# A runtime often packs the weights a second time, in the order in which its routines (*routines de calcul*) read
# them: the peak then holds the file, the packed copy and the activations.
#
# ## How many cores does it keep busy?
#
# *CPU use* (*utilisation du processeur*) is the time that the processor has worked for a program, over the time on the
# clock. With 1, one core (*cœur*) was busy all the time.

# %%
from edgelab.measuring import machine

rows = []
for threads in sorted({1, machine.cores()}):
    use = benchmark.cpu_use(lite["MobileNetV2"], threads=threads)
    rows.append((threads, use.cores, 100 * use.share, 1e3 * use.wall_s / use.runs))
tables.of_rows(
    ("Threads", "Cores kept busy", "Share of this machine (%)", "One image (ms)"),
    rows,
    caption="One image after the other, without a pause.",
)

# %% [markdown]
# **What you can conclude:** what is left for other programs meanwhile, and whether more threads (*fils d'exécution*) keep
# more cores busy. If the time falls less than the busy cores grow, the threads wait for each other.
#
# **What you can't:** that a busy core did useful work: a thread that waits often asks again and again, and that counts. Nor
# what an app needs that reads one image now and then: its CPU use is the time of one image over the time between two.
#
# ## Throughput: many images at once
#
# A server cares less for one image's *latency* (*latence*) than for images a second: *throughput* (*débit*).
# It can put several images into one *batch* (*lot*). One thread, as before:

# %%
predict("batch", "Batch 16: how many times more images a second?", unit="×", canned=4)

# %%
batches = benchmark.throughput(lite["MobileNetV2"], batches=(1, 4, 16))
reveal("batch", batches[16] / batches[1])
report.throughput_curve({"MobileNetV2": batches})

# %% [markdown]
# **What you can conclude:** whether a batch pays here. (Each point is one load: differences below the scatter of loads that
# you saw mean nothing.) With one thread the work per image stays the same; a batch
# saves calls, and its larger activations may fall out of the cache (*mémoire cache*). So the line may be flat or even
# fall.
#
# **What you can't:** that batches are useless. A GPU, several threads, or a call as expensive as `predict()` gain
# a lot. And every image then waits for the whole batch.
#
# ## Energy: measured or estimated?
#
# Few machines let a program read their energy (Intel and AMD processors have a counter, RAPL; virtual
# machines hide it). What you get otherwise is an estimate: time × an assumed power.

# %%
from edgelab.measuring import energy

m = measured["MobileNetV2"]
watts = energy.ASSUMED_WATTS
print(f"library: {m['energy_mj']:.2f} mJ for one image, {m.energy_source}")
print(f"by hand: {m['latency_ms'] * watts:.2f} mJ, {m['latency_ms']:.2f} ms at {watts:.0f} W")

# %% [markdown]
# If both lines agree, the number is the latency in another unit. It cannot tell which of two equally fast
# networks needs less energy, and a worksheet must say *estimated* beside it.
#
# ## Counting the work
#
# A convolution (*convolution*) has a small block of weights, its *kernel* (*noyau*), and puts it on every position of its
# output. There each weight makes one multiplication and one addition: a *multiply-accumulate* (MAC,
# *multiplication-accumulation*).

# %%
first_layer = networks["MobileNetV2"].layers[1]
kernel_shape, output_shape = first_layer.kernel.shape, first_layer.output_shape[1:]
print("kernel  (height, width, channels in, filters):", tuple(kernel_shape))
print("output  (height, width, filters):             ", output_shape)

# %% [markdown]
# ### Exercise 4: how many MACs?
#
# How many MACs does such a layer need for one image? Your function gets the two shapes. Both name the number
# of filters: count it once. MobileNetV2 also has *depthwise* layers, whose kernels say 1 there; all numbers of
# the kernel count, as they are.


# %%
def macs_of(kernel, output):
    """Return the multiply-accumulates of one convolution, from its two shapes."""
    ### BEGIN SOLUTION
    height, width, channels, filters = kernel
    return height * width * channels * filters * output[0] * output[1]
    ### END SOLUTION


check("10.4 macs", macs_of)

# %%
hint("10.4 macs", 1)
hint("10.4 macs", 2)

# %% [markdown]
# Now the whole network with your function, beside the library's count. What is missing is the last layer: a
# dense layer (*couche dense*), which uses each of its weights once. Parameters are easier: all numbers in all weights.

# %%
from edgelab.files import counted

count_macs = working("10.4 macs", macs_of, counted.macs)
by_hand = 0
for layer in networks["MobileNetV2"].layers:
    for weight in layer.weights:
        if "kernel" in weight.name and len(weight.shape) == 4:
            by_hand += count_macs(tuple(weight.shape), layer.output_shape[1:])
library = benchmark.counts(networks["MobileNetV2"])
print(f"convolutions by hand {by_hand:,}, library {library.macs:,}")
print(f"the dense layer {library.macs - by_hand:,}")
parameters = sum(np.prod(tuple(weight.shape)) for weight in networks["MobileNetV2"].weights)
print(f"parameters by hand {parameters:,}, library {library.parameters:,}")

# %% [markdown]
# ## Waiting for memory, or for arithmetic?
#
# A processor computes and it fetches numbers. Which of the two limits a network? Divide its operations (two for
# each MAC) by the bytes that must move at least (each weight once, each layer's output written and read): the
# *arithmetic intensity* (*intensité arithmétique*).

# %%
from edgelab.measuring import roofline

costs = {name: benchmark.counts(path) for name, path in lite.items()}
c = costs["MobileNetV2"]
outputs = sum(np.prod(layer.output_shape) for layer in c.layers)
intensity = 2 * c.macs / (4 * (c.parameters + 2 * outputs))  # four bytes a number
points = [roofline.point(name, costs[name], measured[name]["latency_ms"]) for name in lite]
print(f"by hand {intensity:.2f} operations for each byte, library {points[0].intensity:.2f}")

# %% [markdown]
# The machine has two limits as well: how much it can compute, and how much memory it can read in a second
# (*bande passante*). Both are measured now, with one thread. Together they form a *roofline* (*modèle du toit*), drawn in
# GFLOP/s: billions of operations a second. The slope is the memory's limit, the flat part the arithmetic's; the corner where
# they meet is the *ridge* (*arête*).

# %%
report.roofline(benchmark.roofline(), points)

# %% [markdown]
# **What you can conclude:** left of the ridge memory sets the limit, right of it arithmetic. Only a point near its roof
# really waits for that. One far below loses its time elsewhere: calls, small layers, routines that do not fill the core.
# The dotted line shows the distance to what is possible. Fewer bits help on both sides for different reasons: fewer bytes on
# the left, wider instructions on the right, if the processor has them.
#
# **What you can't:** that the roof is exact. It is one matrix product and one long sum. A point *above* the slope is no
# mistake: its weights fit into the cache, which is faster than the memory that was measured.
#
# ## Two networks, four ways to call them
#
# Back to the first question, on real networks: `predict()`, a *compiled call* (the same Keras model as one
# graph, `tf.function`), LiteRT and ONNX Runtime; one thread each, all in turn.

# %%
predict(
    "share",
    "MobileNetV2: what share of predict()'s time is the network?",
    unit="%",
    canned=90,
)


# %%
def four_ways(name):
    """Return the same network as four candidates."""
    file = keras.save(networks[name], f"{name}.keras")
    onnx = convert.to_onnx(networks[name], f"{name}.onnx")
    return {
        "predict()": runtimes.Candidate(file, "keras-predict", weights="none"),
        "compiled call": runtimes.Candidate(file, "keras-compiled", weights="none"),
        "LiteRT": runtimes.Candidate(lite[name], weights="none"),
        "ONNX Runtime": runtimes.Candidate(onnx, weights="none"),
    }


# %% [markdown]
# Loading a Keras model takes seconds, so few rounds must do here, and the intervals will be wide.

# %%
from edgelab.measuring import compare

rounds = 2 if PROFILE == "ci" else 3
few = compare.Limits(min_rounds=rounds, max_rounds=rounds, pairs=3, seconds=10)
compared = {name: benchmark.compare(four_ways(name), limits=few, sizes=False) for name in networks}
result = compared["MobileNetV2"]

# %% tags=["result"]
report.table(result, columns=("load_ms", "first_ms", "latency_ms", "time_gain"))

# %% [markdown]
# *Loading* and the *first inference* are what a user waits for once; the worksheet asks for the loading time. The gain is not the quotient
# of the two medians: in every round the undisturbed runs are compared, then the rounds are averaged. With three rounds on
# a busy machine the two may differ clearly.
#
# How much of the call is the network? As an approximation, take the compiled call for the network (it has a smaller call
# overhead of its own).

# %%
compiled, called = (result[way]["latency_ms"] for way in ("compiled call", "predict()"))
reveal("share", 100 * compiled / called)

# %%
parts = {}
for name, ways in compared.items():
    ms = {way: ways[way]["latency_ms"] for way in ways.names}
    overhead_ms = max(0, ms["predict()"] - ms["compiled call"])
    for way in ways.names:
        extra_ms = overhead_ms if way == "predict()" else 0
        parts[f"{name}, {way}"] = {"the network": ms[way] - extra_ms, "call overhead": extra_ms}
report.cost_split(parts)

# %% [markdown]
# **What you can conclude:** roughly what share of `predict()` is overhead. If the table says *cannot tell* for the compiled
# call, too few rounds were measured: believe the order of the bars, not the percentage. The overhead does not grow with the work of the network, so
# it weighs much on a small one and less on one that computes longer. The rest of the difference is the runtime: other routines for the same work.
#
# **What you can't:** call any of this *compression*. No weight was touched.
#
# ### Exercise 5: choose a baseline, and defend it
#
# In lesson 24 MobileNetV2 gets 8-bit weights and runs as a LiteRT file. Which row of the table is the right reference
# (*référence*) to say what the 8 bits gained? And why?
#
# - a: most people time it this way
# - b: it differs from the optimised file in one thing only
# - c: it is the slowest, so it shows best what is possible
# - d: it is the fastest, so nobody can complain


# %%
def reference_row():
    """Return the name of the row, and the letter of the reason."""
    ### BEGIN SOLUTION
    return "LiteRT", "b"
    ### END SOLUTION


check("10.5 baseline", reference_row)

# %%
hint("10.5 baseline", 1)
hint("10.5 baseline", 2)

# %% [markdown]
# ## Questions

# %%
question("10.q1")

# %%
question("10.q2")

# %%
question("10.q3")

# %%
question("10.q4")

# %% [markdown]
# ## Where to go next
#
# You can now time one image, and know when not to believe a number. Next is lesson 20: what survives when a number
# gets eight bits, in size, in time and in accuracy. Lesson 24 brings ResNet50 and MobileNetV2 back, optimised.

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("10")
worksheet_progress("10")
