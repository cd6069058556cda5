"""A model's versions and releases, newest first, a page at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.errors import MalformedBody, ModelNotFound, VersionNotFound, Violation
from dasier.layout import checked_name
from dasier.serving.catalog import whole
from dasier.serving.listed import listed, standing_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.releases import Release
    from dasier.serving.service import Service

_AT_ONCE = 16
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: so many, with numbers below one."""

    limit: int = 100
    before: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Page:
        """Read a query; parameters that are not ours are ignored.

        Raises
        ------
        MalformedBody
            If one of them is not a number in its range.
        """
        highest = {"limit": _MOST, "before": 1_000_000}
        asked = {name: query[name] for name in highest if name in query}
        wrong = [name for name, text in asked.items() if not _is_number(text, highest[name])]
        if wrong:
            raise MalformedBody(
                "An option is not a whole number in its range.",
                [
                    Violation(f"?{name}", "wrong_type", f"This option takes 1 to {highest[name]}.")
                    for name in wrong
                ],
            )
        return cls(**{name: int(text) for name, text in asked.items()})

    def of(self, numbers: list[int] | range) -> list[int]:
        """Give the page of ascending numbers, descending."""
        below = [number for number in numbers if self.before is None or number < self.before]
        return below[: -self.limit - 1 : -1]

    def next(self, path: str, shown: list[int], numbers: list[int] | range) -> str | None:
        """Give where the list goes on, or None."""
        return f"{path}?limit={self.limit}&before={shown[-1]}" if shown and shown[-1] > numbers[0] else None


def _is_number(text: str, highest: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 7 and 1 <= int(text) <= highest


def versions(service: Service, name: str, page: Page) -> dict[str, Any]:
    """Give a page of versions with their metrics and verdicts.

    Raises
    ------
    ModelNotFound
    """
    numbers = service.registry.versions(name)
    shown = page.of(numbers)
    head = service.registry.head(name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda number: _version(service, name, number, head), shown))
    return {"name": name, "versions": found, "next": page.next(f"/models/{name}/versions", shown, numbers)}


def version(service: Service, name: str, number: int) -> dict[str, Any]:
    """Give one version in full, but for its golden records and signature.

    Raises
    ------
    ModelNotFound, VersionNotFound, Untrusted
    """
    try:
        manifest = service.manifest(name, number)
    except VersionNotFound:
        service.registry.versions(name)
        raise
    document = manifest.to_document()
    del document["golden"]
    document["schema"] = whole(manifest.schema)
    return (
        document
        | {"task": manifest.schema.output.task, "classes": manifest.schema.output.classes}
        | standing_of(service.registry, name, number, service.registry.head(name))
        | _links(name, number)
    )


def releases(service: Service, name: str, page: Page) -> dict[str, Any]:
    """Give a page of the release log, without entries that cannot be read: they are logged, and hide no others.

    Raises
    ------
    ModelNotFound
    """
    head = service.registry.head(checked_name(name))
    if head is None and not service.registry.has_versions(name):
        raise ModelNotFound
    # Releases are numbered from 1 without gaps, so the newest number says which there are.
    numbers = range(1, head.number + 1 if head else 1)
    shown = page.of(numbers)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda number: service.registry.readable(name, number), shown))
    return {
        "name": name,
        "releases": [release.to_document() for release in found if release is not None],
        "next": page.next(f"/models/{name}/releases", shown, numbers),
    }


def _version(service: Service, name: str, number: int, head: Release | None) -> dict[str, Any]:
    return listed(service.registry, name, number, head, read=service.manifest) | _links(name, number)


def _links(name: str, number: int) -> dict[str, Any]:
    return {
        "links": {
            "self": f"/models/{name}/versions/{number}",
            "predict": f"/models/{name}/versions/{number}/predict",
            "infer": f"/v2/models/{name}/versions/{number}/infer",
        }
    }
