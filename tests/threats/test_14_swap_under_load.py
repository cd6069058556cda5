"""16 threads ask while 50 releases swap the version: none fails, and each answer is of the version that it names."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from dasier.rows import from_records, pointer_in
from dasier.serving.loading import BESIDE_BYTES
from dasier.serving.predicting import predict
from tests import models
from tests.models import Shop

THREADS, RELEASES = 16, 50
AT = pointer_in("#")


def test_no_request_fails_and_numbers_belong_to_the_version_named() -> None:
    shop = Shop()
    for number in range(1, 6):
        shop.publish(models.constant(number=float(number)), release=number == 1)
    # Room for two of the five: versions come and go while they are asked.
    service = shop.service(
        refresh_s=0.0, model_budget_bytes=2 * (len(models.graph(1.0)) + BESIDE_BYTES + 6_000)
    )
    over = threading.Event()
    seen: set[int] = set()
    count = [0] * THREADS

    def ask(thread: int) -> None:
        while not over.is_set():
            loaded = service.serving("constant", f"client-{thread}")
            rows = from_records(loaded.manifest.schema, [{"x": 0.1}, {"x": 0.9}], AT)
            numbers = predict(loaded, rows, AT).predictions.tolist()
            assert numbers == [float(loaded.manifest.version)] * 2
            seen.add(loaded.manifest.version)
            count[thread] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        threads = [pool.submit(ask, thread) for thread in range(THREADS)]
        for number in range(RELEASES):
            before = sum(count)
            shop.release("constant", number % 5 + 1)
            while sum(count) < before + THREADS and not any(thread.done() for thread in threads):
                threading.Event().wait(0.0005)
        over.set()

    for thread in threads:
        thread.result()
    assert seen == {1, 2, 3, 4, 5}
    assert service.serving("constant").manifest.version == (RELEASES - 1) % 5 + 1
