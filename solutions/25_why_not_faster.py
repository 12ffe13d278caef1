# %% [markdown]
# # 25 · Why is it not faster?
#
# After this lesson you can
# - say how many times faster a smaller file should be on paper, and measure how much of that arrives;
# - find the reason by taking one suspect away at a time, by hand and with `benchmark.explain`;
# - compute what the whole wins when a part becomes faster, before you pay for the faster part;
# - choose the lever for this CPU and defend it with your own measurement; name those of a GPU and an NPU.
#
# Needs: lesson 10's idea of a fair comparison and lesson 20's int8 files. Time: see the table in README, measured.
# Feeds the worksheet: part 2 *Likely bottlenecks*, part 4 *Further optimisations*.
#
# The networks here are slowed down on purpose, one cause at a time. Several have random weights: this lesson is about
# time, and time does not depend on what was learned.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import numpy as np

from edgelab import benchmark, convert, data, keras, models, quantize, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.measuring import stopwatch
from edgelab.reporting import tables
from edgelab.runtimes import Candidate

begin("25", PROFILE)

# %% [markdown]
# ## Most of the weights are gone. Most of the time?
#
# Pruning (*élagage*) sets small weights to 0. Here is the course's ResNet8, and the same network in which only one weight
# of ten is left. (Its answers suffer; lesson 21 saves them. Look at the time only.)


# %%
def without_small(kernel, share=0.9):
    """Return a kernel in which this share of the weights, the smallest, is 0."""
    limit = np.quantile(np.abs(kernel), share)
    return np.where(np.abs(kernel) > limit, kernel, 0) if kernel.ndim > 1 else kernel


network = models.load("resnet8")
thin = keras.clone(network)
thin.set_weights([without_small(w) for w in network.get_weights()])
float32 = convert.to_tflite(network, "float32.tflite")
pruned = convert.to_tflite(thin, "pruned.tflite")

# %%
predict(
    "pruned_speed",
    "Nine of ten products are with a 0. How many times faster is one image?",
    unit="×",
    canned=5,
)

