# %% [markdown]
# # 21 · How much of a network can be thrown away?
#
# After this lesson you can
# - prune (*élaguer*) a layer by hand, and say which weights go and why these;
# - find out which layer can spare its weights, and share out zeros where they hurt least;
# - say what zeros bring: to the file, to the download, to memory, to time; each with its measurement;
# - make a network really smaller and faster by taking out whole filters, and compare it with a small one.
#
# Needs: lesson 10's idea of a fair comparison; lesson 20 helps. Time: see the table in README, measured.
# Feeds the worksheet: part 1 *Techniques explored* (pruning), part 3 *Performance measurements*
# (original and optimised size, inference time, accuracy before and after).
#
# There are five short exercises. Each has two hints, and the lesson goes on where one is not solved.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import numpy as np

from edgelab import benchmark, convert, data, evaluate, models, prune, report
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal, working
from edgelab.pruning import finetune

begin("21", PROFILE)
# By profile: shares of zeros; epochs of a short and of a long training; shares of filters; epochs
# after cutting filters.
SPARSITIES, SHORT, LONG, FILTERS, REPAIR = {
    "ci": ((0.5, 0.9), 1, 2, (0.5,), 1),
    "class": ((0.5, 0.8, 0.9, 0.95, 0.98), 2, 5, (0.5, 0.75), 3),
    "full": ((0.5, 0.8, 0.9, 0.95, 0.98, 0.99), 2, 20, (0.25, 0.5, 0.75), 10),
}[PROFILE]

# %% [markdown]
# ## Half of it, gone
#
# Here is the network that reads digits, and the same network after one line of code: in every layer, the half of
# the weights (*poids*) that is nearest to 0 was set to 0. No training. What do you expect?

# %%
digits = data.digits()
baseline = models.load("digits_cnn")
half = prune.by_magnitude(baseline, 0.5)
print({name: f"{share:.0%}" for name, share in prune.sparsity(half).items()})

# %%
predict("half_loss", "Half of the weights are 0: how many points are lost?", "points", canned=20)
predict("half_size", "How many times smaller is the file?", unit="×", canned=2)
predict("half_speed", "How many times faster does it read one image?", unit="×", canned=2)

# %%
float32 = convert.to_tflite(baseline, "float32.tflite")
masked = convert.to_tflite(half, "pruned-at-once.tflite")
result = benchmark.compare({"float32": float32, "pruned": masked}, on=digits.test)
report.bars(result, by=("size_file_bytes", "latency_ms"))

# %% [markdown]
# **What you can conclude:** on this machine, whether half of the weights was worth anything in bytes or in time. If
# both pairs of bars are equally long, you have met the first rule of this lesson: *a zero is a number like any other*.
# It takes 32 bits in the file, and the processor multiplies by it.
#
# **What you can't:** that pruning (*élagage*) is useless. Two questions are open: what happened to the answers, and who
# could make use of the zeros.

# %%
before, after = (result[name].accuracy for name in ("float32", "pruned"))
reveal("half_loss", 100 * (before.value - after.value))
reveal("half_size", result["float32"]["size_file_bytes"] / result["pruned"]["size_file_bytes"])
reveal("half_speed", 1 / result.ratio("pruned").value)
print(evaluate.paired(before, after, digits.test.y))

# %% [markdown]
# Half of the weights are gone. How much the network still reads, without any training, you have just seen. Whether training
# can give back what was lost comes below. The lesson is about three things: *which* weights, *how* to take them, and *what for*.
#
# ## Which weights?
#
# The simplest answer: the smallest. *One* weight near 0 adds little to a sum. Thousands of them together may add much: that
# was the loss above. What counts is the *magnitude* (*valeur absolue*), not the sign. The share of zeros is called
# the *sparsity* (*parcimonie*). Sixteen weights of the large dense layer:

# %%
dense = baseline.get_layer("hidden").kernel.numpy()
sixteen = dense[300:316, 0]
print(sixteen.round(3))

# %% [markdown]
# ### Exercise 1: the mask
#
# Write the *mask* (*masque*): True for each weight that stays, False for each that goes. With a sparsity of 0.75, a
# quarter stays, the largest in magnitude. `np.quantile(values, 0.75)` is the number that three quarters of the
# values lie below.


# %%
def mask_of(weights, sparsity):
    """Return True for the weights that stay."""
    ### BEGIN SOLUTION
    return np.abs(weights) > np.quantile(np.abs(weights), sparsity)
    ### END SOLUTION


