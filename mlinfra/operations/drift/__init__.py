"""What differs in AWS from what Terraform recorded, and who made it so.

`run` looks at all stacks of an environment and writes nothing to AWS. The rest of the package are its parts:
`values` compares two values by content, `recorded` reads one plan, `reasons` is the table of what is left
out and why, `unmanaged` looks beside managed resources, `principals` asks CloudTrail, `ignore_list` and
`memory` are the files, `rendering` and `telling` bring the report to people.
"""
