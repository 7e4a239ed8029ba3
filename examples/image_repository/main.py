"""Repository for the images of one program, with its own key and pull access for staging.

Write its stacks to cdktf.out/: python examples/image_repository/main.py
"""

from __future__ import annotations

from mlinfra import EncryptionKey, Environment, ImageRepository, MlApp, MlStack, TerraformOutput

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    image_repositories=["ranker"],
    trusted_account_ids=["222222222222"],  # staging
)


class ImageStack(MlStack):
    """The repository, and an output with its address."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "images")
        key = EncryptionKey(self, "key", name="recsys-dev-images", description="Encrypts images.")
        repository = ImageRepository(self, "ranker", name="ranker", key_arn=key.arn, tagged_images=50)
        TerraformOutput(self, "url", value=repository.url, static_id=True)


app = MlApp()
ImageStack(app)
app.synth()
