variable "changed" {
  type = bool
}

# import aws_autoscaling_lifecycle_hook.draining: conformance-mixed/draining
# import aws_autoscaling_policy.target: conformance-mixed/target
# import aws_autoscaling_policy.steps: conformance-mixed/steps
# import aws_autoscaling_policy.simple: conformance-mixed/simple
# import aws_autoscaling_schedule.night: conformance-mixed/night
# import aws_autoscaling_group.mixed ignores force_delete, wait_for_capacity_timeout, force_delete_warm_pool, ignore_failed_scaling_activities
# import aws_autoscaling_group.plain ignores force_delete, wait_for_capacity_timeout, force_delete_warm_pool, ignore_failed_scaling_activities

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

resource "aws_launch_template" "node" {
  name          = "conformance-node"
  image_id      = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
  instance_type = "g5.xlarge"
  tags          = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_sns_topic" "draining" {
  name = "conformance-draining"
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_role" "hooks" {
  name = "conformance-hooks"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "autoscaling.amazonaws.com" } }]
  })
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_autoscaling_group" "plain" {
  name                      = "conformance-plain"
  min_size                  = 0
  max_size                  = var.changed ? 4 : 2
  desired_capacity          = 1
  vpc_zone_identifier       = [aws_subnet.nodes["a"].id]
  default_instance_warmup   = 120
  default_cooldown          = var.changed ? 60 : 30
  health_check_grace_period = 600
  termination_policies      = [var.changed ? "NewestInstance" : "OldestInstance"]
  max_instance_lifetime     = 604800
  capacity_rebalance        = false
  enabled_metrics           = ["GroupDesiredCapacity", "GroupInServiceInstances"]
  protect_from_scale_in     = false

  launch_template {
    id      = aws_launch_template.node.id
    version = "$Latest"
  }

  initial_lifecycle_hook {
    name                    = "starting"
    lifecycle_transition    = "autoscaling:EC2_INSTANCE_LAUNCHING"
    default_result          = "CONTINUE"
    heartbeat_timeout       = 300
    notification_metadata   = jsonencode({ cluster = "conformance" })
    notification_target_arn = aws_sns_topic.draining.arn
    role_arn                = aws_iam_role.hooks.arn
  }

  tag {
    key                 = "Team"
    value               = var.changed ? "ml-platform" : "ml"
    propagate_at_launch = true
  }

  lifecycle {
    # The provider creates initial hooks but never reads them, so an import would replace the group.
    ignore_changes = [initial_lifecycle_hook]
  }
}

resource "aws_autoscaling_group" "mixed" {
  name                    = "conformance-mixed"
  min_size                = 0
  max_size                = 4
  desired_capacity        = var.changed ? 2 : 1
  vpc_zone_identifier     = [for each in aws_subnet.nodes : each.id]
  default_instance_warmup = var.changed ? 600 : 300
  capacity_rebalance      = true
  protect_from_scale_in   = true
  suspended_processes     = ["AZRebalance"]
  force_delete            = true

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = 1
      on_demand_percentage_above_base_capacity = var.changed ? 50 : 0
      on_demand_allocation_strategy            = "prioritized"
      spot_allocation_strategy                 = "capacity-optimized-prioritized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.node.id
        version            = "$Latest"
      }

      override {
        instance_type = "g5.xlarge"
      }

      override {
        instance_type = "g6.xlarge"
      }
    }
  }

  tag {
    key                 = "Team"
    value               = var.changed ? "ml-platform" : "ml"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_lifecycle_hook" "draining" {
  name                    = "draining"
  autoscaling_group_name  = aws_autoscaling_group.mixed.name
  lifecycle_transition    = "autoscaling:EC2_INSTANCE_TERMINATING"
  default_result          = "CONTINUE"
  heartbeat_timeout       = var.changed ? 900 : 600
  notification_metadata   = jsonencode({ cluster = var.changed ? "two" : "one" })
  notification_target_arn = aws_sns_topic.draining.arn
  role_arn                = aws_iam_role.hooks.arn
}

resource "aws_autoscaling_lifecycle_hook" "quiet" {
  name                   = "quiet"
  autoscaling_group_name = aws_autoscaling_group.mixed.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.changed ? 900 : 600
}

# import aws_autoscaling_lifecycle_hook.quiet: conformance-mixed/quiet

resource "aws_autoscaling_policy" "target" {
  name                      = "target"
  autoscaling_group_name    = aws_autoscaling_group.mixed.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 300

  target_tracking_configuration {
    target_value = var.changed ? 70 : 50
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "steps" {
  name                      = "steps"
  autoscaling_group_name    = aws_autoscaling_group.mixed.name
  policy_type               = "StepScaling"
  adjustment_type           = "ChangeInCapacity"
  metric_aggregation_type   = "Maximum"
  estimated_instance_warmup = var.changed ? 200 : 100

  step_adjustment {
    metric_interval_lower_bound = 0
    metric_interval_upper_bound = 10
    scaling_adjustment          = 1
  }

  step_adjustment {
    metric_interval_lower_bound = 10
    scaling_adjustment          = 2
  }
}

resource "aws_autoscaling_policy" "simple" {
  name                   = "simple"
  autoscaling_group_name = aws_autoscaling_group.mixed.name
  adjustment_type        = "ExactCapacity"
  scaling_adjustment     = var.changed ? 1 : 0
  cooldown               = 60
  enabled                = !var.changed
}

resource "aws_autoscaling_schedule" "night" {
  scheduled_action_name  = "night"
  autoscaling_group_name = aws_autoscaling_group.mixed.name
  min_size               = 0
  max_size               = var.changed ? 3 : 4
  desired_capacity       = 0
  recurrence             = "0 20 * * *"
  time_zone              = "Europe/Berlin"
}
