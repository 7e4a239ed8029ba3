# Identities, networks and what they protect.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = concat(["arn:aws:iam::123456789012:role/ci"], var.later ? [local.root] : [])
    }
  }
}

resource "aws_iam_role" "trust" {
  name               = "trust"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role" "mfa" {
  name = "mfa"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::123456789012:root" } },
      var.later ? {} : { Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } } },
    )]
  })
}

resource "aws_iam_role" "external_id" {
  name = "external-id"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = local.root } },
      var.later ? {} : { Condition = { StringEquals = { "sts:ExternalId" = "acme" } } },
    )]
  })
}

resource "aws_iam_role" "github" {
  name = "github"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike   = { "token.actions.githubusercontent.com:sub" = var.later ? "repo:acme/*" : "repo:acme/app:ref:refs/heads/main" }
      }
    }]
  })
}

resource "aws_iam_role" "boundary" {
  name                 = "boundary"
  permissions_boundary = var.later ? null : "arn:aws:iam::123456789012:policy/boundary"
  max_session_duration = var.later ? 43200 : 3600
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_user" "robot" {
  name                 = "robot"
  permissions_boundary = var.later ? null : "arn:aws:iam::123456789012:policy/boundary"
}

resource "aws_iam_role_policy" "wider" {
  name = "wider"
  role = "app"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = var.later ? "*" : "arn:aws:s3:::acme-app/*" }]
  })
}

