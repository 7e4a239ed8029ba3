variable "changed" {
  type = bool
}

# import aws_instance.workstation ignores user_data_replace_on_change, launch_template

data "aws_ami" "ubuntu" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *"]
  }
}

resource "aws_vpc" "network" {
  cidr_block = "10.0.0.0/16"
  tags       = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_subnet" "nodes" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "us-east-1a"
  tags              = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_security_group" "nodes" {
  name   = "conformance-nodes"
  vpc_id = aws_vpc.network.id
  tags   = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_placement_group" "cluster" {
  name     = "conformance-efa"
  strategy = "cluster"
  tags     = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "node" {
  name = "conformance-workstation"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_instance_profile" "node" {
  name = "conformance-workstation"
  role = aws_iam_role.node.name
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_launch_template" "workstation" {
  name                   = "conformance-workstation"
  image_id               = data.aws_ami.ubuntu.id
  instance_type          = "g5.xlarge"
  update_default_version = true
  user_data              = base64encode("#!/bin/sh\necho workstation\n")
  ebs_optimized          = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
  }

  block_device_mappings {
    device_name = "/dev/sda1"
    ebs {
      volume_size           = 100
      volume_type           = "gp3"
      iops                  = 4000
      throughput            = 250
      encrypted             = true
      delete_on_termination = true
    }
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
  }

  monitoring {
    enabled = true
  }

  network_interfaces {
    device_index                = 0
    subnet_id                   = aws_subnet.nodes.id
    security_groups             = [aws_security_group.nodes.id]
    associate_public_ip_address = false
    delete_on_termination       = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "workstation" }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "workstation" }
  }

  tags = { Team = var.changed ? "ml-platform" : "ml" }

  lifecycle {
    # No API returns this setting of the provider, so an import cannot read it.
    ignore_changes = [update_default_version]
  }
}

# The provider hashes the hash of a template's user data again at every plan, also with AWS:
# https://github.com/hashicorp/terraform-provider-aws/issues/30825
resource "aws_instance" "workstation" {
  launch_template {
    id      = aws_launch_template.workstation.id
    version = "$Default"
  }

  tags = { Team = var.changed ? "ml-platform" : "ml", Name = "workstation" }

  lifecycle {
    ignore_changes = [user_data]
  }
}

resource "aws_launch_template" "efa" {
  name                   = "conformance-efa"
  image_id               = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
  instance_type          = "p5.48xlarge"
  description            = var.changed ? "EFA nodes, changed" : "EFA nodes"
  update_default_version = true

  placement {
    group_name = aws_placement_group.cluster.name
  }

  instance_market_options {
    market_type = "capacity-block"
  }

  capacity_reservation_specification {
    capacity_reservation_target {
      capacity_reservation_id = "cr-0123456789abcdef0"
    }
  }

  network_interfaces {
    device_index          = 0
    network_card_index    = 0
    interface_type        = "interface"
    security_groups       = [aws_security_group.nodes.id]
    subnet_id             = aws_subnet.nodes.id
    delete_on_termination = true
  }

  dynamic "network_interfaces" {
    for_each = range(0, 32)
    content {
      device_index          = network_interfaces.value == 0 ? 1 : 0
      network_card_index    = network_interfaces.value
      interface_type        = "efa-only"
      security_groups       = [aws_security_group.nodes.id]
      subnet_id             = aws_subnet.nodes.id
      delete_on_termination = true
    }
  }

  tags = { Team = var.changed ? "ml-platform" : "ml" }

  lifecycle {
    ignore_changes = [update_default_version]
  }
}

# The provider treats the default tags of an imported instance's volumes as their own tags.
# import aws_instance.plain ignores root_block_device, user_data_replace_on_change

resource "aws_instance" "plain" {
  ami                    = data.aws_ami.ubuntu.id
  instance_type          = "g5.xlarge"
  subnet_id              = aws_subnet.nodes.id
  vpc_security_group_ids = [aws_security_group.nodes.id]
  placement_group        = aws_placement_group.cluster.name
  monitoring             = var.changed

  root_block_device {
    volume_size = 100
    volume_type = "gp3"
    iops        = 4000
    throughput  = 250
    encrypted   = true
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = var.changed ? 3 : 2
  }

  tags = { Team = var.changed ? "ml-platform" : "ml", Name = "plain" }
}
