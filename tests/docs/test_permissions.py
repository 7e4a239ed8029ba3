"""The page about permissions and quotas names the roles that the stacks create, and quotas as AWS calls them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mlinfra.local_aws.seed import QUOTAS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
ROLES = {
    r"-ci-(plan|drift|apply|train)$": "",
    r"-(idle|janitor|job-finished|interruption|node-unhealthy|endpoint-watch|model-approval|budget-actions)$": "",
    r"-node$": "node of a cluster",
    r"-endpoint$": "| endpoint |",
    r"-studio(-.+)?$": "Studio, one role for each team and one for shared spaces",
    r"-feature-store$": "feature store",
    r"-flow-logs$": "flow logs",
}
"""Names of roles as patterns, with their words on the page. Empty: the name itself."""


def test_every_role_of_the_stacks_is_on_the_page(synthesized: Path) -> None:
    found = set()
    for file in synthesized.glob("*/cdk.tf.json"):
        for role in json.loads(file.read_text()).get("resource", {}).get("aws_iam_role", {}).values():
            name = role["name"]
            match = next((each for pattern in ROLES if (each := re.search(pattern, name))), None)
            assert match, f"{name}: docs/permissions.md does not name it"
            assert (ROLES[match.re.pattern] or match[1]) in PAGE, name
            found.add(match.re.pattern)
    assert found == set(ROLES)


def test_quotas_of_instances_have_their_names_codes_and_defaults() -> None:
    known = {each.code: each for each in QUOTAS}
    rows = re.findall(r"^\| (.+ \| .+ vCPUs) \|", PAGE, re.MULTILINE)
    assert len(rows) > 4
    for row in rows:
        for code in re.findall(r"L-[0-9A-F]{8}", row):
            quota = known[code]
            assert f"{quota.default:g} vCPUs" in row
            assert set(quota.name.replace(",", "").split()) <= set(re.sub(r"[(),`|]", " ", row).split()), row
