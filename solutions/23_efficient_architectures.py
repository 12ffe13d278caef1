# %% [markdown]
# # 23 · Fewer weights, less work, less time: is that the same?
#
# After this lesson you can
# - split a convolution in two, count what that saves, and say when the time follows;
# - turn the right knob: width (*largeur*) for a smaller file, resolution (*résolution*) for less time alone;
# - read a table of architectures without taking few weights for speed;
# - let a network name your own pictures, and say when not to believe it.
#
# Needs: lesson 10's multiply-accumulates and fair comparison. Time: see the table in README, measured.
# Feeds the worksheet: part 1 *Techniques explored* (efficient architectures: three types, key characteristics),
# part 3 *Performance measurements*.
#
# Speed and size do not depend on what a network has learnt. So most networks here are untrained, and every table
# says so. The one that names pictures has real weights. Would you like to see your own? Put some into the folder
# `pictures` of your workspace.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import numpy as np

from edgelab import benchmark, convert, data, models, quantize, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.networks import separable
from edgelab.reporting import tables, variants

begin("23", PROFILE)
# By profile: smaller images and narrower networks than the whole one, calibration views.
SIZE = 224
SMALLER, WIDTHS, VIEWS = {
    "ci": ((112,), (0.5,), 8),
    "class": ((112, 160), (0.35, 0.5, 0.75), 24),
    "full": ((96, 112, 128, 160, 192), (0.35, 0.5, 0.75, 1.4), 100),
}[PROFILE]

# %% [markdown]
# ## The smallest file wins?
#
# Two networks for the same task, made for small machines. SqueezeNet was designed to have few weights (*poids*).
# Here they are as files, untrained:

# %%
mobile, squeeze = models.mobilenet_v2(weights=None), models.squeezenet(weights=None)
networks = {"MobileNetV2": mobile, "SqueezeNet": squeeze}
pair = {name: convert.to_tflite(net, f"{name}.tflite") for name, net in networks.items()}
for name, file in pair.items():
    print(f"{name:12}{networks[name].count_params():10,} weights, {file.stat().st_size:11,} bytes")

# %%
text = "How many times faster than MobileNetV2 is SqueezeNet? (Below 1: slower.)"
predict("squeeze", text, unit="×", canned=2)

# %%
from edgelab.measuring import compare

SHORT = compare.Limits(min_rounds=4, max_rounds=8, pairs=6, seconds=5)
first = benchmark.compare(pair, limits=SHORT)
reveal("squeeze", 1 / first.ratio("SqueezeNet").value)
report.bars(first, by=("size_file_bytes", "latency_ms"), gains=True)

# %% [markdown]
# **What you can conclude:** one file is far smaller, and which one answers sooner on this machine. If the two panels
# disagree, you have the question of this lesson. If they agree, look at the ratios: are they the same?
#
# **What you can't:** which of them answers *better*. Both are untrained here.
#
# A rule that sounds right, put forward to be tested:

# %%
report.claim("squeezenet-speed", first)

# %% [markdown]
# **What you can conclude:** which of the two is smaller, and which is sooner done, on this machine. **What you can't:** that
# the one follows from the other. Weights fill the file. Time is spent on *work* (*calculs*), multiply-accumulates (MACs), and a weight of a
# convolution works once at every position of its output:

# %%
rows = []
for name, network in networks.items():
    counts = benchmark.counts(network)
    rows.append((name, counts.parameters / 1e6, counts.macs / 1e6, counts.macs / counts.parameters))
tables.of_rows(("Network", "Weights (millions)", "Work (million MACs)", "MACs a weight"), rows)

# %% [markdown]
# SqueezeNet saves weights and works each of them harder. MobileNetV2 saves work. How?
#
# ## A convolution does two things at once
#
# Each filter (*filtre*) of a convolution *looks around*, in a window of 3 × 3 pixels, and *mixes channels* (*canaux*):
# it sums over all of them. Each pair of a channel in and a channel out has nine weights of its own:

# %%
report.kernels(channels_in=4, channels_out=6)

