# Databases, buckets, backups and keys.
resource "aws_db_instance" "protection" {
  identifier          = "protection"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "postgres"
  password            = "not-a-secret-1"
  storage_encrypted   = true
  deletion_protection = !var.later
}

resource "aws_db_instance" "backups" {
  identifier              = "backups"
  engine                  = "postgres"
  instance_class          = "db.t3.micro"
  allocated_storage       = 20
  username                = "postgres"
  password                = "not-a-secret-1"
  storage_encrypted       = true
  backup_retention_period = var.later ? 0 : 14
}

resource "aws_db_instance" "last_snapshot" {
  identifier                = "last-snapshot"
  engine                    = "postgres"
  instance_class            = "db.t3.micro"
  allocated_storage         = 20
  username                  = "postgres"
  password                  = "not-a-secret-1"
  storage_encrypted         = true
  skip_final_snapshot       = var.later
  final_snapshot_identifier = "last"
}

resource "aws_db_instance" "plain" {
  identifier        = "plain"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  username          = "postgres"
  password          = "not-a-secret-1"
  storage_encrypted = !var.later
}

resource "aws_db_instance" "public" {
  identifier             = "public"
  engine                 = "postgres"
  instance_class         = "db.t3.micro"
  allocated_storage      = 20
  username               = "postgres"
  password               = "not-a-secret-1"
  storage_encrypted      = true
  publicly_accessible    = var.later
  vpc_security_group_ids = ["sg-0a"]
}

resource "aws_db_instance" "one_zone" {
  identifier        = "one-zone"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  username          = "postgres"
  password          = "not-a-secret-1"
  storage_encrypted = true
  multi_az          = !var.later
}

resource "aws_db_instance" "logs" {
  identifier                          = "logs"
  engine                              = "postgres"
  instance_class                      = "db.t3.micro"
  allocated_storage                   = 20
  username                            = "postgres"
  password                            = "not-a-secret-1"
  storage_encrypted                   = true
  enabled_cloudwatch_logs_exports     = var.later ? null : ["postgresql", "upgrade"]
  iam_database_authentication_enabled = !var.later
}

resource "aws_rds_cluster" "aurora" {
  cluster_identifier      = "aurora"
  engine                  = "aurora-postgresql"
  master_username         = "postgres"
  master_password         = "not-a-secret-1"
  storage_encrypted       = true
  deletion_protection     = !var.later
  backup_retention_period = var.later ? 1 : 35
  backtrack_window        = 0
}

resource "aws_rds_global_cluster" "world" {
  global_cluster_identifier = "world"
  engine                    = "aurora-postgresql"
  deletion_protection       = !var.later
}

