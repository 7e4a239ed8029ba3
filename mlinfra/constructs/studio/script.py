"""What runs each time a Studio app starts."""

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

    SageMaker changes none: another script is another configuration, with a name of its own, that is
    there before the domain lets go of the old one.
    """

    def __init__(self, scope: Construct, id: str, *, prefix: str, app: StudioApp, script: str) -> None:  # noqa: A002
        """Declare the script.

        Args:
            scope: what it belongs to.
            id: the construct's id, unique in its scope.
            prefix: what its name begins with.
            app: before which app it runs.
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
