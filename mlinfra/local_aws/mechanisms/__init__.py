"""What several gaps work by: how moto is extended, and how a service keeps and lists what it has."""