resource "aws_db_parameter_group" "tls" {
  name   = "tls"
  family = "postgres16"
  dynamic "parameter" {
    for_each = { "rds.force_ssl" = var.later ? "0" : "1", "log_connections" = var.later ? "0" : "1" }
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_redshift_parameter_group" "tls" {
  name   = "tls"
  family = "redshift-1.0"
  parameter {
    name  = "require_ssl"
    value = var.later ? "false" : "true"
  }
}

resource "aws_docdb_cluster_parameter_group" "tls" {
  name   = "tls"
  family = "docdb5.0"
  parameter {
    name  = "tls"
    value = var.later ? "disabled" : "enabled"
  }
  parameter {
    name  = "audit_logs"
    value = var.later ? "disabled" : "enabled"
  }
}

resource "aws_db_instance_automated_backups_replication" "copy" {
  count                  = var.later ? 0 : 1
  source_db_instance_arn = "arn:aws:rds:us-west-2:123456789012:db:main"
  retention_period       = 14
}

resource "aws_redshift_cluster" "warehouse" {
  cluster_identifier                  = "warehouse"
  node_type                           = "ra3.large"
  number_of_nodes                     = 2
  master_username                     = "admin"
  master_password                     = "Not-a-secret-1"
  encrypted                           = true
  publicly_accessible                 = false
  automated_snapshot_retention_period = var.later ? 0 : 14
  skip_final_snapshot                 = true
}

resource "aws_redshift_cluster" "routing" {
  cluster_identifier   = "routing"
  node_type            = "ra3.large"
  number_of_nodes      = 2
  master_username      = "admin"
  master_password      = "Not-a-secret-1"
  encrypted            = true
  publicly_accessible  = var.later
  enhanced_vpc_routing = !var.later
  skip_final_snapshot  = true
}

resource "aws_redshift_logging" "warehouse" {
  count                = var.later ? 0 : 1
  cluster_identifier   = "warehouse"
  log_destination_type = "cloudwatch"
  log_exports          = ["connectionlog", "userlog"]
}

resource "aws_neptune_cluster" "graph" {
  cluster_identifier                  = "graph"
  storage_encrypted                   = true
  skip_final_snapshot                 = true
  deletion_protection                 = !var.later
  iam_database_authentication_enabled = !var.later
  enable_cloudwatch_logs_exports      = var.later ? [] : ["audit"]
}

resource "aws_docdb_cluster" "documents" {
  cluster_identifier              = "documents"
  master_username                 = "user"
  master_password                 = "not-a-secret-1"
  storage_encrypted               = true
  skip_final_snapshot             = true
  backup_retention_period         = var.later ? 1 : 30
  enabled_cloudwatch_logs_exports = var.later ? [] : ["audit", "profiler"]
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id       = "cache"
  description                = "cache"
  node_type                  = "cache.t3.micro"
  transit_encryption_enabled = true
  transit_encryption_mode    = var.later ? "preferred" : "required"
  at_rest_encryption_enabled = true
  snapshot_retention_limit   = var.later ? 0 : 7
}

resource "aws_elasticache_replication_group" "token" {
  replication_group_id       = "token"
  description                = "token"
  node_type                  = "cache.t3.micro"
  transit_encryption_enabled = true
  at_rest_encryption_enabled = true
  auth_token                 = var.later ? null : "not-a-secret-not-a-secret"
}

resource "aws_memorydb_cluster" "cache" {
  name                     = "cache"
  acl_name                 = var.later ? "open-access" : "application"
  node_type                = "db.t4g.small"
  tls_enabled              = true
  snapshot_retention_limit = var.later ? 0 : 7
}

resource "aws_dynamodb_table" "runs" {
  name                        = "runs"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = !var.later
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = !var.later }
}

resource "aws_dynamodb_table" "expiry" {
  name         = "expiry"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  dynamic "ttl" {
    for_each = local.after
    content {
      enabled        = true
      attribute_name = "created_at"
    }
  }
}

resource "aws_dynamodb_table" "keyed" {
  name         = "keyed"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  dynamic "server_side_encryption" {
    for_each = local.before
    content {
      enabled     = true
      kms_key_arn = local.key
    }
  }
}

resource "aws_dynamodb_kinesis_streaming_destination" "away" {
  count      = var.later ? 1 : 0
  table_name = "runs"
  stream_arn = "arn:aws:kinesis:us-east-1:999999999999:stream/in"
}

resource "aws_kinesis_stream" "clicks" {
  name             = "clicks"
  shard_count      = 1
  retention_period = var.later ? 24 : 168
  encryption_type  = var.later ? "NONE" : "KMS"
  kms_key_id       = var.later ? null : "alias/aws/kinesis"
}

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  name        = "lake"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn    = "arn:aws:iam::123456789012:role/firehose"
    bucket_arn  = var.later ? "arn:aws:s3:::partner-bucket" : "arn:aws:s3:::acme-lake"
    kms_key_arn = var.later ? null : local.key
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = "acme-lake"
  versioning_configuration {
    status     = var.later ? "Suspended" : "Enabled"
    mfa_delete = "Disabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = "acme-lake"
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.later ? "AES256" : "aws:kms"
      kms_master_key_id = var.later ? null : local.key
    }
  }
}

resource "aws_s3_bucket" "inline" {
  bucket        = "acme-inline"
  force_destroy = var.later
  acl           = var.later ? "public-read" : "private"
  versioning { enabled = !var.later }
  dynamic "logging" {
    for_each = local.before
    content { target_bucket = "acme-logs" }
  }
  dynamic "lifecycle_rule" {
    for_each = local.after
    content {
      id      = "all"
      enabled = true
      expiration { days = 1 }
    }
  }
}

