variable "changed" {
  type = bool
}

# import aws_kms_key.own ignores bypass_policy_lockout_safety_check, deletion_window_in_days
# import aws_kms_key.default ignores bypass_policy_lockout_safety_check, deletion_window_in_days

data "aws_caller_identity" "current" {}

resource "aws_kms_key" "default" {
  description             = var.changed ? "Datasets and models" : "Datasets"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = var.changed ? 180 : 90
  tags                    = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_kms_key" "own" {
  description             = "Experiments"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "Administration" : "Admin"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "default" {
  name          = "alias/conformance"
  target_key_id = var.changed ? aws_kms_key.own.key_id : aws_kms_key.default.key_id
}