# %% [markdown]
# **What you see:** left, all pairs with a whole window: the standard convolution. In the middle, a *depthwise* one
# (*convolution en profondeur*) looks around in each channel alone; right, a *pointwise* one (*convolution ponctuelle*, 1 × 1)
# mixes the channels of one pixel. One after the other they are a depthwise *separable* convolution, with far fewer weights.
#
# **What you can't see:** whether the two can do what the one did. Only some standard convolutions can be split exactly;
# a network has to be trained with the split.
#
# ## By hand, small enough to print

# %%
image = np.array([[[1, 0], [2, 1], [0, 3]], [[0, 2], [1, 1], [3, 0]], [[2, 1], [0, 2], [1, 1]]])
edges = np.array([[-1, 0, 1]] * 3)  # looks for a change from left to right
blur = np.ones((3, 3), int)  # adds up the neighbourhood
kernel = np.stack([edges, blur], axis=-1)  # one filter for each of the two channels
print("channel 0:", *image[..., 0].tolist(), sep="\n  ")
print("channel 1:", *image[..., 1].tolist(), sep="\n  ")

# %% [markdown]
# ### Exercise 1: one position, depthwise
#
# `window` is the part of the image below the kernel, `(3, 3, channels)`; `kernel` has the same shape. Return one
# number for each channel: the sum over its own pixels, each times its own weight.


# %%
def depthwise_at(window, kernel):
    """Return one number for each channel."""
    ### BEGIN SOLUTION
    return (window * kernel).sum(axis=(0, 1))
    ### END SOLUTION


check("23.1 depthwise", depthwise_at)

# %%
hint("23.1 depthwise", 1)
hint("23.1 depthwise", 2)

# %% [markdown]
# The image above is just one window. Then a larger image, and your function at every position, beside the layer of Keras:

# %%
my_depthwise = working("23.1 depthwise", depthwise_at, separable.depthwise_at)
print("by hand:", my_depthwise(image, kernel))

random = np.random.default_rng(0)
larger, filters = random.normal(size=(6, 7, 5)), random.normal(size=(3, 3, 5))
mine = separable.slide(my_depthwise, larger, filters)

# %%
from edgelab import keras

k = keras.keras()
layer = k.layers.DepthwiseConv2D(3, use_bias=False)
layer.build((None, 6, 7, 5))
layer.set_weights([filters[..., None]])
theirs = layer(larger[None].astype("float32")).numpy()[0]
print(
    f"shapes {mine.shape} and {theirs.shape}, largest difference {np.abs(mine - theirs).max():.1e}"
)

# %% [markdown]
# The second half, pointwise, is a matrix product for each pixel: `pixels @ matrix`. Nothing is left to explain.
#
# ### Exercise 2: what the two halves cost
#
# Count the MACs of a depthwise separable convolution. `height` and `width` are those of the output, the kernel is `size` ×
# `size`.


# %%
def separable_macs(height, width, channels_in, channels_out, size=3):
    """Return the MACs of the depthwise and the pointwise half together."""
    ### BEGIN SOLUTION
    depthwise, pointwise = size * size * channels_in, channels_in * channels_out
    return height * width * (depthwise + pointwise)
    ### END SOLUTION


check("23.2 separable", separable_macs)

# %%
hint("23.2 separable", 1)
hint("23.2 separable", 2)

# %% [markdown]
# ## Less work. Less time?
#
# One layer in the middle of a network: 56 × 56 positions, 128 channels in and out. As a standard convolution, as a
# separable one, and each half alone:

# %%
L, SIDE, CHANNELS = k.layers, 56, 128


def one_layer(*layers):
    """Return a network of nothing but these layers."""
    x = image = L.Input((SIDE, SIDE, CHANNELS))
    for layer in layers:
        x = layer(x)
    return k.Model(image, x)


halves = {
    "standard": [L.Conv2D(CHANNELS, 3, padding="same")],
    "separable": [L.DepthwiseConv2D(3, padding="same"), L.Conv2D(CHANNELS, 1)],
    "depthwise half": [L.DepthwiseConv2D(3, padding="same")],
    "pointwise half": [L.Conv2D(CHANNELS, 1)],
}

