"""A report as a page: what has drifted, since when and how far, and how good the answers are; English or French.

It runs nothing and fetches nothing, and is made by numpy and the standard library alone, so that the monitor writes it where
models are served. It is built as a tree of elements, never of strings: whatever a name holds, it is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from dasier.drift import charts
from dasier.drift.report import first_days
from dasier.drift.tally import total
from dasier.words import MEASURES, SHARES, in_words, number, percent, whole
from dasier.words.drift import LEVELS, NOT_ESTIMATED, REPORT, TESTS
from dasier.words.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dasier.drift.report import Report
    from dasier.words import Language

SPREADS = 4
"""So many columns are drawn at most: those that are worst."""

LETTERS = 120
"""Of a column's name: a longer one would be a page by itself, and is told apart by so many."""

_STYLE = Path(__file__).with_name("page.css")


class Writer:
    """Adds elements to a page, in one language."""

    def __init__(self, body: ET.Element, language: Language) -> None:
        self.body, self.language = body, language
        self._said = REPORT[language]

    def say(self, key: str, **facts: object) -> str:
        """Give a phrase."""
        return self._said[key].format(**facts)

    def text(self, tag: str, words: str, **attributes: str) -> None:
        """Add an element with words in it."""
        element(self.body, tag, words, **attributes)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table that scrolls by itself on a narrow screen."""
        frame = element(self.body, "div", **{"class": "scroll", "tabindex": "0"})
        made = element(frame, "table")
        head = element(element(made, "thead"), "tr")
        for title in heads:
            element(head, "th", title)
        lines = element(made, "tbody")
        for row in rows:
            line = element(lines, "tr")
            for cell in row:
                element(line, "td", cell)


def element(parent: ET.Element, tag: str, words: str | None = None, **attributes: str) -> ET.Element:
    """Add an element, with characters that no page may hold left out."""
    made = ET.SubElement(parent, tag, attributes)
    if words is not None:
        made.text = one_line(words)
    return made


def page(report: Report, language: Language) -> bytes:
    """Give a report as a whole page of HTML."""
    document = report.document
    root = ET.Element("html", {"lang": language})
    head = element(root, "head")
    element(head, "meta", charset="utf-8")
    element(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    element(head, "meta", name="color-scheme", content="light")
    writer = Writer(element(element(root, "body"), "main"), language)
    title = writer.say("title", name=document["name"], version=document["version"])
    element(head, "title", title)
    element(head, "style").text = _STYLE.read_text()
    writer.text("h1", title)
    _head(writer, document)
    _moved(writer, document)
    _quality(writer, document)
    _spreads(writer, report)
    _days(writer, document)
    _unwatched(writer, document)
    return b"<!doctype html>\n" + ET.tostring(root, encoding="unicode", method="html").encode()


def _name(writer: Writer, finding: Mapping[str, Any]) -> str:
    name = charts.short(str(finding["name"]), LETTERS)
    return writer.say("output", name=name) if finding["key"] == "output" else name


def _head(writer: Writer, document: Mapping[str, Any]) -> None:
    told, language = document["counts"], writer.language
    counted = {key: whole(n, language) for key, n in told.items()}
    span = {key: document[key][:16].replace("T", " ") for key in ("since", "until")}
    writer.text("p", writer.say("span", **span, **counted))
    if told["blocks"]:
        writer.text("p", writer.say("blocks", **counted))
    alarmed = [_name(writer, one) for one in document["findings"] if one["alarmed"]]
    verdict = writer.say("drifted", names=", ".join(alarmed)) if alarmed else writer.say("quiet")
    writer.text("p", verdict, **{"class": "alarm" if alarmed else "calm"})
    if document["quality"]["worse"]:
        writer.text("p", writer.say("worse"), **{"class": "alarm"})
    if told["rows"] < document["rules"]["least_rows"]:
        writer.text("p", writer.say("few", least=whole(document["rules"]["least_rows"], language)))
    if told["asked"] > told["rows"]:
        writer.text("p", writer.say("held", **counted))
    if told["refused"] or told["failed"]:
        writer.text("p", writer.say("refused", **counted))
    for version, requests in document["others"].items():
        writer.text("p", writer.say("others", version=version, requests=whole(requests, language)))
    if document["unread"]:
        writer.text("p", writer.say("unread", unread=whole(document["unread"], language)))


def _moved(writer: Writer, document: Mapping[str, Any]) -> None:
    findings, language = document["findings"], writer.language
    if not findings:
        return
    rules, first = document["rules"], first_days(document)
    writer.text("h2", writer.say("moved"))
    thresholds = {
        "moderate": number(rules["psi_moderate"], language),
        "large": number(rules["psi_large"], language),
    }
    writer.text("p", writer.say("moved_how", **thresholds))
    bars = [
        charts.Bar(_name(writer, one), one["psi"], one["psi_by_chance"], bool(one["alarmed"]))
        for one in findings
    ]
    charts.bars(writer.body, bars, label=writer.say("moved"), show=lambda value: number(value, language))
    heads = ("column", "alarmed", "since_when", "index", "by_chance", "level", "nulls", "outside")
    writer.table(
        [writer.say(head) for head in heads],
        [_line(writer, one, first.get(one["key"], "–")) for one in findings],
    )
    writer.text(
        "p",
        writer.say(
            "rule",
            chance=number(rules["chance"], language),
            large=thresholds["large"],
            share=percent(rules["share"], language),
        ),
    )


def _line(writer: Writer, finding: Mapping[str, Any], first: str) -> tuple[str, ...]:
    language = writer.language
    by_name = {test["name"]: test for test in finding["tests"]}

    def share(name: str) -> str:
        test = by_name[name]
        return f"{percent(test['value'], language)} ({percent(test['trained'], language)})"

    alarmed = ", ".join(in_words(TESTS.get(test), language, test) for test in finding["alarmed"])
    return (
        _name(writer, finding),
        alarmed or "–",
        first if alarmed else "–",
        number(finding["psi"], language),
        number(finding["psi_by_chance"], language),
        in_words(LEVELS.get(finding["level"]), language, finding["level"]),
        share("nulls"),
        share("outside"),
    )


def _spreads(writer: Writer, report: Report) -> None:
    if report.watched is None:
        return
    counts, language = total(report.days).counts, writer.language
    for finding in [one for one in report.document["findings"] if one["rows"]][:SPREADS]:
        spread, key = report.watched.spreads[finding["key"]], finding["key"]
        writer.text("h2", writer.say("spread", name=_name(writer, finding)))
        writer.text("p", writer.say("spread_numbers" if spread.edges is not None else "spread_values"))
        old, new = spread.coarse(spread.trained), spread.coarse(counts[key])
        names = [""] * len(old)
        if spread.edges is None:
            more = [writer.say("new")] if spread.each else []
            names = [*(value if spread.each else f"{value} …" for value in spread.values), *more]
        charts.pairs(
            writer.body,
            [
                (name, float(one), float(other))
                for name, one, other in zip(
                    names, old / max(1, old.sum()), new / max(1, new.sum()), strict=True
                )
            ],
            alarmed=bool(finding["alarmed"]),
            label=writer.say("spread", name=_name(writer, finding)),
            show=lambda share: percent(share, language),
        )


def _days(writer: Writer, document: Mapping[str, Any]) -> None:
    if len(document["days"]) < 2:
        return
    writer.text("h2", writer.say("days"))
    writer.text("p", writer.say("days_how"))
    days = [(one["day"], one["rows"], bool(one["alarmed"])) for one in document["days"]]
    charts.days(writer.body, days, label=writer.say("days"), show=lambda rows: whole(rows, writer.language))


def _quality(writer: Writer, document: Mapping[str, Any]) -> None:
    known, guessed, language = document["quality"], document["estimated"], writer.language
    writer.text("h2", writer.say("quality"))

    def figures(told: Mapping[str, float]) -> dict[str, str]:
        show = percent if known["metric"] in SHARES else number
        return {key: show(told[key], language) for key in ("value", "low", "high")}

    metric = in_words(MEASURES.get(known["metric"]), language, known["metric"])
    rows = whole(known["rows"], language)
    if known["value"]:
        writer.text("p", writer.say("known", metric=metric, rows=rows, **figures(known["value"])))
        if known["held_out"]:
            writer.text("p", writer.say("known_held", **figures(known["held_out"])))
        if len(known["days"]) > 1:
            writer.table(
                [writer.say("day"), writer.say("rows"), metric, writer.say("interval")],
                [_day(writer, one, figures) for one in known["days"]],
            )
    elif known["rows"] and known["enough"]:
        writer.text("p", writer.say("unmeasured", metric=metric))
    else:
        writer.text("p", writer.say("unknown", rows=rows))
    _estimated(writer, guessed)


def _day(writer: Writer, one: Mapping[str, Any], figures: Any) -> tuple[str, ...]:
    if not one["value"]:
        return one["day"], whole(one["rows"], writer.language), "–", "–"
    told = figures(one["value"])
    return one["day"], whole(one["rows"], writer.language), told["value"], f"{told['low']} – {told['high']}"


def _estimated(writer: Writer, guessed: Mapping[str, Any]) -> None:
    language = writer.language
    if guessed["why"]:
        why = in_words(NOT_ESTIMATED[guessed["why"]], language)
        writer.text("p", writer.say("no_estimate", why=why))
        return
    told = {key: percent(guessed["value"][key], language) for key in ("value", "low", "high")}
    writer.text("p", writer.say("estimate", rows=whole(guessed["rows"], language), **told))
    held, came = guessed["held_out"], guessed["held_out"]["came"]
    doubt = {key: percent(held[key], language) for key in ("said", "error", "by_chance")}
    ends = {key: percent(came[key], language) for key in ("low", "high")}
    writer.text("p", writer.say("estimate_how", **doubt, **ends, came=percent(came["value"], language)))


def _unwatched(writer: Writer, document: Mapping[str, Any]) -> None:
    left = {key: names for key, names in document["not_watched"].items() if names}
    writer.text("h2", writer.say("unwatched"))
    for key, names in left.items():
        writer.text("p", writer.say(key, names=", ".join(charts.short(name, LETTERS) for name in names)))
    if not left:
        writer.text("p", writer.say("none"))
