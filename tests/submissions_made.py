"""A made-up class: students on different machines, their journals, their worksheets; seeded, nothing is timed.

    write_class(folder, 30, seed=1)

The journals are sound chains with the records that the lessons write; the worksheets are filled from them as
a student's is. Some students mistype a figure, leave questions out, copy a journal or a text: `Planted` says who.
"""

from __future__ import annotations

import hashlib
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgelab.classroom import chain
from edgelab.classroom.chain import Entry as Line
from edgelab.classroom.worksheets import answers as kept, filling
from edgelab.classroom.worksheets.answers import Answers, Citation, Entry
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.schema import Schema
from tests import records_made

# Processor, int8 and float instructions, cores, how fast it is, and what int8 gains on it.
MACHINES = (
    ("Intel Core i5-8250U", ["AVX2"], ["FMA"], 4, 1.0, 1.35),
    ("Intel Core i7-1165G7", ["AVX2", "AVX-512 VNNI"], ["AVX-512", "FMA"], 4, 0.6, 3.1),
    ("Intel Core Ultra 5 125H", ["AVX-VNNI", "AVX2"], ["FMA"], 14, 0.5, 2.6),
    ("AMD Ryzen 5 3500U", ["AVX2"], ["FMA"], 4, 1.1, 1.2),
    ("AMD Ryzen 7 7840U", ["AVX2", "AVX-512 VNNI"], ["AVX-512", "FMA"], 8, 0.4, 3.4),
    ("Apple M1", ["NEON dot product"], ["NEON"], 8, 0.45, 2.2),
    ("Apple M3", ["NEON dot product", "NEON i8mm"], ["NEON"], 8, 0.3, 2.9),
    ("Intel Celeron N4020", [], [], 2, 3.5, 0.8),
)
EXERCISES = {
    "00": ("00.1 size",),
    "10": ("10.1 median", "10.2 percentile", "10.3 break it"),
    "20": ("20.1 scale", "20.2 quantize", "20.3 dequantize", "20.4 zero point", "20.5 per channel"),
    "21": ("21.1 mask", "21.2 sparsities"),
    "24": ("24.1 gain", "24.2 factors"),
}
FIRST = [
    "Zoé",
    "Ali",
    "Eve",
    "Léa",
    "Tom",
    "Inès",
    "Hugo",
    "Jade",
    "Noé",
    "Lina",
    "Paul",
    "Anna",
    "Max",
    "Emma",
    "Yanis",
    "Chloé",
    "Théo",
    "Sara",
    "Rémi",
    "Nour",
]
LAST = [
    "Dupont",
    "Martin",
    "Bernard",
    "Petit",
    "Durand",
    "Leroy",
    "Moreau",
    "Simon",
    "Laurent",
    "Lefèvre",
    "Michel",
    "García",
    "Benali",
    "Nguyen",
    "Kowalski",
    "O'Neill",
    "D'Angelo",
    "Çelik",
    "Müller",
    "Da-Silva",
]
_SUBJECTS = {
    "fr": "la quantification|l'élagage|la distillation|le modèle int8|le réseau d'origine|la comparaison|"
    "le fichier compressé|l'inférence par lot|la mémoire vive|le processeur|l'interface|le cache|"
    "le prétraitement|la file d'attente|le chatbot|l'élève",
    "en": "quantization|pruning|distillation|the int8 model|the original network|the comparison|"
    "the compressed file|the batch inference|the memory|the processor|the interface|the cache|"
    "the preprocessing|the queue|the chatbot|the student network",
}
_VERBS = {
    "fr": "réduit|augmente|ne change presque pas|déplace|masque|explique|limite|remplace|double|améliore|"
    "dégrade|stabilise|simplifie|accélère|ralentit|rend mesurable",
    "en": "reduces|raises|hardly changes|moves|hides|explains|limits|replaces|doubles|improves|degrades|"
    "steadies|simplifies|speeds up|slows down|makes measurable",
}
_OBJECTS = {
    "fr": "la taille du fichier|le temps d'une image|la précision sur le test|le nombre de poids|"
    "l'écart entre deux chargements|la consommation d'énergie|le coût d'un appel|le temps de démarrage|"
    "la bande passante nécessaire|le travail de maintenance|l'erreur d'arrondi|le débit du serveur|"
    "la dérive des données|la charge du client|les données personnelles transmises|le budget",
    "en": "the size of the file|the time of one image|the accuracy on the test split|the number of weights|"
    "the spread between two loads|the energy used|the cost of a call|the start-up time|the bandwidth needed|"
    "the work of maintenance|the rounding error|the throughput of the server|the drift of the data|"
    "the load of the client|the personal data sent|the budget",
}
_ENDS = {
    "fr": "comme le montre l'enregistrement {n}|de {n} %|sur mon portable à {n} onglets ouverts|"
    "d'après {n} essais|mais seulement à partir du lot de {n}|sauf pour {n} couches|avec {n} répétitions|"
    "ce que je n'avais pas prédit ({n} %)",
    "en": "as record {n} shows|by {n} %|on my laptop with {n} tabs open|after {n} trials|"
    "but only from a batch of {n} on|except for {n} layers|over {n} repetitions|"
    "which I had not predicted ({n} %)",
}
_WHY = {
    "fr": "car les poids tiennent mieux en cache|parce que le noyau n'existe pas pour ce format|"
    "puisque chaque couche garde son échelle|à cause des conversions entre les couches|"
    "faute d'instructions adaptées|grâce au petit nombre de canaux|tant que la batterie est pleine|"
    "dès que plusieurs requêtes arrivent ensemble|quand l'image est déjà redimensionnée|"
    "alors que la théorie annonçait le contraire|malgré un intervalle assez large|"
    "ce qui change le choix pour un téléphone|sans que l'on puisse conclure pour un serveur|"
    "comme le tableau du cours le laissait prévoir|si l'on ne compte pas le démarrage|selon notre tuteur",
    "en": "because the weights fit into the cache|since no kernel exists for this format|"
    "as each layer keeps its scale|due to conversions between the layers|for lack of fitting instructions|"
    "thanks to the small number of channels|as long as the battery is full|"
    "as soon as several requests come together|when the picture is resized already|"
    "while theory promised the contrary|in spite of a rather wide interval|"
    "which changes the choice for a phone|without a conclusion for a server|"
    "as the table of the course suggested|if start-up is not counted|according to our tutor",
}


