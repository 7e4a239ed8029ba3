variable "name" { type = string }

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "elsewhere-${replace(var.name, ".", "-")}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::elsewhere-raw/*" }]
  })
}

resource "aws_lambda_function" "this" {
  function_name = aws_iam_role.this.name
  role          = aws_iam_role.this.arn
  runtime       = "python3.12"
  handler       = "main.handler"
  filename      = "${path.module}/main.zip"
}

resource "aws_lambda_permission" "bucket" {
  function_name = aws_lambda_function.this.function_name
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
}

resource "aws_lambda_function_url" "this" {
  function_name      = aws_lambda_function.this.function_name
  authorization_type = "NONE"
}
