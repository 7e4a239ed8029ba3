"""The second region on the local AWS."""

from environments.local import local

local_eu_west_1 = local.in_region("eu-west-1")
