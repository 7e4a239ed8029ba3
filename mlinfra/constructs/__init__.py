"""Constructs, one package per domain. Each construct can be imported alone into any CDKTF project."""
