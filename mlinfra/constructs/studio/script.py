"""Script that runs at each start of a Studio app."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import sagemaker_studio_lifecycle_config
from mlinfra.declarations import encoded

if TYPE_CHECKING:
    from mlinfra.declarations import StudioApp


class StudioScript(Construct):
    """A lifecycle configuration of Studio.

    SageMaker cannot change one: another script is another configuration with its own name, created
    before the domain releases the old one.
    """

    def __init__(self, scope: Construct, id: str, *, prefix: str, app: StudioApp, script: str) -> None:  # noqa: A002
        """Declare the script.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            prefix: the prefix of its name.
            app: the app before which it runs.
            script: the shell script.
        """
        super().__init__(scope, id)
        self._config = sagemaker_studio_lifecycle_config.SagemakerStudioLifecycleConfig(
            self,
            "config",
            studio_lifecycle_config_name=f"{prefix}-{app.lower()}-{hashlib.sha256(script.encode()).hexdigest()[:8]}",
            studio_lifecycle_config_app_type=app,
            studio_lifecycle_config_content=encoded(script),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    @property
    def arn(self) -> str:
        """The configuration's ARN."""
        return str(self._config.arn)
