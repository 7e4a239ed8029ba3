variable "changed" {
  type = bool
}

resource "aws_vpc" "network" {
  cidr_block = "10.0.0.0/16"
  tags       = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_subnet" "nodes" {
  for_each          = { a = "10.0.0.0/24", b = "10.0.1.0/24" }
  vpc_id            = aws_vpc.network.id
  cidr_block        = each.value
  availability_zone = "us-east-1${each.key}"
  tags              = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "eks" {
  for_each = toset(["eks", "ec2"])
  name     = "conformance-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${each.key}.amazonaws.com" } }]
  })
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_eks_cluster" "training" {
  name     = "conformance-training"
  role_arn = aws_iam_role.eks["eks"].arn
  version  = "1.32"

  vpc_config {
    subnet_ids              = [for each in aws_subnet.nodes : each.id]
    endpoint_private_access = true
    endpoint_public_access  = !var.changed
  }

  enabled_cluster_log_types = ["api", "audit"]
  tags                      = { Team = var.changed ? "ml-platform" : "ml" }

  lifecycle {
    # The API does not return it, so the provider would replace an imported cluster.
    ignore_changes = [bootstrap_self_managed_addons]
  }
}

resource "aws_launch_template" "node" {
  name          = "conformance-eks-node"
  instance_type = "g5.xlarge"
  tags          = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_eks_node_group" "gpu" {
  cluster_name    = aws_eks_cluster.training.name
  node_group_name = "gpu"
  node_role_arn   = aws_iam_role.eks["ec2"].arn
  subnet_ids      = [for each in aws_subnet.nodes : each.id]
  ami_type        = "AL2023_x86_64_NVIDIA"
  capacity_type   = "SPOT"
  instance_types  = ["g5.xlarge"]
  disk_size       = 100
  labels          = { accelerator = "a10g" }

  scaling_config {
    min_size     = 0
    max_size     = var.changed ? 3 : 2
    desired_size = 1
  }

  update_config {
    max_unavailable = 1
  }

  taint {
    key    = "nvidia.com/gpu"
    value  = var.changed ? "reserved" : "present"
    effect = "NO_SCHEDULE"
  }

  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_eks_node_group" "templated" {
  cluster_name    = aws_eks_cluster.training.name
  node_group_name = "templated"
  node_role_arn   = aws_iam_role.eks["ec2"].arn
  subnet_ids      = [for each in aws_subnet.nodes : each.id]

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  scaling_config {
    min_size     = 0
    max_size     = 2
    desired_size = 1
  }

  tags = { Team = var.changed ? "ml-platform" : "ml" }
}
