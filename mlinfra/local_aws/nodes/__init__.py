"""Nodes of the local AWS: instances with processes of this machine, to which Systems Manager commands are sent."""
