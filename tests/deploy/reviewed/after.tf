# What before.tf is changed to.
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}

provider "aws" {
  region                      = "us-east-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}

resource "aws_s3_bucket" "lake" { bucket = "review-lake" }

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration { status = "Suspended" }
}

resource "aws_dynamodb_table" "runs" {
  name                        = "review-runs"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = false
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_cloudwatch_log_group" "training" {
  name              = "review-training"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "new_name" { name = "review-renamed" }

moved {
  from = aws_cloudwatch_log_group.old_name
  to   = aws_cloudwatch_log_group.new_name
}

import {
  to = aws_s3_bucket.imported
  id = "review-imported"
}

resource "aws_s3_bucket" "imported" { bucket = "review-imported" }

removed {
  from = aws_cloudwatch_log_group.left
  lifecycle { destroy = false }
}

resource "aws_cloudwatch_log_group" "each" {
  for_each = toset(["a"])
  name     = "review-each-${length(each.key)}"
}

module "images" {
  source = "./images"
  count  = 1
  name   = "review-image-${count.index}"
}

resource "aws_iam_role" "trainer" {
  name = "review-trainer"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com", AWS = "arn:aws:iam::999999999999:root" } }]
  })
}

resource "aws_iam_role_policy" "trainer" {
  name = "data"
  role = aws_iam_role.trainer.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:DeleteObject"], Resource = "arn:aws:s3:::review-lake/*" }]
  })
}

resource "aws_vpc" "net" { cidr_block = "10.9.0.0/16" }

resource "aws_subnet" "net" {
  vpc_id            = aws_vpc.net.id
  cidr_block        = "10.9.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "nodes" {
  name   = "review-nodes"
  vpc_id = aws_vpc.net.id
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.nodes.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_launch_template" "nodes" {
  name          = "review-nodes"
  image_id      = "ami-12c6146b"
  instance_type = "g5.2xlarge"
}

resource "aws_autoscaling_group" "shrunk" {
  name                = "review-shrunk"
  min_size            = 0
  max_size            = 1
  desired_capacity    = 1
  vpc_zone_identifier = [aws_subnet.net.id]
  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }
  instance_refresh { strategy = "Rolling" }
}

resource "aws_autoscaling_group" "replaced" {
  name                = "review-replaced-anew"
  min_size            = 0
  max_size            = 2
  vpc_zone_identifier = [aws_subnet.net.id]
  launch_template { id = aws_launch_template.nodes.id }
}

resource "aws_sagemaker_model" "ranker" {
  name               = "review-ranker"
  execution_role_arn = aws_iam_role.trainer.arn
  primary_container { image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:2" }
}

resource "aws_sagemaker_endpoint_configuration" "ranker" {
  name = "review-ranker"
  production_variants {
    model_name             = aws_sagemaker_model.ranker.name
    initial_instance_count = 1
    instance_type          = "ml.m5.large"
    variant_name           = "one"
  }
}

resource "aws_sagemaker_endpoint" "ranker" {
  name                 = "review-ranker-2"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.ranker.name
}

variable "token" {
  sensitive = true
  default   = "hunter2-after"
}

resource "aws_ssm_parameter" "token" {
  name  = "review-token"
  type  = "SecureString"
  value = var.token
}

resource "aws_kms_key" "new" {}

resource "aws_iam_role" "new" {
  name = "review-new"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "new" {
  name = "key"
  role = aws_iam_role.new.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:Decrypt"], Resource = aws_kms_key.new.arn }]
  })
}

resource "aws_iam_role_policy" "secret" {
  name = "secret"
  role = aws_iam_role.trainer.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::${var.token}/*" }]
  })
}

resource "aws_sns_topic" "first" {
  name = "review-first-2"
  lifecycle { create_before_destroy = true }
}
