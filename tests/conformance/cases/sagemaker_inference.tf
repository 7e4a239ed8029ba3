variable "changed" {
  type = bool
}

locals {
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "inference" {
  name = "conformance-inference"
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

resource "aws_iam_role_policy" "inference" {
  name = "rollback"
  role = aws_iam_role.inference.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "cloudwatch:DescribeAlarms"
      Resource = aws_cloudwatch_metric_alarm.errors.arn
    }]
  })
}

resource "aws_sagemaker_model" "llm" {
  name                     = "conformance-llm"
  execution_role_arn       = aws_iam_role.inference.arn
  enable_network_isolation = true

  primary_container {
    image          = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.30.0-lmi12.0.0-cu124"
    model_data_url = "s3://conformance-models/llm/model.tar.gz"
    environment    = { MAX_LENGTH = "4096" }
  }

  tags = local.tags
}

resource "aws_sagemaker_model" "pipeline" {
  name               = "conformance-pipeline"
  execution_role_arn = aws_iam_role.inference.arn

  container {
    container_hostname = "preprocess"
    image              = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
  }

  container {
    container_hostname = "predict"
    image              = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312"
  }

  inference_execution_config {
    mode = "Serial"
  }

  tags = local.tags
}

resource "aws_sagemaker_endpoint_configuration" "blue" {
  name = "conformance-blue"

  production_variants {
    variant_name = "all"
    model_name   = aws_sagemaker_model.llm.name
    # The same value in both: AWS does not change the instance type of a variant that is a scalable target.
    instance_type          = "ml.p5.48xlarge"
    initial_instance_count = 1
  }

  tags = local.tags
}

resource "aws_sagemaker_endpoint_configuration" "green" {
  name = "conformance-green"

  production_variants {
    variant_name                                      = "all"
    model_name                                        = aws_sagemaker_model.llm.name
    instance_type                                     = "ml.p5.48xlarge"
    initial_instance_count                            = 2
    initial_variant_weight                            = 1
    container_startup_health_check_timeout_in_seconds = 900
    model_data_download_timeout_in_seconds            = 1800

    routing_config {
      routing_strategy = "LEAST_OUTSTANDING_REQUESTS"
    }

    managed_instance_scaling {
      status             = "ENABLED"
      min_instance_count = 1
      max_instance_count = 4
    }
  }

  shadow_production_variants {
    variant_name           = "shadow"
    model_name             = aws_sagemaker_model.llm.name
    instance_type          = "ml.g5.2xlarge"
    initial_instance_count = 1
    initial_variant_weight = 0.5
  }

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 20
    destination_s3_uri          = "s3://conformance-models/captured"

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }

    capture_content_type_header {
      json_content_types = ["application/json"]
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_endpoint_configuration" "serverless" {
  name = "conformance-serverless"

  production_variants {
    variant_name = "all"
    model_name   = aws_sagemaker_model.pipeline.name

    serverless_config {
      memory_size_in_mb = 4096
      max_concurrency   = 5
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_endpoint_configuration" "asynchronous" {
  name = "conformance-asynchronous"

  production_variants {
    variant_name           = "all"
    model_name             = aws_sagemaker_model.llm.name
    instance_type          = "ml.g5.xlarge"
    initial_instance_count = 1
  }

  async_inference_config {
    client_config {
      max_concurrent_invocations_per_instance = 4
    }

    output_config {
      s3_output_path  = "s3://conformance-models/results"
      s3_failure_path = "s3://conformance-models/failures"
    }
  }

  tags = local.tags
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "conformance-endpoint-errors"
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = var.changed ? 5 : 1
  comparison_operator = "GreaterThanThreshold"
  dimensions          = { EndpointName = "conformance-llm", VariantName = "all" }
  tags                = local.tags
}

resource "aws_sagemaker_endpoint" "llm" {
  name = "conformance-llm"
  endpoint_config_name = (
    var.changed ? aws_sagemaker_endpoint_configuration.green.name : aws_sagemaker_endpoint_configuration.blue.name
  )

  deployment_config {
    blue_green_update_policy {
      termination_wait_in_seconds          = var.changed ? 120 : 60
      maximum_execution_timeout_in_seconds = 1800

      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 60

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 30
        }
      }
    }

    auto_rollback_configuration {
      alarms {
        alarm_name = aws_cloudwatch_metric_alarm.errors.alarm_name
      }
    }
  }

  tags       = local.tags
  depends_on = [aws_iam_role_policy.inference]
}

resource "aws_sagemaker_endpoint" "serverless" {
  name                 = "conformance-serverless"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.serverless.name
  tags                 = local.tags
}

# import aws_appautoscaling_target.llm: sagemaker/{aws_appautoscaling_target.llm.resource_id}/sagemaker:variant:DesiredInstanceCount
# import aws_appautoscaling_policy.llm: sagemaker/{aws_appautoscaling_target.llm.resource_id}/sagemaker:variant:DesiredInstanceCount/invocations

resource "aws_appautoscaling_target" "llm" {
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.llm.name}/variant/all"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = 1
  max_capacity       = var.changed ? 8 : 4
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "llm" {
  name               = "invocations"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.llm.service_namespace
  resource_id        = aws_appautoscaling_target.llm.resource_id
  scalable_dimension = aws_appautoscaling_target.llm.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.changed ? 100 : 70
    scale_in_cooldown  = 600
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}
