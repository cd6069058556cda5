"""What grows with a registry, and what does not: 1 to 1,000 models, 10 to 10,000 versions, 100 models asked for in turn.

Times are of a registry in a folder, rounds interleaved over the registries, that of a warm prediction in processor time; requests are counted where they arrive, at
an S3 on this machine (moto). Every version is made and signed by the registry itself; the models share their blobs.

    .venv/bin/python benchmarks/scale.py --rounds 15
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.counting import CountingS3, counting_s3  # noqa: E402
from benchmarks.reference.models import let_serve, references  # noqa: E402
from benchmarks.reference.results import spread, told, write  # noqa: E402
from dasier import layout  # noqa: E402
from dasier.manifest import canonical, signed  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.releases import Release  # noqa: E402
from dasier.serving.exchange import handler as lambda_handler  # noqa: E402
from dasier.serving.loading import BESIDE_BYTES  # noqa: E402
from dasier.serving.manifests import size_bytes  # noqa: E402
from dasier.serving.service import Service  # noqa: E402
from dasier.serving.settings import Settings  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from functions import catalog, predict  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dasier.built import Built

SIZES = (1, 10, 100, 1_000)
LENGTHS = (10, 10_000)
MODELS_IN_TURN = 100
ONE_ROW_TIMES = 200
_MOST_LISTS = 3
"""Rounds that list: a cold list of 1,000 models reads 3,000 files, and is no standard."""

SIGNER = LocalSigner(Ed25519PrivateKey.generate())
TRUSTED = TrustedKeys.parse([SIGNER.public_key()])
TIMED = ("list, cold", "list, warm", "list, warm and stale", "resolve", "first prediction", "warm prediction")


class Clock:
    """Seconds that pass when they are told to: what is known grows old without waiting."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Asker:
    """A process's service, and the two functions that ask it."""

    service: Service
    clock: Clock
    body: str

    @classmethod
    def of(cls, registry: Registry, body: str, **settings: Any) -> Asker:
        """Give one that knows nothing yet, as after a cold start."""
        clock = Clock()
        chosen = Settings(registry="memory://", trusted_keys=(SIGNER.public_key(),), **settings)
        return cls(Service(registry, chosen, clock=clock), clock, body)

    def models(self) -> int:
        """List the models, and give how many there are."""
        answer = self._asked(catalog.ROUTES, {"resource": "/models", "httpMethod": "GET"})
        return len(json.loads(answer["body"])["models"])

    def predict(self, name: str) -> None:
        """Ask a model for one row."""
        headers = {"content-type": "application/json"}
        event = {"resource": "/models/{name}/predict", "httpMethod": "POST", "headers": headers}
        self._asked(predict.ROUTES, event | {"pathParameters": {"name": name}, "body": self.body})

    def grow_old(self) -> None:
        """Let what is known of releases be too old."""
        self.clock.now_s += self.service.settings.refresh_s

    def _asked(self, routes: Any, event: dict[str, Any]) -> dict[str, Any]:
        answer = lambda_handler(routes, serve=lambda: self.service)(event, None)
        if answer["statusCode"] != 200:
            raise RuntimeError(str(answer)[:500])
        return answer


def renamed(built: Built, name: str) -> Built:
    """Give the same build under another name: it shares every blob."""
    return replace(built, manifest=replace(built.manifest, name=name))


def filled(registry: Registry, built: Built, models: int) -> Registry:
    """Publish so many models and let each serve."""
    for number in range(models):
        let_serve(registry, renamed(built, f"m{number}"), SIGNER)
    return registry


def lengthened(built: Built, length: int) -> dict[str, bytes]:
    """Give the objects of a registry whose one model has so many versions and releases."""
    registry = Registry(open_store("memory://"), TRUSTED)
    first = registry.publish(renamed(built, "m0"), SIGNER)
    found = objects(registry)
    who = {"action": "promote", "who": "benchmarks", "why": "to be measured", "when": built.manifest.created}
    for number in range(1, length + 1):
        # As `publish` and `append` write them; those list what is there first, each time.
        bound = first.bound_to(number, publication=f"p{number}")
        found[layout.manifest("m0", number)] = signed(bound, SIGNER)
        release = Release(number=number, id=f"r{number}", serving=number, previous=number - 1 or None, **who)
        found[layout.release("m0", number)] = canonical(release.to_document())
    return found


def objects(registry: Registry) -> dict[str, bytes]:
    """Give everything that a registry holds."""
    return {key: registry.store.get(key) or b"" for key in registry.store.keys("")}


def timed(folder: Path, built: Built, body: str, rounds: int) -> dict[int, dict[str, list[float]]]:
    """Give seconds by number of models and what was done, in turns."""
    registries = {
        size: filled(Registry(open_store(f"file://{folder}/{size}"), TRUSTED), built, size) for size in SIZES
    }
    times: dict[int, dict[str, list[float]]] = {size: {what: [] for what in TIMED} for size in SIZES}
    for number in range(rounds + 1):
        for size, registry in registries.items():
            one = _round(registry, body, size, lists=number <= _MOST_LISTS)
            for what, seconds in one.items():
                if number:  # the first fills the system's caches
                    times[size][what].append(seconds)
    return times


