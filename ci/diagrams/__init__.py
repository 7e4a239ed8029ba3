"""Pictures of the architecture for the documentation, drawn from the synthesized stacks of the environment dev.

    python -m ci.diagrams [FOLDER]

Every node, arrow and figure comes from Terraform JSON: a node is a set of resources, and an arrow leads from a resource
to one that it refers to, that it invokes, or that a policy of its role allows it to change.
"""
