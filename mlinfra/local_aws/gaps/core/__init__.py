"""Gaps of moto's core, which all services use. All are processor time: requests get the same answers, sooner."""
