variable "changed" {
  type = bool
}

resource "aws_placement_group" "cluster" {
  name     = "conformance-cluster"
  strategy = "cluster"
  tags     = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_placement_group" "partition" {
  name            = "conformance-partition"
  strategy        = "partition"
  partition_count = 3
  tags            = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_placement_group" "spread" {
  name         = "conformance-spread"
  strategy     = "spread"
  spread_level = "rack"
  tags         = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ec2_capacity_reservation" "open" {
  instance_type     = "g5.xlarge"
  instance_platform = "Linux/UNIX"
  availability_zone = "us-east-1a"
  instance_count    = var.changed ? 3 : 1
  tags              = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ec2_capacity_reservation" "targeted" {
  instance_type           = "p5.48xlarge"
  instance_platform       = "Linux/UNIX"
  availability_zone       = "us-east-1b"
  instance_count          = 2
  instance_match_criteria = "targeted"
  ebs_optimized           = true
  placement_group_arn     = aws_placement_group.cluster.arn
  end_date_type           = "limited"
  end_date                = var.changed ? "2099-02-01T00:00:00Z" : "2099-01-01T00:00:00Z"
  tags                    = { Team = var.changed ? "ml-platform" : "ml" }
}
