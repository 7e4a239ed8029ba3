# Updates, and new resources that give no access and open nothing.
resource "aws_db_instance" "main" {
  identifier              = "main"
  engine                  = "postgres"
  engine_version          = var.later ? "16.4" : "16.3"
  instance_class          = "db.t3.micro"
  allocated_storage       = var.later ? 40 : 20
  username                = "postgres"
  password                = "not-a-secret-1"
  storage_encrypted       = true
  publicly_accessible     = false
  deletion_protection     = true
  backup_retention_period = var.later ? 14 : 7
  multi_az                = var.later
}

resource "aws_rds_cluster" "aurora" {
  cluster_identifier           = "aurora"
  engine                       = "aurora-postgresql"
  master_username              = "postgres"
  master_password              = "not-a-secret-1"
  storage_encrypted            = true
  deletion_protection          = var.later
  backup_retention_period      = 7
  preferred_maintenance_window = var.later ? "sun:04:00-sun:05:00" : "sun:03:00-sun:04:00"
}

resource "aws_db_parameter_group" "tuning" {
  name   = "tuning"
  family = "postgres16"
  parameter {
    name  = "work_mem"
    value = var.later ? "65536" : "32768"
  }
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_docdb_cluster_parameter_group" "tls" {
  name   = "tls"
  family = "docdb5.0"
  parameter {
    name  = "tls"
    value = var.later ? "enabled" : "disabled"
  }
}

resource "aws_redshift_parameter_group" "tls" {
  name   = "tls"
  family = "redshift-1.0"
  parameter {
    name  = "require_ssl"
    value = var.later ? "true" : "false"
  }
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id       = "cache"
  description                = "cache"
  node_type                  = "cache.t3.micro"
  transit_encryption_enabled = true
  at_rest_encryption_enabled = true
  snapshot_retention_limit   = var.later ? 14 : 7
  maintenance_window         = var.later ? "sun:05:00-sun:09:00" : "sun:04:00-sun:08:00"
}

resource "aws_dynamodb_table" "runs" {
  name         = "runs"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = var.later }
  deletion_protection_enabled = true
  tags                        = { Owner = var.later ? "ml" : "data" }
}

resource "aws_s3_bucket" "lake" {
  bucket = "acme-lake"
  tags   = { Owner = var.later ? "ml" : "data" }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket = "acme-lake"
  rule {
    id     = "uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = var.later ? 3 : 7 }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = "acme-lake"
  rule {
    bucket_key_enabled = var.later
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key
    }
  }
}

