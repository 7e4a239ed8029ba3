variable "changed" {
  type = bool
}

# import aws_lambda_function.stopper ignores publish, s3_bucket, s3_key, last_modified
# import aws_lambda_permission.alarms: conformance-stopper/LetAlarmsInvoke
# import aws_s3_bucket.code ignores force_destroy
# import aws_s3_object.code ignores force_destroy, content_base64, version_id
# import aws_s3_object.code: conformance-functions/stopper.zip
# import aws_sns_topic_subscription.owner ignores endpoint_auto_confirms, confirmation_timeout_in_minutes

resource "aws_sns_topic" "alerts" {
  name              = "conformance-functions-alerts"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "LetAlarmsPublish" : "Alarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alerts.arn
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
  })
}

resource "aws_sns_topic_subscription" "owner" {
  topic_arn     = aws_sns_topic.alerts.arn
  protocol      = "email"
  endpoint      = "ana@example.com"
  filter_policy = jsonencode({ owner = var.changed ? ["ana@example.com", "ben@example.com"] : ["ana@example.com"] })
}

resource "aws_iam_role" "stopper" {
  name = "conformance-stopper"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_s3_bucket" "code" {
  bucket        = "conformance-functions"
  force_destroy = true
}

resource "aws_s3_object" "code" {
  bucket         = aws_s3_bucket.code.id
  key            = "stopper.zip"
  content_base64 = "UEsDBBQAAAAAAAAAIQB3L5raLQAAAC0AAAAKAAAAaGFuZGxlci5weWRlZiBoYW5kbGUoZXZlbnQsIGNvbnRleHQpOgogICAgcmV0dXJuIGV2ZW50ClBLAQIUAxQAAAAAAAAAIQB3L5raLQAAAC0AAAAKAAAAAAAAAAAAAACAAQAAAABoYW5kbGVyLnB5UEsFBgAAAAABAAEAOAAAAFUAAAAAAA=="
}

resource "aws_cloudwatch_log_group" "stopper" {
  name              = "/aws/lambda/conformance-stopper"
  retention_in_days = 90
}

resource "aws_lambda_function" "stopper" {
  function_name                  = "conformance-stopper"
  role                           = aws_iam_role.stopper.arn
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  handler                        = "handler.handle"
  s3_bucket                      = aws_s3_object.code.bucket
  s3_key                         = aws_s3_object.code.key
  timeout                        = 120
  memory_size                    = 256
  reserved_concurrent_executions = var.changed ? 2 : 1
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.stopper.name
  }
}

resource "aws_lambda_function_event_invoke_config" "stopper" {
  function_name                = aws_lambda_function.stopper.function_name
  maximum_retry_attempts       = var.changed ? 1 : 2
  maximum_event_age_in_seconds = var.changed ? 3600 : 21600
}

resource "aws_lambda_permission" "alarms" {
  statement_id   = "LetAlarmsInvoke"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.stopper.function_name
  principal      = "lambda.alarms.cloudwatch.amazonaws.com"
  source_account = "123456789012"
  source_arn     = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:conformance-*"
}

resource "aws_cloudwatch_metric_alarm" "idle" {
  alarm_name          = "conformance-functions-idle"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 6
  datapoints_to_alarm = var.changed ? 4 : 6
  metric_name         = "nvidia_smi_utilization_gpu"
  namespace           = "CWAgent"
  period              = 300
  statistic           = "Maximum"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  dimensions          = { AutoScalingGroupName = "training" }
  alarm_actions       = [aws_sns_topic.alerts.arn, aws_lambda_function.stopper.arn]
}
