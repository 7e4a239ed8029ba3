variable "name" {}

resource "aws_ecr_repository" "this" { name = var.name }

data "aws_caller_identity" "me" {}

resource "aws_cloudwatch_log_group" "this" {
  name = "${var.name}-${data.aws_caller_identity.me.account_id}"
}
