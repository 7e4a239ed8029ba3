"""Gap: the CPU options of instances.

moto describes instances without them. In AWS, the product of both numbers is the number of vCPUs; accelerator types of
the catalog have theirs, others 2. Source: EC2 API reference, CpuOptions, read 2026-11-29.
"""

from __future__ import annotations

from moto.ec2.models.instances import Instance

from mlinfra.catalog import instance_types

_DEFAULT_VCPUS = 2
_THREADS = {"amd64": 2, "arm64": 1}


def is_open() -> bool:
    """True if moto describes instances without CPU options."""
    return not hasattr(Instance, "cpu_options")


def close() -> None:
    """Close the gap: add the options."""
    Instance.cpu_options = property(_cpu_options)  # type: ignore[attr-defined]


def _cpu_options(instance: Instance) -> dict[str, int]:
    found = instance_types().get(instance.instance_type)
    vcpus, threads = (found.vcpu, _THREADS[found.architecture]) if found else (_DEFAULT_VCPUS, 1)
    return {"CoreCount": max(1, vcpus // threads), "ThreadsPerCore": threads}