resource "aws_s3_bucket_policy" "tls" {
  bucket = "acme-lake"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Sid = "Tls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::acme-lake", "arn:aws:s3:::acme-lake/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }],
      var.later ? [{ Sid = "Old", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::acme-lake/*"], Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } }] : [],
    )
  })
}

resource "aws_s3_bucket_logging" "lake" {
  count         = var.later ? 1 : 0
  bucket        = "acme-lake"
  target_bucket = "acme-logs"
  target_prefix = "lake/"
}

resource "aws_s3_bucket_notification" "lake" {
  bucket      = "acme-lake"
  eventbridge = var.later
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "lake" {
  bucket = "acme-lake"
  name   = "all"
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = var.later ? 180 : 125
  }
}

resource "aws_efs_file_system" "home" {
  encrypted       = true
  throughput_mode = var.later ? "elastic" : "bursting"
}

resource "aws_efs_backup_policy" "home" {
  file_system_id = "fs-0a"
  backup_policy { status = var.later ? "ENABLED" : "DISABLED" }
}

resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    rule_name         = "daily"
    target_vault_name = "main"
    schedule          = var.later ? "cron(0 4 ? * * *)" : "cron(0 5 ? * * *)"
    lifecycle { delete_after = var.later ? 120 : 90 }
  }
}

resource "aws_backup_region_settings" "this" {
  resource_type_opt_in_preference = { "RDS" = true, "DynamoDB" = var.later, "S3" = true }
}

resource "aws_kms_key" "data" {
  description             = var.later ? "data of the lake" : "data"
  enable_key_rotation     = var.later
  deletion_window_in_days = var.later ? 30 : 14
}

resource "aws_secretsmanager_secret" "db" {
  name        = "db"
  description = var.later ? "database" : "db"
  kms_key_id  = local.key
}

resource "aws_ssm_parameter" "flag" {
  name  = "/app/flag"
  type  = "String"
  value = var.later ? "on" : "off"
}

resource "aws_opensearch_domain" "search" {
  domain_name    = "search"
  engine_version = "OpenSearch_2.11"
  cluster_config {
    instance_type  = "m6g.large.search"
    instance_count = var.later ? 3 : 2
  }
  ebs_options {
    ebs_enabled = true
    volume_size = var.later ? 20 : 10
  }
  encrypt_at_rest { enabled = true }
  node_to_node_encryption { enabled = true }
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = var.later ? "Policy-Min-TLS-1-2-PFS-2023-10" : "Policy-Min-TLS-1-2-2019-07"
  }
  vpc_options { subnet_ids = ["subnet-0a"] }
}

resource "aws_glue_data_catalog_encryption_settings" "this" {
  data_catalog_encryption_settings {
    connection_password_encryption {
      return_connection_password_encrypted = var.later
      aws_kms_key_id                       = var.later ? local.key : null
    }
    encryption_at_rest {
      catalog_encryption_mode = var.later ? "SSE-KMS" : "DISABLED"
      sse_aws_kms_key_id      = var.later ? local.key : null
    }
  }
}

resource "aws_athena_workgroup" "analysts" {
  name = "analysts"
  configuration {
    enforce_workgroup_configuration = var.later
    bytes_scanned_cutoff_per_query  = var.later ? 549755813888 : 1099511627776
    result_configuration {
      output_location = "s3://acme-results/"
      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = local.key
      }
    }
  }
}

resource "aws_athena_named_query" "top" {
  name     = "top"
  database = "lake"
  query    = var.later ? "select 2" : "select 1"
}

resource "aws_glue_job" "etl" {
  name              = "etl"
  role_arn          = "arn:aws:iam::123456789012:role/glue"
  number_of_workers = var.later ? 4 : 2
  worker_type       = "G.1X"
  timeout           = var.later ? 120 : 60
  command { script_location = "s3://acme-scripts/etl.py" }
}

resource "aws_cloudtrail" "trail" {
  name                       = "trail"
  s3_bucket_name             = "acme-trail"
  is_multi_region_trail      = var.later
  enable_log_file_validation = var.later
}

resource "aws_flow_log" "vpc" {
  count                = var.later ? 1 : 0
  vpc_id               = local.vpc
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = "arn:aws:s3:::acme-flow"
}

resource "aws_guardduty_detector" "this" {
  enable                       = true
  finding_publishing_frequency = var.later ? "FIFTEEN_MINUTES" : "SIX_HOURS"
}

resource "aws_guardduty_detector_feature" "s3" {
  detector_id = "d0000000000000000000000000000000"
  name        = "S3_DATA_EVENTS"
  status      = var.later ? "ENABLED" : "DISABLED"
}

resource "aws_inspector2_enabler" "this" {
  account_ids    = ["123456789012"]
  resource_types = var.later ? ["EC2", "ECR", "LAMBDA"] : ["EC2"]
}

resource "aws_config_config_rule" "public" {
  name        = "s3-public"
  description = var.later ? "no public buckets" : "public"
  source {
    owner             = "AWS"
    source_identifier = "S3_BUCKET_PUBLIC_READ_PROHIBITED"
  }
}

resource "aws_accessanalyzer_analyzer" "this" {
  count         = var.later ? 1 : 0
  analyzer_name = "main"
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "errors"
  alarm_description   = var.later ? "errors of the api" : "errors"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  period              = 300
  statistic           = "Sum"
  threshold           = var.later ? 1 : 5
  alarm_actions       = ["arn:aws:sns:us-east-1:123456789012:alerts"]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "main"
  dashboard_body = jsonencode({ widgets = var.later ? [{ type = "text", properties = { markdown = "x" } }] : [] })
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/app"
  retention_in_days = var.later ? 365 : 30
  kms_key_id        = local.key
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = var.later ? "cron(0 3 * * ? *)" : "cron(0 2 * * ? *)"
}

resource "aws_budgets_budget" "monthly" {
  name         = "monthly"
  budget_type  = "COST"
  limit_amount = var.later ? "900" : "1000"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
}

resource "aws_sns_topic" "alerts" {
  name              = "alerts"
  display_name      = var.later ? "Alerts" : "alerts"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_sqs_queue" "jobs" {
  name                       = "jobs"
  visibility_timeout_seconds = var.later ? 120 : 60
  sqs_managed_sse_enabled    = true
}

resource "aws_kinesis_stream" "clicks" {
  name             = "clicks"
  shard_count      = var.later ? 2 : 1
  retention_period = var.later ? 48 : 24
  encryption_type  = "KMS"
  kms_key_id       = "alias/aws/kinesis"
}

resource "aws_iam_role" "app" {
  name                 = "app"
  description          = var.later ? "application" : "app"
  max_session_duration = var.later ? 3600 : 7200
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "narrower" {
  name = "narrower"
  role = "app"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = var.later ? "arn:aws:s3:::acme-app/*" : "*" }]
  })
}

resource "aws_iam_policy" "reordered" {
  name = "reordered"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = var.later ? "A" : "B", Effect = "Allow", Action = var.later ? ["s3:GetObject", "s3:ListBucket"] : ["s3:ListBucket", "s3:GetObject"], Resource = "*" }]
  })
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length   = var.later ? 16 : 14
  require_symbols           = true
  password_reuse_prevention = 24
}

resource "aws_iam_access_key" "robot" {
  user   = "robot"
  status = var.later ? "Inactive" : "Active"
}

resource "aws_cognito_user_pool" "customers" {
  name                = "customers"
  mfa_configuration   = "ON"
  deletion_protection = "ACTIVE"
  software_token_mfa_configuration { enabled = true }
  password_policy {
    minimum_length    = var.later ? 14 : 12
    require_lowercase = true
    require_numbers   = true
    require_symbols   = true
    require_uppercase = true
  }
}

resource "aws_cognito_user_pool_client" "app" {
  name                  = "app"
  user_pool_id          = "us-east-1_0a"
  explicit_auth_flows   = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  access_token_validity = var.later ? 1 : 2
}

resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = local.vpc
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
    description = var.later ? "https" : "tls"
  }
}

resource "aws_vpc_security_group_ingress_rule" "narrower" {
  security_group_id = "sg-0a"
  cidr_ipv4         = var.later ? "10.0.0.0/16" : "10.0.0.0/8"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_network_acl" "private" {
  vpc_id = local.vpc
  ingress {
    protocol   = "tcp"
    rule_no    = 100
    action     = "allow"
    cidr_block = "10.0.0.0/8"
    from_port  = 443
    to_port    = 443
  }
  dynamic "ingress" {
    for_each = local.after
    content {
      protocol   = "tcp"
      rule_no    = 50
      action     = "deny"
      cidr_block = "198.51.100.0/24"
      from_port  = 0
      to_port    = 65535
    }
  }
}

resource "aws_network_acl_rule" "deny" {
  count          = var.later ? 1 : 0
  network_acl_id = "acl-0a"
  rule_number    = 50
  protocol       = "tcp"
  rule_action    = "deny"
  cidr_block     = "0.0.0.0/0"
  from_port      = 22
  to_port        = 22
}

resource "aws_instance" "app" {
  ami                     = "ami-0a"
  instance_type           = "t3.micro"
  disable_api_termination = var.later
  metadata_options { http_tokens = var.later ? "required" : "optional" }
}

resource "aws_launch_template" "nodes" {
  name = "nodes"
  metadata_options { http_tokens = "required" }
  image_id = var.later ? "ami-0b" : "ami-0a"
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted   = "true"
      volume_size = var.later ? 200 : 100
    }
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  type              = "gp3"
  size              = var.later ? 200 : 100
  iops              = var.later ? 4000 : 3000
  encrypted         = true
}

resource "aws_nat_gateway" "one" {
  count         = var.later ? 1 : 0
  subnet_id     = "subnet-0a"
  allocation_id = "eipalloc-0a"
}

resource "aws_lb" "web" {
  name                       = "web"
  load_balancer_type         = "application"
  subnets                    = local.subnets
  internal                   = true
  idle_timeout               = var.later ? 90 : 60
  enable_deletion_protection = true
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/0a"
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.later ? "arn:aws:acm:us-east-1:123456789012:certificate/0b" : "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  ssl_policy        = var.later ? "ELBSecurityPolicy-TLS13-1-2-Res-2021-06" : "ELBSecurityPolicy-TLS13-1-2-2021-06"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0a"
  }
}

resource "aws_lb_target_group" "web" {
  name     = "web"
  port     = 8080
  protocol = "HTTP"
  vpc_id   = local.vpc
  health_check { interval = var.later ? 15 : 30 }
}

resource "aws_route53_record" "api" {
  zone_id = "Z000000000000"
  name    = "api.example.com"
  type    = "CNAME"
  ttl     = var.later ? 60 : 300
  records = ["api.internal.example.com"]
}

resource "aws_route53_hosted_zone_dnssec" "main" {
  hosted_zone_id = "Z000000000000"
  signing_status = var.later ? "SIGNING" : "NOT_SIGNING"
}

resource "aws_cloudfront_distribution" "app" {
  enabled     = true
  comment     = var.later ? "application" : "app"
  price_class = "PriceClass_100"
  web_acl_id  = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/app/0a"
  origin {
    domain_name              = "acme-site.s3.us-east-1.amazonaws.com"
    origin_id                = "site"
    origin_access_control_id = "E0000000000000"
  }
  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "site"
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    viewer_protocol_policy = "redirect-to-https"
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate {
    acm_certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

resource "aws_api_gateway_domain_name" "api" {
  domain_name              = "api.example.com"
  regional_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  security_policy          = var.later ? "TLS_1_2" : "TLS_1_0"
  endpoint_configuration { types = ["REGIONAL"] }
}

resource "aws_lambda_function" "predict" {
  function_name = "predict"
  role          = "arn:aws:iam::123456789012:role/predict"
  package_type  = "Image"
  image_uri     = var.later ? "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:2" : "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
  memory_size   = var.later ? 512 : 256
  environment { variables = { LEVEL = var.later ? "DEBUG" : "INFO" } }
}

resource "aws_lambda_event_source_mapping" "clicks" {
  function_name    = "arn:aws:lambda:us-east-1:123456789012:function:collect"
  event_source_arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
  batch_size       = var.later ? 200 : 100
}

resource "aws_lambda_provisioned_concurrency_config" "few" {
  function_name                     = "predict"
  provisioned_concurrent_executions = var.later ? 3 : 2
  qualifier                         = "1"
}

resource "aws_ecr_repository" "trainer" {
  name                 = "trainer"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = var.later }
}

resource "aws_ecs_service" "app" {
  name            = "app"
  cluster         = "main"
  task_definition = var.later ? "app:2" : "app:1"
  desired_count   = var.later ? 3 : 2
  launch_type     = "FARGATE"
  network_configuration { subnets = local.subnets }
}

resource "aws_ecs_task_definition" "app" {
  family        = "app"
  task_role_arn = "arn:aws:iam::123456789012:role/app"
  container_definitions = jsonencode([{
    name   = "app"
    image  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:${var.later ? 2 : 1}"
    memory = var.later ? 1024 : 512
  }])
}

resource "aws_batch_job_definition" "train" {
  name = "train"
  type = "container"
  container_properties = jsonencode({
    image                = "123456789012.dkr.ecr.us-east-1.amazonaws.com/train:${var.later ? 2 : 1}"
    jobRoleArn           = "arn:aws:iam::123456789012:role/train"
    resourceRequirements = [{ type = "VCPU", value = var.later ? "2" : "1" }, { type = "MEMORY", value = "2048" }]
  })
}

resource "aws_codebuild_project" "app" {
  name          = "app"
  service_role  = "arn:aws:iam::123456789012:role/build"
  build_timeout = var.later ? 30 : 20
  artifacts { type = "NO_ARTIFACTS" }
  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = var.later ? "aws/codebuild/standard:7.0" : "aws/codebuild/standard:6.0"
    type         = "LINUX_CONTAINER"
  }
  source {
    type     = "GITHUB"
    location = "https://github.com/acme/app.git"
  }
}

resource "aws_eks_cluster" "ml" {
  name                      = "ml"
  version                   = var.later ? "1.32" : "1.31"
  role_arn                  = "arn:aws:iam::123456789012:role/eks"
  enabled_cluster_log_types = var.later ? ["api", "audit"] : ["audit"]
  vpc_config {
    subnet_ids              = local.subnets
    endpoint_public_access  = false
    endpoint_private_access = true
  }
}

resource "aws_eks_addon" "dns" {
  cluster_name  = "ml"
  addon_name    = "coredns"
  addon_version = var.later ? "v1.11.4-eksbuild.2" : "v1.11.3-eksbuild.1"
}

resource "aws_sagemaker_domain" "studio" {
  domain_name             = "studio"
  auth_mode               = "IAM"
  vpc_id                  = local.vpc
  subnet_ids              = local.subnets
  app_network_access_type = "VpcOnly"
  default_user_settings {
    execution_role = "arn:aws:iam::123456789012:role/studio"
    jupyter_lab_app_settings {
      app_lifecycle_management {
        idle_settings {
          lifecycle_management    = "ENABLED"
          idle_timeout_in_minutes = var.later ? 60 : 120
        }
      }
    }
  }
}

resource "aws_sagemaker_endpoint" "ranker" {
  name                 = "ranker"
  endpoint_config_name = var.later ? "ranker-2" : "ranker-1"
}

resource "aws_sagemaker_endpoint_configuration" "captured" {
  name_prefix = "captured-"
  production_variants {
    variant_name           = "main"
    model_name             = "ranker"
    initial_instance_count = 1
    instance_type          = "ml.m5.large"
  }
  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 10
    destination_s3_uri          = "s3://acme-capture/"
    capture_options { capture_mode = "Input" }
  }
}

resource "aws_appautoscaling_target" "ranker" {
  max_capacity       = var.later ? 6 : 4
  min_capacity       = 1
  resource_id        = "endpoint/ranker/variant/main"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  service_namespace  = "sagemaker"
}

resource "aws_appautoscaling_policy" "ranker" {
  name               = "ranker"
  policy_type        = "TargetTrackingScaling"
  resource_id        = "endpoint/ranker/variant/main"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  service_namespace  = "sagemaker"
  target_tracking_scaling_policy_configuration {
    target_value = var.later ? 60 : 70
    predefined_metric_specification { predefined_metric_type = "SageMakerVariantInvocationsPerInstance" }
  }
}

resource "aws_autoscaling_group" "web" {
  name               = "web"
  min_size           = 2
  max_size           = var.later ? 6 : 4
  availability_zones = ["us-east-1a"]
  launch_template {
    id      = "lt-0a"
    version = "1"
  }
}

resource "aws_emr_cluster" "spark" {
  name                   = "spark"
  release_label          = "emr-7.1.0"
  service_role           = "arn:aws:iam::123456789012:role/emr"
  termination_protection = var.later
  security_configuration = "encrypted"
  master_instance_group { instance_type = "m5.xlarge" }
  ec2_attributes {
    subnet_id        = "subnet-0a"
    instance_profile = "emr"
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
    storage_info {
      ebs_storage_info { volume_size = var.later ? 200 : 100 }
    }
  }
  client_authentication {
    sasl { iam = true }
  }
}

resource "aws_mq_broker" "jobs" {
  broker_name                = "jobs"
  engine_type                = "ActiveMQ"
  engine_version             = "5.18"
  host_instance_type         = "mq.t3.micro"
  auto_minor_version_upgrade = var.later
  logs {
    audit   = var.later
    general = var.later
  }
  user {
    username = "user"
    password = "not-a-secret-12"
  }
}

resource "aws_networkfirewall_firewall" "this" {
  name                = "main"
  firewall_policy_arn = "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/main"
  vpc_id              = local.vpc
  delete_protection   = var.later
  subnet_mapping { subnet_id = "subnet-0a" }
}

resource "aws_ssm_maintenance_window" "patches" {
  name     = "patches"
  schedule = var.later ? "cron(0 4 ? * SUN *)" : "cron(0 3 ? * SUN *)"
  duration = 3
  cutoff   = 1
}

resource "aws_vpc_endpoint" "s3" {
  count        = var.later ? 1 : 0
  vpc_id       = local.vpc
  service_name = "com.amazonaws.us-east-1.s3"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = ["arn:aws:s3:::acme-lake/*"], Condition = { StringEquals = { "aws:PrincipalAccount" = "123456789012" } } }]
  })
}

resource "aws_keyspaces_table" "events" {
  keyspace_name = "events"
  table_name    = "events"
  schema_definition {
    column {
      name = "id"
      type = "ascii"
    }
    partition_key { name = "id" }
  }
  point_in_time_recovery { status = var.later ? "ENABLED" : "DISABLED" }
}

resource "aws_qldb_ledger" "ledger" {
  name                = "ledger"
  permissions_mode    = var.later ? "STANDARD" : "ALLOW_ALL"
  deletion_protection = true
}

resource "aws_codepipeline" "app" {
  name     = "app"
  role_arn = "arn:aws:iam::123456789012:role/pipeline"
  artifact_store {
    location = "acme-artifacts"
    type     = "S3"
  }
  stage {
    name = "Source"
    action {
      name             = "Source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]
      configuration    = { ConnectionArn = "arn:aws:codestar-connections:us-east-1:123456789012:connection/0a", FullRepositoryId = "acme/app", BranchName = "main" }
    }
  }
  dynamic "stage" {
    for_each = local.after
    content {
      name = "Approve"
      action {
        name     = "Approve"
        category = "Approval"
        owner    = "AWS"
        provider = "Manual"
        version  = "1"
      }
    }
  }
  stage {
    name = "Deploy"
    action {
      name            = "Deploy"
      category        = "Deploy"
      owner           = "AWS"
      provider        = "S3"
      version         = "1"
      input_artifacts = ["source"]
      configuration   = { BucketName = "acme-site", Extract = "true" }
    }
  }
}
