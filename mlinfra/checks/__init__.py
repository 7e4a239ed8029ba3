"""Rules for synthesized stacks. They read Terraform JSON and do not change it."""
