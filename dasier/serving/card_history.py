"""What a card cannot know when it is built: which version it became, how that was judged, what served when, and why."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dasier import layout
from dasier.errors import Untrusted
from dasier.manifest import verified
from dasier.serving.blocks import Block, Heading, Paragraph, Table
from dasier.words import in_words
from dasier.words.releases import reason, standing, told
from dasier.words.verdicts import measured, plain, summary, title

if TYPE_CHECKING:
    from dasier.releases import Release
    from dasier.serving.service import Service
    from dasier.words import Language

SHOWN = 50
"""So many releases are told, the newest: as many requests to the store at most, and one for the verdict."""

_AT_ONCE = 16

_SAID: dict[Language, dict[str, str]] = {
    "en": {
        "which": "Which version this is",
        "fact": "What",
        "value": "Is",
        "version": "Number",
        "publication": "Published as",
        "built": "Built",
        "key": "Key that signed it",
        "manifest": "SHA-256, manifest",
        "judged": "How version {version} was judged",
        "by": "Judged {when} by {who}.",
        "by_against": "Judged {when} by {who}, against version {against}, which served then.",
        "forced": "It serves although it has no passing verdict: somebody forced it, and the log below says why.",
        "rule": "Rule",
        "result": "Result",
        "found": "What was found",
        "passed": "passed",
        "failed": "FAILED",
        "gate": "In the words of the gate: {detail}",
        "history": "What served when, and why",
        "number": "No.",
        "when": "When",
        "what": "What happened",
        "who": "Who",
        "why": "Why",
        "past": "FORCED, without a passing verdict.",
        "unreadable": "This entry cannot be read.",
        "older": "{count} older entries are not shown here.",
        "all": "The whole log: GET /models/{name}/releases, or dasier releases {name}.",
    },
    "fr": {
        "which": "De quelle version il s’agit",
        "fact": "Quoi",
        "value": "Est",
        "version": "Numéro",
        "publication": "Publiée sous",
        "built": "Construite",
        "key": "Clé qui l’a signée",
        "manifest": "SHA-256, manifeste",
        "judged": "Comment la version {version} a été jugée",
        "by": "Jugée le {when} par {who}.",
        "by_against": "Jugée le {when} par {who}, face à la version {against}, alors en service.",
        "forced": "Elle sert sans avoir été admise\u00a0: quelqu’un l’a imposée, et le journal ci-dessous dit pourquoi.",
        "rule": "Règle",
        "result": "Résultat",
        "found": "Ce qui a été constaté",
        "passed": "respectée",
        "failed": "NON RESPECTÉE",
        "gate": "Message du contrôle, en anglais\u00a0: {detail}",
        "history": "Ce qui a servi, quand et pourquoi",
        "number": "Nº",
        "when": "Quand",
        "what": "Ce qui s’est passé",
        "who": "Qui",
        "why": "Pourquoi",
        "past": "IMPOSÉE, sans avoir été admise.",
        "unreadable": "Cette entrée est illisible.",
        "older": "{count} entrées plus anciennes ne sont pas montrées ici.",
        "all": "Tout le journal\u00a0: GET /models/{name}/releases, ou dasier releases {name}.",
    },
}


def section(service: Service, name: str, head: Release, language: Language) -> list[Block]:
    """Give what a card says of the verdict on the version that serves, and of its model's history.

    Parameters
    ----------
    head : Release
        The newest, whose version the card is of.

    Raises
    ------
    Unavailable
        If the store does not answer.
    Untrusted
        If the manifest was changed since it was first read.
    """
    if head.serving is None:
        return _log(service, name, head, language)
    return [
        *_which(service, name, head.serving, language),
        *_judged(service, name, head.serving, language),
        *_log(service, name, head, language),
    ]


def _which(service: Service, name: str, version: int, language: Language) -> list[Block]:
    """Give what only publishing settled: the version's number, and whose signature it bears."""
    said = _SAID[language]
    manifest = service.manifest(name, version)
    key, digest = _signed(service, name, version)
    facts = {
        "version": str(version),
        "publication": manifest.id,
        "built": f"{_minute(manifest.created)}, {manifest.created_by}",
        "key": key,
        "manifest": digest,
    }
    rows = tuple((said[fact], value) for fact, value in facts.items())
    return [Heading(said["which"]), Table((said["fact"], said["value"]), rows)]


def _signed(service: Service, name: str, version: int) -> tuple[str, str]:
    """Give the id of the key that signed a version's manifest, and the SHA-256 of its bytes."""
    content = service.registry.store.get(layout.manifest(name, version)) or b""
    verified(content, name=name, version=version, trusted=service.registry.trusted)
    return str(json.loads(content)["signature"]["key_id"]), hashlib.sha256(content).hexdigest()


def _judged(service: Service, name: str, version: int, language: Language) -> list[Block]:
    said = _SAID[language]
    blocks: list[Block] = [Heading(said["judged"].format(version=version))]
    try:
        verdict = service.registry.verdict(name, version)
    except Untrusted:
        return [*blocks, Paragraph(said["unreadable"])]
    blocks.append(Paragraph(in_words(summary(verdict), language)))
    if verdict is None or not verdict["passed"]:
        blocks.append(Paragraph(said["forced"]))
    if verdict is None:
        return blocks
    facts = {
        "when": _minute(verdict.get("when")),
        "who": verdict.get("who"),
        "against": verdict.get("against"),
    }
    if facts["who"]:
        blocks.append(Paragraph(said["by_against" if facts["against"] else "by"].format(**facts)))
    rows = tuple(_rule(finding, language) for finding in verdict.get("rules") or ())
    return [*blocks, Table((said["rule"], said["result"], said["found"]), rows)] if rows else blocks


def _rule(finding: dict[str, Any], language: Language) -> tuple[str, str, str]:
    said, passed = _SAID[language], finding["passed"] is True
    found = [in_words(plain(finding), language), in_words(measured(finding), language)]
    if not passed and finding.get("detail"):
        found.append(said["gate"].format(detail=finding["detail"]))
    result = said["passed" if passed else "failed"]
    return in_words(title(finding["rule"]), language), result, " ".join(filter(None, found))


def _log(service: Service, name: str, head: Release, language: Language) -> list[Block]:
    said = _SAID[language]
    numbers = range(head.number, max(0, head.number - SHOWN), -1)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda number: _entry(service, name, number, head), numbers))
    rows = tuple(_release(number, entry, language) for number, entry in zip(numbers, found, strict=True))
    columns = tuple(said[word] for word in ("number", "when", "what", "who", "why"))
    older = head.number - len(numbers)
    rest = [said["older"].format(count=older)] if older else []
    return [
        Heading(said["history"]),
        Paragraph(in_words(standing(head.to_document()), language)),
        Table(columns, rows),
        Paragraph(" ".join([*rest, said["all"].format(name=name)])),
    ]


def _entry(service: Service, name: str, number: int, head: Release) -> Release | None:
    """Give a release; None if it cannot be read, which is no reason to hide the others."""
    return head if number == head.number else service.registry.readable(name, number)


def _release(number: int, entry: Release | None, language: Language) -> tuple[str, ...]:
    said = _SAID[language]
    if entry is None:
        return str(number), "", said["unreadable"], "", ""
    document = entry.to_document()
    what = in_words(told(document), language)
    if entry.forced:
        what = f"{said['past']} {what}"
    return str(number), _minute(entry.when), what, str(entry.who), in_words(reason(document), language)


def _minute(when: object) -> str:
    """Give a time as both languages read it, to the minute."""
    text = str(when or "")
    return f"{text[:10]} {text[11:16]} UTC" if text else "–"
