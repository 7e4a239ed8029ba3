"""An AWS on this machine: moto's server in a process of its own, on loopback only."""
