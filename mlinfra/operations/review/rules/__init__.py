"""Rules for plans, one subject per module.

| ids | module |
|---|---|
| MLR001 to MLR006 | `whole_plan` |
| MLR011 to MLR013 | `stack_settings` |
| MLR10x | `data_loss` |
| MLR11x | `protection` |
| MLR12x | `data` |
| MLR131 to MLR133 | `weakened` |
| MLR134 | `parameters` |
| MLR201 to MLR216 | `access`, with findings of `granted_permissions`; the rules are in `access_rules` |
| MLR221 to MLR226 | `identity` |
| MLR228 and MLR229 | `weakened` |
| MLR301 to MLR307 | `network_access` |
| MLR311 to MLR313 | `public` |
| MLR314 | `internet_routes` |
| MLR315 and MLR316 | `weakened` |
| MLR401 to MLR406 | `compute` |
| MLR409 | `compute` |
| MLR407 and MLR408 | `expired` |
| MLR421 to MLR423 | `money` |
| MLR424 and MLR425 | `service_costs`, with the limits of `money` |
| MLR41x | `live_activity`; the check is in `live`, beside this package: it needs AWS |
| MLR501 and MLR502 | `serving` |
| MLR511 to MLR518 | `machine_learning` |
| MLR519 and MLR520 | `containers` |
| MLR521 and MLR522 | `other_accounts` |
| MLR601 | `tags` |
| MLR651 | `less_common` |
| MLR7xx | `exfiltration` |
| MLR801 to MLR805 | `audit_trail` |
| MLR806 | `parameters` |
| MLR901 to MLR904 | `approvals`, beside this package |
| MLR905 | `own_checks`, beside this package |
"""
