"""The state machine of `template.yaml`: what it says, and what it does when its steps are run in the order that it says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dasier import layout
from dasier.jobs import fanning
from dasier.jobs.job import Job
from dasier.store import open_store
from dasier.ulid import ulid
from functions.batch import batch_handler
from tests import models
from tests.cloud.translated import ACCOUNT, BUCKET, REGION, service
from tests.models import Shop

(MACHINE,) = service().of("AWS::StepFunctions::StateMachine").values()
WORKER = MACHINE["DefinitionSubstitutions"]["Worker"]
DEFINITION = (
    MACHINE["DefinitionString"]
    if isinstance(MACHINE["DefinitionString"], str)
    else json.dumps(MACHINE["DefinitionString"])
)
DEFINITION = json.loads(DEFINITION.replace("${Worker}", "worker"))
LAMBDA = "arn:aws:states:::lambda:invoke"


class Machine:
    """Runs a definition of Amazon's States Language: as much of it as this one uses, and no more."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self.called: list[str] = []

    def run(self, definition: dict[str, Any], given: Any) -> Any:
        name, value = definition["StartAt"], given
        while True:
            state = definition["States"][name]
            value = getattr(self, f"_{state['Type'].lower()}")(state, value)
            if state.get("End") or state["Type"] == "Succeed":
                return value
            name = self._chosen(state, value) if state["Type"] == "Choice" else state["Next"]

    def _task(self, state: dict[str, Any], value: Any) -> Any:
        assert state["Resource"] == LAMBDA
        assert state["Parameters"]["FunctionName"] == "worker"
        payload = {
            key.removesuffix(".$"): self._at(path, value)
            for key, path in state["Parameters"]["Payload"].items()
        }
        self.called += payload
        answer = json.loads(json.dumps(self._worker(json.loads(json.dumps(payload)), None)))
        return self._at(state["OutputPath"], {"Payload": answer})

    def _map(self, state: dict[str, Any], value: Any) -> Any:
        items = self._at(state["ItemsPath"], value)
        done = [self.run(state["ItemProcessor"], item) for item in items]
        return {**value, state["ResultPath"].removeprefix("$."): done}

    def _choice(self, _state: dict[str, Any], value: Any) -> Any:
        return value

    def _succeed(self, _state: dict[str, Any], value: Any) -> Any:
        return value

    def _chosen(self, state: dict[str, Any], value: Any) -> str:
        for choice in state["Choices"]:
            if self._at(choice["Variable"], value) is choice["BooleanEquals"]:
                return choice["Next"]
        return state["Default"]

    @staticmethod
    def _at(path: str, value: Any) -> Any:
        for step in path.removeprefix("$").split("."):
            value = value[step] if step else value
        return value


@pytest.fixture
def shop():
    shop = Shop(open_store("memory://"))
    shop.publish(models.built("leaves"))
    return shop


def job_of(shop, rows=4_000):
    generator = np.random.default_rng(1)
    table = pd.DataFrame(np.round(generator.normal(0, 1, (rows, 3)), 3), columns=["length", "width", "lobes"])
    job = Job(id=ulid(), model="leaves", version=1)
    shop.store.create(layout.job_document(job.id), job.written())
    shop.store.create(layout.job_input(job.id), table.to_csv(index=False).encode() + b"1,2\n")
    return job


def uploaded(job):
    """Give what EventBridge sends of an upload, as much of it as is used."""
    return {"detail": {"bucket": {"name": BUCKET}, "object": {"key": layout.job_input(job.id), "size": 1}}}


def test_a_job_is_done_by_the_steps_of_the_machine_as_by_one_worker(shop):
    running = shop.service()
    handler = batch_handler(lambda: running)
    many, alone = job_of(shop), job_of(shop)
    handler({"Records": [{"s3": {"object": {"key": layout.job_input(alone.id)}}}]}, None)
    machine = Machine(handler)

    told = machine.run(DEFINITION, uploaded(many))

    assert told == {"job": many.id, "state": "done"}
    assert machine.called == ["plan", "range", "join"]
    for key in (layout.job_results, layout.job_refused):
        assert shop.store.get(key(many.id)) == shop.store.get(key(alone.id))


def test_ranges_hold_all_of_an_input_and_know_their_first_row(shop):
    job = job_of(shop)
    content = shop.store.get(layout.job_input(job.id))

    (whole,) = fanning.plan(shop.service(), job.id)["ranges"]

    assert whole == {"job": job.id, "start": 0, "end": len(content), "row": 0}


def test_a_range_that_is_not_done_in_time_is_asked_for_again(shop):
    asked = []

    def worker(payload, _context):
        asked.append(next(iter(payload)))
        if "plan" in payload:
            return {"job": "j", "ranges": [{"job": "j", "start": 0, "end": 9, "row": 0}]}
        if "range" in payload:
            return {**payload["range"], "done": len(asked) > 3}
        return {"job": "j", "state": "done"}

    Machine(worker).run(DEFINITION, {"detail": {"object": {"key": "jobs/j/input"}}})

    assert asked == ["plan", "range", "range", "range", "join"]


def test_a_large_upload_is_left_to_the_machine_and_a_small_one_is_not(shop):
    service_ = shop.service(fan_out_bytes=1_000)
    handler = batch_handler(lambda: service_)
    large, small = job_of(shop), job_of(shop, rows=5)

    told = [
        handler({"Records": [{"s3": {"object": {"key": layout.job_input(j.id)}}}]}, None)
        for j in (large, small)
    ]

    assert [list(one["jobs"].values()) for one in told] == [["left to many"], ["done"]]


def test_the_machine_is_started_by_what_the_function_leaves_to_it():
    told = service(FanOutBytes="100000")  # as CloudFormation gives a parameter, whatever its type
    (rule,) = (r for r in told.of("AWS::Events::Rule").values() if "EventPattern" in r)
    variables = told.of("AWS::Lambda::Function")["BatchFunction"]["Environment"]["Variables"]

    detail = json.loads(rule["EventPattern"])["detail"]

    assert detail["bucket"]["name"] == [BUCKET]
    assert detail["object"]["key"] == [{"wildcard": "jobs/*/input"}]
    assert detail["object"]["size"] == [{"numeric": [">=", int(variables["DASIER_FAN_OUT_BYTES"])]}]
    assert told.resources["Bucket"]["Properties"]["NotificationConfiguration"][
        "EventBridgeConfiguration"
    ] == {"EventBridgeEnabled": True}


def test_the_machine_calls_the_workers_alias_and_nothing_else():
    (policy,) = service().of("AWS::IAM::Role")["BatchMachineRole"]["Policies"]
    may = {
        tuple(s["Action"]) if isinstance(s["Action"], list) else (s["Action"],): s["Resource"]
        for s in policy["PolicyDocument"]["Statement"]
    }

    assert WORKER == "BatchFunctionAliaslive"
    assert (
        may["lambda:InvokeFunction",] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:dasier-prod-batch:live"
    )
    assert (
        may["states:StartExecution",]
        == f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE['StateMachineName']}"
    )


def test_ranges_run_side_by_side_each_in_an_execution_of_its_own():
    processor = DEFINITION["States"]["Ranges"]["ItemProcessor"]["ProcessorConfig"]

    assert processor == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert 1 < DEFINITION["States"]["Ranges"]["MaxConcurrency"] <= 20
