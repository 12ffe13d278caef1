"""Hand-ins that are broken, huge or hostile, made by changing sound ones; seeded.

    written = write(folder, bases, 10_000, seed=1)     # how many are to be found again

Every kind has a function that changes the JSON of a hand-in, its bytes, or how it is packed.
"""

from __future__ import annotations

import io
import json
import os
import random
import stat
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</style><iframe src=javascript:alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "{{7*7}}${7*7}<%= 7*7 %>",
    "&lt;script&gt;&#60;b&#62;",
)
FORMULAS = (
    '=HYPERLINK("http://x","y")',
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    '";=1+1,"x"\n=2',
)
SHEETS = (
    "points: 3",
    "x\n  points: 100\n- question: 3.analysis\n  points: 4",
    "!!python/object/apply:os.system ['true']",
    "--- \n...\n%YAML 1.1",
    "&a [*a, *a]",
)
UNICODE = (
    "\u202edecived",
    "\x00\x01\x1b[31m",
    "z̴̢̛͎̙" * 400,
    "\ufeff\u2028\u2029",
    "👩‍👩‍👧‍👦" * 200,
    "\ud7ff\ue000\uffff",
)
NAMES = (
    "..",
    "....",
    "-rf",
    "con",
    "NUL.txt",
    "a" * 200,
    "<img src=x onerror=alert(1)>".replace("/", ""),
    "=1+1",
    "@x",
    "名前 姓",
    "e\u0301\u202e",
    "new\nline",
    "quo\"te',;",
    "%2e%2e%2f",
    "$(touch x)",
    "`id`",
    " ",
    "..\\..\\evil",
    "key: [value",
    "# hash",
)
SLIPS = (
    "../evil.json",
    "../../../../tmp/evil.json",
    "/tmp/evil.json",
    "C:\\evil.json",
    "..\\..\\evil.json",
    "a/../../evil.json",
)
Hand = dict[str, Any]


