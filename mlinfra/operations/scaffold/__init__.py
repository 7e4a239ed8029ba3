"""New projects: the files of a repository with training, serving, infrastructure, tests and a pipeline."""

from __future__ import annotations

from mlinfra.operations.scaffold.defaults import Defaults, begin_repository, defaults_of
from mlinfra.operations.scaffold.rendering import ProjectFile, project_files
from mlinfra.operations.scaffold.settings import (
    DEFAULT_REGION,
    UNKNOWN_ACCOUNT,
    PipelineService,
    Settings,
    installed_from,
    service_of,
)
from mlinfra.operations.scaffold.writing import Written, write_project

__all__ = [
    "DEFAULT_REGION",
    "UNKNOWN_ACCOUNT",
    "Defaults",
    "PipelineService",
    "ProjectFile",
    "Settings",
    "Written",
    "begin_repository",
    "defaults_of",
    "installed_from",
    "project_files",
    "service_of",
    "write_project",
]
