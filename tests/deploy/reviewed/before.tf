# Somebody's Terraform, as it is deployed. What is changed about it stands in after.tf.
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
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket" "scratch" {
  bucket        = "review-scratch"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "scratch" {
  bucket = aws_s3_bucket.scratch.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_dynamodb_table" "runs" {
  name                        = "review-runs"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "run"
  deletion_protection_enabled = true
  attribute {
    name = "run"
    type = "S"
  }
}

resource "aws_cloudwatch_log_group" "training" {
  name              = "review-training"
  retention_in_days = 365
}

resource "aws_cloudwatch_log_group" "old_name" { name = "review-renamed" }

resource "aws_cloudwatch_log_group" "left" { name = "review-left" }

resource "aws_cloudwatch_log_group" "each" {
  for_each = toset(["a", "b|`*x*` @all"])
  name     = "review-each-${length(each.key)}"
}

module "images" {
  source = "./images"
  count  = 2
  name   = "review-image-${count.index}"
}

resource "aws_iam_role" "trainer" {
  name = "review-trainer"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "trainer" {
  name = "data"
  role = aws_iam_role.trainer.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::review-lake/*" }]
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
  cidr_ipv4         = "10.0.0.0/8"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_launch_template" "nodes" {
  name          = "review-nodes"
  image_id      = "ami-12c6146b"
  instance_type = "g5.xlarge"
}

resource "aws_autoscaling_group" "shrunk" {
  name                = "review-shrunk"
  min_size            = 0
  max_size            = 4
  desired_capacity    = 2
  vpc_zone_identifier = [aws_subnet.net.id]
  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }
  instance_refresh { strategy = "Rolling" }
}

resource "aws_autoscaling_group" "replaced" {
  name                = "review-replaced"
  min_size            = 0
  max_size            = 2
  vpc_zone_identifier = [aws_subnet.net.id]
  launch_template { id = aws_launch_template.nodes.id }
}

resource "aws_sagemaker_model" "ranker" {
  name               = "review-ranker"
  execution_role_arn = aws_iam_role.trainer.arn
  primary_container { image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ranker:1" }
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
  name                 = "review-ranker"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.ranker.name
}

variable "token" {
  sensitive = true
  default   = "hunter2-before"
}

resource "aws_ssm_parameter" "token" {
  name  = "review-token"
  type  = "SecureString"
  value = var.token
}

resource "aws_sns_topic" "first" {
  name = "review-first"
  lifecycle { create_before_destroy = true }
}
