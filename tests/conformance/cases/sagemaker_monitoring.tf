variable "changed" {
  type = bool
}

locals {
  tags  = { Team = var.changed ? "ml-platform" : "ml" }
  image = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
}

resource "aws_iam_role" "monitoring" {
  name = "conformance-monitoring"
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

resource "aws_sagemaker_data_quality_job_definition" "endpoint" {
  name     = "conformance-endpoint"
  role_arn = aws_iam_role.monitoring.arn

  data_quality_app_specification {
    image_uri = local.image
  }

  data_quality_job_input {
    endpoint_input {
      endpoint_name = "conformance-monitored"
    }
  }

  data_quality_job_output_config {
    monitoring_outputs {
      s3_output {
        s3_uri = "s3://conformance-monitoring/reports"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_count    = 1
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }

  tags = local.tags
}

resource "aws_sagemaker_data_quality_job_definition" "batch" {
  name     = "conformance-batch"
  role_arn = aws_iam_role.monitoring.arn

  data_quality_app_specification {
    image_uri   = local.image
    environment = { PUBLISH = "yes" }
  }

  data_quality_baseline_config {
    statistics_resource {
      s3_uri = "s3://conformance-monitoring/statistics.json"
    }
  }

  data_quality_job_input {
    batch_transform_input {
      data_captured_destination_s3_uri = "s3://conformance-monitoring/captured"

      dataset_format {
        csv {
          header = true
        }
      }
    }
  }

  data_quality_job_output_config {
    monitoring_outputs {
      s3_output {
        s3_uri = "s3://conformance-monitoring/reports"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_count    = 1
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }

  network_config {
    enable_network_isolation = true
  }

  stopping_condition {
    max_runtime_in_seconds = 3600
  }

  tags = local.tags
}

resource "aws_sagemaker_monitoring_schedule" "hourly" {
  name = "conformance-hourly"

  monitoring_schedule_config {
    monitoring_job_definition_name = (
      var.changed
      ? aws_sagemaker_data_quality_job_definition.batch.name
      : aws_sagemaker_data_quality_job_definition.endpoint.name
    )
    monitoring_type = "DataQuality"

    schedule_config {
      schedule_expression = var.changed ? "cron(0 0 ? * * *)" : "cron(0 * ? * * *)"
    }
  }

  tags = local.tags
}
