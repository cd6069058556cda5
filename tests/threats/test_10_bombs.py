"""Bombs: what claims to be enormous is refused from its sizes alone, in a process that may hardly grow.

What is asked runs in a process of its own with a limit on its memory; its peak is what the kernel says (VmHWM).
"""

from __future__ import annotations

import bz2
import json
import os
import pickle
import resource
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from dasier import gate, layout, runtimes
from dasier.manifest import signed
from dasier.runtimes.arrays.container import Node, pack
from dasier.store import open_store
from tests import models
from tests.core.stores import s3_environment
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.store import Store

MB = 1024 * 1024
GROWTH_BYTES = 50 * MB
ROOM_BYTES = 400 * MB
"""Address space beyond what the process has when it is warm: threads and arenas map some and use none of it."""

SERVER = """
import json, os, resource, sys
from pathlib import Path
from functions import predict

def peak_bytes():
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def answer(event):
    return json.loads(predict.handler(event, None)["body"]), predict.handler(event, None)["statusCode"]

def posted(name, body, path="/models/{name}/predict"):
    return {"resource": path, "httpMethod": "POST", "pathParameters": {"name": name}, "body": body}

warm, events = json.loads(sys.stdin.read())
import sklearn.linear_model
for event in warm:
    told, status = answer(event)
    assert status == 200, told
mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + int(sys.argv[1]),) * 2)
before = peak_bytes()
told = [answer(event) for event in events]
print(json.dumps([[status for _, status in told], [body.get("detail") for body, _ in told], peak_bytes() - before]))
"""


def event(name: str, body: Any, path: str = "/models/{name}/predict") -> dict[str, Any]:
    return {
        "resource": path,
        "httpMethod": "POST",
        "pathParameters": {"name": name},
        "body": body if isinstance(body, str) else json.dumps(body),
    }


def asked(shop: Shop, *events: dict[str, Any]) -> tuple[list[int], list[str], int]:
    """Ask a process of its own, which is warm and may grow no more; give statuses, details and growth in bytes."""
    for name, build in (("warm", models.constant("warm")), ("warmer", models.built("sheds"))):
        if not shop.registry.has_versions(name):
            shop.publish(models.renamed(build, name))
    warm = [
        event("warm", {"instances": [{"x": 0.5}]}),
        event("warmer", {"instances": [{"area": 1.5, "floor": 2.5}]}),
        event("warm", tensors([1], [0.5]), "/v2/models/{name}/infer"),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(models.ROOT),
        "DASIER_REGISTRY": shop.store.url,
        "DASIER_TRUSTED_KEYS": SIGNER.public_key(),
    }
    if shop.store.url.startswith("s3:"):
        environment |= s3_environment()
    done = subprocess.run(
        [sys.executable, "-c", SERVER, str(ROOM_BYTES)],
        input=json.dumps([warm, events]),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    statuses, details, grown = json.loads(done.stdout.splitlines()[-1])
    return statuses, details, grown


def tensors(shape: list[int], data: list[float]) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "shape": shape, "datatype": "FP64", "data": data}]}


ROW = {"instances": [{"x": 0.5}]}


# --- blobs of another size than the manifest says --------------------------------------------------


@pytest.mark.parametrize("stated_bytes", [1_000, 2**50])
def test_blob_of_another_size_than_stated_is_not_read(lasting_store: Store, stated_bytes: int) -> None:
    shop = Shop(lasting_store)
    build = models.constant(number=3.0)
    blob = replace(build.manifest.blobs["model"], size_bytes=stated_bytes)
    manifest = replace(build.manifest, blobs={**build.manifest.blobs, "model": blob}).bound_to(
        1, publication="x"
    )
    lasting_store.create(layout.manifest("constant", 1), signed(manifest, SIGNER))
    lasting_store.create(layout.blob(blob.sha256), b"\0" * (150 * MB))
    shop.release("constant", 1)

    statuses, _, grown = asked(shop, event("constant", ROW))

    assert statuses == [503]
    assert grown < GROWTH_BYTES


# --- models that claim to be enormous --------------------------------------------------------------


def graph_with(change: Callable[[ModelProto], None]) -> bytes:
    made = ModelProto()
    made.ParseFromString(models.graph(1.0))
    change(made)
    return bytes(made.SerializeToString())


