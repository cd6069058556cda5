"""A cloud on this machine's loopback, and in it the stack as `sam deploy` makes it: functions from the image, an API, keys.

MiniStack runs image functions in containers of this machine's Docker, each under the emulator that is in the image.
They reach its S3 through `relay`. The keys of the API are honoured.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.docker import docker, image
from tests.e2e.environments import Unavailable, python
from tests.e2e.rungs import over_http
from tests.e2e.rungs.gateway import HttpService
from tests.e2e.rungs.offline_template import template
from tests.e2e.rungs.relay import relay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dasier.local.events import Reply
    from tests.e2e.rungs import Prepared

ROOT = Path(__file__).parents[3]
REGION = "eu-west-3"
STAGE = "dev"
PATIENCE_S = 600
FAN_OUT_BYTES = 100_000
"""So that a table of some thousand rows is left to the state machine."""


@dataclass(frozen=True)
class Cloud:
    """An emulated account, on loopback."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What points programs at it, and at no other account."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
        return others | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
        }

    def client(self, service: str) -> Any:
        told = self.environment
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        )

    def outputs(self, stack: str) -> dict[str, str]:
        """Give the outputs of a stack, which must be there and complete."""
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        assert described["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, described["StackStatus"]
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def reachable(self, api_url: str) -> str:
        """Give where an API answers here, from where it would in AWS (https://ID.execute-api…/STAGE)."""
        host, _, stage = api_url.removeprefix("https://").partition("/")
        return f"{self.url}/_aws/execute-api/{host.partition('.')[0]}/{stage}"


@contextmanager
def ministack(work: Path) -> Iterator[Cloud]:
    """Give an account that is empty, in a process of its own that ends with the context."""
    port = over_http.free_port()
    told = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(work / "s3"),
        "STATE_DIR": str(work / "state"),
        "IOT_MTLS_ENABLED": "0",
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    log = work / "ministack.said"
    with log.open("w") as said:
        process = subprocess.Popen(
            [python("ministack"), "-m", "ministack"], cwd=work, env=others | told, stdout=said, stderr=said
        )
    try:
        cloud = Cloud(port)
        over_http.wait_for(
            cloud.url, "/_ministack/health", said=log.read_text, alive=lambda: process.poll() is None
        )
        yield cloud
    finally:
        process.terminate()
        process.wait(60)


def sam(cloud: Cloud, work: Path, *words: str) -> str:
    """Run SAM against an account, and give what it said; it must succeed."""
    command = [str(python("aws-sam-cli").with_name("sam")), *words]
    done = subprocess.run(
        command,
        cwd=work,
        env=cloud.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    return done.stdout + done.stderr


SAMCONFIG = ("--config-file", str(ROOT / "samconfig.toml"), "--no-confirm-changeset", "--no-progressbar")


def push(cloud: Cloud, work: Path) -> str:
    """Deploy the foundation as docs/deploy.md says, push the image to its repository, and give its address there."""
    foundation = ("--config-env", "default-foundation", "--template-file", str(ROOT / "foundation.yaml"))
    sam(cloud, work, "deploy", *SAMCONFIG, *foundation)
    repository = cloud.outputs(f"dasier-{STAGE}-foundation")["ImageRepository"].partition("/")[2]
    pushed = f"127.0.0.1:{cloud.port}/{repository}:tests"
    docker("tag", image(), pushed)
    docker("push", "--quiet", pushed)
    return pushed


def deploy(cloud: Cloud, work: Path, pushed: str, trusted: str) -> dict[str, str]:
    """Deploy the stack, and give its outputs."""
    file = work / "template.json"
    file.write_text(template(image=pushed, links=cloud.url))
    told = (
        f"Stage={STAGE}",
        f"TrustedKeys={trusted}",
        "Alarms=on",
        "Dashboard=on",
        f"FanOutBytes={FAN_OUT_BYTES}",
    )
    where = ("--template-file", str(file), "--image-repository", pushed.rpartition(":")[0])
    sam(cloud, work, "deploy", *SAMCONFIG, *where, "--parameter-overrides", *told)
    return cloud.outputs(f"dasier-{STAGE}")


@dataclass
class DeployedService(HttpService):
    """Asks the deployed API, with the key that the stack made."""

    key: str
    cloud: Cloud

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        # MiniStack takes a body without a type, or asked for without `Accept`, for text, whatever `BinaryMediaTypes`
        # says; API Gateway does not.
        told = {"accept": "*/*", **headers, "x-api-key": self.key}
        if body:
            told.setdefault("content-type", "application/octet-stream")
        return over_http.ask(self.url, method, target, told, body)


class MiniStackRung:
    """`sam deploy` to MiniStack."""

    name = "ministack"
    group = "docker"

    def missing(self) -> str | None:
        try:
            python("ministack")
            python("aws-sam-cli")
            image()
        except Unavailable as reason:
            return str(reason)
        return None if bridge() else "containers do not reach this machine over Docker's bridge"

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[DeployedService]:
        with ministack(work) as cloud, relay(bridge(), cloud.port):
            pushed = push(cloud, work)
            try:
                made = deploy(cloud, work, pushed, prepared.trusted)
                registry = prepared.registry(made["Registry"], cloud.environment)
                prepared.upload(registry)
                found = cloud.client("apigateway").get_api_key(apiKey=made["SiteKeyId"], includeValue=True)
                url = cloud.reachable(made["ApiUrl"])
                yield DeployedService(registry, prepared.signer, url, found["value"], cloud)
            finally:
                docker("rmi", "--force", pushed)


def bridge() -> str:
    """Give the address at which containers reach this machine; empty if it is not one of this machine's."""
    subnet = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    gateway = str(ipaddress.ip_network(subnet)[1])
    with socket.socket() as probe:
        try:
            probe.bind((gateway, 0))
        except OSError:
            return ""
    return gateway