@dataclass
class Planted:
    """What was planted in a class, by the students' keys."""

    mistyped: list[str] = field(default_factory=list)
    tampered: list[str] = field(default_factory=list)
    same_journal: list[tuple[str, str]] = field(default_factory=list)
    same_text: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


@dataclass
class Made:
    """One student of the class."""

    name: str
    number: int
    answers: Answers
    lines: list[bytes]

    @property
    def content(self) -> bytes:
        """Return the hand-in."""
        self.answers.journal = [line.decode() for line in self.lines]
        return self.answers.model_dump_json(exclude_none=True).encode()


def names(count: int, rng: random.Random) -> list[str]:
    """Return that many names, no two alike."""
    pairs = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(pairs)
    return [
        pairs[i % len(pairs)] + (f" {i // len(pairs) + 1}" if i >= len(pairs) else "")
        for i in range(count)
    ]


def student(schema: Schema, name: str, number: int, rng: random.Random, size: int = 60) -> Made:
    """Make one student: a journal of about `size` records and a worksheet filled from it."""
    lines, entries = journal(rng, size)
    language = "fr" if rng.random() < 0.7 else "en"
    own = Answers(worksheet=schema.id, schema_hash=schema.hash, language=language)  # type: ignore[arg-type]
    filling.fill(schema, own, entries)
    for place in schema.fields:
        if kept.plain(own.entries.get(place.id)) is None:
            own.entries[place.id] = _written(place, name, rng, language)
    last = entries[-1]
    own.journal_head = Citation(record=last.number or 1, hash=last.hash or "")
    own.saved = (
        f"2026-11-{rng.randint(10, 28)}T{rng.randint(8, 19):02d}:{rng.randint(0, 59):02d}:00+00:00"
    )
    return Made(name, number, own, lines)


def text(rng: random.Random, language: str, sentences: int) -> str:
    """Return sentences that nobody else has written."""
    pools = [pool[language].split("|") for pool in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS, _WHY)]
    written = []
    for _ in range(sentences):
        subject, verb, thing, end, why = (rng.choice(pool) for pool in pools)
        end = end.format(n=rng.randint(2, 97))
        order = rng.choice(
            (f"{subject} {verb} {thing} {end}, {why}", f"{end}, {subject} {verb} {thing} {why}")
        )
        written.append(f"{order[0].upper()}{order[1:]}.")
    return " ".join(written)


