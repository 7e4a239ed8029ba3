variable "changed" {
  type = bool
}

# import aws_eip.nat ignores network_border_group
# import aws_route.private: {aws_route_table.private.id}_0.0.0.0/0
# import aws_route_table_association.private: {aws_subnet.private.id}/{aws_route_table.private.id}
# import aws_security_group.nodes ignores revoke_rules_on_delete
# import aws_security_group.endpoints ignores revoke_rules_on_delete

locals {
  team = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_vpc" "network" {
  cidr_block           = "10.50.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = local.team
}

resource "aws_internet_gateway" "network" {
  vpc_id = aws_vpc.network.id
  tags   = local.team
}

resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.network.id
  cidr_block              = "10.50.0.0/24"
  availability_zone       = "us-east-1a"
  map_public_ip_on_launch = var.changed
  tags                    = local.team
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "10.50.1.0/24"
  availability_zone = "us-east-1a"
  tags              = local.team
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  tags       = local.team
  depends_on = [aws_internet_gateway.network]
}

resource "aws_nat_gateway" "network" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  tags          = local.team
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.network.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.network.id
  }
  tags = local.team
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.network.id
  tags   = local.team
}

resource "aws_route" "private" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.network.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_default_security_group" "network" {
  vpc_id = aws_vpc.network.id
  tags   = local.team
}

resource "aws_security_group" "nodes" {
  name        = "conformance-nodes"
  description = "Nodes"
  vpc_id      = aws_vpc.network.id
  tags        = local.team
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.nodes.id
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
  description                  = var.changed ? "Everything from nodes" : "Nodes"
  tags                         = local.team
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.nodes.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = var.changed ? "HTTPS" : "Packages"
  tags              = local.team
}

resource "aws_security_group" "endpoints" {
  name   = "conformance-endpoints"
  vpc_id = aws_vpc.network.id
  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = var.changed ? ["10.50.0.0/16", "10.51.0.0/16"] : ["10.50.0.0/16"]
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.network.id
  service_name      = "com.amazonaws.us-east-1.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  tags              = local.team
}

resource "aws_vpc_endpoint" "ecr" {
  vpc_id              = aws_vpc.network.id
  service_name        = "com.amazonaws.us-east-1.ecr.dkr"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.private.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  tags                = local.team
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/conformance/flow"
  retention_in_days = 30
}

resource "aws_iam_role" "flow" {
  name = "conformance-flow"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_flow_log" "network" {
  vpc_id          = aws_vpc.network.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = aws_iam_role.flow.arn
  tags            = local.team
}
