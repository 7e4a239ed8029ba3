variable "changed" {
  type = bool
}

# import aws_cloudwatch_event_rule.finished ignores force_destroy
# import aws_cloudwatch_event_target.finished ignores force_destroy
# import aws_cloudwatch_event_target.finished: conformance-finished/queue
# import aws_lambda_function.reaper ignores publish, s3_bucket, s3_key, last_modified
# import aws_lambda_permission.events: conformance-reaper/LetEventsInvoke
# import aws_s3_bucket.code ignores force_destroy
# import aws_s3_object.code ignores force_destroy, content_base64, version_id
# import aws_s3_object.code: conformance-code/reaper.zip
# import aws_sns_topic_subscription.queue ignores endpoint_auto_confirms, confirmation_timeout_in_minutes
# import aws_scheduler_schedule.nightly: {aws_scheduler_schedule_group.jobs.name}/conformance-nightly

locals {
  team = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_sns_topic" "jobs" {
  name         = "conformance-jobs"
  display_name = var.changed ? "Jobs" : "Training jobs"
  tags         = local.team
}

resource "aws_sqs_queue" "dead" {
  name                      = "conformance-dead"
  message_retention_seconds = var.changed ? 1209600 : 604800
}

resource "aws_sqs_queue" "jobs" {
  name = "conformance-jobs"
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.changed ? 5 : 3
  })
  sqs_managed_sse_enabled = true
  tags                    = local.team
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.jobs.arn]
  })
}

resource "aws_sqs_queue_policy" "jobs" {
  queue_url = aws_sqs_queue.jobs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "LetTopicSend" : "Topic"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.jobs.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.jobs.arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn            = aws_sns_topic.jobs.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.jobs.arn
  raw_message_delivery = var.changed
}

resource "aws_cloudwatch_event_rule" "finished" {
  name        = "conformance-finished"
  description = var.changed ? "Training that ended" : "Training"
  event_pattern = jsonencode({
    source      = ["aws.sagemaker"]
    detail-type = ["SageMaker Training Job State Change"]
  })
  tags = local.team
}

resource "aws_cloudwatch_event_target" "finished" {
  rule      = aws_cloudwatch_event_rule.finished.name
  target_id = "queue"
  arn       = aws_sqs_queue.jobs.arn
  input_transformer {
    input_paths    = { name = "$.detail.TrainingJobName" }
    input_template = var.changed ? "{\"job\": <name>}" : "{\"name\": <name>}"
  }
}

resource "aws_iam_role" "jobs" {
  name = "conformance-jobs"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "scheduler.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_scheduler_schedule_group" "jobs" {
  name = "conformance-jobs"
  tags = local.team
}

resource "aws_scheduler_schedule" "nightly" {
  name                         = "conformance-nightly"
  group_name                   = aws_scheduler_schedule_group.jobs.name
  schedule_expression          = var.changed ? "cron(0 20 * * ? *)" : "cron(0 22 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_function.reaper.arn
    role_arn = aws_iam_role.jobs.arn
    input    = jsonencode({ stop = true })
    retry_policy {
      maximum_retry_attempts = 2
    }
  }
}

resource "aws_s3_bucket" "code" {
  bucket        = "conformance-code"
  force_destroy = true
}

resource "aws_s3_object" "code" {
  bucket         = aws_s3_bucket.code.id
  key            = "reaper.zip"
  content_base64 = "UEsDBBQAAAAAAAAAIQB3L5raLQAAAC0AAAAKAAAAaGFuZGxlci5weWRlZiBoYW5kbGUoZXZlbnQsIGNvbnRleHQpOgogICAgcmV0dXJuIGV2ZW50ClBLAQIUAxQAAAAAAAAAIQB3L5raLQAAAC0AAAAKAAAAAAAAAAAAAACAAQAAAABoYW5kbGVyLnB5UEsFBgAAAAABAAEAOAAAAFUAAAAAAA=="
}

resource "aws_cloudwatch_log_group" "reaper" {
  name              = "/aws/lambda/conformance-reaper"
  retention_in_days = 30
}

resource "aws_lambda_function" "reaper" {
  function_name = "conformance-reaper"
  role          = aws_iam_role.jobs.arn
  runtime       = "python3.12"
  handler       = "handler.handle"
  s3_bucket     = aws_s3_object.code.bucket
  s3_key        = aws_s3_object.code.key
  timeout       = var.changed ? 120 : 60
  memory_size   = 256
  environment {
    variables = { MODE = var.changed ? "stop" : "warn" }
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }
  tracing_config {
    mode = "Active"
  }
  tags       = local.team
  depends_on = [aws_cloudwatch_log_group.reaper]
}

resource "aws_lambda_permission" "events" {
  statement_id  = "LetEventsInvoke"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reaper.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.finished.arn
}

resource "aws_lambda_event_source_mapping" "jobs" {
  event_source_arn = aws_sqs_queue.jobs.arn
  function_name    = aws_lambda_function.reaper.arn
  batch_size       = var.changed ? 5 : 10
}
