"""Launches that fail on the local AWS.

The local AWS has all capacity. A group with the tag `local-aws:launch-error` has none: its value is one of the names in
`MESSAGES`, optionally followed by ` above ` and the number of instances for which there is capacity, and by ` since `
and a time such as 2026-11-28T14:00:00Z at which the failures began.
"""

from __future__ import annotations

from typing import Final

LAUNCH_ERROR_TAG: Final = "local-aws:launch-error"

MESSAGES: Final = {
    "InsufficientInstanceCapacity": "We currently do not have sufficient p5.48xlarge capacity in the Availability Zone "
    "you requested (us-east-1a). Our system will be working on provisioning additional capacity. Launching EC2 "
    "instance failed.",
    "VcpuLimitExceeded": "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the "
    "instance bucket that the specified instance type belongs to. Please visit "
    "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance "
    "failed.",
    "MaxSpotInstanceCountExceeded": "Max spot instance count exceeded. Launching EC2 instance failed.",
    "Unsupported": "Your requested instance type (p5.48xlarge) is not supported in your requested Availability Zone "
    "(us-east-1e). Launching EC2 instance failed.",
    "UnfulfillableCapacity": "There is no Spot capacity available that matches your request. Launching EC2 instance "
    "failed.",
    "ReservationCapacityExceeded": "The requested reservation does not have sufficient compatible and available "
    "capacity for this request. Launching EC2 instance failed.",
    "InvalidAMIID.NotFound": "The image id '[ami-0123456789abcdef0]' does not exist. Launching EC2 instance failed.",
}
"""Status messages of failed launches, by the error code of EC2."""
