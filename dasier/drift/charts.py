"""Bars as SVG, drawn by the standard library alone: wide enough for a phone, in two colours that all people tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dasier.words.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Show = Callable[[float], str]

CALM, ALARM, TRAINED, INK = "#0072B2", "#B84A00", "#8a8a8a", "#222222"
"""Blue and vermilion after Okabe and Ito (2008), the latter darker to be read on white; and greys."""

_WIDTH = 360
_LETTERS = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name above it, and a stroke at another value."""

    name: str
    value: float
    stroke: float
    alarmed: bool


def bars(parent: ET.Element, held: Sequence[Bar], *, label: str, show: Show) -> None:
    """Draw bars below each other."""
    line = 38
    canvas = _canvas(parent, line * len(held), label)
    longest = max([1e-9, *(max(bar.value, bar.stroke) for bar in held)])
    room = _WIDTH - 60
    for place, bar in enumerate(held):
        top, long = line * place, room * bar.value / longest
        colour = ALARM if bar.alarmed else CALM
        _text(canvas, 0, top + 13, ("! " if bar.alarmed else "") + short(bar.name))
        _box(canvas, (0, top + 18), (long, 14), colour)
        _box(canvas, (room * bar.stroke / longest, top + 15), (2, 20), INK)
        _text(canvas, max(long, room * bar.stroke / longest) + 7, top + 30, show(bar.value))


def pairs(
    parent: ET.Element, held: Sequence[tuple[str, float, float]], *, alarmed: bool, label: str, show: Show
) -> None:
    """Draw pairs of shares beside each other, each with a name, before and now."""
    high, foot = 130, 18
    canvas = _canvas(parent, high + foot + 8, label)
    highest = max([1e-9, *(max(old, new) for _, old, new in held)])
    step = (_WIDTH - 44) / max(1, len(held))
    _text(canvas, 0, 14, show(highest))
    _box(canvas, (0, high), (_WIDTH, 1), TRAINED)
    for place, (name, old, new) in enumerate(held):
        left = 44 + step * place
        for offset, share, colour in (
            (0.08, old, TRAINED),
            (0.5, new, ALARM if alarmed else CALM),
        ):
            tall = (high - 4) * share / highest
            box = _box(canvas, (left + step * offset, high - tall), (step * 0.38, tall), colour)
            ET.SubElement(box, "title").text = one_line(f"{name} {show(share)}".strip())
        _text(
            canvas,
            left + step / 2,
            high + foot,
            short(name, max(2, int(step / 8))),
            **{"text-anchor": "middle"},
        )


def days(parent: ET.Element, held: Sequence[tuple[str, int, bool]], *, label: str, show: Show) -> None:
    """Draw a bar for each day, with the first and the last day's names."""
    high, foot = 80, 18
    canvas = _canvas(parent, high + foot + 8, label)
    most = max([1, *(rows for _, rows, _ in held)])
    step = (_WIDTH - 44) / len(held)
    _text(canvas, 0, 14, show(most))
    _box(canvas, (0, high), (_WIDTH, 1), TRAINED)
    for place, (day, rows, alarmed) in enumerate(held):
        tall = (high - 4) * rows / most
        box = _box(
            canvas, (44 + step * place, high - tall), (max(1.0, step * 0.8), tall), ALARM if alarmed else CALM
        )
        ET.SubElement(box, "title").text = f"{day}: {show(rows)}" + (" !" if alarmed else "")
    _text(canvas, 44, high + foot, held[0][0])
    _text(canvas, _WIDTH, high + foot, held[-1][0], **{"text-anchor": "end"})


def short(text: str, letters: int = _LETTERS) -> str:
    """Give a text of so many characters at most.

    >>> short("a long name", 6)
    'a lon…'
    """
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _canvas(parent: ET.Element, height: float, label: str) -> ET.Element:
    return ET.SubElement(
        parent,
        "svg",
        {"viewBox": f"0 0 {_WIDTH} {height:g}", "role": "img", "aria-label": one_line(label)},
    )


def _box(
    canvas: ET.Element, place: tuple[float, float], size: tuple[float, float], colour: str
) -> ET.Element:
    sizes = {"x": place[0], "y": place[1], "width": max(0.0, size[0]), "height": max(0.0, size[1])}
    return ET.SubElement(
        canvas, "rect", {key: f"{length:.1f}" for key, length in sizes.items()} | {"fill": colour}
    )


def _text(canvas: ET.Element, left: float, base: float, words: str, **attributes: str) -> None:
    made = ET.SubElement(canvas, "text", {"x": f"{left:.1f}", "y": f"{base:.1f}", "fill": INK} | attributes)
    made.text = one_line(words)
