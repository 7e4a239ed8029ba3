variable "changed" {
  type = bool
}

locals {
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_vpc" "studio" {
  cidr_block = "10.0.0.0/16"
  tags       = local.tags
}

resource "aws_subnet" "studio" {
  vpc_id     = aws_vpc.studio.id
  cidr_block = "10.0.1.0/24"
  tags       = local.tags
}

resource "aws_security_group" "studio" {
  name   = "conformance-studio"
  vpc_id = aws_vpc.studio.id
  tags   = local.tags
}

resource "aws_kms_key" "studio" {
  description             = var.changed ? "Home directories of people" : "Home directories"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_iam_role" "studio" {
  name = "conformance-studio"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_sagemaker_studio_lifecycle_config" "start" {
  studio_lifecycle_config_name     = "conformance-start"
  studio_lifecycle_config_app_type = "JupyterLab"
  studio_lifecycle_config_content  = base64encode("echo started")
  tags                             = local.tags
}

# import aws_kms_key.studio ignores bypass_policy_lockout_safety_check deletion_window_in_days

resource "aws_sagemaker_domain" "studio" {
  domain_name             = "conformance"
  auth_mode               = "IAM"
  vpc_id                  = aws_vpc.studio.id
  subnet_ids              = [aws_subnet.studio.id]
  app_network_access_type = "VpcOnly"
  kms_key_id              = aws_kms_key.studio.arn

  default_user_settings {
    execution_role      = aws_iam_role.studio.arn
    security_groups     = [aws_security_group.studio.id]
    default_landing_uri = "studio::"
    studio_web_portal   = "ENABLED"

    jupyter_lab_app_settings {
      lifecycle_config_arns = [aws_sagemaker_studio_lifecycle_config.start.arn]

      default_resource_spec {
        instance_type        = "ml.t3.medium"
        lifecycle_config_arn = aws_sagemaker_studio_lifecycle_config.start.arn
      }

      app_lifecycle_management {
        idle_settings {
          lifecycle_management        = "ENABLED"
          idle_timeout_in_minutes     = var.changed ? 120 : 60
          min_idle_timeout_in_minutes = 60
          max_idle_timeout_in_minutes = 240
        }
      }
    }

    code_editor_app_settings {
      app_lifecycle_management {
        idle_settings {
          lifecycle_management        = "ENABLED"
          idle_timeout_in_minutes     = var.changed ? 120 : 60
          min_idle_timeout_in_minutes = 60
          max_idle_timeout_in_minutes = 240
        }
      }
    }

    space_storage_settings {
      default_ebs_storage_settings {
        default_ebs_volume_size_in_gb = 20
        maximum_ebs_volume_size_in_gb = var.changed ? 200 : 100
      }
    }
  }

  default_space_settings {
    execution_role = aws_iam_role.studio.arn
  }

  domain_settings {
    execution_role_identity_config = "USER_PROFILE_NAME"

    docker_settings {
      enable_docker_access = var.changed ? "ENABLED" : "DISABLED"
    }
  }

  retention_policy {
    home_efs_file_system = "Delete"
  }

  tags = local.tags

  lifecycle {
    # No API returns it, so the provider would replace an imported domain.
    ignore_changes = [retention_policy]
  }
}

resource "aws_sagemaker_user_profile" "ana" {
  domain_id         = aws_sagemaker_domain.studio.id
  user_profile_name = "ana"

  user_settings {
    execution_role  = aws_iam_role.studio.arn
    security_groups = [aws_security_group.studio.id]

    jupyter_lab_app_settings {
      app_lifecycle_management {
        idle_settings {
          lifecycle_management        = "ENABLED"
          idle_timeout_in_minutes     = var.changed ? 480 : 60
          min_idle_timeout_in_minutes = 60
          max_idle_timeout_in_minutes = 480
        }
      }
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_space" "shared" {
  domain_id          = aws_sagemaker_domain.studio.id
  space_name         = "shared"
  space_display_name = var.changed ? "Shared by all" : "Shared"
  tags               = local.tags
}

resource "aws_sagemaker_space" "ana" {
  domain_id  = aws_sagemaker_domain.studio.id
  space_name = "ana-lab"

  ownership_settings {
    owner_user_profile_name = aws_sagemaker_user_profile.ana.user_profile_name
  }

  space_sharing_settings {
    sharing_type = "Private"
  }

  space_settings {
    app_type = "JupyterLab"

    space_storage_settings {
      ebs_storage_settings {
        ebs_volume_size_in_gb = var.changed ? 40 : 20
      }
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_app" "ana" {
  domain_id  = aws_sagemaker_domain.studio.id
  space_name = aws_sagemaker_space.ana.space_name
  app_name   = "default"
  app_type   = "JupyterLab"

  resource_spec {
    instance_type = "ml.t3.medium"
  }

  tags = local.tags
}
