"""The testing kit: synthesize stacks as they are deployed, and assert what they contain.

pytest finds its fixtures automatically where mlinfra is installed: `synth`, `terraform`, `local_aws` and
`template_snapshot`. See docs/testing.md. Names are imported on first use: pytest imports this package, for its plugin,
at each start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra import lazy_names

if TYPE_CHECKING:
    # For type checkers: the same names as in _EXPORTS, re-exported by `as`.
    from mlinfra.testing.declarations import (
        example_environment as example_environment,
        example_experiment as example_experiment,
        local_environment as local_environment,
    )
    from mlinfra.testing.matchers import (
        Capture as Capture,
        absent as absent,
        any_value as any_value,
        contains as contains,
        exactly as exactly,
        json_text as json_text,
        like as like,
    )
    from mlinfra.testing.synthesis import Synth as Synth, SynthesisError as SynthesisError
    from mlinfra.testing.template import Template as Template
    from mlinfra.testing.terraform import PlannedTemplate as PlannedTemplate, StackTerraform as StackTerraform

_EXPORTS = {
    "mlinfra.testing.declarations": ("example_environment", "example_experiment", "local_environment"),
    "mlinfra.testing.matchers": ("Capture", "absent", "any_value", "contains", "exactly", "json_text", "like"),
    "mlinfra.testing.synthesis": ("Synth", "SynthesisError"),
    "mlinfra.testing.template": ("Template",),
    "mlinfra.testing.terraform": ("PlannedTemplate", "StackTerraform"),
}
"""The public names by the module that they are imported from."""

__all__ = [name for names in _EXPORTS.values() for name in names]

if not TYPE_CHECKING:  # type checkers would accept any name
    __getattr__ = lazy_names.imports(__name__, _EXPORTS)
