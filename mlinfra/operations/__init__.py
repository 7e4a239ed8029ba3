"""What the command line does, as plain functions. They read JSON and call tools and AWS, and never import cdktf."""
