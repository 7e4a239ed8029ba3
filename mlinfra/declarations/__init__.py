"""Declarations of a team as data: environments, experiments, endpoints and people. No cdktf."""

from __future__ import annotations

from mlinfra.declarations.adopted import (
    ADOPTED_COMPONENT,
    Adopted,
    AdoptedType,
    adopted_file,
    dump_adopted,
    load_adopted,
    terraform_literal,
)
from mlinfra.declarations.agreed_prices import EC2_CODE, SERVICE_CODES, Missing, Price, Prices, SpotPrices
from mlinfra.declarations.base import Declaration, Problems
from mlinfra.declarations.bucket_record import BUCKET_RECORD_FILE, BucketRecord
from mlinfra.declarations.cost_assumptions import PRICED_SERVICES, CostAssumptions
from mlinfra.declarations.data_lake import DataLakeSettings, Frequency
from mlinfra.declarations.endpoint import IMAGE, Endpoint, Variant
from mlinfra.declarations.environment import Environment
from mlinfra.declarations.experiment import Experiment, Lustre
from mlinfra.declarations.expiry import ExpiredExperiment, has_expired
from mlinfra.declarations.feature_group import FeatureGroup
from mlinfra.declarations.forgotten import Forgotten, dump_forgotten, forgotten_file, load_forgotten
from mlinfra.declarations.governance import (
    BILLING_COLUMNS,
    BILLING_TABLE,
    BUDGET_TAGS,
    AcceleratorStop,
    AnomalyAlert,
    CostExportSettings,
    Governance,
    SlackChannel,
    SpendBudget,
    owner_budgets,
)
from mlinfra.declarations.hosting import Asynchronous, BlueGreen, RealTime, Serverless, WithoutRollback
from mlinfra.declarations.image import Image
from mlinfra.declarations.loading import RECORDS_VARIABLE, load_environments, present_day
from mlinfra.declarations.people import SHARED_ROLE, Person, Team
from mlinfra.declarations.pipeline import Claims, Pipeline, TrainingJobs
from mlinfra.declarations.private_access import NODE_SERVICES, QUEUE_SERVICES
from mlinfra.declarations.purchase import CapacityBlock, CapacityReservation, OnDemand, Purchase, Spot
from mlinfra.declarations.queue_container import (
    CONTAINER_LIMITS,
    SCRATCH,
    NodeResources,
    has_one_version,
    have_scratch,
    linux_parameters,
    node_properties,
    node_resources,
    retry_conditions,
    scratch_mount,
)
from mlinfra.declarations.quiet_hours import QuietHours
from mlinfra.declarations.record_file import write_whole
from mlinfra.declarations.registered_model import RegisteredModel
from mlinfra.declarations.resource_names import STORED_PLANS_KEPT_DAYS, STORED_PLANS_PREFIX
from mlinfra.declarations.spend_limits import ExperimentCost, SpendLimits, experiment_costs, spend_problems
from mlinfra.declarations.studio import SHORTEST_IDLE_MINUTES, Space, StudioApp, StudioSettings, encoded
from mlinfra.declarations.tag_rules import TagRules
from mlinfra.declarations.tracking import Tracking
from mlinfra.declarations.training_queue import GPUS_WITHOUT_BATCH_IMAGE, Queue
from mlinfra.declarations.types import DATA_ZONES, EMAIL_ADDRESS, LAKE_BUCKETS, EmailAddress, Name
from mlinfra.declarations.variables import variable_problems

__all__ = [
    "ADOPTED_COMPONENT",
    "BILLING_COLUMNS",
    "BILLING_TABLE",
    "BUCKET_RECORD_FILE",
    "BUDGET_TAGS",
    "CONTAINER_LIMITS",
    "DATA_ZONES",
    "EC2_CODE",
    "EMAIL_ADDRESS",
    "GPUS_WITHOUT_BATCH_IMAGE",
    "IMAGE",
    "LAKE_BUCKETS",
    "NODE_SERVICES",
    "PRICED_SERVICES",
    "QUEUE_SERVICES",
    "RECORDS_VARIABLE",
    "SCRATCH",
    "SERVICE_CODES",
    "SHARED_ROLE",
    "SHORTEST_IDLE_MINUTES",
    "STORED_PLANS_KEPT_DAYS",
    "STORED_PLANS_PREFIX",
    "AcceleratorStop",
    "Adopted",
    "AdoptedType",
    "AnomalyAlert",
    "Asynchronous",
    "BlueGreen",
    "BucketRecord",
    "CapacityBlock",
    "CapacityReservation",
    "Claims",
    "CostAssumptions",
    "CostExportSettings",
    "DataLakeSettings",
    "Declaration",
    "EmailAddress",
    "Endpoint",
    "Environment",
    "Experiment",
    "ExperimentCost",
    "ExpiredExperiment",
    "FeatureGroup",
    "Forgotten",
    "Frequency",
    "Governance",
    "Image",
    "Lustre",
    "Missing",
    "Name",
    "NodeResources",
    "OnDemand",
    "Person",
    "Pipeline",
    "Price",
    "Prices",
    "Problems",
    "Purchase",
    "Queue",
    "QuietHours",
    "RealTime",
    "RegisteredModel",
    "Serverless",
    "SlackChannel",
    "Space",
    "SpendBudget",
    "SpendLimits",
    "Spot",
    "SpotPrices",
    "StudioApp",
    "StudioSettings",
    "TagRules",
    "Team",
    "Tracking",
    "TrainingJobs",
    "Variant",
    "WithoutRollback",
    "adopted_file",
    "dump_adopted",
    "dump_forgotten",
    "encoded",
    "experiment_costs",
    "forgotten_file",
    "has_expired",
    "has_one_version",
    "have_scratch",
    "linux_parameters",
    "load_adopted",
    "load_environments",
    "load_forgotten",
    "node_properties",
    "node_resources",
    "owner_budgets",
    "present_day",
    "retry_conditions",
    "scratch_mount",
    "spend_problems",
    "terraform_literal",
    "variable_problems",
    "write_whole",
]
