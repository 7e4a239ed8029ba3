"""What runs in AWS Lambda: standard library and boto3 only, and nothing else of mlinfra."""
