"""Names of AWS resources that follow from an environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mlinfra.declarations.endpoint import OWN_IMAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations.endpoint import Endpoint
    from mlinfra.declarations.experiment import Experiment
    from mlinfra.declarations.training_queue import Queue

STORED_PLANS_PREFIX = "_plans/"
"""The prefix of stored plans in the state bucket, whose objects expire. Keys of states begin with the name of a
project, which never begins with an underscore."""

STORED_PLANS_KEPT_DAYS = 3
"""Retention of plans that pipelines store, in days. A plan can be applied for 24 hours by default, and S3 deletes
objects at the midnight UTC after their time."""


@dataclass(frozen=True, kw_only=True)
class ResourceNames:
    """Names, ARNs, aliases and paths that can be computed without a lookup in AWS."""

    project: str
    environment: str
    """The environment's name."""
    account_id: str
    region: str
    bucket_names: Mapping[str, str] = field(default_factory=dict)
    """Buckets whose name does not follow from the rest, by use. Default: none."""

    @property
    def prefix(self) -> str:
        """The prefix of all resource names."""
        return f"{self.project}-{self.environment}"

    def bucket(self, use: str) -> str:
        """The bucket for `use`: a data zone, `access-logs`, `inventory`, `queries`, `billing` or `tfstate`.

        Bucket names are unique in all accounts and regions, so both are part of the name.
        """
        return self.bucket_names.get(use) or f"{self.prefix}-{use}-{self.account_id}-{self.region}"

    def stack_id(self, component: str) -> str:
        """The name of a component's stack in `cdktf`."""
        return f"{self.environment}-{component}"

    def component_of(self, stack_id: str) -> str:
        """The component whose stack is named `stack_id`."""
        return stack_id.removeprefix(f"{self.environment}-")

    def state_key(self, component: str) -> str:
        """The key of a component's state in the state bucket."""
        return f"{self.project}/{self.environment}/{self.region}/{component}/terraform.tfstate"

    @property
    def state_bucket(self) -> str:
        """The bucket that holds the state of every component."""
        return self.bucket("tfstate")

    def stored_plan_key(self, stack: str, commit: str, sha256: str) -> str:
        """The key of a stored plan in the state bucket.

        Args:
            stack: the id of the stack, such as `dev-data`.
            commit: the full hash of the commit that it was made from.
            sha256: the digest of the stored archive.
        """
        return f"{STORED_PLANS_PREFIX}{stack}/{commit}/{sha256}.zip"

    @property
    def audit_baseline_key(self) -> str:
        """The key of the baseline of audits in the state bucket. No key of a state begins with an underscore."""
        return "_audit/baseline.json.gz"

    @property
    def lock_table(self) -> str:
        """The DynamoDB table that locks state."""
        return f"{self.prefix}-tfstate-lock"

    @property
    def state_key_alias(self) -> str:
        """The alias of the KMS key that encrypts state."""
        return f"alias/{self.prefix}-tfstate"

    @property
    def boundary(self) -> str:
        """The permissions boundary of the roles of workloads, an IAM policy."""
        return f"{self.prefix}-boundary"

    @property
    def billing_database(self) -> str:
        """The Glue database of the bill. Athena requires quotes around names with hyphens."""
        return f"{self.prefix}-billing".replace("-", "_")

    @property
    def billing_workgroup(self) -> str:
        """The Athena workgroup that queries the bill."""
        return f"{self.prefix}-billing"

    @property
    def accelerator_denial(self) -> str:
        """The IAM policy that denies new accelerators, which AWS Budgets attaches to roles."""
        return f"{self.prefix}-no-new-accelerators"

    @property
    def budget_actions_role(self) -> str:
        """The role with which AWS Budgets attaches that policy."""
        return f"{self.prefix}-budget-actions"

    def cluster(self, experiment: Experiment) -> str:
        """The cluster of `experiment`, and its auto scaling group."""
        return self.cluster_named(experiment.name)

    def cluster_named(self, experiment: str) -> str:
        """The cluster of the experiment with this name, which may no longer be declared."""
        return f"{self.prefix}-{experiment}"

    def cluster_log_group(self, experiment: Experiment) -> str:
        """The log group of the boot, the guard and the runs of a cluster's nodes."""
        return self.parameter("training", experiment.name)

    @property
    def run_document(self) -> str:
        """The document of Systems Manager that starts a run on a node."""
        return f"{self.prefix}-start-run"

    @property
    def janitor(self) -> str:
        """The function that stops clusters and deletes kept volumes."""
        return f"{self.prefix}-janitor"

    def queue(self, queue: Queue) -> str:
        """The prefix of the names of all resources of `queue`."""
        return f"{self.prefix}-{queue.name}"

    def job_queue(self, queue: Queue, kind: Literal["spot", "on-demand", "multi-node"]) -> str:
        """The job queue of AWS Batch on nodes of one kind, which is also the partition of the records of its runs."""
        return f"{self.queue(queue)}-{kind}"

    def queue_log_group(self, queue: Queue) -> str:
        """The log group of the output of jobs and runs."""
        return f"/aws/batch/{self.queue(queue)}"

    def queue_run_role(self, queue: Queue) -> str:
        """The role of the commands of runs in `queue`."""
        return f"{self.queue(queue)}-run"

    def queue_execution_role(self, queue: Queue) -> str:
        """The role with which ECS starts the containers of runs in `queue`."""
        return f"{self.queue(queue)}-exec"

    def endpoint(self, endpoint: Endpoint) -> str:
        """The SageMaker endpoint of `endpoint`."""
        return f"{self.prefix}-{endpoint.name}"

    def endpoint_role(self, endpoint: Endpoint) -> str:
        """The execution role of `endpoint`."""
        return f"{self.endpoint(endpoint)}-endpoint"

    def image_repository(self, name: str) -> str:
        """The ECR repository of the entry `name` of `image_repositories`."""
        return f"{self.prefix}/{name}"

    def image_uri(self, image: str) -> str:
        """The URI of the container image `image`, as a Variant names it.

        Args:
            image: `ranker:3.1`, in a repository of this environment; or the URI of an image anywhere in ECR, which is
                returned unchanged.
        """
        own = OWN_IMAGE.match(image)
        if own is None:
            return image
        registry = f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com"
        return f"{registry}/{self.image_repository(own['name'])}{own['version']}"

    def ci_role_arn(self, use: Literal["plan", "drift", "apply", "train"]) -> str:
        """The ARN of the pipeline's role for plans, for the detection of drift, for applies, or for training."""
        return f"arn:aws:iam::{self.account_id}:role/{self.prefix}-ci-{use}"

    def studio_role(self, team: str) -> str:
        """The role of a team in SageMaker Studio: at most 60 characters, as bucket names keep prefixes short."""
        return f"{self.prefix}-studio-{team}"

    @property
    def records_table(self) -> str:
        """The DynamoDB table of clusters and their jobs."""
        return f"{self.prefix}-clusters"

    @property
    def alerts_topic_arn(self) -> str:
        """The ARN of the SNS topic for notifications."""
        return f"arn:aws:sns:{self.region}:{self.account_id}:{self.prefix}-alerts"

    @property
    def alerts_key_alias(self) -> str:
        """The alias of the KMS key of the topic for notifications."""
        return f"alias/{self.prefix}-alerts"

    @property
    def model_registry_key_alias(self) -> str:
        """The alias of the KMS key of the model registry's function."""
        return f"alias/{self.prefix}-model-registry"

    @property
    def tracking_server(self) -> str:
        """The MLflow tracking server, and its role."""
        return f"{self.prefix}-tracking"

    def parameter(self, component: str, name: str) -> str:
        """The SSM parameter by which a component publishes a value."""
        return f"/mlinfra/{self.project}/{self.environment}/{component}/{name}"
