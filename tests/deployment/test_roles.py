"""What the site and the workflows may do in an account."""

from __future__ import annotations

from samtranslator.yaml_helper import yaml_parse

from deployment.package import ROOT

SITE = yaml_parse((ROOT / "site.yaml").read_text())["Resources"]
PEOPLE = yaml_parse((ROOT / "people.yaml").read_text())["Resources"]
GITHUB = yaml_parse((ROOT / "github.yaml").read_text())["Resources"]


def _statements(role):
    return [it for policy in role["Properties"]["Policies"] for it in policy["PolicyDocument"]["Statement"]]


def test_the_site_may_write_its_log_and_nothing_else():
    role = SITE["SiteRole"]

    assert "ManagedPolicyArns" not in role["Properties"]
    assert [(it["Effect"], it["Action"], it["Resource"]) for it in _statements(role)] == [
        ("Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["SiteLogs", "Arn"]})
    ]


def test_only_one_environment_of_one_repository_signs_in():
    for name in ("DeployerRole", "PipelineRole"):
        (trust,) = GITHUB[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

        assert trust["Condition"] == {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": {
                    "Fn::Sub": "repo:${Repository}:environment:${Environment}"
                },
            }
        }


def test_the_pipeline_can_only_become_publisher_or_operator():
    role = GITHUB["PipelineRole"]

    (statement,) = _statements(role)
    assert "ManagedPolicyArns" not in role["Properties"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert [it["Fn::Sub"].partition(":role/")[2] for it in statement["Resource"]] == [
        "dasier/${Stage}/publisher/*",
        "dasier/${Stage}/operator/*",
    ]


def test_the_deployer_cannot_widen_itself_or_become_a_publisher_by_changing_its_role():
    denied = [it for it in _statements(GITHUB["DeployerRole"]) if it["Effect"] == "Deny"]

    assert [it["Action"] for it in denied] == ["iam:*"]
    assert {it["Fn::Sub"].partition(":role/")[2] for it in denied[0]["Resource"]} == {
        "dasier-${Stage}-github-*",
        "dasier/${Stage}/*",
    }


def test_the_deployer_may_do_to_roles_whatever_cloudformation_does_to_them():
    """As the registry of resource types lists it for `AWS::IAM::Role`, with what our roles have: policies, tags, a path."""
    made = {"AttachRolePolicy", "CreateRole", "GetRole", "GetRolePolicy", "PutRolePolicy", "TagRole"}
    changed = {"DeleteRolePolicy", "DetachRolePolicy", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"}
    removed = {"DeleteRole", "ListAttachedRolePolicies", "ListRolePolicies"}

    (statement,) = (it for it in _statements(GITHUB["DeployerRole"]) if it["Sid"] == "ItsStacksRoles")

    assert {"iam:" + action for action in made | changed | removed | {"PassRole"}} == set(statement["Action"])


def test_the_deployer_may_read_the_secret_that_cloudformation_resolves_in_its_name():
    """PowerUserAccess is everything but `iam:`, `organizations:` and `account:`: a list of services would leave it out."""
    role = GITHUB["DeployerRole"]
    denied = [it["Action"] for it in _statements(role) if it["Effect"] == "Deny"]

    assert [arn["Fn::Sub"].rpartition("/")[2] for arn in role["Properties"]["ManagedPolicyArns"]] == [
        "PowerUserAccess"
    ]
    assert "PermissionsBoundary" not in role["Properties"]
    assert denied == ["iam:*"]


def test_nobody_signs_up_by_themselves_or_changes_what_they_are_called_unverified():
    pool, client = PEOPLE["People"]["Properties"], PEOPLE["Site"]["Properties"]

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert pool["MfaConfiguration"] == "ON"
    assert (client["AllowedOAuthFlows"], client["SupportedIdentityProviders"]) == (["code"], ["COGNITO"])
    assert client["CallbackURLs"] == [{"Fn::Sub": "${SiteUrl}/sign-in/back"}]


def test_the_groups_are_those_that_the_service_believes_in():
    parameters = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    groups = {
        it["Properties"]["GroupName"] for it in PEOPLE.values() if it["Type"] == "AWS::Cognito::UserPoolGroup"
    }

    assert groups == {parameters[name]["Default"] for name in ("OidcOperators", "OidcViewers")}
    assert parameters["OidcGroupsClaim"]["Default"] == "cognito:groups"
