# %% [markdown]
# # 01 · Why should anybody believe your numbers?
#
# After this lesson you can
# - fill in the analysis worksheet (*fiche d'analyse*) in a form, and see what is missing;
# - say which record (*enregistrement*) a figure comes from, and what happens when you type another one;
# - run the check that your instructor (*enseignant*) will run, and make the file to hand in (*rendre*).
#
# Needs: nothing; lesson 00 shows the journal. Time: see the table in README, measured.
# Feeds the worksheet: *General*, part 3 *Performance measurements*; all later lessons feed it too.
#
# There are three short exercises. Each has two hints, and the lesson goes on where one is not solved.

# %% tags=["parameters"]
PROFILE = "class"

# %%
from edgelab import benchmark, convert, data, models, quantize, workspace
from edgelab.classroom import begin, check, hint, lesson_summary, predict, question, reveal
from edgelab.classroom.worksheets import Worksheet

begin("01", PROFILE)
ws = Worksheet("analysis")
ws.show()

# %% [markdown]
# This is what the course asks of you in the end: what you saw (part 1), a system that you took apart (2), what you measured (3),
# what you would improve (4, 5), and what you learnt (6). Nearly everything is empty. You fill it in as you go through the lessons.
#
# ## A worksheet that fills itself
#
# Two small networks that read digits, one with 32-bit numbers and one with 8-bit numbers (int8, lesson 20). What happens to the worksheet
# if you measure both?

# %%
predict("filled", "How many places will fill themselves?", "places", canned=2)

# %%
digits = data.digits()
baseline = models.load("digits_cnn")
float32 = convert.to_tflite(baseline, "float32.tflite")
int8 = quantize.full_integer(baseline, digits.calibration, "int8.tflite")
if not ws.comparisons():  # else your worksheet goes on speaking of those
    benchmark.compare({"float32": float32, "int8": int8}, on=digits.test)
for file in (float32, int8):
    benchmark.footprint(file)  # loading time and memory
    benchmark.throughput(file)  # batches
    benchmark.cpu_use(file)

# %%
ws.fill()
filled = sum(entry.typed is None for entry in ws.answers.entries.values())
reveal("filled", filled)
ws.show()

# %% [markdown]
# Nobody typed a figure. The worksheet found the records in your journal (*journal*) and took them over. Why so strict? A
# typed number may be misread, remembered wrongly, or wished for. A number with a record can be followed back.
#
# A record holds more than the worksheet asks for. The chart below reads the same record; choose another figure to see:

# %%
from edgelab.classroom.widgets import comparison_chart
from edgelab.records import Comparison

compared = ws.comparisons()[-1]
comparison_chart(Comparison.from_dict(compared.record.payload))

# %% [markdown]
# **What you can conclude:** which of the two is smaller, and which is faster, in this one record. **What you can't:** whether it
# was measured well. That is lesson 10.
#
# ## Follow one figure
#
# From the measurement to the cell (*cellule*), and on to what is calculated from two cells:

# %%
from edgelab.classroom.worksheets.trace import trace

trace(ws, "3.before_after.size.improvement")

# %% [markdown]
# On the left (blue) what stands in the journal, with the number of its record and the beginning of its hash (*empreinte*), a
# fingerprint of everything in the record. On the right (green) what stands in the worksheet. The last box was measured by nobody:
# it follows from two others.
#
# ### Exercise 1: the improvement
#
# Write what the last box computes: how much less it became, in percent of what it was before. What is
# half as large as before has improved by 50.


# %%
def improvement(before, after):
    """Return how much less it became, in percent."""
    ### BEGIN SOLUTION
    return 100 * (before - after) / before
    ### END SOLUTION


check("01.1 improvement", improvement)

# %%
hint("01.1 improvement", 1)
hint("01.1 improvement", 2)

# %% [markdown]
# Yours beside the worksheet's, for every row that has a value before and after:

# %%
from edgelab.classroom import working
from edgelab.classroom.worksheets import agreement
from edgelab.reporting import tables


def library_improvement(before, after):
    """Return what the worksheet computes."""
    return agreement.derived("reduction_percent", before, after)


mine = working("01.1 improvement", improvement, library_improvement)
rows = []
for name in ("size", "latency", "cpu", "memory"):
    cells = [ws.value(f"3.before_after.{name}.{c}") for c in ("before", "after", "improvement")]
    if None not in cells:
        rows.append((name, *cells, mine(*cells[:2])))
