"""Protected data lake: models are copied to another account, labels are write-once.

Write its stacks to cdktf.out/: python examples/data_lake/main.py
"""

from __future__ import annotations

from mlinfra import (
    DataCatalog,
    DataLake,
    Environment,
    Lifecycle,
    MlApp,
    MlStack,
    ObjectLock,
    Replication,
    TerraformOutput,
)
from mlinfra.constructs.parts import policy_document

environment = Environment(
    name="prod",
    project="recsys",
    account_id="333333333333",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-5678",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=80_000,
)


class DataStack(MlStack):
    """The lake, its users, and the policy that the destination account needs."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "lake")
        lake = DataLake(
            self,
            "lake",
            lifecycles={
                "raw": Lifecycle(infrequent_access_after_days=90, archive_after_days=365),
                "features": Lifecycle(intelligent_tiering_after_days=0, expire_old_versions_after_days=90),
            },
            object_locks={"raw": ObjectLock(mode="GOVERNANCE", days=365)},
            replications={
                "models": Replication(
                    bucket_arn="arn:aws:s3:::recsys-prod-models-copy",
                    key_arn="arn:aws:kms:eu-west-1:444444444444:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                    region="eu-west-1",
                    account_id="444444444444",
                )
            },
            events=["raw", "models"],
            inventory={"raw": "Weekly"},
            catalog=DataCatalog(scan_limit_gib=500),
        )
        lake.grant_write("click-collector", zones=["raw"], prefix="clicks/")
        lake.grant_query("analysts", zones=["processed", "features"])

        copying = lake.replication("models")
        TerraformOutput(
            self,
            "policy-of-copies",
            static_id=True,
            description="What the policy of recsys-prod-models-copy has to say.",
            value=policy_document(*copying.destination_bucket_statements),
        )
        TerraformOutput(
            self,
            "policy-of-key-of-copies",
            static_id=True,
            description="Statements that the policy of the destination key needs in addition.",
            value=policy_document(*copying.destination_key_statements),
        )


app = MlApp()
DataStack(app)
app.synth()