# %%
k.utils.set_random_seed(23)
layer_files = {
    name: convert.to_tflite(one_layer(*layers), f"{name.replace(' ', '-')}.tflite")
    for name, layers in halves.items()
}
my_macs = working("23.2 separable", separable_macs, separable.separable_macs)
print(f"separable, by hand:     {my_macs(SIDE, SIDE, CHANNELS, CHANNELS):12,} MACs")
print(f"separable, in the file: {benchmark.counts(layer_files['separable']).macs:12,} MACs")

# %%
predict("separable", "How many times faster is the separable convolution?", unit="×", canned=8)

# %%
layers = benchmark.compare(layer_files, limits=SHORT)
reveal("separable", 1 / layers.ratio("separable").value)
report.claim("separable-work", layers)

# %% [markdown]
# **What you can conclude:** whether the count is right for this layer. **What you can't:** anything about time, which has a
# claim of its own:

# %%
report.claim("separable-speed", layers)

# %% [markdown]
# **What you can conclude:** whether it holds for this layer, here. **What you can't:** why. Work over time tells more:

# %%
rows = []
for name in layer_files:
    work, ms = layers[name]["macs"] / 1e6, layers[name]["latency_ms"]
    rows.append((name, work, ms, work / ms))
tables.of_rows(
    ("Layer", "Work (million MACs)", "Time (ms)", "Million MACs a ms"),
    rows,
    caption=f"One thread, LiteRT, {SIDE} × {SIDE} × {CHANNELS}.",
)

# %% [markdown]
# **What you can conclude:** whether the time shrank as much as the work, for this layer on this machine. If it shrank by *less*, look
# in the last column for the half with the lowest rate. The depthwise one reads a number, uses it nine times and is done,
# while the others use it for every channel out. If its rate is the lowest, one suspect is memory: put the layer into lesson
# 10's roofline. If it shrank by *more* than the work promises, the standard layer works at the lower rate: compare the first
# row.
#
# **What you can't:** carry the factor over to another layer, or to an accelerator without a fast depthwise kernel.
#
# ## What does the split cost in answers?
#
# The digits network of lesson 20, and the same with both convolutions split: as many filters, trained as long.

# %%
from edgelab import evaluate

digits = data.digits()
pairs = {"standard": models.load("digits_cnn"), "separable": models.load("digits_separable")}
accuracies = {name: evaluate.accuracy(network, digits.test) for name, network in pairs.items()}
rows = []
for name, network in pairs.items():
    counts, found = benchmark.counts(network), accuracies[name]
    shares = [100 * v for v in (found.value, found.low, found.high)]
    rows.append((name, counts.parameters, counts.macs, *shares))
tables.of_rows(("Network", "Weights", "MACs", "Accuracy (%)", "Low (%)", "High (%)"), rows)

# %%
evaluate.paired(accuracies["standard"], accuracies["separable"], digits.test.y)

# %% [markdown]
# **What you can conclude:** what the split changed in *these* answers, image by image. The work fell by a large factor, the weights
# hardly: nearly all of them are in the dense layer, which was not touched.
#
# **What you can't:** that a split costs this much in general. One training, an easy task, 1,000 images. With
# fewer MACs to pay, one can afford more filters: MobileNet does exactly that.
#
# ## The block that MobileNetV2 is made of
#
# Three convolutions: *expand* the channels (1 × 1), *look around* (depthwise), *project* them back (1 × 1, no activation). In most
# blocks a shortcut (*raccourci*) leads around them. Wide inside, narrow outside: an *inverted residual* (*résidu inversé*).

# %%
rows = []
for layer in benchmark.counts(mobile).layers:
    if layer.name.startswith("block_3_") and layer.macs:
        height, width, channels = layer.output_shape
        rows.append((layer.name, f"{height} × {width} × {channels}", layer.parameters, layer.macs))
tables.of_rows(("Layer", "Output", "Weights", "MACs"), rows)

# %% [markdown]
# ### Exercise 3: the weights of a block
#
# Return the weights of the three convolutions: expand, depthwise (3 × 3), project. No biases: what normalises between
# them is not counted.


# %%
def block_weights(channels_in, expansion, channels_out):
    """Return the weights of the expanding, depthwise and projecting convolution."""
    ### BEGIN SOLUTION
    inside = channels_in * expansion
    return channels_in * inside, 9 * inside, inside * channels_out
    ### END SOLUTION


