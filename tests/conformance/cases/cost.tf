variable "changed" {
  type = bool
}

# import aws_budgets_budget.team: 123456789012:conformance-team

data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "budgets" {
  name = "conformance-budgets"
}

resource "aws_budgets_budget" "team" {
  name         = "conformance-team"
  budget_type  = "COST"
  limit_amount = var.changed ? "20000" : "15000"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:Team$ml"]
  }
  cost_types {
    include_credit = false
    include_refund = false
  }
  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = var.changed ? 75 : 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = ["ana@example.com", "ben@example.com"]
    subscriber_sns_topic_arns  = [aws_sns_topic.budgets.arn]
  }
  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    notification_type          = "FORECASTED"
    subscriber_email_addresses = var.changed ? ["eva@example.com"] : ["ana@example.com"]
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_iam_policy" "stop" {
  name = "conformance-stop"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "ec2:RunInstances", Resource = "*" }]
  })
}

resource "aws_iam_role" "budgets" {
  name = "conformance-budgets"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "budgets.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_budgets_budget_action" "stop" {
  budget_name        = aws_budgets_budget.team.name
  action_type        = "APPLY_IAM_POLICY"
  approval_model     = var.changed ? "MANUAL" : "AUTOMATIC"
  notification_type  = "ACTUAL"
  execution_role_arn = aws_iam_role.budgets.arn
  action_threshold {
    action_threshold_type  = "PERCENTAGE"
    action_threshold_value = var.changed ? 110 : 120
  }
  definition {
    iam_action_definition {
      policy_arn = aws_iam_policy.stop.arn
      roles      = [aws_iam_role.budgets.name]
    }
  }
  subscriber {
    subscription_type = "EMAIL"
    address           = "ana@example.com"
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ce_cost_allocation_tag" "team" {
  tag_key = "Team"
  status  = var.changed ? "Inactive" : "Active"
}

resource "aws_ce_anomaly_monitor" "services" {
  name              = var.changed ? "conformance-all-services" : "conformance-services"
  monitor_type      = "DIMENSIONAL"
  monitor_dimension = "SERVICE"
  tags              = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ce_anomaly_monitor" "team" {
  name         = "conformance-team"
  monitor_type = "CUSTOM"
  monitor_specification = jsonencode({
    And            = null
    CostCategories = null
    Dimensions     = null
    Not            = null
    Or             = null
    Tags           = { Key = "Team", MatchOptions = null, Values = ["ml"] }
  })
}

resource "aws_ce_anomaly_subscription" "team" {
  name             = "conformance-team"
  frequency        = var.changed ? "WEEKLY" : "DAILY"
  monitor_arn_list = [aws_ce_anomaly_monitor.services.arn, aws_ce_anomaly_monitor.team.arn]
  subscriber {
    type    = "EMAIL"
    address = "ana@example.com"
  }
  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [var.changed ? "200" : "100"]
    }
  }
  tags = { Team = var.changed ? "ml-platform" : "ml" }
}

resource "aws_ce_cost_category" "team" {
  name         = "conformance-team"
  rule_version = "CostCategoryExpression.v1"
  rule {
    value = var.changed ? "platform" : "ml"
    rule {
      tags {
        key           = "Team"
        match_options = ["EQUALS"]
        values        = ["ml"]
      }
    }
  }
}