check("21.1 mask", mask_of)

# %%
hint("21.1 mask", 1)
hint("21.1 mask", 2)

# %% [markdown]
# Your mask on the sixteen weights, and then on all layers of the network, beside the library's `prune.by_magnitude`.
# (Where an exercise is not solved yet, the library stands in.)

# %%
from edgelab import keras
from edgelab.pruning import masks

my_mask = working("21.1 mask", mask_of, masks.largest)
print(np.where(my_mask(sixteen, 0.75), sixteen, 0).round(3))

by_hand = keras.clone(baseline)
for name in prune.layers(by_hand):
    kernel = by_hand.get_layer(name).kernel
    kernel.assign(kernel.numpy() * my_mask(kernel.numpy(), 0.5))
    same = np.array_equal(kernel.numpy(), half.get_layer(name).kernel.numpy())
    print(f"{name:8} {np.prod(kernel.shape):>7,} weights, same zeros as the library: {same}")

# %%
report.weights_going(dense, sparsity=0.5)

# %% [markdown]
# **What you can conclude:** most weights of this layer are small, so the half that goes holds little of the whole (the
# table below the chart says how much stays, as a share of the sum of squares).
#
# **What you can't:** that the network minds as little as the histogram suggests. Ask the network: all layers, more and
# more zeros, no training. These are validation images, because the answers will guide choices.

# %%
from edgelab.reporting import tables

rows = []
for share in (0, 0.5, 0.7, 0.8, 0.9, 0.95):
    found = evaluate.accuracy(prune.by_magnitude(baseline, share), digits.validation)
    rows.append(
        (100 * share, 100 * found.value, f"[{100 * found.low:.0f}, {100 * found.high:.0f}]")
    )
tables.of_rows(("Zeros in every layer (%)", "Accuracy (%)", "95 % interval"), rows)

# %% [markdown]
# Somewhere it breaks. Is it the whole network that breaks, or one layer that takes the others down?
#
# ## Which layer minds?
#
# The layer `hidden` holds nine tenths of all weights. Prune it alone, leave the others whole:

# %%
predict(
    "hidden_loss",
    "90 % zeros in `hidden` alone, no training: how many points are lost?",
    "points",
    canned=10,
)

# %%
scan = prune.scan(baseline, digits.validation)
reveal(
    "hidden_loss",
    100 * (scan.baseline.value - scan["hidden"].at(0.9).accuracy.value),
)
report.pruning_scan(scan)

# %% [markdown]
# **What you can conclude:** look at both panels together. If a layer with few weights falls early, sparing it costs
# hardly any zeros; if the layer with most weights holds out longest, nearly all zeros can come from it. The grey band is what
# so few images can't tell apart.
#
# **What you can't:** add the losses up. Layers were tried one at a time, and without training, which repairs much.
#
# ### Exercise 2: a sparsity for each layer
#
# Choose for each layer 0 or one of `scan.sparsities`, so that at least `target` of *all* weights are zero, with as
# little harm as possible. `for entry in scan:` visits the layers: `entry.layer` is the name, `entry.at(0.9).removed` says how
# many weights went at 0.9, `entry.at(0.9).kl` how far the network's probabilities moved (the *divergence*, which a few
# images settle better than an accuracy). `at` knows the sparsities that were tried; 0 removes nothing. `scan.weights`
# counts all weights.


# %%
import itertools


def choose(scan, target):
    """Return {layer: sparsity}: at least `target` of all weights zero, the sum of kl small."""
    ### BEGIN SOLUTION
    best, least = {}, float("inf")
    for shares in itertools.product((0, *scan.sparsities), repeat=len(scan)):
        points = [entry.at(s) for entry, s in zip(scan, shares, strict=True) if s]
        harm = sum(point.kl for point in points)
        if sum(point.removed for point in points) >= target * scan.weights and harm < least:
            best, least = {e.layer: s for e, s in zip(scan, shares, strict=True)}, harm
    return best
    ### END SOLUTION


check("21.2 sparsities", choose)

# %%
hint("21.2 sparsities", 1)
hint("21.2 sparsities", 2)

# %% [markdown]
# The same number of zeros, shared out in two ways: every layer alike, and your choice. Still no training.

