variable "changed" {
  type = bool
}

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "bills" {
  bucket = "conformance-bills"
}

resource "aws_s3_bucket_policy" "bills" {
  bucket = aws_s3_bucket.bills.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"] }
      Action    = ["s3:GetBucketPolicy", "s3:PutObject"]
      Resource  = [aws_s3_bucket.bills.arn, "${aws_s3_bucket.bills.arn}/*"]
    }]
  })
}

resource "aws_bcmdataexports_export" "costs" {
  export {
    name        = "conformance-costs"
    description = "The bill."
    data_query {
      query_statement = "SELECT line_item_unblended_cost, resource_tags FROM COST_AND_USAGE_REPORT"
      table_configurations = {
        COST_AND_USAGE_REPORT = {
          BILLING_VIEW_ARN                      = "arn:aws:billing::${data.aws_caller_identity.current.account_id}:billingview/primary"
          TIME_GRANULARITY                      = "DAILY"
          INCLUDE_RESOURCES                     = "FALSE"
          INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY = "FALSE"
          INCLUDE_SPLIT_COST_ALLOCATION_DATA    = "FALSE"
        }
      }
    }
    destination_configurations {
      s3_destination {
        s3_bucket = aws_s3_bucket.bills.bucket
        s3_prefix = "exports"
        s3_region = aws_s3_bucket.bills.region
        s3_output_configurations {
          overwrite   = "OVERWRITE_REPORT"
          format      = "PARQUET"
          compression = "PARQUET"
          output_type = "CUSTOM"
        }
      }
    }
    refresh_cadence {
      frequency = "SYNCHRONOUS"
    }
  }
  tags       = { Team = var.changed ? "ml-platform" : "ml" }
  depends_on = [aws_s3_bucket_policy.bills]
}

resource "aws_glue_catalog_database" "bills" {
  name = "conformance_bills"
}

resource "aws_glue_catalog_table" "costs" {
  database_name = aws_glue_catalog_database.bills.name
  name          = "costs"
  description   = var.changed ? "The bill of the account." : "The bill."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    "classification"                 = "parquet"
    "projection.enabled"             = "true"
    "projection.billing_period.type" = "date"
    "storage.location.template"      = "s3://conformance-bills/data/BILLING_PERIOD=$${billing_period}"
  }
  partition_keys {
    name = "billing_period"
    type = "string"
  }
  storage_descriptor {
    location      = "s3://conformance-bills/data"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    columns {
      name = "line_item_unblended_cost"
      type = "double"
    }
    columns {
      name = "resource_tags"
      type = "map<string,string>"
    }
  }
}

resource "aws_sns_topic" "alerts" {
  name = "conformance-billing-alerts"
}

resource "aws_iam_role" "slack" {
  name = "conformance-slack"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "chatbot.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# import aws_chatbot_slack_channel_configuration.alerts: {aws_chatbot_slack_channel_configuration.alerts.chat_configuration_arn}

resource "aws_chatbot_slack_channel_configuration" "alerts" {
  configuration_name    = "conformance-alerts"
  iam_role_arn          = aws_iam_role.slack.arn
  slack_team_id         = "T0123ABCD"
  slack_channel_id      = var.changed ? "C0456EFGH" : "C0123ABCD"
  sns_topic_arns        = [aws_sns_topic.alerts.arn]
  guardrail_policy_arns = ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
  logging_level         = var.changed ? "INFO" : "ERROR"
  tags                  = { Team = var.changed ? "ml-platform" : "ml" }
}
