# Logs, detection and alarms.
resource "aws_cloudtrail" "trail" {
  name                          = "trail"
  s3_bucket_name                = var.later ? "partner-trail" : "acme-trail"
  is_multi_region_trail         = !var.later
  include_global_service_events = !var.later
  enable_log_file_validation    = !var.later
  kms_key_id                    = var.later ? null : local.key
}

resource "aws_cloudtrail" "stopped" {
  name           = "stopped"
  s3_bucket_name = "acme-trail"
  enable_logging = !var.later
}

resource "aws_cloudtrail" "selectors" {
  name           = "selectors"
  s3_bucket_name = "acme-trail"
  advanced_event_selector {
    name = "all"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
    dynamic "field_selector" {
      for_each = local.after
      content {
        field  = "readOnly"
        equals = ["true"]
      }
    }
  }
}

resource "aws_cloudtrail_event_data_store" "lake" {
  name                           = "lake"
  retention_period               = var.later ? 7 : 2555
  termination_protection_enabled = !var.later
}

resource "aws_flow_log" "vpc" {
  count           = var.later ? 0 : 1
  vpc_id          = local.vpc
  traffic_type    = "ALL"
  log_destination = "arn:aws:logs:us-east-1:123456789012:log-group:flow"
  iam_role_arn    = "arn:aws:iam::123456789012:role/flow"
}

resource "aws_flow_log" "less" {
  vpc_id               = local.vpc
  traffic_type         = var.later ? "REJECT" : "ALL"
  log_destination_type = "s3"
  log_destination      = "arn:aws:s3:::acme-flow"
}

resource "aws_guardduty_detector" "this" { enable = !var.later }

resource "aws_guardduty_detector_feature" "s3" {
  detector_id = "d0000000000000000000000000000000"
  name        = "S3_DATA_EVENTS"
  status      = var.later ? "DISABLED" : "ENABLED"
}

resource "aws_guardduty_organization_configuration" "this" {
  detector_id                      = "d0000000000000000000000000000000"
  auto_enable_organization_members = var.later ? "NONE" : "ALL"
}

resource "aws_guardduty_publishing_destination" "s3" {
  count           = var.later ? 0 : 1
  detector_id     = "d0000000000000000000000000000000"
  destination_arn = "arn:aws:s3:::acme-findings"
  kms_key_arn     = local.key
}

resource "aws_securityhub_account" "this" { count = var.later ? 0 : 1 }

resource "aws_securityhub_standards_subscription" "cis" {
  count         = var.later ? 0 : 1
  standards_arn = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
}

resource "aws_securityhub_standards_control" "root" {
  standards_control_arn = "arn:aws:securityhub:us-east-1:123456789012:control/cis-aws-foundations-benchmark/v/1.2.0/1.10"
  control_status        = var.later ? "DISABLED" : "ENABLED"
  disabled_reason       = var.later ? "noise" : null
}

resource "aws_securityhub_automation_rule" "suppress" {
  count       = var.later ? 1 : 0
  description = "noise"
  rule_name   = "noise"
  rule_order  = 1
  actions {
    type = "FINDING_FIELDS_UPDATE"
    finding_fields_update {
      workflow { status = "SUPPRESSED" }
    }
  }
  criteria {
    product_name {
      comparison = "EQUALS"
      value      = "Security Hub"
    }
  }
}

resource "aws_macie2_account" "this" { status = var.later ? "PAUSED" : "ENABLED" }

resource "aws_macie2_classification_job" "lake" {
  job_type   = "SCHEDULED"
  name       = "lake"
  job_status = var.later ? "CANCELLED" : "RUNNING"
  schedule_frequency { daily_schedule = true }
  s3_job_definition {
    bucket_definitions {
      account_id = "123456789012"
      buckets    = ["acme-lake"]
    }
  }
}

resource "aws_config_configuration_recorder_status" "this" {
  name       = "default"
  is_enabled = !var.later
}

resource "aws_config_configuration_recorder" "this" {
  name     = "default"
  role_arn = "arn:aws:iam::123456789012:role/config"
  recording_group {
    all_supported                 = !var.later
    include_global_resource_types = !var.later
    resource_types                = var.later ? ["AWS::S3::Bucket"] : null
  }
}

resource "aws_config_delivery_channel" "this" {
  count          = var.later ? 0 : 1
  s3_bucket_name = "acme-config"
}

resource "aws_config_config_rule" "public" {
  for_each = var.later ? {} : { "s3-public" = "S3_BUCKET_PUBLIC_READ_PROHIBITED" }
  name     = each.key
  source {
    owner             = "AWS"
    source_identifier = each.value
  }
}

resource "aws_config_conformance_pack" "cis" {
  count         = var.later ? 0 : 1
  name          = "cis"
  template_body = "Resources: {}"
}