# %%
my_shares = working("21.2 sparsities", choose, prune.propose)(scan, 0.9)
print({name: f"{share:.0%}" for name, share in my_shares.items()})
rows, found = [], {}
for name, shares in (("every layer alike", 0.9), ("chosen by the scan", my_shares)):
    pruned = prune.by_magnitude(baseline, shares)
    found[name] = evaluate.accuracy(pruned, digits.test)
    rows.append((name, 100 * prune.sparsity(pruned)["all"], 100 * found[name].value))
print(evaluate.paired(*found.values(), digits.test.y))
tables.of_rows(("Zeros", "Of all weights (%)", "Accuracy on test (%)"), rows)

# %% [markdown]
# If the second row is much better, the scan was worth its seconds: same zeros, other places. If it is not, then the
# harms did not add up as the scan assumed.
#
# ## Little by little
#
# A network that loses weights can learn to live without them, if it is *trained on* and given time. So nobody prunes
# at once: the sparsity grows while training goes on. TensorFlow's toolkit (tfmot) lets it grow along a cubic curve:
# what is still missing shrinks with the cube of the time that is left. With a final sparsity of 0.9, half-way there the
# missing part is 0.9 · 0.5³.
#
# ### Exercise 3: the schedule
#
# Write the sparsity at a training step (*pas d'apprentissage*). At step 0 it is 0, from step `last` on it is `final`.


# %%
def sparsity_at(step, last, final):
    """Return the share of zeros at a training step."""
    ### BEGIN SOLUTION
    left = 1 - min(1, step / last)
    return final * (1 - left**3)
    ### END SOLUTION


check("21.3 schedule", sparsity_at)

# %%
hint("21.3 schedule", 1)
hint("21.3 schedule", 2)

# %%
my_schedule = working("21.3 schedule", sparsity_at, prune.cubic)
tfmot = keras.tfmot().sparsity.keras.PolynomialDecay(0, 0.9, 0, 200)
apart = [abs(my_schedule(step, 200, 0.9) - float(tfmot(step)[1])) for step in range(0, 300, 20)]
print(f"yours and tfmot's differ by {max(apart):.6f} at most")

cubic = [my_schedule(step, 200, 0.9) for step in range(300)]
straight = [0.9 * min(1, step / 200) for step in range(300)]
report.pruning_schedule({"cubic": cubic, "straight": straight})

# %% [markdown]
# **What you can conclude:** the cubic curve takes most weights early, when there are plenty of useless ones and time to
# recover, and the last ones slowly. After the curve's end only repair goes on.
#
# **What you can't:** that the cubic is best. It is a good habit; what matters more comes soon.
#
# Who sets the zeros again after each training step? The toolkit wraps (*envelopper*) each layer for that:

# %%
toolkit = keras.tfmot().sparsity.keras
wrapped = toolkit.prune_low_magnitude(keras.clone(baseline))
stripped = toolkit.strip_pruning(wrapped)
for name, network in (("plain", baseline), ("wrapped", wrapped), ("stripped", stripped)):
    print(f"{name:9}{network.count_params():10,} numbers in the network")

# %% [markdown]
# The wrapper keeps a mask beside each kernel, one number a weight, and the border below which weights go. A network that is
# exported with them carries all that along. *Strip* (*retirer l'enveloppe*) takes the wrappers off before export; the zeros stay
# where they are. `prune.gradually` wraps, trains and strips in one call.
#
# ## From half to almost all, twice
#
# Two ways, with the same tool:
# - *naive*: every layer alike, a short training, as the toolkit's first example does it;
# - *careful*: the first and the last layer spared, and a longer training.

# %%
predict(
    "naive_loss",
    f"The naive way with {SPARSITIES[-1]:.0%} zeros: how many points are lost?",
    "points",
    canned=20,
)

# %%
naive, careful = {}, {}
for share in SPARSITIES:
    naive[share] = prune.gradually(baseline, digits, share, epochs=SHORT)
    spared = prune.sparing_ends(baseline, share)
    careful[share] = prune.gradually(baseline, digits, spared, epochs=LONG)

# %%
from edgelab import size

curves = {"naive": {0: before}, "careful": {0: before}}
sizes = {0: {"file": size.of(float32).file_bytes, "gzip": size.of(float32).gzip_bytes}}
for share in SPARSITIES:
    curves["naive"][share] = evaluate.accuracy(naive[share], digits.test)
    curves["careful"][share] = evaluate.accuracy(careful[share], digits.test)
    found = size.of(convert.to_tflite(careful[share], f"pruned-{share}.tflite"))
    sizes[share] = {"file": found.file_bytes, "gzip": found.gzip_bytes}
