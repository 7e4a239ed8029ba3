variable "changed" {
  type = bool
}

# import aws_s3_bucket.data ignores force_destroy
# import aws_fsx_lustre_file_system.persistent ignores skip_final_backup
# import aws_fsx_lustre_file_system.scratch ignores skip_final_backup
# import aws_fsx_data_repository_association.datasets ignores delete_data_in_filesystem

resource "aws_vpc" "network" {
  cidr_block = "10.40.0.0/16"
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "10.40.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "lustre" {
  name   = "conformance-lustre"
  vpc_id = aws_vpc.network.id
}

resource "aws_kms_key" "lustre" {
  description = "Lustre"
}

resource "aws_s3_bucket" "data" {
  bucket        = "conformance-lustre-data"
  force_destroy = true
}

resource "aws_fsx_lustre_file_system" "persistent" {
  storage_capacity            = var.changed ? 4800 : 2400
  subnet_ids                  = [aws_subnet.private.id]
  security_group_ids          = [aws_security_group.lustre.id]
  deployment_type             = "PERSISTENT_2"
  per_unit_storage_throughput = 250
  kms_key_id                  = aws_kms_key.lustre.arn
  data_compression_type       = var.changed ? "LZ4" : "NONE"
  metadata_configuration {
    mode = "AUTOMATIC"
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }

  # No API returns them, so an imported file system would be replaced.
  lifecycle {
    ignore_changes = [security_group_ids]
  }
}

resource "aws_fsx_lustre_file_system" "scratch" {
  storage_capacity              = 1200
  subnet_ids                    = [aws_subnet.private.id]
  deployment_type               = "SCRATCH_2"
  weekly_maintenance_start_time = var.changed ? "2:06:00" : "7:06:00"
}

resource "aws_fsx_data_repository_association" "datasets" {
  file_system_id       = aws_fsx_lustre_file_system.persistent.id
  data_repository_path = "s3://${aws_s3_bucket.data.bucket}/datasets"
  file_system_path     = "/datasets"
  s3 {
    auto_import_policy {
      events = var.changed ? ["NEW", "CHANGED", "DELETED"] : ["NEW"]
    }
    auto_export_policy {
      events = ["NEW", "CHANGED"]
    }
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}
