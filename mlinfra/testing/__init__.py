"""The testing kit: synthesize stacks as they are deployed, and assert what they contain.

pytest finds its fixtures automatically where mlinfra is installed: `synth`, `terraform`, `local_aws` and
`template_snapshot`. See docs/testing.md.
"""

from __future__ import annotations

from mlinfra.testing.declarations import example_environment, example_experiment, local_environment
from mlinfra.testing.matchers import Capture, absent, any_value, contains, exactly, json_text, like
from mlinfra.testing.synthesis import Synth, SynthesisError
from mlinfra.testing.template import Template
from mlinfra.testing.terraform import PlannedTemplate, StackTerraform

__all__ = [
    "Capture",
    "PlannedTemplate",
    "StackTerraform",
    "Synth",
    "SynthesisError",
    "Template",
    "absent",
    "any_value",
    "contains",
    "exactly",
    "example_environment",
    "example_experiment",
    "json_text",
    "like",
    "local_environment",
]
