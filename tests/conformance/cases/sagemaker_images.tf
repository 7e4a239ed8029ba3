variable "changed" {
  type = bool
}

locals {
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "sagemaker" {
  name = "conformance-images"
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

resource "aws_sagemaker_image" "training" {
  image_name   = "conformance-training"
  role_arn     = aws_iam_role.sagemaker.arn
  display_name = "Training"
  description  = var.changed ? "With CUDA 13" : "With CUDA 12"
  tags         = local.tags
}

resource "aws_sagemaker_image_version" "training" {
  image_name      = aws_sagemaker_image.training.image_name
  base_image      = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
  processor       = "GPU"
  vendor_guidance = var.changed ? "STABLE" : "NOT_PROVIDED"
}

resource "aws_sagemaker_app_image_config" "training" {
  app_image_config_name = "conformance-training"

  jupyter_lab_image_config {
    container_config {
      container_environment_variables = { LEVEL = var.changed ? "debug" : "info" }
    }
  }

  tags = local.tags
}