tables.of_rows(("", "Before", "After", "Worksheet (%)", "Yours (%)"), rows)

# %% [markdown]
# A negative improvement means: it became worse. It stays in the worksheet, because it is a result like any other.
#
# ## What if you type something else?
#
# You may. Try it on a copy, so that your own worksheet stays as it is. The copy reads the same journal:

# %%
corner = workspace.workspace() / "practice"
(corner / "copy.json").unlink(missing_ok=True)
practice = Worksheet("analysis", path=corner / "copy.json")
practice.fill()
place = "3.tests.size_optimised.result"
practice.answer(place, "16,0 MB")  # a decimal comma is as good as a point
print("stands there:", practice.value(place))

# %%
trace(practice, place)

# %% [markdown]
# Both are kept: what you typed, and what was measured. Then the audit (*contrôle*) speaks. It reads every cell, and holds each
# figure against its record:


# %%
def doubts(sheet):
    """Print what the audit finds besides empty places, the gravest first."""
    found = [finding for finding in sheet.audit().findings if finding.kind != "missing"]
    print(f"{len(found)} found")
    for finding in sorted(found, key=lambda finding: finding.severity)[:3]:
        print(f"- {finding.where}\n  {finding.text}" if finding.where else f"- {finding.text}")


doubts(practice)

# %% [markdown]
# It does not say that you are wrong. It says that two figures differ, and it will say so to your instructor too. Explain the
# difference beside it, or empty the cell.
#
# ### Exercise 2: when do two figures agree?
#
# You may round. So the audit allows a *tolerance*, a share of the recorded figure: with 0.02, a recorded 61 allows 1.22 more
# or less. Careful: an improvement can be negative.


# %%
def agrees(typed, recorded, tolerance):
    """Return True if the typed figure is near enough to the recorded one."""
    ### BEGIN SOLUTION
    return abs(typed - recorded) <= tolerance * abs(recorded)
    ### END SOLUTION


check("01.2 agrees", agrees)

# %%
hint("01.2 agrees", 1)
hint("01.2 agrees", 2)

# %% [markdown]
# Which of these would pass? Yours beside the audit's own function:

# %%
my_agrees = working("01.2 agrees", agrees, agreement.agrees)
recorded = practice.answers.entries[place].measured.value
rows = []
for factor in (0.5, 0.97, 0.99, 1, 1.01, 1.03):
    typed = factor * recorded
    yours, audit = (f(typed, recorded, 0.02) for f in (my_agrees, agreement.agrees))
    rows.append((factor, typed, str(yours), str(audit)))
tables.of_rows(("Times the record", "Typed (MB)", "Agrees, yours", "Agrees, audit"), rows)

# %%
practice.answer(place, "")  # emptied: the measured value comes back
print("stands there:", practice.value(place))

# %% [markdown]
# ## And if you change the record instead?
#
# The journal is a text file, and you can open it. Here is the comparison's line, unpacked. Only the parts that matter now:

# %%
import json

from edgelab.classroom import journal

lines = journal.path().read_text("utf-8").splitlines()
cited = ws.comparisons()[-1].number
at = next(i for i, line in enumerate(lines) if json.loads(line)["number"] == cited)
record = json.loads(lines[at])
second = record["payload"]["measurements"][1]
print("record", record["number"], record["kind"], record["name"])
print("second model:", second["name"], second["size"])
print("hash of the record before:", record["prev"][:10], " own hash:", record["hash"][:10])

# %% [markdown]
# ### Exercise 3: cheat, and say why you are found out
#
# Make the second model's file half as large, in `record["payload"]["measurements"][1]["size"]["file_bytes"]`. Return the changed record,
# and the letter of the reason why this will be found:
#
# - a: the file has a newer date than it should have
# - b: the record no longer fits the hash that it carries
# - c: edgelab keeps a second copy of the journal
# - d: the value is too good to be true


# %%
def edit(record):
    """Return the changed record and a letter."""
    ### BEGIN SOLUTION
    record["payload"]["measurements"][1]["size"]["file_bytes"] /= 2
    return record, "b"
    ### END SOLUTION


check("01.3 edit", edit)

# %%
hint("01.3 edit", 1)
hint("01.3 edit", 2)

# %% [markdown]
# Your change, in a *copy* of the journal, and the same audit with it:

