variable "changed" {
  type = bool
}

# import aws_s3_bucket.trail ignores force_destroy
# import aws_cloudwatch_log_metric_filter.errors: {aws_cloudwatch_log_group.jobs.name}:errors
# import aws_cloudwatch_log_group.jobs ignores skip_destroy

data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "alerts" {
  name = "conformance-alerts"
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/conformance/jobs"
  retention_in_days = var.changed ? 30 : 14
  tags              = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  log_group_name = aws_cloudwatch_log_group.jobs.name
  pattern        = var.changed ? "ERROR" : "FATAL"
  metric_transformation {
    name      = "Errors"
    namespace = "Conformance"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "gpu_idle" {
  alarm_name          = "conformance-gpu-idle"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = var.changed ? 6 : 3
  metric_name         = "nvidia_smi_utilization_gpu"
  namespace           = "CWAgent"
  period              = 300
  statistic           = "Maximum"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  dimensions          = { AutoScalingGroupName = "training" }
  tags                = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_cloudwatch_metric_alarm" "maintenance" {
  alarm_name          = "conformance-maintenance"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  threshold           = 1
  metric_query {
    id          = "sum"
    expression  = "FILL(m1, 0) + FILL(m2, 0)"
    return_data = true
  }
  metric_query {
    id = "m1"
    metric {
      metric_name = "Maintenance"
      namespace   = "Conformance"
      period      = 60
      stat        = "Sum"
    }
  }
  metric_query {
    id = "m2"
    metric {
      metric_name = "Reboots"
      namespace   = "Conformance"
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "waste" {
  alarm_name        = "conformance-waste"
  alarm_description = var.changed ? "Idle GPUs cost money" : "Idle GPUs"
  alarm_rule        = "ALARM(${aws_cloudwatch_metric_alarm.gpu_idle.alarm_name}) AND NOT ALARM(\"${aws_cloudwatch_metric_alarm.maintenance.alarm_name}\")"
  alarm_actions     = [aws_sns_topic.alerts.arn]
  ok_actions        = var.changed ? [aws_sns_topic.alerts.arn] : []
  actions_suppressor {
    alarm            = aws_cloudwatch_metric_alarm.maintenance.alarm_name
    extension_period = 60
    wait_period      = var.changed ? 120 : 60
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_cloudwatch_dashboard" "training" {
  dashboard_name = "conformance-training"
  dashboard_body = jsonencode({
    widgets = [{
      type       = "text"
      x          = 0
      y          = 0
      width      = 6
      height     = var.changed ? 4 : 3
      properties = { markdown = "Training" }
    }]
  })
}

resource "aws_s3_bucket" "trail" {
  bucket        = "conformance-trail"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = ["s3:GetBucketAcl", "s3:PutObject"]
      Resource  = [aws_s3_bucket.trail.arn, "${aws_s3_bucket.trail.arn}/*"]
    }]
  })
}

resource "aws_cloudtrail" "account" {
  name                          = "conformance"
  s3_bucket_name                = aws_s3_bucket.trail.id
  include_global_service_events = true
  is_multi_region_trail         = var.changed
  enable_log_file_validation    = true
  enable_logging                = true

  event_selector {
    read_write_type           = var.changed ? "All" : "WriteOnly"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["${aws_s3_bucket.trail.arn}/"]
    }
  }
  tags       = { Team = var.changed ? "ml-platform" : "ml" }
  depends_on = [aws_s3_bucket_policy.trail]
}
