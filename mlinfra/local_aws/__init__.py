"""An AWS on this machine: moto's server in a separate process, on loopback only."""
