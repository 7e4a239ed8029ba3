"""The same in a second region. Networks that may be connected one day need different addresses."""

from environments.prod import prod

prod_eu_west_1 = prod.in_region("eu-west-1", network_cidr="10.31.0.0/16")