def _round(registry: Registry, body: str, size: int, *, lists: bool) -> dict[str, float]:
    # A registry remembers releases: a cold start has one of its own.
    fresh = Asker.of(Registry(registry.store, TRUSTED), body)
    name = f"m{size // 2}"
    found = {"resolve": _seconds(lambda: fresh.service.releases.current(name))}
    fresh = Asker.of(Registry(registry.store, TRUSTED), body)
    found["first prediction"] = _seconds(lambda: fresh.predict(name))
    before_s = time.thread_time()  # of this thread: nothing else answers, and what others do does not count
    for _ in range(ONE_ROW_TIMES):
        fresh.predict(name)
    found["warm prediction"] = (time.thread_time() - before_s) / ONE_ROW_TIMES
    if not lists:
        return found
    found["list, cold"] = _seconds(fresh.models)
    found["list, warm"] = _seconds(fresh.models)
    fresh.grow_old()
    found["list, warm and stale"] = _seconds(fresh.models)
    if fresh.models() != size:
        raise RuntimeError(f"{fresh.models()} of {size} models are listed")
    return found


def _seconds(act: Callable[[], Any]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


def counted(s3: CountingS3, built: Built, body: str) -> dict[str, dict[str, Any]]:
    """Give the requests that S3 got, by registry and what was done."""
    held = {}
    for size in SIZES:
        held[f"{size:,} models"] = objects(filled(Registry(open_store("memory://"), TRUSTED), built, size))
    for length in LENGTHS:
        held[f"{length:,} versions and releases"] = lengthened(built, length)
    found: dict[str, dict[str, Any]] = {}
    for number, (what, content) in enumerate(held.items()):
        prefix = f"registry{number}"
        s3.put(prefix, content)
        asker = Asker.of(s3.registry(prefix, TRUSTED), body)
        own = found[what] = {}
        own["resolve"] = _requests(s3, lambda asker=asker: asker.service.releases.current("m0"))
        asker = Asker.of(s3.registry(prefix, TRUSTED), body)
        own["first prediction"] = _requests(s3, lambda asker=asker: asker.predict("m0"))
        own["100 warm predictions"] = _requests(s3, lambda asker=asker: _many(asker))
        asker.grow_old()
        own["100 warm predictions over a refresh"] = _requests(s3, lambda asker=asker: _many(asker))
        own["list, cold"] = _requests(s3, asker.models)
        own["list, warm"] = _requests(s3, asker.models)
    return found


def _many(asker: Asker) -> None:
    for _ in range(100):
        asker.predict("m0")


def _requests(s3: CountingS3, act: Callable[[], Any]) -> int:
    s3.asked.clear()
    act()
    return len(s3.asked)


def in_turn(folder: Path, built: Built, body: str) -> dict[str, float]:
    """Ask a hundred models in turn, twice, with room for some of them; give memory in bytes."""
    registry = filled(Registry(open_store(f"file://{folder}/turn"), TRUSTED), built, MODELS_IN_TURN)
    model = max(built.manifest.runtime.memory_bytes, built.manifest.blobs["model"].size_bytes)
    one = model + BESIDE_BYTES + size_bytes(built.manifest)
    budget = 20 * one + one // 2
    asker = Asker.of(registry, body, model_budget_bytes=budget)
    most, sizes = 0, []
    for _ in range(2):
        for number in range(MODELS_IN_TURN):
            asker.predict(f"m{number}")
            most = max(most, asker.service.loaded.size_bytes)
            sizes.append(_resident())
    grown = max(sizes[MODELS_IN_TURN:]) - sizes[25]  # by then the cache is full
    return {
        "model": one,
        "budget": budget,
        "most held": most,
        "process grew once the cache was full": grown,
        "versions held": len(asker.service.loaded),
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="What grows with a registry, and what does not.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    reference = next(one for one in references() if one.name == "logistic")
    forest = next(one for one in references() if one.name == "forest")
    built, large = reference.built("arrays"), forest.built("arrays")
    if built is None or large is None:
        raise RuntimeError("the reference models cannot be built")
    row = reference.held_out[reference.features].iloc[0].to_dict()
    body = json.dumps({"instances": [row]})
    with tempfile.TemporaryDirectory(prefix="dasier-scale-") as work:
        times = timed(Path(work), built, body, rounds)
        memory = in_turn(Path(work), large, body)
    with counting_s3() as s3:
        requests = counted(s3, built, body)
    figures = {
        "times": {
            size: {what: spread(own) | {"least": min(own)} for what, own in found.items()}
            for size, found in times.items()
        },
        "requests": requests,
        "memory": memory,
    }
    header = ("models", *TIMED)
    rows = [(f"{size:,}", *(_told(figures["times"][size][what]) for what in TIMED)) for size in SIZES]
    write(
        "scale",
        f"A registry that grows, {rounds} rounds",
        header,
        rows,
        figures,
        more=(
            (
                ("requests to S3", *requests["1 models"]),
                [(what, *map(str, own.values())) for what, own in requests.items()],
            ),
            (("100 forests in turn", ""), _memory(memory)),
        ),
    )
    return 0


def _told(found: dict[str, float]) -> str:
    return told(found, unit="µs" if found["median"] < 0.005 else "ms")


def _memory(memory: dict[str, float]) -> Sequence[tuple[str, str]]:
    return [
        (what, f"{number:,.0f}" if what == "versions held" else f"{number / 1e6:,.1f} MB")
        for what, number in memory.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
