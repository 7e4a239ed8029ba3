"""Resources of a new AWS account: images, parameters, instance types, quotas. Facts only: `gaps/` serves them.

Names, owners, parameters and quota codes are those of AWS. Image ids belong to the local AWS: Amazon's differ
by region and change with every release, so no real id is recorded here. The ids are the same every time, so
that a plan made with one local AWS is valid for the next.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.catalog import instance_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.catalog import InstanceType

DEEP_LEARNING_IMAGES_OWNER = "898082745236"
"""Amazon's account that owns the Deep Learning AMIs, also in moto's list of images."""


@dataclass(frozen=True)
class DeepLearningImage:
    """One of Amazon's Deep Learning AMIs, in every region.

    Source: AWS Deep Learning AMIs developer guide, "Finding the ID of a DLAMI" for names and
    parameters, and the release notes of each for its version and instance types; AWS Neuron
    documentation, "Neuron DLAMI User Guide"; read 2026-11-24.
    """

    name: str
    """The name as returned by DescribeImages, with the version at the end."""
    created: str
    """The day of the version, such as 2026-09-17."""
    instances: str
    """The supported instance families, as listed in the description."""
    parameter_name: str | None
    """The public SSM parameter with its id. None if no parameter has it, or only that of a newer version."""
    root_device_name: str = "/dev/sda1"
    architecture: str = "x86_64"

    @property
    def description(self) -> str:
        """The description of DescribeImages: supported instances, without driver and CUDA versions."""
        notes = "https://docs.aws.amazon.com/dlami/latest/devguide/appendix-ami-release-notes.html"
        return f"Supported EC2 instances: {self.instances}. Release notes: {notes}"

    def image_id(self, region: str) -> str:
        """The image id in `region` of the local AWS."""
        return f"ami-{hashlib.sha256(f'{region}/{self.name}'.encode()).hexdigest()[:17]}"


_AMAZON_LINUX = "/dev/xvda"
_OPEN_DRIVER = "G4dn, G5, G6, Gr6, G6e, G7, G7e, P4d, P4de, P5, P5e, P5en, P6-B200, P6-B300"
_PARAMETERS = "/aws/service/deeplearning/ami"

DEEP_LEARNING_IMAGES = (
    # For the two newest x86_64 images for Ubuntu, the version is the day of the release notes.
    DeepLearningImage(
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260917",
        created="2026-09-17",
        instances=_OPEN_DRIVER,
        parameter_name=f"{_PARAMETERS}/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    ),
    DeepLearningImage(
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260917",
        created="2026-09-17",
        instances=_OPEN_DRIVER,
        parameter_name=f"{_PARAMETERS}/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id",
    ),
    DeepLearningImage(
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023) 20260901",
        created="2026-09-01",
        instances=_OPEN_DRIVER,
        parameter_name=f"{_PARAMETERS}/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
        root_device_name=_AMAZON_LINUX,
    ),
    DeepLearningImage(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260915",
        created="2026-09-15",
        instances="G5g, P6e-GB200",
        parameter_name=f"{_PARAMETERS}/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
        architecture="arm64",
    ),
    DeepLearningImage(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260929",
        created="2026-09-29",
        instances="G5g, P6e-GB200, P6e-GB300",
        parameter_name=f"{_PARAMETERS}/arm64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id",
        architecture="arm64",
    ),
    DeepLearningImage(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023) 20260901",
        created="2026-09-01",
        instances="G5g, P6e-GB200, P6e-GB300",
        parameter_name=f"{_PARAMETERS}/arm64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
        root_device_name=_AMAZON_LINUX,
        architecture="arm64",
    ),
    DeepLearningImage(
        "Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.9 (Ubuntu 24.04) 20260317",
        created="2026-03-17",
        instances="G4dn, G5, G6, Gr6, G6e, P4, P4de, P5, P5e, P5en, P6-B200",
        parameter_name=f"{_PARAMETERS}/x86_64/oss-nvidia-driver-gpu-pytorch-2.9-ubuntu-24.04/latest/ami-id",
    ),
    DeepLearningImage(
        "Deep Learning Base Proprietary Nvidia Driver AMI (Amazon Linux 2) Version 71.6",
        created="2026-01-02",
        instances="G3 (G3.16x not supported), P3, P3dn, Inf1",
        parameter_name=None,
        root_device_name=_AMAZON_LINUX,
    ),
    # The guide names no version of this image; the version is the day of the guide.
    DeepLearningImage(
        "Deep Learning Base Neuron AMI (Ubuntu 24.04) 20260122",
        created="2026-01-22",
        instances="Inf2, Trn1, Trn1n, Trn2, Trn3",
        parameter_name="/aws/service/neuron/dlami/base/ubuntu-24.04/latest/image_id",
    ),
    # Older versions, as in AWS: a search by name finds several, and a pin may be outdated.
    DeepLearningImage(
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260907",
        created="2026-09-07",
        instances=_OPEN_DRIVER,
        parameter_name=None,
    ),
    DeepLearningImage(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260911",
        created="2026-09-11",
        instances="G5g, P6e-GB200",
        parameter_name=None,
        architecture="arm64",
    ),
    DeepLearningImage(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260918",
        created="2026-09-18",
        instances="G5g, P6e-GB200, P6e-GB300",
        parameter_name=None,
        architecture="arm64",
    ),
)
"""Deep Learning AMIs for training clusters."""


def deep_learning_parameters(region: str) -> Mapping[str, str]:
    """The public SSM parameters of the Deep Learning AMIs: image ids in `region` by parameter name."""
    return {
        each.parameter_name: each.image_id(region) for each in DEEP_LEARNING_IMAGES if each.parameter_name is not None
    }


_ACCELERATORS = {
    "v100": ("NVIDIA", "V100"),
    "radeon-pro-v520": ("AMD", "Radeon Pro V520"),
}
"""Manufacturer and name of GPUs as returned by DescribeInstanceTypes, for types that moto lacks."""

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


def described_instance_types() -> Mapping[str, Mapping[str, Any]]:
    """The catalog's instance types in the form of DescribeInstanceTypes, with the data of the catalog."""
    return {name: _described(each) for name, each in instance_types().items()}


