"""Pictures of the architecture: drawn from Terraform JSON, and equal to the committed ones."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from ci.diagrams.drawing import FOLDER, pictures
from ci.diagrams.graph import Arrow, DiagramError, Node, Picture, drawn, resources
from ci.diagrams.pictures import PAGES, PICTURES
from ci.diagrams.svg import svgs
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_pictures_show_the_synthesized_stacks(synthesized: Path) -> None:
    for name, text in pictures(synthesized).items():
        assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == text, f"{name}: run `python -m ci.diagrams`"


@pytest.mark.parametrize("picture", PICTURES, ids=[each.name for each in PICTURES])
def test_a_page_shows_each_picture_with_its_description(picture: Picture) -> None:
    page = (ROOT / PAGES[picture.name]).read_text(encoding="utf-8")
    (alt,) = re.findall(rf"!\[([^\]]+)\]\(images/{picture.name}\.svg\)", page)
    assert " ".join(alt.split()) == picture.alt


def body(path: str, **values: Any) -> dict[str, Any]:
    return {"//": {"metadata": {"path": path}}, **values}


BUCKET_ARN = "arn:aws:s3:::recsys-raw"
STACKS = {
    "dev-data": {
        "resource": {
            "aws_s3_bucket": {"raw": body("dev-data/lake/raw", bucket="recsys-raw")},
            "aws_ssm_parameter": {
                "key": body("dev-data/parameter", name="/key", value="${aws_kms_key.key.arn}"),
            },
            "aws_kms_key": {"key": body("dev-data/lake/key")},
        }
    },
    "dev-training": {
        "data": {"aws_ssm_parameter": {"key": {"name": "/key"}}},
        "resource": {
            "aws_autoscaling_group": {"group": body("dev-training/cluster/group", name="c")},
            "aws_iam_role_policy": {
                "janitor": body(
                    "dev-training/janitor/policy",
                    policy=json.dumps(
                        {"Statement": {"Effect": "Allow", "Action": "autoscaling:SetDesiredCapacity", "Resource": "*"}}
                    ),
                ),
                "nodes": body(
                    "dev-training/cluster/policy",
                    policy=json.dumps(
                        {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"{BUCKET_ARN}/*"}]}
                    ),
                ),
                "key": body("dev-training/cluster/key", key="${data.aws_ssm_parameter.key.insecure_value}"),
            },
        },
    },
}
CLUSTER = Node("Cluster", ("dev-training/cluster/*",), changed_by=("autoscaling:SetDesiredCapacity",), verb="stops")
JANITOR = Node("Janitor", ("dev-training/janitor/*",))
RAW = Node("Raw", ("dev-data/lake/raw",), note=lambda found: f"{len(found)} bucket")
KEY = Node("Key", ("dev-data/lake/key",), types=("kms_*",))


def of(*nodes: Node, **changes: Any) -> tuple[list[Any], list[Arrow]]:
    return drawn(Picture("example", "An example.", nodes, **changes), resources(STACKS), DEPENDENCIES)


DEPENDENCIES = {"dev-state": [], "dev-data": ["dev-state"], "dev-training": ["dev-data", "dev-state"]}


def test_arrows_are_references_names_of_buckets_and_permissions() -> None:
    nodes, arrows = of(CLUSTER, JANITOR, RAW, KEY)
    assert set(arrows) == {Arrow(1, 0, "stops"), Arrow(0, 2), Arrow(0, 3)}
    assert (nodes[2].title, nodes[2].note) == ("Raw", "1 bucket")


def test_arrows_between_stacks_are_their_direct_dependencies() -> None:
    _, arrows = of(Node("training", ("dev-training/*",)), Node("data", ("dev-data/*",)), of_stacks=True)
    assert arrows == [Arrow(0, 1)]


def test_a_node_that_the_stacks_do_not_contain_is_refused() -> None:
    with pytest.raises(DiagramError, match=r"no resource belongs to 'Gone' \(dev-training/gone/\*\)"):
        of(CLUSTER, RAW, Node("Gone", ("dev-training/gone/*",)))


def test_a_node_without_a_relation_is_refused() -> None:
    with pytest.raises(DiagramError, match="no arrow leads to or from Janitor"):
        of(Node("Cluster", ("dev-training/cluster/*",)), RAW, JANITOR)


def test_the_file_is_svg_with_its_description_and_colors_for_dark_pages() -> None:
    picture = Picture("example", "A <cluster> & its data.", (CLUSTER, JANITOR, RAW))
    drawing = (picture, *drawn(picture, resources(STACKS), DEPENDENCIES))
    text, again = svgs([drawing, drawing])
    parsed = ET.fromstring(text)  # noqa: S314  our own text
    space = "{http://www.w3.org/2000/svg}"
    assert parsed.findtext(f"{space}title") == "A <cluster> & its data."
    assert [each.text for each in parsed.iter(f"{space}text") if each.get("class") == "title"] == [
        "Cluster",
        "Janitor",
        "Raw",
    ]
    assert "@media (prefers-color-scheme: dark)" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text == again
    assert svgs([drawing]) == [text]
