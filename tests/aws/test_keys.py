from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from dasier.aws.keys import ApiKeys, KeyNotFound, KeyTaken
from dasier.aws.stack import Stack, read_stack
from dasier.errors import AwsRefused, SettingsInvalid
from tests.cloud.account import NAME, OURS, client


@pytest.fixture
def keys(stage):
    return ApiKeys(read_stack(NAME, OURS), OURS)


def test_a_key_that_was_made_opens_the_usage_plan(keys):
    made, value = keys.create("analytics")

    plan = read_stack(NAME, OURS).output("UsagePlanId")
    there = client("apigateway").get_usage_plan_key(usagePlanId=plan, keyId=made.id)
    assert there["id"] == made.id
    assert client("apigateway").get_api_key(apiKey=made.id, includeValue=True)["value"] == value
    assert len(value) >= 20
    assert [key.name for key in keys.all()] == ["analytics", "site"]


def test_a_list_of_keys_holds_no_value(keys):
    _, value = keys.create("analytics")

    assert value not in repr(keys.all())


def test_the_same_name_is_not_given_twice(keys):
    keys.create("analytics")

    with pytest.raises(KeyTaken):
        keys.create("analytics")


def test_a_key_of_another_api_is_neither_shown_nor_revoked(keys):
    client("apigateway").create_api_key(name="foreign", enabled=True)

    assert "foreign" not in [key.name for key in keys.all()]
    with pytest.raises(KeyNotFound):
        keys.revoke("foreign")


def test_a_revoked_key_is_gone(keys):
    made, _ = keys.create("analytics")

    keys.revoke("analytics")

    assert made.id not in [key["id"] for key in client("apigateway").get_api_keys()["items"]]


def test_the_sites_key_belongs_to_the_stack(keys):
    with pytest.raises(SettingsInvalid, match="stack"):
        keys.revoke("site")


@pytest.mark.parametrize("name", ["", " a", "a\n", "x" * 101, "a/b", "é"])
def test_what_cannot_be_a_name_is_refused_before_anything_is_asked(name):
    keys = ApiKeys(Stack(NAME, "CREATE_COMPLETE", {"UsagePlanId": "none"}, {}), OURS)

    with pytest.raises(SettingsInvalid):
        keys.create(name)


def test_many_keys_are_all_found(keys):
    for number in range(30):
        keys.create(f"caller-{number:02d}")

    assert len(keys.all()) == 31


def test_a_key_that_cannot_join_the_plan_is_not_left_behind(keys):
    def refuse(**_):
        raise ClientError(
            {"Error": {"Code": "LimitExceededException", "Message": "enough"}}, "CreateUsagePlanKey"
        )

    keys._client.meta.events.register("before-call.api-gateway.CreateUsagePlanKey", refuse)

    with pytest.raises(AwsRefused):
        keys.create("analytics")

    assert "analytics" not in [key["name"] for key in client("apigateway").get_api_keys()["items"]]