resource "aws_config_remediation_configuration" "public" {
  config_rule_name = "s3-public"
  target_id        = "AWS-DisableS3BucketPublicReadWrite"
  target_type      = "SSM_DOCUMENT"
  automatic        = !var.later
}

resource "aws_inspector2_enabler" "this" {
  account_ids    = ["123456789012"]
  resource_types = var.later ? ["EC2"] : ["EC2", "ECR", "LAMBDA"]
}

resource "aws_accessanalyzer_analyzer" "this" {
  count         = var.later ? 0 : 1
  analyzer_name = "main"
}

resource "aws_detective_graph" "this" { count = var.later ? 0 : 1 }

resource "aws_cloudwatch_metric_alarm" "root" {
  alarm_name          = "root"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "RootUsage"
  namespace           = "Audit"
  period              = 300
  statistic           = "Sum"
  threshold           = 1
  actions_enabled     = !var.later
  alarm_actions       = ["arn:aws:sns:us-east-1:123456789012:alerts"]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "errors"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  period              = 300
  statistic           = "Sum"
  threshold           = 1
  alarm_actions       = var.later ? [] : ["arn:aws:sns:us-east-1:123456789012:alerts"]
}

resource "aws_cloudwatch_metric_alarm" "numb" {
  alarm_name          = "numb"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "5XXError"
  namespace           = "AWS/ApiGateway"
  period              = 300
  statistic           = "Sum"
  threshold           = var.later ? 1000000 : 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:us-east-1:123456789012:alerts"]
}

resource "aws_cloudwatch_composite_alarm" "all" {
  alarm_name      = "all"
  alarm_rule      = "ALARM(errors)"
  actions_enabled = !var.later
  alarm_actions   = ["arn:aws:sns:us-east-1:123456789012:alerts"]
}

resource "aws_cloudwatch_log_metric_filter" "root" {
  count          = var.later ? 0 : 1
  name           = "root"
  pattern        = "{ $.userIdentity.type = \"Root\" }"
  log_group_name = "trail"
  metric_transformation {
    name      = "RootUsage"
    namespace = "Audit"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/app"
  retention_in_days = var.later ? 1 : 365
  kms_key_id        = var.later ? null : local.key
}

resource "aws_cloudwatch_log_data_protection_policy" "app" {
  count           = var.later ? 0 : 1
  log_group_name  = "/app"
  policy_document = jsonencode({ Name = "p", Version = "2021-06-01", Statement = [{ Sid = "audit", DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], Operation = { Audit = { FindingsDestination = {} } } }, { Sid = "mask", DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], Operation = { Deidentify = { MaskConfig = {} } } }] })
}

resource "aws_budgets_budget" "gone" {
  count        = var.later ? 0 : 1
  name         = "gone"
  budget_type  = "COST"
  limit_amount = "1000"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
}

resource "aws_budgets_budget" "raised" {
  name         = "raised"
  budget_type  = "COST"
  limit_amount = var.later ? "1000000" : "1000"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  dynamic "notification" {
    for_each = local.before
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = 80
      threshold_type             = "PERCENTAGE"
      notification_type          = "ACTUAL"
      subscriber_email_addresses = ["a@example.com"]
    }
  }
}

resource "aws_ce_anomaly_subscription" "daily" {
  count            = var.later ? 0 : 1
  name             = "daily"
  frequency        = "DAILY"
  monitor_arn_list = ["arn:aws:ce::123456789012:anomalymonitor/0a"]
  subscriber {
    type    = "EMAIL"
    address = "a@example.com"
  }
}

resource "aws_sns_topic_subscription" "pager" {
  count     = var.later ? 0 : 1
  topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts"
  protocol  = "email"
  endpoint  = "oncall@example.com"
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts"
  protocol  = "email"
  endpoint  = var.later ? "mallory@partner.example.com" : "oncall@example.com"
}

resource "aws_cloudwatch_event_rule" "findings" {
  name          = "findings"
  event_pattern = jsonencode({ source = ["aws.guardduty"] })
  state         = var.later ? "DISABLED" : "ENABLED"
}

resource "aws_cloudwatch_event_target" "findings" {
  count = var.later ? 0 : 1
  rule  = "findings"
  arn   = "arn:aws:sns:us-east-1:123456789012:alerts"
}

resource "aws_bedrock_model_invocation_logging_configuration" "this" {
  count = var.later ? 0 : 1
  logging_config {
    embedding_data_delivery_enabled = true
    s3_config {
      bucket_name = "acme-bedrock"
      key_prefix  = "log"
    }
  }
}

