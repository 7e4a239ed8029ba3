from __future__ import annotations

import pytest

from mlinfra.operations.review.change import UNKNOWN
from mlinfra.operations.review.comparisons import (
    above,
    born_below,
    drops,
    names_foreign,
    older_tls,
    oldest_tls,
    switched_off,
)
from mlinfra.operations.review.plan import Plan

PLAN = Plan("dev-data", "plan.json")


@pytest.mark.parametrize(
    ("policy", "oldest"),
    [
        ("ELBSecurityPolicy-2016-08", (1, 0)),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", (1, 1)),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", (1, 2)),
        ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", (1, 2)),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", (1, 3)),
        ("TLSv1_2016", (1, 0)),
        ("TLSv1.1_2016", (1, 1)),
        ("TLSv1.2_2021", (1, 2)),
        ("TLS_1_0", (1, 0)),
        ("Policy-Min-TLS-1-2-PFS-2023-10", (1, 2)),
        ("TransferSecurityPolicy-2018-11", (2018, 11)),
        ("TransferSecurityPolicy-FIPS-2024-05", (2024, 5)),
        ("other", None),
        (None, None),
    ],
)
def test_the_oldest_version_of_tls_follows_from_the_name(policy: str | None, oldest: tuple[int, ...] | None) -> None:
    assert oldest_tls(policy) == oldest


def test_only_older_versions_of_tls_are_dangerous() -> None:
    is_older = older_tls()
    assert is_older(PLAN, ["TLSv1.2_2021"], ["TLSv1.1_2016"])
    assert not is_older(PLAN, ["TLSv1.1_2016"], ["TLSv1.2_2021"])
    assert not is_older(PLAN, ["TLSv1.2_2021"], [UNKNOWN])
    assert not is_older(PLAN, [], ["TLSv1_2016"])


def test_numbers_are_compared_with_a_limit() -> None:
    assert born_below(8)(PLAN, [], [6])
    assert not born_below(8)(PLAN, [], [8])
    assert not born_below(8)(PLAN, [7], [6])
    assert above(100)(PLAN, [], ["101"])
    assert above(100)(PLAN, [100], [101])
    assert not above(100)(PLAN, [101], [102])


def test_a_dropped_part_of_json_is_found_at_any_spacing() -> None:
    is_dropped = drops('"category": "Approval"')
    assert is_dropped(PLAN, [[{"category": "Approval"}]], [[{"category": "Deploy"}]])
    assert not is_dropped(PLAN, [[{"category": "Deploy"}]], [[]])
    assert not is_dropped(PLAN, [[{"category": "Approval"}]], [UNKNOWN])


def test_a_member_of_a_map_that_stops_being_true_is_found() -> None:
    assert switched_off()(PLAN, [{"RDS": True}], [{"RDS": False}])
    assert switched_off()(PLAN, [{"RDS": True}], [{}])
    assert not switched_off()(PLAN, [{"RDS": False}], [{"RDS": True}])


def test_arns_of_other_accounts_are_found_in_texts() -> None:
    text = '["arn:aws:iam::999999999999:role/a"]'
    assert names_foreign()(PLAN, [], [text])
    assert not names_foreign()(PLAN, [text], [text])
    assert not names_foreign()(PLAN, [], ["arn:aws:s3:::bucket"])
