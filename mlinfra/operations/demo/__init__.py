"""The demo: the environment `local` on a local AWS, deployed, verified, and used for a training."""

from __future__ import annotations

from mlinfra.operations.demo.deploying import ENVIRONMENT, DemoResult, DeployedStack, demo
from mlinfra.operations.demo.training import DemoTraining

__all__ = ["ENVIRONMENT", "DemoResult", "DemoTraining", "DeployedStack", "demo"]
