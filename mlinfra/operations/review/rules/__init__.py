"""Rules for plans, one subject per module.

| ids | module |
|---|---|
| MLR0xx | `whole_plan` |
| MLR10x | `data_loss` |
| MLR11x | `protection` |
| MLR12x | `data` |
| MLR201 to MLR216 | `access`, with findings of `granted_permissions`; the rules are in `access_rules` |
| MLR22x | `identity` |
| MLR301 to MLR306 | `network_access` |
| MLR311 to MLR313 | `public` |
| MLR314 | `internet_routes` |
| MLR401 to MLR406 | `compute` |
| MLR409 | `compute` |
| MLR407 and MLR408 | `expired` |
| MLR42x | `money` |
| MLR41x | `live_activity`; the check is in `live`, beside this package: it needs AWS |
| MLR501 and MLR502 | `serving` |
| MLR511 to MLR518 | `machine_learning` |
| MLR601 | `tags` |
| MLR651 | `less_common` |
| MLR7xx | `exfiltration` |
| MLR8xx | `audit_trail` |
| MLR9xx | `approvals`, beside this package |
"""
