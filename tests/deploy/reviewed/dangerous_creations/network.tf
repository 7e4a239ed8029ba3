# Networks and what is reachable through them.
variable "ingress" {
  default = [
    { from_port = 22, to_port = 22, cidr = "0.0.0.0/0" },
    { from_port = 8888, to_port = 8888, cidr = "0.0.0.0/0" },
  ]
}

resource "aws_security_group" "inline" {
  name   = "inline"
  vpc_id = local.vpc
  dynamic "ingress" {
    for_each = var.ingress
    content {
      from_port   = ingress.value.from_port
      to_port     = ingress.value.to_port
      protocol    = "tcp"
      cidr_blocks = [ingress.value.cidr]
    }
  }
}

resource "aws_security_group" "new" {
  name_prefix = "new-"
  vpc_id      = local.vpc
}

resource "aws_security_group_rule" "rdp" {
  type              = "ingress"
  from_port         = 3389
  to_port           = 3389
  protocol          = "tcp"
  ipv6_cidr_blocks  = ["::/0"]
  security_group_id = aws_security_group.new.id
}

resource "aws_security_group_rule" "half" {
  type              = "ingress"
  from_port         = 5432
  to_port           = 5432
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/1", "128.0.0.0/1"]
  security_group_id = aws_security_group.new.id
}

resource "aws_vpc_security_group_ingress_rule" "all" {
  security_group_id = aws_security_group.new.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_default_security_group" "this" {
  vpc_id = local.vpc
  ingress {
    protocol    = -1
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 5
  entry { cidr = "0.0.0.0/0" }
}

resource "aws_network_acl" "open" {
  vpc_id = local.vpc
  ingress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}

resource "aws_network_acl_rule" "open" {
  network_acl_id = "acl-0a"
  rule_number    = 10
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
  from_port      = 22
  to_port        = 22
}

resource "aws_default_network_acl" "open" {
  default_network_acl_id = "acl-0b"
  ingress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}

resource "aws_vpc_peering_connection" "partner" {
  vpc_id        = local.vpc
  peer_vpc_id   = "vpc-0f"
  peer_owner_id = local.partner
}

resource "aws_vpc_peering_connection_accepter" "partner" {
  vpc_peering_connection_id = "pcx-0f"
  auto_accept               = true
}

resource "aws_ec2_transit_gateway_vpc_attachment_accepter" "partner" { transit_gateway_attachment_id = "tgw-attach-0f" }

resource "aws_ec2_transit_gateway" "shared" { auto_accept_shared_attachments = "enable" }

resource "aws_ram_resource_share" "out" {
  name                      = "out"
  allow_external_principals = true
}

resource "aws_ram_principal_association" "partner" {
  principal          = local.partner
  resource_share_arn = aws_ram_resource_share.out.arn
}

resource "aws_vpc_endpoint_service" "open" {
  acceptance_required        = false
  allowed_principals         = ["*"]
  network_load_balancer_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/a/0a"]
}

resource "aws_vpc_endpoint_service_allowed_principal" "partner" {
  vpc_endpoint_service_id = "vpce-svc-0a"
  principal_arn           = local.root
}

resource "aws_ec2_client_vpn_authorization_rule" "all" {
  client_vpn_endpoint_id = "cvpn-endpoint-0a"
  target_network_cidr    = "0.0.0.0/0"
  authorize_all_groups   = true
}

resource "aws_ec2_instance_connect_endpoint" "this" { subnet_id = "subnet-0a" }

resource "aws_vpn_connection" "partner" {
  customer_gateway_id = "cgw-0a"
  type                = "ipsec.1"
  transit_gateway_id  = "tgw-0a"
}

resource "aws_ec2_traffic_mirror_session" "tap" {
  network_interface_id     = "eni-0a"
  session_number           = 1
  traffic_mirror_filter_id = "tmf-0a"
  traffic_mirror_target_id = "tmt-0a"
}

resource "aws_subnet" "public" {
  vpc_id                  = local.vpc
  cidr_block              = "10.0.1.0/24"
  map_public_ip_on_launch = true
}

resource "aws_route" "private" {
  route_table_id         = "rtb-private"
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = "igw-0a"
}

resource "aws_lb" "public" {
  name               = "public"
  load_balancer_type = "application"
  internal           = false
  subnets            = local.subnets
}

resource "aws_lb_listener" "plain" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/0a"
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0a"
  }
}

