"""Rules that a synthesized stack has to keep. They read Terraform JSON and never change it."""
