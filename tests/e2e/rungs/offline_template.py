"""`template.yaml` with what MiniStack 1.5 does not know said otherwise; everything else stays as it is.

===============================  =======================================================================
what is changed                  because
===============================  =======================================================================
a path for any method becomes    it reads `get`, `post` … from the definition of an API, and passes over
one for each                     API Gateway's `any`; the path then answers nothing
no gradual deployment            it has no CodeDeploy, and refuses a template that names it
images are already in its        `sam deploy` logs in to the registry by a name of amazonaws.com that
registry, by address             MiniStack gives itself and that leads nowhere here
links of jobs are for loopback   the functions reach its S3 by a name that only containers know
paths are absolute, and the      the file stands in another folder, and the base may be one made here
base image is named
===============================  =======================================================================

What the template says of API Gateway's own refusals is read but not used: they have AWS's default form.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[3]
METHODS = ("get", "post", "put", "delete", "patch", "head", "options")


def template(*, base_image: str | None = None, image: str | None = None, links: str | None = None) -> str:
    """Give the text of a template to build (with a base image) or to deploy (with an image in a registry)."""
    document = yaml_parse((ROOT / "template.yaml").read_text())
    document["Globals"]["Function"].pop("DeploymentPreference", None)
    if links:
        document["Globals"]["Function"]["Environment"]["Variables"]["DASIER_LINKS_ENDPOINT"] = links
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            _say_otherwise(resource, base_image, image)
    return json.dumps(document)


def _say_otherwise(function: dict[str, Any], base_image: str | None, image: str | None) -> None:
    function["Metadata"] |= {"DockerContext": str(ROOT)}
    if base_image:
        function["Metadata"]["DockerBuildArgs"] = {"BASE_IMAGE": base_image}
    if image:
        del function["Metadata"]
        function["Properties"]["ImageUri"] = image
    function["Properties"]["Events"] = dict(_events(function["Properties"].get("Events", {})))


def _events(events: dict[str, Any]) -> Any:
    for name, event in events.items():
        if event["Type"] == "Api" and event["Properties"]["Method"] == "any":
            for method in METHODS:
                one = copy.deepcopy(event)
                one["Properties"]["Method"] = method
                yield name + method.title(), one
        else:
            yield name, event