reveal("naive_loss", 100 * (before.value - curves["naive"][SPARSITIES[-1]].value))
report.sparsity_ladder(curves, sizes)

# %% [markdown]
# **What you can conclude:** left, how far each way follows; where the intervals overlap, the test images can't tell them
# apart. Right, that the file stays as it was while its compressed size falls: gzip finds the zeros, the file format does
# not look for them.
#
# **What you can't:** say which of the two changes saved the careful way. There were two at once, and with its ends whole it
# keeps more weights at the same place of the axis. So try each alone:

# %%
most = SPARSITIES[-1]
spared = prune.sparing_ends(baseline, most)
ways = {
    ("short", "all layers"): naive[most],
    ("short", "ends spared"): prune.gradually(baseline, digits, spared, epochs=SHORT),
    ("long", "all layers"): prune.gradually(baseline, digits, most, epochs=LONG),
    ("long", "ends spared"): careful[most],
}

# %%
rows = []
for (training, where), model in ways.items():
    found = evaluate.accuracy(model, digits.test)
    interval = f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"
    left = round((1 - prune.sparsity(model)["all"]) * scan.weights)
    rows.append((training, where, left, 100 * found.value, interval))
tables.of_rows(("Training", "Pruned", "Weights left", "Accuracy (%)", "95 % interval"), rows)

# %% [markdown]
# Compare the rows in pairs: what does time bring, what does sparing the ends bring, and are both needed? Sparing the ends
# costs few zeros, but compare *Weights left*: at such a sparsity those few are a large part of what remains. The pairs
# differ in that as well.
#
# ## Four sizes
#
# Which sizes did zeros change? Here are all four of lesson 10, for the careful networks. The last row is a file of
# another kind: it stores only the weights that are not zero, and where they are (*format creux*).

# %%
pruned_files = {f"pruned {100 * s:g} %": f"pruned-{s}.tflite" for s in SPARSITIES}
candidates = {"float32": float32, **pruned_files}
candidates["pruned, sparse file"] = prune.to_sparse_tflite(careful[most], "sparse.tflite")
ladder = benchmark.compare(candidates, on=digits.test)
report.table(
    ladder,
    columns=("size_nominal_bytes", "size_memory_bytes", "size_file_bytes", "size_gzip_bytes"),
)

# %% [markdown]
# In the ordinary files only *compressed* falls: every zero is stored and loaded. The sparse file leaves zeros out, so it is
# smaller itself, and so is its *nominal* size: the weights that are left, and their places. *Memory* falls only for layers
# that compute with their weights as they are stored; others unpack the zeros first (you will see which). Why not always
# store a list of places? Because a place costs bits as well:

# %%
rows = []
for share in (0, 0.3, 0.5, 0.8, 0.9, 0.98):
    stored = masks.sparse_bytes(dense * masks.largest(dense, share))
    rows.append((100 * share, *(stored[form] / 1000 for form in ("dense", "bitmap", "list"))))
tables.of_rows(
    ("Zeros (%)", "Every weight (kB)", "Bitmap + weights (kB)", "Places + weights (kB)"),
    rows,
    caption=f"The layer `hidden`, {dense.size:,} weights of 32 bits: computed, not measured.",
)

# %% [markdown]
# A bitmap has one bit for each weight: *zero* or *not*. Compare each row with its first figure: where does the bitmap begin to
# pay, where the list? And where does the list overtake the bitmap?
#
# ## And the time?

# %%
report.bars(ladder, by=("latency_ms", "accuracy"))

# %% [markdown]
# **What you can conclude:** whether any of these networks is faster than the whole one *here*, in this runtime. Masked
# networks in a dense file run on dense kernels, which multiply by zeros like by any number. And the sparse file? Its
# operators tell:
#
# **What you can't:** carry over what you see to larger networks; here one dense layer holds nearly all weights.

# %%
from edgelab.files import tflite

operators = tflite.read(candidates["pruned, sparse file"]).operators
print(" → ".join(operator.kind for operator in operators))

