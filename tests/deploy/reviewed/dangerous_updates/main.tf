# Existing resources, each changed dangerously by `later`, in the manner of public modules.
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

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  name    = "acme"
  partner = "999999999999"
  subnets = ["subnet-0a", "subnet-0b"]
  vpc     = "vpc-0a"
  key     = "arn:aws:kms:us-east-1:123456789012:key/0a0a0a0a-0000-0000-0000-000000000000"
  root    = "arn:${data.aws_partition.current.partition}:iam::${local.partner}:root"
}

variable "later" {
  type    = bool
  default = false
}

locals {
  before = var.later ? [] : [1]
  after  = var.later ? [1] : []
}
