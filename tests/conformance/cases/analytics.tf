variable "changed" {
  type = bool
}

# import aws_athena_workgroup.lake ignores force_destroy
# import aws_s3_bucket.results ignores force_destroy

resource "aws_s3_bucket" "results" {
  bucket        = "conformance-query-results"
  force_destroy = true
  tags          = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_glue_catalog_database" "lake" {
  name        = "conformance_lake"
  description = var.changed ? "Tables of the data lake." : "Tables."
}

resource "aws_athena_workgroup" "lake" {
  name          = "conformance-lake"
  description   = var.changed ? "Queries of the data lake." : "Queries."
  force_destroy = true
  tags          = { Team = var.changed ? "ml-platform" : "ml" }

  configuration {
    bytes_scanned_cutoff_per_query     = var.changed ? 10737418240 : 10485760
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = var.changed
    result_configuration {
      output_location = "s3://${aws_s3_bucket.results.bucket}/results/"
      encryption_configuration {
        encryption_option = var.changed ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.changed ? null : "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      }
    }
  }
}
