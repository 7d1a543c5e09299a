"""Schema of the control plane (`versions/`) and of each tenant (`tenant/`)."""
