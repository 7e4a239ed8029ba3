variable "changed" {
  type = bool
}

# import aws_ecr_repository.training ignores force_delete
# import aws_secretsmanager_secret.token ignores recovery_window_in_days, force_overwrite_replica_secret
# import aws_secretsmanager_secret_version.token: {aws_secretsmanager_secret.token.id}|{aws_secretsmanager_secret_version.token.version_id}
# import aws_ssm_parameter.bucket ignores overwrite, value, insecure_value, has_value_wo

locals {
  team = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ecr_repository" "training" {
  name                 = "conformance/training"
  image_tag_mutability = var.changed ? "IMMUTABLE" : "MUTABLE"
  force_delete         = true
  image_scanning_configuration {
    scan_on_push = true
  }
  tags = local.team
}

resource "aws_ecr_lifecycle_policy" "training" {
  repository = aws_ecr_repository.training.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Untagged images go"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 14
      }
      action = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "training" {
  repository = aws_ecr_repository.training.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "LetAccountPull" : "Pull"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

resource "aws_dynamodb_table" "runs" {
  name         = "conformance-runs"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "Run"
  range_key    = "Step"
  attribute {
    name = "Run"
    type = "S"
  }
  attribute {
    name = "Step"
    type = "N"
  }
  attribute {
    name = "Owner"
    type = "S"
  }
  global_secondary_index {
    name            = "ByOwner"
    hash_key        = "Owner"
    projection_type = "ALL"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
  ttl {
    attribute_name = "Expires"
    enabled        = true
  }
  deletion_protection_enabled = false
  stream_enabled              = true
  stream_view_type            = "NEW_IMAGE"
  tags                        = local.team
}

resource "aws_secretsmanager_secret" "token" {
  name                    = "conformance/token"
  description             = var.changed ? "Token of the experiment tracker" : "Token"
  recovery_window_in_days = 0
  tags                    = local.team
}

resource "aws_secretsmanager_secret_version" "token" {
  secret_id     = aws_secretsmanager_secret.token.id
  secret_string = "first"
}

resource "aws_secretsmanager_secret_policy" "token" {
  secret_arn = aws_secretsmanager_secret.token.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "LetAccountRead" : "Read"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}

resource "aws_ssm_parameter" "bucket" {
  name  = "/conformance/bucket"
  type  = "String"
  value = var.changed ? "data-lake" : "data"
  tags  = local.team
}

resource "aws_ssm_parameter" "token" {
  name        = "/conformance/token"
  type        = "SecureString"
  value       = "first"
  description = var.changed ? "Token of the tracker" : "Token"
}

resource "aws_iam_role" "training" {
  name                 = "conformance-training"
  max_session_duration = var.changed ? 7200 : 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.team
}

resource "aws_iam_policy" "data" {
  name = "conformance-data"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = var.changed ? ["s3:GetObject", "s3:ListBucket"] : ["s3:GetObject"]
      Resource = "*"
    }]
  })
  tags = local.team
}

# import aws_iam_role_policy_attachment.data: conformance-training/arn:aws:iam::123456789012:policy/conformance-data

resource "aws_iam_role_policy_attachment" "data" {
  role       = aws_iam_role.training.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_role_policy" "logs" {
  name = "logs"
  role = aws_iam_role.training.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = var.changed ? ["logs:PutLogEvents", "logs:CreateLogStream"] : ["logs:PutLogEvents"]
      Resource = "*"
    }]
  })
}

resource "aws_iam_instance_profile" "training" {
  name = "conformance-training"
  role = aws_iam_role.training.name
  tags = local.team
}

resource "aws_cloudwatch_log_group" "training" {
  name              = "/conformance/training"
  retention_in_days = var.changed ? 90 : 30
  tags              = local.team
}

resource "aws_ssm_document" "start" {
  name            = "conformance-start"
  document_type   = "Command"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "2.2"
    description   = var.changed ? "Start a run" : "Start"
    parameters    = { RunId = { type = "String", allowedPattern = "^[0-9a-f-]+$" } }
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "start"
      inputs = { runCommand = ["echo '{{ RunId }}'"] }
    }]
  })
  tags = local.team
}