def journal(rng: random.Random, size: int = 60) -> tuple[list[bytes], list[Line]]:
    """Return the lines of a sound journal of one machine, and its records."""
    cpu, int8, floats, cores, pace, gain = MACHINES[rng.randrange(len(MACHINES))]
    machine = {"cpu": cpu, "int8": int8, "float": floats, "cores": cores, "system": "made up"}
    records = list(_records(rng, machine, pace, gain))
    fillers = max(0, size - len(records))
    records[3:3] = [_filler(rng, i) for i in range(fillers)]
    lines: list[bytes] = []
    entries: list[Line] = []
    prev = chain.GENESIS
    fingerprint = hashlib.sha256(cpu.encode()).hexdigest()[:12]
    for number, (kind, name, lesson, payload) in enumerate(records, start=1):
        line, entry = chain.encode(
            number=number,
            prev=prev,
            kind=kind,
            name=name,
            payload=payload,
            when=f"2026-11-{1 + number // 10:02d}T{rng.randint(8, 18):02d}:{number % 60:02d}:{rng.randint(0, 59):02d}.{rng.randint(0, 999):03d}+00:00",
            edgelab="0.1.0",
            lesson=lesson,
            profile="class",
            machine=fingerprint,
        )
        lines.append(line)
        entries.append(entry)
        prev = entry.hash or ""
    return lines, entries


def tampered(lines: Sequence[bytes]) -> list[bytes]:
    """Return a journal of which one figure was made nicer by hand."""
    changed = list(lines)
    at = next(i for i, line in enumerate(changed) if b'"kind":"comparison"' in line)
    changed[at] = changed[at].replace(b'"seconds":2.0', b'"seconds":1.0')
    return changed


def make_class(schema: Schema, count: int, seed: int, size: int = 60) -> tuple[list[Made], Planted]:
    """Make a class in which some mistype, leave out, tamper and copy."""
    rng = random.Random(seed)
    planted = Planted()
    made = [
        student(schema, name, 1000 + i, random.Random(f"{seed}-{i}"), size)
        for i, name in enumerate(names(count, rng))
    ]
    for i, one in enumerate(made):
        if i % 10 == 1:
            entry = one.answers.entries["3.tests.load.result"]
            entry.value, entry.typed = 9999.0, "9999"
            planted.mistyped.append(one.name)
        if i % 25 == 7:
            one.lines = tampered(one.lines)
            planted.tampered.append(one.name)
        if i % 25 == 12:
            for name in [n for n in one.answers.entries if n.startswith("5.")]:
                del one.answers.entries[name]
            planted.empty.append(one.name)
        if i % 20 == 3 and i > 3:
            other = made[i - 2]
            one.lines = list(other.lines)
            one.answers.journal_head = other.answers.journal_head
            for name, entry in other.answers.entries.items():
                if entry.measured:
                    one.answers.entries[name] = entry.model_copy(deep=True)
            one.answers.subjects = other.answers.subjects.model_copy()
            planted.same_journal.append((other.name, one.name))
            if other.name in planted.mistyped:  # the wrong figure came along
                planted.mistyped.append(one.name)
        if i % 20 == 5 and i > 5:
            other = made[i - 1]
            for question in ("3.analysis", "6.scenarios"):
                copied = str(other.answers.entries[question].value)
                nearly = copied.replace("est", "reste").replace(" le ", " mon ", 1) + " Voilà."
                one.answers.entries[question] = Entry(value=nearly, typed=nearly)
            one.answers.language = other.answers.language
            planted.same_text.append((other.name, one.name))
    return made, planted


def write_folders(folder: Path, made: Sequence[Made]) -> None:
    """Write a class as Moodle unpacks it: a folder a student."""
    for one in made:
        own = folder / f"{one.name}_{one.number}_assignsubmission_file_"
        own.mkdir(parents=True, exist_ok=True)
        (own / "analysis.json").write_bytes(one.content)


