# Costs.
resource "aws_instance" "gpus" {
  count         = 4
  ami           = "ami-0a"
  instance_type = "p5.48xlarge"
}

resource "aws_ec2_capacity_reservation" "gpus" {
  instance_type     = "p4d.24xlarge"
  instance_platform = "Linux/UNIX"
  availability_zone = "us-east-1a"
  instance_count    = 8
}

resource "aws_ec2_host" "dedicated" {
  instance_type     = "p3dn.24xlarge"
  availability_zone = "us-east-1a"
}

resource "aws_ec2_fleet" "gpus" {
  type = "maintain"
  launch_template_config {
    launch_template_specification {
      launch_template_id = "lt-0a"
      version            = "1"
    }
    override { instance_type = "p5.48xlarge" }
  }
  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 20
  }
}

resource "aws_spot_fleet_request" "gpus" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 50
  launch_specification {
    ami           = "ami-0a"
    instance_type = "p4d.24xlarge"
  }
}

resource "aws_eks_node_group" "gpus" {
  cluster_name    = "ml"
  node_group_name = "gpus"
  node_role_arn   = "arn:aws:iam::123456789012:role/nodes"
  subnet_ids      = local.subnets
  instance_types  = ["p4d.24xlarge"]
  scaling_config {
    desired_size = 8
    max_size     = 16
    min_size     = 8
  }
}

resource "aws_batch_compute_environment" "gpus" {
  compute_environment_name = "gpus"
  type                     = "MANAGED"
  compute_resources {
    type               = "EC2"
    instance_type      = ["p5.48xlarge"]
    min_vcpus          = 768
    max_vcpus          = 7680
    subnets            = local.subnets
    security_group_ids = ["sg-0a"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
  }
}

resource "aws_sagemaker_endpoint_configuration" "gpus" {
  name = "gpus"
  production_variants {
    variant_name           = "main"
    model_name             = "llm"
    initial_instance_count = 10
    instance_type          = "ml.p5.48xlarge"
  }
}

resource "aws_sagemaker_notebook_instance" "gpus" {
  name                   = "gpus"
  role_arn               = "arn:aws:iam::123456789012:role/notebook"
  instance_type          = "ml.p4d.24xlarge"
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  subnet_id              = "subnet-0a"
  security_groups        = ["sg-0a"]
}

resource "aws_redshift_cluster" "large" {
  cluster_identifier   = "large"
  node_type            = "ra3.16xlarge"
  number_of_nodes      = 16
  master_username      = "admin"
  master_password      = "Not-a-secret-1"
  encrypted            = true
  publicly_accessible  = false
  enhanced_vpc_routing = true
}

resource "aws_redshiftserverless_workgroup" "large" {
  namespace_name = "main"
  workgroup_name = "large"
  base_capacity  = 512
}

resource "aws_opensearch_domain" "large" {
  domain_name = "large"
  cluster_config {
    instance_type  = "r6g.12xlarge.search"
    instance_count = 20
  }
  ebs_options {
    ebs_enabled = true
    volume_size = 1000
  }
  encrypt_at_rest { enabled = true }
  node_to_node_encryption { enabled = true }
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-2019-07"
  }
  vpc_options { subnet_ids = ["subnet-0a"] }
}

resource "aws_emr_cluster" "large" {
  name          = "large"
  release_label = "emr-7.1.0"
  service_role  = "arn:aws:iam::123456789012:role/emr"
  master_instance_group { instance_type = "r5.24xlarge" }
  core_instance_group {
    instance_type  = "r5.24xlarge"
    instance_count = 50
  }
  ec2_attributes {
    subnet_id        = "subnet-0a"
    instance_profile = "emr"
  }
}

resource "aws_msk_cluster" "large" {
  cluster_name           = "large"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 12
  broker_node_group_info {
    instance_type   = "kafka.m5.24xlarge"
    client_subnets  = local.subnets
    security_groups = ["sg-0a"]
  }
}

resource "aws_db_instance" "large" {
  identifier              = "large"
  engine                  = "postgres"
  instance_class          = "db.r6i.32xlarge"
  multi_az                = true
  allocated_storage       = 20000
  storage_type            = "io2"
  iops                    = 200000
  username                = "postgres"
  password                = "not-a-secret-1"
  storage_encrypted       = true
  deletion_protection     = true
  backup_retention_period = 7
}

resource "aws_ebs_volume" "fast" {
  count             = 4
  availability_zone = "us-east-1a"
  type              = "io2"
  size              = 16000
  iops              = 64000
  encrypted         = true
}

resource "aws_nat_gateway" "each" {
  count         = 12
  subnet_id     = "subnet-0a"
  allocation_id = "eipalloc-0a"
}

resource "aws_fsx_lustre_file_system" "large" {
  storage_capacity            = 120000
  subnet_ids                  = ["subnet-0a"]
  deployment_type             = "PERSISTENT_2"
  per_unit_storage_throughput = 1000
}

resource "aws_elasticache_replication_group" "large" {
  replication_group_id       = "large"
  description                = "large"
  node_type                  = "cache.r7g.16xlarge"
  num_node_groups            = 10
  replicas_per_node_group    = 2
  automatic_failover_enabled = true
  transit_encryption_enabled = true
  at_rest_encryption_enabled = true
}

resource "aws_kinesis_stream" "shards" {
  name            = "shards"
  shard_count     = 2000
  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"
}

resource "aws_dynamodb_table" "provisioned" {
  name           = "provisioned"
  billing_mode   = "PROVISIONED"
  read_capacity  = 40000
  write_capacity = 40000
  hash_key       = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_shield_subscription" "this" { auto_renew = "ENABLED" }

resource "aws_bedrock_provisioned_model_throughput" "this" {
  provisioned_model_name = "m"
  model_arn              = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2"
  commitment_duration    = "SixMonths"
  model_units            = 10
}

resource "aws_lambda_provisioned_concurrency_config" "many" {
  function_name                     = "predict"
  provisioned_concurrent_executions = 2000
  qualifier                         = "1"
}

resource "aws_kendra_index" "enterprise" {
  name     = "docs"
  edition  = "ENTERPRISE_EDITION"
  role_arn = "arn:aws:iam::123456789012:role/kendra"
}

resource "aws_acmpca_certificate_authority" "ca" {
  type = "ROOT"
  certificate_authority_configuration {
    key_algorithm     = "RSA_4096"
    signing_algorithm = "SHA512WITHRSA"
    subject { common_name = "example.com" }
  }
}

resource "aws_ec2_capacity_block_reservation" "gpus" {
  capacity_block_offering_id = "cb-0123456789abcdef0"
  instance_platform          = "Linux/UNIX"
}

resource "aws_rds_reserved_instance" "three_years" {
  offering_id    = "649fd0c8-0000-0000-0000-000000000000"
  instance_count = 20
}
