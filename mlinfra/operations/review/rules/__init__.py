"""Rules for plans, one subject per module.

| ids | module |
|---|---|
| MLR0xx | `whole_plan` |
| MLR10x | `data_loss` |
| MLR11x | `protection` |
| MLR2xx | `access`, with findings of `granted_permissions` |
| MLR3xx | `network_access` |
| MLR401 to MLR406 | `compute` |
| MLR407 and MLR408 | `expired` |
| MLR41x | `live`, beside this package: it needs AWS |
| MLR5xx | `serving` |
| MLR6xx | `tags` |
| MLR9xx | `approvals`, beside this package |
"""
