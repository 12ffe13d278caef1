"""A paragraph that can be defended: every figure in it was measured here, and the record is named.

    defend(result, answers, choice, limit_mb=20)

The sentences are built from the comparison and follow its verdicts: where int8 is slower, or where
nothing can be told, they say so. The choice and its reason stand at the end; the student's own are kept
in the journal, the library's are not. Lesson 24.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgelab import workshop
from edgelab.classroom import choices
from edgelab.classroom.cards import Card
from edgelab.classroom.language import N_, _, format_number, with_unit
from edgelab.errors import InputError
from edgelab.records import Comparison, Ratio
from edgelab.reporting import rebase
from edgelab.workshop import Agreement

CHOICE = "24.choice"  # its name in the journal
# The library's own reason, marked for translation (see `workshop.REASON`).
REASON = N_(
    "Of the candidates that fit and were trained, it has the lowest latency; its price in "
    "megabytes and answers is yours to weigh."
)
NO_BREAK_TIMES = "\N{NO-BREAK SPACE}×"


def defend(
    result: Comparison,
    answers: Mapping[str, Agreement],
    choice: tuple[str, float, float, str],
    limit_mb: float,
) -> Card:
    """Return the paragraph that defends a choice, and keep the student's own in the journal.

    Args:
        result: the comparison that was chosen from.
        answers: network → how often its quantized version agrees with its float one; only networks
            with trained weights.
        choice: name, MB to download, milliseconds, and the reason: the student's, or what
            `workshop.choose` returned. Only name and reason are taken from it: the two figures may
            have been typed, and stand here as they were measured.
        limit_mb: the largest download that was allowed.

    Raises:
        InputError: the chosen model, or one of `workshop.WAY`, was not compared.
    """
    name, _typed_mb, _typed_ms, reason = choice
    by_library = reason == REASON
    if name not in result.names:
        raise InputError(f"{name!r} was not compared; these were: {', '.join(result.names)}.")
    chosen = _(
        "Trained candidates that take at most {limit} to download: {count}. I choose {name}: it takes "
        "{size}, and {time} for one image. {reason}"
    ).format(
        limit=with_unit(limit_mb, "MB"),
        count=len(workshop.fitting(result, limit_mb * 1e6)),
        name=f"**{name}**",
        size=_megabytes(result[name]["size_gzip_bytes"]),
        time=_milliseconds(result[name]["latency_ms"]),
        reason=_(REASON) if by_library else str(reason).strip(),
    )
    parts = [
        speed(result),
        [*size(result), *agreement(result, answers)],
        [chosen, *_limits(result)],
    ]
    card = Card(_("A text to defend"), tone="info")
    for sentences in parts:
        card.say(" ".join(sentences))
    paragraph = " ".join(sentence for sentences in parts for sentence in sentences)
    if by_library:
        kept = _("The library chose; once exercise 24.5 passes, your own choice stands here.")
    else:
        kept = choices.kept(CHOICE, result, name, paragraph, reason)
    card.say(kept, quiet=True)
    return card


def speed(result: Comparison) -> list[str]:
    """Return the sentences about time: the headline, its steps, the honest ratio."""
    naive, small = result[workshop.WAY[0]], result[workshop.WAY[-1]]
    (whole,) = rebase.steps(result, [naive.name, small.name])
    call, runtime, network, bits = rebase.steps(result, workshop.WAY)
    (honest,) = rebase.steps(result, [workshop.WAY[2], small.name])
    headline = _(
        "On this machine ({cpu}, one thread) {small} answers in {fast} as a LiteRT file; ResNet50 "
        "through predict() takes {slow}: {gain}."
    ).format(
        cpu=result.machine.get("cpu") or _("unknown processor"),
        small=small.name,
        fast=_milliseconds(small["latency_ms"]),
        slow=_milliseconds(naive["latency_ms"]),
        gain=_gain(whole),
    )
    parts = _(
        "This is the product of four steps: the call {call}, the runtime {runtime}, the architecture "
        "{network}, and the 8-bit numbers {bits}."
    ).format(call=_gain(call), runtime=_gain(runtime), network=_gain(network), bits=_gain(bits))
    equal = _("Between equal runtimes the ratio is {gain}.").format(gain=_gain(honest))
    return [headline, parts, _of_quantization(bits), equal]


def size(result: Comparison) -> list[str]:
    """Return the sentence about file sizes, all of one format."""
    large, small, quantized = (result[name]["size_file_bytes"] for name in workshop.WAY[2:])
    if not (large and small and quantized):
        return []
    text = _(
        "As files of one format, ResNet50 float32 is {whole} as large: {network} from the architecture, "
        "{bits} from the 8-bit numbers."
    )
    return [
        text.format(
            whole=_times(large / quantized),
            network=_times(large / small),
            bits=_times(small / quantized),
        )
    ]


def agreement(result: Comparison, answers: Mapping[str, Agreement]) -> list[str]:
    """Return the sentences about answers, and about networks that have none."""
    text = _(
        "{name}: the int8 version gives the float version's answer on {same} of {total} views of photographs."
    )
    said = [
        text.format(name=name, same=found.same, total=found.total)
        for name, found in answers.items()
    ]
    untrained = sorted({m.name.split()[0] for m in result.measurements if m.weights == "none"})
    if untrained:
        text = _("About the answers of {names} nothing is said: their weights are untrained here.")
        said.append(text.format(names=_(" and ").join(untrained)))
    return said


def _limits(result: Comparison) -> list[str]:
    said = [
        _(
            "All this holds for this machine and one image at a time. How often the answers are right "
            "would need labelled images."
        )
    ]
    if result.busy:
        said.append(_("Other programs were running meanwhile, so the times deserve a repetition."))
    return said


def _of_quantization(bits: Ratio) -> str:
    if bits.verdict == "faster":
        return _("Only the last step may be called quantization.")
    if bits.verdict == "slower":
        return _("Quantization alone made this network slower here.")
    return _("Whether quantization alone changed its speed cannot be told from this run.")


def _gain(ratio: Ratio) -> str:
    """Return a latency ratio as a gain with its interval: "2.4 × (2.1 to 2.7)"."""
    low, high = 1 / ratio.high, (1 / ratio.low if ratio.low > 0 else float("inf"))
    text = _("{value} ({low} to {high})")
    return text.format(
        value=_times(1 / ratio.value), low=format_number(low, 2), high=format_number(high, 2)
    )


def _times(value: float) -> str:
    return format_number(value, 2) + NO_BREAK_TIMES


def _megabytes(value: float | None) -> str:
    return "–" if value is None else with_unit(value / 1e6, "MB")


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else with_unit(value, "ms")
