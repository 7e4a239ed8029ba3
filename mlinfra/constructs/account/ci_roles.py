"""The roles of a pipeline: one plans, one detects drift, one applies, and one trains if that is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_openid_connect_provider, iam_role, iam_role_policy, iam_role_policy_attachment
from mlinfra.constructs.account.ci_permissions import apply_statements, drift_statements, plan_statements
from mlinfra.constructs.account.training_permissions import training_statements
from mlinfra.constructs.parts import environment_of, policy_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.declarations import Claims, Environment, Pipeline

READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"
"""The base of the role for plans. A list of mlinfra's own would lack the read actions of new resource types, and the
plan of a merge request would fail; other permissions of the policy, such as reading data, are denied by name."""

WRITE = "arn:aws:iam::aws:policy/PowerUserAccess"
"""The base of the role for applies, for the same reason: all but identities, the organization and the account."""

_HOUR_S = 3600


class CiRoles(Construct):
    """Roles for plans, detection of drift, applies and training, which jobs of the pipeline assume with their token.

    No long-lived keys exist: the account knows the issuer of tokens, and each role requires claims of a job's token.
    Plans read, from any branch and merge request. The detection of drift reads and stores its baseline, from the
    declared branch only. Applies write, from that branch only. Training, if the pipeline declares it, starts runs on
    declared clusters and stops them, from that branch and the declared tags.

    None of the roles reads secrets, and none but the role for training reads data: the objects of runs. The role for
    applies creates roles of the environment, and neither users nor keys. It cannot change the roles of the pipeline: a
    person does that, after a review.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Declare the roles.

        Args:
            scope: what they belong to.
            id: the construct's id, unique in its scope.
            environment: whose `pipeline` they are for. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no pipeline.
        """
        environment = environment_of(scope, environment)
        pipeline = environment.pipeline
        if pipeline is None:
            message = (
                f"the environment {environment.name!r} has pipeline=None, so no pipeline assumes its roles. Expected: "
                f"pipeline=Pipeline(...) in its declaration."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._environment = environment
        self._provider = self._make_provider(pipeline) if pipeline.create_provider else None
        self._provider_arn = f"arn:aws:iam::{environment.account_id}:oidc-provider/{pipeline.issuer}"
        self._plan = self._role(
            "plan",
            f"Plans changes of {environment.names.prefix}. Read access, except to data and secrets.",
            claims=pipeline.plan_claims,
            hours=1,
            managed_policy=READ,
            statements=plan_statements(environment),
        )
        self._drift = self._role(
            "drift",
            f"Detects drift of {environment.names.prefix}, from the branch {pipeline.branch} only. Read access, except "
            f"to data and secrets, and the baseline of drift.",
            claims=pipeline.drift_claims,
            hours=1,
            managed_policy=READ,
            statements=drift_statements(environment),
        )
        self._apply = self._role(
            "apply",
            f"Applies reviewed plans to {environment.names.prefix}, from the branch {pipeline.branch} only.",
            claims=pipeline.apply_claims(environment.name),
            hours=pipeline.apply_session_hours,
            managed_policy=WRITE,
            statements=apply_statements(environment, issuer_arn=self._provider_arn if self._provider else None),
        )
        self._train = self._make_train(pipeline) if pipeline.training else None

    @property
    def plan(self) -> iam_role.IamRole:
        """The role that reads and plans."""
        return self._plan

    @property
    def drift(self) -> iam_role.IamRole:
        """The role that detects drift, and stores which drift is known."""
        return self._drift

    @property
    def apply(self) -> iam_role.IamRole:
        """The role that writes and applies."""
        return self._apply

    @property
    def train(self) -> iam_role.IamRole | None:
        """The role that runs training. None: the pipeline declares no training."""
        return self._train

    @property
    def provider(self) -> iam_openid_connect_provider.IamOpenidConnectProvider | None:
        """The identity provider of the tokens. None: it existed in the account before."""
        return self._provider

    def _make_provider(self, pipeline: Pipeline) -> iam_openid_connect_provider.IamOpenidConnectProvider:
        # No thumbprint: IAM trusts the issuer's certificate where a public authority has signed it, and takes the
        # thumbprint itself where it does not (IAM user guide, "Create an OIDC provider", read 2026-11-26).
        return iam_openid_connect_provider.IamOpenidConnectProvider(
            self, "provider", url=pipeline.issuer_url, client_id_list=[pipeline.audience]
        )

    def _make_train(self, pipeline: Pipeline) -> iam_role.IamRole:
        assert pipeline.training is not None  # noqa: S101  the caller checks it
        tags = f" and tags {pipeline.training.tags}" if pipeline.training.tags else ""
        return self._role(
            "train",
            f"Runs training in {self._environment.names.prefix}, from the branch {pipeline.branch}{tags} only.",
            claims=pipeline.training_claims,
            hours=pipeline.training.session_hours,
            managed_policy=None,
            statements=training_statements(self._environment),
        )

    def _role(
        self,
        use: str,
        description: str,
        *,
        claims: Claims,
        hours: int,
        managed_policy: str | None,
        statements: Sequence[Mapping[str, object]],
    ) -> iam_role.IamRole:
        role = iam_role.IamRole(
            self,
            use,
            name=f"{self._environment.names.prefix}-ci-{use}",
            description=description,
            max_session_duration=hours * _HOUR_S,
            assume_role_policy=policy_document(
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": self._provider_arn},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": claims,
                }
            ),
            depends_on=[self._provider] if self._provider else None,
        )
        # The denials come first: at no time does the role have the managed policy alone.
        limits = iam_role_policy.IamRolePolicy(
            role, "limits", name=f"{use}-limits", role=role.name, policy=policy_document(*statements)
        )
        if managed_policy is not None:
            iam_role_policy_attachment.IamRolePolicyAttachment(
                role, "managed", role=role.name, policy_arn=managed_policy, depends_on=[limits]
            )
        return role