resource "aws_bedrock_guardrail" "pii" {
  name                      = "pii"
  blocked_input_messaging   = "no"
  blocked_outputs_messaging = "no"
  dynamic "sensitive_information_policy_config" {
    for_each = local.before
    content {
      pii_entities_config {
        action = "BLOCK"
        type   = "EMAIL"
      }
    }
  }
  dynamic "content_policy_config" {
    for_each = local.after
    content {
      filters_config {
        input_strength  = "NONE"
        output_strength = "NONE"
        type            = "HATE"
      }
    }
  }
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = "api0000000"
  deployment_id = "dep000"
  stage_name    = "prod"
  dynamic "access_log_settings" {
    for_each = local.before
    content {
      destination_arn = "arn:aws:logs:us-east-1:123456789012:log-group:api"
      format          = "x"
    }
  }
}

resource "aws_apigatewayv2_stage" "prod" {
  api_id = "api0000000"
  name   = "prod"
  dynamic "access_log_settings" {
    for_each = local.before
    content {
      destination_arn = "arn:aws:logs:us-east-1:123456789012:log-group:api"
      format          = "x"
    }
  }
  default_route_settings {
    throttling_burst_limit = var.later ? 10000 : 10
    throttling_rate_limit  = var.later ? 10000 : 10
  }
}

resource "aws_eks_cluster" "ml" {
  name                      = "ml"
  role_arn                  = "arn:aws:iam::123456789012:role/eks"
  enabled_cluster_log_types = var.later ? [] : ["api", "audit", "authenticator"]
  vpc_config {
    subnet_ids              = local.subnets
    endpoint_public_access  = true
    endpoint_private_access = true
    public_access_cidrs     = var.later ? ["0.0.0.0/0"] : ["203.0.113.0/24"]
  }
}

resource "aws_msk_cluster" "events" {
  cluster_name           = "events"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2
  broker_node_group_info {
    instance_type   = "kafka.m5.large"
    client_subnets  = local.subnets
    security_groups = ["sg-0a"]
  }
  client_authentication {
    unauthenticated = var.later
    sasl { iam = !var.later }
  }
  encryption_info {
    encryption_in_transit { client_broker = var.later ? "PLAINTEXT" : "TLS" }
  }
  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = !var.later
        log_group = "msk"
      }
    }
  }
}

resource "aws_mq_broker" "jobs" {
  broker_name        = "jobs"
  engine_type        = "ActiveMQ"
  engine_version     = "5.18"
  host_instance_type = "mq.t3.micro"
  logs {
    audit   = !var.later
    general = !var.later
  }
  user {
    username = "user"
    password = "not-a-secret-12"
  }
}

resource "aws_ecs_cluster" "main" {
  name = "main"
  dynamic "configuration" {
    for_each = local.before
    content {
      execute_command_configuration {
        kms_key_id = local.key
        logging    = "OVERRIDE"
        log_configuration { cloud_watch_log_group_name = "exec" }
      }
    }
  }
}

resource "aws_ssm_document" "sessions" {
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "1.0"
    description   = "sessions"
    sessionType   = "Standard_Stream"
    inputs        = { cloudWatchLogGroupName = var.later ? "" : "sessions", cloudWatchEncryptionEnabled = !var.later, s3BucketName = "", kmsKeyId = var.later ? "" : local.key }
  })
}

resource "aws_route53_query_log" "zone" {
  count                    = var.later ? 0 : 1
  cloudwatch_log_group_arn = "arn:aws:logs:us-east-1:123456789012:log-group:dns"
  zone_id                  = "Z000000000000"
}

resource "aws_route53_resolver_query_log_config_association" "vpc" {
  count                        = var.later ? 0 : 1
  resolver_query_log_config_id = "rqlc-0a"
  resource_id                  = local.vpc
}

resource "aws_wafv2_web_acl_logging_configuration" "api" {
  count                   = var.later ? 0 : 1
  log_destination_configs = ["arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-api"]
  resource_arn            = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/api/0a"
}

resource "aws_networkfirewall_logging_configuration" "this" {
  count        = var.later ? 0 : 1
  firewall_arn = "arn:aws:network-firewall:us-east-1:123456789012:firewall/main"
  logging_configuration {
    log_destination_config {
      log_destination      = { logGroup = "firewall" }
      log_destination_type = "CloudWatchLogs"
      log_type             = "ALERT"
    }
  }
}

resource "aws_lambda_function" "dead_letters" {
  function_name = "dead-letters"
  role          = "arn:aws:iam::123456789012:role/lambda"
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
  dynamic "dead_letter_config" {
    for_each = local.before
    content { target_arn = "arn:aws:sqs:us-east-1:123456789012:dead" }
  }
}

resource "aws_ses_event_destination" "bounces" {
  count                  = var.later ? 0 : 1
  name                   = "bounces"
  configuration_set_name = "main"
  matching_types         = ["bounce", "complaint"]
  sns_destination { topic_arn = "arn:aws:sns:us-east-1:123456789012:bounces" }
}

resource "aws_xray_encryption_config" "this" {
  type   = var.later ? "NONE" : "KMS"
  key_id = var.later ? null : local.key
}