resource "aws_eks_cluster" "public" {
  name     = "public"
  role_arn = "arn:aws:iam::123456789012:role/eks"
  vpc_config {
    subnet_ids             = local.subnets
    endpoint_public_access = true
  }
}

resource "aws_redshift_cluster" "public" {
  cluster_identifier  = "public"
  node_type           = "ra3.large"
  master_username     = "admin"
  master_password     = "Not-a-secret-1"
  publicly_accessible = true
  encrypted           = false
  skip_final_snapshot = true
}

resource "aws_redshiftserverless_workgroup" "public" {
  namespace_name      = "main"
  workgroup_name      = "public"
  publicly_accessible = true
}

resource "aws_redshift_endpoint_authorization" "partner" {
  account            = local.partner
  cluster_identifier = "main"
}

resource "aws_redshift_data_share_authorization" "partner" {
  consumer_identifier = local.partner
  data_share_arn      = "arn:aws:redshift:us-east-1:123456789012:datashare:0a0a0a0a-0000-0000-0000-000000000000/share"
}

resource "aws_db_instance" "public" {
  identifier          = "public"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "postgres"
  password            = "not-a-secret-1"
  publicly_accessible = true
  skip_final_snapshot = true
}

resource "aws_rds_cluster_instance" "public" {
  count               = 1
  cluster_identifier  = "aurora"
  engine              = "aurora-postgresql"
  instance_class      = "db.r6g.large"
  publicly_accessible = true
}

resource "aws_dms_replication_instance" "public" {
  replication_instance_id    = "public"
  replication_instance_class = "dms.t3.micro"
  publicly_accessible        = true
}

resource "aws_dms_endpoint" "plain" {
  endpoint_id   = "partner"
  endpoint_type = "target"
  engine_name   = "postgres"
  server_name   = "db.partner.example.com"
  port          = 5432
  database_name = "in"
  username      = "u"
  password      = "not-a-secret-1"
  ssl_mode      = "none"
}

resource "aws_msk_cluster" "public" {
  cluster_name           = "public"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2
  broker_node_group_info {
    instance_type   = "kafka.t3.small"
    client_subnets  = local.subnets
    security_groups = ["sg-0a"]
    connectivity_info {
      public_access { type = "SERVICE_PROVIDED_EIPS" }
    }
  }
  client_authentication { unauthenticated = true }
  encryption_info {
    encryption_in_transit { client_broker = "PLAINTEXT" }
  }
}

resource "aws_msk_cluster_policy" "partner" {
  cluster_arn = "arn:aws:kafka:us-east-1:123456789012:cluster/a/0a"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = local.root }, Action = ["kafka:CreateVpcConnection", "kafka-cluster:*"], Resource = "*" }]
  })
}

resource "aws_opensearch_domain" "public" {
  domain_name = "public"
  cluster_config { instance_type = "t3.small.search" }
  ebs_options {
    ebs_enabled = true
    volume_size = 10
  }
  access_policies = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "es:*", Resource = "arn:aws:es:us-east-1:123456789012:domain/public/*" }]
  })
}

resource "aws_elasticsearch_domain" "public" {
  domain_name = "older"
  cluster_config { instance_type = "t3.small.elasticsearch" }
  ebs_options {
    ebs_enabled = true
    volume_size = 10
  }
  access_policies = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "es:ESHttp*", Resource = "*" }]
  })
}

resource "aws_opensearchserverless_security_policy" "public" {
  name   = "public"
  type   = "network"
  policy = jsonencode([{ Rules = [{ ResourceType = "collection", Resource = ["collection/*"] }], AllowFromPublic = true }])
}

resource "aws_opensearchserverless_access_policy" "partner" {
  name = "partner"
  type = "data"
  policy = jsonencode([{
    Rules     = [{ ResourceType = "index", Resource = ["index/*/*"], Permission = ["aoss:*"] }]
    Principal = ["arn:aws:iam::999999999999:role/partner"]
  }])
}