check("23.3 inverted residual", block_weights)

# %%
hint("23.3 inverted residual", 1)
hint("23.3 inverted residual", 2)

# %%
my_block = working("23.3 inverted residual", block_weights, separable.block_weights)
print("by hand:        ", *my_block(24, 6, 32))
print("in the network: ", *(weights for _, _, weights, _ in rows))
all_weights, all_macs = (sum(row[at] for row in rows) for at in (2, 3))
for name, _, own, macs in rows:
    print(f"{name:18}{own / all_weights:5.0%} of the weights,{macs / all_macs:5.0%} of the work")

# %% [markdown]
# Looking around is the smallest part here, in weights and in work; most of both mixes channels. Its part of the *time* may be
# larger: compare the rates above.
#
# ## Two knobs
#
# A whole family comes from one design. The *width multiplier* (*facteur de largeur*) scales the filters of every layer, the
# *resolution* the pixels of the image. Guess first:

# %%
predict("width", "Half the width: how many times smaller is the file?", unit="×", canned=4)
predict("pixels", "Half the resolution: how many times faster?", unit="×", canned=2)

# %%
WHOLE = variants.name_of(1.0, SIZE)
by_width = {alpha: variants.name_of(alpha, SIZE) for alpha in (*WIDTHS, 1.0)}
by_pixels = {pixels: variants.name_of(1.0, pixels) for pixels in (*SMALLER, SIZE)}
settings = [*((alpha, SIZE) for alpha in WIDTHS), *((1.0, pixels) for pixels in SMALLER)]
settings.append((0.75, SMALLER[-1]))  # a little of both
family = {WHOLE: pair["MobileNetV2"]}
for alpha, pixels in settings:
    name = variants.name_of(alpha, pixels)
    variant = models.mobilenet_v2(weights=None, alpha=alpha, size=pixels)
    family[name] = convert.to_tflite(variant, f"{name.replace(' ', '-')}.tflite")
list(family)

# %% [markdown]
# Beside the family stand three other architectures, so that all of them are timed in turn, in one run: SqueezeNet,
# EfficientNet-Lite0 (MobileNet's blocks, arranged by a search) and ResNet50, a large classic with standard convolutions (in the
# profiles `class` and `full`).

# %%
effnet = models.efficientnet_lite0()
others = {
    "SqueezeNet": pair["SqueezeNet"],
    "EfficientNet-Lite0": convert.to_tflite(effnet, "EfficientNet-Lite0.tflite"),
}
if PROFILE != "ci":
    others["ResNet50"] = convert.to_tflite(models.resnet50(weights=None), "ResNet50.tflite")

# %%
from edgelab import runtimes

weights = {"EfficientNet-Lite0": "imagenet"}
candidates = {
    name: runtimes.Candidate(file, weights=weights.get(name, "none"))
    for name, file in {**family, **others}.items()
}
rounds = compare.Limits(min_rounds=4, max_rounds=8, pairs=4, seconds=15)
result = benchmark.compare(candidates, limits=rounds)
half = result[variants.name_of(0.5, SIZE)]["size_file_bytes"]
reveal("width", result[WHOLE]["size_file_bytes"] / half)

# %%
report.sweep(result, {"width": by_width, "resolution": by_pixels}, whole=WHOLE)

# %% [markdown]
# **What you can conclude:** the two knobs do different things. Narrower layers save weights, work and time; smaller images save
# work and time, and *no weight at all*: the same kernels walk over fewer positions. Where the time lies above the
# work, the small variants use the processor less well.
#
# **What you can't:** which variant answers best for its price. That needs trained weights of each, and labelled
# images. The makers' finding: both knobs cost accuracy, little at first.

# %%
from edgelab.reporting import rebase