# %%
from edgelab.classroom.journal import Journal


def library_edit(record):
    """Change the size as the exercise asks."""
    record["payload"]["measurements"][1]["size"]["file_bytes"] //= 2
    return record, "b"


changed, letter = working("01.3 edit", edit, library_edit)(json.loads(lines[at]))
forged = corner / "journal.jsonl"
forged.write_text("\n".join([*lines[:at], json.dumps(changed), *lines[at + 1 :], ""]), "utf-8")
doubts(Worksheet("analysis", path=corner / "copy.json", journal=Journal(forged)))

# %% [markdown]
# **What you can conclude:** a record that was edited does not count as evidence any more, and the audit says which one.
#
# **What you can't:** that cheating is impossible. Whoever computes the whole chain (*chaîne*) of hashes anew leaves no trace in the file.
# Against that, instructors measure a few things again. Measuring is less work.
#
# A last case: you got a new laptop, and the journal stayed on the old one. Then nothing is left to follow back:

# %%
nothing = Journal(corner / "new.jsonl")
doubts(Worksheet("analysis", path=corner / "copy.json", journal=nothing))

# %% [markdown]
# Figures whose records are gone, or older than a newer measurement of the same models, are called *stale* (*périmés*). The file that
# you hand in therefore carries the journal with it.
#
# ## Your worksheet
#
# Now yours. On the left the parts, with how much is filled. Choose English or French at the top. Write your name, leave the field, and it
# is saved. Then look at part 3: change the model *after*, and the cells follow.

# %% tags=["result"]
ws.form()

# %% [markdown]
# You can close the notebook at any time. Nothing is kept in the page: the form reads the file again whenever this cell runs. The
# same from code, for those who prefer it; a field's name is its part, its question, its row and its column:

# %%
for name in ("general.name", "1.quantization_principle", "3.tests.load.result", "4.strengths"):
    field = ws.schema.field(name)
    print(f"{name:26}{field.kind:8}{field.label.say('en')} / {field.label.say('fr')}")

# %% [markdown]
# ## On paper, in an editor, in a file
#
# The copy again. As Markdown it can be filled in with any editor, and taken back:

# %%
text_file = practice.export("md")
text = text_file.read_text("utf-8")
print("\n".join(text.splitlines()[:12]))

# %%
marker = "<!-- conclusion.lessons -->"
text_file.write_text(text.replace(marker, f"{marker}\n\nMeasure before you believe.", 1), "utf-8")
print("taken over:", practice.take(text_file))
print("stands there:", practice.value("conclusion.lessons"))

# %%
page = practice.export("html")
handed_in = practice.hand_in(corner / "hand-in.json")
inside = json.loads(handed_in.read_text("utf-8"))
print(f"{page.name}: {page.stat().st_size:,} bytes, to read and print in a browser")
answers, records = len(inside["entries"]), len(inside["journal"])
print(f"{handed_in.name}: {answers} answers, and a journal of {records} records")

# %% [markdown]
# One file with everything: your answers and the records that they cite. `ws.hand_in()` makes yours, and so does the button of the form. Before,
# run the audit: `ws.show()`, or `edgelab check-submission` in a terminal.
#
# ## Complete. And good?
#
# Every place, filled by code on another copy, with words that say nothing:

# %%
(corner / "whole.json").unlink(missing_ok=True)
whole = Worksheet("analysis", path=corner / "whole.json")
whole.fill()
words = {"text": "Something stands here.", "tick": True, "number": 0}
given = {"general.date": "21/11/2026"}
for field in whole.schema.fields:
    if whole.value(field.id) is None and field.id not in given:
        given[field.id] = field.options[0].id if field.options else words[field.kind]
whole.answer(given)
print(f"{len(whole.audit().errors)} things to mend in {len(whole.schema.fields)} places")

# %% [markdown]
# **What you can conclude:** if nothing is to mend, everything is filled, and every figure is the recorded one.
#
# **What you can't:** that it is a good worksheet. The audit counts and compares; it can't read. Points for texts are given by a person.
#
# ## Questions

# %%
question("01.q1")

# %%
question("01.q2")

# %%
question("01.q3")

# %% [markdown]
# ## Where to go next
#
# Every lesson ends with the places that it has filled. Next is lesson 10: the records are safe now, but were they measured well?

# %%
lesson_summary("01")
ws.show()
