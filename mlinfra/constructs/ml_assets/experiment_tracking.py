"""Experiment tracking: a managed MLflow tracking server, and grants of access to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import iam_role, iam_role_policy, sagemaker_mlflow_tracking_server
from mlinfra.constructs.parts import environment_of, grant_to, policy_document, statement, trust_policy, workload_role

if TYPE_CHECKING:
    from mlinfra.constructs.data_lake import DataLakeAccess
    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment

ARTIFACTS = "mlflow/"
"""The prefix of artifacts in the zone `models` of the lake."""

# The actions of a training run, without deletion and registration of models. Source: service authorization reference of
# Amazon SageMaker with MLflow, read 2026-11-26.
_LOG = [
    "sagemaker-mlflow:CreateExperiment",
    "sagemaker-mlflow:CreateRun",
    "sagemaker-mlflow:FinalizeLoggedModel",
    "sagemaker-mlflow:GetExperiment",
    "sagemaker-mlflow:GetExperimentByName",
    "sagemaker-mlflow:GetLoggedModel",
    "sagemaker-mlflow:GetMetricHistory",
    "sagemaker-mlflow:GetRun",
    "sagemaker-mlflow:ListArtifacts",
    "sagemaker-mlflow:ListLoggedModelArtifacts",
    "sagemaker-mlflow:LogBatch",
    "sagemaker-mlflow:LogInputs",
    "sagemaker-mlflow:LogLoggedModelParams",
    "sagemaker-mlflow:LogMetric",
    "sagemaker-mlflow:LogModel",
    "sagemaker-mlflow:LogOutputs",
    "sagemaker-mlflow:LogParam",
    "sagemaker-mlflow:SearchExperiments",
    "sagemaker-mlflow:SearchLoggedModels",
    "sagemaker-mlflow:SearchRuns",
    "sagemaker-mlflow:SetExperimentTag",
    "sagemaker-mlflow:SetLoggedModelTags",
    "sagemaker-mlflow:SetTag",
    "sagemaker-mlflow:UpdateRun",
]


class ExperimentTrackingAccess(Construct):
    """Access to a tracking server, declared in this stack or another one."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        data_lake: DataLakeAccess,
        environment: Environment | None = None,
    ) -> None:
        """Refer to a tracking server of another stack.

        Args:
            scope: the construct that uses the server.
            id: the construct's id, unique in its scope.
            data_lake: the lake with its artifacts.
            environment: the server's environment. Default: that of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no tracking server.
        """
        self._environment = environment = environment_of(scope, environment)
        if environment.tracking is None:
            message = (
                f"the environment {environment.name!r} has tracking=None, so it has no tracking server. Expected: "
                f"tracking=Tracking() in its declaration; the server is billed by the hour."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._data_lake = data_lake
        self._tracking = environment.tracking

    @property
    def name(self) -> str:
        """The server's name."""
        return self._environment.names.tracking_server

    @property
    def arn(self) -> str:
        """The server's ARN, which is the tracking URI of MLflow's client with the plugin `sagemaker-mlflow`."""
        environment = self._environment
        return f"arn:aws:sagemaker:{environment.region}:{environment.account_id}:mlflow-tracking-server/{self.name}"

    @property
    def artifact_uri(self) -> str:
        """The location of artifacts, as an S3 URI."""
        return f"s3://{self._data_lake.bucket_name('models')}/{ARTIFACTS.rstrip('/')}"

    def grant_log(self, grantee: AnyRole) -> None:
        """Allow `grantee` to log runs and to read those of others, but not to delete any.

        Clients exchange artifacts directly with the lake, so the grant includes access to them there.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
        """
        statements = [statement("Log", actions=_LOG, resources=[self.arn])]
        grant_to(grantee, f"{self.node.id}-log", statements, scope=self)
        self._data_lake.grant_read_write(grantee, zones=["models"], prefix=ARTIFACTS)


class ExperimentTracking(ExperimentTrackingAccess):
    """SageMaker's managed MLflow: a tracking server whose artifacts are in the data lake.

    It is billed by the hour for as long as it exists, and for the contents of its database, even if it is unused.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        data_lake: DataLakeAccess,
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the server with the environment's `tracking` settings.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            data_lake: the lake that stores the artifacts, in its zone `models` below `mlflow/`.
            protect: True if Terraform refuses to destroy the server, with all runs in its database. Default:
                the environment's `protect_data`. If `tracking` is removed from the environment, the server is
                destroyed anyway: Terraform protects declared resources only.
            environment: its environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no tracking server, or the lake has no zone for models.
        """
        data_lake.bucket_name("models")
        super().__init__(scope, id, data_lake=data_lake, environment=environment)
        protect = self._environment.protect_data if protect is None else protect
        self._role = workload_role(
            self,
            "role",
            environment=self._environment,
            name=self.name,
            description=f"The MLflow tracking server of {self._environment.names.prefix}.",
            trust=trust_policy("sagemaker.amazonaws.com"),
        )
        policy = iam_role_policy.IamRolePolicy(
            self, "policy", name="keep", role=self._role.name, policy=policy_document(*self._statements())
        )
        self._server = sagemaker_mlflow_tracking_server.SagemakerMlflowTrackingServer(
            self,
            "server",
            tracking_server_name=self.name,
            tracking_server_size=self._tracking.size,
            artifact_store_uri=self.artifact_uri,
            automatic_model_registration=self._tracking.automatic_model_registration,
            weekly_maintenance_window_start=self._tracking.weekly_maintenance,
            role_arn=self._role.arn,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
            depends_on=[policy],
        )

    @property
    def role(self) -> iam_role.IamRole:
        """The role of the server."""
        return self._role

    @property
    def server(self) -> sagemaker_mlflow_tracking_server.SagemakerMlflowTrackingServer:
        """The server itself."""
        return self._server

    def _statements(self) -> list[dict[str, object]]:
        bucket = f"arn:aws:s3:::{self._data_lake.bucket_name('models')}"
        statements = [
            # AWS asks for AmazonS3FullAccess (SageMaker API reference, CreateMlflowTrackingServer, RoleArn, botocore
            # 1.44.8, read 2026-11-29), and does not document which of its actions the server needs. HeadBucket, with
            # which clients check a bucket, requires s3:ListBucket in a request without a prefix (S3 API reference,
            # HeadBucket, read 2026-11-29).
            statement("FindBucket", actions=["s3:GetBucketLocation"], resources=[bucket]),
            statement(
                "ListArtifacts",
                actions=["s3:ListBucket"],
                resources=[bucket],
                conditions={"StringLikeIfExists": {"s3:prefix": f"{ARTIFACTS}*"}},
            ),
            statement(
                "ReadAndWriteArtifacts",
                actions=[
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                resources=[f"{bucket}/{ARTIFACTS}*"],
            ),
            statement("UseKey", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._data_lake.key_arn]),
        ]
        if self._tracking.automatic_model_registration:
            here = f"arn:aws:sagemaker:{self._environment.region}:{self._environment.account_id}"
            # As AWS's own example has it, in this account and region only: MLflow's models name the groups
            # (SageMaker developer guide, "Set up IAM permissions for MLflow", read 2026-11-26).
            statements.append(
                statement(
                    "RegisterModels",
                    actions=[
                        "sagemaker:AddTags",
                        "sagemaker:CreateModelPackage",
                        "sagemaker:CreateModelPackageGroup",
                        "sagemaker:DescribeModelPackageGroup",
                        "sagemaker:UpdateModelPackage",
                    ],
                    resources=[f"{here}:model-package-group/*", f"{here}:model-package/*"],
                )
            )
        return statements