resource "aws_iam_role_policy" "no_deny" {
  name = "no-deny"
  role = "app"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::acme-app/*" }],
      var.later ? [] : [{ Effect = "Deny", Action = "s3:DeleteObject", Resource = "*" }],
    )
  })
}

resource "aws_iam_policy" "no_condition" {
  name = "no-condition"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::123456789012:role/*" },
      var.later ? {} : { Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } } },
    )]
  })
}

resource "aws_iam_policy" "verb" {
  name = "verb"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = var.later ? "ec2:*" : "ec2:Describe*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "not_resource" {
  name = "not-resource"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [var.later
      ? { Effect = "Allow", Action = ["s3:GetObject"], NotResource = ["arn:aws:s3:::acme-app/*"] }
      : { Effect = "Allow", Action = ["s3:GetObject"], NotResource = ["arn:aws:s3:::acme-*", "arn:aws:s3:::acme-app/*"] }
    ]
  })
}

resource "aws_iam_group_membership" "admins" {
  name  = "admins"
  group = "admins"
  users = var.later ? ["alice", "mallory"] : ["alice"]
}

resource "aws_iam_instance_profile" "nodes" {
  name = "nodes"
  role = var.later ? "admin" : "nodes"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length      = var.later ? 6 : 14
  require_symbols              = !var.later
  require_numbers              = true
  require_lowercase_characters = true
  require_uppercase_characters = true
  max_password_age             = var.later ? 0 : 90
  password_reuse_prevention    = var.later ? null : 24
}

resource "aws_iam_openid_connect_provider" "gitlab" {
  url             = "https://gitlab.example.com"
  client_id_list  = var.later ? ["https://gitlab.example.com", "sts.amazonaws.com"] : ["https://gitlab.example.com"]
  thumbprint_list = [var.later ? "ffffffffffffffffffffffffffffffffffffffff" : "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}

resource "aws_iam_access_key" "robot" {
  user   = "robot"
  status = var.later ? "Active" : "Inactive"
}

resource "aws_organizations_policy" "guard" {
  name = "guard"
  content = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([{ Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*" }], var.later ? [] : [{ Effect = "Deny", Action = ["cloudtrail:StopLogging", "guardduty:Delete*"], Resource = "*" }])
  })
}

resource "aws_organizations_policy_attachment" "guard" {
  count     = var.later ? 0 : 1
  policy_id = "p-0a0a0a0a"
  target_id = "ou-0a0a-0a0a0a0a"
}

resource "aws_ssoadmin_permission_set" "developers" {
  name             = "developers"
  instance_arn     = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
  session_duration = var.later ? "PT12H" : "PT1H"
}

resource "aws_cognito_user_pool" "customers" {
  name                = "customers"
  mfa_configuration   = var.later ? "OFF" : "ON"
  deletion_protection = var.later ? "INACTIVE" : "ACTIVE"
  dynamic "software_token_mfa_configuration" {
    for_each = local.before
    content { enabled = true }
  }
  user_pool_add_ons { advanced_security_mode = var.later ? "OFF" : "ENFORCED" }
  admin_create_user_config { allow_admin_create_user_only = !var.later }
}

resource "aws_cognito_user_pool_client" "app" {
  name                                 = "app"
  user_pool_id                         = "us-east-1_0a"
  callback_urls                        = var.later ? ["https://app.example.com/cb", "http://localhost/cb"] : ["https://app.example.com/cb"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = var.later ? ["implicit"] : ["code"]
  allowed_oauth_scopes                 = ["openid"]
  supported_identity_providers         = ["COGNITO"]
  explicit_auth_flows                  = var.later ? ["ALLOW_USER_PASSWORD_AUTH"] : ["ALLOW_USER_SRP_AUTH"]
}

resource "aws_cognito_identity_pool" "app" {
  identity_pool_name               = "app"
  allow_unauthenticated_identities = var.later
}

resource "aws_security_group" "inline" {
  name   = "inline"
  vpc_id = local.vpc
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [var.later ? "0.0.0.0/0" : "10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = [var.later ? "0.0.0.0/0" : "10.0.0.0/8"]
  }
}

resource "aws_security_group_rule" "database" {
  type              = "ingress"
  from_port         = 5432
  to_port           = 5432
  protocol          = "tcp"
  cidr_blocks       = [var.later ? "0.0.0.0/0" : "10.0.0.0/16"]
  security_group_id = "sg-0a"
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = "sg-0a"
  cidr_ipv4         = var.later ? "0.0.0.0/0" : "10.0.0.0/16"
  from_port         = 22
  to_port           = var.later ? 65535 : 22
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = "sg-0a"
  cidr_ipv4         = var.later ? "0.0.0.0/0" : "10.0.0.0/16"
  ip_protocol       = "-1"
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 5
  entry { cidr = "203.0.113.0/24" }
  dynamic "entry" {
    for_each = local.after
    content { cidr = "0.0.0.0/0" }
  }
}

resource "aws_ec2_managed_prefix_list_entry" "home" {
  count          = var.later ? 1 : 0
  cidr           = "0.0.0.0/0"
  prefix_list_id = "pl-0a"
}

resource "aws_network_acl_rule" "deny" {
  count          = var.later ? 0 : 1
  network_acl_id = "acl-0a"
  rule_number    = 50
  protocol       = "tcp"
  rule_action    = "deny"
  cidr_block     = "0.0.0.0/0"
  from_port      = 22
  to_port        = 22
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = local.vpc
  service_name = "com.amazonaws.us-east-1.s3"
  policy = var.later ? jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }] }) : jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::acme-*"] }]
  })
}

resource "aws_vpc_endpoint_service" "models" {
  acceptance_required        = !var.later
  allowed_principals         = var.later ? ["*"] : ["arn:aws:iam::123456789012:root"]
  network_load_balancer_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/0a"]
}

resource "aws_route_table" "private" {
  vpc_id = local.vpc
  route {
    cidr_block     = "0.0.0.0/0"
    gateway_id     = var.later ? "igw-0a" : null
    nat_gateway_id = var.later ? null : "nat-0a"
  }
}

resource "aws_route" "inspection" {
  route_table_id            = "rtb-0a"
  destination_cidr_block    = "10.99.0.0/16"
  vpc_peering_connection_id = var.later ? "pcx-0f" : null
  vpc_endpoint_id           = var.later ? null : "vpce-firewall"
}

resource "aws_vpc_block_public_access_options" "this" { internet_gateway_block_mode = var.later ? "off" : "block-bidirectional" }

resource "aws_ebs_snapshot_block_public_access" "this" { state = var.later ? "unblocked" : "block-all-sharing" }

resource "aws_ebs_encryption_by_default" "this" { count = var.later ? 0 : 1 }

resource "aws_ec2_instance_metadata_defaults" "this" {
  http_tokens                 = var.later ? "optional" : "required"
  http_put_response_hop_limit = 1
}

resource "aws_instance" "app" {
  ami                     = "ami-0a"
  instance_type           = "t3.micro"
  iam_instance_profile    = var.later ? "admin" : "app"
  disable_api_termination = !var.later
  metadata_options {
    http_tokens = var.later ? "optional" : "required"
  }
}

resource "aws_launch_template" "nodes" {
  name = "nodes"
  metadata_options { http_tokens = var.later ? "optional" : "required" }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = var.later ? "false" : "true"
      delete_on_termination = "true"
    }
  }
  iam_instance_profile { name = var.later ? "admin" : "nodes" }
}

resource "aws_lb" "web" {
  name                       = "web"
  load_balancer_type         = "application"
  subnets                    = local.subnets
  internal                   = true
  enable_deletion_protection = !var.later
  drop_invalid_header_fields = !var.later
  access_logs {
    bucket  = "acme-logs"
    enabled = !var.later
  }
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/0a"
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  ssl_policy        = var.later ? "ELBSecurityPolicy-2016-08" : "ELBSecurityPolicy-TLS13-1-2-2021-06"
  dynamic "default_action" {
    for_each = local.before
    content {
      type = "authenticate-oidc"
      authenticate_oidc {
        authorization_endpoint = "https://idp.example.com/a"
        client_id              = "c"
        client_secret          = "not-a-secret"
        issuer                 = "https://idp.example.com"
        token_endpoint         = "https://idp.example.com/t"
        user_info_endpoint     = "https://idp.example.com/u"
      }
    }
  }
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0a"
  }
}

resource "aws_wafv2_web_acl" "api" {
  name  = "api"
  scope = "REGIONAL"
  dynamic "default_action" {
    for_each = [1]
    content {
      dynamic "block" {
        for_each = local.before
        content {}
      }
      dynamic "allow" {
        for_each = local.after
        content {}
      }
    }
  }
  dynamic "rule" {
    for_each = local.before
    content {
      name     = "limit"
      priority = 1
      action {
        block {}
      }
      statement {
        rate_based_statement { limit = 1000 }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "limit"
        sampled_requests_enabled   = true
      }
    }
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "api"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "api" {
  count        = var.later ? 0 : 1
  resource_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/0a"
  web_acl_arn  = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/api/0a"
}

resource "aws_wafv2_ip_set" "offices" {
  name               = "offices"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = var.later ? ["0.0.0.0/1", "128.0.0.0/1"] : ["203.0.113.0/24"]
}

resource "aws_networkfirewall_firewall" "this" {
  name                = "main"
  firewall_policy_arn = "arn:aws:network-firewall:us-east-1:123456789012:firewall-policy/main"
  vpc_id              = local.vpc
  delete_protection   = !var.later
  subnet_mapping { subnet_id = "subnet-0a" }
}

resource "aws_networkfirewall_firewall_policy" "this" {
  name = "main"
  firewall_policy {
    stateless_default_actions          = [var.later ? "aws:pass" : "aws:forward_to_sfe"]
    stateless_fragment_default_actions = ["aws:drop"]
  }
}

resource "aws_route53_resolver_firewall_config" "this" {
  resource_id        = local.vpc
  firewall_fail_open = var.later ? "ENABLED" : "DISABLED"
}

resource "aws_route53_resolver_firewall_rule_group_association" "this" {
  count                  = var.later ? 0 : 1
  name                   = "main"
  firewall_rule_group_id = "rslvr-frg-0a"
  priority               = 200
  vpc_id                 = local.vpc
}

resource "aws_route53_zone" "main" {
  count = var.later ? 0 : 1
  name  = "example.com"
}

resource "aws_route53_hosted_zone_dnssec" "main" {
  hosted_zone_id = "Z000000000000"
  signing_status = var.later ? "NOT_SIGNING" : "SIGNING"
}

resource "aws_route53_record" "api" {
  zone_id = "Z000000000000"
  name    = "api.example.com"
  type    = "CNAME"
  ttl     = 300
  records = [var.later ? "collect.partner.example.com" : "api.internal.example.com"]
}

resource "aws_cloudfront_distribution" "app" {
  enabled    = true
  web_acl_id = var.later ? null : "arn:aws:wafv2:us-east-1:123456789012:global/webacl/app/0a"
  dynamic "logging_config" {
    for_each = local.before
    content { bucket = "acme-logs.s3.amazonaws.com" }
  }
  origin {
    domain_name              = "acme-site.s3.us-east-1.amazonaws.com"
    origin_id                = "site"
    origin_access_control_id = var.later ? null : "E0000000000000"
  }
  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "site"
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    viewer_protocol_policy = var.later ? "allow-all" : "redirect-to-https"
    trusted_key_groups     = var.later ? null : ["0a0a0a0a-0000-0000-0000-000000000000"]
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate {
    acm_certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
    ssl_support_method       = "sni-only"
    minimum_protocol_version = var.later ? "TLSv1" : "TLSv1.2_2021"
  }
}

resource "aws_api_gateway_method" "predict" {
  rest_api_id      = "api0000000"
  resource_id      = "res000"
  http_method      = "POST"
  authorization    = var.later ? "NONE" : "AWS_IAM"
  api_key_required = !var.later
}

resource "aws_apigatewayv2_route" "predict" {
  api_id             = "api0000000"
  route_key          = "POST /predict"
  authorization_type = var.later ? "NONE" : "JWT"
  authorizer_id      = var.later ? null : "auth00"
}

resource "aws_api_gateway_rest_api" "private" {
  name = "private"
  policy = var.later ? jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "*" }] }) : jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "*", Condition = { StringEquals = { "aws:SourceVpce" = "vpce-0a" } } }]
  })
}

resource "aws_api_gateway_domain_name" "api" {
  domain_name              = "api.example.com"
  regional_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  security_policy          = var.later ? "TLS_1_0" : "TLS_1_2"
  endpoint_configuration { types = ["REGIONAL"] }
  dynamic "mutual_tls_authentication" {
    for_each = local.before
    content { truststore_uri = "s3://acme-ca/ca.pem" }
  }
}

resource "aws_appsync_graphql_api" "app" {
  name                 = "app"
  authentication_type  = var.later ? "API_KEY" : "AWS_IAM"
  introspection_config = "ENABLED"
}

resource "aws_lambda_function" "predict" {
  function_name = "predict"
  role          = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/predict"
  package_type  = "Image"
  image_uri     = var.later ? "999999999999.dkr.ecr.us-east-1.amazonaws.com/app:1" : "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
  kms_key_arn   = var.later ? null : local.key
  dynamic "vpc_config" {
    for_each = local.before
    content {
      subnet_ids         = local.subnets
      security_group_ids = ["sg-0a"]
    }
  }
}

resource "aws_lambda_function" "layers" {
  function_name           = "layers"
  role                    = "arn:aws:iam::123456789012:role/predict"
  runtime                 = "python3.12"
  handler                 = "main.handler"
  s3_bucket               = "acme-code"
  s3_key                  = "layers.zip"
  code_signing_config_arn = var.later ? null : "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0a000000000000000"
  layers                  = var.later ? ["arn:aws:lambda:us-east-1:999999999999:layer:extra:1"] : []
  environment { variables = { ENDPOINT = var.later ? "https://collect.partner.example.com" : "https://api.example.com" } }
}

resource "aws_lambda_function_url" "predict" {
  function_name      = "predict"
  authorization_type = var.later ? "NONE" : "AWS_IAM"
}

resource "aws_lambda_code_signing_config" "this" {
  allowed_publishers { signing_profile_version_arns = ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/main/0a0a0a0a0a"] }
  policies { untrusted_artifact_on_deployment = var.later ? "Warn" : "Enforce" }
}

resource "aws_ecr_repository" "trainer" {
  name                 = "trainer"
  image_tag_mutability = var.later ? "MUTABLE" : "IMMUTABLE"
  force_delete         = var.later
  image_scanning_configuration { scan_on_push = !var.later }
}

resource "aws_ecr_lifecycle_policy" "trainer" {
  repository = "trainer"
  policy     = jsonencode({ rules = [{ rulePriority = 1, selection = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.later ? 1 : 500 }, action = { type = "expire" } }] })
}

resource "aws_ecr_registry_scanning_configuration" "this" {
  scan_type = var.later ? "BASIC" : "ENHANCED"
  dynamic "rule" {
    for_each = local.before
    content {
      scan_frequency = "CONTINUOUS_SCAN"
      repository_filter {
        filter      = "*"
        filter_type = "WILDCARD"
      }
    }
  }
}

resource "aws_ecs_service" "app" {
  name                   = "app"
  cluster                = "main"
  task_definition        = "app:1"
  enable_execute_command = var.later
  launch_type            = "FARGATE"
  network_configuration {
    subnets          = local.subnets
    assign_public_ip = var.later
  }
}

resource "aws_ecs_task_definition" "app" {
  family        = "app"
  task_role_arn = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/app"
  container_definitions = jsonencode([{
    name                   = "app"
    image                  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
    memory                 = 512
    privileged             = var.later
    readonlyRootFilesystem = !var.later
    user                   = var.later ? "root" : "1000"
  }])
}

resource "aws_batch_job_definition" "train" {
  name = "train"
  type = "container"
  container_properties = jsonencode({
    image                = "123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1"
    privileged           = var.later
    jobRoleArn           = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/train"
    resourceRequirements = [{ type = "VCPU", value = "1" }, { type = "MEMORY", value = "2048" }]
  })
}

resource "aws_codebuild_project" "app" {
  name               = "app"
  service_role       = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/build"
  project_visibility = var.later ? "PUBLIC_READ" : "PRIVATE"
  artifacts {
    type                = "S3"
    location            = "acme-artifacts"
    encryption_disabled = var.later
  }
  environment {
    compute_type    = "BUILD_GENERAL1_SMALL"
    image           = "aws/codebuild/standard:7.0"
    type            = "LINUX_CONTAINER"
    privileged_mode = var.later
  }
  source {
    type         = "GITHUB"
    location     = var.later ? "https://github.com/mallory/app.git" : "https://github.com/acme/app.git"
    insecure_ssl = var.later
  }
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
    for_each = local.before
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

resource "aws_sqs_queue" "jobs" {
  name              = "jobs"
  kms_master_key_id = var.later ? null : "alias/aws/sqs"
  redrive_policy    = var.later ? null : jsonencode({ deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:dead", maxReceiveCount = 5 })
}

resource "aws_sns_topic" "alerts" {
  name              = "alerts"
  kms_master_key_id = var.later ? null : "alias/aws/sns"
}

resource "aws_transfer_server" "files" {
  endpoint_type        = "PUBLIC"
  protocols            = ["SFTP"]
  security_policy_name = var.later ? "TransferSecurityPolicy-2018-11" : "TransferSecurityPolicy-2024-01"
  logging_role         = var.later ? null : "arn:aws:iam::123456789012:role/transfer"
}

resource "aws_emr_cluster" "spark" {
  name                   = "spark"
  release_label          = "emr-7.1.0"
  service_role           = "arn:aws:iam::123456789012:role/emr"
  termination_protection = !var.later
  security_configuration = var.later ? null : "encrypted"
  log_uri                = "s3://acme-logs/"
  master_instance_group { instance_type = "m5.xlarge" }
  ec2_attributes {
    subnet_id        = "subnet-0a"
    instance_profile = "emr"
  }
}

resource "aws_glue_job" "etl" {
  name                   = "etl"
  role_arn               = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/glue"
  security_configuration = var.later ? null : "encrypted"
  command { script_location = var.later ? "s3://partner-scripts/etl.py" : "s3://acme-scripts/etl.py" }
}

resource "aws_sagemaker_domain" "studio" {
  domain_name             = "studio"
  auth_mode               = "IAM"
  vpc_id                  = local.vpc
  subnet_ids              = local.subnets
  app_network_access_type = var.later ? "PublicInternetOnly" : "VpcOnly"
  default_user_settings {
    execution_role = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/studio"
    jupyter_lab_app_settings {
      app_lifecycle_management {
        idle_settings {
          lifecycle_management    = var.later ? "DISABLED" : "ENABLED"
          idle_timeout_in_minutes = 60
        }
      }
    }
  }
  retention_policy { home_efs_file_system = var.later ? "Delete" : "Retain" }
}

resource "aws_sagemaker_model" "ranker" {
  name                     = "ranker"
  execution_role_arn       = "arn:aws:iam::123456789012:role/model"
  enable_network_isolation = !var.later
  primary_container {
    image          = var.later ? "docker.io/other/serve:latest" : "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"
    model_data_url = var.later ? "s3://partner-models/model.tar.gz" : "s3://acme-models/model.tar.gz"
  }
}

resource "aws_sagemaker_notebook_instance" "ana" {
  name                   = "ana"
  role_arn               = "arn:aws:iam::123456789012:role/notebook"
  instance_type          = "ml.t3.medium"
  subnet_id              = "subnet-0a"
  security_groups        = ["sg-0a"]
  direct_internet_access = var.later ? "Enabled" : "Disabled"
  root_access            = var.later ? "Enabled" : "Disabled"
}

resource "aws_sagemaker_endpoint" "ranker" {
  name                 = "ranker"
  endpoint_config_name = var.later ? "ranker-2" : "ranker-1"
  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "ALL_AT_ONCE"
        wait_interval_in_seconds = 60
      }
    }
    dynamic "auto_rollback_configuration" {
      for_each = local.before
      content {
        alarms { alarm_name = "ranker-errors" }
      }
    }
  }
}

resource "aws_sagemaker_user_profile" "ana" {
  domain_id         = "d-0a"
  user_profile_name = "ana"
  user_settings { execution_role = var.later ? "arn:aws:iam::123456789012:role/admin" : "arn:aws:iam::123456789012:role/studio" }
}

resource "aws_sagemaker_feature_group" "users" {
  count                          = var.later ? 0 : 1
  feature_group_name             = "users"
  record_identifier_feature_name = "id"
  event_time_feature_name        = "at"
  role_arn                       = "arn:aws:iam::123456789012:role/features"
  feature_definition {
    feature_name = "id"
    feature_type = "String"
  }
  feature_definition {
    feature_name = "at"
    feature_type = "String"
  }
  online_store_config { enable_online_store = true }
}

resource "aws_appautoscaling_target" "ranker" {
  max_capacity       = var.later ? 1 : 20
  min_capacity       = var.later ? 0 : 2
  resource_id        = "endpoint/ranker/variant/main"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  service_namespace  = "sagemaker"
}

resource "aws_lakeformation_data_lake_settings" "this" {
  admins = var.later ? ["arn:aws:iam::123456789012:user/mallory"] : ["arn:aws:iam::123456789012:role/lake-admin"]
  dynamic "create_database_default_permissions" {
    for_each = local.after
    content {
      permissions = ["ALL"]
      principal   = "IAM_ALLOWED_PRINCIPALS"
    }
  }
}

resource "aws_lakeformation_data_cells_filter" "pii" {
  count = var.later ? 0 : 1
  table_data {
    database_name    = "lake"
    name             = "no-pii"
    table_catalog_id = "123456789012"
    table_name       = "users"
    column_names     = ["id"]
    row_filter { filter_expression = "country = 'DE'" }
  }
}

resource "aws_autoscaling_group" "web" {
  name               = "web"
  min_size           = var.later ? 0 : 2
  max_size           = var.later ? 0 : 4
  availability_zones = ["us-east-1a"]
  launch_template {
    id      = "lt-0a"
    version = "1"
  }
}

resource "aws_eks_addon" "guard" {
  count        = var.later ? 0 : 1
  cluster_name = "ml"
  addon_name   = "aws-guardduty-agent"
}

resource "aws_ram_resource_share" "models" {
  name                      = "models"
  allow_external_principals = var.later
}

resource "aws_workspaces_workspace" "ana" {
  bundle_id                      = "wsb-0a"
  directory_id                   = "d-0a"
  user_name                      = "ana"
  root_volume_encryption_enabled = !var.later
  user_volume_encryption_enabled = !var.later
  volume_encryption_key          = "alias/aws/workspaces"
}

resource "aws_workspaces_ip_group" "offices" {
  name = "offices"
  rules { source = var.later ? "0.0.0.0/0" : "203.0.113.0/24" }
}

resource "aws_ec2_client_vpn_endpoint" "staff" {
  client_cidr_block      = "10.200.0.0/22"
  server_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  split_tunnel           = true
  authentication_options {
    type                       = "certificate-authentication"
    root_certificate_chain_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a"
  }
  connection_log_options {
    enabled              = !var.later
    cloudwatch_log_group = var.later ? null : "vpn"
  }
}

resource "aws_imagebuilder_image_pipeline" "base" {
  name                             = "base"
  infrastructure_configuration_arn = "arn:aws:imagebuilder:us-east-1:123456789012:infrastructure-configuration/base"
  image_recipe_arn                 = "arn:aws:imagebuilder:us-east-1:123456789012:image-recipe/base/1.0.0"
  image_scanning_configuration { image_scanning_enabled = !var.later }
}

resource "aws_ssm_maintenance_window" "patches" {
  name     = "patches"
  schedule = "cron(0 3 ? * SUN *)"
  duration = 3
  cutoff   = 1
  enabled  = !var.later
}

resource "aws_ssm_patch_group" "nodes" {
  count       = var.later ? 0 : 1
  baseline_id = "pb-0a00000000000000a"
  patch_group = "nodes"
}

resource "aws_schemas_registry_policy" "world" {
  count         = var.later ? 1 : 0
  registry_name = "main"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "r", Effect = "Allow", Principal = { AWS = "*" }, Action = ["schemas:*"], Resource = ["*"] }]
  })
}
