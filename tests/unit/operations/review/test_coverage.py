from __future__ import annotations

from mlinfra.operations.review.coverage import guarded_types, has_policy, unguarded_services


def test_each_service_without_rules_has_a_status_and_a_reason() -> None:
    for name, service in unguarded_services().items():
        assert service.status == "reviewed", name
        assert service.reason.endswith("."), name
        assert service.types == tuple(sorted(set(service.types))), name


def test_a_type_is_guarded_or_listed_but_not_both() -> None:
    listed = [kind for service in unguarded_services().values() for kind in service.types]
    assert len(listed) == len(set(listed))
    assert not guarded_types().intersection(listed)


def test_a_type_with_a_policy_is_covered_by_the_comparison_of_policies() -> None:
    assert has_policy({"policy": {}, "name": {}})
    assert not has_policy({"name": {}})
