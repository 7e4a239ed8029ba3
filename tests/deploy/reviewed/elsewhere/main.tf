# Terraform as a company that has never heard of mlinfra writes it. `later` is the change that is reviewed.
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}

provider "aws" {
  region                      = "us-east-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

variable "later" {
  type    = bool
  default = false
}

data "aws_caller_identity" "me" {}

module "service" {
  source   = "./service"
  for_each = toset(var.later ? ["api", "new.one"] : ["api"])
  name     = each.key
}

check "services" {
  assert {
    condition     = !var.later
    error_message = "there is one service too many"
  }
}

resource "aws_s3_bucket" "zones" {
  for_each = toset(var.later ? ["elsewhere-raw", "elsewhere-tmp"] : ["elsewhere-raw"])
  bucket   = each.key
}

# Of a bucket that is there, and of one that is made: only the first has something to lose.
resource "aws_s3_bucket_lifecycle_configuration" "zones" {
  for_each = aws_s3_bucket.zones
  bucket   = each.value.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter { prefix = "tmp/" }
    expiration { days = var.later ? 3 : 90 }
  }
}

resource "aws_s3_bucket_ownership_controls" "raw" {
  bucket = aws_s3_bucket.zones["elsewhere-raw"].id
  rule { object_ownership = "BucketOwnerPreferred" }
}

resource "aws_s3_bucket_acl" "raw" {
  count      = var.later ? 1 : 0
  depends_on = [aws_s3_bucket_ownership_controls.raw]
  bucket     = aws_s3_bucket.zones["elsewhere-raw"].id
  acl        = "public-read"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "raw" {
  bucket = aws_s3_bucket.zones["elsewhere-raw"].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.later ? "AES256" : "aws:kms"
      kms_master_key_id = var.later ? null : aws_kms_key.main.arn
    }
  }
}

resource "aws_kms_key" "main" {}

resource "aws_kms_grant" "robot" {
  count             = var.later ? 1 : 0
  key_id            = aws_kms_key.main.id
  grantee_principal = aws_iam_role.partner.arn
  operations        = ["Decrypt"]
}

resource "aws_iam_role" "partner" {
  name = "elsewhere-partner"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "sts:AssumeRole"
      Principal = {
        AWS = var.later ? ["arn:aws:iam::123456789012:root", "999999999999"] : [data.aws_caller_identity.me.account_id]
      }
    }]
  })
}

resource "aws_iam_policy_attachment" "everyone" {
  count      = var.later ? 1 : 0
  name       = "everyone"
  roles      = [aws_iam_role.partner.name]
  policy_arn = "arn:aws:iam::aws:policy/IAMFullAccess"
}

resource "aws_iam_role_policy_attachments_exclusive" "partner" {
  role_name   = aws_iam_role.partner.name
  policy_arns = var.later ? ["arn:aws:iam::aws:policy/AmazonS3FullAccess"] : []
}

resource "aws_iam_user" "robot" { name = "elsewhere-robot" }
resource "aws_iam_group" "admins" { name = "elsewhere-admins" }

resource "aws_iam_group_membership" "admins" {
  name  = "admins"
  group = aws_iam_group.admins.name
  users = var.later ? [aws_iam_user.robot.name] : []
}

resource "aws_iam_user_group_membership" "robot" {
  user   = aws_iam_user.robot.name
  groups = var.later ? ["others"] : []
}

resource "aws_security_group" "database" { name = "elsewhere-database" }

resource "aws_security_group_rule" "office" {
  count             = var.later ? 1 : 0
  type              = "ingress"
  security_group_id = aws_security_group.database.id
  protocol          = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_blocks       = ["203.0.113.0/24"]
}

resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }

resource "aws_subnet" "main" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = ["us-east-1a", "us-east-1b"][count.index]
}

resource "aws_eks_cluster" "ml" {
  name     = "elsewhere"
  role_arn = aws_iam_role.partner.arn
  vpc_config {
    subnet_ids             = aws_subnet.main[*].id
    endpoint_public_access = true
    public_access_cidrs    = var.later ? ["0.0.0.0/0"] : ["203.0.113.0/24"]
  }
}

resource "aws_cloudtrail" "trail" {
  count          = var.later ? 0 : 1
  name           = "elsewhere"
  s3_bucket_name = aws_s3_bucket.zones["elsewhere-raw"].id
}
