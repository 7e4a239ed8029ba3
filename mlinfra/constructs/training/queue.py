"""A queue of training jobs on AWS Batch, for teams that outgrow a cluster each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, Fn, Token
from mlinfra._cdk.aws import (
    batch_job_queue,
    batch_scheduling_policy as scheduling_policies,
    cloudwatch_log_group,
    iam_instance_profile,
    iam_role,
    iam_role_policy_attachment,
)
from mlinfra.constructs.parts import environment_of, trust_policy
from mlinfra.constructs.training.node_network import node_security_group
from mlinfra.constructs.training.queue_job import TrainingJobDefinition
from mlinfra.constructs.training.queue_nodes import TrainingNodes
from mlinfra.constructs.training.queue_settings import JobSettings, QueueSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import security_group as security_groups
    from mlinfra.catalog import InstanceType
    from mlinfra.declarations import Environment

_CONTAINER_INSTANCE = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"

_DAY = 86_400

_HOPELESS_AFTER = 600  # seconds; the shortest that Batch offers
_HOPELESS = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
"""Why a job at the head of a queue can never run, however long it blocks the others.

Source: Batch user guide, "Automatic remediation with jobStateTimeLimitActions", read 2026-11-24.
"""
_NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"


class TrainingQueue(Construct):
    """Job queues of AWS Batch on GPU nodes that are there while jobs are, shared fairly by teams.

    There are three, since Batch wants them apart: `spot_queue` on spare capacity, `on_demand_queue`,
    and, with more than one node, `multi_node_queue` for jobs whose nodes work together. Each has a
    compute environment of its own with no node while nothing runs, and never more than `max_nodes`.

    Nodes have encrypted volumes, no public address and no open port. Among themselves they talk
    freely; out of the network they reach HTTPS only. Metadata needs a token (IMDSv2).

    Nodes are tagged `AutoStop=false`: Batch starts and ends them by its queue, and a janitor that did
    so too would end jobs.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        owner: str,
        max_nodes: int,
        teams: Mapping[str, float],
        vpc_id: str,
        subnet_ids: Sequence[str],
        key_arn: str,
        gpu: str | None = None,
        gpus_per_node: int | None = None,
        instance_types: Sequence[str] = (),
        multi_node_subnet_id: str | None = None,
        efa: bool = False,
        spot_falls_back_to_on_demand: bool = False,
        image_id: str | None = None,
        root_volume_gib: int = 200,
        share_decay_seconds: int = _DAY,
        compute_reservation_percent: int = 0,
        capacity_wait_seconds: int = _DAY,
        log_retention_days: int = 90,
        environment: Environment | None = None,
    ) -> None:
        """Declare the queue.

        Args:
            scope: what the queue belongs to.
            id: the construct's id, unique in its scope.
            name: what it is called in its environment: 2 to 32 lower-case letters, digits and single
                hyphens, beginning with a letter.
            owner: the e-mail address of the person who answers for it. There is no default: a queue
                that nobody owns is a bill that nobody reads.
            max_nodes: the most nodes of each of its compute environments, 1 to 1000. Batch may go
                over it by one node.
            teams: the share of each team, 0.01 to 100, by its share identifier of letters and
                digits. A team with 2 gets twice of what one with 1 gets, while both have jobs. A job
                of a team that is not named counts with a share of 1.
            vpc_id: the network that nodes run in.
            subnet_ids: the private subnets that they may run in, with a way out to ECS and ECR.
            key_arn: the KMS key for volumes and logs, which EC2 and CloudWatch Logs have to be
                allowed to use.
            gpu: the GPU model of a node, such as `A10G`: the cheapest type that has it is taken.
                Default: what `instance_types` have.
            gpus_per_node: how many of them, exactly. Default: 1, where gpu is given.
            instance_types: types by name instead, all with the same GPU; the more there are, the
                rarer an interruption on spot. Multi-node jobs get the first. Default: none.
            multi_node_subnet_id: where the nodes of multi-node jobs run, which a placement group
                keeps in one zone. Default: the first of subnet_ids.
            efa: whether multi-node jobs talk through Elastic Fabric Adapters. Default: False, since
                Batch then gives their containers the VPC's default security group, which the
                platform's network keeps shut: docs/training-queue.md says what to open.
            spot_falls_back_to_on_demand: whether jobs of the spot queue run on demand where spot has
                no capacity. Default: False, they wait: who asks for spot asks for its price.
            image_id: a machine image to pin, with the ECS agent and a driver for the GPU. Default:
                the image for GPUs that Batch recommends when an environment is made (Amazon Linux
                2023), which does not run V100.
            root_volume_gib: the root volume of each node, 50 to 16384 GiB. Default: 200, since images
                with CUDA and a framework have 10 to 20 each.
            share_decay_seconds: how long what a team has used counts against it, 600 to 604800.
                Default: 86400, a day: with Batch's 10 minutes, a team that had every GPU all night
                would be even by breakfast.
            compute_reservation_percent: how much is kept free for teams that have no jobs, to the
                power of those that have, 0 to 99. Default: 0: who is alone may use everything.
            capacity_wait_seconds: how long the job at the head of a queue waits for instances that
                EC2 does not have before it is cancelled, 600 to 86400. Default: 86400, the longest
                that Batch offers, since GPUs can take hours to come.
            log_retention_days: how long the output of jobs is kept, in days that CloudWatch Logs
                offers. Default: 90.
            environment: where the queue runs. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: with every problem at once.
        """
        self._environment = environment_of(scope, environment)
        # A list that is only known at deploy time looks like a list of one text.
        self._settings = QueueSettings(
            prefix=self._environment.names.prefix,
            name=name,
            owner=owner,
            gpu=gpu,
            gpus_per_node=gpus_per_node,
            instance_types=tuple(instance_types),
            max_nodes=max_nodes,
            teams=dict(teams),
            subnet_ids=tuple(subnet_ids),
            efa=efa,
            image_id=image_id,
            root_volume_gib=root_volume_gib,
            share_decay_seconds=share_decay_seconds,
            compute_reservation_percent=compute_reservation_percent,
            capacity_wait_seconds=capacity_wait_seconds,
            log_retention_days=log_retention_days,
        )
        super().__init__(scope, id)
        self._name = self._settings.full_name
        self._own_tags = {"Name": self._name, "Owner": owner, "Queue": name, "AutoStop": "false"}
        self._key_arn = key_arn
        self._jobs: dict[str, TrainingJobDefinition] = {}

        self._security_group = node_security_group(
            self, name=self._name, owner="training queue", vpc_id=vpc_id, tags=self._own_tags
        )
        self._profile, self._permissions = self._node_profile()
        self._log_group = cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=f"/aws/batch/{self._name}",
            kms_key_id=key_arn,
            retention_in_days=log_retention_days,
            tags=self._own_tags,
        )
        self._policy = self._scheduling_policy()

        self._spot = self._nodes("spot", subnet_ids, spot=True)
        self._on_demand = self._nodes("on-demand", subnet_ids)
        on_spot = [self._spot, self._on_demand] if spot_falls_back_to_on_demand else [self._spot]
        self._spot_queue = self._queue("spot", on_spot, priority=1)
        # Who pays for on-demand nodes goes first where both queues share them.
        self._on_demand_queue = self._queue("on-demand", [self._on_demand], priority=10)
        self._multi_node_queue = None
        if max_nodes > 1:
            subnet_id = multi_node_subnet_id or _first(subnet_ids)
            self._multi_node_queue = self._queue(
                "multi-node", [self._nodes("multi-node", [subnet_id], multi_node=True)], priority=10
            )

    def job(
        self,
        name: str,
        *,
        image: str,
        command: Sequence[str] = (),
        nodes: int = 1,
        spot: bool | None = None,
        gpus_per_node: int | None = None,
        vcpus_per_node: int | None = None,
        memory_mib_per_node: int | None = None,
        shared_memory_mib: int | None = None,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        attempts: int = 3,
        retry_exit_codes: Sequence[int] = (),
        timeout_seconds: int = _DAY,
        priority: int = 100,
        role: iam_role.IamRole | None = None,
    ) -> TrainingJobDefinition:
        """Define a job that is submitted to one of the queues.

        Args:
            name: what it is called in the queue: 2 to 40 lower-case letters, digits and single
                hyphens, beginning with a letter.
            image: the container image, with a tag other than `latest` or with a digest: each attempt
                of a job has to run the same code.
            command: the program and its arguments. Default: what the image starts.
            nodes: how many nodes work together on it, each in a container of its own. Default: 1.
            spot: whether it runs on spare capacity, which can go at two minutes' notice. Default:
                True on one node. Batch runs jobs with more only on demand.
            gpus_per_node: GPUs on each node. Default: all of the first instance type's.
            vcpus_per_node: vCPUs on each node. Default: as much of the node as its GPUs are.
            memory_mib_per_node: memory on each node, in MiB; a container that takes more is ended.
                Default: as much of nine tenths of the node as its GPUs are.
            shared_memory_mib: `/dev/shm` in MiB, a part of the memory. Default: half of it, since
                data loaders hand tensors over there and Docker gives 64 MiB.
            variables: environment variables. Default: none but those of Batch.
            secrets: environment variables whose values are kept in Secrets Manager or Parameter
                Store: ARNs by name. A key of your own has to let `execution_role` decrypt. Default:
                none.
            attempts: how often it is tried at most, 1 to 10, where its host was lost. Default: 3.
            retry_exit_codes: exit codes of the program after which it is tried again too, at most 3.
                Of several nodes Batch sees the loss of node 0 only: a program that loses another one
                can ask for the next attempt so. Default: none.
            timeout_seconds: how long one attempt may take, at least 60. Default: 86400, a day: a job
                that hangs on a Friday costs a day and not the weekend.
            priority: who goes first among the jobs of a team, 1 to 9999, highest first. Default: 100.
            role: what its code acts as. Default: a role of its own, which may do nothing until it is
                granted something: `lake.grant_read(job)`.

        Raises:
            ValueError: with every problem at once, or where the queue has a job of that name.
        """
        if name in self._jobs:
            message = f"the queue {self._settings.name!r} has a job {name!r} already. Give this one another name."
            raise ValueError(message)
        settings = JobSettings(
            queue=self._settings,
            name=name,
            image=image,
            command=tuple(command),
            nodes=nodes,
            spot=spot,
            gpus_per_node=gpus_per_node,
            vcpus_per_node=vcpus_per_node,
            memory_mib_per_node=memory_mib_per_node,
            shared_memory_mib=shared_memory_mib,
            variables=dict(variables or {}),
            secrets=dict(secrets or {}),
            attempts=attempts,
            retry_exit_codes=tuple(retry_exit_codes),
            timeout_seconds=timeout_seconds,
            priority=priority,
        )
        self._jobs[name] = TrainingJobDefinition(
            self,
            f"job-{name}",
            settings=settings,
            queue=self._queue_of(settings),
            logs=self._log_group,
            role=role,
            own_tags=self._own_tags,
            environment=self._environment,
        )
        return self._jobs[name]

    @property
    def node_types(self) -> tuple[InstanceType, ...]:
        """What a node may be, the preferred type first."""
        return self._settings.node_types

    @property
    def reason(self) -> str:
        """Why a node is what it is: one sentence for people."""
        return self._settings.reason

    @property
    def jobs(self) -> Mapping[str, TrainingJobDefinition]:
        """The jobs that are defined, by name."""
        return dict(self._jobs)

    @property
    def spot_queue(self) -> batch_job_queue.BatchJobQueue:
        """The job queue on spare capacity."""
        return self._spot_queue

    @property
    def on_demand_queue(self) -> batch_job_queue.BatchJobQueue:
        """The job queue on demand."""
        return self._on_demand_queue

    @property
    def multi_node_queue(self) -> batch_job_queue.BatchJobQueue | None:
        """The job queue for jobs with several nodes; None where there is one node at most."""
        return self._multi_node_queue

    @property
    def scheduling_policy(self) -> scheduling_policies.BatchSchedulingPolicy:
        """How teams share the queues."""
        return self._policy

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of its nodes."""
        return self._security_group

    @property
    def log_group(self) -> cloudwatch_log_group.CloudwatchLogGroup:
        """Where the output of its jobs goes."""
        return self._log_group

    def _queue_of(self, settings: JobSettings) -> batch_job_queue.BatchJobQueue:
        if settings.nodes > 1:
            assert self._multi_node_queue is not None  # noqa: S101  more nodes than max_nodes were refused
            return self._multi_node_queue
        return self._spot_queue if settings.on_spot else self._on_demand_queue

    def _nodes(
        self, id_: str, subnet_ids: Sequence[str], *, spot: bool = False, multi_node: bool = False
    ) -> TrainingNodes:
        return TrainingNodes(
            self,
            id_,
            settings=self._settings,
            spot=spot,
            multi_node=multi_node,
            profile=self._profile,
            permissions=self._permissions,
            security_group_id=self._security_group.id,
            subnet_ids=subnet_ids,
            key_arn=self._key_arn,
            own_tags=self._own_tags,
            node_tags=self._environment.tags(auto_stop=False) | self._own_tags,
        )

    def _queue(self, id_: str, nodes: Sequence[TrainingNodes], *, priority: int) -> batch_job_queue.BatchJobQueue:
        limits = {_NO_CAPACITY: self._settings.capacity_wait_seconds, **dict.fromkeys(_HOPELESS, _HOPELESS_AFTER)}
        return batch_job_queue.BatchJobQueue(
            self,
            f"{id_}-queue",
            name=f"{self._name}-{id_}",
            state="ENABLED",
            priority=priority,
            scheduling_policy_arn=self._policy.arn,
            compute_environment_order=[
                batch_job_queue.BatchJobQueueComputeEnvironmentOrder(
                    order=order, compute_environment=each.environment.arn
                )
                for order, each in enumerate(nodes, start=1)
            ],
            job_state_time_limit_action=[
                batch_job_queue.BatchJobQueueJobStateTimeLimitAction(
                    state="RUNNABLE", action="CANCEL", reason=reason, max_time_seconds=seconds
                )
                for reason, seconds in limits.items()
            ],
            tags=self._own_tags | {"Name": f"{self._name}-{id_}"},
        )

    def _scheduling_policy(self) -> scheduling_policies.BatchSchedulingPolicy:
        return scheduling_policies.BatchSchedulingPolicy(
            self,
            "scheduling-policy",
            name=self._name,
            fair_share_policy=scheduling_policies.BatchSchedulingPolicyFairSharePolicy(
                share_decay_seconds=self._settings.share_decay_seconds,
                compute_reservation=self._settings.compute_reservation_percent,
                share_distribution=[
                    scheduling_policies.BatchSchedulingPolicyFairSharePolicyShareDistribution(
                        share_identifier=team, weight_factor=weight
                    )
                    for team, weight in sorted(self._settings.weights.items())
                ],
            ),
            tags=self._own_tags,
        )

    def _node_profile(
        self,
    ) -> tuple[iam_instance_profile.IamInstanceProfile, iam_role_policy_attachment.IamRolePolicyAttachment]:
        role = iam_role.IamRole(
            self,
            "node-role",
            name=f"{self._name}-node",
            assume_role_policy=trust_policy("ec2.amazonaws.com"),
            tags=self._own_tags,
        )
        # What the ECS agent does changes with its version, which Batch chooses: the managed policy keeps up with it.
        permissions = iam_role_policy_attachment.IamRolePolicyAttachment(
            self, "node-permissions", role=role.name, policy_arn=_CONTAINER_INSTANCE
        )
        profile = iam_instance_profile.IamInstanceProfile(
            self, "node-profile", name=f"{self._name}-node", role=role.name, tags=self._own_tags
        )
        return profile, permissions


def _first(subnet_ids: Sequence[str]) -> str:
    """The first of `subnet_ids`, also where they are only known at deploy time."""
    listed = list(subnet_ids)
    return str(Fn.element(listed, 0)) if Token.is_unresolved(listed) else listed[0]
