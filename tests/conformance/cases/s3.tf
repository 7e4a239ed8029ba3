variable "changed" {
  type = bool
}

# import aws_s3_bucket.data ignores force_destroy
# import aws_s3_bucket.logs ignores force_destroy
# import aws_s3_bucket.replica ignores force_destroy
# import aws_s3_object.marker ignores force_destroy, content, version_id
# import aws_s3_object.marker: conformance-replica/datasets/README

resource "aws_s3_bucket" "data" {
  bucket              = "conformance-data"
  force_destroy       = true
  object_lock_enabled = true
  tags                = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.changed ? 2 : 1
    }
  }
  depends_on = [aws_s3_bucket_versioning.data]
}

resource "aws_s3_bucket_ownership_controls" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    object_ownership = var.changed ? "BucketOwnerEnforced" : "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = var.changed
}

resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    bucket_key_enabled = var.changed
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "DenyPlainHttp" : "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
  depends_on = [aws_s3_bucket_public_access_block.data]
}

resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket                                 = aws_s3_bucket.data.id
  transition_default_minimum_object_size = var.changed ? "varies_by_storage_class" : "all_storage_classes_128K"

  rule {
    id     = "everything"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = var.changed ? 3 : 7
    }
    expiration {
      expired_object_delete_marker = true
    }
  }
  rule {
    id     = "checkpoints"
    status = "Enabled"
    filter {
      prefix = "checkpoints/"
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }
    expiration {
      days = var.changed ? 180 : 365
    }
  }
  rule {
    id     = "scratch"
    status = "Enabled"
    filter {
      tag {
        key   = "Retention"
        value = "scratch"
      }
    }
    expiration {
      days = 7
    }
  }
  rule {
    id     = "large-raw"
    status = var.changed ? "Disabled" : "Enabled"
    filter {
      and {
        prefix                   = "raw/"
        object_size_greater_than = 1048576
        object_size_less_than    = 5368709120
        tags                     = { Owner = "ml", Stage = "raw" }
      }
    }
    transition {
      days          = 0
      storage_class = "INTELLIGENT_TIERING"
    }
  }
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {
      object_size_greater_than = 1024
    }
    noncurrent_version_transition {
      noncurrent_days           = 30
      newer_noncurrent_versions = 2
      storage_class             = "STANDARD_IA"
    }
    noncurrent_version_expiration {
      noncurrent_days           = 90
      newer_noncurrent_versions = var.changed ? 5 : 3
    }
  }
  depends_on = [aws_s3_bucket_versioning.data]
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  name   = "raw"
  filter {
    prefix = "raw/"
    tags   = { Stage = "raw" }
  }
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = var.changed ? 120 : 90
  }
  tiering {
    access_tier = "DEEP_ARCHIVE_ACCESS"
    days        = 180
  }
}

resource "aws_s3_bucket_inventory" "data" {
  bucket                   = aws_s3_bucket.data.id
  name                     = "daily"
  included_object_versions = "Current"
  optional_fields          = ["Size", "StorageClass", "EncryptionStatus"]
  filter {
    prefix = "datasets/"
  }
  schedule {
    frequency = var.changed ? "Weekly" : "Daily"
  }
  destination {
    bucket {
      format     = "Parquet"
      bucket_arn = aws_s3_bucket.logs.arn
      prefix     = "inventory"
      encryption {
        sse_s3 {}
      }
    }
  }
}

resource "aws_s3_bucket_metric" "data" {
  bucket = aws_s3_bucket.data.id
  name   = "datasets"
  filter {
    prefix = var.changed ? "data/" : "datasets/"
    tags   = { Stage = "curated" }
  }
}

resource "aws_s3_bucket_analytics_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  name   = "datasets"
  filter {
    prefix = var.changed ? "data/" : "datasets/"
  }
  storage_class_analysis {
    data_export {
      destination {
        s3_bucket_destination {
          bucket_arn = aws_s3_bucket.logs.arn
          prefix     = "analytics"
        }
      }
    }
  }
}

resource "aws_s3_bucket_request_payment_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  payer  = var.changed ? "Requester" : "BucketOwner"
}

resource "aws_s3_bucket_cors_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  cors_rule {
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = ["https://studio.example.com"]
    max_age_seconds = var.changed ? 600 : 300
  }
}

resource "aws_sns_topic" "arrivals" {
  name = "conformance-arrivals"
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_sns_topic_policy" "arrivals" {
  arn = aws_sns_topic.arrivals.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "LetS3Publish" : "S3"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.arrivals.arn
      Condition = { ArnLike = { "aws:SourceArn" = aws_s3_bucket.data.arn } }
    }]
  })
}

resource "aws_sqs_queue" "arrivals" {
  name = "conformance-arrivals"
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_s3_bucket_notification" "data" {
  bucket      = aws_s3_bucket.data.id
  eventbridge = true
  topic {
    id            = "datasets"
    topic_arn     = aws_sns_topic.arrivals.arn
    events        = var.changed ? ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"] : ["s3:ObjectCreated:*"]
    filter_prefix = "datasets/"
    filter_suffix = ".parquet"
  }
  queue {
    id        = "raw"
    queue_arn = aws_sqs_queue.arrivals.arn
    events    = ["s3:ObjectCreated:Put"]
  }
  depends_on = [aws_sns_topic_policy.arrivals]
}

resource "aws_s3_object" "marker" {
  bucket  = aws_s3_bucket.replica.id
  key     = "datasets/README"
  content = var.changed ? "changed" : "first"
  tags    = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "conformance-logs"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = var.changed ? "Suspended" : "Enabled"
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "LetLogsBeWritten"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = ["s3:PutObject"]
        Resource  = ["${aws_s3_bucket.logs.arn}/access/*"]
      },
    ]
  })
}

resource "aws_s3_bucket_logging" "data" {
  bucket        = aws_s3_bucket.data.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = var.changed ? "access/data-lake/" : "access/data/"
  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }
  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_s3_bucket" "replica" {
  bucket        = "conformance-replica"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "replica" {
  bucket = aws_s3_bucket.replica.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_iam_role" "replication" {
  name = "conformance-replication"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_s3_bucket_replication_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  role   = aws_iam_role.replication.arn
  rule {
    id       = "datasets"
    priority = 1
    status   = "Enabled"
    filter {
      prefix = "datasets/"
    }
    delete_marker_replication {
      status = var.changed ? "Enabled" : "Disabled"
    }
    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }
    destination {
      bucket        = aws_s3_bucket.replica.arn
      storage_class = "STANDARD_IA"
      encryption_configuration {
        replica_kms_key_id = "arn:aws:kms:us-east-1:123456789012:alias/aws/s3"
      }
      metrics {
        status = "Enabled"
        event_threshold {
          minutes = 15
        }
      }
      replication_time {
        status = "Enabled"
        time {
          minutes = 15
        }
      }
    }
  }
  depends_on = [aws_s3_bucket_versioning.data, aws_s3_bucket_versioning.replica]
}
