# Amazon S3, backups and snapshots.
locals {
  buckets = {
    site    = { acl = "public-read" }
    uploads = { acl = "public-read-write" }
    logs    = { acl = "authenticated-read" }
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets
  bucket   = "${local.name}-${each.key}"
}

resource "aws_s3_bucket_acl" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id
  acl      = each.value.acl
}

data "aws_iam_policy_document" "agent" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::acme-agent", "arn:aws:s3:::acme-agent/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:UserAgent"
      values   = ["acme/*"]
    }
  }
}

resource "aws_s3_bucket_policy" "agent" {
  bucket = "acme-agent"
  policy = data.aws_iam_policy_document.agent.json
}

resource "aws_s3_bucket_policy" "all_but_one" {
  bucket = "acme-but-one"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect       = "Allow"
      NotPrincipal = { AWS = "arn:aws:iam::123456789012:user/mallory" }
      Action       = ["s3:GetObject"]
      Resource     = ["arn:aws:s3:::acme-but-one/*"]
    }]
  })
}

resource "aws_s3_bucket_policy" "organization" {
  bucket = "acme-organization"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::acme-organization", "arn:aws:s3:::acme-organization/*"]
      Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-other0000" } }
    }]
  })
}

resource "aws_s3_bucket_policy" "upload" {
  bucket = "acme-upload"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Effect    = "Allow"
      Principal = { AWS = [local.root, "arn:aws:iam::888888888888:role/uploader"] }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::acme-upload/*"
    }
  })
}

resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_public_access_block" "partly" {
  bucket              = "acme-partly"
  block_public_acls   = true
  ignore_public_acls  = true
  block_public_policy = false
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = "acme-site"
  index_document { suffix = "index.html" }
}

resource "aws_s3_object" "model" {
  bucket  = "acme-models"
  key     = "model.tar.gz"
  content = "x"
  acl     = "public-read"
}

resource "aws_s3_bucket_replication_configuration" "away" {
  bucket = "acme-lake"
  role   = "arn:aws:iam::123456789012:role/replication"
  rule {
    id     = "all"
    status = "Enabled"
    destination {
      bucket  = "arn:aws:s3:::partner-copy"
      account = local.partner
      access_control_translation { owner = "Destination" }
    }
  }
}

resource "aws_s3_bucket_inventory" "away" {
  bucket                   = "acme-lake"
  name                     = "all"
  included_object_versions = "All"
  schedule { frequency = "Daily" }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = "arn:aws:s3:::partner-inventory"
      account_id = "999999999999"
    }
  }
}

resource "aws_s3_access_point" "open" {
  bucket = "acme-lake"
  name   = "open"
  public_access_block_configuration {
    block_public_acls       = false
    block_public_policy     = false
    ignore_public_acls      = false
    restrict_public_buckets = false
  }
}

resource "aws_s3control_access_point_policy" "open" {
  access_point_arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/open"
  policy = jsonencode({
    Version = "2008-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "s3:GetObject*"
      Resource  = "arn:aws:s3:us-east-1:123456789012:accesspoint/open/object/*"
    }]
  })
}

resource "aws_s3control_multi_region_access_point" "open" {
  details {
    name = "open"
    public_access_block {
      block_public_acls       = false
      block_public_policy     = false
      ignore_public_acls      = false
      restrict_public_buckets = false
    }
    region { bucket = "acme-lake" }
  }
}

resource "aws_s3_bucket_logging" "away" {
  bucket        = "acme-lake"
  target_bucket = "partner-logs"
  target_prefix = "lake/"
}

resource "aws_s3_bucket_ownership_controls" "writer" {
  bucket = "acme-lake"
  rule { object_ownership = "ObjectWriter" }
}

resource "aws_glacier_vault" "archive" {
  name          = "archive"
  access_policy = <<-JSON
    {"Version": "2012-10-17", "Statement": [{"Sid": "r", "Effect": "Allow", "Principal": "*",
     "Action": ["glacier:InitiateJob", "glacier:GetJobOutput"], "Resource": "arn:aws:glacier:us-east-1:123456789012:vaults/archive"}]}
  JSON
}

resource "aws_backup_vault_policy" "this" {
  backup_vault_name = "main"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = ["backup:CopyIntoBackupVault", "backup:DeleteRecoveryPoint"], Resource = "*" }]
  })
}

resource "aws_efs_file_system_policy" "this" {
  file_system_id = "fs-0a"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess"], Resource = "*" }]
  })
}

resource "aws_ami_launch_permission" "all" {
  image_id = "ami-0a"
  group    = "all"
}

resource "aws_ami_launch_permission" "organization" {
  image_id         = "ami-0a"
  organization_arn = "arn:aws:organizations::999999999999:organization/o-other0000"
}

resource "aws_db_snapshot" "shared" {
  db_instance_identifier = "main"
  db_snapshot_identifier = "shared"
  shared_accounts        = ["all"]
}

resource "aws_db_cluster_snapshot" "shared" {
  db_cluster_identifier          = "aurora"
  db_cluster_snapshot_identifier = "shared"
  shared_accounts                = [local.partner]
}

resource "aws_ebs_snapshot_block_public_access" "this" { state = "unblocked" }

resource "aws_ec2_image_block_public_access" "this" { state = "unblocked" }

resource "aws_ebs_encryption_by_default" "this" { enabled = false }

resource "aws_ebs_volume" "plain" {
  availability_zone = "us-east-1a"
  size              = 500
  encrypted         = false
}

resource "aws_efs_file_system" "plain" { encrypted = false }

resource "aws_datasync_location_s3" "away" {
  s3_bucket_arn = "arn:aws:s3:::partner-bucket"
  subdirectory  = "/in"
  s3_config { bucket_access_role_arn = "arn:aws:iam::999999999999:role/datasync" }
}

resource "aws_rds_cluster" "plain" {
  cluster_identifier      = "plain"
  engine                  = "aurora-postgresql"
  master_username         = "postgres"
  master_password         = "not-a-secret-1"
  backup_retention_period = 1
  skip_final_snapshot     = true
}

resource "aws_rds_export_task" "away" {
  export_task_identifier = "out"
  source_arn             = "arn:aws:rds:us-east-1:123456789012:snapshot:main"
  s3_bucket_name         = "partner-export"
  iam_role_arn           = "arn:aws:iam::123456789012:role/export"
  kms_key_id             = "arn:aws:kms:us-east-1:999999999999:key/0a0a0a0a-0000-0000-0000-000000000000"
}