def _described(instance_type: InstanceType) -> Mapping[str, Any]:
    described: dict[str, Any] = {
        "InstanceType": instance_type.name,
        # Only the T families are burstable. Source: EC2 user guide, "Burstable performance instances".
        "BurstablePerformanceSupported": False,
        "VCpuInfo": {"DefaultVCpus": instance_type.vcpu},
        "MemoryInfo": {"SizeInMiB": instance_type.memory_mib},
        "ProcessorInfo": {"SupportedArchitectures": [_ARCHITECTURES[instance_type.architecture]]},
        "NetworkInfo": {
            "MaximumNetworkCards": instance_type.network_cards,
            "EfaSupported": instance_type.efa_count > 0,
        },
        "InstanceStorageSupported": instance_type.local_nvme_gb is not None,
        # Accelerator types are EBS-optimized by default and can be in every kind of placement group. Source: EC2
        # user guide, "Amazon EBS-optimized instance types" and "Placement strategies for your placement groups".
        "EbsInfo": {"EbsOptimizedSupport": "default", "EncryptionSupport": "supported"},
        "PlacementGroupInfo": {"SupportedStrategies": ["cluster", "partition", "spread"]},
    }
    if instance_type.efa_count:
        described["NetworkInfo"]["EfaInfo"] = {"MaximumEfaInterfaces": instance_type.efa_count}
    if instance_type.local_nvme_gb is not None:
        described["InstanceStorageInfo"] = {"TotalSizeInGB": instance_type.local_nvme_gb}
    memory = instance_type.accelerator_memory_mib_each
    if instance_type.accelerator in _ACCELERATORS and memory is not None:
        manufacturer, name = _ACCELERATORS[instance_type.accelerator]
        count = instance_type.accelerator_count
        gpu = {"Name": name, "Manufacturer": manufacturer, "Count": count, "MemoryInfo": {"SizeInMiB": memory}}
        described["GpuInfo"] = {"Gpus": [gpu], "TotalGpuMemoryInMiB": memory * count}
    return described


@dataclass(frozen=True)
class Quota:
    """A service quota of EC2: the number of running vCPUs of a group of instance types in a region.

    Source: EC2 developer guide, "Amazon EC2 instance type quotas", read 2026-11-24.
    """

    code: str
    name: str
    default: float
    """The default of a new account."""


QUOTAS = (
    Quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
    Quota("L-1945791B", "Running On-Demand Inf instances", 0),
    Quota("L-2C3B7624", "Running On-Demand Trn instances", 0),
    Quota("L-417A185B", "Running On-Demand P instances", 0),
    Quota("L-6E869C2A", "Running On-Demand DL instances", 0),
    Quota("L-DB2E81BA", "Running On-Demand G and VT instances", 0),
    Quota("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5),
    Quota("L-3819A6DF", "All G and VT Spot Instance Requests", 0),
    Quota("L-6B0D517C", "All Trn Spot Instance Requests", 0),
    Quota("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", 0),
    Quota("L-85EED4F7", "All DL Spot Instance Requests", 0),
    Quota("L-B5D1601B", "All Inf Spot Instance Requests", 0),
    Quota("L-C4BD4855", "All P5 Spot Instance Requests", 0),
)
"""The quotas that limit accelerator instances."""

APPLIED_QUOTA = 4096.0
"""Applied value of each quota in the local AWS, in vCPUs: a fixed figure of an account with granted increases."""

APPLIED_INSTANCES = 20.0
"""Applied value of each quota of SageMaker in the local AWS, in instances: a fixed figure, as above."""