def write_archive(path: Path, made: Sequence[Made]) -> None:
    """Write a class as Moodle's "download all"."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in made:
            name = f"{one.name}_{one.number}_assignsubmission_file_/analysis.json"
            archive.writestr(name, one.content)


def _written(place: Field, name: str, rng: random.Random, language: str) -> Entry:
    value: Any
    if place.id == "general.name":
        value = name
    elif place.form == "date":
        value = f"2026-11-{rng.randint(1, 28):02d}"
    elif place.kind == "choice":
        value = rng.choice(place.options).id
    elif place.kind == "tick":
        value = True
    elif place.kind == "number":
        value = round(rng.uniform(1, 90), 1)
    else:
        value = text(rng, language, 1 + place.lines // 2)
    return Entry(value=value, typed=str(value), when="2026-11-20T10:00:00+00:00")


def _records(
    rng: random.Random, machine: dict[str, Any], pace: float, gain: float
) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    digest = {
        name: hashlib.sha256(rng.randbytes(8)).hexdigest()
        for name in ("float32", "float16", "int8")
    }
    kb = 400_000 + rng.randint(0, 30_000)
    base = pace * rng.uniform(0.9, 1.1)
    models = (
        ("float32", base, kb, 0.95),
        ("float16", base * rng.uniform(0.97, 1.1), kb // 2, 0.95),
        ("int8", base / gain * rng.uniform(0.93, 1.08), kb // 4, 0.94),
    )
    found: list[tuple[str, str, str | None, dict[str, Any]]] = []
    found.append(
        (
            "prediction",
            "10.ratio",
            "10",
            {"text": "?", "value": 2.0, "unit": "×", "source": "typed"},
        )
    )
    for at, lesson in enumerate(("10", "24")):
        measured = [
            records_made.measurement(
                name,
                median * rng.uniform(0.99, 1.01),
                size,
                accuracy=records_made.accuracy(round(1000 * share) - rng.randint(0, 9), 1000),
                artefact_hash=digest[name],
                machine=machine,
                memory_bytes=3 * size + rng.randint(0, 10**5),
            )
            for name, median, size, share in models
        ]
        payload = records_made.comparison(*measured).to_dict() | {"machine": machine, "seed": at}
        found.append(("comparison", "float32 / float16 / int8", lesson, payload))
    for name, median, size, _share in models:
        load = {
            "load_ms": 3 * median * rng.uniform(0.9, 1.1),
            "first_ms": 2 * median,
            "import_ms": 80.0,
        }
        load |= {"peak_bytes": 3 * size, "runtime_bytes": 9 * 10**7, "artefact": digest[name]}
        found.append(("footprint", name, "10", load))
        speed = {b: 1e3 / median * rng.uniform(0.9, 1.3) for b in (1, 2, 4, 8, 16, 32)}
        found.append(
            ("throughput", name, "25", {"images_per_second": speed, "artefact": digest[name]})
        )
        cores = rng.uniform(0.95, 1.0)
        use = {"cores": cores, "threads": 1, "machine_cores": machine["cores"], "runs": 90}
        use |= {
            "cpu_s": cores,
            "wall_s": 1.0,
            "share": cores / machine["cores"],
            "artefact": digest[name],
        }
        found.append(("cpu", name, "10", use))
    for lesson in ("20", "21", "22"):
        parts = [
            ["principle", [text(rng, "fr", 2)]],
            ["advantages", [text(rng, "fr", 1) for _ in range(3)]],
            ["drawbacks", [text(rng, "fr", 1) for _ in range(3)]],
        ]
        found.append(("note", f"{lesson}.part1", lesson, {"parts": parts}))
    for lesson, exercises in EXERCISES.items():
        for name in exercises:
            passed = rng.random() < 0.85
            verdict = {"status": "passed" if passed else "wrong", "passed": passed, "attempt": 1}
            found.append(
                ("exercise", name, lesson, verdict | {"answer": "0" * 16, "source": "..."})
            )
    return found


def _filler(rng: random.Random, i: int) -> tuple[str, str, str | None, dict[str, Any]]:
    if i % 3:
        guess = {
            "text": "How much faster?",
            "value": rng.uniform(1, 9),
            "unit": "×",
            "source": "typed",
        }
        return "prediction", f"20.p{i}", "20", guess
    single = records_made.measurement(
        f"trial {i}", rng.uniform(0.5, 3), 90_000 + rng.randint(0, 99)
    )
    return "measurement", f"trial {i}", "20", single.to_dict()
