"""A project that synthesizes in milliseconds: its main.py writes Terraform JSON as cdktf does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform import SynthesizedStack

DECLARATION = """
from datetime import date
from mlinfra import Environment, Experiment, SpendLimits

{name} = Environment(
    name="{name}", project="recsys", account_id="{account}", region="us-east-1", team="ml-platform",
    cost_center="ml-1234", repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000,
    emulated={emulated},
    spend_limits=SpendLimits(owners={{"ana@example.com": 9_000}}),
    experiments=[
        Experiment(name="two-tower-v2", owner="ana@example.com", size="small", expires=date(2026, 12, 18)),
    ],
)
"""

MAIN = """
import json, os, pathlib, sys
name = os.environ["MLINFRA_ENV"]
if pathlib.Path("broken-" + name).exists():
    sys.exit("ValueError: the stack of " + name + " is broken")
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
stacks = json.loads(pathlib.Path("stacks.json").read_text().replace("ENV-", name + "-"))
manifest = {}
for stack, (dependencies, body) in stacks.items():
    folder = out / "stacks" / stack
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(body))
    manifest[stack] = {"workingDirectory": "stacks/" + stack, "dependencies": dependencies}
(out / "manifest.json").write_text(json.dumps({"stacks": manifest}))
"""


def metadata(path: str) -> dict[str, Any]:
    """The comment in which cdktf writes the path of a construct."""
    return {"//": {"metadata": {"path": path}}}


STACKS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "ENV-foundation": (
        [],
        {
            "resource": {
                "aws_vpc": {"network_vpc_0A": {**metadata("ENV-foundation/network/vpc"), "cidr_block": "10.0.0.0/16"}},
                "aws_ssm_parameter": {
                    "vpc-id_0B": {
                        **metadata("ENV-foundation/vpc-id"),
                        "name": "/mlinfra/recsys/vpc-id",
                        "value": "${aws_vpc.network_vpc_0A.id}",
                    }
                },
            }
        },
    ),
    "ENV-training": (
        ["ENV-foundation"],
        {
            "data": {"aws_ssm_parameter": {"platform_vpc-id_0C": {"name": "/mlinfra/recsys/vpc-id"}}},
            "resource": {
                "aws_security_group": {
                    "two-tower-v2_security-group_0D": {
                        **metadata("ENV-training/two-tower-v2/security-group"),
                        "name": "recsys-two-tower-v2",
                        "tags": {"Owner": "ana@example.com", "Experiment": "two-tower-v2"},
                        "vpc_id": "${data.aws_ssm_parameter.platform_vpc-id_0C.insecure_value}",
                    }
                },
                "aws_autoscaling_group": {
                    "two-tower-v2_group_0E": {
                        **metadata("ENV-training/two-tower-v2/group"),
                        "name": "recsys-two-tower-v2",
                        "depends_on": ["aws_security_group.two-tower-v2_security-group_0D"],
                        "tag": [{"key": "Owner", "value": "ana@example.com", "propagate_at_launch": True}],
                    }
                },
            },
        },
    ),
}


def write_project(root: Path, **environments: str) -> Path:
    """Write a project with the given environments, each with its account. Account 123456789012 is emulated."""
    (root / "environments").mkdir(parents=True)
    for name, account in environments.items():
        text = DECLARATION.format(name=name, account=account, emulated=account == "123456789012")
        (root / "environments" / f"{name}.py").write_text(text)
    (root / "main.py").write_text(MAIN)
    (root / "cdktf.json").write_text("{}")
    (root / "stacks.json").write_text(json.dumps(STACKS))
    return root


def synthesized(root: Path) -> list[tuple[str, SynthesizedStack]]:
    """The stacks of the environment dev."""
    from mlinfra.operations.terraform import synthesize

    return [("dev", stack) for stack in synthesize(root, root / "out", environment="dev")]
