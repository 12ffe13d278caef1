# %% [markdown]
# # 20 · How few bits can a network live with?
#
# After this lesson you can
# - quantize (*quantifier*) a tensor by hand, and say beforehand how large the error will be;
# - choose between the modes of TensorFlow Lite and pick calibration images, with measurements behind the choice;
# - find the layer that suffers, and spend a budget of bytes where it counts;
# - say when quantization-aware training is worth its time, and when it has nothing left to win.
#
# Needs: lesson 10's idea of a fair comparison, nothing else. Time: see the table in README, measured.
# Feeds the worksheet: part 1 *Techniques explored* (quantization), part 3 *Performance measurements*
# (original and optimised size, inference time, accuracy before and after).
#
# There are eight short exercises. Each has two hints, and the lesson goes on where one is not solved.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import numpy as np

from edgelab import benchmark, convert, data, evaluate, models, quantize, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working

begin("20", PROFILE)
VIEWS, CALIBRATING = (40, 24) if PROFILE == "ci" else (120, 60)  # views of photographs

# %% [markdown]
# ## Smaller, surely. Faster?
#
# Here is a small network that reads digits, and the same network with 8-bit integers (*entiers*) in place of
# 32-bit floating-point numbers (*nombres à virgule flottante*). What do you expect?

# %%
digits = data.digits()
baseline = models.load("digits_cnn")
float32 = convert.to_tflite(baseline, "float32.tflite")
int8 = quantize.full_integer(baseline, digits.calibration, "int8.tflite")

# %%
predict("int8_size", "How many times smaller is the int8 file?", unit="×", canned=4)
predict("int8_speed", "How many times faster does it read one image?", unit="×", canned=2)

# %%
result = benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)
reveal("int8_size", result["float32"]["size_file_bytes"] / result["int8"]["size_file_bytes"])
reveal("int8_speed", 1 / result.ratio("int8").value)

