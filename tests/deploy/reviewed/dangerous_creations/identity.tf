# IAM, single sign-on and organizations.
data "aws_iam_policy_document" "partner" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }
}

resource "aws_iam_role" "partner" {
  name_prefix        = "partner-"
  assume_role_policy = data.aws_iam_policy_document.partner.json
}

resource "aws_iam_role" "world" {
  name = "world"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}

resource "aws_iam_role" "github" {
  name = "github"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:*" } }
    }]
  })
}

resource "aws_iam_role" "inline" {
  name = "inline"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  inline_policy {
    name   = "all"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
  }
}

resource "aws_iam_role" "managed" {
  name = "managed"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
}

resource "aws_iam_policy_attachment" "admins" {
  name       = "admins"
  roles      = ["ci", "lambda"]
  users      = ["mallory"]
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_user_policy" "robot" {
  name = "run"
  user = "robot"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], Resource = "*" }]
  })
}

resource "aws_iam_user_login_profile" "mallory" { user = "mallory" }

resource "aws_iam_access_key" "robot" { user = "robot" }

resource "aws_iam_service_specific_credential" "robot" {
  service_name = "codecommit.amazonaws.com"
  user_name    = "robot"
}

resource "aws_iam_user_ssh_key" "robot" {
  username   = "robot"
  encoding   = "SSH"
  public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQD3F6tyPEFEzV0LX3X8BsXdMsQz1x2cEikKDEY0aIj41qgxMCP/iteneqXSIFZBp5vizPvaoIR3Um9xK7PGoW8giupGn+EPuxIA4cDM4vzOqOkiMPhz5XK0whEjkVzTo4+S0puvDZuwIsdiW9mxhJc7tgBNL0cYlWSYVkz4G/fslNfRPW5mYAM49f4fhtxPb5ok4Q2Lg9dPKVHO/Bgeu5woMc7RY0p1ej6D4CKFE6lymSDJpW0YHX/wqE9+cfEauh7xZcG0q9t2ta6F6fmX0agvpFyZo8aFbXeUBr7osSCJNgvavWbM/06niWrOvYX2xwWdhXmXSrbX8ZbabVohBK41 mallory"
}

resource "aws_iam_saml_provider" "idp" {
  name                   = "idp"
  saml_metadata_document = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">${join("", [for i in range(100) : "0123456789"])}</EntityDescriptor>"
}

resource "aws_iam_openid_connect_provider" "any" {
  url             = "https://idp.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}

resource "aws_iam_account_password_policy" "weak" {
  minimum_password_length = 6
  require_numbers         = false
  require_symbols         = false
}

resource "aws_iam_policy" "not_iam" {
  name = "developers"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = ["iam:*", "organizations:*"], Resource = "*" }]
  })
}

resource "aws_iam_group_policy_attachment" "power" {
  for_each   = toset(["arn:aws:iam::aws:policy/PowerUserAccess"])
  group      = "developers"
  policy_arn = each.value
}

resource "aws_iam_user_policy_attachment" "robot" {
  user       = "robot"
  policy_arn = "arn:aws:iam::aws:policy/IAMFullAccess"
}

resource "aws_iam_role_policy" "assume" {
  name = "assume"
  role = "ci"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = "*" }]
  })
}

resource "aws_iam_group_policy" "own" {
  group = "developers"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iam:CreatePolicyVersion", "iam:AttachUserPolicy"], Resource = "*" }]
  })
}

resource "aws_rolesanywhere_trust_anchor" "this" {
  name    = "anchor"
  enabled = true
  source {
    source_type = "CERTIFICATE_BUNDLE"
    source_data { x509_certificate_data = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----" }
  }
}

resource "aws_ssoadmin_account_assignment" "admin" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
  permission_set_arn = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
  principal_id       = "11111111-1111-1111-1111-111111111111"
  principal_type     = "GROUP"
  target_id          = "123456789012"
  target_type        = "AWS_ACCOUNT"
}

resource "aws_ssoadmin_managed_policy_attachment" "admin" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
  permission_set_arn = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
  managed_policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_ssoadmin_permission_set_inline_policy" "all" {
  instance_arn       = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
  permission_set_arn = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
  inline_policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iam:*", Resource = "*" }] })
}

resource "aws_cognito_identity_pool" "guests" {
  identity_pool_name               = "guests"
  allow_unauthenticated_identities = true
}

resource "aws_cognito_identity_pool_roles_attachment" "guests" {
  identity_pool_id = "us-east-1:0a"
  roles            = { unauthenticated = "arn:aws:iam::123456789012:role/guests" }
}

resource "aws_cognito_user_pool" "weak" {
  name              = "weak"
  mfa_configuration = "OFF"
  password_policy {
    minimum_length    = 6
    require_lowercase = false
    require_numbers   = false
    require_symbols   = false
    require_uppercase = false
  }
}

resource "aws_organizations_delegated_administrator" "other" {
  account_id        = local.partner
  service_principal = "guardduty.amazonaws.com"
}

resource "aws_eks_access_policy_association" "admin" {
  cluster_name  = "ml"
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
  principal_arn = "arn:aws:iam::999999999999:role/partner"
  access_scope { type = "cluster" }
}

resource "aws_eks_access_entry" "masters" {
  cluster_name      = "ml"
  principal_arn     = "arn:aws:iam::123456789012:role/developers"
  kubernetes_groups = ["system:masters"]
}

resource "aws_eks_pod_identity_association" "default" {
  cluster_name    = "ml"
  namespace       = "default"
  service_account = "default"
  role_arn        = "arn:aws:iam::123456789012:role/admin"
}

resource "aws_ssm_activation" "anywhere" {
  name               = "anywhere"
  iam_role           = "ssm"
  registration_limit = 1000
}

resource "aws_ssm_document" "shared" {
  name          = "shared"
  document_type = "Command"
  content       = jsonencode({ schemaVersion = "2.2", description = "x", mainSteps = [] })
  permissions = {
    type        = "Share"
    account_ids = "All"
  }
}

resource "aws_ec2_serial_console_access" "this" { enabled = true }

resource "aws_cloudformation_stack" "iam" {
  name         = "iam"
  template_url = "https://partner-templates.s3.amazonaws.com/admin.yaml"
  capabilities = ["CAPABILITY_NAMED_IAM"]
}

resource "aws_lakeformation_permissions" "partner" {
  principal                     = local.partner
  permissions                   = ["SELECT"]
  permissions_with_grant_option = ["SELECT"]
  table {
    database_name = "lake"
    wildcard      = true
  }
}

resource "aws_lakeformation_data_lake_settings" "open" {
  admins = ["arn:aws:iam::123456789012:user/mallory"]
  create_table_default_permissions {
    permissions = ["ALL"]
    principal   = "IAM_ALLOWED_PRINCIPALS"
  }
}

resource "aws_kms_key" "open" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:*", Resource = "*" }]
  })
  bypass_policy_lockout_safety_check = true
}

resource "aws_kms_grant" "partner" {
  key_id            = local.key
  grantee_principal = "arn:aws:iam::999999999999:role/partner"
  operations        = ["Decrypt", "GenerateDataKey"]
}

resource "aws_kms_key_policy" "partner" {
  key_id = local.key
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = local.root }, Action = ["kms:Decrypt", "kms:CreateGrant"], Resource = "*" },
    ]
  })
}
