"""Keep the French catalogues complete: collect the texts, find what is missing, compile.

    python -m edgelab.classroom.translations

writes every new text into the catalogues (`locale/fr/LC_MESSAGES/…po` of the classroom and of the web
application; to be translated there by hand), drops those that no longer exist, compiles the `.mo` that
programs read, and names what is left to do. The tests call `offenders` and fail on the same list.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from edgelab.classroom.language import DOMAIN
from edgelab.serving import language as serving_language

# What has a catalogue of its own: the folder with the texts, in whose `locale/` it is.
PACKAGES = {
    DOMAIN: Path(__file__).parent,
    serving_language.DOMAIN: serving_language.CATALOGUES.parent,
}
# Pages are templates: the same words mark their texts.
_SOURCES = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
_PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}")
# French puts a no-break space before these, and inside quotation marks.
_BARE_SPACE = re.compile(r"(?<![\u00a0\u202f])[;:!?%»](?=\s|$|[.,)…»])|«(?![\u00a0\u202f])")
_CODE = re.compile(r"`[^`]*`|\{[^{}]*\}|https?://\S+")


def catalogue_path(language: str = "fr", domain: str = DOMAIN) -> Path:
    """Return the path of a language's catalogue; the compiled one has the suffix `.mo`."""
    return PACKAGES[domain] / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def collect(domain: str = DOMAIN) -> dict[tuple[str, str], list[str]]:
    """Return every text that is to be translated, with its plural ("" if none) and its modules."""
    from babel.messages.extract import extract_from_dir

    found: dict[tuple[str, str], list[str]] = {}
    for file, _line, message, _comments, _context in extract_from_dir(
        PACKAGES[domain], method_map=_SOURCES, keywords=_KEYWORDS
    ):
        singular, plural = message if isinstance(message, tuple) else (message, "")
        # Modules without line numbers: a moved line must not change the catalogue.
        modules = found.setdefault((singular, plural), [])
        if file not in modules:
            modules.append(Path(file).as_posix())
    return found


def update(language: str = "fr", domain: str = DOMAIN) -> None:
    """Bring the catalogue up to date with the source and compile it."""
    path = catalogue_path(language, domain)
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    known = {(entry.msgid, entry.msgid_plural): entry for entry in old}
    new = polib.POFile(wrapwidth=98)
    new.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    for (singular, plural), modules in sorted(collect(domain).items(), key=lambda item: item[1]):
        entry = known.get((singular, plural)) or polib.POEntry(msgid=singular, msgid_plural=plural)
        if plural and not entry.msgstr_plural:
            entry.msgstr_plural = {0: "", 1: ""}
        entry.occurrences = [(module, "") for module in sorted(set(modules))]
        new.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.save(str(path))
    new.save_as_mofile(str(path.with_suffix(".mo")))


def offenders(language: str = "fr", domain: str = DOMAIN) -> list[str]:
    """Return what is wrong with a catalogue, each in one sentence; [] when nothing is."""
    path = catalogue_path(language, domain)
    entries = {(entry.msgid, entry.msgid_plural): entry for entry in polib.pofile(str(path))}
    texts = collect(domain)
    found = [
        f"not in the catalogue: {singular!r}" for singular, _p in texts.keys() - entries.keys()
    ]
    found += [f"no longer used: {singular!r}" for singular, _p in entries.keys() - texts.keys()]
    for entry in entries.values():
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            found += [f"{problem}: {entry.msgid!r}" for problem in _faults(entry.msgid, text)]
        if entry.fuzzy:
            found.append(f"marked as uncertain: {entry.msgid!r}")
    compiled = {
        (entry.msgid, entry.msgid_plural): (entry.msgstr, entry.msgstr_plural)
        for entry in polib.mofile(str(path.with_suffix(".mo")))
    }
    written = {key: (entry.msgstr, entry.msgstr_plural) for key, entry in entries.items()}
    if compiled != {key: value for key, value in written.items() if any(value)}:
        found.append("the compiled catalogue is older than its source: run this module")
    return sorted(found)


def _faults(message: str, text: str) -> Iterator[str]:
    if not text.strip():
        yield "not translated"
        return
    wanted, got = (sorted(set(_PLACEHOLDER.findall(part))) for part in (message, text))
    if wanted != got:
        yield f"placeholders {got} instead of {wanted}"
    prose = _CODE.sub("x", text)
    if _BARE_SPACE.search(prose):
        yield "no no-break space beside : ; ! ? % or « »"
    if "'" in prose:
        yield "straight apostrophe instead of ’"


def main() -> int:
    """Update the French catalogues and print what is left to do."""
    left = 0
    for domain in PACKAGES:
        update(domain=domain)
        found = offenders(domain=domain)
        print("\n".join(found) or f"{catalogue_path(domain=domain)} is complete.")
        left += len(found)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