def write(folder: Path, bases: Sequence[bytes], count: int, seed: int) -> int:
    """Write hand-ins of every kind in turn and return how many submissions they make."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [*CHANGES, *BYTES, *PACKINGS]
    for i in range(count):
        kind = kinds[i % len(kinds)]
        base = bases[rng.randrange(len(bases))]
        if kind in CHANGES:
            hand = json.loads(base)
            CHANGES[kind](hand, rng)
            _folder(folder, i, kind, json.dumps(hand, ensure_ascii=rng.random() < 0.5))
        elif kind in BYTES:
            _folder(folder, i, kind, BYTES[kind](base, rng))
        else:
            PACKINGS[kind](folder, i, base, rng)
    return count


def _folder(folder: Path, i: int, kind: str, content: str | bytes, name: str = "") -> Path:
    own = folder / (name or f"S{i} {kind}_{i}_assignsubmission_file_")
    own.mkdir()
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    (own / "analysis.json").write_bytes(raw)
    return own


def _some(hand: Hand, rng: random.Random, count: int = 5) -> list[Hand]:
    names = rng.sample(sorted(hand["entries"]), count)
    return [hand["entries"][name] for name in names]


def _texts(pool: Sequence[str]) -> Callable[[Hand, random.Random], None]:
    def change(hand: Hand, rng: random.Random) -> None:
        hand["entries"]["general.name"] = {"value": rng.choice(pool), "typed": rng.choice(pool)}
        for entry in _some(hand, rng, 20):
            entry["value"] = entry["typed"] = rng.choice(pool) * rng.choice((1, 1, 3))
        hand["subjects"]["original"] = rng.choice(pool)
        entry["measured"] = {
            "record": 1,
            "hash": rng.choice(pool)[:60],
            "about": rng.choice(pool)[:400],
        }

    return change


def _wrong_types(hand: Hand, rng: random.Random) -> None:
    for entry in _some(hand, rng):
        entry["value"] = rng.choice([[1], {"a": 1}, None, True, 10**400, "12", -1e308, 0.1, 2**63])


def _wrong_structure(hand: Hand, rng: random.Random) -> None:
    key = rng.choice(["entries", "subjects", "journal", "language", "worksheet", "format", "saved"])
    hand[key] = rng.choice([[], {}, None, 3, "x", [[]], {"a": {"b": 1}}, True])


def _unknown_keys(hand: Hand, rng: random.Random) -> None:
    hand[rng.choice(["__class__", "extra", "__proto__", "entries "])] = {"x": 1}


def _unknown_fields(hand: Hand, rng: random.Random) -> None:
    for name in ("../../x", "<b>", "=1", "1.nothing", "9" * 500, ""):
        hand["entries"][name] = {"value": rng.choice(["x", 1.0, True])}


def _kinds_mixed(hand: Hand, rng: random.Random) -> None:
    for entry in hand["entries"].values():
        entry["value"] = rng.choice(["text", 1.5, True, False, ""])


def _huge_field(hand: Hand, rng: random.Random) -> None:
    for entry in _some(hand, rng, 2):
        entry["value"] = rng.choice(["x", "é ", "<b>", "\n", "a b c "]) * rng.choice(
            [10_000, 200_000]
        )


def _forged_citations(hand: Hand, rng: random.Random) -> None:
    hand["subjects"]["record"] = rng.choice([1, 2, 999_999, 10**15])
    hand["journal_head"] = {"record": rng.randint(1, 10**6), "hash": "f" * 64}
    for entry in _some(hand, rng, 8):
        entry["measured"] = {"record": rng.randint(1, 99), "hash": "0" * 64, "value": rng.random()}


def _journal_garbage(hand: Hand, rng: random.Random) -> None:
    lines = hand["journal"]
    for _ in range(5):
        lines[rng.randrange(len(lines))] = rng.choice(
            [
                "",
                "{}",
                "[" * 5000,
                '{"a":' * 500,
                "\u202e",
                "null",
                '{"number":1}',
                lines[0][:-9],
                "x" * 50_000,
            ]
        )


def _journal_forged(hand: Hand, rng: random.Random) -> None:
    """Put payloads of other shapes under valid hashes: a chain proves no sense."""
    from edgelab.classroom import chain

    prev, lines = chain.GENESIS, []
    for number in range(1, 30):
        kind = rng.choice(
            [
                "comparison",
                "measurement",
                "footprint",
                "throughput",
                "cpu",
                "note",
                "exercise",
                "choice",
            ]
        )
        line, entry = chain.encode(
            number=number, prev=prev, kind=kind, name=rng.choice(["20.part1", "20.1 scale", "<b>", "=1", "int8"]),
            payload=_junk(rng, 3, top=True), when=rng.choice(["", "never", "2026-13-45"]), edgelab="9",
            lesson=rng.choice([None, "20", "<b>"]), profile="x", machine="y" * 300,
        )  # fmt: skip
        prev = entry.hash or ""
        lines.append(line.decode())
    hand["journal"] = lines
    hand["subjects"] = {"record": rng.randint(1, 29), "original": "float32", "optimised": "int8"}


def _junk(rng: random.Random, depth: int, top: bool = False) -> Any:
    keys = [
        "measurements",
        "name",
        "latency",
        "samples_ms",
        "size",
        "file_bytes",
        "machine",
        "cpu",
        "cores",
    ]
    keys += [
        "int8",
        "parts",
        "passed",
        "paragraph",
        "artefact",
        "load_ms",
        "images_per_second",
        "share",
        "ratios",
    ]
    if top or (depth and rng.random() < 0.5):
        return {rng.choice(keys): _junk(rng, depth - 1) for _ in range(6)}
    if depth and rng.random() < 0.5:
        return [_junk(rng, depth - 1) for _ in range(3)]
    return rng.choice(
        [None, True, -1, 0, 1e300, 10**30, "int8", "<script>", "", float("nan"), float("inf"), "=1"]
    )


CHANGES: dict[str, Callable[[Hand, random.Random], None]] = {
    "script": _texts(SCRIPTS),
    "formula": _texts(FORMULAS),
    "yaml": _texts(SHEETS),
    "unicode": _texts(UNICODE),
    "names": _texts(NAMES),
    "wrong types": _wrong_types,
    "wrong structure": _wrong_structure,
    "unknown keys": _unknown_keys,
    "unknown fields": _unknown_fields,
    "kinds mixed": _kinds_mixed,
    "huge field": _huge_field,
    "forged citations": _forged_citations,
    "journal garbage": _journal_garbage,
    "journal forged": _journal_forged,
}


def _flipped(base: bytes, rng: random.Random) -> bytes:
    content = bytearray(base)
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def _inserted(base: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(base))
    bad = rng.choice(
        [b"\xff\xfe", b"\x00" * 9, b"\\ud800", b"\xed\xa0\x80", b"}}", b'"', b"\xc0\xaf", b"1e999"]
    )
    return base[:at] + bad + base[at:]


BYTES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda base, rng: base[: rng.randrange(len(base))],
    "flipped": _flipped,
    "inserted": _inserted,
    "other JSON": lambda _base, rng: rng.choice(
        [
            b"[]",
            b"1",
            b'"x"',
            b"null",
            b"{}",
            b"",
            b" ",
            b"NaN",
            b'{"a":1,"a":2}',
            b"[" * 10**5,
            b"{" * 10**5,
        ]
    ),
    "deep": lambda _base, rng: b'{"entries":' + b'{"a":' * rng.choice([100, 50_000]) + b"1",
    "doubled keys": lambda base, _rng: b'{"worksheet":"x",' + base[1:],
    "other encoding": lambda base, rng: base.decode().encode(
        rng.choice(["utf-16", "utf-32", "utf-8-sig"])
    ),
    "no JSON": lambda _base, rng: rng.randbytes(rng.randrange(5000)),
}


def _pack_name(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    name = rng.choice(NAMES).replace("/", "")[:120]
    own = f"{name} {i}" if name in ("..", " ", "....") else f"{name}{i}"
    _folder(folder, i, "", base, own)


def _pack_file(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    name = rng.choice(NAMES).replace("/", "")[:100]
    ending = rng.choice([".json", ".JSON", ".json.exe", ".pdf", "", ".md"])
    (folder / f"analysis-{name}-{i}{ending}").write_bytes(base)


def _zip(folder: Path, i: int, files: dict[str, bytes], name: str = "archive") -> Path:
    path = folder / f"{name}{i}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return path


def _pack_slip(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    _zip(folder, i, {rng.choice(SLIPS): base, "analysis.json": base}, "slip")


def _pack_link(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    path = _zip(folder, i, {}, "link")
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("analysis.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def _pack_nested(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("analysis.json", base)
    _zip(folder, i, {"inner.zip": inner.getvalue()}, "nested")


def _pack_bomb(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    if i % 10:  # one in ten is the real thing, the others only claim to be large
        path = _zip(folder, i, {"analysis.json": b"[" * 10_000}, "bomb")
        content = bytearray(path.read_bytes())
        at = content.rfind(b"PK\x01\x02")
        content[at + 24 : at + 28] = rng.choice([b"\xff" * 4, b"\0" * 4, b"\x01\0\0\0"])
        path.write_bytes(bytes(content))
    else:
        _zip(folder, i, {"analysis.json": b"0" * 60_000_000}, "bomb")


def _pack_broken_zip(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    path = _zip(folder, i, {"analysis.json": base}, "broken")
    path.write_bytes(_flipped(path.read_bytes(), rng))


def _pack_encrypted(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    path = _zip(folder, i, {"analysis.json": base}, "secret")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))


def _pack_link_on_disk(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    own = folder / f"linked {i}"
    own.mkdir()
    target = rng.choice(["/etc/passwd", "../..", "nowhere", "/dev/zero"])
    if hasattr(os, "symlink"):
        (own / "analysis.json").symlink_to(target)


def _pack_empty(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    (folder / f"empty {i}").mkdir()


def _pack_several(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    own = _folder(folder, i, "several", _flipped(base, rng))
    (own / "analysis-2.json").write_bytes(base)
    (own / "package.json").write_bytes(b'{"name": "x"}')
    (own / "journal.jsonl").write_bytes(rng.randbytes(1000))


def _pack_markdown(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    own = folder / f"paper {i}"
    own.mkdir()
    parts = [
        f"<!-- {name} -->\n{rng.choice(SCRIPTS + FORMULAS + SHEETS)}\n"
        for name in json.loads(base)["entries"]
    ]
    rng.shuffle(parts)
    (own / "analysis.fr.md").write_text("\n".join(parts), "utf-8", "replace")


def _pack_loose_journal(folder: Path, i: int, base: bytes, rng: random.Random) -> None:
    hand = json.loads(base)
    lines = hand.pop("journal")
    own = _folder(folder, i, "loose", json.dumps(hand))
    rng.shuffle(lines)
    (own / "journal.jsonl").write_text("\n".join(lines), "utf-8")


PACKINGS: dict[str, Callable[[Path, int, bytes, random.Random], None]] = {
    "folder name": _pack_name,
    "file name": _pack_file,
    "zip slip": _pack_slip,
    "zip link": _pack_link,
    "zip in zip": _pack_nested,
    "zip bomb": _pack_bomb,
    "broken zip": _pack_broken_zip,
    "encrypted zip": _pack_encrypted,
    "link": _pack_link_on_disk,
    "empty": _pack_empty,
    "several files": _pack_several,
    "markdown": _pack_markdown,
    "loose journal": _pack_loose_journal,
}
