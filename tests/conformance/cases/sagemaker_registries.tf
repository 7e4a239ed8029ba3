variable "changed" {
  type = bool
}

locals {
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "sagemaker" {
  name = "conformance-registries"
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

resource "aws_sagemaker_model_package_group" "churn" {
  model_package_group_name        = "conformance-churn"
  model_package_group_description = "Who leaves"
  tags                            = local.tags
}

resource "aws_sagemaker_model_package_group_policy" "churn" {
  model_package_group_name = aws_sagemaker_model_package_group.churn.model_package_group_name
  resource_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Read"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.changed ? "210987654321" : "123456789012"}:root" }
      Action    = "sagemaker:DescribeModelPackage"
      Resource  = aws_sagemaker_model_package_group.churn.arn
    }]
  })
}

resource "aws_sagemaker_feature_group" "online" {
  feature_group_name             = "conformance-online"
  record_identifier_feature_name = "customer"
  event_time_feature_name        = "seen_at"
  role_arn                       = aws_iam_role.sagemaker.arn
  description                    = "Customers as they are"

  feature_definition {
    feature_name = "customer"
    feature_type = "String"
  }

  feature_definition {
    feature_name = "seen_at"
    feature_type = "Fractional"
  }

  online_store_config {
    enable_online_store = true

    ttl_duration {
      unit  = "Days"
      value = var.changed ? 30 : 7
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_feature_group" "offline" {
  feature_group_name             = "conformance-offline"
  record_identifier_feature_name = "customer"
  event_time_feature_name        = "seen_at"
  role_arn                       = aws_iam_role.sagemaker.arn

  feature_definition {
    feature_name = "customer"
    feature_type = "String"
  }

  feature_definition {
    feature_name = "seen_at"
    feature_type = "String"
  }

  offline_store_config {
    table_format = "Iceberg"

    s3_storage_config {
      s3_uri = "s3://conformance-features/"
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_mlflow_tracking_server" "team" {
  tracking_server_name         = "conformance-team"
  role_arn                     = aws_iam_role.sagemaker.arn
  artifact_store_uri           = "s3://conformance-mlflow/artifacts"
  tracking_server_size         = var.changed ? "Medium" : "Small"
  automatic_model_registration = var.changed
  tags                         = local.tags
}
