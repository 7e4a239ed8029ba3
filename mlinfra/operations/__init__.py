"""Operations of the command line, as plain functions. They read JSON and call tools and AWS, and never import cdktf."""
