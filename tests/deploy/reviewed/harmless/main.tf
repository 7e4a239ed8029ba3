terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
  default_tags {
    tags = { Team = "a", Project = "a", CostCenter = "a", Environment = "a", Owner = "a", ManagedBy = "terraform" }
  }
}
resource "aws_s3_bucket" "b" { bucket = "lake-x" }
resource "aws_s3_bucket_public_access_block" "p" {
  bucket                  = aws_s3_bucket.b.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "e" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "aws:kms" }
    bucket_key_enabled = true
  }
}
resource "aws_s3_bucket_versioning" "v" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_lifecycle_configuration" "l" {
  bucket = aws_s3_bucket.b.id
  rule {
    id     = "x"
    status = "Enabled"
    filter {}
    expiration { days = 90 }
  }
}
resource "aws_s3_bucket_logging" "l" {
  bucket        = aws_s3_bucket.b.id
  target_bucket = "logs"
  target_prefix = "x/"
}
resource "aws_s3_bucket_policy" "tls" {
  bucket = "lake-x"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::lake-x", "arn:aws:s3:::lake-x/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }] })
}
resource "aws_iam_role" "r" {
  name               = "trainer"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "p" {
  name   = "data"
  role   = aws_iam_role.r.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = ["arn:aws:s3:::lake-x", "arn:aws:s3:::lake-x/*"] }, { Effect = "Allow", Action = ["cloudwatch:PutMetricData", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }] })
}
resource "aws_iam_instance_profile" "p" {
  name = "trainer"
  role = aws_iam_role.r.name
}
resource "aws_iam_role_policy_attachment" "ssm" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}
resource "aws_kms_key" "k" {
  enable_key_rotation = true
  policy              = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::123456789012:root" } }] })
}
resource "aws_kms_alias" "k" {
  name          = "alias/k"
  target_key_id = aws_kms_key.k.id
}
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.0.0/24"
}
resource "aws_internet_gateway" "i" { vpc_id = aws_vpc.v.id }
resource "aws_route_table" "rt" { vpc_id = aws_vpc.v.id }
resource "aws_route" "r" {
  route_table_id         = aws_route_table.rt.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.i.id
}
resource "aws_eip" "nat" { domain = "vpc" }
resource "aws_nat_gateway" "n" {
  subnet_id     = aws_subnet.s.id
  allocation_id = aws_eip.nat.id
}
resource "aws_security_group" "sg" {
  name   = "nodes"
  vpc_id = aws_vpc.v.id
}
resource "aws_vpc_security_group_egress_rule" "e" {
  security_group_id = aws_security_group.sg.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
resource "aws_vpc_security_group_ingress_rule" "i" {
  security_group_id            = aws_security_group.sg.id
  referenced_security_group_id = aws_security_group.sg.id
  ip_protocol                  = "-1"
}
resource "aws_launch_template" "lt" {
  name          = "nodes"
  image_id      = "ami-0123456789abcdef0"
  instance_type = "g4dn.xlarge"
  iam_instance_profile { name = aws_iam_instance_profile.p.name }
  metadata_options {
    http_tokens   = "required"
    http_endpoint = "enabled"
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted   = true
      volume_size = 100
    }
  }
}
resource "aws_autoscaling_group" "asg" {
  name                = "training"
  min_size            = 0
  max_size            = 2
  desired_capacity    = 1
  vpc_zone_identifier = [aws_subnet.s.id]
  launch_template { id = aws_launch_template.lt.id }
}
resource "aws_cloudwatch_log_group" "g" {
  name              = "/training"
  retention_in_days = 30
}
resource "aws_sns_topic" "t" {
  name              = "alerts"
  kms_master_key_id = aws_kms_key.k.id
}
resource "aws_sns_topic_subscription" "e" {
  topic_arn = aws_sns_topic.t.arn
  protocol  = "email"
  endpoint  = "ana@example.com"
}
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "x"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "x"
  namespace           = "x"
  period              = 60
  statistic           = "Sum"
  threshold           = 1
  alarm_actions       = [aws_sns_topic.t.arn]
}
resource "aws_sqs_queue" "q" { name = "q" }
resource "aws_dynamodb_table" "d" {
  name         = "runs"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = true }
  server_side_encryption { enabled = true }
}
resource "aws_ecr_repository" "r" {
  name                 = "ranker"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
}
resource "aws_ecr_lifecycle_policy" "r" {
  repository = aws_ecr_repository.r.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, selection = { tagStatus = "untagged", countType = "imageCountMoreThan", countNumber = 10 }, action = { type = "expire" } }] })
}
resource "aws_efs_file_system" "fs" { encrypted = true }
resource "aws_ebs_volume" "vol" {
  availability_zone = "us-east-1a"
  size              = 10
  encrypted         = true
}
resource "aws_instance" "i" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "m5.large"
  subnet_id     = aws_subnet.s.id
}
resource "aws_lb" "lb" {
  name     = "lb"
  internal = true
  subnets  = ["subnet-1", "subnet-2"]
}
resource "aws_db_instance" "db" {
  identifier                = "db"
  allocated_storage         = 10
  engine                    = "postgres"
  instance_class            = "db.t3.micro"
  username                  = "u"
  password                  = "ppppppppp"
  storage_encrypted         = true
  backup_retention_period   = 7
  final_snapshot_identifier = "last"
}
resource "aws_sagemaker_domain" "dom" {
  domain_name             = "d"
  auth_mode               = "IAM"
  vpc_id                  = "vpc-1"
  subnet_ids              = ["subnet-1"]
  app_network_access_type = "VpcOnly"
  default_user_settings { execution_role = "arn:aws:iam::123456789012:role/x" }
}
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  role_arn               = "arn:aws:iam::123456789012:role/x"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Disabled"
  subnet_id              = "subnet-1"
  security_groups        = ["sg-1"]
}
resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.v.id
  service_name = "com.amazonaws.us-east-1.s3"
}
resource "aws_lambda_permission" "ev" {
  function_name = "f"
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:us-east-1:123456789012:rule/x"
  statement_id  = "x"
}
resource "aws_cloudwatch_event_rule" "r" {
  name                = "nightly"
  schedule_expression = "rate(1 day)"
}
resource "aws_cloudwatch_event_target" "t" {
  rule = aws_cloudwatch_event_rule.r.name
  arn  = "arn:aws:lambda:us-east-1:123456789012:function:f"
}
resource "aws_ssm_parameter" "p" {
  name  = "/mlinfra/x"
  type  = "String"
  value = "x"
}
resource "aws_secretsmanager_secret" "s" { name = "token" }
resource "aws_cloudtrail" "ct" {
  name                       = "trail"
  s3_bucket_name             = "x"
  is_multi_region_trail      = true
  enable_log_file_validation = true
}
resource "aws_budgets_budget" "b" {
  name         = "b"
  budget_type  = "COST"
  limit_amount = "100"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
}
resource "aws_kinesis_stream" "k" {
  name            = "events"
  shard_count     = 1
  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"
}
resource "aws_flow_log" "f" {
  vpc_id               = aws_vpc.v.id
  traffic_type         = "ALL"
  log_destination      = "arn:aws:s3:::x"
  log_destination_type = "s3"
}
resource "aws_glue_catalog_database" "g" { name = "lake" }
resource "aws_athena_workgroup" "w" { name = "w" }
resource "aws_guardduty_detector" "g" { enable = true }
resource "aws_appautoscaling_target" "t" {
  max_capacity       = 4
  min_capacity       = 1
  resource_id        = "endpoint/x/variant/y"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  service_namespace  = "sagemaker"
}
