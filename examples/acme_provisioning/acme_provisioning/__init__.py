"""Acme's provisioning: a tenant gets a subdomain, and can be backed up."""