pixels = variants.name_of(1.0, SIZE // 2)
reveal("pixels", 1 / rebase.seen_from(WHOLE, result).ratio(pixels).value)
halved = rebase.seen_from(WHOLE, result, [variants.name_of(0.5, SIZE)])
report.claim("width-work", halved)

# %% [markdown]
# **What you can conclude:** whether the rule holds for this network. **What you can't:** that its file follows the same rule:

# %%
report.claim("width-size", halved)

# %% [markdown]
# **What you can conclude:** whether the file follows it. **What you can't:** carry either verdict to another network. If both
# fail, look where the rule does not apply. A 1 × 1 convolution has half the channels in *and* half the channels out: a
# quarter. A depthwise one has only half. And the last layer, from 1,280 features to 1,000 classes, keeps its width
# below 1: in the narrow variants it is most of the file.
#
# ### Exercise 4: choose and defend
#
# > **The brief.** A camera needs its answer in at most half the time of the whole MobileNetV2, from a file of at most
# > 12 MB. It must be a MobileNetV2. Of the variants that keep both limits, take the one that does the most work.
#
# Return its name, its latency in ms, its millions of MACs, and one sentence with your reason.

# %%
report.table(result, columns=("latency_ms", "time_gain", "size_file_bytes", "macs", "weights"))


# %%
def choice(result):
    """Return name, latency in ms, million MACs, and the reason."""
    ### BEGIN SOLUTION
    shares = variants.shares_of_time(result, result.reference.name)
    fits = [m for m in result.measurements if m.name.startswith("MobileNetV2")]
    fits = [m for m in fits if shares[m.name] <= 0.5 and m["size_file_bytes"] <= 12e6]
    best = max(fits, key=lambda m: m["macs"])
    reason = "It keeps both limits and does the most work; its accuracy is not measured yet."
    return best.name, best["latency_ms"], best["macs"] / 1e6, reason
    ### END SOLUTION


check("23.4 choice", choice)

# %%
hint("23.4 choice", 1)
hint("23.4 choice", 2)


# %%
def library_choice(found):
    """Return what the library chooses."""
    return variants.choose(found, WHOLE)


name, ms, work, why = working("23.4 choice", choice, library_choice)(result)
print(f"{name}: {ms:.2f} ms, {work:.0f} million MACs. {why}")

# %% [markdown]
# "The most work" is a rule of thumb for good answers, and only *within* a family: other architectures make other use of a MAC,
# and no table here holds accuracies. Does work at least tell the *time* across families?
#
# ## Four architectures side by side

# %%
largest = list(others)[-1]  # the reference
four = rebase.seen_from(largest, result, [WHOLE, *others])
report.table(
    four, columns=("latency_ms", "time_gain", "size_file_bytes", "parameters", "macs", "weights")
)

# %%
report.work_and_time(result)

# %% [markdown]
# **What you can conclude:** look at *Million MACs a ms* in the table below the picture, first along the family, then between the
# four architectures. Where the spread is larger, work tells the time less well. A network above the dashed line needs
# more time for its work than the whole MobileNetV2, one below it less.
#
# **What you can't:** choose by this picture alone. It says nothing about answers, and another processor draws another
# one.
#
# ## What does it see?
#
# EfficientNet-Lite0 has real weights. Float and int8 (lesson 20), on photographs that calibration has not seen:

# %%
prepare = models.preprocessor("efficientnet_lite0")
views = data.crops(n=VIEWS, role="calibration").map(prepare)
namers = {
    "float32": others["EfficientNet-Lite0"],
    "int8": quantize.full_integer(effnet, views, "EfficientNet-Lite0-int8.tflite"),
}


def named(kind, photos):
    """Return the likeliest classes of each photograph, with their probabilities."""
    batch = np.concatenate([prepare(photo.rgb) for photo in photos])
    return models.top(evaluate.predict(namers[kind], batch))


photos = [photo for photo in data.photos() if photo.role == "validation"][:3]
report.pictures(photos, {kind: named(kind, photos) for kind in namers})

# %% [markdown]
# **What you can conclude:** whether both give the answer that you would give, and whether int8 changed it, or only how
# sure it is.
#
# **What you can't:** an accuracy, from a handful of pictures.
#
# ## Your own pictures
#
# They lie in the folder `pictures` of your workspace. If it is empty, the next cell puts three there, and one file that
# only calls itself a picture: folders from real life hold such files.

# %%
from PIL import Image

from edgelab import workspace

folder = workspace.workspace() / "pictures"
folder.mkdir(exist_ok=True)
if not any(folder.iterdir()):
    for photo in data.photos()[3:6]:
        Image.fromarray(photo.rgb).save(folder / f"{photo.name}.jpg", quality=90)
    workspace.atomic_write(
        folder / "half-a-download.jpg", b"\xff\xd8\xff\xe0 and then the line broke"
    )

# %%
from edgelab.errors import EdgelabError

try:
    own = data.pictures(folder)
    print(own)
except EdgelabError as error:
    print(error)

# %% [markdown]
# A file that can't be read stops the work, and is named: a program that leaves it out in silence reports on other
# pictures than you think. Say that you accept it, and the list of what was left out stays with the result.

# %%
own = data.pictures(folder, skip_unreadable=True)
print(own)
shown = own[:6]
report.pictures(shown, {kind: named(kind, shown) for kind in namers})

# %% [markdown]
# **What you can conclude:** on which of your pictures it helps. Try a photograph with several things, or one taken from an odd
# side.
#
# **What you can't:** expect a class that it never learnt. Of its 1,000 classes about 120 are breeds of dogs, and there is no
# giraffe: it knows what was in its training data.
#
# ## What does it say about things it does not know?

# %%
predict("strangers", "How sure is it at most, on things without a class?", unit="%", canned=20)

# %%
digit = data.digits().validation.x[0, ..., 0]
noise = np.random.default_rng(23).integers(0, 256, (224, 224, 3), np.uint8)
large = np.kron(255 * digit, np.ones((8, 8))).astype(np.uint8)
made = {"a digit": np.stack([large] * 3, axis=-1), "noise": noise}
unknown = data.strangers()
unknown += [data.Photo(name, rgb, None, "validation", "made here") for name, rgb in made.items()]
known = [photo for photo in data.photos() if photo.expected]


# %%
def sure(photos):
    """Return how sure the float network is of its first answer to each photograph."""
    firsts = [answers[0] for answers in named("float32", photos)]
    found = []
    for photo, (answer, probability) in zip(photos, firsts, strict=True):
        right = answer in photo.expected if photo.expected else None
        found.append(report.Sure(photo.name, answer, probability, right))
    return found


# %%
groups = {"Things that have a class": sure(known), "Things that have none": sure(unknown)}
reveal("strangers", 100 * max(one.probability for one in groups["Things that have none"]))
report.confidence(groups, threshold=0.5)

# %% [markdown]
# **What you can conclude:** it always answers. Softmax shares 100 % among its 1,000 classes, and none of them means *none of these*. Is there
# a place for the dashed line with all known things right of it and all others left? If not, every threshold
# (*seuil*) makes mistakes of one kind or the other.
#
# **What you can't:** know how often this happens with *your* pictures. Collect strangers from the place where the network will
# work, and measure.
#
# ### Exercise 5: break it and say why
#
# Draw a picture of *no thing*, only lines or patches, with 8 colours at most, of which the network is at least 50 % sure.
# Return it as `uint8`, shape `(size, size, 3)`, and the letter of the reason why it can be so sure:
#
# - a: it only compares its classes: a texture that resembles one more than all others is enough, and *none of these* is no
#   class
# - b: such a thing really is in the picture
# - c: rounding to 8 bits pushed one class up
# - d: the picture has another size than those of the training


# %%
def fool(size):
    """Return a picture of no thing, and the letter of the reason."""
    picture = np.zeros((size, size, 3), np.uint8)
    ### BEGIN SOLUTION
    lines = np.arange(size) % 8 < 2
    picture[lines] = picture[:, lines] = 255
    return picture, "a"
    ### END SOLUTION


check("23.5 fool it", fool)

# %%
hint("23.5 fool it", 1)
hint("23.5 fool it", 2)

# %% [markdown]
# ## Questions

# %%
question("23.q1")

# %%
question("23.q2")

# %%
question("23.q3")

# %%
question("23.q4")

# %% [markdown]
# ## Where to go next
#
# Lesson 20 makes any of these files about four times smaller, lesson 21 cuts filters out of a trained network, and lesson 24 puts all of
# it into one table with answers that count. For the worksheet: three types of architecture with their key characteristics are
# in the table of four. Your guesses, exercises and records:

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("23")
worksheet_progress("23")
