"""The state machine as it is deployed: a job that is left to many workers, in an emulated account."""

from __future__ import annotations

import json
import time

import pytest

from dasier import layout
from tests.e2e.rungs.ladder import RUNGS
from tests.e2e.rungs.ministack import FAN_OUT_BYTES
from tests.e2e.test_black_box import PATIENCE_S, good, submitted, table_at
from tests.published import expected, frame

(RUNG,) = (rung for rung in RUNGS if rung.name == "ministack")
TIMES = 120


@pytest.mark.xdist_group(RUNG.group)
def test_a_large_input_is_answered_by_the_deployed_state_machine(reached):
    service = reached(RUNG)
    states = service.cloud.client("stepfunctions")
    (machine,) = (m["stateMachineArn"] for m in states.list_state_machines()["stateMachines"])
    rows = frame("cells", slice(0, 60))
    header, *lines = rows.to_csv(index=False).encode().splitlines(keepends=True)
    body = header + b"".join(lines) * TIMES
    assert len(body) > FAN_OUT_BYTES

    told = submitted(service, "cells", body)
    given = {"detail": {"object": {"key": layout.job_input(told["id"]), "size": len(body)}}}
    run = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]

    end_s = time.monotonic() + PATIENCE_S
    while (found := states.describe_execution(executionArn=run))["status"] == "RUNNING":
        assert time.monotonic() < end_s, found
        time.sleep(0.5)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"]) == {"job": told["id"], "state": "done"}
    ended = good(service, "GET", f"/jobs/{told['id']}")
    assert (ended["state"], ended["rows_done"]) == ("done", 60 * TIMES)
    answers = [int(row["prediction"]) for row in table_at(service, ended["links"]["results"])]
    assert answers == expected("cells", rows) * TIMES