resource "aws_emr_block_public_access_configuration" "off" { block_public_security_group_rules = false }

resource "aws_transfer_server" "public" {
  endpoint_type          = "PUBLIC"
  protocols              = ["SFTP"]
  identity_provider_type = "SERVICE_MANAGED"
}

resource "aws_transfer_user" "partner" {
  server_id      = "s-00000000000000000"
  user_name      = "partner"
  role           = "arn:aws:iam::123456789012:role/transfer"
  home_directory = "/acme-lake"
}

resource "aws_lightsail_instance_public_ports" "ssh" {
  instance_name = "box"
  port_info {
    protocol  = "tcp"
    from_port = 22
    to_port   = 22
    cidrs     = ["0.0.0.0/0"]
  }
}

resource "aws_mq_broker" "public" {
  broker_name         = "public"
  engine_type         = "RabbitMQ"
  engine_version      = "3.13"
  host_instance_type  = "mq.t3.micro"
  publicly_accessible = true
  user {
    username = "user"
    password = "not-a-secret-12"
  }
}

resource "aws_mwaa_environment" "public" {
  name                  = "public"
  dag_s3_path           = "dags/"
  execution_role_arn    = "arn:aws:iam::123456789012:role/mwaa"
  source_bucket_arn     = "arn:aws:s3:::acme-dags"
  webserver_access_mode = "PUBLIC_ONLY"
  network_configuration {
    security_group_ids = ["sg-0a"]
    subnet_ids         = local.subnets
  }
}

resource "aws_apprunner_service" "public" {
  service_name = "public"
  source_configuration {
    image_repository {
      image_identifier      = "public.ecr.aws/other/app:latest"
      image_repository_type = "ECR_PUBLIC"
    }
  }
}

resource "aws_workspaces_ip_group" "all" {
  name = "all"
  rules { source = "0.0.0.0/0" }
}

resource "aws_instance" "public" {
  ami                         = "ami-0a"
  instance_type               = "t3.micro"
  associate_public_ip_address = true
  metadata_options {
    http_tokens   = "optional"
    http_endpoint = "enabled"
  }
}

resource "aws_launch_template" "imds" {
  name = "imds"
  metadata_options { http_tokens = "optional" }
  network_interfaces { associate_public_ip_address = true }
}

resource "aws_ec2_instance_metadata_defaults" "weak" {
  http_tokens                 = "optional"
  http_put_response_hop_limit = 2
}

resource "aws_vpc_block_public_access_exclusion" "all" {
  vpc_id                          = local.vpc
  internet_gateway_exclusion_mode = "allow-bidirectional"
}

resource "aws_route53_vpc_association_authorization" "partner" {
  vpc_id  = "vpc-0f"
  zone_id = "Z000000000000"
}

resource "aws_vpclattice_service" "open" {
  name      = "open"
  auth_type = "NONE"
}

resource "aws_vpclattice_auth_policy" "open" {
  resource_identifier = "arn:aws:vpc-lattice:us-east-1:123456789012:service/svc-0a000000000000000"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }]
  })
}

resource "aws_elasticache_replication_group" "plain" {
  replication_group_id       = "plain"
  description                = "plain"
  node_type                  = "cache.t3.micro"
  transit_encryption_enabled = false
  at_rest_encryption_enabled = false
}

resource "aws_memorydb_cluster" "open" {
  name        = "open"
  acl_name    = "open-access"
  node_type   = "db.t4g.small"
  tls_enabled = false
}

resource "aws_docdb_cluster" "plain" {
  cluster_identifier  = "plain"
  master_username     = "u"
  master_password     = "not-a-secret-1"
  storage_encrypted   = false
  skip_final_snapshot = true
}

resource "aws_neptune_cluster" "plain" {
  cluster_identifier  = "plain"
  storage_encrypted   = false
  skip_final_snapshot = true
}

resource "aws_dax_cluster" "plain" {
  cluster_name       = "plain"
  iam_role_arn       = "arn:aws:iam::123456789012:role/dax"
  node_type          = "dax.t3.small"
  replication_factor = 1
}