# %% [markdown]
# `DENSIFY` unpacks the weights of the layer after it before they are used: no time is won there. A dense layer
# (`FULLY_CONNECTED`) *without* a `DENSIFY` before it reads its weights as they are, and LiteRT has a kernel for it that jumps
# from one weight to the next. Jumping costs time too, so it can pay only where nearly everything is zero.
#
# Zeros help a machine that knows beforehand where they are. So let us give them an order. Three kernels, half of
# each zero:

# %%
from edgelab.pruning import structured

two_four = prune.two_of_four(baseline, digits, epochs=SHORT, rate=2e-3)
conv2 = baseline.get_layer("conv2").kernel.numpy()
weak = np.argsort(structured.l1_norm(conv2))[: conv2.shape[-1] // 2]
without_weak = conv2.copy()
without_weak[..., weak] = 0
report.zero_patterns(
    {
        "single weights": half.get_layer("conv2").kernel.numpy(),
        "2 of 4": two_four.get_layer("conv2").kernel.numpy(),
        "whole filters": without_weak,
    }
)

# %% [markdown]
# **What you see:** left no order at all. In the middle the *2:4 pattern*: of every four inputs at most two are not zero.
# NVIDIA's tensor cores have circuits for exactly this since 2020; your processor has none. On the right whole *filters*
# (*filtres*) are empty, and what is empty need not be there.
#
# **What you can't see:** what each costs in accuracy. Expected: the freer the choice, the better the weights that stay. The table
# of losses below tells. For it, the network with single zeros is the naive one, trained as long as the one with 2:4.
#
# ## Whole filters
#
# A filter is one output channel. Take it out, and the kernel gets smaller; but the next kernel reads that channel, so
# it loses an input. No zeros are left: both are ordinary, smaller kernels.
#
# ### Exercise 4: take filters out
#
# Kernels have the shape (height, width, inputs, filters). `keep` holds the numbers of the filters that stay. Return
# the two kernels, each without what is no longer needed.


# %%
def without(kernel, next_kernel, keep):
    """Return a kernel without some filters, and the next one without the inputs they were."""
    ### BEGIN SOLUTION
    return kernel[..., keep], next_kernel[:, :, keep]
    ### END SOLUTION


check("21.4 filters", without)

# %%
hint("21.4 filters", 1)
hint("21.4 filters", 2)


# %% [markdown]
# Half of the first layer's filters, those with the smallest weights (sum of magnitudes, the *L1 norm*): your two kernels
# beside those of the library. It has more to cut: biases, batch normalisation, the dense layer behind `Flatten`; and
# where branches are added (ResNet8), channels that meet must go together.


# %%
def library_cut(kernel, next_kernel, keep):
    """Return both kernels, cut."""
    return kernel.take(keep, axis=3), next_kernel.take(keep, axis=2)


conv1 = baseline.get_layer("conv1").kernel.numpy()
strong = np.sort(np.argsort(structured.l1_norm(conv1))[conv1.shape[-1] // 2 :])
mine = working("21.4 filters", without, library_cut)(conv1, conv2, strong)
cut = structured.filters(baseline, {"conv1": 0.5})
for name, kernel in zip(("conv1", "conv2"), mine, strict=True):
    same = np.array_equal(kernel, cut.get_layer(name).kernel.numpy())
    print(f"{name}: {kernel.shape}, same as the library's: {same}")
for group in structured.groups(models.resnet8()):
    print("ResNet8, these go together:", ", ".join(group.layers))

# %% [markdown]
# Now for real: filters and dense units of all layers, then a few epochs of repair (*fine-tuning*, *ajustement fin*). And
# a control: a network of the *same small shape*, trained from scratch (*à partir de zéro*) on the same images. It gets as many
# epochs as the other had in all: those of the large network, then those of the repair. If it does as well, was the large
# network needed to find the small one?

# %%
predict("filters_speed", "Without half of all filters: how many times faster?", "×", canned=2)

# %%
small = {"float32": float32, f"pruned {100 * most:g} %": pruned_files[f"pruned {100 * most:g} %"]}
small["pruned, sparse file"] = candidates["pruned, sparse file"]
small["pruned 50 %, single"] = convert.to_tflite(naive[0.5], "single-half.tflite")
small["pruned 2:4"] = convert.to_tflite(two_four, "two-of-four.tflite")

# %%
for share in FILTERS:
    cut = structured.filters(baseline, share)
    widths = [cut.get_layer(name).filters for name in ("conv1", "conv2")]
    fresh = models.digits_cnn(filters=widths, hidden=cut.get_layer("hidden").units, seed=1)
    repaired = finetune.train(cut, digits, epochs=REPAIR)
    # As the large network was trained, and then as the cut one was repaired.
    scratch = finetune.train(fresh, digits, epochs=models.usual_epochs(), rate=2e-3)
    scratch = finetune.train(scratch, digits, epochs=REPAIR)
    percent = f"{100 * share:g} %"
    small[f"pruned filters {percent}"] = convert.to_tflite(repaired, f"filters-{share}.tflite")
    small[f"scratch, as {percent}"] = convert.to_tflite(scratch, f"scratch-{share}.tflite")

# %%
structure = benchmark.compare(small, on=digits.test)
reveal("filters_speed", 1 / structure.ratio("pruned filters 50 %").value)
report.bars(structure, by=("latency_ms", "size_file_bytes"))

# %% [markdown]
# **What you can conclude:** which networks are faster than the whole one here, and smaller without any compression. Smaller
# kernels need no special file, and other runtimes need no special support for them, though thin layers may gain less there.
#
# **What you can't:** read from speed whether they are still good. Accuracies, image by image against the whole network (*single*
# and *2:4* have about as many zeros; without half of its filters a network has lost more than half of its weights):

# %%
report.losses(structure, digits.test.y)

# %%
for share in FILTERS:
    pair = [structure[f"{kind} {100 * share:g} %"] for kind in ("scratch, as", "pruned filters")]
    epochs = models.usual_epochs() + REPAIR
    print(f"{share:.0%} cut instead of trained from scratch, {epochs} epochs each:")
    print("  ", evaluate.paired(pair[0].accuracy, pair[1].accuracy, digits.test.y))

# %% [markdown]
# The last lines compare *pruned filters* with *scratch* in the same shape, after equally many epochs. *Cannot tell*: these
# images show no advantage of starting from the large network; the interval says how large a hidden one could be. *Better*:
# cutting was worth it. *Worse*: training the small one was. Whether the small one is *enough* is the row *scratch* in the
# table above, against the whole network. Each is one network from one seed, and the interval holds other images but not
# other seeds (lesson 22 trains several).
#
# ## Zeros and int8 together
#
# Zeros show in the download, so add what lesson 20 brought: int8, on top of the careful networks.

# %%
predict(
    "download",
    f"{most:.0%} zeros and int8, both compressed: how many times smaller than float32?",
    unit="×",
    canned=8,
)

# %%
from edgelab import quantize

both = {"float32": float32}
both["int8"] = quantize.full_integer(baseline, digits.calibration, "int8.tflite")
for share in SPARSITIES[-2:]:
    name = f"pruned {100 * share:g} % int8"
    both[name] = quantize.full_integer(careful[share], digits.calibration, f"{share}-int8.tflite")
download = benchmark.compare(both, on=digits.test)
reveal("download", size.of(float32).gzip_bytes / size.of(both[name]).gzip_bytes)
report.table(download, columns=("size_file_bytes", "size_gzip_bytes", "gzip_reduction", "accuracy"))

# %%
whole, zeros = sizes[0]["gzip"], sizes[most]["gzip"]
bits, together = (size.of(both[kind]).gzip_bytes for kind in ("int8", name))
print(f"zeros alone: {whole / zeros:.1f} times smaller; int8 alone: {whole / bits:.1f} times")
product = (whole / zeros) * (whole / bits)
print(f"multiplied: {product:.1f} times; both together, measured: {whole / together:.1f} times")

# %% [markdown]
# The two savings nearly multiply, as far as the lines above show. They are of different kinds: int8 makes each weight shorter,
# zeros make it predictable. Both sides are compressed here; against an *uncompressed* float file the ratio would look better still,
# and mean less. What did it cost?

# %%
report.losses(download, digits.test.y)

# %% [markdown]
# ## One doubt: is a small weight an unimportant one?
#
# Everything above rests on magnitude. It is a rule of thumb, and you can break it.
#
# ### Exercise 5: break it, and say why
#
# Two dense layers with a ReLU between them: `np.maximum(images @ first, 0) @ second`. Pruned to a half, they answer
# nearly as before. Change both kernels so that they give **the same answers**, but pruning `first` to a half destroys
# them. Return both, and the letter of the reason:
#
# - a: float numbers lose small values
# - b: weights that have become large can't be pruned
# - c: a half is too much for any network
# - d: magnitude says how large a weight is, not what the network makes of it


# %%
def disguise(first, second):
    """Return both kernels, changed but with the same answers, and the letter of the reason."""
    ### BEGIN SOLUTION
    importance = np.abs(first).mean(axis=0) ** 2
    return first / importance, second * importance[:, None], "d"
    ### END SOLUTION


check("21.5 disguise", disguise)

# %%
hint("21.5 disguise", 1)
hint("21.5 disguise", 2)

# %% [markdown]
# Trained networks are rarely that mean: training keeps weights of a layer at a similar scale. Where it does not (batch
# normalisation may scale filters apart), better measures than magnitude exist; they ask what the *loss* would do.
#
# ## The claims
#
# > Claim: "Pruning halves the size and speeds up inference."
#
# Two claims in one sentence. All measurements of this lesson, judged:

# %%
rows = []
for name, found in (
    ("pruning-size", structure),
    ("pruning-speed", structure),
    ("filters-speed", structure),
    ("pruning-loss", ladder),
    ("pruning-download", download),
):
    for pair in report.claim(name, found).pairs:
        unit = "points lost" if name == "pruning-loss" else "times"
        rows.append((name, pair.candidate, pair.value, unit, pair.verdict))
columns = ("Claim", "Network", "Measured", "Unit", "Verdict here")
tables.of_rows(columns, rows, write={"Measured": "{:.2f}".format})

# %%
report.claim("pruning-speed", structure)

# %% [markdown]
# **What you can conclude:** the sentence is about different things. Single zeros make the *download* smaller, and the file
# too if it is a sparse one; missing filters make the file smaller, and save time here as far as *filters-speed* holds. Other
# runtimes need no special support for that, though thin layers may gain less. Whoever says *pruning* should say which.
#
# **What you can't:** that zeros never save time: the sparse file's dense layer may, and there is hardware for 2:4. Ask
# for the machine, the kernel and the pattern.
#
# ## In your own words
#
# For part 1 of the worksheet: the principle (*principe*) in two sentences, three advantages (*avantages*) and three
# drawbacks (*inconvénients*) *that you saw*, each with its number. Type no number: take it from this run, as in
# `f"The download is {seen['download']:.1f} times smaller."`

# %%
seen = {
    "download": whole / zeros,
    "download with int8": whole / together,
    "file": sizes[0]["file"] / sizes[most]["file"],
    "as fast, half of the weights": 1 / result.ratio("pruned").value,
    "as fast, half of the filters": 1 / structure.ratio("pruned filters 50 %").value,
    "points lost, careful": 100 * (before.value - curves["careful"][most].value),
    "points lost, naive": 100 * (before.value - curves["naive"][most].value),
}
{name: round(value, 2) for name, value in seen.items()}

# %%
principle = (
    ### BEGIN SOLUTION
    "Weights near 0 add little to a sum, so they are set to 0, little by little, while training "
    "goes on and the others take over. Whole filters can be taken out as well."
    ### END SOLUTION
)
advantages = [
    ### BEGIN SOLUTION
    f"With {most:.0%} zeros the compressed file is {seen['download']:.1f} times smaller.",
    f"Zeros and int8 together: {seen['download with int8']:.1f} times smaller.",
    f"Without half of its filters it is {seen['as fast, half of the filters']:.2f} times as fast.",
    ### END SOLUTION
]

# %%
from edgelab.classroom import note

drawbacks = [
    ### BEGIN SOLUTION
    f"An ordinary file stores its zeros: uncompressed, {seen['file']:.2f} times smaller.",
    f"Single zeros, half of all: {seen['as fast, half of the weights']:.2f} times as fast.",
    f"Pruned in a hurry, {most:.0%} zeros cost {seen['points lost, naive']:.1f} points.",
    ### END SOLUTION
]
note("21.part1", principle=principle, advantages=advantages, drawbacks=drawbacks)

# %% [markdown]
# ## Questions

# %%
question("21.q1")

# %%
question("21.q2")

# %%
question("21.q3")

# %%
question("21.q4")

# %% [markdown]
# ## Where to go next
#
# Next is lesson 22, distillation: a small network that learns from a large one instead of being cut out of it. Lesson 24
# adds clustering (*partage de poids (regroupement)*) and puts the techniques together; lesson 25 asks why something is not faster.

# %%
from edgelab.classroom import worksheet_progress

lesson_summary("21")
worksheet_progress("21")
