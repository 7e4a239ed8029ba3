variable "changed" {
  type = bool
}

locals {
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "sagemaker" {
  name = "conformance-notebooks"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_sagemaker_code_repository" "models" {
  code_repository_name = "conformance-models"

  git_config {
    repository_url = "https://github.com/example/models.git"
    branch         = "main"
    secret_arn     = var.changed ? aws_secretsmanager_secret.second.arn : aws_secretsmanager_secret.first.arn
  }

  tags = local.tags
}

resource "aws_secretsmanager_secret" "first" {
  name                    = "AmazonSageMaker-conformance-first"
  recovery_window_in_days = 0
  tags                    = local.tags
}

resource "aws_secretsmanager_secret" "second" {
  name                    = "AmazonSageMaker-conformance-second"
  recovery_window_in_days = 0
  tags                    = local.tags
}

# import aws_secretsmanager_secret.first ignores recovery_window_in_days force_overwrite_replica_secret
# import aws_secretsmanager_secret.second ignores recovery_window_in_days force_overwrite_replica_secret

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "start" {
  name     = "conformance-start"
  on_start = base64encode(var.changed ? "echo changed" : "echo started")
  tags     = local.tags
}

resource "aws_sagemaker_notebook_instance" "ana" {
  name                    = "conformance-ana"
  role_arn                = aws_iam_role.sagemaker.arn
  instance_type           = var.changed ? "ml.g5.xlarge" : "ml.t3.medium"
  lifecycle_config_name   = aws_sagemaker_notebook_instance_lifecycle_configuration.start.name
  default_code_repository = aws_sagemaker_code_repository.models.code_repository_name
  platform_identifier     = "notebook-al2-v3"
  root_access             = "Disabled"
  volume_size             = var.changed ? 50 : 20

  instance_metadata_service_configuration {
    minimum_instance_metadata_service_version = "2"
  }

  tags = local.tags
}
