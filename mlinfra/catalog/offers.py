"""Selection of instance types by GPUs: the cheapest that fits, and the reason."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.catalog.instances import instance_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlinfra.catalog.instances import InstanceType

_MIB_PER_GIB = 1024


class NoOffer(ValueError):  # noqa: N818  it is an answer, with the nearest offers
    """No instance type fits the request. The message lists the nearest."""


@dataclass(frozen=True)
class Choice:
    """A selected instance type, and the reason."""

    instance_type: InstanceType
    reason: str
    """One sentence for people."""


def gpu_name(given: str) -> str:
    """A GPU's model as the catalog writes it: `H100` is `h100`, `RTX PRO 4500` is `rtx-pro-4500`."""
    return "-".join(given.lower().replace("_", " ").split())


def gpu_model(given: str) -> str:
    """The accelerator model of the catalog that `given` names.

    Raises:
        NoOffer: if the catalog has no such model, with the nearest ones.
    """
    models, name = gpu_models(), gpu_name(given)
    if name not in models:
        near = difflib.get_close_matches(name, models, n=3, cutoff=0.5)
        hint = f"Nearest: {', '.join(near)}. " if near else ""
        message = f"{given!r} is not an accelerator of the catalog. {hint}Expected: one of {', '.join(models)}."
        raise NoOffer(message)
    return name


def gpu_models() -> tuple[str, ...]:
    """The accelerator models of the catalog, in alphabetical order."""
    return tuple(sorted({each.accelerator for each in instance_types().values()}))


def find_offers(
    *,
    gpu: str | None = None,
    gpus_per_node: int | None = None,
    gpu_memory_gib: int | None = None,
    efa: bool | None = None,
    max_usd_per_hour: float | None = None,
) -> tuple[InstanceType, ...]:
    """The instance types that match, the cheapest first and those with an unknown price last.

    Args:
        gpu: the accelerator model, such as `H100`. Default: any.
        gpus_per_node: the exact number of accelerators per instance. Default: any.
        gpu_memory_gib: the least memory of each, in GiB. Default: any.
        efa: True: with Elastic Fabric Adapters; False: without. Default: either.
        max_usd_per_hour: the maximum on-demand price of one instance, in USD per hour. It excludes types with an
            unknown price. Default: any.
    """
    found = [
        each
        for each in instance_types().values()
        if (gpu is None or each.accelerator == gpu_name(gpu))
        and (gpus_per_node is None or each.accelerator_count == gpus_per_node)
        and (gpu_memory_gib is None or (each.accelerator_memory_mib_each or 0) >= gpu_memory_gib * _MIB_PER_GIB)
        and (efa is None or bool(each.efa_count) is efa)
        and (max_usd_per_hour is None or (each.usd_per_hour is not None and each.usd_per_hour <= max_usd_per_hour))
    ]
    return tuple(sorted(found, key=_by_price))


def cheapest(*, gpu: str, gpus_per_node: int = 1, gpu_memory_gib: int | None = None) -> Choice:
    """The cheapest instance type with the required GPUs.

    Prices are those of the catalog (on demand, Linux, us-east-1), which order types the same way
    in most regions. A type with an unknown price is chosen only if the prices of all matching types are unknown.

    Args:
        gpu: the accelerator model, such as `H100`.
        gpus_per_node: the exact number of GPUs per node: more would be billed and unused. Default: 1.
        gpu_memory_gib: the least memory of each, in GiB. Default: any.

    Raises:
        NoOffer: if no instance type matches, with the nearest ones.
    """
    fitting = find_offers(gpu=gpu, gpus_per_node=gpus_per_node, gpu_memory_gib=gpu_memory_gib)
    if not fitting:
        raise NoOffer(_nearest(gpu, gpus_per_node, gpu_memory_gib))
    best, *others = fitting
    return Choice(best, f"{describe(best)}; {_compared(best, others)}.")


def by_name(name: str) -> Choice:
    """The instance type called `name`.

    Raises:
        NoOffer: if the catalog has no type of that name, with the types of its family.
    """
    known = instance_types()
    if name not in known:
        family = name.partition(".")[0]
        near = [each for each in known if each.partition(".")[0] == family] or difflib.get_close_matches(name, known)
        expected = f"such as {', '.join(near)}" if near else "see `mlinfra catalog`"
        message = (
            f"{name!r} is not an accelerator instance type of the catalog. Expected: a type of the catalog, {expected}."
        )
        raise NoOffer(message)
    return Choice(known[name], f"{describe(known[name])}; selected by name.")


def describe(instance_type: InstanceType) -> str:
    """An instance type in a few words: its name, its accelerators, and its price."""
    return f"{instance_type.name} ({accelerators(instance_type)}, {price(instance_type)})"


def accelerators(instance_type: InstanceType) -> str:
    """The accelerators of one instance in words, such as `8 x h100 of 80 GiB`."""
    count = instance_type.accelerator_count or "a part of 1"
    memory = instance_type.accelerator_memory_mib_each
    return f"{count} x {instance_type.accelerator}" + (f" of {memory / _MIB_PER_GIB:.4g} GiB" if memory else "")


def price(instance_type: InstanceType) -> str:
    """The price in words, or `price unknown`, never 0."""
    if instance_type.usd_per_hour is None:
        return "price unknown"
    return f"{instance_type.usd_per_hour:.2f} USD/h"


def _by_price(instance_type: InstanceType) -> tuple[float, int, str]:
    usd = instance_type.usd_per_hour
    return (float("inf") if usd is None else usd, instance_type.vcpu, instance_type.name)


def _compared(best: InstanceType, others: Sequence[InstanceType]) -> str:
    if not others:
        return "the only matching type"
    if best.usd_per_hour is None:
        return f"the prices of all matching types are unknown: {_listed([best, *others])}"
    priced = [each for each in others if each.usd_per_hour is not None]
    unpriced = [each for each in others if each.usd_per_hour is None]
    parts = [f"the cheapest of {len(priced) + 1} matching types, before {describe(priced[0])}"] if priced else []
    if unpriced:
        parts.append(f"other matching types with an unknown price: {_listed(unpriced)}")
    return "; ".join(parts)


def _listed(types: Iterable[InstanceType]) -> str:
    return ", ".join(each.name for each in types)


def _nearest(gpu: str, gpus_per_node: int, gpu_memory_gib: int | None) -> str:
    name = gpu_model(gpu)
    memory = f" with at least {gpu_memory_gib} GiB each" if gpu_memory_gib else ""
    wanted = f"no instance type has {gpus_per_node} x {name}{memory}"
    same_gpu = find_offers(gpu=gpu, gpu_memory_gib=gpu_memory_gib) or find_offers(gpu=gpu)
    nearest = sorted(same_gpu, key=lambda each: (abs(each.accelerator_count - gpus_per_node), *_by_price(each)))
    return f"{wanted}. Nearest: {'; '.join(describe(each) for each in nearest[:4])}."
