"""The image that is deployed, in containers with the limits of a function: read-only, nobody's user, 512 MB."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dasier.local.emulated import emulated
from tests.e2e.docker import container, image, open_to_all, wait_for
from tests.e2e.environments import Unavailable
from tests.e2e.rungs.gateway import HttpService
from tests.e2e.rungs.handlers import TEMPLATE, FunctionsService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.rungs import Prepared

STORE = "/store"


def no_image() -> str | None:
    """Say why the image cannot be had here; None if it can."""
    try:
        image()
    except Unavailable as reason:
        return str(reason)
    return None


def environment(prepared: Prepared) -> dict[str, str]:
    """Give the settings of a container that has the store as a folder."""
    return {
        "DASIER_REGISTRY": f"file://{STORE}",
        "DASIER_TRUSTED_KEYS": prepared.trusted,
        "DASIER_REFRESH_S": "0.2",
    }


class ImageRung:
    """Each function in a container of its own, under the emulator that is in the image."""

    name = "image"
    group = "docker"

    def missing(self) -> str | None:
        return no_image()

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[FunctionsService]:
        here = prepared.copy(work / "store")
        open_to_all(here.folder)
        with ExitStack() as stack:
            places = []
            for function in TEMPLATE.functions:
                running = stack.enter_context(
                    container(
                        image(),
                        function.handler,
                        environment=environment(here),
                        volumes={here.folder: STORE},
                    )
                )
                wait_for(running, "/")
                places.append(f"{function.name}={running.url}")
            yield FunctionsService(
                here.registry(), here.signer, emulated(TEMPLATE.functions, ",".join(places))
            )


class ServerRung:
    """The same image with the command `serve`."""

    name = "server"
    group = "docker"

    def missing(self) -> str | None:
        return no_image()

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[HttpService]:
        here = prepared.copy(work / "store")
        open_to_all(here.folder)
        with container(
            image(), "serve", environment=environment(here), volumes={here.folder: STORE}
        ) as running:
            wait_for(running, "/healthz")
            yield HttpService(here.registry(), here.signer, running.url)