# %%
result = benchmark.compare({"float32": float32, "pruned": pruned}, accuracy=False)
reveal("pruned_speed", 1 / result.ratio("pruned").value)
report.bars(result, by=("size_gzip_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** whether the file with the zeros is a smaller download, and whether it answers sooner. The usual
# answer: much smaller, and about as slow. Is it yours?
#
# **What you can't:** that pruning is useless, or that every runtime behaves like this one. And above all not *why*. Trackers
# of all tools are full of this question, and of guesses. In this lesson nobody guesses.

# %%
report.claim("zeros-speed", result)

# %% [markdown]
# **What you can conclude:** whether what one might expect of that many zeros holds for this file, in this runtime.
#
# **What you can't:** anything about networks from which whole filters were removed.
#
# ## What should have happened
#
# First write down what was promised. A small example: a kernel (*noyau*) of nine weights with 32 bits each.

# %%
small_kernel = np.array([[0.4, 0, 0], [0, 0, -0.9], [0, 0.2, 0]], np.float32)
needed = np.count_nonzero(small_kernel)
print(small_kernel)
print(f"products: {small_kernel.size}, needed: {needed}, on paper {small_kernel.size / needed:g} ×")

# %% [markdown]
# The library reads the same facts from a file. `macs` are its products (lesson 10), `bits` those of an average stored
# weight, and `idle` is the share of the products that have a 0 in them.

# %%
from edgelab.explaining import anatomy

parts = {file.stem: anatomy.of(file) for file in (float32, pruned)}
tables.of_rows(
    ("File", "Products", "Bits of a weight", "Idle (%)"),
    [(name, p.macs, p.bits, 100 * p.idle) for name, p in parts.items()],
)

# %% [markdown]
# ### Exercise 1: the gain on paper
#
# The work of a file is its products that are needed, times the bits of a weight. How many times less work is there after
# than before? Both arguments have `.macs`, `.bits` and `.idle`.


# %%
def paper_gain(before, after):
    """Return how many times faster the second file should be, on paper."""
    ### BEGIN SOLUTION
    work = [x.macs * (1 - x.idle) * x.bits for x in (before, after)]
    return work[0] / work[1]
    ### END SOLUTION


check("25.1 paper gain", paper_gain)

# %%
hint("25.1 paper gain", 1)
hint("25.1 paper gain", 2)

# %%
from edgelab.explaining import diagnosis

by_hand = working("25.1 paper gain", paper_gain, diagnosis.paper_gain)
both = parts["float32"], parts["pruned"]
print(f"by hand {by_hand(*both):.2f} ×, library {diagnosis.paper_gain(*both):.2f} ×")
print(f"measured {1 / result.ratio('pruned').value:.2f} ×")

# %% [markdown]
# ## Take the suspect away
#
# Suspect: the runtime multiplies the zeros like any other number. How could you prove it? Not by thinking. Make the same
# file *without zeros*, put a tiny number in their place, and time both. If the zeros save anything, the filled file
# must be slower. Call a tenth of the time worth naming.

# %%
predict("filled", "How many times longer does the file without zeros take?", unit="×", canned=1.5)

# %%
from edgelab.explaining import filled

no_zeros = filled.fill(pruned, "filled.tflite")
experiment = benchmark.compare({"pruned": pruned, "filled": no_zeros}, accuracy=False)
r = experiment.ratio("filled")
reveal("filled", r.value)
print(r)
if r.high < 1.1:
    print("Settled: no zero worth naming is skipped.")
elif r.low > 1.1:
    print("The zeros do save time here.")
else:
    print("The interval is too wide to tell.")

# %% [markdown]
# **What you can conclude:** if the whole interval lies below 1.1, no zero worth naming is skipped: the kernels of this runtime
# read a weight, multiply, add, whatever the weight is. To ask "is it 0?" before each product would cost more than the product.
# If the interval lies above, this runtime does use them. If it reaches over 1.1, nothing is shown yet: *cannot tell* is no proof.
#
# **What you can't:** that nobody can use zeros. Whole filters can be cut out, some GPUs skip two of four, and gzip likes them.
#
# `benchmark.explain` does this for a dozen suspects: it times the pair in turn with variants that lack one suspect each,
# and adds up where the time went. What the reference pays as well it subtracts: that is no reason for a difference. It names
# a cause only if that explains more than what stays unexplained.

# %%
why = benchmark.explain(float32, pruned)
why

# %%
report.lost_time(why)

# %% [markdown]
# **How to read it:** blue is the time that the file would take if the promise were kept; vermillion is what the main cause
# costs; grey is what nobody accounts for. **What you can conclude:** the name of the cause if one is named, with its evidence
# above; *no cause found* is an answer too.
#
# **What you can't:** take the blue part for reachable. A gain on paper is a rule of thumb, never a law.
#
# ## Does the network take the time?
#
# Next suspect: the call. Here are two towers of ten dense layers, the second with hardly any work to do.


# %%
def tower(width):
    """Return ten dense layers with random weights, for 64 numbers at a time."""
    k = keras.keras()
    k.utils.set_random_seed(width)
    values = x = k.Input((64,))
    for _ in range(10):
        x = k.layers.Dense(width, activation="relu")(x)
    return k.Model(values, k.layers.Dense(10)(x), name=f"tower{width}")


little = convert.to_tflite(tower(256), "little.tflite")
tiny = convert.to_tflite(tower(8), "tiny.tflite")
work = [anatomy.of(file).macs for file in (little, tiny)]
print(f"products: {work[0]:,} and {work[1]:,}, {work[0] / work[1]:.0f} times fewer")

# %%
predict("tiny_speed", "How many times faster is the tiny one?", unit="×", canned=50)

# %%
from edgelab import runtimes


def time_of_batches(file, sizes=(1, 2, 4)):
    """Return the milliseconds of a call with one input, with two, with four."""
    found = {}
    for size in sizes:
        with runtimes.load(file) as runner:
            numbers = np.zeros((size, 64), np.float32)
            found[size] = stopwatch.median_ms(runner.prepare(numbers), warmup=50, runs=400)
    return found


by_batch = {"tiny": time_of_batches(tiny), "ResNet8": why.evidence.before.by_batch}
little_ms = time_of_batches(little, sizes=(1,))[1]
reveal("tiny_speed", little_ms / by_batch["tiny"][1])

# %% [markdown]
# How does the time of a call grow with what it is given? The tiny tower, with one, two and four inputs in one call, beside
# ResNet8, for which `explain` has measured the same above:

# %%
report.call_cost(by_batch)

# %% [markdown]
# **What you can conclude:** where each line begins. If it begins well above zero, a call would cost something with no input at
# all: it hands over tensors and starts every operator. That is the *overhead* (*surcoût*). Where the vermillion bar is nearly as
# high as the first point, the network is not what takes the time.
#
# **What you can't:** that a batch is always cheaper. If one more input costs as much as the first, a batch wins nothing.
#
# ### Exercise 2: paid once
#
# Find the line: `by_batch` maps the number of images to the time of the whole call. Return what is paid once a call, and what
# each image costs.


# %%
def fixed_and_each(by_batch):
    """Return what a call costs once, and what each image costs."""
    ### BEGIN SOLUTION
    each, fixed = np.polyfit(list(by_batch), list(by_batch.values()), 1)
    return fixed, each
    ### END SOLUTION


check("25.2 fixed cost", fixed_and_each)

# %%
hint("25.2 fixed cost", 1)
hint("25.2 fixed cost", 2)

# %%
my_line = working("25.2 fixed cost", fixed_and_each, diagnosis.fixed_and_each)
rows = []
for name, times in by_batch.items():
    mine, theirs = my_line(times), diagnosis.fixed_and_each(times)  # the library's is never below 0
    rows.append((name, 1e3 * mine[0], 1e3 * theirs[0], 1e3 * mine[1], 1e3 * theirs[1]))
tables.of_rows(
    ("Network", "Once, by hand (µs)", "Once (µs)", "Each, by hand (µs)", "Each (µs)"), rows
)

# %% [markdown]
# A line that starts a little below zero says: nothing worth naming is paid once. (Larger batches may fall out of a cache,
# which makes the line too steep; the library writes 0.) Does `explain` find the same for the tiny tower?

# %%
benchmark.explain(little, tiny)

# %% [markdown]
# ## What is left to win?
#
# Suppose that somebody makes the *network* faster, and the call stays. What does the whole win? Gene Amdahl wrote the sum down
# in 1967. Say the whole takes 1, and the part that becomes faster takes `share` of it.
#
# ### Exercise 3: the gain of the whole


# %%
def whole_gain(share, factor):
    """Return how many times faster the whole becomes if this share of it becomes `factor` times faster."""
    ### BEGIN SOLUTION
    return 1 / ((1 - share) + share / factor)
    ### END SOLUTION


check("25.3 whole gain", whole_gain)

# %%
hint("25.3 whole gain", 1)
hint("25.3 whole gain", 2)

# %% [markdown]
# Your function on your own two networks. The share is what is *not* paid once a call.

# %%
from edgelab.explaining import levers

my_gain = working("25.3 whole gain", whole_gain, levers.whole_gain)
shares = {}
for name, times in by_batch.items():
    fixed, each = diagnosis.fixed_and_each(times)
    shares[name] = each / (fixed + each)
    print(f"{name}: network four times faster, the whole {my_gain(shares[name], 4):.2f} ×")

# %%
report.partial_gain(shares)

# %% [markdown]
# **What you can conclude:** where each curve ends. Nobody comes above that limit by improving the network, whatever the
# method: int8, pruning, narrower layers.
#
# **What you can't:** that the limit is fixed. It moves when you change the *other* part: several images a call, fewer
# operators, another runtime.
#
# ## Thin layers
#
# If whole filters must go, why not all but one? Two networks of two convolutions, with eight filters a layer and with one.


# %%
def stack(layers, filters=32, size=32):
    """Return 3×3 convolutions with random weights and a small classifier."""
    k = keras.keras()
    k.utils.set_random_seed(layers)
    image = x = k.Input((size, size, 3))
    for _ in range(layers):
        x = k.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(image, k.layers.Dense(10)(x), name=f"stack{layers}x{filters}")


eight = convert.to_tflite(stack(2, filters=8, size=14), "eight.tflite")
single = convert.to_tflite(stack(2, filters=1, size=14), "single.tflite")
predict("filters", "Eight filters become one: how many times faster?", unit="×", canned=8)

# %%
thin_layers = benchmark.explain(eight, single, names=("eight filters", "one filter"))
reveal("filters", thin_layers.diagnosis.gain)
thin_layers

# %% [markdown]
# The suspect: a processor multiplies 4, 8 or 16 numbers in one step, with its vector instructions (*instructions vectorielles*,
# SIMD). If so, one filter uses one multiplier, the others wait, and filters cost time in steps, not one by one. `explain` pads
# the thin layers to eight channels and times that. By hand: a single convolution, with more and more filters.

# %%
predict("step", "From eight filters to nine: how many times longer?", unit="×", canned=1.1)

# %%
filters = (1, 8, 9, 16) if PROFILE == "ci" else (1, 2, 4, 7, 8, 9, 16, 17)
ladder = {f"filters: {n}": convert.to_tflite(stack(1, n), f"filters{n}.tflite") for n in filters}
steps = benchmark.compare(ladder, accuracy=False, sizes=False)
reveal("step", steps.ratio("filters: 9").value / steps.ratio("filters: 8").value)
report.bars(steps, by="latency_ms")

# %% [markdown]
# **What you can conclude:** if the time stays almost flat and then rises by a step, the step is this processor's: its vector
# instructions multiply that many numbers at once, and a pruned layer should keep a multiple of it. If nine take
# longer than sixteen, the remainder costs more than the products that it saves. If the time rises evenly, the suspect above
# is innocent here. Where the intervals overlap, nothing is shown.
#
# **What you can't:** carry the step to another processor, or to the kernels of another runtime.
#
# ## Fewer bits, less time?
#
# Four files of ResNet8, each with fewer bits than the float one. The converter refuses none of them. Which is faster?

# %%
cifar = data.cifar10(sample=True)
narrow = {
    "int8": quantize.full_integer(network, cifar.calibration, "int8.tflite"),
    "int16": quantize.int16_activations(network, cifar.calibration, "int16.tflite"),
    "float16": quantize.float16(network, "float16.tflite"),
    "int4": quantize.weights(float32, "int4.tflite", bits=4),
}

# %%
predict("narrow", "How many of these four are faster than the float file?", unit="files", canned=3)

# %%
compared = benchmark.compare({"float32": float32, **narrow}, accuracy=False)
reveal("narrow", sum(compared.ratio(name).verdict == "faster" for name in narrow))
report.bars(compared, by=("size_file_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** that fewer bits make files smaller, each of them. And for which of them the time follows.
#
# **What you can't:** name the reason from the length of a bar. Ask for the reasons:

# %%
reasons = {
    name: benchmark.explain(float32, file, names=("float32", name)) for name, file in narrow.items()
}
report.lost_time(list(reasons.values()))

# %% [markdown]
# **What you can conclude:** which cause is named for which file. Equal bars may have different causes, so one remedy for all
# would be wrong.
# - *Widened:* the file holds narrow weights, the processor multiplies floats. Such a file is a smaller download.
# - *No fast kernel* (*noyau de calcul*): the runtime has a slow general version of the operator, and takes it without a word.
# - *No instructions for int8:* the kernel is good, the processor does not multiply bytes much faster than floats. The next
#   cell prints which of these instructions yours has.
#
# **What you can't:** carry these verdicts elsewhere. int8 and float16 depend on the processor's instructions, int16 and int4 on
# the kernels that this version of the runtime has.

# %%
from edgelab.measuring import machine

print("For int8 this processor has:", ", ".join(machine.describe()["int8"]) or "nothing special")
report.claim("int8-speed", compared)

# %% [markdown]
# **What you can conclude:** whether the claim holds with these instructions. **What you can't:** what another processor does.

# %%
report.claim("float16-speed", compared)

# %% [markdown]
# **What you can conclude:** whether this claim holds *here*. It comes from hardware that multiplies float16 directly.
#
# **What you can't:** blame the claim. On that hardware it may well be true.
#
# ## A remedy that may make it worse
#
# In ONNX Runtime one line quantizes any network, without a single calibration image: *dynamic* quantization. The activations
# are rounded while the network runs.

# %%
predict("dynamic", "How many times faster is ResNet8 after that line?", unit="×", canned=2)

# %%
onnx = convert.to_onnx(network, "float32.onnx")
dynamic = quantize.onnx_dynamic(onnx, "dynamic.onnx")
slower = benchmark.explain(onnx, dynamic, names=("float32 ONNX", "dynamic ONNX"))
reveal("dynamic", slower.diagnosis.gain)
slower

# %%
report.operator_times(slower)

# %% [markdown]
# **What you can conclude:** which operator the time goes to. ONNX Runtime can write down the time of each operator, so here
# nothing needs to be taken away: it can be read. Where `ConvInteger` leads, the convolutions have no fast kernel for numbers
# that are quantized on the way.
#
# **What you can't:** condemn dynamic quantization. It was made for large matrix products, in language models for instance.
#
# ## Islands
#
# A quantizer leaves out what it has no integer kernel for. Here six small convolutions become int8, and the absolute value
# between them stays float: islands (*îlots*) of integers. At each shore numbers are converted: quantized (`QuantizeLinear`)
# on the way in, back again (`DequantizeLinear`) on the way out.

# %%
from edgelab.quantizing import islands

all_float = convert.to_onnx(islands.network(), "all_float.onnx")
noise = np.random.default_rng(0).random((4, 32, 32, 32), dtype=np.float32)
partly = islands.only(all_float, noise, "islands.onnx", kinds=["Conv"])
crossings = [anatomy.of(file).converters for file in (all_float, partly)]
print(f"converting operators: {crossings[0]} before, {crossings[1]} now")
predict("islands", "Convolutions in int8: how many times faster?", unit="×", canned=2)

# %%
shores = benchmark.explain(all_float, partly, names=("all float", "islands of int8"))
reveal("islands", shores.diagnosis.gain)
shores

# %%
report.operator_times(shores)

# %% [markdown]
# **What you can conclude:** compare the vermillion bars with the blue one of the convolutions. Vermillion is the price of
# the shores. It grows with the activations, not with the products: next to small products it can eat what int8 saves.
#
# **What you can't:** that islands never pay. Large convolutions earn back a conversion; a long piece in one type needs only two.
#
# ## More workers than work
#
# Threads (*fils d'exécution*) share the products of one image. Ask for more of them than there are cores.

# %%
cores = machine.cores()
many = 8 * cores
predict("threads", f"On {cores} cores, how many times faster are {many} threads?", "×", canned=1)

# %%
thread_ms = {}
for threads in sorted({1, cores, 2 * cores, many}):
    with runtimes.load(float32, threads=threads) as runner:
        thread_ms[threads] = stopwatch.median_ms(
            runner.prepare(cifar.validation.x[:1]), warmup=20, runs=200
        )
reveal("threads", thread_ms[1] / thread_ms[many])
report.thread_times(thread_ms, cores)

# %% [markdown]
# **What you can conclude:** from which number on more threads do not help, or harm. After every operator all must meet: small
# operators make them wait even where each has a core, and with more threads than cores some are not even running when the
# others arrive.
#
# **What you can't:** choose the best number once and for all. A larger network has more to share out, and a server with
# four workers of four threads each asks for sixteen.

# %%
crowded = benchmark.explain(
    float32, Candidate(float32, threads=many), names=("one thread", f"{many} threads")
)
crowded


# %% [markdown]
# ## A loop that costs more than the network
#
# Before a picture enters a network, somebody scales it. Here is an application that does it pixel by pixel, in front of a
# network and in front of half that network.

# %%
full = convert.to_tflite(stack(4), "full.tflite")
half = convert.to_tflite(stack(2), "half.tflite")


# %%
def pixel_by_pixel(picture):
    """Scale a picture to 0..1 and halve it, as somebody wrote it on a Friday afternoon."""
    rows = [[[float(value) / 255 for value in pixel] for pixel in row] for row in picture]
    return np.array(rows, np.float32)[None, ::2, ::2]


picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
slow_full = benchmark.Pipeline(full, pixel_by_pixel, picture)
slow_half = benchmark.Pipeline(half, pixel_by_pixel, picture)

# %%
predict("pipeline", "Half the network: how many times faster is the application?", "×", canned=2)

# %%
application = benchmark.explain(slow_full, slow_half, names=("full", "half in an application"))
reveal("pipeline", application.diagnosis.gain)
application


# %% [markdown]
# The same in one NumPy expression: same numbers, no loop in Python, and only the pixels that are needed. Does the application
# keep its promise now?


# %%
def at_once(picture):
    """Halve a picture and scale it to 0..1, without a loop in Python."""
    return (picture[::2, ::2] / np.float32(255))[None]


same = np.allclose(at_once(picture), pixel_by_pixel(picture))
healthy = benchmark.explain(
    benchmark.Pipeline(full, at_once, picture),
    benchmark.Pipeline(half, at_once, picture),
    names=("full at once", "half at once"),
)
print("same numbers:", same, "·", healthy.verdict)

# %% [markdown]
# ### Exercise 4: choose, and defend it
#
# > **The offer.** A colleague can make the network inside *half in an application* four times faster: int8 on a new
# > processor, two weeks of work.
#
# Return three things: how many times faster the *whole call* would become, the cause that you would work on first (a key such as
# `"python"`), and a sentence with your reason. The two times are in `explanation.evidence`: `.without["python"]` is the
# network alone, `.after.latency_ms` the whole call. The check compares with your journal, and tries your function on a made-up
# call; it does not judge the sentence.


# %%
def choice(explanation):
    """Return the gain of the whole, the cause to work on first, and the reason."""
    ### BEGIN SOLUTION
    evidence = explanation.evidence
    share = evidence.without["python"] / evidence.after.latency_ms
    reason = "The loop takes most of the call, and a faster network leaves it as it is."
    return whole_gain(share, 4), explanation.cause, reason
    ### END SOLUTION


check("25.4 choice", choice)

# %%
hint("25.4 choice", 1)
hint("25.4 choice", 2)

# %%
offer = working("25.4 choice", choice, levers.choose)(application)
print(f"With the offer the whole call becomes {offer[0]:.2f} times faster.")
print(f"First: {offer[1]}, because: {offer[2]}")

# %% [markdown]
# ## Fewer products, more to read
#
# One last suspect. A convolution uses each weight at every pixel; a dense layer reads a weight, multiplies once, and needs
# the next. So compare the convolutions above with one large matrix:

# %%
k = keras.keras()
values = k.Input((2048,))
matrix = convert.to_tflite(k.Model(values, k.layers.Dense(2048)(values)), "matrix.tflite")
reading = benchmark.explain(full, matrix, names=("convolutions", "one matrix"))
reading

# %% [markdown]
# **What you can conclude:** if *reading the weights* is named, the multipliers wait for memory. Then fewer bits help if they
# stay narrow in memory (not if they are widened when the file is loaded), and so does a batch: each weight that was read is
# used for several images. Lesson 10's roofline shows both limits in one picture.
#
# **What you can't:** compare products across kinds of layers, and expect time to follow.
#
# ## When there is nothing to find
#
# A tool that always finds a culprit is worthless. Two pairs without any: half the layers, and the same file twice. In a third
# pair the time goes to something that is on no list: half the layers, with maxima over large neighbourhoods between them.


# %%
def with_maxima(layers):
    """Return convolutions with a chain of maxima after each: nothing there is multiplied."""
    k = keras.keras()
    image = x = k.Input((32, 32, 3))
    for _ in range(layers):
        x = k.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
        for _ in range(4):
            x = k.layers.MaxPooling2D(7, strides=1, padding="same")(x)
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(image, k.layers.Dense(10)(x), name="maxima")


# %%
maxima = convert.to_tflite(with_maxima(2), "maxima.tflite")
honest = [
    benchmark.explain(full, half, names=("full", "half the layers")),
    benchmark.explain(full, full, names=("full", "the same file")),
    benchmark.explain(full, maxima, names=("full", "half and maxima")),
]
for one in honest:
    print(f"{one.names[1]}: {one.verdict}")

# %%
everything = [why, thin_layers, *reasons.values(), slower, shores, crowded, application, reading]
everything += honest
report.lost_time(everything)

# %% [markdown]
# **What you can conclude:** one complaint, many causes. Where *no cause found* stands above a blue bar there was nothing to
# explain; above any other, what is known explains too little, or the measurement leaves it open.
#
# **What you can't:** compare the lengths between rows: each bar is the whole time of its own candidate.
#
# ## The levers of each kind of hardware
#
# A *lever* (*levier*) is what you can change. (GPU: *processeur graphique*. NPU: *processeur neuronal*.)
#
# | | Fast at | Levers | What spoils it |
# | :--- | :--- | :--- | :--- |
# | CPU | a few numbers a step, cheap calls | int8 instructions, few bytes, threads up to the cores | weights beyond the cache |
# | GPU | thousands of numbers a step | large batches, half precision, data that stay in its memory | one image at a time, copies to and fro |
# | NPU | the operators that it was built for | full integer files in one piece, so that data flow from operator to operator | operators that fall back (*repli*) |

# %%
here = machine.describe()
print("The CPU of this machine:", here["cores"], "cores")
print("instructions for floats:", ", ".join(here["float"]) or "nothing special")
print("instructions for int8:", ", ".join(here["int8"]) or "nothing special")

# %% [markdown]
# You have no NPU at hand? The runtime's fast kernels behave like one: they take the operators that they know, in pieces, and
# leave the rest to the slow general version. This is *operator coverage* (*couverture des opérateurs*). Here is ResNet8 with
# only two of its layers in a type that the fast kernels do not know:

# %%
from edgelab.explaining import coverage

unknown = {"stage2_conv1": 4, "stage3_conv1": 4}
cut = quantize.mixed(float32, "cut.tflite", unknown, others=32)
covered = anatomy.of(cut)
print(f"pieces: {coverage.pieces(float32)} before, {coverage.pieces(cut)} now")
print(f"products left to slow kernels: {100 * covered.slow:.0f} %")
print(f"the rest ten times faster: the whole at most {my_gain(1 - covered.slow, 10):.2f} ×")

# %%
benchmark.explain(float32, cut, names=("float32", "two layers left over"))

# %% [markdown]
# **What you can conclude:** how much two layers without a kernel can decide about the whole, by Amdahl's sum. If the pieces
# became more, data are handed over at every cut too.
#
# **What you can't:** read that from the share of operators. Ask which products they hold, and into how many pieces they cut.

# %% [markdown]
# ### Exercise 5: break it, and say why
#
# Make `full.tflite` slower without touching the file: return a `Candidate` for it (runtime `"litert-builtin"` leaves the fast
# kernels out; `threads=` asks for that many threads) and the letter of the reason.
#
# a. Its threads wait for each other. b. Its operators run on general kernels. c. Its weights are widened.
# d. The call costs more than the network.


# %%
def slow_down(file):
    """Return a Candidate of this file that wastes time, and the letter of the reason."""
    ### BEGIN SOLUTION
    return Candidate(file, "litert-builtin"), "b"
    ### END SOLUTION


check("25.5 break it", slow_down)

# %%
hint("25.5 break it", 1)
hint("25.5 break it", 2)

# %%
candidate, letter = working("25.5 break it", slow_down, levers.spoiled)(full)
benchmark.explain(full, candidate, names=("full", "spoiled"))

# %% [markdown]
# Does it name your reason? If it does not, you have found out something about your machine: perhaps it has work and cores for
# these threads, or its system hides the extra ones well. Say which experiment would tell.
#
# ## Questions

# %%
question("25.q1")

# %%
question("25.q2")

# %%
question("25.q3")

# %%
question("25.q4")

# %% [markdown]
# ## Where to go next
#
# Lesson 21 removes whole filters, so that less is multiplied for real; lesson 10 has the roofline; lesson 30 opens the files
# whose operators you counted here. For the worksheet: the findings above are *likely bottlenecks* with evidence, and each
# remedy is a proposed improvement whose gain you can compute first. Your guesses, exercises and records:

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("25")
worksheet_progress("25")
