variable "changed" {
  type = bool
}

locals {
  team = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_openid_connect_provider" "gitlab" {
  url            = "https://gitlab.example.com"
  client_id_list = ["https://gitlab.example.com"]
  tags           = local.team
}

resource "aws_iam_role" "plan" {
  name                 = "conformance-ci-plan"
  max_session_duration = var.changed ? 7200 : 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.gitlab.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = { "gitlab.example.com:aud" = "https://gitlab.example.com" } }
    }]
  })
}
