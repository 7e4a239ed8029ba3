variable "changed" {
  type = bool
}

# import aws_batch_job_definition.train ignores deregister_on_new_revision
# import aws_batch_job_queue.training ignores compute_environment_order, compute_environments

locals {
  team = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_vpc" "network" {
  cidr_block = "10.60.0.0/16"
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "10.60.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "nodes" {
  name   = "conformance-batch"
  vpc_id = aws_vpc.network.id
}

resource "aws_iam_role" "batch" {
  name = "conformance-batch"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "batch.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role" "instance" {
  name = "conformance-batch-instance"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_instance_profile" "instance" {
  name = "conformance-batch-instance"
  role = aws_iam_role.instance.name
}

resource "aws_launch_template" "nodes" {
  name = "conformance-batch"
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = var.changed ? 200 : 100
      volume_type = "gp3"
    }
  }
  tags = local.team
}

resource "aws_batch_compute_environment" "gpu" {
  compute_environment_name = "conformance-gpu"
  type                     = "MANAGED"
  state                    = "ENABLED"
  service_role             = aws_iam_role.batch.arn
  compute_resources {
    type                = "EC2"
    allocation_strategy = "BEST_FIT_PROGRESSIVE"
    instance_role       = aws_iam_instance_profile.instance.arn
    instance_type       = ["g5"]
    min_vcpus           = 0
    max_vcpus           = var.changed ? 64 : 32
    subnets             = [aws_subnet.private.id]
    security_group_ids  = [aws_security_group.nodes.id]
    launch_template {
      launch_template_id = aws_launch_template.nodes.id
      version            = "$Latest"
    }
  }
  tags = local.team
}

resource "aws_batch_scheduling_policy" "fair" {
  name = "conformance-fair"
  fair_share_policy {
    compute_reservation = 1
    share_decay_seconds = var.changed ? 7200 : 3600
    share_distribution {
      share_identifier = "team*"
      weight_factor    = 0.5
    }
  }
  tags = local.team
}

resource "aws_batch_job_queue" "training" {
  name     = "conformance-training"
  state    = "ENABLED"
  priority = var.changed ? 20 : 10
  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.gpu.arn
  }
  tags = local.team
}

resource "aws_batch_job_definition" "train" {
  name                  = "conformance-train"
  type                  = "container"
  platform_capabilities = ["EC2"]
  container_properties = jsonencode({
    image   = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
    command = ["python", "train.py"]
    resourceRequirements = [
      { type = "VCPU", value = "4" },
      { type = "MEMORY", value = "16384" },
      { type = "GPU", value = "1" },
    ]
  })
  retry_strategy {
    attempts = var.changed ? 3 : 2
  }
  timeout {
    attempt_duration_seconds = 3600
  }
  tags = local.team
}