def initialiser_of_a_tebi(made: ModelProto) -> None:
    made.graph.initializer[1].dims[:] = [2**40]


def initialiser_whose_size_overflows(made: ModelProto) -> None:
    made.graph.initializer[1].dims[:] = [2**31, 2**31, 4]


def external_data(made: ModelProto) -> None:
    tensor = made.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.dims[:] = [2**30]
    for key, value in {"location": "/dev/zero", "offset": "0", "length": str(2**33)}.items():
        tensor.external_data.add(key=key, value=value)


def constant_of_a_tebi(made: ModelProto) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [2**40])
    filled = helper.make_node("ConstantOfShape", ["shape"], ["many"])
    summed = helper.make_node("ReduceSum", ["many"], ["sum"], keepdims=0)
    del made.graph.node[:]
    made.graph.initializer.append(shape)
    add = helper.make_node("Add", ["numbers", "sum"], ["prediction"])
    made.graph.node.extend([filled, summed, add])


class Array:
    """Pickles as an array that claims more elements than it brings."""

    def __reduce__(self) -> Any:
        make, given, state = np.zeros(1).__reduce__()
        return make, given, (state[0], (2**40,), *state[2:])


def arrays_of(node: Node, **claimed: list[int]) -> bytes:
    """Give a blob of arrays whose header claims other shapes than it has bytes for."""
    blob = pack(node)
    told, parts = json.JSONDecoder().raw_decode(blob[24:].decode(errors="replace"))[0], blob[24:]
    size = int.from_bytes(blob[16:24], "little")
    for name, shape in claimed.items():
        told["arrays"][name][1] = shape
    header = json.dumps(told).encode()
    start = blob[:16] + len(header).to_bytes(8, "little") + header
    return start.ljust(-(-len(start) // 64) * 64, b"\0") + parts[-(-(24 + size) // 64) * 64 - 24 :]


def trees_of_the_same_bytes() -> bytes:
    """Give a blob whose header has a thousand ensembles in the bytes of one."""
    n = 10_000
    leaves = {
        "feature": np.zeros(n, dtype=np.int32),
        "threshold": np.full(n, np.inf),
        "child": np.arange(n, dtype=np.int32),
        "roots": np.arange(n, dtype=np.int32),
        "values": np.zeros((n, 1)),
        "start": np.zeros(1),
    }
    told = {"single": True, "nulls": False, "depth": 0}
    blob = pack(Node("each", {"asked": ["answer"] * 1_000}, {}, (Node("leaves", told, leaves),)))
    size = int.from_bytes(blob[16:24], "little")
    header, parts = json.loads(blob[24 : 24 + size]), blob[-(-(24 + size) // 64) * 64 :]
    header["parts"] *= 1_000
    told_again = json.dumps(header, separators=(",", ":")).encode()
    start = blob[:16] + len(told_again).to_bytes(8, "little") + told_again
    return start.ljust(-(-len(start) // 64) * 64, b"\0") + parts


def columns_side_by_side() -> bytes:
    """Give a blob that puts what it gets next to itself ten times, and so again and again: 10^12 columns."""
    ten = Node("side_by_side", {"sources": [2] * 10}, {}, (Node("pipeline"),) * 10)
    return pack(Node("pipeline", {}, {}, (ten,) * 12))


def neighbours(**values: Any) -> Node:
    """Give a node of two points; what it says of itself may be anything."""
    told = {"k": 1, "p": 2.0, "by_product": False, "by_distance": False, "n_classes": 2, "replayed": True}
    arrays = {"points": np.zeros((2, 1)), "labels": np.array([0, 1])}
    return Node("nearest_classes", told | values, arrays)


CLAIMS = {
    "points of 2^40": ("arrays", lambda: arrays_of(neighbours(), points=[2**40, 1])),
    "points of no columns, 2^33": ("arrays", lambda: arrays_of(neighbours(), points=[2**33, 0])),
    "neighbours by the 2^40": ("arrays", lambda: pack(neighbours(k=2**40))),
    "classes, 2^40": ("arrays", lambda: pack(neighbours(n_classes=2**40))),
    "pairs of classes, 2^40": (
        "arrays",
        lambda: pack(
            Node(
                "support_vectors",
                {"n_classes": 2**40, "break_ties": False, "one_against_one": False},
                {"points": np.zeros((1, 1)), "weights": np.zeros((1, 1)), "intercept": np.zeros(1)},
                (Node("kernel_linear"),),
            )
        ),
    ),
    "columns for a category, 2^40": (
        "arrays",
        lambda: pack(
            Node(
                "one_hot",
                {"categories": [None], "strict": False, "null_known": [False], "width": 2**40},
                {"categories0": np.zeros(1), "codes0": np.zeros(3, dtype=np.int64)},
            )
        ),
    ),
    "a thousand ensembles in the bytes of one": ("arrays", trees_of_the_same_bytes),
    "columns side by side, 10^12": ("arrays", columns_side_by_side),
    "initialiser of 2^40 elements": ("onnx", lambda: graph_with(initialiser_of_a_tebi)),
    "initialiser whose size overflows": ("onnx", lambda: graph_with(initialiser_whose_size_overflows)),
    "external data": ("onnx", lambda: graph_with(external_data)),
    "constant of 2^40 elements": ("onnx", lambda: graph_with(constant_of_a_tebi)),
    "array of 2^40 elements": ("sklearn", lambda: pickle.dumps(Array())),
    "bytes of 2^40": ("sklearn", lambda: b"\x80\x05\x8e" + struct.pack("<Q", 2**40) + b"x."),
    "byte array of 2^40": ("sklearn", lambda: b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x."),
    "compressed with zlib": ("sklearn", lambda: zlib.compress(pickle.dumps(bytes(200 * MB)))),
    "compressed with bz2": ("sklearn", lambda: bz2.compress(pickle.dumps(bytes(200 * MB)))),
}


@pytest.fixture(scope="module")
def detonated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], int]:
    """Ask one process for every model that claims to be enormous; give the statuses, and the highest growth."""
    shop = Shop(open_store(f"file://{tmp_path_factory.mktemp('bombs')}/store"))
    for number, (runtime, make) in enumerate(CLAIMS.values()):
        requires = runtimes.runtime(runtime).requirements()
        shop.publish(models.raw(f"bomb-{number}", make(), requires, runtime_name=runtime))
    statuses, _, grown = asked(shop, *(event(f"bomb-{number}", ROW) for number in range(len(CLAIMS))))
    return dict(zip(CLAIMS, statuses, strict=True)), grown


@pytest.mark.parametrize("claim", CLAIMS)
def test_model_that_claims_to_be_enormous_is_refused_however_well_it_is_signed(
    claim: str, detonated: tuple[dict[str, int], int]
) -> None:
    _, make = CLAIMS[claim]

    statuses, grown = detonated

    assert len(make()) < MB
    assert statuses[claim] == 503
    assert grown < GROWTH_BYTES


def test_gate_refuses_a_bomb_and_hardly_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))
    shop = Shop()
    blob = graph_with(constant_of_a_tebi)
    bomb = models.raw("bomb", blob, models.onnx.requirements(), runtime_name="onnx")
    shop.registry.publish(bomb, SIGNER)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    verdict = gate.judge(shop.registry, "bomb", 1)

    assert not verdict["passed"]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < GROWTH_BYTES


# --- requests that claim to be enormous ------------------------------------------------------------


SHAPES = ([2**40], [2**62], [2**31, 2**31], [2**20, 2**20, 2**20], [10**18, 1], [1, 2**50])


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[int]], int]:
    """Ask one process with tensors of every shape, three ways each; give the statuses, and the highest growth."""
    events = []
    for shape in SHAPES:
        binary = {"inputs": [{"name": "x", "shape": shape, "datatype": "FP64"}]}
        binary["inputs"][0]["parameters"] = {"binary_data_size": 8 * shape[0]}
        ways = (tensors(shape, [0.5]), tensors(shape, []), binary)
        events += [event("warm", way, "/v2/models/{name}/infer") for way in ways]
    shop = Shop(open_store(f"file://{tmp_path_factory.mktemp('tensors')}/store"))
    statuses, _, grown = asked(shop, *events)
    return {str(shape): statuses[3 * at : 3 * at + 3] for at, shape in enumerate(SHAPES)}, grown


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tensors_that_claim_to_be_enormous_are_refused(
    shape: list[int], claimed: tuple[dict[str, list[int]], int]
) -> None:
    statuses, grown = claimed

    assert statuses[str(shape)] == [400, 400, 400]
    assert grown < GROWTH_BYTES
