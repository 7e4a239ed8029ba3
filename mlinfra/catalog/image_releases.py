"""Driver and CUDA versions in releases of images.

No API of AWS says so: DescribeImages gives a name and the instance types, the release notes give the
rest. This table has the releases whose notes were read, so it is never complete; what it lacks, the
user states.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ImageRelease:
    """Installed versions in one release.

    Source: the column `source` of `image_releases.csv` beside this file, read 2026-11-24.
    """

    nvidia_driver: str
    """The version of NVIDIA's driver, such as 595.91.07."""
    cuda: tuple[str, ...]
    """The CUDA versions known to be installed, the default one first."""


def image_release(image_name: str) -> ImageRelease | None:
    """The contents of the release with the name `image_name` in DescribeImages; None: unknown."""
    return _releases().get(image_name)


@lru_cache(maxsize=1)
def _releases() -> Mapping[str, ImageRelease]:
    text = files(__package__).joinpath("image_releases.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            row["image_name"]: ImageRelease(row["nvidia_driver"], tuple(row["cuda"].split()))
            for row in csv.DictReader(text.splitlines())
        }
    )
