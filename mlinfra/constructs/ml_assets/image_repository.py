"""Image repositories: an ECR repository for one program, and grants to pull and push."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import ecr_lifecycle_policy, ecr_repository, ecr_repository_policy
from mlinfra.constructs.parts import environment_of, grant_to, policy_document, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment

# What `docker pull` and `docker push` call (ECR user guide, "IAM permissions for pushing an image" and "Private
# repository policy examples", read 2026-11-26).
_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_PUSH = [*_PULL, "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]


class ImageRepositoryAccess(Construct):
    """Access to an image repository, declared in this stack or another one."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        environment: Environment | None = None,
    ) -> None:
        """Refer to a repository of another stack.

        Args:
            scope: the construct that uses the repository.
            id: the construct's id, unique in its scope.
            name: the image, such as `two-tower`: one of the environment's
                `image_repositories`.
            environment: the repository's environment. Default: that of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no such repository.
        """
        self._environment = environment = environment_of(scope, environment)
        if name not in environment.image_repositories:
            message = (
                f"name={name!r} is not an image repository of the environment {environment.name!r}. Expected: one of "
                f"its image_repositories: {', '.join(environment.image_repositories) or 'it declares none'}."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._name = environment.names.image_repository(name)

    @property
    def name(self) -> str:
        """The repository's name, such as `recsys-dev/two-tower`."""
        return self._name

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return f"arn:aws:ecr:{self._environment.region}:{self._environment.account_id}:repository/{self._name}"

    @property
    def url(self) -> str:
        """The URI of its images, without a tag."""
        return f"{self._environment.account_id}.dkr.ecr.{self._environment.region}.amazonaws.com/{self._name}"

    def grant_pull(self, grantee: AnyRole) -> None:
        """Allow `grantee` to pull images.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
        """
        self._grant(grantee, "pull", _PULL)

    def grant_push(self, grantee: AnyRole) -> None:
        """Allow `grantee` to push and pull images. An existing tag cannot be pushed again.

        Args:
            grantee: something with a role, a role, or a role's name, such as a pipeline.
        """
        self._grant(grantee, "push", _PUSH)

    def _grant(self, grantee: AnyRole, access: str, actions: Sequence[str]) -> None:
        statements = [
            # The token is valid for all registries of the caller, and the action supports no resource (service
            # authorization reference of Amazon ECR, read 2026-11-26).
            statement("LogIn", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            statement("Images", actions=actions, resources=[self.arn]),
        ]
        grant_to(grantee, f"{self.node.id}-{access}", statements, scope=self)


class ImageRepository(ImageRepositoryAccess):
    """An ECR repository for the images of one program: private, encrypted, scanned on push.

    Tags are immutable, so that the tested image is the one that runs.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        key_arn: str,
        untagged_days: int = 14,
        tagged_images: int = 100,
        trusted_account_ids: Sequence[str] | None = None,
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the repository.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the image, such as `two-tower`: one of the environment's
                `image_repositories`.
            key_arn: the KMS key that encrypts images. The deploying principal must be allowed to
                create grants of it; pulling and pushing require no permission for it.
            untagged_days: the retention of images without a tag, in days from their push, 1 or more.
                Default: 14. They result from interrupted builds.
            tagged_images: the number of newest images with a tag to keep, 1 or more. Default: 100, about
                two years of one a week. ECR does not know which ones are in use.
            trusted_account_ids: other accounts that may pull. Default: the environment's
                `trusted_account_ids`.
            protect: True: Terraform refuses to destroy the repository. False: it destroys it with all
                its images. Default: the environment's `protect_data`.
            environment: its environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no such repository, or a figure is below 1.
        """
        for argument, value in (("untagged_days", untagged_days), ("tagged_images", tagged_images)):
            if value < 1:
                message = f"{argument} must be at least 1, got {value}."
                raise ValueError(message)
        super().__init__(scope, id, name=name, environment=environment)
        environment = self._environment
        protect = environment.protect_data if protect is None else protect
        trusted = environment.trusted_account_ids if trusted_account_ids is None else tuple(trusted_account_ids)
        self._repository = ecr_repository.EcrRepository(
            self,
            "repository",
            name=self.name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr_repository.EcrRepositoryImageScanningConfiguration(scan_on_push=True),
            encryption_configuration=[
                ecr_repository.EcrRepositoryEncryptionConfiguration(encryption_type="KMS", kms_key=key_arn)
            ],
            force_delete=not protect,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
        )
        ecr_lifecycle_policy.EcrLifecyclePolicy(
            self,
            "lifecycle",
            repository=self._repository.name,
            policy=_lifecycle(untagged_days=untagged_days, tagged_images=tagged_images),
        )
        if trusted:
            ecr_repository_policy.EcrRepositoryPolicy(
                self, "policy", repository=self._repository.name, policy=_pulled_by(trusted)
            )

    @property
    def repository(self) -> ecr_repository.EcrRepository:
        """The repository itself."""
        return self._repository


def _lifecycle(*, untagged_days: int, tagged_images: int) -> str:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": untagged_days,
    }
    tagged = {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": tagged_images,
    }
    rules = (
        (f"Delete images without a tag after {untagged_days} days", untagged),
        (f"Keep the newest {tagged_images} images with a tag", tagged),
    )
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": priority,
                    "description": description,
                    "selection": selection,
                    "action": {"type": "expire"},
                }
                for priority, (description, selection) in enumerate(rules, start=1)
            ]
        }
    )


def _pulled_by(account_ids: Sequence[str]) -> str:
    # The policy of a repository applies to that repository, and names no resource. The policies of the other account
    # select the roles that may pull.
    pull = {
        "Sid": "PullFromTrustedAccounts",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{each}:root" for each in account_ids]},
        "Action": _PULL,
    }
    return policy_document(pull)
