"""Snapshots of templates with syrupy: one JSON file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syrupy.extensions.json import JSONSnapshotExtension

from mlinfra.testing.template import Template

if TYPE_CHECKING:
    from syrupy.types import SerializableData, SerializedData


class TemplateSnapshot(JSONSnapshotExtension):
    """A snapshot of a template's infrastructure, without what depends on versions and machines."""

    def serialize(self, data: SerializableData, **options: Any) -> SerializedData:  # noqa: ANN401  syrupy's options
        """Write a template, or any JSON, as text."""
        return super().serialize(data.normalized() if isinstance(data, Template) else data, **options)
