"""Valid declarations for tests."""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import Any

from mlinfra.catalog import IMAGE_FAMILIES, ImageLock, ImagePin, aws_regions
from mlinfra.declarations import Environment, Experiment
from mlinfra.local_aws.server import ACCOUNT_ID

_DAY = date(2026, 1, 1)
"""Fixed, so that a synth is the same on every day."""


def example_environment(**changes: Any) -> Environment:  # noqa: ANN401  the fields of Environment
    """A valid environment with the name `dev`, in which all machine images are pinned.

    Args:
        changes: fields of `Environment` with other values.

    Raises:
        DeclarationError: if the values are invalid.
    """
    values = {
        "name": "dev",
        "project": "example",
        "account_id": "111111111111",
        "region": "us-east-1",
        "team": "ml-platform",
        "cost_center": "ml-1234",
        "repository": "gitlab.example.com/ml/example",
        "monthly_spend_limit_usd": 100_000,
        "image_lock": pinned_images(_DAY),
    }
    return Environment(**values | changes)


def local_environment(**changes: Any) -> Environment:  # noqa: ANN401  the fields of Environment
    """A valid environment with the name `local`, whose stacks can be applied to a local AWS.

    Args:
        changes: fields of `Environment` with other values.

    Raises:
        DeclarationError: if the values are invalid.
    """
    return example_environment(**{"name": "local", "account_id": ACCOUNT_ID, "emulated": True} | changes)


def example_experiment(**changes: Any) -> Experiment:  # noqa: ANN401  the fields of Experiment
    """A valid experiment with the name `ranker`, of one node, that never expires in a test.

    Args:
        changes: fields of `Experiment` with other values.

    Raises:
        DeclarationError: if the values are invalid.
    """
    values = {"name": "ranker", "owner": "ana@example.com", "expires": _DAY + timedelta(days=20)}
    return Experiment(**values | changes)


@functools.cache
def pinned_images(day: date) -> ImageLock:
    """A pin of every image family in every region, in AWS and in a local AWS.

    Args:
        day: the day of the releases.
    """
    pins = {
        family.name: ImagePin(
            image_id=f"ami-{number:017x}",
            name=family.name_pattern.replace("*", f"{day:%Y%m%d}"),
            root_device=family.root_device,
            architecture=family.architecture,
            driver="595.91.07" if family.has_nvidia_driver else None,
            cuda=("13.2", "12.8") if family.has_nvidia_driver else (),
            created=day,
            found_by=family.found_by,
        )
        for number, family in enumerate(IMAGE_FAMILIES.values())
    }
    everywhere = dict.fromkeys(aws_regions(), pins)
    return ImageLock({"aws": everywhere, "local": everywhere})