# %%
report.bars(result, by=("size_file_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** the ratio of the two files, and which of the two was faster *on this machine, for this
# network, with one thread*. Is int8 slower here? Then you have met the first rule of this lesson: fewer bits always
# take less room; whether they take less time is decided by network, runtime and processor. Is it faster? Then
# your processor and your runtime have the right instructions, and your neighbour's may not.
#
# **What you can't:** that int8 is fast or slow in general. On a network this small, int8's extra work in each layer can
# cost more than it saves. We come back to speed with a larger one.
#
# ## What a number looks like in memory
#
# A floating-point format (*format à virgule flottante*) splits its bits: one for the sign, some for the
# exponent (*exposant*), which says how large the number is about, the rest for the fraction (*mantisse*), which says
# it exactly. This is one weight of the network in three formats:

# %%
import ml_dtypes

from edgelab.quantizing import affine
from edgelab.reporting import tables

weight = models.first_kernel(baseline)[1]
formats = {"float32": np.float32, "bfloat16": ml_dtypes.bfloat16, "float16": np.float16}
rows = []
for name, kind in formats.items():
    bits = "".join(f"{byte:08b}" for byte in np.array(weight, kind).tobytes()[::-1])
    first = 1 + (5 if name == "float16" else 8)  # where the fraction begins
    back, largest = float(kind(weight)), float(ml_dtypes.finfo(kind).max)
    rows.append(
        (name, f"{bits[0]} {bits[1:first]} {bits[first:]}", f"{back:.9f}", f"{largest:.3g}")
    )
tables.of_rows(("Format", "Sign, exponent, fraction", "Comes back as", "Largest number"), rows)

# %% [markdown]
# float16 spends its bits on the fraction, bfloat16 on the exponent: it reaches as far as float32 and is coarser. An
# integer of 8 bits has neither. It is one of 256 *codes*, and somebody must say what a code is worth. That somebody
# is you. How many bits does a code need? People speak of three *precision classes* (*classes de précision*):

# %%
weights_count = baseline.count_params()
rows = [(b, 2**b, affine.precision_class(b), weights_count * b / 8000) for b in range(1, 9)]
tables.of_rows(
    ("Bits", "Codes", "Precision class", "This network's weights (kB)"),
    rows,
    caption=f"With 32 bits the {weights_count:,} weights take {weights_count * 4 / 1000:.0f} kB.",
)

# %% [markdown]
# ## Eight weights, by hand
#
# Quantizing means choosing which values the codes stand for. Here they lie at equal distances. The distance between two
# neighbours is the *scale* (*échelle*), also called the step (*pas*). Look at eight weights and at what 3 bits can name:

# %%
weights = models.first_kernel(baseline)[:8]
print(weights.round(3))
report.number_line(weights, bits=3)

# %% [markdown]
# **What you see:** every weight moves to the nearest value that has a code. Codes that no arrow reaches are wasted.
# Here they go as far up as down, and 0 has a code: a *symmetric* grid (*grille symétrique*).
#
# **What you can't see:** whether the network minds. That takes a measurement, and it will come.
#
# ### Exercise 1: the scale
#
# 8 bits have 256 codes, −128 to 127. A symmetric grid gives up −128, so that every code has its opposite: 255 remain (with
# 4 bits, 15 of 16). Write the scale of such a grid: the largest absolute value must land on the largest code. With 8 bits
# the codes run from −127 to 127, with `bits` bits from `-(2 ** (bits - 1) - 1)` to `2 ** (bits - 1) - 1`.


# %%
def scale_of(values, bits=8):
    """Return the step between two neighbouring codes."""
    ### BEGIN SOLUTION
    return np.abs(values).max() / (2 ** (bits - 1) - 1)
    ### END SOLUTION


check("20.1 scale", scale_of)

# %%
hint("20.1 scale", 1)
hint("20.1 scale", 2)

# %% [markdown]
# ### Exercises 2 and 3: there and back
#
# `to_codes` turns values into codes: how many steps is a value away from 0, as a whole number, and never beyond the
# last code. `to_values` goes back; its `zero_point` is the code that means 0, which is code 0 in a symmetric grid.


# %%
def to_codes(values, scale, bits=8):
    """Return the code of each value."""
    ### BEGIN SOLUTION
    top = 2 ** (bits - 1) - 1
    return np.clip(np.round(values / scale), -top, top)
    ### END SOLUTION


def to_values(codes, scale, zero_point=0):
    """Return the value that each code stands for."""
    ### BEGIN SOLUTION
    return scale * (codes.astype(np.float32) - zero_point)
    ### END SOLUTION


# %%
check("20.2 quantize", to_codes)
check("20.3 dequantize", to_values)

# %%
hint("20.2 quantize", 1)
hint("20.2 quantize", 2)
hint("20.3 dequantize", 1)
hint("20.3 dequantize", 2)


# %% [markdown]
# Now the first kernel (*noyau*) of the network, with your three functions, beside the library's `affine`. (Where an
# exercise is not solved yet, the library stands in.)


# %%
def library_codes(values, scale, bits=8):
    """Return what `affine` makes of the values on a grid of this scale."""
    return affine.quantize(values, affine.fit([scale * (2 ** (bits - 1) - 1)], bits))


def library_values(codes, scale, zero_point=0):
    """Return what `affine` makes of the codes."""
    return scale * (np.asarray(codes, np.float32) - zero_point)


# %%
kernel = baseline.get_layer("conv1").kernel.numpy()
scale = working("20.1 scale", scale_of, affine.scale)(kernel)
codes = working("20.2 quantize", to_codes, library_codes)(kernel, scale)
values = working("20.3 dequantize", to_values, library_values)(codes, scale)

grid = affine.fit(kernel, bits=8)
print("same codes as the library:", np.array_equal(codes, affine.quantize(kernel, grid)))
print(f"largest error {np.abs(values - kernel).max():.6f}, half a step {scale / 2:.6f}")

# %%
report.rounding_error(kernel, scale=scale)

# %% [markdown]
# **What you can conclude:** no weight is further from its code than half a step. So the scale alone tells you the
# largest error before you quantize anything, and about what the typical one is. That is the *root mean square error*
# (*erreur quadratique moyenne*): square all errors, average, take the root. If errors fall evenly between the two lines,
# it is the step divided by √12; you may take that on trust (open the table below the chart to compare).
#
# **What you can't:** that all errors matter equally. Half a step is nothing to a large weight and everything to
# a small one.

# %% [markdown]
# ## A grid that starts at zero
#
# Weights lie around 0. What flows between the layers, the *activations*, does not: after a ReLU nothing is below 0.
# A symmetric grid keeps half of its codes for values that never come. An *asymmetric* one moves its codes to where the
# values are and notes which code means 0, the *zero point* (*point zéro*).

# %%
from edgelab import keras

until_relu = keras.keras().Model(baseline.input, baseline.get_layer("relu1").output)
activations = until_relu.predict(digits.calibration.x[:16], verbose=0)
rows = []
for name, symmetric in (("symmetric", True), ("asymmetric", False)):
    grid = affine.fit(activations, 8, symmetric=symmetric)
    used = len(np.unique(affine.quantize(activations, grid)))
    error = affine.round_trip(activations, grid) - activations
    rows.append(
        (name, float(grid.scale), int(grid.zero_point), used, float(np.sqrt(np.mean(error**2))))
    )
tables.of_rows(("Grid", "Scale", "Zero point", "Codes used", "Root mean square error"), rows)

# %% [markdown]
# Twice the codes for the same range: the step is half as long. The runtime pays with one more subtraction,
# so LiteRT uses asymmetric grids for activations and symmetric ones for weights.
#
# ### Exercise 4: scale and zero point
#
# The codes run from `-(2 ** (bits - 1))` to `2 ** (bits - 1) - 1`. Spread them over the smallest range that holds all
# values *and 0*: padding and ReLU produce exact zeros, and a zero that comes back as something else adds up.


# %%
def affine_of(values, bits=8):
    """Return the scale and the zero point of an asymmetric grid."""
    ### BEGIN SOLUTION
    low, high = min(values.min(), 0), max(values.max(), 0)
    scale = (high - low) / (2**bits - 1)
    return scale, round(-(2 ** (bits - 1)) - low / scale)
    ### END SOLUTION


check("20.4 zero point", affine_of)

# %%
hint("20.4 zero point", 1)
hint("20.4 zero point", 2)

# %% [markdown]
# ## A scale for each channel
#
# One scale for a whole kernel is set by its largest weight. But a kernel is a stack of filters, and each filter makes one
# output channel (*canal de sortie*) all by itself. So each may have a scale of its own: *per channel* instead of *per
# tensor*. It costs a scale for each channel; the file also stores a zero point for each.
#
# ### Exercise 5: one scale for each filter
#
# A Keras kernel has the shape (height, width, channels in, channels out). Return one symmetric scale for each output channel.


# %%
def scales_of(kernel, bits=8):
    """Return the steps of a kernel, one for each output channel."""
    ### BEGIN SOLUTION
    return np.abs(kernel).max(axis=(0, 1, 2)) / (2 ** (bits - 1) - 1)
    ### END SOLUTION


check("20.5 per channel", scales_of)

# %%
hint("20.5 per channel", 1)
hint("20.5 per channel", 2)


# %% [markdown]
# You now know all that TensorFlow's converter does to weights. Proof: open the file that it wrote at the beginning, take
# the codes of the large dense layer, and compare them with yours.


# %%
from edgelab.files import tflite


def library_scales(kernel, bits=8):
    """Return what `affine` takes as scales of a kernel."""
    return affine.scale(kernel, bits, axis=-1)


scales = working("20.5 per channel", scales_of, library_scales)
dense = baseline.get_layer("hidden").kernel.numpy()
steps = scales(dense[None, None])  # a dense layer is a convolution of one pixel
by_hand = np.clip(np.round(dense / np.reshape(steps, -1)), -127, 127)
stored = next(t for t in tflite.read(int8).tensors if t.shape == dense.T.shape and t.data)
print(f"{stored.name}: {stored.codes().size:,} codes of {stored.bits} bits in the file")
print("different from yours:", np.count_nonzero(by_hand != stored.codes().T))

# %% [markdown]
# ## What is one more bit worth?

# %%
predict(
    "one_more_bit",
    "One more bit for every weight: how many times smaller is the error?",
    unit="×",
    canned=1.5,
)

# %%
errors = {
    "per tensor": affine.error_by_bits(dense),
    "per channel": affine.error_by_bits(dense, axis=-1),
}
four, eight = errors["per tensor"][3].rms, errors["per tensor"][7].rms
reveal("one_more_bit", (four / eight) ** (1 / 4))

# %%
report.error_by_bits(errors)

# %% [markdown]
# **What you can conclude:** one more bit doubles the codes, which halves the step, and the error follows: from 3 bits on a
# straight line on this logarithmic axis. (One bit follows another rule: only signs are kept, and the step is the *mean*
# weight.) A scale per channel moves the whole line down, for some more bytes.
#
# **What you can't:** at which error the network starts to make mistakes. Ask the network. The next cell rounds all
# its weights and turns them back into floats. Such a network is *simulated*: it answers like a small one and is as large
# as before. The images are the validation split, because the answer will guide a choice.

# %%
from edgelab.quantizing import straight_through

curves = {"per tensor": {}, "per channel": {}}
for bits in range(1, 9):
    for name, curve in curves.items():
        small = straight_through.rounded(baseline, bits, per_channel=name == "per channel")
        answers = small(digits.validation.x).numpy().argmax(axis=1)
        curve[bits] = evaluate.score(answers, digits.validation)
before = evaluate.accuracy(baseline, digits.validation)
report.accuracy_by_bits(curves, reference=before)

# %% [markdown]
# **What you can conclude:** down to how many bits rounding alone leaves this network as it was, and where it breaks. Where
# the intervals overlap, the images can't tell two widths apart. With two bits the step is as long as the *largest*
# weight, so most weights round to 0. If one bit does no worse, that is why.
#
# **What you can't:** carry the limit over to another network. This one has an easy task and weights to spare.

# %% [markdown]
# ## What one outlier does
#
# An *outlier* (*valeur aberrante*) is a value far away from all others. Take the dense layer and make its largest weight
# ten times larger. With 4 bits there are 15 codes.

# %%
predict(
    "outlier_codes",
    "How many of the 15 codes are left for all the other weights?",
    unit="codes",
    canned=8,
)

# %%
effect = affine.outlier_effect(dense, factors=(1, 10), bits=4)
reveal("outlier_codes", effect[1].codes_used)
report.outlier(dense, factor=10, bits=4)

# %% [markdown]
# **What you can conclude:** the step grew with the outlier, and the others now share what few codes lie near 0. One
# weight among thousands decided it. **What you can't:** call the outlier itself the victim. It is stored exactly.
#
# Do 8 bits help? Not when the outlier is larger still. Here it is a hundred times the largest weight, and two remedies are
# tried: a scale per channel keeps the damage in one channel; *clipping* (*écrêtage*) refuses the outlier.

# %%
grids = {
    "one scale": {},
    "one scale per channel": {"axis": -1},
    "one scale, clipped": {"limit": float(np.abs(dense).max())},
}
rows = []
for name, options in grids.items():
    calm, hit = affine.outlier_effect(dense, (1, 100), bits=8, **options)
    rows.append((name, calm.rms_of_others, hit.rms_of_others, hit.codes_used))
tables.of_rows(
    ("Grid", "Error before", "Error with the outlier", "Codes of the others"),
    rows,
    caption="Root mean square error of all weights but the outlier.",
)

# %% [markdown]
# Clipping has its price: the outlier comes back a hundred times smaller, and it may have been large for a reason.
#
# ### Exercise 6: break it, and say why
#
# Change **one** of the weights so that 8 bits with one scale get worse, for all the others, than 4 bits were before. Return
# the changed weights and the letter of the reason. The weights may have any shape; `changed.flat[0]` names one of them.
#
# - a: the changed weight itself is rounded badly
# - b: the largest value sets the step of all, so the others fall onto few codes
# - c: the new value does not fit into 8 bits and overflows
# - d: with a large value among them, 8 bits have fewer codes


# %%
def ruin(weights):
    """Return a copy with one changed weight, and the letter of the reason."""
    changed = weights.copy()
    ### BEGIN SOLUTION
    changed.flat[0] = 100 * np.abs(weights).max()
    return changed, "b"
    ### END SOLUTION


check("20.6 outlier", ruin)

# %%
hint("20.6 outlier", 1)
hint("20.6 outlier", 2)

# %% [markdown]
# ## Five files of one network
#
# So much for tensors. A converter quantizes whole networks after training (*post-training quantization*), in four modes:
#
# - **float16**: weights of 16 bits; a processor widens them to 32 when it loads the file;
# - **dynamic range** (*plage dynamique*): weights of 8 bits; activations are rounded anew for every image;
# - **full integer**: all of it in 8 bits, with ranges of the activations from *calibration* images;
# - **int16 activations**: weights of 8 bits, activations of 16, for networks that int8 hurts.

# %%
files = {
    "float32": float32,
    "float16": quantize.float16(baseline, "float16.tflite"),
    "dynamic range": quantize.dynamic_range(baseline, "dynamic.tflite"),
    "int8": int8,
    "int16 activations": quantize.int16_activations(baseline, digits.calibration, "int16.tflite"),
}
result = benchmark.compare(files, on=digits.test)
report.bars(result, by=("size_file_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** which mode is smallest, and what each costs in time, here. If int16 activations take many times
# longer: LiteRT has only slow reference code for them on a processor; they are made for special chips. If
# float16 is as fast as float32: it *is* float32 once it is loaded.
#
# **What you can't:** say "the size". There are four: *nominal*, what must be stored, numbers times bits with
# scales and zero points; *in memory*, as the runtime computes with it; *the file*; and *compressed*, what a download takes.

# %%
report.table(
    result,
    columns=("size_nominal_bytes", "size_memory_bytes", "size_file_bytes", "size_gzip_bytes"),
)

# %% [markdown]
# A ratio means something only within one column, and between two files of one format. A Keras file also holds the
# training's description; dividing it by an int8 file flatters the int8.
#
# And the answers? All files saw the same test images, so compare them image by image: only the images on which two
# files disagree say anything about the difference (a *paired* comparison, *comparaison appariée*).

# %%
report.losses(result, digits.test.y)

# %% [markdown]
# *Cannot tell* is a result: on a thousand images, a loss smaller than the interval is invisible. It is not a proof that
# nothing was lost. (And another processor may round a little differently: int8 answers are not the same everywhere.) Now to a
# sentence that you will find in any course:
#
# > Claim: "int8 is four times smaller at negligible loss."

# %%
report.claim("int8-size", result)

# %% [markdown]
# **What you can conclude:** the first half is arithmetic, 32 bits over 8, less what a file holds beside its weights: names,
# shapes, scales. The smaller the network, the more that weighs. **What you can't:** anything about its answers.

# %%
report.claim("int8-accuracy", result)

# %% [markdown]
# **What you can conclude:** whether the second half holds *for this network, on these images*; an interval that reaches
# beyond the claimed range leaves it open. **What you can't:** take it along to another network. One with a harder
# task comes now, and later one that int8 can hurt badly.

# %% [markdown]
# ## A harder task: ResNet8 on CIFAR-10
#
# ResNet8 has a few more weights than the digits network and many times its work: it looks at small colour pictures of ten
# kinds. It comes trained with the course. Your clone holds a *sample* of its pictures, so an accuracy on it is one on
# a sample. Back to the question of speed:

# %%
cifar = data.cifar10(sample=True)
resnet = models.load("resnet8")
resnet_float = convert.to_tflite(resnet, "resnet8-float32.tflite")
resnet_int8 = quantize.full_integer(resnet, cifar.calibration, "resnet8-int8.tflite")
about = models.info(resnet)
print(f"{about.name}: accuracy {about.accuracy:.1%} ({about.note})")
print(f"here: {cifar.test.note}")

# %%
predict("resnet_speed", "ResNet8: how many times faster is int8 than float32?", unit="×", canned=2)

# %%
resnet_dynamic = quantize.dynamic_range(resnet, "resnet8-dynamic.tflite")
larger = benchmark.compare(
    {"float32": resnet_float, "dynamic range": resnet_dynamic, "int8": resnet_int8}, on=cifar.test
)
reveal("resnet_speed", 1 / larger.ratio("int8").value)

# %%
from edgelab.measuring import compare

rows = []
for network, found in (("digits", result), ("ResNet8", larger)):
    for name in ("dynamic range", "int8"):
        ratio = found.ratio(name)
        bounds = f"[{1 / ratio.high:.2f}, {1 / ratio.low:.2f}]"
        ms = found["float32"]["latency_ms"]
        rows.append((network, ms, name, 1 / ratio.value, bounds, ratio.verdict))
has = ", ".join(benchmark.environment()["int8"]) or "none"
print("This processor's instructions for int8:", has)
interval = f"{100 * compare.LEVEL:g} % interval"
tables.of_rows(("Network", "float32 (ms)", "Mode", "Times faster", interval, "Verdict"), rows)

# %% [markdown]
# Two things decide the table. **The processor:** instructions such as VNNI, AMX (Intel, AMD) or the NEON dot product (ARM)
# multiply and add four 8-bit numbers and more at once; with AVX2 alone int8 has to be widened first and gains less. **The
# work:** every call costs a fixed time, and int8 has extra work in every layer: its sums must be scaled back to 8 bits. A
# network that computes for a few microseconds has little to win.
#
# So "int8 is faster" is a sentence about a network *and* a machine. Published ratios run from slower than float to more than
# ten times as fast.

# %%
report.claim("int8-speed", larger)

# %% [markdown]
# **What you can conclude:** whether the circulating figure holds here. **What you can't:** that it was a lie; it was
# measured on some machine. Ask which, whenever you read one. All claims at a glance:

# %%
rows = []
for network, found in (("digits", result), ("ResNet8", larger)):
    for name in ("int8-size", "int8-accuracy", "int8-speed"):
        claim = report.claim(name, found)
        unit = "points lost" if name == "int8-accuracy" else "times"
        rows.append((network, name, claim.pairs[0].value, unit, claim.verdict))
columns = ("Network", "Claim", "Measured", "Unit", "Verdict here")
tables.of_rows(columns, rows, write={"Measured": "{:.2f}".format})

# %% [markdown]
# Does *four times smaller* hold for one network and not for the other? A file also holds its layers, their names, and a
# scale for each channel, none of which shrinks. Many small layers are further from four than a few large ones.
#
# ## What calibration needs
#
# Full integer needs to know the range of every activation *before* it runs. It learns it from calibration images. How
# many, and which? Look at ResNet8 after five calibrations:
#
# - 1, 10 and 100 images of the calibration split;
# - 100 images of random noise (*bruit*);
# - 100 real images, but somebody forgot the `/ 255`: the values run to 255, the network knows 0 to 1.

# %%
predict(
    "one_image",
    "Calibrated on ONE image: how many points of accuracy are lost?",
    "points",
    canned=5,
)
predict("forgotten", "With the forgotten /255: how many points?", "points", canned=10)

# %%
noise = np.random.default_rng(0)
sets = {
    1: cifar.calibration.take(1),
    10: cifar.calibration.take(10),
    100: cifar.calibration,
    "random noise": cifar.calibration.map(lambda x: noise.random(x.shape, np.float32), "noise"),
    "forgotten /255": cifar.calibration.map(lambda x: x * 255, "not scaled"),
}
calibrated = {}
for name, images in sets.items():
    file = quantize.full_integer(resnet, images, "calibrated.tflite")
    calibrated[name] = evaluate.accuracy(file, cifar.test)
report.calibration(calibrated, reference=larger["float32"].accuracy)

# %% [markdown]
# **What you can conclude:** how soon more images stop helping. Only the *ranges* are learnt, a pair of numbers for each
# activation, and a few dozen images contain about all the large values. One image has ranges too, and what exceeds
# them is clipped. Noise may do well or badly: here it lay between 0 and 1, as pixels do. If that was enough for this network,
# nobody could know beforehand.
#
# **What you can't:** conclude from a good result with noise that anything goes.

# %%
points = {
    name: 100 * (larger["float32"].accuracy.value - a.value) for name, a in calibrated.items()
}
reveal("one_image", points[1])
reveal("forgotten", points["forgotten /255"])

# %% [markdown]
# Why does the last one fail so completely? Look through the network's eyes: three pictures, then the same after the *input*
# was rounded with the scale from the right images, then with the scale from the wrong ones.

# %%
picture = cifar.test.x[100::300][:3]
shown, titles = list(picture), ["as it is"] * 3
for name, title in ((100, "calibrated with / 255"), ("forgotten /255", "without / 255")):
    grid = affine.fit(sets[name].x, bits=8, symmetric=False)
    shown += list(affine.round_trip(picture, grid))
    titles += [title] * 3
report.pictures([(255 * x).astype(np.uint8) for x in shown], titles=titles)

# %% [markdown]
# **What you see:** the step is as long as the whole range of the input, so a pixel is 0 or 1. All later ranges are as
# wrong. **What you can't conclude:** that you would notice: nothing crashes, the file has the right size and the right
# speed.
#
# ### Exercise 7: choose calibration images
#
# The images of a project lie in folders, one class after the other, as bytes. Write what the converter gets: `n` different
# images of (nearly) all classes, in the range and type that the network takes. This network was trained on `pixels / 255`.


# %%
def representative(pixels, labels, n):
    """Return n calibration images; pixels are uint8 (images, height, width, 3), sorted by label."""
    ### BEGIN SOLUTION
    rows = np.linspace(0, len(labels) - 1, n).astype(int)  # through all classes, evenly
    return pixels[rows].astype(np.float32) / 255
    ### END SOLUTION


check("20.7 calibration", representative)

# %%
hint("20.7 calibration", 1)
hint("20.7 calibration", 2)

# %% [markdown]
# One mistake the library refuses to make for you: calibrating on the test images. Why is it one? Question 2 below asks you.

# %%
from edgelab.errors import SplitError

try:
    quantize.full_integer(resnet, cifar.test, "never.tflite")
except SplitError as error:
    print(error)

# %% [markdown]
# ## Four bits, and the layer that suffers
#
# The calibration chart shows what eight bits cost ResNet8. Four bits would halve its weights once more. What do they cost?
# Here are all layers at 4 bits, weights only (activations stay float, so no calibration is needed):

# %%
predict(
    "all_int4", "All weights of ResNet8 at 4 bits: how many points are lost?", "points", canned=2
)

# %%
resnet_int4 = quantize.weights(resnet_float, "resnet8-int4.tflite", bits=4)
four_bits = evaluate.accuracy(resnet_int4, cifar.test)
float_accuracy = larger["float32"].accuracy
reveal("all_int4", 100 * (float_accuracy.value - four_bits.value))
print(evaluate.paired(float_accuracy, four_bits, cifar.test.y))

# %% [markdown]
# Is the loss spread over all layers? Put **one layer at a time** at 4 bits, leave the others in float, and look at what
# changes. Finding a layer is a choice, so it is made on the validation images. A hundred of them are too few to see
# a change of accuracy, so look at the outputs themselves: the *divergence* (KL) says how far the probabilities of all
# classes moved.

# %%
from edgelab.quantizing import sensitivity

scan = sensitivity.scan(resnet_float, cifar.validation, bits=4)
scan

# %%
report.sensitivity(scan, by="kl")

# %% [markdown]
# **What you can conclude:** which layer reacts most, and how many bytes its 4 bits saved. Both in one picture make the
# point: a layer with few weights can cost most and save least.
#
# **What you can't:** add the losses up. Layers were tested alone; together they may hurt more, or hide each other.
#
# ### Exercise 8: your own recipe
#
# Some layers get 8 bits, the others 4: a *mixed-precision recipe* (*précision mixte*), under a budget of bytes. With all
# layers at 4 bits the file has `scan.low_bytes` bytes. `for entry in scan:` visits the layers. `entry.kl` is what sparing a
# layer brings; `entry.extra_bytes()` is what the file grows by from 4 to 8 bits, not the bytes saved in the chart. As an
# approximation, add the `kl` of the spared layers; afterwards the whole file is measured. Return the recipe that brings
# most and keeps the budget: `{entry.layer: bits}`.


# %%
def choose(scan, budget_bytes):
    """Return bits for every layer: 8 for those that are spared, 4 for the others."""
    ### BEGIN SOLUTION
    recipe = {entry.layer: 4 for entry in scan}
    room = budget_bytes - scan.low_bytes
    for entry in sorted(scan, key=lambda e: e.kl / e.extra_bytes(), reverse=True):
        if entry.extra_bytes() <= room:
            recipe[entry.layer] = 8
            room -= entry.extra_bytes()
    return recipe
    ### END SOLUTION


check("20.8 recipe", choose)

# %%
hint("20.8 recipe", 1)
hint("20.8 recipe", 2)

# %% [markdown]
# Now for real: a file at most five percent larger than the one with 4 bits everywhere. How much of the loss comes back?

# %%
predict("won_back", "Five percent more bytes: what share of the loss is won back?", "%", canned=25)

# %%
budget = int(1.05 * resnet_int4.stat().st_size)
recipe = working("20.8 recipe", choose, sensitivity.propose)(scan, budget)
print("spared:", ", ".join(name for name, bits in recipe.items() if bits == 8))
resnet_mixed = quantize.mixed(resnet_float, "resnet8-mixed.tflite", recipe, others=4)
bits = benchmark.compare(
    {"float32": resnet_float, "int8": resnet_int8, "int4": resnet_int4, "mixed": resnet_mixed},
    on=cifar.test,
)
report.bars(bits, by=("size_file_bytes", "accuracy"))

# %% [markdown]
# **What you can conclude:** what five percent more bytes are worth, if they are well chosen. The scan needed a hundred
# images and seconds. **What you can't:** read the share below as exact. It is a ratio of two small differences on a sample;
# the paired intervals in the table tell how sure they are.

# %%
lost, still_lost = (
    float_accuracy.correct - bits[name].accuracy.correct for name in ("int4", "mixed")
)
reveal("won_back", 100 * (lost - still_lost) / lost if lost > 0 else None)
report.losses(bits, cifar.test.y)

# %% [markdown]
# ## A network that one scale hurts
#
# ResNet8 mixes all channels in every layer. Networks for phones use *depthwise* convolutions (*convolutions en
# profondeur*): each filter sees one channel only. EfficientNet-Lite0 is one, with real weights from ImageNet, a million
# photographs of 1,000 kinds. It is quantized twice, with a scale per channel and with a scale per tensor, and asked about
# *views* (*vues*): random crops of a few photographs.

# %%
lite0 = models.load("efficientnet_lite0")
prepare = models.preprocessor("efficientnet_lite0")
crops = data.crops(n=VIEWS, role="validation")
views = crops.map(prepare)
calibration = data.crops(n=CALIBRATING, role="calibration").map(prepare)

lite0_files = {"float32": convert.to_tflite(lite0, "lite0-float32.tflite")}
for name, per_channel in (("int8 per channel", True), ("int8 per tensor", False)):
    lite0_files[name] = quantize.full_integer(
        lite0, calibration, f"lite0-{per_channel}.tflite", per_channel=per_channel
    )

# %%
predict(
    "per_tensor",
    "On how many views of photographs does the per-tensor file give the float file's answer?",
    unit="%",
    canned=90,
)

# %%
outputs = {name: evaluate.predict(file, views.x) for name, file in lite0_files.items()}
expected = outputs["float32"]
rows = []
for name, got in list(outputs.items())[1:]:
    error = np.sqrt(np.mean((got - expected) ** 2)) / expected.std()
    size = lite0_files[name].stat().st_size / 1e6
    rows.append((name, size, 100 * evaluate.agreement(expected, got), 100 * float(error)))
reveal("per_tensor", rows[1][2])
tables.of_rows(
    ("File", "Size (MB)", "Same answer as float (%)", "Output error (% of their spread)"),
    rows,
    caption=f"{len(views)} views of a few photographs.",
)

# %% [markdown]
# The last column looks at all outputs, the one before only at the largest: it may jump with the choice of views.
# And *agreement* is not accuracy: the views have no labels, and two wrong answers may agree.
#
# Look at the failure itself: at most three views on which only the per-tensor file changes its answer, and the likeliest
# classes of each file.

# %%
original, kept, changed = (got.argmax(axis=1) for got in outputs.values())
failing = np.flatnonzero((kept == original) & (changed != original))[:3]
answers = {name: models.top(got[failing]) for name, got in outputs.items()}
shown, titles = crops.x[failing].astype(np.uint8), [f"view {row}" for row in failing]
report.pictures(shown, answers, titles) if len(failing) else print("No such view here.")

# %% [markdown]
# **What you see:** whether it fails where float was sure, or where float was guessing as well: a random view may show a piece
# of wall. Equal percentages side by side are no accident: the outputs have few codes as well. **What you can't see** in
# three views: how often it fails. That is the table above.
#
# Now look inside. Batch normalisation (*normalisation par lots*) multiplies each channel by a factor learnt in training.
# The converter multiplies the filter by it once and for all (it is *folded* into the kernel), so filters get very unequal.
# Here is the depthwise kernel whose filters differ most:

# %%
inside = tflite.read(lite0_files["float32"])
kernels = [
    inside.tensors[op.inputs[1]].values()
    for op in inside.operators
    if op.kind == "DEPTHWISE_CONV_2D"
]
reach = [np.abs(k).max(axis=(0, 1, 2)) for k in kernels]
worst = max(range(len(kernels)), key=lambda i: reach[i].max() / np.median(reach[i]))
report.channels(kernels[worst], axis=-1)

# %% [markdown]
# **What you can conclude:** under one scale, set by the widest filter, many filters are left with a handful of codes: fewer
# than with 4 bits of their own. A depthwise filter's error has no neighbours to average it out: its channel is simply wrong.
# It is the outlier again, with whole channels in its part. A scale per channel repairs it for some more bytes: compare
# the two sizes in the table.
#
# **What you can't:** blame int8. Both files have 8 bits. What differs is who shares a scale.

# %% [markdown]
# ## Training for it
#
# *Quantization-aware training* (*entraînement conscient de la quantification*, QAT) rounds weights and activations during
# training, so that the network can adapt. TensorFlow's toolkit (tfmot) wraps every layer for it. One more epoch over the
# digits:

# %%
predict("aware_gain", "How many points does QAT win over int8 after training?", "points", canned=1)

# %%
aware = quantize.aware(baseline, digits.train, epochs=1)
int8_aware = quantize.from_aware(aware, "int8-aware.tflite")
plain, trained = evaluate.accuracy(int8, digits.test), evaluate.accuracy(int8_aware, digits.test)
reveal("aware_gain", 100 * (trained.value - plain.value))
print(evaluate.paired(plain, trained, digits.test.y))

# %% [markdown]
# If the verdict is *cannot tell*, these images show no gain that is sure, and perhaps a small loss: an epoch of training
# moves the weights as well. If the earlier table found no loss from int8 either, there was none that QAT could win back.
# That is the reason to measure *before* training. When is there something to win? When rounding hurts. Give the dense
# layers, where nearly all weights are, 2 bits: only −1, 0 and 1 times a scale.

# %%
few = {"conv1": 4, "conv2": 4, "hidden": 2, "logits": 2}
low = quantize.weights(float32, "few.tflite", recipe=few, compute="int8")
adapted = straight_through.train(baseline, digits.train, few, epochs=1)
low_aware = quantize.weights(adapted, "few-aware.tflite", recipe=few, compute="int8")

# %%
rows = []
for name, model in {
    "float32": float32,
    "4 and 2 bits": low,
    "4 and 2 bits, trained for it": low_aware,
    "those weights, not rounded": adapted,
}.items():
    found = evaluate.accuracy(model, digits.test)
    size = None if model is adapted else model.stat().st_size
    rows.append((name, size, 100 * found.value, f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"))
tables.of_rows(("Weights", "File (bytes)", "Accuracy (%)", "95 % interval"), rows)

# %% [markdown]
# Each training step stood on the rounded weights, looked there which way is down, and moved the exact weights that way (a
# *straight-through estimator*). Compare the last two rows: these weights were made to be rounded. If they do worse without
# rounding, the network has learnt to live on its grid.
#
# **What you can conclude:** training for few bits can win back what rounding destroyed, where something was destroyed.
# **What you can't:** that two bits always suffice: the task is easy, and the runtime must have routines for them.
# LiteRT has them for dense layers; for convolutions edgelab refuses 2 bits, because LiteRT's answers are wrong there.

# %% [markdown]
# ## In your own words
#
# For part 1 of the worksheet: the principle (*principe*) in two sentences, three advantages (*avantages*) and three
# drawbacks (*inconvénients*) *that you saw*, each with its number. Type no number: take it from this run, as in
# `f"It is {seen['smaller']:.1f} times smaller."`

# %%
seen = {
    "smaller": resnet_float.stat().st_size / resnet_int8.stat().st_size,
    "images": len(cifar.calibration),
    "kept": 100 * evaluate.agreement(expected, outputs["int8 per channel"]),
    "faster, digits": 1 / result.ratio("int8").value,
    "faster, ResNet8": 1 / larger.ratio("int8").value,
    "lost, forgotten /255": points["forgotten /255"],
    "lost, 4 bits": 100 * (float_accuracy.value - four_bits.value),
}
{name: round(value, 2) for name, value in seen.items()}

# %%
principle = (
    ### BEGIN SOLUTION
    "Weights and activations are kept as whole numbers, the codes. A scale and a zero point say "
    "which value a code stands for, so rounding costs at most half a step."
    ### END SOLUTION
)
advantages = [
    ### BEGIN SOLUTION
    f"ResNet8 as an int8 file is {seen['smaller']:.2f} times smaller than as a float file.",
    f"No training is needed: {seen['images']} images without labels calibrated it.",
    f"With a scale per channel {seen['kept']:.0f} % of EfficientNet-Lite0's answers stayed.",
    ### END SOLUTION
]

# %%
from edgelab.classroom import note

drawbacks = [
    ### BEGIN SOLUTION
    f"Faster is not sure: {seen['faster, digits']:.2f} times as fast as float for the digits.",
    f"A forgotten / 255 cost {seen['lost, forgotten /255']:.0f} points, and nothing warned me.",
    f"Fewer bits cost answers: {seen['lost, 4 bits']:.1f} points with 4 bits in all layers.",
    ### END SOLUTION
]
note("20.part1", principle=principle, advantages=advantages, drawbacks=drawbacks)

# %% [markdown]
# ## Questions

# %%
question("20.q1")

# %%
question("20.q2")

# %%
question("20.q3")

# %%
question("20.q4")

# %% [markdown]
# ## Where to go next
#
# You have set one sentence beside measurements on two networks: it held, or held halfway, and you know what decides.
#
# Next is lesson 21, pruning: weights that are not made smaller but left out. Lesson 24 puts quantized ResNet50 and
# MobileNetV2 side by side; lesson 25 asks why something is *not* faster.

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("20")
worksheet_progress("20")