resource "aws_s3_bucket_logging" "lake" {
  count         = var.later ? 0 : 1
  bucket        = "acme-lake"
  target_bucket = "acme-logs"
  target_prefix = "lake/"
}

resource "aws_s3_bucket_public_access_block" "lake" {
  for_each                = var.later ? toset([]) : toset(["lake"])
  bucket                  = "acme-${each.key}"
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket = "acme-lake"
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    expiration { days = var.later ? 3 : 3650 }
    noncurrent_version_expiration { noncurrent_days = var.later ? 1 : 365 }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "ledger" {
  bucket = "acme-ledger"
  rule {
    default_retention {
      mode = var.later ? "GOVERNANCE" : "COMPLIANCE"
      days = var.later ? 1 : 365
    }
  }
}

resource "aws_s3_bucket_policy" "tls" {
  bucket = "acme-lake"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{ Sid = "Read", Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:role/reader" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::acme-lake/*" }],
      var.later ? [] : [{ Sid = "Tls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = ["arn:aws:s3:::acme-lake", "arn:aws:s3:::acme-lake/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }],
    )
  })
}

resource "aws_s3_bucket_policy" "vpc_only" {
  bucket = "acme-models"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Sid = "Read", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::acme-models/*" },
      var.later ? {} : { Condition = { StringEquals = { "aws:SourceVpce" = "vpce-0a" } } },
    )]
  })
}

resource "aws_s3_bucket_cors_configuration" "lake" {
  bucket = "acme-lake"
  cors_rule {
    allowed_methods = var.later ? ["GET", "PUT", "DELETE"] : ["GET"]
    allowed_origins = var.later ? ["*"] : ["https://app.example.com"]
  }
}

resource "aws_s3_bucket_replication_configuration" "copy" {
  count  = var.later ? 0 : 1
  bucket = "acme-lake"
  role   = "arn:aws:iam::123456789012:role/replication"
  rule {
    id     = "all"
    status = "Enabled"
    destination { bucket = "arn:aws:s3:::acme-copy" }
  }
}

resource "aws_efs_backup_policy" "home" {
  file_system_id = "fs-0a"
  backup_policy { status = var.later ? "DISABLED" : "ENABLED" }
}

resource "aws_efs_replication_configuration" "home" {
  count                 = var.later ? 0 : 1
  source_file_system_id = "fs-0a"
  destination { region = "us-west-2" }
}

resource "aws_efs_file_system_policy" "tls" {
  count          = var.later ? 0 : 1
  file_system_id = "fs-0a"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Principal = { AWS = "*" }, Action = "*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "false" } } }]
  })
}

resource "aws_efs_access_point" "home" {
  file_system_id = "fs-0a"
  posix_user {
    uid = var.later ? 0 : 1000
    gid = var.later ? 0 : 1000
  }
  root_directory { path = var.later ? "/" : "/home" }
}

resource "aws_backup_vault_lock_configuration" "main" {
  count              = var.later ? 0 : 1
  backup_vault_name  = "main"
  min_retention_days = 30
}

resource "aws_backup_plan" "daily" {
  name = "daily"
  rule {
    rule_name         = "daily"
    target_vault_name = "main"
    schedule          = "cron(0 5 ? * * *)"
    lifecycle { delete_after = var.later ? 1 : 90 }
    dynamic "copy_action" {
      for_each = local.before
      content { destination_vault_arn = "arn:aws:backup:us-west-2:123456789012:backup-vault:copy" }
    }
  }
}

resource "aws_backup_selection" "all" {
  count        = var.later ? 0 : 1
  name         = "all"
  plan_id      = "plan"
  iam_role_arn = "arn:aws:iam::123456789012:role/backup"
  resources    = ["*"]
}

resource "aws_backup_region_settings" "this" {
  resource_type_opt_in_preference = { "RDS" = !var.later, "DynamoDB" = !var.later, "S3" = true }
}

resource "aws_dlm_lifecycle_policy" "volumes" {
  description        = "volumes"
  execution_role_arn = "arn:aws:iam::123456789012:role/dlm"
  state              = var.later ? "DISABLED" : "ENABLED"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Backup = "true" }
    schedule {
      name = "daily"
      create_rule { interval = 24 }
      retain_rule { count = var.later ? 1 : 30 }
    }
  }
}

resource "aws_fsx_lustre_file_system" "scratch" {
  storage_capacity                = 1200
  subnet_ids                      = ["subnet-0a"]
  deployment_type                 = "PERSISTENT_2"
  per_unit_storage_throughput     = 125
  automatic_backup_retention_days = var.later ? 0 : 14
}

resource "aws_kms_key" "data" {
  description             = "data"
  enable_key_rotation     = !var.later
  deletion_window_in_days = var.later ? 7 : 30
}

resource "aws_kms_key" "off" {
  description = "off"
  is_enabled  = !var.later
}

resource "aws_kms_key" "gone" {
  count       = var.later ? 0 : 1
  description = "gone"
}

resource "aws_kms_alias" "data" {
  name          = "alias/data"
  target_key_id = var.later ? "arn:aws:kms:us-east-1:999999999999:key/0b0b0b0b-0000-0000-0000-000000000000" : local.key
}

resource "aws_secretsmanager_secret" "db" {
  name                    = "db"
  kms_key_id              = var.later ? null : local.key
  recovery_window_in_days = var.later ? 0 : 30
}

resource "aws_secretsmanager_secret_rotation" "db" {
  count               = var.later ? 0 : 1
  secret_id           = "db"
  rotation_lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
  rotation_rules { automatically_after_days = 30 }
}

resource "aws_ssm_parameter" "token" {
  name  = "/app/token"
  type  = var.later ? "String" : "SecureString"
  value = "not-a-secret"
}

resource "aws_opensearch_domain" "search" {
  domain_name = "search"
  cluster_config { instance_type = "m6g.large.search" }
  ebs_options {
    ebs_enabled = true
    volume_size = 10
  }
  encrypt_at_rest { enabled = true }
  node_to_node_encryption { enabled = true }
  domain_endpoint_options {
    enforce_https       = !var.later
    tls_security_policy = var.later ? "Policy-Min-TLS-1-0-2019-07" : "Policy-Min-TLS-1-2-2019-07"
  }
  vpc_options { subnet_ids = ["subnet-0a"] }
}

resource "aws_opensearch_domain" "logged" {
  domain_name = "logged"
  cluster_config { instance_type = "m6g.large.search" }
  ebs_options {
    ebs_enabled = true
    volume_size = 10
  }
  dynamic "log_publishing_options" {
    for_each = local.before
    content {
      cloudwatch_log_group_arn = "arn:aws:logs:us-east-1:123456789012:log-group:search"
      log_type                 = "AUDIT_LOGS"
    }
  }
}

resource "aws_timestreamwrite_table" "metrics" {
  database_name = "metrics"
  table_name    = "metrics"
  retention_properties {
    magnetic_store_retention_period_in_days = var.later ? 1 : 3650
    memory_store_retention_period_in_hours  = 24
  }
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
  point_in_time_recovery { status = var.later ? "DISABLED" : "ENABLED" }
}

resource "aws_qldb_ledger" "ledger" {
  name                = "ledger"
  permissions_mode    = var.later ? "ALLOW_ALL" : "STANDARD"
  deletion_protection = !var.later
}

resource "aws_glue_data_catalog_encryption_settings" "this" {
  data_catalog_encryption_settings {
    connection_password_encryption {
      return_connection_password_encrypted = !var.later
      aws_kms_key_id                       = var.later ? null : local.key
    }
    encryption_at_rest {
      catalog_encryption_mode = var.later ? "DISABLED" : "SSE-KMS"
      sse_aws_kms_key_id      = var.later ? null : local.key
    }
  }
}

resource "aws_glue_catalog_table" "events" {
  count         = var.later ? 0 : 1
  name          = "events"
  database_name = "lake"
}

resource "aws_athena_workgroup" "analysts" {
  name = "analysts"
  configuration {
    enforce_workgroup_configuration    = !var.later
    bytes_scanned_cutoff_per_query     = var.later ? null : 1099511627776
    publish_cloudwatch_metrics_enabled = true
    result_configuration {
      output_location = "s3://acme-results/"
      dynamic "encryption_configuration" {
        for_each = local.before
        content {
          encryption_option = "SSE_KMS"
          kms_key_arn       = local.key
        }
      }
    }
  }
}
