"""What AWS does around the functions, in the offline cloud: the bucket, its events, and the clock.

It makes the bucket, and has the bucket notify a queue of just what `template.yaml` has it notify the functions of. Then
it takes each notification from the queue to the function, in the container that runs the very image, and
takes it off the queue only when the function has succeeded, as Lambda does. Lambda itself is not emulated: LocalStack
runs functions from images for those who pay only. Schedules run at the start, and then every five minutes.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any
from xml.sax.saxutils import escape

from dasier.local.emulated import FunctionFailed, emulated
from dasier.local.events import scheduled
from dasier.local.logs import log_to_terminal
from dasier.local.project import TEMPLATE, find_project
from dasier.local.template import read_template

log = logging.getLogger("dasier.events")

ACCOUNT, REGION = "000000000000", "us-east-1"
SWEEP_S = 300
POLL_S = 5
PATIENCE_S = 120


class Cloud:
    """LocalStack, asked without a library of AWS: the image has none."""

    def __init__(self, url: str) -> None:
        self._url = url

    def s3(self, target: str, body: str = "") -> None:
        """Put something to S3; what is there already stays."""
        headers = {"content-type": "application/xml"}
        request = urllib.request.Request(self._url + target, body.encode(), headers, method="PUT")
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:  # the bucket is there, and ours
                raise

    def sqs(self, action: str, **document: Any) -> dict[str, Any]:
        """Give SQS's answer."""
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{action}"}
        request = urllib.request.Request(self._url, json.dumps(document).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
        return dict(json.loads(content)) if content else {}


def main() -> None:
    """Carry events until told to stop."""
    log_to_terminal()
    bucket = os.environ["DASIER_REGISTRY"].removeprefix("s3://").partition("/")[0]
    cloud = Cloud(os.environ["AWS_ENDPOINT_URL"])
    template = read_template(find_project() / TEMPLATE)
    woken = {
        f.name: f
        for f in [*(t.function for t in template.store_triggers), *(s.function for s in template.schedules)]
    }
    functions = emulated(woken.values(), os.environ["DASIER_FUNCTIONS"])
    _until_there(cloud, f"/{bucket}")
    queues = {f.name: _queue(cloud, f) for f in {t.function for t in template.store_triggers}}
    cloud.s3(f"/{bucket}?notification", _notification(template.store_triggers))
    clocked = {schedule.function.name for schedule in template.schedules}
    # A thread for each function: a long job holds nothing up but other jobs. If one fails, all end and are started again.
    with ThreadPoolExecutor(len(woken)) as pool:
        lanes = [
            pool.submit(_wake, cloud, functions, function, queues.get(name), by_clock=name in clocked)
            for name, function in woken.items()
        ]
        for lane in as_completed(lanes):
            log.critical("a lane ended", exc_info=lane.exception())
            os._exit(1)


def _wake(cloud: Cloud, functions: Any, function: Any, queue: str | None, *, by_clock: bool) -> None:
    """Take to one function what wakes it, one event after the other."""
    swept_s = -float("inf")
    while True:
        if by_clock and time.monotonic() - swept_s > SWEEP_S:
            swept_s = time.monotonic()
            _call(functions, function, scheduled())
        if queue is None:
            time.sleep(POLL_S)
            continue
        told = cloud.sqs("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=POLL_S)
        for message in told.get("Messages", []):
            event = json.loads(message["Body"])
            # S3 also tells a queue that it was connected, with an event that has no records.
            if "Records" not in event or _call(functions, function, event):
                cloud.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _call(functions: Any, function: Any, event: dict[str, Any]) -> bool:
    try:
        told = functions.call(function, event, request_id="")
    except FunctionFailed as error:
        log.error("%s failed, and will be asked again: %s", function.name, error)  # noqa: TRY400
        return False
    sys.stdout.write(f"{function.name} {json.dumps(told)}\n")
    sys.stdout.flush()
    return True


def _until_there(cloud: Cloud, target: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return cloud.s3(target)
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.5)


def _queue(cloud: Cloud, function: Any) -> str:
    # A message comes back when the function could not have it done by then: as long as it may take, but for the gate,
    # which seldom takes its ten minutes, and whose versions wait.
    seconds = str(max(60, function.timeout_s) if function.timeout_s >= 900 else 60)
    made = cloud.sqs(
        "CreateQueue", QueueName=f"events-{function.name}", Attributes={"VisibilityTimeout": seconds}
    )
    return str(made["QueueUrl"])


def _notification(triggers: Any) -> str:
    told = "".join(
        f"<QueueConfiguration><Id>{trigger.function.name}-{number}</Id>"
        f"<Queue>arn:aws:sqs:{REGION}:{ACCOUNT}:events-{trigger.function.name}</Queue>"
        "<Event>s3:ObjectCreated:*</Event><Filter><S3Key>"
        f"<FilterRule><Name>prefix</Name><Value>{escape(trigger.prefix)}</Value></FilterRule>"
        f"<FilterRule><Name>suffix</Name><Value>{escape(trigger.suffix)}</Value></FilterRule>"
        "</S3Key></Filter></QueueConfiguration>"
        for number, trigger in enumerate(triggers)
    )
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<NotificationConfiguration xmlns="{space}">{told}</NotificationConfiguration>'


if __name__ == "__main__":
    main()
