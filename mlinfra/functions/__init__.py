"""Sources of AWS Lambda functions: standard library and boto3 only, and no other part of mlinfra."""
